//! The documents of a command line: several at once, from standard input, in several files, judged, and searched.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::fake::{Fake, plain};
use crate::program::{Ended, Serving, call, run, spanway};
use crate::serving::{document, file};

/// Runs a command to its end with `text` on standard input.
fn run_with(args: &[&str], text: &str) -> Ended {
    let mut command = spanway(args.iter().copied());
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn as_json(ended: Ended) -> Value {
    serde_json::from_str(&ended.ok()).unwrap()
}

#[test]
fn several_documents_are_one_server_and_each_api_gets_only_what_is_for_it() {
    let (red, blue) = (
        Fake::start(|_| plain(200, "red")),
        Fake::start(|_| plain(200, "blue")),
    );
    let folder = tempfile::tempdir().unwrap();
    let write = |name, api: &Fake| {
        let path = file(&folder, name, document(&format!("http://{}/", api.address)));
        path.to_str().unwrap().to_owned()
    };
    let (one, two) = (write("red.json", &red), write("blue.json", &blue));
    let line = run(&mut spanway(["tools", &one, &two])).failed(1);
    assert!(
        line.contains("\"echo\"") && line.contains("PREFIX::") && line.contains("--clash"),
        "{line}"
    );
    let renamed = run(&mut spanway(["tools", &one, &two, "--clash", "rename"])).ok();
    assert!(renamed.contains(" echo_"), "{renamed}");

    let (one, two) = (format!("red::{one}"), format!("blue::{two}"));
    let headers = [
        "--header",
        "red::X-Key: hunter2",
        "--include",
        "blue::op:echo",
    ];
    let mut serve = spanway(["serve", &one, &two].into_iter().chain(headers));
    let serving = Serving::start(&mut serve);
    for wanted in ["red_echo", "red_other", "blue_echo", &one[5..]] {
        assert!(serving.banner.contains(wanted), "{}", serving.banner);
    }
    assert!(!serving.banner.contains("blue_other"), "{}", serving.banner);
    assert_eq!(call(&serving.url, &["red_echo"]).ok().trim(), "red");
    assert_eq!(call(&serving.url, &["blue_echo"]).ok().trim(), "blue");
    assert_eq!(red.seen()[0].header("x-key"), "hunter2");
    assert_eq!(blue.seen()[0].header("x-key"), "");

    let unsaid = spanway(["serve", &one, &two, "--header", "X-Key: hunter2"])
        .output()
        .unwrap();
    let said = String::from_utf8(unsaid.stderr).unwrap();
    assert_eq!(unsaid.status.code(), Some(2));
    assert!(
        said.contains("--header") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn a_document_may_come_by_standard_input() {
    let ended = run_with(&["tools", "-", "--json"], &document("http://127.0.0.1:1"));
    assert_eq!(as_json(ended)["tools"].as_array().unwrap().len(), 2);
    let said = run_with(&["check", "-"], "neither").stderr;
    assert!(said.contains("standard input"), "{said}");
}

#[test]
fn a_check_lists_what_is_left_out_by_pointer_and_fails_if_anything_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name, text: String| file(&folder, name, text).to_str().unwrap().to_owned();
    let sound = path("sound.json", document("http://127.0.0.1:1"));
    let said = run(&mut spanway(["check", &sound])).ok();
    assert!(
        said.ends_with("2 operations exposed; left out: 0 operations, 0 parts; 0 notes\n"),
        "{said}"
    );

    let odd = json!({"openapi": "3.0.3", "servers": [{"url": "http://127.0.0.1:1"}], "paths": {
        "/good": {"get": {"operationId": "good"}},
        "/bad/{id}": {"put": {"parameters": [{"$ref": "#/nowhere"}]}},
    }});
    let odd = path("odd.json", odd.to_string());
    let ended = run(&mut spanway(["check", &odd]));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
    let wanted = format!("{odd}: error: /paths/~1bad~1{{id}}/put/parameters/0: ");
    assert!(ended.stdout.starts_with(&wanted), "{}", ended.stdout);
    let ended = run(&mut spanway(["check", &odd, "--json"]));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["clean"], false);
    assert_eq!(report["exposed"][0]["tool"], "good");
    assert_eq!(report["problems"][0]["impact"], "operation left out");

    let strict = run(&mut spanway(["tools", &odd, "--strict"]));
    assert_eq!(strict.code, Some(1));
    assert!(
        strict.stdout.contains("good") && strict.stderr.contains("1 parts of"),
        "{strict:?}"
    );
    run(&mut spanway(["tools", &sound, "--strict"])).ok();

    let nowhere = path(
        "nowhere.json",
        json!({"openapi": "3.1.0", "paths": {"/a": {"get": {}}}}).to_string(),
    );
    let ended = run(&mut spanway(["check", &nowhere]));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.contains("error: ") && ended.stdout.contains("--upstream"),
        "{ended:?}"
    );
    run(&mut spanway([
        "check",
        &nowhere,
        "--upstream",
        "http://127.0.0.1:1",
    ]))
    .ok();
    let line = run(&mut spanway(["check", &sound, "--max-body", "much"])).failed(2);
    assert!(line.contains("--max-body"), "{line}");
}

#[test]
fn references_and_servers_go_where_the_operator_says() {
    let api = Fake::start(|_| plain(200, "here"));
    let folder = tempfile::tempdir().unwrap();
    let shared = tempfile::tempdir().unwrap();
    file(&shared, "one.yaml", "get: {operationId: one}");
    let text = format!(
        "openapi: 3.1.0\nservers: [{{url: 'http://{{host}}/{{version}}', variables: {{host: {{default: unreachable.invalid}}, version: {{default: v1}}}}}}]\npaths: {{/one: {{$ref: '{}/one.yaml'}}}}",
        shared.path().display()
    );
    let document = file(&folder, "api.yaml", text);
    let document = document.to_str().unwrap();
    let listed = run(&mut spanway(["tools", document])).ok();
    assert!(listed.contains("--ref-dir"), "{listed}");
    let host = format!("host={}", api.address);
    let flags = [
        "--ref-dir",
        shared.path().to_str().unwrap(),
        "--server-variable",
        &host,
    ];
    let serving = Serving::start(&mut spanway(["serve", document].into_iter().chain(flags)));
    assert_eq!(call(&serving.url, &["one"]).ok().trim(), "here");
    assert_eq!(api.seen()[0].target, "/v1/one");
}

#[test]
fn a_large_document_is_searched_unless_told_otherwise() {
    let api = Fake::start(|seen| IntoResponse::into_response(seen.target.clone()));
    let folder = tempfile::tempdir().unwrap();
    let paths = (0..200).map(|at| {
        (
            format!("/item{at}"),
            json!({"get": {"operationId": format!("item{at}")}}),
        )
    });
    let root = json!({
        "openapi": "3.1.0", "servers": [{"url": format!("http://{}/", api.address)}],
        "paths": paths.collect::<serde_json::Map<_, _>>(),
    });
    let large = file(&folder, "large.json", root.to_string());
    let large = large.to_str().unwrap();
    let serving = Serving::start(&mut spanway(["serve", large]));
    let listed = call(&serving.url, &[]).ok();
    assert!(
        listed.contains("search_operations") && !listed.contains("item7"),
        "{listed}"
    );
    let found = call(
        &serving.url,
        &["search_operations", r#"{"query": "item77"}"#],
    )
    .ok();
    assert!(found.contains("/item77"), "{found}");
    let answer = call(&serving.url, &["call_operation", r#"{"name": "item77"}"#]).ok();
    assert_eq!(answer.trim(), "/item77");

    let each = Serving::start(&mut spanway(["serve", large, "--search", "off"]));
    assert!(call(&each.url, &[]).ok().contains("item199"));
    let json = as_json(run(&mut spanway(["tools", large, "--json"])));
    assert_eq!(
        (&json["search"], json["tools"].as_array().unwrap().len()),
        (&json!(true), 200)
    );
}

#[test]
fn what_passes_is_tried_again_as_often_as_the_operator_says() {
    let calls = AtomicUsize::new(0);
    let calls: &'static AtomicUsize = Box::leak(Box::new(calls));
    let api = Fake::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) % 2 {
        0 => plain(503, "later"),
        _ => plain(200, "now"),
    });
    let folder = tempfile::tempdir().unwrap();
    let source = file(
        &folder,
        "api.json",
        document(&format!("http://{}/", api.address)),
    );
    let source = source.to_str().unwrap();
    let patient = Serving::start(&mut spanway(["serve", source]));
    assert_eq!(call(&patient.url, &["echo"]).ok().trim(), "now");
    let hasty = Serving::start(&mut spanway(["serve", source, "--retries", "0"]));
    assert!(call(&hasty.url, &["echo"]).stderr.contains("503"));
}

#[test]
fn input_that_nearly_conforms_is_read_where_the_operator_says() {
    let arguments = r#"{"query": "sea", "limit": "2"}"#;
    let exact = Serving::start(&mut spanway(["serve"]));
    let said = call(&exact.url, &["search_books", arguments]).stderr;
    assert!(said.contains("/limit"), "{said}");
    let tolerant = Serving::start(&mut spanway(["serve", "--tolerant-input"]));
    call(&tolerant.url, &["search_books", arguments]).ok();
}

#[test]
fn answers_are_shaped_and_truncated_as_the_operator_says() {
    let serve = |flags: &[&str]| {
        let all = ["serve"].iter().chain(flags);
        let serving = Serving::start(&mut spanway(all.copied()));
        call(&serving.url, &["search_books", "{}"]).ok()
    };
    let titles = serve(&["--shape", "op:search*=books[].title"]);
    assert!(titles.starts_with("[\""), "{titles}");
    let dropped = serve(&["--drop-fields", "op:search*=books.title,books.nothing"]);
    assert!(
        dropped.contains("books") && !dropped.contains("\"title\""),
        "{dropped}"
    );
    let short = serve(&["--answer-tokens", "100"]);
    assert!(short.starts_with("[truncated to about "), "{short}");
    let wrong = ["tools", "--shape", "op:search*=items["];
    let line = run(&mut spanway(wrong)).failed(2);
    assert!(
        line.contains("--shape") && line.contains("JMESPath"),
        "{line}"
    );
}
