//! The server that the official conformance suite and other people's clients are run against: the suite's
//! fixtures and a few tools more, through the public API alone.
//!
//! `cargo run --release -p spanway --example everything -- --listen 127.0.0.1:8000`

mod asking;
mod effects;
mod prompts;
mod resources;
mod samples;
mod tasks;
mod tools;

use std::sync::{Arc, OnceLock};

use spanway::Server;

use crate::effects::Effects;

/// What the handlers share: the server itself, for those that change its lists, and what they did.
#[derive(Clone, Default)]
pub(crate) struct Fixture {
    server: Arc<OnceLock<Server>>,
    effects: Arc<Effects>,
}

impl Fixture {
    fn server(&self) -> Option<&Server> {
        self.server.get()
    }
}

fn build() -> anyhow::Result<Server> {
    let fixture = Fixture::default();
    let mut builder = Server::builder("spanway-everything", env!("CARGO_PKG_VERSION"))
        .title("Spanway, everything")
        .instructions("Every feature of the protocol once, for the official conformance suite.")
        .with_state(fixture.clone());
    let tools = [
        tools::all(),
        asking::tools(),
        effects::tools(),
        tasks::tools(),
    ];
    for tool in tools.into_iter().flatten() {
        builder = builder.tool(tool);
    }
    for resource in resources::all().into_iter().chain(asking::resources()) {
        builder = builder.resource(resource);
    }
    for prompt in prompts::all().into_iter().chain(asking::prompts()) {
        builder = builder.prompt(prompt);
    }
    let server = builder.build()?;
    // Set once, here; a second value cannot come.
    let _ = fixture.server.set(server.clone());
    Ok(server)
}

fn main() -> std::process::ExitCode {
    spanway_cli::serve_library("The fixtures of the official conformance suite.", build)
}
