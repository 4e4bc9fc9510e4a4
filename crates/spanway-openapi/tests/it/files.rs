//! Files of a call that are given by the URI of a resource of the same API.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use spanway_openapi::{Bridge, Catalog, Document, Exposure, Reads, ServiceUpstream};
use spanway_protocol::ProtocolVersion;
use spanway_server::Server;

use crate::tools::ask;

fn app() -> Router {
    let cover = async |Path(number): Path<u32>| -> Response {
        match number {
            1 | 2 => (
                [(header::CONTENT_TYPE, "image/png")],
                format!("PNG{number}"),
            )
                .into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    };
    // Answers what it was sent.
    let upload = async |body: Bytes| String::from_utf8_lossy(&body).into_owned();
    Router::new()
        .route("/covers/{number}", get(cover))
        .route("/upload", post(upload))
}

fn document() -> Value {
    let file = json!({"type": "string", "format": "binary"});
    let properties = json!({
        "cover": file, "more": {"type": "array", "items": file}, "note": {"type": "string"},
    });
    let content =
        json!({"multipart/form-data": {"schema": {"type": "object", "properties": properties}}});
    let number =
        json!({"name": "number", "in": "path", "required": true, "schema": {"type": "integer"}});
    json!({
        "openapi": "3.1.0",
        "paths": {
            "/covers/{number}": {"get": {"parameters": [number], "x-mcp-scopes": ["covers"]}},
            "/upload": {"post": {"operationId": "upload", "requestBody": {"content": content}}},
        },
    })
}

/// What calling `upload` gives where callers are granted every scope, or none.
async fn upload(arguments: Value, is_granted: bool) -> (String, bool) {
    let catalog = Catalog::read(&Document::from_value(document(), None).unwrap());
    let bridge = Bridge::builder(catalog, ServiceUpstream::new(app()));
    let exposure = Exposure::all()
        .reads(Reads::Resources)
        .grants(move |_, _| is_granted);
    let features = bridge.build().unwrap().into_features(&exposure);
    let server: Server = features
        .add_to(Server::builder("test", "1"))
        .build()
        .unwrap();
    let params = json!({"name": "upload", "arguments": arguments});
    let result = ask(&server, ProtocolVersion::V2025_11_25, "tools/call", params).await;
    let text = result["content"][0]["text"].as_str().unwrap().to_owned();
    (text, result["isError"] == json!(true))
}

#[tokio::test]
async fn a_file_is_taken_from_the_resource_that_its_uri_names() {
    let (sent, is_error) = upload(json!({"cover": "app://covers/1"}), true).await;
    assert!(!is_error, "{sent}");
    assert!(
        sent.contains("name=\"cover\"; filename=\"1\"\r\nContent-Type: image/png\r\n\r\nPNG1\r\n"),
        "{sent}"
    );
}

#[tokio::test]
async fn files_of_a_list_are_taken_one_by_one() {
    let more = json!([
        "app://covers/2",
        "data:text/plain;name=a.txt;base64,aGk",
        "aGk="
    ]);
    let (sent, is_error) = upload(json!({"more": more}), true).await;
    assert!(!is_error, "{sent}");
    for part in [
        "image/png\r\n\r\nPNG2\r\n",
        "filename=\"a.txt\"",
        "application/octet-stream\r\n\r\nhi\r\n",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_said_to_be_missing_and_nothing_is_sent() {
    let (text, is_error) = upload(json!({"cover": "app://covers/3"}), true).await;
    assert!(is_error);
    assert_eq!(text, "there is nothing at app://covers/3");
}

#[tokio::test]
async fn only_resources_of_the_api_are_read_and_other_arguments_are_left_alone() {
    for uri in [
        "https://127.0.0.1/x",
        "file:///etc/hostname",
        "app://covers/x",
        "app://upload",
    ] {
        let (text, is_error) = upload(json!({"cover": uri}), true).await;
        assert!(
            is_error && text.contains("/cover: must be base64"),
            "{uri}: {text}"
        );
    }
    let (sent, is_error) = upload(json!({"note": "app://covers/1"}), true).await;
    assert!(
        !is_error && sent.contains("\r\n\r\napp://covers/1\r\n"),
        "{sent}"
    );
}

#[tokio::test]
async fn who_may_not_see_a_resource_cannot_send_it_either() {
    let (text, is_error) = upload(json!({"cover": "app://covers/1"}), false).await;
    assert!(
        is_error && text.contains("/cover: must be base64"),
        "{text}"
    );
}
