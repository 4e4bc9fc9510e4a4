//! A server written with rmcp, moved here by changing one constructor.
//!
//! `cargo run -p spanway-rmcp --example counter`, then point any client at <http://127.0.0.1:8000/mcp>.

use std::sync::atomic::{AtomicI64, Ordering};

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use spanway_http::StreamableHttp;

struct Counter {
    value: AtomicI64,
    tool_router: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema)]
struct Step {
    /// How much to add.
    by: i64,
}

#[tool_router]
impl Counter {
    fn new() -> Self {
        Self {
            value: AtomicI64::new(0),
            tool_router: Self::tool_router(),
        }
    }

    #[tool(description = "Adds to the counter and says what it shows")]
    async fn count(&self, Parameters(Step { by }): Parameters<Step>) -> String {
        let before = self.value.fetch_add(by, Ordering::SeqCst);
        before.saturating_add(by).to_string()
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Counter {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("counter", env!("CARGO_PKG_VERSION")))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Before:
    // let service = StreamableHttpService::new(|| Ok(Counter::new()), sessions, config);
    let service = StreamableHttp::new(spanway_rmcp::host(Counter::new));

    let app = axum::Router::new().nest_service("/mcp", service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
