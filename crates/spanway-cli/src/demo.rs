//! The built-in demo: a small bookshop with an HTTP API of its own and the OpenAPI document that describes it.
//!
//! It is an ordinary axum service that knows nothing of MCP; `spanway serve` without a SOURCE puts the bridge in
//! front of it, within the process. Everything is in memory and forgotten when the process ends.

mod catalog;
mod handlers;
mod model;
mod problem;
mod shop;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};

use problem::Problem;
use shop::Shop;

/// The document, OpenAPI 3.1 as JSON.
const DOCUMENT: &str = include_str!("demo/openapi.json");

/// Bytes of a request body; no order or review needs more.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The OpenAPI document that describes [`router`].
pub(crate) fn document() -> &'static str {
    DOCUMENT
}

/// A bookshop with full shelves and no orders.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/books", get(handlers::search_books))
        .route("/books/{book_id}", get(handlers::get_book))
        .route("/books/{book_id}/reviews", post(handlers::add_review))
        .route("/genres", get(handlers::list_genres))
        .route("/orders", post(handlers::place_order))
        .route(
            "/orders/{order_id}",
            get(handlers::get_order).delete(handlers::cancel_order),
        )
        .route("/reports/sales", get(handlers::sales_report))
        .route("/supplier/delivery-times", get(handlers::delivery_times))
        .fallback(|| async { Problem::not_found("there is nothing at this path") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(Shop::open()))
}

async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}

#[cfg(test)]
mod tests;
