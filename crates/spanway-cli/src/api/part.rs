//! One API: what its document says, what becomes of it, and the upstream behind it.

use anyhow::Context as _;
use serde_json::{Value, json};
use spanway::openapi::{
    Bridge, BridgeBuilder, BridgeError, Catalog, Document, Exposed, Exposure, Features,
    HttpUpstream, Impact, Operation, Problem, ServiceUpstream,
};
use spanway::protocol::schema::ToolDefinition;

use super::security::{self, Security};
use super::{Offer, Opening};
use crate::config::Api;
use crate::{demo, output};

/// Problems that are shown by name; more are counted.
const PROBLEMS_SHOWN: usize = 10;

/// Where the demo's own API seems to be; nothing is sent there, the calls stay in this process.
const DEMO_BASE: &str = "http://bookshop.localhost/";

/// The scheme of resource URIs of an API without a prefix.
const SCHEME: &str = "app";

/// One API, read and ready to be served or listed.
pub(crate) struct Part {
    location: Option<String>,
    api: Api,
    catalog: Catalog,
    exposure: Exposure,
    security: Security,
    /// What is offered besides the operations.
    extras: Features,
}

impl Part {
    pub(super) fn new(
        (prefix, location, api): &Opening,
        document: &Document,
        catalog: Catalog,
        offer: Offer,
    ) -> Self {
        let scheme = prefix.as_deref().map_or(SCHEME.to_owned(), scheme);
        let mut extras = Features::default();
        if offer.schemas {
            extras.resources = document.schema_resources(&scheme);
        }
        let schemes = catalog.security_schemes();
        let schemes = schemes.map(|(name, scheme)| (name.to_owned(), scheme.clone()));
        Self {
            location: location.clone(),
            api: api.clone(),
            exposure: Exposure::all().reads(offer.reads).scheme(scheme),
            security: Security::new(schemes.collect(), api),
            catalog,
            extras,
        }
    }

    /// Adds the tools and prompts that tell what there is.
    pub(super) fn add_guide(&mut self) {
        self.extras.extend(self.catalog.guide(&self.exposure));
    }

    /// Where its document is.
    pub(crate) fn name(&self) -> &str {
        match self.location.as_deref() {
            Some("-") => "standard input",
            Some(location) => location,
            None => "the built-in demo",
        }
    }

    pub(super) fn description(&self) -> Option<&str> {
        self.catalog.description()
    }

    /// What was odd.
    pub(crate) fn problems(&self) -> &[Problem] {
        self.catalog.problems()
    }

    /// The operations that clients get something of, and what.
    pub(crate) fn exposed(&self) -> impl Iterator<Item = (&Operation, Exposed)> {
        let all = self.catalog.operations().iter();
        let all = all.map(|it| (it, self.exposure.exposed(it)));
        all.filter(|(_, it)| it.tool || it.resources > 0 || it.prompt)
    }

    /// The operations that are tools.
    pub(super) fn tools(&self) -> impl Iterator<Item = &Operation> {
        self.exposed()
            .filter_map(|(operation, it)| it.tool.then_some(operation))
    }

    /// What the document describes but cannot be offered.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = &Problem> {
        let all = self.problems().iter();
        all.filter(|problem| problem.impact >= Impact::Part)
    }

    /// What is served, by way of the upstream.
    ///
    /// # Errors
    /// There is no base URL, or a setting cannot be used.
    pub(super) fn bridge(self) -> anyhow::Result<(Bridge, Exposure, Features)> {
        let bridge = match &self.location {
            Some(_) => Bridge::builder(self.catalog, HttpUpstream::new()?),
            None => Bridge::builder(self.catalog, ServiceUpstream::new(demo::router()))
                .base_url(DEMO_BASE.parse()?),
        };
        let bridge = configured(bridge, &self.api)?.build()?;
        Ok((bridge, self.exposure, self.extras))
    }

    /// The same by way of nothing at all: to be listed, where neither base URL nor credentials are needed.
    pub(super) fn unreachable(self) -> Result<(Bridge, Exposure, Features), BridgeError> {
        let nobody = ServiceUpstream::new(axum::Router::new());
        let mut bridge = Bridge::builder(self.catalog, nobody);
        if let Ok(base) = DEMO_BASE.parse() {
            bridge = bridge.base_url(base);
        }
        Ok((bridge.build()?, self.exposure, self.extras))
    }

    /// The number of tools, those that are no operations included.
    pub(super) fn tools_count(&self) -> usize {
        self.tools().count() + self.extras.tools.len()
    }

    /// Tools, what else there is, credentials and what is left out.
    pub(super) fn announcement(&self) -> String {
        let tools = self.tools().map(Operation::tool_definition);
        let own = self.extras.tools.iter().map(|it| it.definition().clone());
        let tools: Vec<ToolDefinition> = tools.chain(own).collect();
        let mut text = output::table(&tools);
        text.push_str(&self.others());
        let operations = self.exposed().map(|(operation, _)| operation);
        text.push_str(&self.security.table(operations));
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

    /// How much there is that is no tool.
    fn others(&self) -> String {
        let resources: usize = self.exposed().map(|(_, it)| it.resources).sum();
        let resources = resources + self.extras.resources.len();
        let prompts = self.exposed().filter(|(_, it)| it.prompt).count();
        let prompts = prompts + self.extras.prompts.len();
        let mut lines = Vec::new();
        if resources > 0 {
            lines.push(format!("{resources} resources and templates"));
        }
        if prompts > 0 {
            lines.push(format!("{prompts} prompts"));
        }
        if lines.is_empty() {
            return String::new();
        }
        format!("\nBeside the tools: {}.\n", lines.join(", "))
    }

    pub(super) fn schemes_as_json(&self) -> Vec<Value> {
        self.security.to_json(self.name())
    }

    pub(super) fn tools_as_json(&self) -> impl Iterator<Item = Value> {
        let own = self.extras.tools.iter();
        let own = own.map(|it| described(it.definition(), None));
        let operations = self.tools().map(|operation| {
            let mut tool = operation.tool_definition();
            let mut shapes = self.api.shapes.iter();
            if self.api.is_dry || shapes.any(|(filter, _)| filter.matches(operation)) {
                // Nothing describes what comes in place of the answer, or what a shape makes of it.
                tool.output_schema = None;
            }
            described(&tool, Some(operation))
        });
        operations.chain(own)
    }
}

/// A tool, and the operation that it is, for programs.
fn described(tool: &ToolDefinition, operation: Option<&Operation>) -> Value {
    let mut described = json!({
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "method": operation.map(|it| it.method.as_str()),
        "path": operation.map(|it| &it.path),
        "operationId": operation.map(|it| &it.operation_id),
        "security": operation.map(security::needs),
        "inputSchema": *tool.input_schema,
        "outputSchema": tool.output_schema.as_deref(),
        "annotations": tool.annotations,
    });
    output::without_nothing(&mut described);
    described
}

/// The settings, for the bridge of one API.
fn configured(mut bridge: BridgeBuilder, api: &Api) -> anyhow::Result<BridgeBuilder> {
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
    if let Some(tokens) = api.answer_tokens {
        bridge = bridge.answer_tokens_max(tokens);
    }
    if let Some(pages) = api.pages {
        bridge = bridge.pages(pages);
    }
    for (filter, shape) in &api.shapes {
        bridge = bridge.shape(filter.clone(), shape.clone());
    }
    Ok(bridge
        .binary_bytes_max(api.binary_bytes_max)
        .timeout(api.call_timeout))
}

/// A prefix as the scheme of URIs (RFC 3986, section 3.1).
fn scheme(prefix: &str) -> String {
    let prefix = prefix.replace('_', "-").to_ascii_lowercase();
    if prefix.starts_with(|it: char| it.is_ascii_alphabetic()) {
        prefix
    } else {
        format!("{SCHEME}-{}", prefix.trim_start_matches('-'))
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
