//! An application that has routes and a document anyway, and its MCP endpoint: the ten lines in `main` are new, and
//! the `extensions(…)` say what each route is to clients.
//!
//! `cargo run -p spanway --example axum_routes`, then `spanway call http://127.0.0.1:8000/mcp find_books '{"text": "e"}'`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use spanway::openapi::from_router;
use spanway::{Principal, StreamableHttp};
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(info(
    title = "bookshop",
    version = "1.0.0",
    description = "A small bookshop."
))]
struct Bookshop;

type Shelves = Arc<Mutex<Vec<Book>>>;

#[derive(Clone, Serialize, Deserialize, ToSchema)]
struct Book {
    title: String,
    /// Who wrote it.
    author: String,
}

#[derive(Deserialize)]
struct Find {
    text: String,
}

/// Finds books by their title.
#[utoipa::path(get, path = "/books", params(("text" = String, Query, description = "A part of the title.")), responses((status = 200, body = [Book])),
    extensions(("x-mcp-tool" = json!("find_books")), ("x-mcp-when-to-use" = json!("Before a book is recommended."))))]
async fn find(State(shelves): State<Shelves>, Query(find): Query<Find>) -> Json<Vec<Book>> {
    let shelves = shelves.lock().unwrap_or_else(PoisonError::into_inner);
    let found = shelves
        .iter()
        .filter(|book| book.title.contains(&find.text));
    Json(found.cloned().collect())
}

/// One book.
#[utoipa::path(get, path = "/books/{number}", params(("number" = usize, Path)),
    responses((status = 200, body = Book), (status = 404)),
    extensions(("x-mcp-resource-template" = json!("shop://books/{number}"))))]
async fn read(
    State(shelves): State<Shelves>,
    Path(number): Path<usize>,
) -> Result<Json<Book>, StatusCode> {
    let shelves = shelves.lock().unwrap_or_else(PoisonError::into_inner);
    let book = shelves.get(number).cloned();
    book.map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// Puts a book on the shelves.
#[utoipa::path(post, path = "/books", request_body = Book, responses((status = 201, body = usize)),
    extensions(("x-mcp-tool" = json!(true)), ("x-mcp-title" = json!("Add a book"))))]
async fn add_book(
    State(shelves): State<Shelves>,
    caller: Option<axum::Extension<Principal>>,
    Json(mut book): Json<Book>,
) -> (StatusCode, Json<usize>) {
    let who = caller.as_ref().map_or("somebody", |it| it.0.as_str());
    book.title.push_str(&format!(" (given by {who})"));
    let mut shelves = shelves.lock().unwrap_or_else(PoisonError::into_inner);
    shelves.push(book);
    (StatusCode::CREATED, Json(shelves.len() - 1))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let emma = Book {
        title: "Emma".to_owned(),
        author: "Jane Austen".to_owned(),
    };
    let (app, document) = OpenApiRouter::<Shelves>::with_openapi(Bookshop::openapi())
        .routes(routes!(find, add_book))
        .routes(routes!(read))
        .split_for_parts();
    let app = app.with_state(Arc::new(Mutex::new(vec![emma])));

    let server = from_router(app.clone(), &document).build()?;
    let app = app.nest_service("/mcp", StreamableHttp::new(server));

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
