//! The file of settings: its example, its JSON Schema, and how `check` judges it.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Ended, run, spanway};
use crate::serving::{document, file};

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

fn schema() -> Value {
    let text = run(&mut spanway(["check", "--config-schema"])).ok();
    serde_json::from_str(&text).unwrap()
}

fn check(text: &str, more: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "spanway.toml", text);
    let args = ["check", "--config", path.to_str().unwrap()];
    run(&mut spanway(args.into_iter().chain(more.iter().copied())))
}

/// The settings that the example shows, switched on.
fn shown() -> Vec<String> {
    let text = std::fs::read_to_string(docs("spanway.toml")).unwrap();
    let is_setting = |line: &&str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ") && name.chars().all(|it| it.is_ascii_lowercase() || it == '-')
    };
    let lines = text.lines().filter_map(|line| line.strip_prefix("# "));
    lines.filter(is_setting).map(str::to_owned).collect()
}

#[test]
fn the_schema_in_the_documentation_is_that_of_the_program() {
    let written = std::fs::read_to_string(docs("spanway.schema.json")).unwrap();
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(
        written,
        schema(),
        "spanway check --config-schema > docs/spanway.schema.json"
    );
}

#[test]
fn the_example_loads_as_it_is_and_shows_every_setting() {
    let example = docs("spanway.toml");
    let said = run(&mut spanway([
        "tools",
        "--config",
        example.to_str().unwrap(),
    ]))
    .ok();
    assert!(said.contains("search_books"), "{said}");
    let lines = shown();
    let properties = schema()["properties"].clone();
    for name in properties.as_object().unwrap().keys() {
        let is_shown = lines
            .iter()
            .any(|line| line.starts_with(&format!("{name} = ")));
        assert!(is_shown, "docs/spanway.toml does not show {name}");
    }
}

#[test]
fn every_line_of_the_example_conforms_to_the_schema_and_can_be_switched_on() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for line in shown() {
        let parsed: Value = toml::from_str(&line).unwrap();
        assert!(validator.is_valid(&parsed), "{line}");
        // These lead to files and hosts that are not there.
        let outside = [
            "source",
            "document-header",
            "auth-tokens",
            "oidc-issuer",
            "oidc-audience",
            "resource-url",
            "credential",
            "overlay",
            "token-parameter",
            "json-login",
        ];
        if !outside.iter().any(|name| line.starts_with(name)) {
            let said = check(&line, &[]).ok();
            assert!(said.contains("operations exposed"), "{line}: {said}");
        }
    }
    for wrong in [
        json!({"lisen": "x"}),
        json!({"response": "xml"}),
        json!({"path": 3}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn a_check_lists_every_mistake_of_the_file_with_its_place() {
    let text =
        "lisen = \"127.0.0.1:0\"\nmax-body = \"much\"\npath = 3\nheader = \"bad name: hunter2\"\n";
    let ended = check(text, &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, wanted) in lines.iter().zip([
        "spanway.toml:1:1: error: there is no setting `lisen`; is `listen` meant?",
        "spanway.toml:2:12: error: --max-body",
        "spanway.toml:3:8: error: ",
        "spanway.toml:4:10: error: --header",
    ]) {
        assert!(line.contains(wanted), "{line}");
    }
    assert!(!ended.stdout.contains("hunter2"), "{lines:?}");
    let ended = check(text, &["--json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["clean"], false);
    assert_eq!(
        (
            &report["settings"][0]["key"],
            &report["settings"][1]["line"]
        ),
        (&json!("lisen"), &json!(2))
    );
}

#[test]
fn an_overlay_changes_the_document_before_it_is_read() {
    let folder = TempDir::new().unwrap();
    let api = file(&folder, "api.json", document("http://127.0.0.1:1"));
    let overlay = "overlay: 1.0.0\ninfo: {title: Ours, version: 1.0.0}\nactions:\n\
        - target: $.paths['/echo'].get\n  update: {operationId: shout, summary: Shouts back}\n\
        - target: $.paths[?@.get.operationId == 'other']\n  remove: true\n\
        - target: $.paths['/gone']\n  remove: true\n";
    let overlay = file(&folder, "ours.yaml", overlay);
    let (api, overlay) = (api.to_str().unwrap(), overlay.to_str().unwrap());
    let args = ["check", api, "--overlay", overlay, "--json"];
    let report: Value = serde_json::from_str(&run(&mut spanway(args)).ok()).unwrap();
    let tools: Vec<_> = report["exposed"].as_array().unwrap().iter().collect();
    assert_eq!((tools.len(), &tools[0]["tool"]), (1, &json!("shout")));
    let note = &report["problems"][0];
    assert_eq!(note["impact"], "note");
    assert_eq!(note["pointer"], format!("{overlay}#/actions/2"));

    let line = run(&mut spanway(["tools", api, "--overlay", api])).failed(1);
    assert!(line.contains("not an OpenAPI Overlay"), "{line}");
    let (one, two) = (format!("a::{api}"), format!("b::{api}"));
    let line = run(&mut spanway(["tools", &one, &two, "--overlay", overlay])).failed(2);
    assert!(
        line.contains("--overlay") && line.contains("PREFIX::"),
        "{line}"
    );
    let own = format!("a::{overlay}");
    let said = run(&mut spanway(["tools", &one, &two, "--overlay", &own])).ok();
    assert!(
        said.contains("a_shout") && said.contains("b_echo"),
        "{said}"
    );
}

#[test]
fn a_file_says_what_clients_are_told_of_an_operation() {
    let folder = TempDir::new().unwrap();
    let api = file(&folder, "api.json", document("http://127.0.0.1:1"));
    let api = api.to_str().unwrap();
    let tools = |text: &str, source: &str| {
        let config = file(&folder, "spanway.toml", text);
        let args = ["tools", source, "--json", "--config"];
        run(&mut spanway(
            args.into_iter().chain([config.to_str().unwrap()]),
        ))
    };
    let text = "[[operation]]\nfilter = \"op:echo\"\nname = \"shout\"\ntitle = \"Shouts\"\nread-only = false\n\
        [[operation]]\nfilter = \"b::op:other\"\ntitle = \"Only of b\"\n";
    let listed: Value = serde_json::from_str(&tools(text, api).failed(2)).unwrap_or_default();
    assert_eq!(listed, Value::Null, "there is no document b");
    let single = text.replace("b::", "");
    let listed: Value = serde_json::from_str(&tools(&single, api).ok()).unwrap();
    let (echo, other) = (&listed["tools"][0], &listed["tools"][1]);
    assert_eq!(
        (&echo["name"], &echo["title"]),
        (&json!("shout"), &json!("Shouts"))
    );
    assert_eq!(echo["annotations"]["readOnlyHint"], false);
    assert_eq!(other["title"], "Only of b");
    let scoped: Value = serde_json::from_str(&tools(text, &format!("b::{api}")).ok()).unwrap();
    assert_eq!(scoped["tools"][0]["name"], "b_shout");
    assert_eq!(scoped["tools"][1]["title"], "Only of b");
    let taken = single.replace("shout", "other");
    let line = tools(&taken, api).failed(1);
    assert!(line.contains("already"), "{line}");
    let ended = check(
        "[[operation]]\nfilter = \"op:a\"\nread-onyl = true\n",
        &[api],
    );
    assert!(
        ended.stdout.contains("spanway.toml:3:1: error") && ended.stdout.contains("read-onyl"),
        "{}",
        ended.stdout
    );
}
