//! The echo server of the bench, written with rmcp: `peers session`, `peers sse` or `peers json`. It prints its
//! address and serves `/mcp` on one thread, with the same hyper and the same settings as the others.

use std::sync::Arc;

use anyhow::bail;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// As the programs have it that this is compared with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone)]
struct Bench {
    tool_router: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What to answer.
    text: String,
}

#[tool_router]
impl Bench {
    #[tool(description = "Answers what it was told.")]
    async fn echo(&self, Parameters(Echo { text }): Parameters<Echo>) -> String {
        text
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Bench {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("bench", "1.0.0"))
    }
}

fn config(mode: &str) -> anyhow::Result<StreamableHttpServerConfig> {
    let mut config = StreamableHttpServerConfig::default();
    // Clients of 2026-07-28 never have a session.
    (config.legacy_session_mode, config.json_response) = match mode {
        "session" => (true, false),
        "sse" => (false, false),
        "json" => (false, true),
        _ => bail!("there is no mode {mode}"),
    };
    Ok(config)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let bench = Bench {
        tool_router: Bench::tool_router(),
    };
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(bench.clone()), sessions, config(&mode)?);
    let service = TowerToHyperService::new(service);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service.clone();
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
