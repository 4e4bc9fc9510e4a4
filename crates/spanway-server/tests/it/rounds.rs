//! A modern client that can be asked: sends a call, and sends it again with answers.

use std::sync::LazyLock;

use futures_util::FutureExt;
use serde_json::{Value, json};
use spanway_protocol::jsonrpc::{self, Incoming, Message};
use spanway_protocol::{Call, Client, Limits, RawJson, Timestamp, encode};
use spanway_server::{Clock, Context, McpService, Origin, Principal, Server};
use spanway_testkit::Exchange;

use crate::support::MODERN;

/// What every refused state is answered with.
pub(crate) static FROZEN: LazyLock<Value> =
    LazyLock::new(|| json!({ "code": -32602, "message": "invalid or expired requestState" }));

pub(crate) struct Asker<'a> {
    server: &'a Server,
    capabilities: Value,
    principal: Option<Principal>,
    now: Timestamp,
}

impl<'a> Asker<'a> {
    /// A client that can answer everything.
    pub(crate) fn new(server: &'a Server) -> Self {
        Self {
            server,
            capabilities: json!({ "elicitation": { "form": {}, "url": {} }, "sampling": { "tools": {} }, "roots": {} }),
            principal: None,
            now: Timestamp::default(),
        }
    }

    pub(crate) fn declaring(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.principal = Some(Principal::new(name));
        self
    }

    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// The whole response.
    pub(crate) fn raw(&self, method: &str, params: Value) -> Value {
        let asked = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let incoming = jsonrpc::parse(&asked.to_string().into(), &Limits::default()).unwrap();
        let Incoming::Single(Message::Request(request)) = incoming else {
            panic!("not a request")
        };
        let mut call = Call::new(request.id.clone(), request.method, request.params, MODERN);
        let capabilities = RawJson::from_serialize(&self.capabilities).unwrap();
        call.client = Client::new(RawJson::default(), capabilities);
        let mut origin = Origin::default();
        origin.principal.clone_from(&self.principal);
        origin.clock = Some(Clock::stopped(self.now));
        let context = Context::new(&call, origin, 16);
        let reply = self.server.call(call, context).now_or_never();
        let reply = reply.expect("a modern call never waits for its client");
        let info = self.server.info().raw_implementation();
        let outgoing = encode(MODERN, &request.id, &reply, info);
        let response = serde_json::from_slice(&outgoing.body).unwrap();
        Exchange::about(MODERN, &asked).message(&response);
        response
    }

    fn call(&self, tool: &str, arguments: Value, with: Value) -> Value {
        let mut params = json!({ "name": tool, "arguments": arguments });
        let Value::Object(with) = with else {
            panic!("not an object")
        };
        params.as_object_mut().unwrap().extend(with);
        self.raw("tools/call", params)
    }

    pub(crate) fn result(&self, tool: &str, arguments: Value, with: Value) -> Value {
        let response = self.call(tool, arguments, with);
        assert!(response.get("result").is_some(), "{response}");
        response["result"].clone()
    }

    pub(crate) fn error(&self, tool: &str, arguments: Value, with: Value) -> Value {
        let response = self.call(tool, arguments, with);
        assert!(response.get("error").is_some(), "{response}");
        response["error"].clone()
    }

    /// The text of a call that is completed.
    pub(crate) fn text(&self, tool: &str, arguments: Value, with: Value) -> String {
        let result = self.result(tool, arguments, with);
        assert_eq!(result["resultType"], "complete", "{result}");
        assert_ne!(result["isError"], true, "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// The state of a call that asks.
    pub(crate) fn state(&self, tool: &str, arguments: Value) -> String {
        let result = self.result(tool, arguments, json!({}));
        assert_eq!(result["resultType"], "input_required", "{result}");
        result["requestState"].as_str().unwrap().to_owned()
    }
}
