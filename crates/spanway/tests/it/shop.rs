//! The application under test: ordinary axum routes with state, layers and error handling, described by utoipa.
//! Nothing in it knows of MCP but the extensions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spanway::openapi::{Routes, from_router};
use spanway::{Principal, StreamableHttp};
use spanway_testkit::Client;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the routes share, and what shows how often they ran.
#[derive(Clone, Default)]
pub(crate) struct Shop {
    pub(crate) requests: Arc<AtomicUsize>,
}

/// What a layer in front of the endpoint may know of a user.
#[derive(Clone)]
pub(crate) struct Tenant(pub(crate) &'static str);

/// What an inner layer of the application hands to its routes.
#[derive(Clone)]
struct Shift(&'static str);

#[derive(Serialize, Deserialize, ToSchema)]
struct Book {
    title: String,
    /// How many there are.
    copies: u32,
}

#[derive(Deserialize)]
struct Search {
    text: String,
    limit: Option<u32>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Genre {
    Crime,
    Poetry,
}

/// Searches the shelves.
#[utoipa::path(get, path = "/books", tag = "books", params(("text" = String, Query, description = "A part of the title."), ("limit" = Option<u32>, Query, minimum = 1, maximum = 50)), responses((status = 200, body = [Book])),
    extensions(
        ("x-mcp-tool" = json!("search_books")),
        ("x-mcp-title" = json!("Search books")),
        ("x-mcp-when-to-use" = json!("Somebody asks for a book.")),
        ("x-mcp-returns" = json!("The books, best first.")),
        ("x-mcp-agent-instructions" = json!("Name the title only.")),
        ("x-mcp-annotations" = json!({"openWorldHint": false})),
        ("x-mcp-task-support" = json!("optional")),
    ))]
async fn search(
    Extension(shift): Extension<Shift>,
    Query(search): Query<Search>,
) -> Json<Vec<Book>> {
    let title = format!("{} by {} ({:?})", search.text, shift.0, search.limit);
    Json(vec![Book { title, copies: 2 }])
}

/// One book.
#[utoipa::path(get, path = "/books/{number}", tag = "books", params(("number" = u32, Path)),
    responses((status = 200, body = Book), (status = 404)),
    extensions(
        ("x-mcp-tool" = json!(true)),
        ("x-mcp-resource-template" = json!("shop://books/{number}")),
        ("x-mcp-resource-description" = json!("A book on the shelves.")),
    ))]
async fn get_book(Path(number): Path<u32>) -> Result<Json<Book>, StatusCode> {
    match number {
        13 => Err(StatusCode::NOT_FOUND),
        _ => Ok(Json(Book {
            title: format!("Volume {number}"),
            copies: number,
        })),
    }
}

/// Puts a book on a shelf.
#[utoipa::path(post, path = "/shelves/{shelf}/books", tag = "books",
    params(("shelf" = u32, Path), ("notify" = Option<bool>, Query)), request_body = Book,
    responses((status = 201, body = Value)),
    extensions(
        ("x-mcp-tool" = json!("add_book")),
        ("x-mcp-scopes" = json!(["books:write"])),
        ("x-mcp-output-schema" = json!({"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}})),
    ))]
async fn add_book(
    State(shop): State<Shop>,
    Path(shelf): Path<u32>,
    Query(query): Query<Value>,
    Json(book): Json<Book>,
) -> (StatusCode, Json<Value>) {
    let seen = shop.requests.load(Ordering::Relaxed);
    let answer = json!({"title": book.title, "copies": book.copies, "shelf": shelf, "query": query, "seen": seen});
    (StatusCode::CREATED, Json(answer))
}

/// What the route can tell of its caller.
#[utoipa::path(get, path = "/whoami", params(("X-Claimed" = Option<String>, Header)), responses((status = 200, body = Value)),
    extensions(("x-mcp-tool" = json!(true)), ("x-mcp-resource" = json!(true))))]
async fn whoami(
    principal: Option<Extension<Principal>>,
    tenant: Option<Extension<Tenant>>,
    headers: HeaderMap,
) -> Json<Value> {
    let names: Vec<&str> = headers.keys().map(header::HeaderName::as_str).collect();
    let authorization = headers.get("authorization").map(|it| it.to_str().unwrap());
    Json(json!({
        "principal": principal.map(|it| it.0.as_str().to_owned()),
        "tenant": tenant.map(|it| it.0.0),
        "authorization": authorization,
        "headers": names,
    }))
}

/// Recommends books.
#[utoipa::path(get, path = "/prompts/recommend", params(("genre" = Genre, Query), ("count" = Option<u32>, Query)),
    responses((status = 200, content_type = "text/plain", body = String)),
    extensions(("x-mcp-prompt" = json!("recommend"))))]
async fn recommend(Query(query): Query<Value>) -> String {
    format!(
        "Recommend {} books: {}.",
        query["count"].as_str().unwrap_or("some"),
        query["genre"].as_str().unwrap()
    )
}

/// The picture on the front.
#[utoipa::path(get, path = "/covers/{number}", params(("number" = u32, Path)),
    responses((status = 200, content_type = "image/png")),
    extensions(("x-mcp-resource-template" = json!("shop://covers/{number}"))))]
async fn cover() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/png")], [0x89, b'P', 0, 0xff])
}

/// For those who look after the shop.
#[utoipa::path(delete, path = "/admin/books", tag = "admin", responses((status = 204)))]
async fn purge() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Says something else than it promises.
#[utoipa::path(get, path = "/admin/lies", tag = "admin", responses((status = 200, body = Book)), extensions(("x-mcp-tool" = json!("lie"))))]
async fn lie() -> Json<Value> {
    Json(json!({"title": 7}))
}

/// Fails on the way.
#[utoipa::path(get, path = "/admin/panic", tag = "admin", responses((status = 200)), extensions(("x-mcp-tool" = json!("burst"))))]
async fn burst() -> StatusCode {
    panic!("the password is hunter2")
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "bookshop",
        version = "2.1.0",
        description = "A small bookshop."
    ),
    components(schemas(Genre))
)]
struct Described;

/// Counts every request; the outermost layer.
async fn count(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    shop.requests.fetch_add(1, Ordering::Relaxed);
    next.run(request).await
}

/// Lets nobody without a token write, in the application's own words, and tells routes which shift it is.
async fn guard(mut request: Request, next: Next) -> Response {
    let is_write = request.method() != axum::http::Method::GET;
    let token = request.headers().get(header::AUTHORIZATION);
    if is_write && token.is_none_or(|it| it != "Bearer writer") {
        let problem = json!({"title": "who are you?", "code": "shop-17"});
        return (StatusCode::FORBIDDEN, Json(problem)).into_response();
    }
    request.extensions_mut().insert(Shift("the early shift"));
    next.run(request).await
}

impl Shop {
    /// The router with all its layers, and its document.
    pub(crate) fn app(&self) -> (Router, utoipa::openapi::OpenApi) {
        let (router, document) = OpenApiRouter::with_openapi(Described::openapi())
            .routes(routes!(search))
            .routes(routes!(get_book))
            .routes(routes!(add_book))
            .routes(routes!(whoami))
            .routes(routes!(recommend))
            .routes(routes!(cover))
            .routes(routes!(purge))
            .routes(routes!(lie))
            .routes(routes!(burst))
            .split_for_parts();
        let router = router
            .layer(from_fn(guard))
            .layer(from_fn_with_state(self.clone(), count))
            .with_state(self.clone());
        (router, document)
    }

    /// Its routes, as they are marked.
    pub(crate) fn routes(&self) -> Routes {
        let (router, document) = self.app();
        from_router(router, &document)
    }

    /// A client of its server.
    pub(crate) fn client(&self) -> Client {
        client(self.routes())
    }
}

/// A client of the server of these routes.
pub(crate) fn client(routes: Routes) -> Client {
    Client::new(StreamableHttp::new(routes.build().unwrap()))
}

/// The names, or URIs, in a list.
pub(crate) fn listed<'v>(list: &'v Value, key: &str, name: &str) -> Vec<&'v str> {
    let entries = list[key].as_array().unwrap().iter();
    entries.map(|it| it[name].as_str().unwrap()).collect()
}

/// The first text of a result.
pub(crate) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}
