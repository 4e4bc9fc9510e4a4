//! What the tools need of credentials and what of it is given, as told to the operator; never a secret.

use serde_json::{Value, json};
use spanway::openapi::{BridgeBuilder, CredentialSource, Operation, SecurityScheme};

use crate::config::Api;

/// The security schemes of a document, and which of them the settings name.
pub(super) struct Security(Vec<(String, SecurityScheme, Option<CredentialSource>)>);

impl Security {
    pub(super) fn new(schemes: Vec<(String, SecurityScheme)>, api: &Api) -> Self {
        let with_source = schemes.into_iter().map(|(name, scheme)| {
            let given = api.credentials.iter().rfind(|(given, _)| *given == name);
            let source = given.map(|(_, source)| source.clone());
            (name, scheme, source)
        });
        Self(with_source.collect())
    }

    /// One line a scheme that operations need; nothing if they need none.
    pub(super) fn table<'o>(&self, operations: impl Iterator<Item = &'o Operation>) -> String {
        let operations: Vec<&Operation> = operations.collect();
        let lines = self.0.iter().filter_map(|(name, scheme, source)| {
            let count = operations.iter().filter(|it| is_for(it, name)).count();
            let state = match source {
                Some(source) => shown(source),
                None => "no --credential; a --header or --forward-header may do".to_owned(),
            };
            (count > 0).then(|| format!("  {name}, {scheme}: for {count} operations; {state}\n"))
        });
        let lines: String = lines.collect();
        if lines.is_empty() {
            return lines;
        }
        format!("\nCredentials:\n{lines}")
    }

    pub(super) fn to_json(&self, document: &str) -> Vec<Value> {
        let schemes = self.0.iter().map(|(name, scheme, source)| {
            let kind = scheme.to_string();
            json!({ "document": document, "name": name, "kind": kind, "given": source.as_ref().map(shown) })
        });
        schemes.collect()
    }
}

/// Gives the bridge the credentials of the settings, and says how tokens are asked for.
pub(super) fn give(mut bridge: BridgeBuilder, api: &Api) -> BridgeBuilder {
    for (scheme, source) in &api.credentials {
        bridge = bridge.credential(scheme, source.clone());
    }
    for (scheme, name, value) in &api.token_parameters {
        bridge = bridge.token_parameter(scheme, name, value);
    }
    for scheme in &api.json_logins {
        bridge = bridge.json_login(scheme);
    }
    bridge
}

/// The names of the schemes an operation needs, by alternatives; `null` if it needs none.
pub(super) fn needs(operation: &Operation) -> Value {
    let alternatives = operation.security.iter().map(|needs| {
        let names = needs.iter().map(|need| need.scheme.as_str());
        names.collect::<Vec<_>>()
    });
    let alternatives: Vec<_> = alternatives.collect();
    if alternatives.is_empty() {
        Value::Null
    } else {
        json!(alternatives)
    }
}

fn is_for(operation: &Operation, scheme: &str) -> bool {
    operation
        .security
        .iter()
        .flatten()
        .any(|need| need.scheme == scheme)
}

/// Where it is kept. A command line may hold a secret itself, so that it is not shown.
fn shown(source: &CredentialSource) -> String {
    match source {
        CredentialSource::Env(name) => format!("from the environment variable {name}"),
        CredentialSource::File(path) => format!("from {}", path.display()),
        CredentialSource::Command(_) => "from a command".to_owned(),
        CredentialSource::Unneeded => "added by something else".to_owned(),
        _ => "given".to_owned(),
    }
}
