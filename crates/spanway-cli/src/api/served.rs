//! All APIs of a command line together: the server of them, and what people and programs are told.

use anyhow::Context as _;
use serde_json::{Value, json};
use spanway::Server;
use spanway::openapi::{Bridge, Exposure, Features, search_features};

use super::part::{Part, problem_as_json};

/// One or several APIs, read and ready to be served or listed.
pub(crate) struct Served {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) parts: Vec<Part>,
    /// Whether there are tools to search with in place of the operations.
    pub(super) search: bool,
    /// Whether a guide was wanted that searching takes the place of.
    pub(super) lacks_guide: bool,
}

impl Served {
    /// The APIs, in the order of the command line.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The server of these tools, and what to print before it starts.
    ///
    /// # Errors
    /// There is no base URL, or a tool cannot be offered.
    pub(crate) fn into_server(self) -> anyhow::Result<(Server, String)> {
        let announcement = self.announcement();
        let mut builder = Server::builder(self.name, self.version);
        let descriptions = self.parts.iter().filter_map(Part::description);
        let instructions = descriptions.collect::<Vec<_>>().join("\n\n");
        if !instructions.is_empty() {
            builder = builder.instructions(instructions);
        }
        let several = self.parts.len() > 1;
        let built = self.parts.into_iter().map(|part| {
            let name = part.name().to_owned();
            let built = part.bridge();
            if several { built.context(name) } else { built }
        });
        let features = features(built.collect::<anyhow::Result<_>>()?, self.search);
        for problem in &features.problems {
            tracing::warn!(%problem, "a mark cannot be followed");
        }
        let hint = "write PREFIX:: before a document to tell its resources and prompts apart";
        let built = features.add_to(builder).build();
        let server = if several {
            built.context(hint)?
        } else {
            built?
        };
        Ok((server, announcement))
    }

    /// Everything that clients would get. None of it can be called.
    ///
    /// # Errors
    /// An operation cannot be offered.
    pub(crate) fn into_features(self) -> anyhow::Result<Features> {
        let built = self.parts.into_iter().map(Part::unreachable);
        Ok(features(built.collect::<Result<_, _>>()?, self.search))
    }

    /// Name, sources, tools and what is left out.
    pub(crate) fn announcement(&self) -> String {
        let mut text = format!("{} {}", self.name, self.version);
        for part in &self.parts {
            let count = part.tools_count();
            let title = format!(", from {}: {count} tools\n\n", part.name());
            let title = if self.parts.len() > 1 {
                format!("\n{}", &title[2..])
            } else {
                title
            };
            text.push_str(&title);
            text.push_str(&part.announcement());
        }
        if self.search {
            text.push_str(
                "\nSo many operations are not a tool each (--search off makes them so). Clients get:\n  \
                 search_operations, describe_operation, call_operation\n",
            );
        }
        if self.lacks_guide {
            text.push_str("These take the place of the guide.\n");
        }
        text
    }

    /// Everything about the tools, for programs.
    pub(crate) fn to_json(&self) -> Value {
        let tools = self.parts.iter().flat_map(Part::tools_as_json);
        let problems = self.parts.iter().flat_map(|part| {
            let all = part.problems().iter();
            all.map(|problem| problem_as_json(part.name(), problem))
        });
        let schemes = self.parts.iter().flat_map(Part::schemes_as_json);
        json!({
            "name": self.name,
            "version": self.version,
            "search": self.search,
            "securitySchemes": schemes.collect::<Vec<_>>(),
            "tools": tools.collect::<Vec<_>>(),
            "problems": problems.collect::<Vec<_>>(),
        })
    }
}

/// What clients get of several APIs.
fn features(parts: Vec<(Bridge, Exposure, Features)>, search: bool) -> Features {
    let mut extras = Features::default();
    let mut bridges = Vec::new();
    for (bridge, exposure, own) in parts {
        extras.extend(own);
        bridges.push((bridge, exposure));
    }
    let mut features = if search {
        search_features(bridges)
    } else {
        let mut features = Features::default();
        for (bridge, exposure) in bridges {
            features.extend(bridge.into_features(&exposure));
        }
        features
    };
    features.extend(extras);
    features
}
