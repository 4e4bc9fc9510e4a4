//! Dry runs: what would be sent to the API is shown, and nothing is sent. No secret is in it: credentials are not
//! even fetched, and headers of the operator and of the caller are named without their values.

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use serde_json::{Map, Value, json};
use spanway_protocol::schema::CallToolResult;

use super::{Bridge, BridgeBuilder, Callable, Caller};
use crate::operation::Operation;
use crate::request::build_request;

const HIDDEN: &str = "[redacted]";
/// Bytes of a body that are shown.
const BODY_BYTES_MAX: usize = 16 * 1024;

impl BridgeBuilder {
    /// Sends nothing to the API: each call answers with the request that it would have sent, credentials redacted.
    ///
    /// Tools then have no output schema, and what would be read for a resource or prompt is an error that says so.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.is_dry = true;
        self
    }
}

impl Bridge {
    /// The request that a call would send.
    pub(super) fn show(
        &self,
        callable: &Callable,
        arguments: &Map<String, Value>,
        caller: Caller<'_>,
    ) -> CallToolResult {
        let operation = &callable.operation;
        let fixed = self.fixed_headers(caller.headers);
        match build_request(operation, &callable.base, arguments, &fixed) {
            Ok(request) => {
                let shown = json!({
                    "sent": false,
                    "method": request.method().as_str(),
                    "url": url(&callable.base, &request),
                    "headers": headers(request.headers(), &fixed),
                    "credentials": credentials(operation),
                    "body": body(&request),
                });
                CallToolResult::text(format!("{shown:#}"))
            }
            Err(error) => CallToolResult::error(error.to_string()),
        }
    }
}

/// The URL, of whose query only what the call adds is shown: a key may be in the operator's.
fn url(base: &url::Url, request: &Request<Bytes>) -> String {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = uri.authority().map_or("", |it| it.as_str());
    let query = uri.query().unwrap_or_default();
    let own = base
        .query()
        .and_then(|secret| query.strip_prefix(secret))
        .map(|added| format!("{HIDDEN}{added}"));
    let query = own.unwrap_or_else(|| query.to_owned());
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{host}{}{mark}{query}", uri.path())
}

fn headers(headers: &HeaderMap, fixed: &HeaderMap) -> Value {
    let mut shown = Map::new();
    for name in headers.keys() {
        let is_secret = fixed.contains_key(name)
            || [header::AUTHORIZATION, header::COOKIE].contains(name)
            || headers.get_all(name).iter().any(|it| it.is_sensitive());
        let values = headers.get_all(name).iter();
        let values: Vec<String> = values
            .map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned())
            .collect();
        let value = match is_secret {
            true => HIDDEN.to_owned(),
            false => values.join(", "),
        };
        shown.insert(name.to_string(), value.into());
    }
    shown.into()
}

/// The names of the schemes of which one set is needed.
fn credentials(operation: &Operation) -> Vec<Vec<&str>> {
    let sets = operation.security.iter();
    sets.map(|set| set.iter().map(|need| &*need.scheme).collect())
        .collect()
}

fn body(request: &Request<Bytes>) -> Value {
    let bytes = request.body();
    if bytes.is_empty() {
        return Value::Null;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= BODY_BYTES_MAX => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
        _ => format!("{} bytes", bytes.len()).into(),
    }
}
