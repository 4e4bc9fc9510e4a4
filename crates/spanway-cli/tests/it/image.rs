//! What a container of this program relies on.

use std::path::PathBuf;

use axum::response::IntoResponse;
use http::StatusCode;

use crate::fake::{Fake, plain};
use crate::program::{Serving, run, spanway};

fn written(name: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(name)).unwrap()
}

#[test]
fn k1b_11_health_is_asked_for_by_the_program_itself() {
    let serving = Serving::start(&mut spanway(["serve"]));
    assert_eq!(run(&mut spanway(["health", &serving.url])).ok(), "ready\n");
    let draining = Fake::start(|seen| match seen.target.as_str() {
        "/readyz" => plain(503, "draining"),
        _ => StatusCode::OK.into_response(),
    });
    let line = run(&mut spanway(["health", &draining.url()])).failed(1);
    assert!(line.contains("not ready") && line.contains("503"), "{line}");
    let nobody = run(&mut spanway(["health", "http://127.0.0.1:1"])).failed(1);
    assert!(nobody.contains("cannot be reached"), "{nobody}");
    run(&mut spanway(["health", "localhost"])).failed(2);
}

#[test]
fn k1b_11_the_image_is_built_with_our_compiler_and_its_settings_are_ours() {
    let image = written("Dockerfile");
    let toolchain: toml::Table = written("rust-toolchain.toml").parse().unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    assert!(
        image.contains(&format!("FROM rust:{channel}-alpine")),
        "{channel}"
    );
    let help = run(&mut spanway(["serve", "--help"])).ok();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let both = format!("{image}\n{}", written("compose.yaml"));
    let words = both.split(|it: char| !(it.is_ascii_uppercase() || it == '_'));
    let variables: Vec<&str> = words.filter(|it| it.starts_with("SPANWAY_")).collect();
    assert!(variables.len() > 5, "{variables:?}");
    for variable in variables {
        assert!(help.contains(&format!("env: {variable}")), "{variable}");
    }
}
