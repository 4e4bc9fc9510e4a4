//! A caller in the same process, in any revision.

use futures_util::FutureExt;
use serde_json::{Value, json};
use spanway_protocol::jsonrpc::{self, Incoming, Message};
use spanway_protocol::{Call, Era, Limits, ProtocolVersion, encode};
use spanway_server::{Context, McpService, Origin, Principal, Server};
use spanway_testkit::Exchange;

/// Revisions from 2025-06-18 on, which have structured content, titles and resource links.
pub(crate) const SINCE_2506: [ProtocolVersion; 3] = [
    ProtocolVersion::V2025_06_18,
    ProtocolVersion::V2025_11_25,
    ProtocolVersion::V2026_07_28,
];

pub(crate) const MODERN: ProtocolVersion = ProtocolVersion::V2026_07_28;

pub(crate) struct Caller<'a> {
    server: &'a Server,
    version: ProtocolVersion,
    principal: Option<Principal>,
}

/// A caller nobody authenticated.
pub(crate) fn caller(server: &Server, version: ProtocolVersion) -> Caller<'_> {
    Caller {
        server,
        version,
        principal: None,
    }
}

/// A caller for each revision.
pub(crate) fn callers(server: &Server) -> impl Iterator<Item = (ProtocolVersion, Caller<'_>)> {
    ProtocolVersion::ALL
        .into_iter()
        .map(move |version| (version, caller(server, version)))
}

impl Caller<'_> {
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.principal = Some(Principal::new(name));
        self
    }

    /// The whole response to a request, and its HTTP status.
    pub(crate) fn ask(&self, method: &str, params: Value) -> (u16, Value) {
        let asked = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let incoming = jsonrpc::parse(&asked.to_string().into(), &Limits::default()).unwrap();
        let Incoming::Single(Message::Request(request)) = incoming else {
            panic!("not a request")
        };
        let call = Call::new(
            request.id.clone(),
            request.method,
            request.params,
            self.version,
        );
        let mut origin = Origin::default();
        origin.principal.clone_from(&self.principal);
        let context = Context::new(&call, origin, 16);
        let reply = self
            .server
            .call(call, context)
            .now_or_never()
            .expect("handlers here do not wait");
        let info = self.server.info().raw_implementation();
        let outgoing = encode(self.version, &request.id, &reply, info);
        let response: Value = serde_json::from_slice(&outgoing.body).unwrap();
        assert_no_nulls(&response);
        Exchange::about(self.version, &asked).message(&response);
        (outgoing.status, response)
    }

    /// The result of a request that must succeed, checked for what its era wants of every result.
    pub(crate) fn result(&self, method: &str, params: Value) -> Value {
        let (status, response) = self.ask(method, params);
        let result = response
            .get("result")
            .unwrap_or_else(|| panic!("no result: {response}"))
            .clone();
        assert_eq!(status, 200);
        let modern = self.version.era() == Era::Modern;
        assert_eq!(
            result.get("resultType").is_some(),
            modern,
            "T-2607-26: {result}"
        );
        assert_eq!(
            result
                .pointer("/_meta/io.modelcontextprotocol~1serverInfo")
                .is_some(),
            modern,
            "T-2607-25: {result}"
        );
        result
    }

    /// The error of a request that must fail.
    pub(crate) fn error(&self, method: &str, params: Value) -> Value {
        let (_, response) = self.ask(method, params);
        response
            .get("error")
            .unwrap_or_else(|| panic!("no error: {response}"))
            .clone()
    }

    pub(crate) fn call_tool(&self, name: &str, arguments: Value) -> Value {
        self.result(
            "tools/call",
            json!({ "name": name, "arguments": arguments }),
        )
    }

    /// The first text of a tool that must have failed.
    pub(crate) fn tool_error(&self, name: &str, arguments: Value) -> String {
        let result = self.call_tool(name, arguments);
        assert_eq!(result["isError"], true, "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// All items of a list, page by page.
    pub(crate) fn list(&self, method: &str, key: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut params = json!({});
        loop {
            let page = self.result(method, params);
            items.extend(page[key].as_array().unwrap().iter().cloned());
            match page.get("nextCursor") {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => return items,
            }
        }
    }

    pub(crate) fn tool_names(&self) -> Vec<String> {
        names(&self.list("tools/list", "tools"))
    }
}

pub(crate) fn names(items: &[Value]) -> Vec<String> {
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Trap 44: optional fields are left out, never null.
fn assert_no_nulls(value: &Value) {
    match value {
        Value::Null => panic!("a null on the wire"),
        Value::Array(items) => items.iter().for_each(assert_no_nulls),
        Value::Object(fields) => {
            let inner = fields
                .iter()
                .filter(|(key, _)| *key != "inputSchema" && *key != "outputSchema");
            inner.for_each(|(_, value)| assert_no_nulls(value));
        }
        _ => {}
    }
}
