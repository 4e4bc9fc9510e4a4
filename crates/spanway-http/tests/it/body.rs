//! What a body may be: bounded, JSON, a JSON-RPC message; and what is said of the rest.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use spanway_protocol::Limits;
use spanway_testkit::{BoxError, Client};

use crate::probe::{Probe, told};

fn limited(change: impl FnOnce(&mut Limits)) -> Client {
    let mut limits = Limits::default();
    change(&mut limits);
    Client::new(Probe::new().endpoint().limits(limits).build())
}

#[tokio::test]
async fn d0_9_and_d3_8_a_body_over_the_bound_is_413_as_json_rpc() {
    let client = limited(|limits| limits.body_bytes_max = 1000);
    let answer = client.post(vec![b' '; 1001]).send().await;
    assert_eq!(answer.refusal(), (413, -32600));
    assert!(answer.error_text().contains("--max-body"));
    assert_eq!(answer.response().get("id"), None);
}

#[tokio::test]
async fn d1_10_and_d2_4_an_endless_body_is_413_while_it_arrives() {
    let client = limited(|limits| limits.body_bytes_max = 1000);
    let endless = stream::repeat_with(|| Ok::<_, BoxError>(Bytes::from_static(b"          ")));
    let answer = client.post("").pieces(endless).send().await;
    assert_eq!(answer.status, 413);
}

#[tokio::test(start_paused = true)]
async fn rmcp_2e_4_a_body_that_does_not_come_is_408_and_one_that_breaks_off_400() {
    let client = Probe::new().client();
    let half = || stream::iter([Ok::<_, BoxError>(Bytes::from_static(b"{\"jsonrpc\""))]);
    let stuck = half().chain(stream::pending());
    assert_eq!(client.post("").pieces(stuck).send().await.status, 408);
    let broken = half().chain(stream::iter([Err("connection reset".into())]));
    assert_eq!(
        client.post("").pieces(broken).send().await.refusal(),
        (400, -32600)
    );
    assert_eq!(
        client.post("").pieces(half()).send().await.refusal(),
        (400, -32700)
    );
}

#[tokio::test]
async fn a_body_in_many_pieces_is_one_body() {
    let client = Probe::new().client();
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "ü", "version": "1" } },
    });
    let bytes: Vec<_> = message
        .to_string()
        .bytes()
        .map(|byte| Ok::<_, BoxError>(Bytes::from(vec![byte])))
        .collect();
    let answer = client.post("").pieces(stream::iter(bytes)).send().await;
    assert_eq!(answer.result()["protocolVersion"], "2025-06-18");
}

#[tokio::test]
async fn d1_10_and_d2_4_and_rmcp_2a_14_and_t_all_01_what_is_not_json_is_400_parse_error() {
    let client = Probe::new().client();
    let bodies: [&[u8]; 8] = [
        b"",
        b"{",
        b"nope",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}x",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}",
        b"\xef\xbb\xbf{}",
        b"[{\"jsonrpc\":\"2.0\"},",
        b"\0",
    ];
    for body in bodies {
        let answer = client.post(body).send().await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!(answer.refusal(), (400, -32700), "{shown}");
        assert_eq!(answer.response().get("id"), None, "{shown}");
    }
}

#[tokio::test]
async fn d2_5_and_d3_5_and_rmcp_2a_14_what_is_no_message_is_400_invalid_request() {
    let client = Probe::new().client();
    for body in [
        json!(1),
        json!("ping"),
        json!(null),
        json!([]),
        json!({}),
        json!([1]),
        json!({ "jsonrpc": "1.0", "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": null, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": 1.5, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": {}, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": 1 }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": 3 }),
        json!({ "jsonrpc": "2.0", "id": 1, "result": {}, "error": { "code": 1, "message": "" } }),
    ] {
        let answer = client.post_json(body.clone()).send().await;
        assert_eq!(answer.refusal(), (400, -32600), "{body}");
    }
}

#[tokio::test]
async fn t_all_03_refusals_carry_the_id_with_its_type_wherever_it_could_be_read() {
    let client = Probe::new().client();
    let session = client.connect("2025-11-25").await;
    let big: Value = serde_json::from_str("18446744073709551615").expect("a number");
    let ids = [
        json!(7),
        json!("7"),
        json!(0),
        json!(-1),
        json!(""),
        json!("ü"),
        big,
    ];
    for id in ids {
        let unknown = session.request("no/such", json!({})).id(id.clone());
        assert_eq!(unknown.send().await.response()["id"], id);
        let served = session.request("ping", json!({})).id(id.clone());
        assert_eq!(served.send().await.response()["id"], id);
        // No session, a wrong revision, missing metadata, a header that contradicts: the id is known.
        for refused in [
            client.post_json(json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })),
            session
                .request("ping", json!({}))
                .id(id.clone())
                .set(&spanway_protocol::PROTOCOL_VERSION, "1999-01-01"),
            client
                .modern("tools/list", json!({}))
                .id(id.clone())
                .edit(|message| message["params"] = json!({})),
            client
                .modern("tools/list", json!({}))
                .id(id.clone())
                .set(&spanway_protocol::METHOD, "tools/call"),
            client.modern("no/such", json!({})).id(id.clone()),
            client.post_json(json!({ "jsonrpc": "2.0", "id": id, "method": "ping", "params": [] })),
        ] {
            let answer = refused.send().await;
            assert!(answer.status >= 400, "{answer:?}");
            assert_eq!(answer.response()["id"], id);
        }
    }
}

#[tokio::test]
async fn d2_4_nesting_is_bounded_at_both_bounds() {
    let client = limited(|limits| limits.nesting_max = 20);
    let deep = |levels: usize| {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{nested}}}}}"#)
    };
    let refused = client.post(deep(19)).send().await;
    assert_eq!(refused.refusal(), (400, -32700));
    assert!(refused.error_text().contains("20 levels"));
    let session_wanted = client.post(deep(18)).send().await;
    assert_eq!(session_wanted.refusal(), (400, -32600));
    let client = Probe::new().client();
    let hostile = "[".repeat(4 << 20);
    assert_eq!(client.post(hostile).send().await.refusal(), (400, -32700));
    let hostile = "{\"a\":".repeat(500_000);
    assert_eq!(client.post(hostile).send().await.refusal(), (400, -32700));
}

#[tokio::test]
async fn null_where_an_object_may_be_left_out_is_taken_as_nothing() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let null_params = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": null });
    assert_eq!(session.post(null_params).send().await.status, 200);
    let null_meta = session.request("ping", json!({ "_meta": null }));
    assert_eq!(null_meta.send().await.status, 200);
}

#[tokio::test]
async fn a_key_that_stands_twice_is_refused_not_guessed() {
    let client = Probe::new().client();
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{},"_meta":{}}}"#,
    ] {
        let answer = client.post(body).send().await;
        assert_eq!(answer.refusal(), (400, -32600), "{body}");
    }
}

#[tokio::test]
async fn arguments_arrive_unchanged() {
    let session = Probe::new().client().connect("2025-11-25").await;
    let arguments =
        json!({ "quote": "\"\\\n\u{0}\u{1f600}", "big": u64::MAX, "deep": [[{ "a": null }]] });
    let answer = session.call("echo", arguments.clone()).send().await;
    assert_eq!(told(&answer.result()), arguments);
}

#[tokio::test]
async fn d2_4_errors_never_quote_the_body() {
    let client = Probe::new().client();
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"method":["hunter2"]}"#,
        r#"{"jsonrpc":"hunter2","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":"hunter2"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":"hunter2"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":"hunter2"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":["hunter2"]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":{"a":"hunter2, expected hunter2"}}}"#,
        r#""hunter2""#,
        r#"[{"jsonrpc":"2.0","id":"hunter2","method":3}]"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping" hunter2"#,
    ] {
        let answer = client.post(body).send().await;
        let text = answer.error_text();
        assert!(!text.contains("hunter2"), "{body} is answered {text}");
    }
}
