//! The servers that are compared.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use spanway::{Args, Context, Server, ServerBuilder, StreamableHttp, Tool};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::scenario::{Scenario, TEXT};

/// Serves until killed. Prints the address first.
pub(crate) async fn serve(scenario: Scenario, listen: SocketAddr) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    println!("{}", listener.local_addr()?);
    if scenario == Scenario::Floor {
        return floor(listener).await;
    }
    let app = spanway::http::App::new(StreamableHttp::new(echoing().build()?), "/mcp");
    let options = spanway::http::ServeOptions::default();
    spanway::http::serve(listener, app, options, std::future::pending()).await?;
    Ok(())
}

/// A server that answers what it was told.
pub(crate) fn echoing() -> ServerBuilder {
    Server::builder("bench", "1.0.0")
        .tool(Tool::new("echo", echo).description("Answers what it was told."))
        .tool(
            Tool::new("echo_with_progress", echo_with_progress)
                .description("The same, with progress."),
        )
}

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What to answer.
    text: String,
}

async fn echo(Args(Echo { text }): Args<Echo>) -> String {
    text
}

async fn echo_with_progress(Args(Echo { text }): Args<Echo>, cx: Context) -> String {
    cx.progress(1.0, Some(1.0), "done");
    text
}

/// The least an HTTP server does for a call: read the body, parse the envelope, answer.
async fn floor(listener: TcpListener) -> anyhow::Result<()> {
    let answer = Bytes::from(format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"{TEXT}"}}],"resultType":"complete","_meta":{{"io.modelcontextprotocol/serverInfo":{{"name":"bench","version":"1.0.0"}}}}}}}}"#
    ));
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer.clone();
            async move { Ok::<_, Infallible>(bare(request, answer).await) }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    jsonrpc: &'a RawValue,
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    method: &'a RawValue,
    #[serde(borrow)]
    params: &'a RawValue,
}

async fn bare(request: Request<Incoming>, answer: Bytes) -> Response<Full<Bytes>> {
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let parsed = serde_json::from_slice::<Envelope<'_>>(&body);
    let complete = parsed.is_ok_and(|envelope| {
        let parts = [
            envelope.jsonrpc,
            envelope.id,
            envelope.method,
            envelope.params,
        ];
        parts.iter().all(|part| !part.get().is_empty())
    });
    let mut response = Response::new(Full::new(if complete { answer } else { Bytes::new() }));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
