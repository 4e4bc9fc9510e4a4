//! From SOURCEs to what is served: the documents, their operations, the upstreams behind them.

mod security;

use anyhow::Context as _;
use serde_json::{Value, json};
use spanway::Server;
use spanway::openapi::{
    Bridge, BridgeBuilder, Catalog, ClashPolicy, Document, Exposure, Features, HttpUpstream,
    Impact, Operation, Problem, SEARCH_THRESHOLD, ServiceUpstream, Source, parse_document,
    search_features, settle_clashes,
};
use spanway::protocol::schema::ToolDefinition;

use crate::config::Api;
use crate::{demo, output};
use security::Security;

/// Problems that are shown by name; more are counted.
const PROBLEMS_SHOWN: usize = 10;

/// Where the demo's own API seems to be; nothing is sent there, the calls stay in this process.
const DEMO_BASE: &str = "http://bookshop.localhost/";

/// One document to open: its prefix, where it is, and its settings.
pub(crate) type Opening = (Option<String>, Option<String>, Api);

/// One or several APIs, read and ready to be served or listed.
pub(crate) struct Served {
    name: String,
    version: String,
    parts: Vec<Part>,
    /// Whether there are tools to search with in place of the operations.
    search: bool,
}

/// One API.
pub(crate) struct Part {
    source: String,
    pub(crate) problems: Vec<Problem>,
    pub(crate) operations: Vec<Operation>,
    description: Option<String>,
    security: Security,
    bridge: BridgeBuilder,
}

/// What to open, and how several go together.
#[derive(Clone)]
pub(crate) struct Openings {
    pub(crate) each: Vec<Opening>,
    pub(crate) clash: ClashPolicy,
    /// Whether there are tools to search with; `None`: the number of operations decides.
    pub(crate) search: Option<bool>,
}

impl Openings {
    /// Whether one of them is standard input, which can be read once only.
    pub(crate) fn has_stdin(&self) -> bool {
        let mut each = self.each.iter();
        each.any(|(_, source, api)| {
            source.as_deref() == Some("-") || api.overlays.iter().any(|it| it == "-")
        })
    }

    /// Reads the documents, or the demo's.
    ///
    /// # Errors
    /// One of them cannot be read; one line that says which and why.
    pub(crate) async fn load(&self) -> anyhow::Result<Vec<Document>> {
        let mut documents = Vec::new();
        for (_, source, api) in &self.each {
            documents.push(load(source.as_deref(), api).await?);
        }
        Ok(documents)
    }
}

/// What is served of these documents.
///
/// # Errors
/// An API cannot be reached this way, or tools want the same name; one line that says what and where.
pub(crate) fn open(openings: &Openings, documents: &[Document]) -> anyhow::Result<Served> {
    let Openings {
        each: openings,
        clash,
        search,
    } = openings;
    let mut catalogs = Vec::new();
    for ((prefix, _, api), document) in openings.iter().zip(documents) {
        let catalog = Catalog::read(document)
            .include(&api.include)
            .exclude(&api.exclude)
            .override_with(&api.overrides)
            .context("operation")?;
        catalogs.push(match prefix {
            Some(prefix) => catalog.prefixed(prefix),
            None => catalog,
        });
    }
    settle_clashes(&mut catalogs, *clash)
        .context("write PREFIX:: before a document to tell its tools apart, or see --clash")?;
    let (name, version) = naming(openings, &catalogs);
    let parts = openings
        .iter()
        .zip(catalogs)
        .map(|((_, source, api), catalog)| part(source.as_deref(), catalog, api));
    let parts: Vec<Part> = parts.collect::<anyhow::Result<_>>()?;
    let count: usize = parts.iter().map(|part| part.operations.len()).sum();
    Ok(Served {
        name,
        version,
        parts,
        search: search.unwrap_or(count > SEARCH_THRESHOLD),
    })
}

async fn load(source: Option<&str>, api: &Api) -> anyhow::Result<Document> {
    Ok(match source {
        Some(location) => {
            let mut source = Source::new(location);
            for directory in &api.ref_dirs {
                source = source.reference_dir(directory);
            }
            for host in &api.ref_hosts {
                source = source.reference_host(host);
            }
            for (name, value) in &api.variables {
                source = source.server_variable(name, value);
            }
            for overlay in &api.overlays {
                source = source.overlay(overlay);
            }
            source.load().await?
        }
        None => parse_document(demo::document().as_bytes(), None)?,
    })
}

/// The name that was given, else the titles; the version of a single API, else none in particular.
fn naming(openings: &[Opening], catalogs: &[Catalog]) -> (String, String) {
    let given = openings.iter().find_map(|(_, _, api)| api.name.clone());
    let titles: Vec<&str> = catalogs.iter().filter_map(Catalog::title).collect();
    let name = match (given, titles.is_empty()) {
        (Some(name), _) => name,
        (None, true) => "api".to_owned(),
        (None, false) => titles.join(" and "),
    };
    let version = match catalogs {
        [one] => one.version().unwrap_or("0"),
        _ => "0",
    };
    (name, version.to_owned())
}

fn part(source: Option<&str>, catalog: Catalog, api: &Api) -> anyhow::Result<Part> {
    let problems = catalog.problems().to_vec();
    let tools = catalog.operations().iter().filter(|it| it.is_tool());
    let mut operations: Vec<Operation> = tools.cloned().collect();
    let description = catalog.description().map(str::to_owned);
    let schemes = catalog.security_schemes();
    let schemes = schemes.map(|(name, scheme)| (name.to_owned(), scheme.clone()));
    let security = Security::new(schemes.collect(), api);
    let mut bridge = match source {
        Some(_) => Bridge::builder(catalog, HttpUpstream::new()?),
        None => Bridge::builder(catalog, ServiceUpstream::new(demo::router()))
            .base_url(DEMO_BASE.parse()?),
    };
    if let Some(upstream) = &api.upstream {
        bridge = bridge.base_url(upstream.clone());
    }
    for host in &api.private_hosts {
        bridge = bridge.private_host(host);
    }
    for (header, value) in &api.headers {
        let value = value
            .to_str()
            .with_context(|| format!("--header {header}: the value is not plain ASCII"))?;
        bridge = bridge.header(header.as_str(), value)?;
    }
    bridge = security::give(bridge, api);
    for header in &api.forward {
        bridge = bridge.forward_header(header)?;
    }
    for (filter, timeout) in &api.timeouts {
        bridge = bridge.operation_timeout(filter.clone(), *timeout);
    }
    if let Some(retries) = api.retries {
        bridge = bridge.retries(retries);
    }
    if let Some(calls) = api.concurrency {
        bridge = bridge.concurrency(calls);
    }
    if api.is_dry {
        bridge = bridge.dry_run();
    }
    if api.is_tolerant {
        bridge = bridge.tolerant();
    }
    bridge = bridge.binary_bytes_max(api.binary_bytes_max);
    if let Some(tokens) = api.answer_tokens {
        bridge = bridge.answer_tokens_max(tokens);
    }
    if let Some(pages) = api.pages {
        bridge = bridge.pages(pages);
    }
    for (filter, shape) in &api.shapes {
        let meant = operations.iter_mut().filter(|it| filter.matches(it));
        // Nothing describes what the shape makes of the answer.
        meant.for_each(|operation| operation.output_schema = None);
        bridge = bridge.shape(filter.clone(), shape.clone());
    }
    Ok(Part {
        source: match source {
            Some("-") => "standard input".to_owned(),
            Some(location) => location.to_owned(),
            None => "the built-in demo".to_owned(),
        },
        problems,
        operations,
        description,
        security,
        bridge: bridge.timeout(api.call_timeout),
    })
}

impl Part {
    /// Where its document is.
    pub(crate) fn name(&self) -> &str {
        &self.source
    }

    fn tools(&self) -> Vec<ToolDefinition> {
        let all = self.operations.iter();
        all.map(Operation::tool_definition).collect()
    }

    /// What the document describes but cannot be offered.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &Problem> {
        let all = self.problems.iter();
        all.filter(|problem| problem.impact >= Impact::Part)
    }

    /// Source, tools, credentials and what is left out.
    fn announcement(&self) -> String {
        let mut text = output::table(&self.tools());
        text.push_str(&self.security.table(&self.operations));
        let left_out = self.left_out().count();
        if left_out > 0 {
            text.push_str(&format!(
                "\n{left_out} parts of the document are left out:\n"
            ));
            for problem in self.left_out().take(PROBLEMS_SHOWN) {
                text.push_str(&format!("  {problem}\n"));
            }
            if left_out > PROBLEMS_SHOWN {
                text.push_str("  … `spanway check` lists them all\n");
            }
        }
        text
    }

    fn tools_as_json(&self) -> impl Iterator<Item = Value> {
        self.operations.iter().map(|operation| {
            let tool = operation.tool_definition();
            let mut described = json!({
                "name": tool.name,
                "title": tool.title,
                "description": tool.description,
                "method": operation.method.as_str(),
                "path": operation.path,
                "operationId": operation.operation_id,
                "security": security::needs(operation),
                "inputSchema": *tool.input_schema,
                "outputSchema": tool.output_schema.as_deref(),
                "annotations": tool.annotations,
            });
            // What an operation does not have is left out, as on the wire.
            if let Value::Object(fields) = &mut described {
                fields.retain(|_, value| !value.is_null());
            }
            described
        })
    }
}

/// A problem, for programs.
pub(crate) fn problem_as_json(source: &str, problem: &Problem) -> Value {
    let impact = match problem.impact {
        Impact::Operation => "operation left out",
        Impact::Part => "part left out",
        _ => "note",
    };
    json!({ "source": source, "pointer": problem.pointer, "message": problem.message, "impact": impact })
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
        let descriptions = self.parts.iter().filter_map(|it| it.description.as_deref());
        let instructions = descriptions.collect::<Vec<_>>().join("\n\n");
        if !instructions.is_empty() {
            builder = builder.instructions(instructions);
        }
        let several = self.parts.len() > 1;
        let mut bridges = Vec::new();
        for part in self.parts {
            let built = part.bridge.build();
            let bridge = if several {
                built.with_context(|| part.source)?
            } else {
                built?
            };
            bridges.push(bridge);
        }
        let features = if self.search {
            search_features(bridges)
        } else {
            let mut features = Features::default();
            for bridge in bridges {
                features.extend(bridge.into_features(&Exposure::all()));
            }
            features
        };
        for problem in &features.problems {
            tracing::warn!(%problem, "a mark cannot be followed");
        }
        builder = features.add_to(builder);
        Ok((builder.build()?, announcement))
    }

    /// Name, sources, tools and what is left out.
    pub(crate) fn announcement(&self) -> String {
        let mut text = format!("{} {}", self.name, self.version);
        for part in &self.parts {
            let count = part.operations.len();
            let title = format!(", from {}: {count} tools\n\n", part.source);
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
        text
    }

    /// Everything about the tools, for programs.
    pub(crate) fn to_json(&self) -> Value {
        let tools = self.parts.iter().flat_map(Part::tools_as_json);
        let problems = self.parts.iter().flat_map(|part| {
            let all = part.problems.iter();
            all.map(|problem| problem_as_json(&part.source, problem))
        });
        let schemes = self
            .parts
            .iter()
            .flat_map(|part| part.security.to_json(&part.source));
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
