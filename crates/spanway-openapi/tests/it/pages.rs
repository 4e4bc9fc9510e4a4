//! Lists that an API gives in pages, joined: by link, by cursor, by number, by offset.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use spanway_openapi::{Bridge, Catalog, Document, ServiceUpstream};

type Asked = Query<HashMap<String, String>>;

/// Page 1 to 3; whatever is asked beyond is empty.
fn items(page: u64) -> Vec<u64> {
    if page > 3 {
        Vec::new()
    } else {
        vec![page * 10, page * 10 + 1]
    }
}

fn number(asked: &Asked, name: &str) -> u64 {
    asked.get(name).map_or(1, |it| it.parse().unwrap())
}

async fn linked(asked: Asked) -> Response {
    let page = number(&asked, "at");
    let next = match page {
        1..=2 => format!(
            "</linked?at=9>; rel=\"last\", </linked?at={}&x=1,2>; rel=\"next\"",
            page + 1
        ),
        _ => "<https://elsewhere.example/linked>; rel=next".to_owned(),
    };
    ([("link", next)], Json(items(page))).into_response()
}

async fn by_cursor(asked: Asked) -> Response {
    let page = number(&asked, "cursor");
    let next = (page < 3).then(|| (page + 1).to_string());
    Json(json!({"items": items(page), "meta": {"next_cursor": next}})).into_response()
}

async fn by_number(asked: Asked) -> Response {
    Json(json!({"items": items(number(&asked, "page")), "size": 2})).into_response()
}

/// Seven items, at most three at once.
async fn by_offset(asked: Asked) -> Response {
    let number = |name, or| asked.get(name).map_or(or, |it| it.parse().unwrap());
    let (offset, limit): (usize, usize) = (number("offset", 0), number("limit", 2));
    let items: Vec<usize> = (offset..7).take(limit.min(3)).collect();
    Json(match number("counted", 0) {
        0 => json!(items),
        _ => json!({"items": items, "total": 6}),
    })
    .into_response()
}

fn app(calls: Arc<AtomicUsize>) -> Router {
    let broken = async |asked: Asked| match number(&asked, "cursor") {
        1 => Json(json!({"items": [1], "next_cursor": "2"})).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let same = async || Json(json!([1, 2]));
    Router::new()
        .route("/linked", get(linked))
        .route("/by_cursor", get(by_cursor).post(by_cursor))
        .route("/by_number", get(by_number))
        .route("/by_offset", get(by_offset))
        .route("/broken", get(broken))
        .route("/same", get(same))
        .layer(axum::middleware::map_request(
            move |request: axum::extract::Request| {
                calls.fetch_add(1, Ordering::SeqCst);
                async move { request }
            },
        ))
}

/// The texts of the answer, what is structured of it, and how many requests it took.
async fn called(name: &str, arguments: Value, pages: u32) -> (Vec<String>, Option<Value>, usize) {
    let query = |name: &str| json!([{"name": name, "in": "query", "schema": {"type": "integer"}}]);
    let schema = json!({"type": "object", "properties": {"items": {"type": "array", "items": {"type": "integer"}}}});
    let promise = json!({"200": {"content": {"application/json": {"schema": schema}}}});
    let offset = ["offset", "limit", "counted"].map(|it| query(it)[0].take());
    let document = json!({"openapi": "3.1.0", "paths": {
        "/linked": {"get": {"operationId": "linked"}},
        "/by_cursor": {
            "get": {"operationId": "by_cursor", "parameters": query("cursor"), "responses": promise},
            "post": {"operationId": "posted", "parameters": query("cursor")},
        },
        "/by_number": {"get": {"operationId": "by_number", "parameters": query("page")}},
        "/by_offset": {"get": {"operationId": "by_offset", "parameters": offset}},
        "/broken": {"get": {"operationId": "broken", "parameters": query("cursor")}},
        "/same": {"get": {"operationId": "same", "parameters": query("page")}},
    }});
    let catalog = Catalog::read(&Document::from_value(document, None).unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let upstream = ServiceUpstream::new(app(Arc::clone(&calls)));
    let bridge = Bridge::builder(catalog, upstream)
        .pages(pages)
        .build()
        .unwrap();
    let result = bridge
        .call(name, arguments.as_object().unwrap())
        .await
        .unwrap();
    assert!(!result.is_error, "{result:?}");
    let texts = result
        .content
        .iter()
        .map(|it| it.as_text().unwrap().to_owned());
    (
        texts.collect(),
        result.structured_content,
        calls.load(Ordering::SeqCst),
    )
}

#[tokio::test]
async fn links_lead_to_the_next_page_but_not_to_another_server() {
    let (texts, _, calls) = called("linked", json!({}), 10).await;
    assert_eq!(texts, ["[3 pages of the list]", "[10,11,20,21,30,31]"]);
    assert_eq!(calls, 3);
    let (texts, _, calls) = called("linked", json!({}), 2).await;
    assert_eq!(
        texts,
        [
            "[2 pages of the list; there may be more, from at=3 and x=1,2 on]",
            "[10,11,20,21]"
        ]
    );
    assert_eq!(calls, 2);
}

#[tokio::test]
async fn a_cursor_leads_to_the_next_page_and_the_whole_is_as_promised() {
    let (texts, structured, calls) = called("by_cursor", json!({}), 10).await;
    assert_eq!(texts[0], "[3 pages of the list]");
    assert_eq!(
        structured.unwrap()["items"],
        json!([10, 11, 20, 21, 30, 31])
    );
    assert_eq!(calls, 3);
}

#[tokio::test]
async fn a_number_leads_to_the_next_page_until_there_is_nothing_new() {
    let (texts, _, calls) = called("by_number", json!({"page": 2}), 10).await;
    assert_eq!(
        texts,
        [
            "[3 pages of the list]",
            r#"{"items":[20,21,30,31],"size":2}"#
        ]
    );
    assert_eq!(calls, 3);
    let (texts, _, calls) = called("same", json!({"page": 1}), 10).await;
    assert_eq!((texts[1].as_str(), calls), ("[1,2]", 2));
}

#[tokio::test]
async fn an_offset_leads_to_the_next_items_until_a_page_is_not_full_or_all_are_there() {
    let whole = "[0,1,2,3,4,5,6]";
    // As many as the API likes, as many as are asked for, and more than it gives at once.
    for (arguments, requests) in [
        (json!({}), 4),
        (json!({"limit": 3}), 3),
        (json!({"limit": 5}), 3),
    ] {
        let (texts, _, calls) = called("by_offset", arguments, 10).await;
        assert_eq!((texts[1].as_str(), calls), (whole, requests));
    }
    let (texts, _, _) = called("by_offset", json!({"offset": 1}), 2).await;
    let note = "[2 pages of the list; there may be more, from offset=5 on]";
    assert_eq!(texts, [note, "[1,2,3,4]"]);
    let (texts, _, calls) = called("by_offset", json!({"limit": 3, "counted": 1}), 10).await;
    assert_eq!(
        (texts[1].as_str(), calls),
        (r#"{"items":[0,1,2,3,4,5],"total":6}"#, 2)
    );
}

#[tokio::test]
async fn a_page_that_fails_ends_the_list_which_says_so() {
    let (texts, _, _) = called("broken", json!({}), 10).await;
    assert_eq!(
        texts[0],
        "[1 page of the list; there may be more, from cursor=2 on]"
    );
}

#[tokio::test]
async fn one_page_is_read_unless_told_and_of_a_post_always() {
    assert_eq!(called("linked", json!({}), 1).await.2, 1);
    assert_eq!(called("posted", json!({}), 10).await.2, 1);
}
