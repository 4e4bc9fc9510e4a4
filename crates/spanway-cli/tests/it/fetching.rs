//! Documents that are not given to everybody: headers for fetching them, and where those go.

use std::time::{Duration, Instant};

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::fake::{Fake, Seen, plain};
use crate::program::{Serving, run, spanway};
use crate::serving::{document, file};

const LINE: &str = "X-Docs: key ${DOCS_KEY}";

/// Gives `answer` to who has the key.
fn guarded(answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> Fake {
    Fake::start(move |seen| match seen.header("x-docs") {
        "key hunter2" => answer(seen),
        _ => plain(401, "who are you?"),
    })
}

fn keys(api: &Fake) -> Vec<String> {
    let seen = api.seen();
    let all = seen.iter();
    all.map(|it| format!("{} {}", it.target, it.header("x-docs")))
        .collect()
}

fn to(location: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, location.to_owned())]).into_response()
}

fn with_key<'a>(args: impl IntoIterator<Item = &'a str>) -> std::process::Command {
    let mut command = spanway(args);
    command.env("DOCS_KEY", "hunter2");
    command
}

#[test]
fn k1b_1_a_document_is_fetched_with_headers_for_its_origin_alone() {
    let part = "get: {operationId: part}";
    let other = Fake::start(move |_| part.into_response());
    let elsewhere = other.address;
    let home = guarded(move |seen| match seen.target.as_str() {
        "/moved" => to("/api.yaml"),
        "/beside.yaml" => part.replace("part", "beside").into_response(),
        _ => format!(
            "openapi: 3.1.0\nservers: [{{url: /}}]\npaths:\n  /beside: {{$ref: beside.yaml}}\n  \
             /away: {{$ref: 'http://{elsewhere}/away.yaml'}}\n"
        )
        .into_response(),
    });
    let source = format!("http://{}/moved", home.address);
    let refused = run(&mut with_key(["tools", &source])).failed(1);
    assert!(refused.contains("401"), "{refused}");
    let args = [
        "tools",
        &source,
        "--ref-host",
        "127.0.0.1",
        "--document-header",
        LINE,
    ];
    let listed = run(&mut with_key(args)).ok();
    assert!(
        listed.contains("beside") && listed.contains("part"),
        "{listed}"
    );
    let wanted = ["/moved", "/api.yaml", "/beside.yaml"].map(|it| format!("{it} key hunter2"));
    assert_eq!(keys(&home)[1..], wanted);
    assert_eq!(keys(&other), ["/away.yaml "]);
}

#[test]
fn k1b_1_no_redirect_takes_the_headers_to_another_origin() {
    let other = Fake::start(|_| document("/").into_response());
    let elsewhere = format!("http://{}/api.json", other.address);
    let home = guarded(move |_| to(&elsewhere));
    let source = format!("http://{}/", home.address);
    let listed = run(&mut with_key(["tools", &source, "--document-header", LINE])).ok();
    assert!(listed.contains("echo"), "{listed}");
    assert_eq!(keys(&other), ["/api.json "]);
    // Nor is another host reached than one that could be named in public.
    let barred = guarded(|_| to("http://169.254.169.254/latest"));
    let source = format!("http://{}/", barred.address);
    let line = run(&mut with_key(["tools", &source, "--document-header", LINE])).failed(1);
    assert!(line.contains("302"), "{line}");
}

#[test]
fn k1b_1_headers_go_with_every_reload_and_are_shown_nowhere() {
    let home = guarded(|_| document("/").into_response());
    let folder = tempfile::tempdir().unwrap();
    let source = format!("http://{}/openapi.json", home.address);
    let settings = format!(
        "source = \"{source}\"\ndocument-header = \"{LINE}\"\nreload = \"20ms\"\nlog-format = \"json\"\n"
    );
    let settings = file(&folder, "spanway.toml", settings);
    let settings = settings.to_str().unwrap();
    let mut serve = with_key(["serve", "--config", settings]);
    let serving = Serving::start(serve.env("RUST_LOG", "trace"));
    let began = Instant::now();
    while home.seen().len() < 3 {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    assert!(
        keys(&home)
            .iter()
            .all(|it| it == "/openapi.json key hunter2")
    );
    assert!(!serving.banner.contains("hunter2"));
    serving.signal("TERM");
    let ended = serving.wait();
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);

    let unset = run(&mut spanway(["tools", "--config", settings])).failed(2);
    assert!(
        unset.contains("--document-header X-Docs") && unset.contains("DOCS_KEY"),
        "{unset}"
    );
    let line = run(&mut with_key([
        "tools",
        "here.yaml",
        "--document-header",
        LINE,
    ]))
    .failed(2);
    assert!(
        line.contains("--document-header") && line.contains("here.yaml"),
        "{line}"
    );
    let two = [
        "tools",
        "a::http://a",
        "b::http://b",
        "--document-header",
        "X: hunter2",
    ];
    let line = run(&mut with_key(two)).failed(2);
    assert!(
        line.contains("PREFIX::") && !line.contains("hunter2"),
        "{line}"
    );
}
