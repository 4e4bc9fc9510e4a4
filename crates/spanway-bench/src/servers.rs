//! The servers that are compared.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use axum::Json;
use axum::routing::post;
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use spanway::http::{App, ServeOptions};
use spanway::openapi::from_router;
use spanway::protocol::Limits;
use spanway::store::Stores;
use spanway::{Args, Context, Server, ServerBuilder, StreamableHttp, Tool};
use tokio::net::TcpListener;

use crate::floor;

const SESSION_TTL: Duration = Duration::from_secs(3600);

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Subject {
    /// Bare hyper.
    Floor,
    /// Bare hyper on HTTP/2.
    FloorHttp2,
    /// Spanway, which keeps sessions in memory.
    Memory,
    /// Spanway, which keeps them in a directory.
    File,
    /// Spanway, which keeps them in Redis.
    Redis,
    /// Spanway in front of an axum route in the same process, by its OpenAPI document.
    Routes,
}

/// Serves until killed. Prints the address first. `keep` is the directory or URL of the store.
pub(crate) async fn serve(
    subject: Subject,
    listen: SocketAddr,
    keep: Option<&str>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let limits = limits();
    let keep = || keep.context("--keep says where sessions are kept");
    let stores = match subject {
        Subject::Floor | Subject::FloorHttp2 => {
            println!("{address}");
            return floor::serve(listener, subject == Subject::FloorHttp2).await;
        }
        Subject::Memory | Subject::Routes => Stores::memory(SESSION_TTL, &limits),
        Subject::File => spanway::store_file::open(Path::new(keep()?), SESSION_TTL, &limits)?,
        Subject::Redis => spanway::store_redis::connect(keep()?, SESSION_TTL, &limits).await?,
    };
    let server = match subject {
        Subject::Routes => routes()?,
        _ => echoing().build()?,
    };
    let endpoint = StreamableHttp::builder(server)
        .limits(limits)
        .stores(stores);
    let app = App::new(endpoint.build(), "/mcp");
    println!("{address}");
    spanway::http::serve(
        listener,
        app,
        ServeOptions::default(),
        std::future::pending(),
    )
    .await?;
    Ok(())
}

/// Room for the sessions of many rounds; everything else as by default.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.sessions_max = 100_000;
    limits
}

/// A server that answers what it was told.
pub(crate) fn echoing() -> ServerBuilder {
    Server::builder("bench", "1.0.0")
        .tool(Tool::new("echo", echo).description("Answers what it was told."))
        .tool(
            Tool::new("echo_with_progress", echo_with_progress)
                .description("The same, with progress."),
        )
        .tool(Tool::new("echo_with_items", echo_with_items).description("The same, given more."))
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Echo {
    /// What to answer.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct EchoWithItems {
    /// What to answer.
    text: String,
    /// What is read and not answered.
    items: Vec<Item>,
}

#[derive(Deserialize, JsonSchema)]
struct Item {
    number: u64,
    title: String,
    tags: Vec<String>,
    price: f64,
}

async fn echo(Args(Echo { text }): Args<Echo>) -> String {
    text
}

async fn echo_with_progress(Args(Echo { text }): Args<Echo>, cx: Context) -> String {
    cx.progress(1.0, Some(1.0), "done");
    text
}

async fn echo_with_items(Args(EchoWithItems { text, items }): Args<EchoWithItems>) -> String {
    let read = |item: &Item| {
        item.number < u64::MAX && !item.title.is_empty() && item.tags.len() < 9 && item.price > 0.0
    };
    if items.iter().all(read) {
        text
    } else {
        String::new()
    }
}

/// The tool as a route of an application, which Spanway calls by its document.
fn routes() -> anyhow::Result<Server> {
    let router = axum::Router::new().route("/echo", post(async |echo: Json<Echo>| echo));
    let text = json!({
        "type": "object", "required": ["text"],
        "properties": { "text": { "type": "string", "description": "What to answer." } },
    });
    let content = json!({ "application/json": { "schema": text } });
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "bench", "version": "1.0.0" },
        "paths": { "/echo": { "post": {
            "operationId": "echo",
            "requestBody": { "required": true, "content": content },
            "responses": { "200": { "description": "what it was told", "content": content } },
            "x-mcp-tool": true,
        } } },
    });
    Ok(from_router(router, &document).build()?)
}
