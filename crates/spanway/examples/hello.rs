//! The smallest server: one tool on <http://127.0.0.1:8000/mcp>, until Ctrl-C.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spanway::http::{App, ServeOptions, serve};
use spanway::{Args, Json, Server, StreamableHttp, Tool, ToolError};

/// Counts the words of a text.
#[derive(Deserialize, JsonSchema)]
struct Count {
    /// The text, in any language that puts spaces between words.
    text: String,
    /// Words shorter than this are left out.
    #[serde(default)]
    letters_min: usize,
}

#[derive(Serialize, JsonSchema)]
struct Counted {
    words: usize,
}

async fn count(Args(args): Args<Count>) -> Result<Json<Counted>, ToolError> {
    if args.text.is_empty() {
        return Err(ToolError::new("there is no text to count"));
    }
    let long_enough = |word: &&str| word.chars().count() >= args.letters_min;
    let words = args.text.split_whitespace().filter(long_enough).count();
    Ok(Json(Counted { words }))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = Server::builder("hello", env!("CARGO_PKG_VERSION"))
        .tool(Tool::new("count_words", count).read_only())
        .build()?;
    let app = App::new(StreamableHttp::new(server), "/mcp");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    serve(listener, app, ServeOptions::default(), stop).await?;
    Ok(())
}
