//! What strict rules refuse of what the specification leaves open; everything here is let pass without them.

use http::header::ACCEPT;
use serde_json::{Map, Value, json};
use spanway_http::StreamableHttp;
use spanway_protocol::{METHOD, NAME, PROTOCOL_VERSION};
use spanway_server::{Prompt, Server, TaskSupport, Tool};
use spanway_testkit::{Client, RequestBuilder, Session};

/// An endpoint with lenient rules and one with strict ones.
fn clients() -> [Client; 2] {
    [false, true].map(|strict| {
        let schema = json!({
            "type": "object",
            "properties": { "count": { "type": "integer", "x-mcp-header": "Count" } },
        });
        let echo = async |arguments: Map<String, Value>| Value::Object(arguments).to_string();
        let server = Server::builder("shop", "1")
            .tool(Tool::new("echo", echo).input_schema(schema))
            .tool(Tool::new("work", async || "done").tasks(TaskSupport::Optional))
            .prompt(Prompt::new("hello", async || "hello"))
            .build();
        let endpoint = StreamableHttp::builder(server.expect("a server"));
        Client::new(if strict {
            endpoint.strict_headers().build()
        } else {
            endpoint.build()
        })
    })
}

/// Sends the request to both: the lenient one lets it pass, the strict one refuses it and names the header.
async fn only_strict(
    request: impl AsyncFn(&Client) -> RequestBuilder,
    refusal: (u16, i64),
    header: &str,
) {
    let [lenient, strict] = clients();
    let passed = request(&lenient).await.open().await;
    assert!(passed.status < 300, "{header}: {}", passed.status);
    let refused = request(&strict).await.send().await;
    assert_eq!(refused.refusal(), refusal, "{header}");
    let said = refused.error_text();
    assert!(
        said.to_ascii_lowercase().contains(header) && said.contains("--strict-headers"),
        "{said}"
    );
}

const MODERN: (u16, i64) = (400, -32020);
const LEGACY: (u16, i64) = (400, -32600);

#[tokio::test]
async fn what_the_specification_asks_for_passes_strict_rules_in_every_era() {
    let [_, client] = clients();
    let call = client.modern_call("echo", json!({ "count": 42 }));
    let call = call.header("mcp-param-count", "42.0");
    assert_eq!(call.send().await.result()["isError"], Value::Null);
    for method in ["tools/list", "server/discover"] {
        assert_eq!(client.modern(method, json!({})).send().await.status, 200);
    }
    let prompt = client.modern("prompts/get", json!({ "name": "hello" }));
    // T-2607-07: what is to be ignored is ignored.
    let prompt = prompt
        .header("mcp-session-id", "x")
        .header("last-event-id", "1");
    assert_eq!(prompt.send().await.status, 200);
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = client.connect(version).await;
        let called = session.call("echo", json!({})).send().await;
        assert_eq!(called.status, 200, "{version}");
        assert_eq!(session.listen().open().await.status, 200, "{version}");
        assert_eq!(session.delete().send().await.status, 200, "{version}");
    }
}

#[tokio::test]
async fn t_2503_02_strict_rules_want_both_forms_of_answer_accepted() {
    let accepting = |accept: Option<&'static str>| {
        async move |client: &Client| {
            let call = client.modern_call("echo", json!({}));
            match accept {
                Some(accept) => call.set(&ACCEPT, accept),
                None => call.without(&ACCEPT),
            }
        }
    };
    for accept in [None, Some("application/json"), Some("text/event-stream")] {
        only_strict(accepting(accept), (406, -32600), "accept").await;
    }
    let get = async |client: &Client| client.connect("2025-11-25").await.listen().without(&ACCEPT);
    only_strict(get, (406, -32600), "accept").await;
}

#[tokio::test]
async fn t_hdr_02_strict_rules_want_no_name_where_none_is_mirrored() {
    let list = async |client: &Client| {
        let list = client.modern("tools/list", json!({}));
        list.header("mcp-name", "echo")
    };
    only_strict(list, MODERN, "mcp-name").await;
}

#[tokio::test]
async fn t_hdr_02_and_trap_27_strict_rules_want_the_name_of_a_task() {
    let taking = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let get = |client: &Client| {
        let get = client.modern("tasks/get", json!({ "taskId": "x" }));
        get.meta("io.modelcontextprotocol/clientCapabilities", taking.clone())
    };
    let nameless = async |client: &Client| get(client).without(&NAME);
    only_strict(nameless, MODERN, "mcp-name").await;
    let [_, strict] = clients();
    assert_eq!(get(&strict).send().await.refusal(), (200, -32602));
}

#[tokio::test]
async fn t_hdr_09_strict_rules_want_no_parameter_that_mirrors_nothing() {
    for method in ["tools/call", "prompts/get"] {
        let unknown = async |client: &Client| {
            let name = if method == "tools/call" {
                "echo"
            } else {
                "hello"
            };
            let request = client.modern(method, json!({ "name": name, "arguments": {} }));
            request.header("mcp-param-region", "North")
        };
        only_strict(unknown, MODERN, "mcp-param-region").await;
    }
}

#[tokio::test]
async fn t_hdr_07_strict_rules_want_integers_written_in_one_way() {
    for (count, text) in [(42, "042"), (0, "-0"), (-7, "-07"), (0, "00.0")] {
        let call = async |client: &Client| {
            let call = client.modern_call("echo", json!({ "count": count }));
            call.header("mcp-param-count", text)
        };
        only_strict(call, MODERN, "mcp-param-count").await;
    }
    let [_, strict] = clients();
    for (count, text) in [(0, "0"), (-7, "-7"), (10, "10.00"), (0, "=?base64?MA==?=")] {
        let call = strict.modern_call("echo", json!({ "count": count }));
        let answer = call.header("mcp-param-count", text).send().await;
        assert_eq!(answer.status, 200, "{text}");
    }
}

#[tokio::test]
async fn t_2607_03_strict_rules_hold_notifications_to_the_rules_of_requests() {
    let notification = |client: &Client| {
        let message = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {
            "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } } });
        let post = client.post_json(message);
        post.set(&PROTOCOL_VERSION, "2026-07-28")
            .set(&METHOD, "notifications/cancelled")
    };
    let [_, strict] = clients();
    assert_eq!(notification(&strict).send().await.status, 202);
    let other_method = async |client: &Client| notification(client).set(&METHOD, "tools/call");
    let no_method = async |client: &Client| notification(client).without(&METHOD);
    let no_version = async |client: &Client| notification(client).without(&PROTOCOL_VERSION);
    let mirrors = async |client: &Client| notification(client).header("mcp-param-a", "b");
    let [lenient, strict] = clients();
    for (request, header) in [
        (other_method(&strict).await, "mcp-method"),
        (no_method(&strict).await, "mcp-method"),
        (no_version(&strict).await, "mcp-protocol-version"),
        (mirrors(&strict).await, "mcp-param-a"),
    ] {
        let refused = request.send().await;
        assert_eq!(refused.refusal(), MODERN, "{header}");
        assert!(refused.error_text().contains(header));
        assert_eq!(refused.json().get("id"), None);
    }
    for request in [
        other_method(&lenient).await,
        no_method(&lenient).await,
        no_version(&lenient).await,
        mirrors(&lenient).await,
    ] {
        assert_eq!(request.send().await.status, 202);
    }
}

#[tokio::test]
async fn d2_14_and_t_dual_07_strict_rules_want_initialize_to_name_no_session_and_no_unknown_revision()
 {
    let with_session = async |client: &Client| {
        client
            .initialize("2025-11-25")
            .header("mcp-session-id", "x")
    };
    only_strict(with_session, LEGACY, "mcp-session-id").await;
    let [lenient, strict] = clients();
    let unknown = |client: &Client| {
        client
            .initialize("2025-11-25")
            .set(&PROTOCOL_VERSION, "1999")
    };
    assert_eq!(unknown(&lenient).send().await.status, 200);
    assert_eq!(unknown(&strict).send().await.refusal(), LEGACY);
    let known = strict
        .initialize("2025-11-25")
        .set(&PROTOCOL_VERSION, "2025-06-18");
    assert_eq!(known.send().await.status, 200);
}

#[tokio::test]
async fn t_dual_14_strict_rules_want_the_version_of_the_session() {
    let in_session = |version: &'static str, named: Option<&'static str>| {
        async move |client: &Client| {
            let call = client.connect(version).await.call("echo", json!({}));
            match named {
                Some(named) => call.set(&PROTOCOL_VERSION, named),
                None => call.without(&PROTOCOL_VERSION),
            }
        }
    };
    for (version, named) in [
        ("2025-11-25", Some("2025-03-26")),
        ("2025-11-25", None),
        ("2025-06-18", None),
        ("2025-03-26", Some("2025-06-18")),
    ] {
        only_strict(in_session(version, named), LEGACY, "mcp-protocol-version").await;
    }
    let of_session = async |client: &Client, change: fn(&Session) -> RequestBuilder| {
        change(&client.connect("2025-11-25").await).without(&PROTOCOL_VERSION)
    };
    for change in [Session::listen, Session::delete] {
        let request = async |client: &Client| of_session(client, change).await;
        only_strict(request, LEGACY, "mcp-protocol-version").await;
    }
}

#[tokio::test]
async fn t_dual_15_strict_rules_want_modern_headers_on_legacy_messages_to_be_true_or_absent() {
    let call = async |client: &Client| {
        let session = client.connect("2025-11-25").await;
        session.call("echo", json!({}))
    };
    let [_, strict] = clients();
    let agreeing = call(&strict).await;
    let agreeing = agreeing
        .set(&METHOD, "tools/call")
        .header("mcp-name", "echo");
    assert_eq!(agreeing.send().await.status, 200);
    for (header, value) in [("mcp-method", "tools/list"), ("mcp-param-count", "1")] {
        let lying = async |client: &Client| call(client).await.header(header, value);
        only_strict(lying, LEGACY, header).await;
    }
    let misnamed = call(&strict).await.header("mcp-name", "other").send().await;
    assert_eq!(misnamed.refusal(), LEGACY);
    let listing = async |client: &Client| {
        let session = client.connect("2025-11-25").await;
        session.listen().header("mcp-method", "tools/call")
    };
    only_strict(listing, LEGACY, "mcp-method").await;
    let batch = async |client: &Client| {
        let session = client.connect("2025-03-26").await;
        let ping = json!([{ "jsonrpc": "2.0", "id": 1, "method": "ping" }]);
        session.post(ping).header("mcp-method", "ping")
    };
    only_strict(batch, LEGACY, "mcp-method").await;
}
