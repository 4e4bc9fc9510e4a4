//! The same with aide, which describes routes by their types.

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use aide::openapi::{Info, OpenApi};
use aide::transform::TransformOperation;
use axum::extract::Path;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spanway::Principal;
use spanway::openapi::from_router;

use crate::shop::{client, listed};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Note {
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct At {
    number: u32,
}

async fn read(Path(at): Path<At>) -> Json<Note> {
    Json(Note {
        text: format!("note {}", at.number),
    })
}

async fn write(Extension(who): Extension<Principal>, Json(note): Json<Note>) -> Json<Note> {
    Json(Note {
        text: format!("{} by {}", note.text, who.as_str()),
    })
}

fn marked<'t>(
    mut operation: TransformOperation<'t>,
    name: &str,
    marks: Value,
) -> TransformOperation<'t> {
    operation = operation.id(name);
    let extensions = &mut operation.inner_mut().extensions;
    extensions.insert("x-mcp".to_owned(), marks);
    operation
}

#[tokio::test]
async fn k3_7_and_k3_10_routes_described_by_aide_are_served() {
    let mut document = OpenApi {
        info: Info {
            title: "notes".to_owned(),
            version: "1.0.0".to_owned(),
            ..Info::default()
        },
        ..OpenApi::default()
    };
    let template = json!({"resource-template": "note://{number}", "tool": true});
    let router = ApiRouter::new()
        .api_route(
            "/notes/{number}",
            get_with(read, move |it| marked(it, "read_note", template)),
        )
        .api_route(
            "/notes",
            post_with(write, |it| marked(it, "write_note", json!(true))),
        )
        .finish_api(&mut document);
    let client = client(from_router(router, &document));
    let list = client.modern("tools/list", json!({})).send().await.result();
    let mut names = listed(&list, "tools", "name");
    names.sort_unstable();
    assert_eq!(names, ["read_note", "write_note"]);
    let write = client.modern_call("write_note", json!({"text": "milk"}));
    let write = write.extension(Principal::new("ann")).send().await.result();
    assert_eq!(write["structuredContent"], json!({"text": "milk by ann"}));
    let read = client.modern("resources/read", json!({"uri": "note://4"}));
    let contents = read.send().await.result()["contents"][0].take();
    assert_eq!(contents["text"], r#"{"text":"note 4"}"#);
}
