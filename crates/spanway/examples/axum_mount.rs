//! MCP beside the routes an axum application already has, over the same state.

use std::sync::{Arc, Mutex, PoisonError};

use axum::routing::get;
use schemars::JsonSchema;
use serde::Deserialize;
use spanway::{Args, Resource, Server, State, StreamableHttp, Tool};

/// The notes, shared by the web page and the tools.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, text: String) -> usize {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(text);
        notes.len()
    }

    fn all(&self) -> String {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.join("\n")
    }
}

/// Writes down a note.
#[derive(Deserialize, JsonSchema)]
struct Note {
    /// What to remember.
    text: String,
}

async fn add_note(State(notes): State<Notes>, Args(note): Args<Note>) -> String {
    format!("that is note {}", notes.add(note.text))
}

async fn read_notes(State(notes): State<Notes>) -> String {
    notes.all()
}

async fn page(axum::extract::State(notes): axum::extract::State<Notes>) -> String {
    notes.all()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let notes = Notes::default();
    let server = Server::builder("notes", env!("CARGO_PKG_VERSION"))
        .with_state(notes.clone())
        .tool(Tool::new("add_note", add_note))
        .resource(Resource::new("notes://all", "notes", read_notes).mime_type("text/plain"))
        .build()?;
    let app = axum::Router::new()
        .route("/notes", get(page))
        .with_state(notes)
        .nest_service("/mcp", StreamableHttp::new(server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
