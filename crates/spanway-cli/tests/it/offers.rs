//! What is offered of a document besides a tool for each operation.

use axum::response::IntoResponse;
use serde_json::{Value, json};
use spanway_testkit::Client;
use tempfile::TempDir;

use crate::fake::Fake;
use crate::messages::client;
use crate::program::{Serving, run, spanway};
use crate::serving::file;

/// An API with things to list, to get, to search and to make.
fn library(server: &str) -> String {
    let number =
        json!({"name": "number", "in": "path", "required": true, "schema": {"type": "integer"}});
    let text =
        json!({"name": "text", "in": "query", "required": true, "schema": {"type": "string"}});
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "library", "version": "2"}, "servers": [{"url": server}],
        "paths": {
            "/books": {
                "get": {"operationId": "all", "summary": "All books"},
                "post": {"operationId": "add", "summary": "Adds a book"},
            },
            "/books/{number}": {"get": {"operationId": "one", "summary": "One book", "parameters": [number]}},
            "/old/books": {"get": {"operationId": "old", "summary": "Old books"}},
            "/search": {"get": {"operationId": "search", "summary": "Finds", "parameters": [text]}},
        },
        "components": {"schemas": {
            "Book": {"type": "object", "properties": {"by": {"$ref": "#/components/schemas/Author"}}},
            "Author": {"type": "object"},
        }},
    });
    document.to_string()
}

fn written(folder: &TempDir, server: &str) -> String {
    let path = file(folder, "library.json", library(server));
    path.to_str().unwrap().to_owned()
}

async fn names(client: &Client, method: &str, list: &str, name: &str) -> Vec<String> {
    let answer = client.modern(method, json!({})).send().await.result();
    let all = answer[list].as_array().unwrap().iter();
    all.map(|it| it[name].as_str().unwrap().to_owned())
        .collect()
}

async fn read(client: &Client, uri: &str) -> Value {
    let answer = client.modern("resources/read", json!({ "uri": uri }));
    answer.send().await.result()["contents"][0].clone()
}

#[tokio::test]
async fn k3_10_reads_are_resources_where_the_operator_says() {
    let api = Fake::start(|seen| IntoResponse::into_response(seen.target.clone()));
    let folder = TempDir::new().unwrap();
    let source = written(&folder, &format!("http://{}/", api.address));
    let serving = Serving::start(&mut spanway(["serve", &source, "--reads", "resources"]));
    let client = client(&serving.url);
    let tools = names(&client, "tools/list", "tools", "name").await;
    assert_eq!(tools, ["add", "search"]);
    let resources = names(&client, "resources/list", "resources", "uri").await;
    assert_eq!(resources, ["app://books", "app://old/books"]);
    let templates = "resourceTemplates";
    let templates = names(
        &client,
        "resources/templates/list",
        templates,
        "uriTemplate",
    );
    assert_eq!(templates.await, ["app://books/{number}"]);
    assert_eq!(read(&client, "app://books/7").await["text"], "/books/7");
    let banner = &serving.banner;
    assert!(
        banner.contains(": 2 tools") && banner.contains("3 resources and templates"),
        "{banner}"
    );
    let both = run(&mut spanway(["tools", &source, "--reads", "both"])).ok();
    assert!(both.contains(": 5 tools"), "{both}");
    let wrong = run(&mut spanway(["tools", &source, "--reads", "all"])).failed(2);
    assert!(
        wrong.contains("--reads") && wrong.contains("both"),
        "{wrong}"
    );
    // Where operations are searched, those that are resources are not among them.
    let args = ["serve", &source, "--reads", "resources", "--search", "on"];
    let searched = Serving::start(&mut spanway(args));
    let searched = crate::messages::client(&searched.url);
    let found = searched.modern_call("search_operations", json!({"query": ""}));
    assert_eq!(found.send().await.result()["structuredContent"]["found"], 2);
}

#[tokio::test]
async fn k1b_8_schemas_and_a_guide_are_offered_where_the_operator_says() {
    let folder = TempDir::new().unwrap();
    let source = written(&folder, "http://127.0.0.1:1/");
    let settings = file(&folder, "spanway.toml", "schemas = true\nguide = true\n");
    let settings = settings.to_str().unwrap();
    let serving = Serving::start(&mut spanway(["serve", &source, "--config", settings]));
    let client = client(&serving.url);
    let tools = names(&client, "tools/list", "tools", "name").await;
    let operations = ["all", "add", "one", "old", "search"];
    assert_eq!(
        tools,
        [&operations[..], &["server_info", "list_operations"]].concat()
    );
    let resources = names(&client, "resources/list", "resources", "uri").await;
    assert_eq!(resources, ["app://schemas/Book", "app://schemas/Author"]);
    let book = read(&client, "app://schemas/Book").await;
    let book: Value = serde_json::from_str(book["text"].as_str().unwrap()).unwrap();
    assert_eq!(book["properties"]["by"]["$ref"], "app://schemas/Author");
    let prompts = names(&client, "prompts/list", "prompts", "name").await;
    // Of two paths that end in books the first has the name.
    let examples = ["list_books", "create_book", "get_book", "list_search"];
    assert_eq!(prompts, [&["usage"], &examples[..]].concat());
    let info = client.modern_call("server_info", json!({}));
    assert_eq!(
        info.send().await.result()["structuredContent"]["operations"],
        5
    );
    let listed = run(&mut spanway(["tools", &source, "--guide", "--json"])).ok();
    assert!(listed.contains("\"list_operations\""), "{listed}");
    // Hundreds of lines are what searching is for.
    let searched = run(&mut spanway([
        "tools", &source, "--guide", "--search", "on",
    ]))
    .ok();
    assert!(
        searched.contains("place of the guide") && !searched.contains("server_info"),
        "{searched}"
    );
}

#[tokio::test]
async fn k1b_8_what_is_offered_of_several_documents_is_told_apart_by_their_prefixes() {
    let folder = TempDir::new().unwrap();
    let source = written(&folder, "http://127.0.0.1:1/");
    let (new, old) = (format!("new::{source}"), format!("my_old::{source}"));
    let flags = ["--guide", "--schemas", "--reads", "both"];
    let serve = |sources: [&str; 2]| spanway(["serve"].into_iter().chain(sources).chain(flags));
    let serving = Serving::start(&mut serve([&new, &old]));
    let client = client(&serving.url);
    let tools = names(&client, "tools/list", "tools", "name").await;
    for name in ["new_server_info", "my_old_list_operations", "new_all"] {
        assert!(tools.iter().any(|it| it == name), "{name}: {tools:?}");
    }
    let resources = names(&client, "resources/list", "resources", "uri").await;
    for uri in ["new://schemas/Book", "my-old://books"] {
        assert!(resources.iter().any(|it| it == uri), "{uri}: {resources:?}");
    }
    let prompts = names(&client, "prompts/list", "prompts", "name").await;
    assert!(prompts.iter().any(|it| it == "my_old_usage"), "{prompts:?}");
    let clash = serve([&source, &source])
        .args(["--clash", "rename"])
        .output();
    let said = String::from_utf8(clash.unwrap().stderr).unwrap();
    assert!(said.contains("PREFIX::"), "{said}");
}

#[test]
fn k3_18_resources_and_prompts_are_listed_by_command() {
    let folder = TempDir::new().unwrap();
    // Neither a base URL nor a credential is needed for a list.
    let source = file(&folder, "library.json", library("/"));
    let source = source.to_str().unwrap();
    let credential = ["--credential", "key=env:NOT_SET_ANYWHERE"];
    let list = |command, flags: &[&'static str]| {
        let args = [command, source].into_iter().chain(credential);
        run(&mut spanway(args.chain(flags.iter().copied()))).ok()
    };
    let shown = list("resources", &["--reads", "both", "--schemas"]);
    let lines: Vec<&str> = shown.lines().map(str::trim_start).collect();
    assert_eq!(lines.len(), 5, "{shown}");
    assert!(
        lines[0].starts_with("app://books ") && lines[0].ends_with("All books"),
        "{shown}"
    );
    assert!(
        lines[4].starts_with("app://books/{number}  One book"),
        "{shown}"
    );
    let json = list("resources", &["--reads", "both", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["resources"][1]["uri"], "app://old/books");
    assert_eq!(
        json["resourceTemplates"][0]["uriTemplate"],
        "app://books/{number}"
    );
    let shown = list("prompts", &["--guide"]);
    assert!(
        shown.contains("usage") && shown.contains("list_books"),
        "{shown}"
    );
    let json: Value = serde_json::from_str(&list("prompts", &["--guide", "--json"])).unwrap();
    assert_eq!(json["prompts"][0]["name"], "usage");
    assert!(list("prompts", &[]).contains("--guide"));
    assert!(list("resources", &[]).contains("--reads"));
}
