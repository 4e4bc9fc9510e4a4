//! What clients send: read as it is meant, refused where it makes no sense.

use serde_json::{Value, json};
use spanway_protocol::RawJson;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::schema::{
    CallToolParams, CancelledParams, ClientCapabilities, CompleteParams, CompletionReference,
    Implementation, InitializeParams, ListParams, LoggingLevel, ProgressToken, SetLevelParams,
};

fn raw(value: &Value) -> RawJson {
    RawJson::from_serialize(value).unwrap()
}

#[test]
fn names_may_need_unescaping() {
    let params: CallToolParams<'_> =
        serde_json::from_str(r#"{"name":"a\u00e9\"b","_meta":{},"more":1}"#).unwrap();
    assert_eq!(params.name, "a\u{e9}\"b");
    assert!(params.arguments.is_none());
    let text = r#"{"arguments": {"n": 12345678901234567890}, "name":"a"}"#;
    let params: CallToolParams<'_> = serde_json::from_str(text).unwrap();
    assert_eq!(
        params.arguments.unwrap().get(),
        r#"{"n": 12345678901234567890}"#
    );
}

#[test]
fn t_all_23_malformed_call_params_are_refused() {
    for text in [
        "{}",
        r#"{"name":7}"#,
        r#"{"name":null}"#,
        "7",
        r#"{"name":"a","name":"b"}"#,
    ] {
        let read = serde_json::from_str::<CallToolParams<'_>>(text);
        assert!(read.is_err(), "{text}");
    }
}

#[test]
fn t_all_50_an_empty_cursor_is_a_cursor() {
    let cursor = |text: &'static str| {
        let params: ListParams = serde_json::from_str(text).unwrap();
        params.cursor
    };
    assert_eq!(cursor("{}"), None);
    assert_eq!(cursor(r#"{"cursor":""}"#).as_deref(), Some(""));
}

#[test]
fn t_all_53_only_the_eight_levels_are_levels() {
    let level = |name: &str| serde_json::from_value::<SetLevelParams>(json!({ "level": name }));
    for known in LoggingLevel::ALL {
        assert_eq!(level(known.as_str()).unwrap().level, known);
        assert_eq!(LoggingLevel::parse(known.as_str()), Some(known));
    }
    assert!(level("Info").is_err() && level("trace").is_err());
    assert_eq!(LoggingLevel::parse("warn"), None);
    assert!(LoggingLevel::ALL.is_sorted());
}

#[test]
fn t_2411_15_a_cancellation_may_name_no_request() {
    let id = |params: Value| {
        serde_json::from_value::<CancelledParams>(params)
            .unwrap()
            .request_id
    };
    assert_eq!(id(json!({ "requestId": 7 })), Some(RequestId::from(7)));
    assert_eq!(id(json!({ "reason": "enough" })), None);
}

#[test]
fn trap_46_progress_tokens_are_kept_as_they_came() {
    for text in [r#""abc""#, "0", "-7", "18446744073709551615", r#""7""#] {
        let token: ProgressToken = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&token).unwrap(), text);
    }
    for text in ["1.5", "null", "[]", "1e400"] {
        assert!(
            serde_json::from_str::<ProgressToken>(text).is_err(),
            "{text}"
        );
    }
}

#[test]
fn t_2411_10_initialize_needs_a_version_and_takes_the_rest_as_it_comes() {
    let params = InitializeParams::read(&raw(&json!({ "protocolVersion": "2025-06-18" }))).unwrap();
    assert_eq!(params.protocol_version, "2025-06-18");
    assert!(params.capabilities.is_absent() && params.client_info.is_absent());
    let full = json!({
        "protocolVersion": "1",
        "capabilities": { "roots": {} },
        "clientInfo": { "name": "x", "version": "1" },
        "more": [],
    });
    let params = InitializeParams::read(&raw(&full)).unwrap();
    let capabilities: ClientCapabilities = params.capabilities.read().unwrap();
    assert!(capabilities.roots());
    for bad in [json!({}), json!({ "protocolVersion": 1 }), json!([])] {
        assert!(InitializeParams::read(&raw(&bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_client_is_known_by_what_is_well_formed() {
    let client = |value: Value| serde_json::from_value::<Implementation>(value);
    let odd = json!({
        "name": "x", "version": 7, "title": null, "icons": [{ "href": "y" }], "websiteUrl": "https://x",
    });
    let read = client(odd).unwrap();
    let expected = Implementation::new("x", "").with_website_url("https://x");
    assert_eq!(read, expected);
    assert!(client(json!({ "version": "1" })).is_err());
}

#[test]
fn trap_36_what_is_malformed_is_not_declared() {
    let said = |value: Value| serde_json::from_value::<ClientCapabilities>(value).unwrap();
    assert_eq!(said(json!({})), ClientCapabilities::default());
    let url_only = said(json!({ "elicitation": { "url": {} } }));
    assert!(url_only.elicitation_url() && !url_only.elicitation_form());
    let odd = said(json!({
        "elicitation": true, "sampling": { "tools": false }, "roots": null, "extensions": [],
    }));
    assert!(!odd.elicitation_form() && !odd.elicitation_url() && !odd.roots());
    assert!(odd.sampling() && !odd.sampling_tools());
    assert_eq!(odd.extension("a/b"), None);
    assert_eq!(odd.as_map().len(), 4);
}

#[test]
fn t_2506_06_completions_know_what_was_chosen_before() {
    let read = |value: Value| serde_json::from_value::<CompleteParams>(value);
    let mut params = json!({
        "ref": { "type": "ref/resource", "uri": "book://{id}" },
        "argument": { "name": "id", "value": "" },
    });
    let bare = read(params.clone()).unwrap();
    assert!(bare.context.arguments.is_empty());
    let expected = CompletionReference::Resource {
        uri: "book://{id}".to_owned(),
    };
    assert_eq!(bare.reference, expected);
    params["context"] = json!({ "arguments": { "genre": "novel" } });
    assert_eq!(
        read(params.clone()).unwrap().context.arguments["genre"],
        "novel"
    );
    params["context"] = json!({});
    assert!(read(params.clone()).unwrap().context.arguments.is_empty());
    params["ref"]["type"] = json!("ref/tool");
    assert!(read(params).is_err());
}
