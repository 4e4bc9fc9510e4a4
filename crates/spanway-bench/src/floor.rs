//! The floor: the least an HTTP server does for a call. It reads the body, parses the envelope and answers the
//! bytes that Spanway would.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::asking::TEXT;

/// What a call is answered with.
pub(crate) fn answer() -> Bytes {
    Bytes::from(format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"content":[{{"type":"text","text":"{TEXT}"}}],"resultType":"complete","_meta":{{"io.modelcontextprotocol/serverInfo":{{"name":"bench","version":"1.0.0"}}}}}}}}"#
    ))
}

/// Serves until dropped.
pub(crate) async fn serve(listener: TcpListener, http2: bool) -> anyhow::Result<()> {
    let answer = answer();
    let mut connections = JoinSet::new();
    loop {
        let (stream, _): (_, SocketAddr) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(stream);
        let answer = answer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer.clone();
            async move { Ok::<_, Infallible>(respond(request, answer).await) }
        });
        if http2 {
            let builder = http2::Builder::new(TokioExecutor::new());
            connections.spawn(builder.serve_connection(stream, service));
        } else {
            connections.spawn(async move {
                let builder = http1::Builder::new();
                builder.serve_connection(stream, service).await
            });
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a, P> {
    #[serde(borrow)]
    jsonrpc: &'a RawValue,
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    method: &'a RawValue,
    params: P,
}

impl<P> Envelope<'_, P> {
    fn is_there(&self) -> bool {
        let parts = [self.jsonrpc, self.id, self.method];
        parts.iter().all(|part| !part.get().is_empty())
    }
}

/// What serde_json does for a borrowed envelope; whether all of it is there.
pub(crate) fn parse(body: &[u8]) -> bool {
    serde_json::from_slice::<Envelope<'_, &RawValue>>(body)
        .is_ok_and(|envelope| envelope.is_there() && !envelope.params.get().is_empty())
}

/// The parts of the parameters of a call.
#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, rename = "_meta")]
    meta: &'a RawValue,
    #[serde(borrow)]
    name: &'a RawValue,
    #[serde(borrow)]
    arguments: &'a RawValue,
}

/// The same in one pass, with the parts of the parameters as they stand.
pub(crate) fn parse_with_params(body: &[u8]) -> bool {
    serde_json::from_slice::<Envelope<'_, Params<'_>>>(body).is_ok_and(|envelope| {
        let Params {
            meta,
            name,
            arguments,
        } = envelope.params;
        envelope.is_there()
            && [meta, name, arguments]
                .iter()
                .all(|part| !part.get().is_empty())
    })
}

async fn respond(request: Request<Incoming>, answer: Bytes) -> Response<Full<Bytes>> {
    let body = request.into_body().collect().await;
    let body = body.map(http_body_util::Collected::to_bytes);
    let complete = parse(&body.unwrap_or_default());
    let mut response = Response::new(Full::new(if complete { answer } else { Bytes::new() }));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
