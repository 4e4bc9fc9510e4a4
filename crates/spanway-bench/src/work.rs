//! What is repeated while its cost is counted: calls over a loopback connection and in process, and parsing.

use bytes::Bytes;
use clap::ValueEnum;
use http::Request;
use http_body_util::{BodyExt, Full};
use spanway::StreamableHttp;
use spanway::http::{App, ServeOptions};
use spanway::protocol::Limits;
use spanway::protocol::jsonrpc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Service;

use crate::asking::{Asking, Tool, Wire};
use crate::http1::Connection;
use crate::{floor, servers};

/// Bytes of arguments, where they are big.
const BIG: usize = 8 << 10;

/// One thing that is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// A call over one connection to bare hyper, with what its client does in the same process.
    FloorOverHttp,
    /// The same to Spanway, 2026-07-28.
    ModernOverHttp,
    /// The same to Spanway, in a session.
    SessionOverHttp,
    /// A call of 2026-07-28 from the request that HTTP has read to the last byte of the answer.
    ModernInProcess,
    /// serde_json: the envelope of a small call.
    SmallEnvelope,
    /// Spanway: the envelope and the parts of the parameters of a small call.
    SmallParse,
    /// serde_json: the envelope of a call with 8 KB of arguments.
    BigEnvelope,
    /// serde_json: the envelope, and the parts of its parameters.
    BigEnvelopeAndParams,
    /// Spanway: the same.
    BigParse,
}

impl Work {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FloorOverHttp => "tools/call over HTTP: bare hyper",
            Self::ModernOverHttp => "tools/call over HTTP: 2026-07-28",
            Self::SessionOverHttp => "tools/call over HTTP: in a session",
            Self::ModernInProcess => "tools/call in process: 2026-07-28",
            Self::SmallEnvelope => "parse a small call: serde_json, the envelope",
            Self::SmallParse => "parse a small call: Spanway",
            Self::BigEnvelope => "parse 8 KB of arguments: serde_json, the envelope",
            Self::BigEnvelopeAndParams => {
                "parse 8 KB of arguments: serde_json, the envelope and its parameters"
            }
            Self::BigParse => "parse 8 KB of arguments: Spanway",
        }
    }

    /// The word for it on the command line.
    pub(crate) fn word(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Does it so many times.
    pub(crate) async fn repeat(self, times: usize) -> anyhow::Result<()> {
        match self {
            Self::FloorOverHttp | Self::ModernOverHttp | Self::SessionOverHttp => {
                over_http(self, times).await
            }
            Self::ModernInProcess => in_process(&mut endpoint()?, times).await,
            parsing => {
                let body = parsing.body();
                let right = (0..times).all(|_| parsing.parse(std::hint::black_box(&body)));
                anyhow::ensure!(right, "a call could not be parsed");
                Ok(())
            }
        }
    }

    /// What is parsed, where parsing is the work.
    pub(crate) fn body(self) -> Bytes {
        let small = matches!(self, Self::SmallEnvelope | Self::SmallParse);
        let asking = Asking {
            tool: if small {
                Tool::Echo
            } else {
                Tool::EchoWithItems
            },
            bytes: if small { 0 } else { BIG },
            ..Asking::MODERN
        };
        Bytes::from(asking.body())
    }

    /// Parses once; whether all was there.
    pub(crate) fn parse(self, body: &Bytes) -> bool {
        match self {
            Self::SmallEnvelope | Self::BigEnvelope => floor::parse(body),
            Self::BigEnvelopeAndParams => floor::parse_with_params(body),
            _ => std::hint::black_box(jsonrpc::parse(body, &Limits::default())).is_ok(),
        }
    }
}

pub(crate) fn endpoint() -> anyhow::Result<StreamableHttp> {
    let endpoint = StreamableHttp::builder(servers::echoing().build()?);
    Ok(endpoint.limits(servers::limits()).build())
}

async fn over_http(work: Work, times: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Ends with this value.
    let mut serving = JoinSet::new();
    if work == Work::FloorOverHttp {
        serving.spawn(floor::serve(listener, false));
    } else {
        let app = App::new(endpoint()?, "/mcp");
        serving.spawn(async {
            let never = std::future::pending();
            spanway::http::serve(listener, app, ServeOptions::default(), never).await?;
            Ok(())
        });
    }
    let mut connection = Connection::open(address).await?;
    let mut asking = Asking::MODERN;
    let mut session = None;
    if work == Work::SessionOverHttp {
        asking.wire = Wire::Legacy;
        session = connection.initialize().await?;
    }
    let request = asking.request(address, session.as_deref());
    for _ in 0..times {
        connection.call(&request).await?;
    }
    Ok(())
}

/// Calls of 2026-07-28 to an endpoint in this process.
pub(crate) async fn in_process(endpoint: &mut StreamableHttp, times: usize) -> anyhow::Result<()> {
    let mut request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in Asking::MODERN.headers(None) {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(Asking::MODERN.body())))?;
    for _ in 0..times {
        let Ok(answer) = endpoint.call(request.clone()).await;
        anyhow::ensure!(answer.status() == 200, "a call was refused");
        answer.into_body().collect().await?;
    }
    Ok(())
}
