//! From a SOURCE to what is served: the document, its operations, the upstream behind them.

mod security;

use anyhow::Context as _;
use serde_json::{Value, json};
use spanway::Server;
use spanway::openapi::{
    Bridge, BridgeBuilder, Catalog, HttpUpstream, Impact, Operation, Problem, ServiceUpstream,
    Source, parse_document,
};
use spanway::protocol::schema::ToolDefinition;

use crate::config::Api;
use crate::{demo, output};
use security::Security;

/// Problems that are shown by name; more are counted.
const PROBLEMS_SHOWN: usize = 10;

/// Where the demo's own API seems to be; nothing is sent there, the calls stay in this process.
const DEMO_BASE: &str = "http://bookshop.localhost/";

/// An API, read and ready to be served or listed.
pub(crate) struct Served {
    name: String,
    version: String,
    description: Option<String>,
    source: String,
    problems: Vec<Problem>,
    security: Security,
    operations: Vec<Operation>,
    bridge: BridgeBuilder,
}

/// Reads the document at `source`, or the demo's.
///
/// # Errors
/// The document cannot be read, or the API not be reached this way; one line that says what and where.
pub(crate) async fn open(source: Option<&str>, api: &Api) -> anyhow::Result<Served> {
    let document = match source {
        Some(location) => Source::new(location).load().await?,
        None => parse_document(demo::document().as_bytes(), None)?,
    };
    let catalog = Catalog::read(&document);
    let problems = catalog.problems().to_vec();
    let catalog = catalog.include(&api.include).exclude(&api.exclude);
    let operations = catalog.operations().to_vec();
    let schemes: Vec<_> = catalog
        .security_schemes()
        .map(|(name, scheme)| (name.to_owned(), scheme.clone()))
        .collect();
    let name = api
        .name
        .clone()
        .or_else(|| catalog.title().map(str::to_owned));
    let version = catalog.version().map(str::to_owned);
    let description = catalog.description().map(str::to_owned);
    let mut bridge = match source {
        Some(_) => Bridge::builder(catalog, HttpUpstream::new()?),
        None => Bridge::builder(catalog, ServiceUpstream::new(demo::router()))
            .base_url(DEMO_BASE.parse()?),
    };
    if let Some(upstream) = &api.upstream {
        bridge = bridge.base_url(upstream.clone());
    }
    for (header, value) in &api.headers {
        let value = value
            .to_str()
            .with_context(|| format!("--header {header}: the value is not plain ASCII"))?;
        bridge = bridge.header(header.as_str(), value)?;
    }
    for (scheme, source) in &api.credentials {
        bridge = bridge.credential(scheme, source.clone());
    }
    for header in &api.forward {
        bridge = bridge.forward_header(header)?;
    }
    Ok(Served {
        name: name.unwrap_or_else(|| "api".to_owned()),
        version: version.unwrap_or_else(|| "0".to_owned()),
        description,
        source: source.unwrap_or("the built-in demo").to_owned(),
        problems,
        security: Security::new(schemes, api),
        operations,
        bridge: bridge.timeout(api.call_timeout),
    })
}

impl Served {
    /// The tools as clients will see them.
    pub(crate) fn tools(&self) -> Vec<ToolDefinition> {
        self.operations
            .iter()
            .map(Operation::tool_definition)
            .collect()
    }

    /// The server of these tools, and what to print before it starts.
    ///
    /// # Errors
    /// There is no base URL, or a tool cannot be offered.
    pub(crate) fn into_server(self) -> anyhow::Result<(Server, String)> {
        let announcement = self.announcement();
        let mut builder = Server::builder(self.name, self.version);
        if let Some(description) = self.description {
            builder = builder.instructions(description);
        }
        for tool in self.bridge.build()?.into_tools() {
            builder = builder.tool(tool);
        }
        Ok((builder.build()?, announcement))
    }

    /// Name, source, tools and what is left out.
    pub(crate) fn announcement(&self) -> String {
        let tools = self.tools();
        let left_out = self.left_out();
        let mut text = format!(
            "{} {}, from {}: {} tools\n\n",
            self.name,
            self.version,
            self.source,
            tools.len()
        );
        text.push_str(&output::table(&tools));
        text.push_str(&self.security.table(&self.operations));
        if !left_out.is_empty() {
            text.push_str(&format!(
                "\n{} parts of the document are left out:\n",
                left_out.len()
            ));
            for problem in left_out.iter().take(PROBLEMS_SHOWN) {
                text.push_str(&format!("  {problem}\n"));
            }
            if left_out.len() > PROBLEMS_SHOWN {
                text.push_str("  … `spanway tools --json` lists them all\n");
            }
        }
        text
    }

    /// What the document describes but cannot be offered.
    fn left_out(&self) -> Vec<&Problem> {
        self.problems
            .iter()
            .filter(|problem| problem.impact >= Impact::Part)
            .collect()
    }

    /// Everything about the tools, for programs.
    pub(crate) fn to_json(&self) -> Value {
        let tools = self.operations.iter().map(|operation| {
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
        });
        let problems = self.problems.iter().map(|problem| {
            let impact = match problem.impact {
                Impact::Operation => "operation left out",
                Impact::Part => "part left out",
                _ => "note",
            };
            json!({ "pointer": problem.pointer, "message": problem.message, "impact": impact })
        });
        json!({
            "name": self.name,
            "version": self.version,
            "securitySchemes": self.security.to_json(),
            "tools": tools.collect::<Vec<_>>(),
            "problems": problems.collect::<Vec<_>>(),
        })
    }
}
