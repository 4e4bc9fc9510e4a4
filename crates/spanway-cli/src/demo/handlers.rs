//! The operations of the bookshop's API, one function each: read the request, ask the shop, answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Form, Json};

use super::model::{
    BookDetails, BookPage, NewOrder, NewReview, Order, ReportSettings, Review, SalesReport, Search,
    Shelves,
};
use super::problem::Problem;
use super::shop::{self, Shop};

/// The longest a report may be made to take.
const REPORT_SECONDS_MAX: u64 = 30;

type Answer<T> = Result<Json<T>, Problem>;
type Created<T> = Result<(StatusCode, Json<T>), Problem>;

pub(super) async fn search_books(
    State(shop): State<Arc<Shop>>,
    search: Result<Query<Search>, QueryRejection>,
) -> Answer<BookPage> {
    let Query(search) = search?;
    shop.search(&search).map(Json)
}

pub(super) async fn get_book(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
) -> Answer<BookDetails> {
    let Path(id) = id?;
    shop.book(&id).map(Json)
}

pub(super) async fn list_genres() -> Json<Shelves> {
    Json(shop::genres())
}

pub(super) async fn add_review(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
    review: Result<Form<NewReview>, FormRejection>,
) -> Created<Review> {
    let (Path(id), Form(review)) = (id?, review?);
    let review = shop.add_review(&id, review)?;
    Ok((StatusCode::CREATED, Json(review)))
}

pub(super) async fn place_order(
    State(shop): State<Arc<Shop>>,
    order: Result<Json<NewOrder>, JsonRejection>,
) -> Created<Order> {
    let Json(order) = order?;
    let order = shop.place_order(order)?;
    Ok((StatusCode::CREATED, Json(order)))
}

pub(super) async fn get_order(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
) -> Answer<Order> {
    let Path(id) = id?;
    shop.order(&id).map(Json)
}

pub(super) async fn cancel_order(
    State(shop): State<Arc<Shop>>,
    id: Result<Path<String>, PathRejection>,
) -> Answer<Order> {
    let Path(id) = id?;
    shop.cancel_order(&id).map(Json)
}

/// Slow on purpose, so that timeouts, keep-alive and cancellation can be tried.
pub(super) async fn sales_report(
    State(shop): State<Arc<Shop>>,
    settings: Result<Query<ReportSettings>, QueryRejection>,
) -> Answer<SalesReport> {
    let Query(ReportSettings { seconds }) = settings?;
    if seconds > REPORT_SECONDS_MAX {
        let detail = format!("seconds must be between 0 and {REPORT_SECONDS_MAX}");
        return Err(Problem::invalid(detail));
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(Json(shop.sales(seconds)))
}

/// Fails on purpose, so that a failing upstream can be tried.
pub(super) async fn delivery_times() -> Problem {
    Problem::unavailable("the supplier's system is down; it always is, in this demo")
}
