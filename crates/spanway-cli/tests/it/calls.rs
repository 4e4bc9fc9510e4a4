//! `spanway call` against servers of either era, well behaved and not.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::fake::{Fake, Seen, error, events, plain, result};
use crate::program::call;

const MODERN: &str = "2026-07-28";

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

/// The handshake of a legacy server with a session; `on_call` answers the rest.
fn legacy(on_call: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> Fake {
    Fake::start(move |seen| match (seen.method.as_str(), seen.rpc()) {
        ("POST", "initialize") => {
            let hello = json!({
                "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "old", "version": "1"},
            });
            ([("mcp-session-id", "s-1")], result(seen, hello)).into_response()
        }
        ("POST", "notifications/initialized" | "notifications/cancelled") => plain(202, ""),
        ("POST", "server/discover") => plain(400, "Bad Request: Missing session ID"),
        ("DELETE", _) => plain(405, ""),
        _ => on_call(seen),
    })
}

/// A modern server; `on_call` answers all but discovery.
fn modern(on_call: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> Fake {
    Fake::start(move |seen| match seen.rpc() {
        "server/discover" => {
            let info =
                json!({"io.modelcontextprotocol/serverInfo": {"name": "new", "version": "2"}});
            result(
                seen,
                json!({"resultType": "complete", "supportedVersions": [MODERN], "capabilities": {}, "_meta": info}),
            )
        }
        _ => on_call(seen),
    })
}

#[test]
fn t_2607_20_modern_requests_carry_their_metadata_and_headers() {
    let server = modern(|seen| result(seen, text("hello")));
    assert_eq!(
        call(&server.url(), &["größe", r#"{"a": 1}"#]).ok(),
        "hello\n"
    );
    assert_eq!(server.story(), ["server/discover", "tools/call"]);
    for seen in server.seen() {
        let meta = &seen.body["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], MODERN);
        assert!(meta["io.modelcontextprotocol/clientCapabilities"].is_object());
        assert_eq!(seen.header("mcp-protocol-version"), MODERN);
        assert_eq!(seen.header("mcp-method"), seen.rpc());
        assert_eq!(seen.header("mcp-session-id"), "");
    }
    let call = &server.seen()[1];
    assert_eq!(call.header("mcp-name"), "=?base64?Z3LDtsOfZQ==?=");
    assert_eq!(call.body["params"]["arguments"], json!({"a": 1}));
}

#[test]
fn t_2411_10_a_legacy_server_gets_its_handshake_and_its_goodbye() {
    let server = legacy(|seen| result(seen, text("hello")));
    assert_eq!(call(&server.url(), &["greet"]).ok(), "hello\n");
    let story = [
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/call",
        "DELETE",
    ];
    assert_eq!(server.story(), story);
    let seen = server.seen();
    assert_eq!(seen[1].header("mcp-protocol-version"), "");
    assert_eq!(seen[1].body["params"]["protocolVersion"], "2025-11-25");
    for seen in &seen[2..] {
        assert_eq!(seen.header("mcp-session-id"), "s-1");
        assert_eq!(seen.header("mcp-protocol-version"), "2025-06-18");
        assert_eq!(
            seen.header("mcp-method"),
            "",
            "nothing modern in a legacy session"
        );
    }
    let meta = &seen[3].body["params"]["_meta"];
    assert_eq!(meta, &json!({"progressToken": 1}));
}

#[test]
fn the_revision_can_be_chosen() {
    let server = legacy(|seen| result(seen, text("hello")));
    call(&server.url(), &["greet", "--protocol", "2025-03-26"]).ok();
    assert_eq!(server.story()[0], "initialize");
    assert_eq!(
        server.seen()[0].body["params"]["protocolVersion"],
        "2025-03-26"
    );
    let line = call(&server.url(), &["greet", "--protocol", MODERN]).failed(1);
    assert!(line.contains("no revision in common"), "{line}");
}

#[test]
fn t_2511_02_streams_are_read_past_priming_comments_and_notifications() {
    let server = legacy(|seen| {
        events(format!(
            ": hello\n\nid: 1\ndata:\n\n\
             event: other\ndata: not ours\n\n\
             data: {}\n\n: keep-alive\n\ndata: {}\n\ndata: {}\n\ndata: {}\r\n\r\n",
            json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}),
            json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 1, "total": 2, "message": "half"}}),
            json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "note"}}),
            json!({"jsonrpc": "2.0", "id": seen.body["id"], "result": text("done")}),
        ))
    });
    let ended = call(&server.url(), &["slow"]);
    assert_eq!(ended.stderr, "progress 1/2 half\ninfo: note\n");
    assert_eq!(ended.ok(), "done\n");
}

#[test]
fn t_2503_16_a_broken_stream_is_resumed_where_it_broke() {
    let server = legacy(|seen| {
        if seen.method != "GET" {
            return events("id: s/7\nretry: 1\ndata:\n\n");
        }
        assert_eq!(seen.header("last-event-id"), "s/7");
        assert_eq!(seen.header("mcp-session-id"), "s-1");
        events(format!(
            "id: s/8\ndata: {}\n\n",
            json!({"jsonrpc": "2.0", "id": 3, "result": text("late")})
        ))
    });
    assert_eq!(call(&server.url(), &["slow"]).ok(), "late\n");
}

#[test]
fn a_stream_that_cannot_be_resumed_is_an_error() {
    let server = modern(|_| events("data:\n\n"));
    let line = call(&server.url(), &["slow"]).failed(1);
    assert!(line.contains("ends before the answer"), "{line}");
}

#[test]
fn a_legacy_server_that_pings_is_answered() {
    let server = legacy(|seen| match seen.rpc() {
        "tools/call" => events(format!(
            "data: {}\n\ndata: {}\n\ndata: {}\n\n",
            json!({"jsonrpc": "2.0", "id": "p", "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": "r", "method": "roots/list"}),
            json!({"jsonrpc": "2.0", "id": seen.body["id"], "result": text("done")}),
        )),
        _ => plain(202, ""),
    });
    assert_eq!(call(&server.url(), &["slow"]).ok(), "done\n");
    let answers: Vec<Value> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert!(answers.contains(&json!({"jsonrpc": "2.0", "id": "p", "result": {}})));
    assert!(
        answers
            .iter()
            .any(|it| it["id"] == "r" && it["error"]["code"] == -32601)
    );
}

#[test]
fn a_tool_that_fails_ends_with_1_and_its_text_on_stderr() {
    let server = modern(|seen| {
        result(
            seen,
            json!({"content": [{"type": "text", "text": "no such book\ntry another"}], "isError": true}),
        )
    });
    let ended = call(&server.url(), &["find"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        (ended.stdout.as_str(), ended.stderr.as_str()),
        ("", "no such book\ntry another\n")
    );
    let whole = call(&server.url(), &["find", "--json"]);
    assert_eq!(whole.code, Some(1));
    assert_eq!(
        serde_json::from_str::<Value>(&whole.stdout).unwrap()["isError"],
        true
    );
}

#[test]
fn a_protocol_error_is_one_line() {
    let server = modern(|seen| error(seen, 400, -32602, json!({})));
    let line = call(&server.url(), &["nope"]).failed(1);
    assert_eq!(
        line.trim(),
        "error: the server refuses tools/call: not like that (-32602)"
    );
}

#[test]
fn t_dual_a_modern_error_is_no_reason_to_fall_back() {
    let server = Fake::start(|seen| {
        error(
            seen,
            400,
            -32021,
            json!({"requiredCapabilities": {"sampling": {}}}),
        )
    });
    let line = call(&server.url(), &["tool"]).failed(1);
    assert!(line.contains("-32021"), "{line}");
    assert_eq!(server.story(), ["server/discover"]);
}

#[test]
fn t_2607_23_versions_that_nobody_shares_are_named() {
    let server = Fake::start(|seen| {
        error(
            seen,
            400,
            -32022,
            json!({"supported": ["2027-01-01"], "requested": MODERN}),
        )
    });
    let line = call(&server.url(), &["tool"]).failed(1);
    assert!(line.contains("2027-01-01"), "{line}");
    assert_eq!(server.story(), ["server/discover"]);
}

#[test]
fn t_hdr_06_arguments_are_mirrored_where_the_server_insists() {
    let server = modern(|seen| match seen.rpc() {
        "tools/list" => {
            let schema = json!({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}});
            result(
                seen,
                json!({"tools": [{"name": "query", "inputSchema": schema}]}),
            )
        }
        _ if seen.header("mcp-param-region") == "eu" => result(seen, text("found")),
        _ => error(seen, 400, -32020, json!({})),
    });
    assert_eq!(
        call(&server.url(), &["query", r#"{"region": "eu"}"#]).ok(),
        "found\n"
    );
    assert_eq!(
        server.story(),
        ["server/discover", "tools/call", "tools/list", "tools/call"]
    );
}

#[test]
fn a_tool_that_asks_for_input_is_said_to() {
    let server = modern(|seen| {
        result(
            seen,
            json!({"resultType": "input_required", "requestState": "x"}),
        )
    });
    assert!(call(&server.url(), &["ask"]).failed(1).contains("input"));
}

#[test]
fn access_that_is_refused_is_not_an_era() {
    let server = Fake::start(|_| plain(401, "who are you?"));
    let line = call(&server.url(), &["tool"]).failed(1);
    assert!(line.contains("401") && line.contains("--header"), "{line}");
    assert_eq!(server.story(), ["server/discover"]);
}

#[test]
fn headers_go_with_every_request_and_redirects_within_the_origin_are_followed() {
    let server = Fake::start(|seen| match (seen.target.as_str(), seen.rpc()) {
        ("/mcp", _) => (StatusCode::TEMPORARY_REDIRECT, [("location", "/mcp/")]).into_response(),
        (_, "server/discover") => result(seen, json!({"supportedVersions": [MODERN]})),
        _ => result(seen, text("hello")),
    });
    assert_eq!(
        call(
            &server.url(),
            &["greet", "--header", "Authorization: Bearer t0ken"]
        )
        .ok(),
        "hello\n"
    );
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("authorization") == "Bearer t0ken")
    );
}

#[test]
fn a_redirect_to_another_origin_gets_no_credentials() {
    let other = Fake::start(|seen| result(seen, text("gotcha")));
    let target = other.url();
    let server = Fake::start(move |_| {
        (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", target.clone())],
        )
            .into_response()
    });
    let line = call(
        &server.url(),
        &["greet", "--header", "Authorization: Bearer t0ken"],
    )
    .failed(1);
    assert!(line.contains("307"), "{line}");
    assert_eq!(other.story(), Vec::<String>::new());
}

#[test]
fn t_2411_14_a_call_that_takes_too_long_is_taken_back() {
    let server = legacy(|seen| match seen.rpc() {
        // A body that never ends.
        "tools/call" => {
            let endless = futures_util::stream::pending::<Result<&str, std::io::Error>>();
            let body = axum::body::Body::from_stream(endless);
            ([("content-type", "text/event-stream")], body).into_response()
        }
        _ => plain(202, ""),
    });
    let line = call(&server.url(), &["slow", "--timeout", "500ms"]).failed(1);
    assert!(
        line.contains("500ms") && line.contains("--timeout"),
        "{line}"
    );
    let seen = server.seen();
    let taken_back = seen
        .iter()
        .find(|it| it.rpc() == "notifications/cancelled")
        .unwrap();
    assert_eq!(taken_back.body["params"]["requestId"], 3);
    assert_eq!(server.story().last().unwrap(), "DELETE");
}

#[test]
fn without_a_tool_all_pages_are_listed() {
    let server = modern(|seen| {
        let page = seen.body["params"]["cursor"]
            .as_str()
            .map_or(1, |cursor| cursor.parse().unwrap());
        let hints = if page == 1 {
            json!({"readOnlyHint": true})
        } else {
            json!({})
        };
        let mut list = json!({"tools": [{"name": format!("tool_{page}"), "title": "A tool", "annotations": hints}]});
        if page < 3 {
            list["nextCursor"] = json!((page + 1).to_string());
        }
        result(seen, list)
    });
    let shown = call(&server.url(), &[]).ok();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "new 2, protocol 2026-07-28: 3 tools");
    assert_eq!(lines[2], "  tool_1  reads   A tool");
    assert_eq!(lines[4], "  tool_3          A tool");
    let whole: Value = serde_json::from_str(&call(&server.url(), &["--json"]).ok()).unwrap();
    assert_eq!(whole["tools"][2]["name"], "tool_3");
}

#[test]
fn a_page_of_html_is_not_mcp() {
    let server = Fake::start(|_| plain(404, "<html><body>Not here</body></html>"));
    let line = call(&server.url(), &["tool"]).failed(1);
    assert_eq!(
        line.trim(),
        "error: the server answers 404 Not Found; is this the URL of an MCP endpoint?"
    );
}
