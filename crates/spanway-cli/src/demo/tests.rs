//! Does the document describe the shop? Every operation is asked what the document says, and every answer must be
//! one the document allows.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

struct Answer {
    status: StatusCode,
    media_type: String,
    body: Value,
}

async fn send(shop: &Router, method: &str, target: &str, body: Option<(&str, String)>) -> Answer {
    let mut request = Request::builder().method(method).uri(target);
    if let Some((media_type, _)) = &body {
        request = request.header(CONTENT_TYPE, *media_type);
    }
    let body = body.map_or_else(Body::empty, |(_, text)| Body::from(text));
    let response = shop
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let media_type = response.headers()[CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).expect("every answer is JSON");
    Answer {
        status,
        media_type,
        body,
    }
}

fn described() -> Value {
    serde_json::from_str(document()).unwrap()
}

/// Follows one local reference, if there is one.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// The operation's answer must have a documented status, media type and form.
fn assert_allowed(document: &Value, operation: &Value, answer: &Answer) {
    let id = &operation["operationId"];
    let status = answer.status.as_u16().to_string();
    let response = resolved(document, &operation["responses"][&status]);
    assert!(
        !response.is_null(),
        "{id} answers an undocumented {status}: {}",
        answer.body
    );
    let schema = &response["content"][&answer.media_type]["schema"];
    assert!(
        !schema.is_null(),
        "{id} answers undocumented {}",
        answer.media_type
    );
    let mut rooted = schema.clone();
    rooted["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::new(&rooted).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&answer.body)
        .map(|it| it.to_string())
        .collect();
    assert!(errors.is_empty(), "{id}: {errors:?} in {}", answer.body);
}

/// Builds the request that the examples of an operation describe.
fn example_request(
    document: &Value,
    path: &str,
    item: &Value,
    operation: &Value,
) -> (String, Option<(String, String)>) {
    let mut target = path.to_owned();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let declared = [&item["parameters"], &operation["parameters"]];
    for parameter in declared.into_iter().filter_map(Value::as_array).flatten() {
        let parameter = resolved(document, parameter);
        let name = parameter["name"].as_str().unwrap();
        let example = match &parameter["example"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match parameter["in"].as_str().unwrap() {
            "path" => target = target.replace(&format!("{{{name}}}"), &example),
            "query" => drop(query.append_pair(name, &example)),
            other => panic!("no operation has a {other} parameter"),
        }
    }
    let query = query.finish();
    let body = operation["requestBody"]["content"]
        .as_object()
        .map(|content| {
            let (media_type, media) = content.iter().next().unwrap();
            let example = &media["example"];
            let text = if media_type == "application/json" {
                example.to_string()
            } else {
                form(example)
            };
            (media_type.clone(), text)
        });
    (
        if query.is_empty() {
            target
        } else {
            format!("{target}?{query}")
        },
        body,
    )
}

fn form(example: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in example.as_object().unwrap() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        form.append_pair(name, &text);
    }
    form.finish()
}

fn order() -> Option<(&'static str, String)> {
    let body =
        json!({"lines": [{"book_id": "emma", "quantity": 2}], "customer_email": "a@example.com"});
    Some(("application/json", body.to_string()))
}

#[tokio::test]
async fn every_operation_answers_its_examples_as_documented() {
    let (shop, document) = (router(), described());
    send(&shop, "POST", "/orders", order()).await;
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if method == "parameters" {
                continue;
            }
            let (target, body) = example_request(&document, path, item, operation);
            let body = body
                .as_ref()
                .map(|(media_type, text)| (media_type.as_str(), text.clone()));
            let answer = send(&shop, &method.to_uppercase(), &target, body).await;
            let should_fail = operation["operationId"] == "delivery_times";
            assert_eq!(
                answer.status.is_success(),
                !should_fail,
                "{target}: {}",
                answer.body
            );
            assert_allowed(&document, operation, &answer);
            seen += 1;
        }
    }
    assert_eq!(seen, 9);
}

type Refused = (
    &'static str,
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
    u16,
);

/// Path, method, target, body, and the status it must be refused with.
const REFUSED: &[Refused] = &[
    ("/books", "get", "/books?limit=0", None, 400),
    ("/books", "get", "/books?genre=cheese", None, 400),
    ("/books", "get", "/books?max_price=-1", None, 400),
    ("/books", "get", "/books?max_price=NaN", None, 400),
    ("/books/{book_id}", "get", "/books/nope", None, 404),
    (
        REVIEWS,
        "post",
        "/books/nope/reviews",
        Some((FORM, "rating=3&text=x")),
        404,
    ),
    (
        REVIEWS,
        "post",
        "/books/emma/reviews",
        Some((FORM, "rating=9&text=x")),
        400,
    ),
    (
        REVIEWS,
        "post",
        "/books/emma/reviews",
        Some((JSON, r#"{"rating":3,"text":"x"}"#)),
        400,
    ),
    (
        "/orders",
        "post",
        "/orders",
        Some((JSON, r#"{"lines":[]}"#)),
        400,
    ),
    ("/orders", "post", "/orders", Some((JSON, "{")), 400),
    (
        "/orders",
        "post",
        "/orders",
        Some((
            JSON,
            r#"{"lines":[{"book_id":"emma"}],"customer_email":"nobody"}"#,
        )),
        400,
    ),
    (
        "/orders",
        "post",
        "/orders",
        Some((
            JSON,
            r#"{"lines":[{"book_id":"nope"}],"customer_email":"a@b"}"#,
        )),
        404,
    ),
    ("/orders/{order_id}", "get", "/orders/order-9", None, 404),
    ("/orders/{order_id}", "delete", "/orders/order-9", None, 404),
    (
        "/reports/sales",
        "get",
        "/reports/sales?seconds=31",
        None,
        400,
    ),
    (
        "/reports/sales",
        "get",
        "/reports/sales?seconds=soon",
        None,
        400,
    ),
];
const REVIEWS: &str = "/books/{book_id}/reviews";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[tokio::test]
async fn refusals_are_problems_as_documented() {
    let (shop, document) = (router(), described());
    for (path, method, target, body, status) in REFUSED {
        let body = body.map(|(media_type, text)| (media_type, text.to_owned()));
        let answer = send(&shop, &method.to_uppercase(), target, body).await;
        assert_eq!(answer.status.as_u16(), *status, "{target}: {}", answer.body);
        assert_eq!(answer.body["status"], *status);
        assert_allowed(&document, &document["paths"][*path][*method], &answer);
    }
}

#[tokio::test]
async fn a_genre_includes_the_genres_within_it() {
    let shop = router();
    let genres = send(&shop, "GET", "/genres", None).await.body;
    let total = |target: &'static str| {
        let shop = shop.clone();
        async move { send(&shop, "GET", target, None).await.body["total"].clone() }
    };
    assert_eq!(
        genres["genres"][0]["books"],
        total("/books?genre=fiction").await
    );
    assert_eq!(
        genres["genres"][1]["books"],
        total("/books?genre=nonfiction").await
    );
    let all = total("/books").await.as_u64().unwrap();
    assert_eq!(all, catalog::CATALOG.len() as u64);
    assert_eq!(total("/books?query=holmes%20baskervilles").await, 1);
}

#[tokio::test]
async fn orders_take_stock_and_cancelling_gives_it_back_once() {
    let shop = router();
    let stock = || async {
        send(&shop, "GET", "/books/emma", None).await.body["in_stock"]
            .as_u64()
            .unwrap()
    };
    let before = stock().await;
    let placed = send(&shop, "POST", "/orders", order()).await;
    assert_eq!(
        (placed.status, &placed.body["total"]),
        (StatusCode::CREATED, &json!(19.0))
    );
    assert_eq!(stock().await, before - 2);
    let report = send(&shop, "GET", "/reports/sales?seconds=0", None)
        .await
        .body;
    assert_eq!(
        (&report["books_sold"], &report["revenue"]),
        (&json!(2), &json!(19.0))
    );
    let target = format!("/orders/{}", placed.body["id"].as_str().unwrap());
    for _ in 0..2 {
        let cancelled = send(&shop, "DELETE", &target, None).await;
        assert_eq!(cancelled.body["status"], "cancelled");
        assert_eq!(stock().await, before);
    }
}

#[tokio::test]
async fn more_copies_than_there_are_cannot_be_ordered() {
    let shop = router();
    let body = json!({"lines": [{"book_id": "household-management", "quantity": 10}, {"book_id": "household-management", "quantity": 6}], "customer_email": "a@b"});
    let answer = send(
        &shop,
        "POST",
        "/orders",
        Some(("application/json", body.to_string())),
    )
    .await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("only 15 copies")
    );
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_problems_too() {
    let shop = router();
    assert_eq!(
        send(&shop, "GET", "/cheese", None).await.body["status"],
        404
    );
    assert_eq!(send(&shop, "PUT", "/books", None).await.body["status"], 405);
    assert_eq!(
        send(&shop, "GET", "/openapi.json", None).await.body,
        described()
    );
}
