//! What counts as a message, and what is said of the rest.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Incoming, Refusal> {
    parse(&Bytes::copy_from_slice(text.as_bytes()), &Limits::default())
}

fn code_of(text: &str) -> i64 {
    let refusal = read(text).expect_err("must be refused");
    refusal.why.code(crate::Era::Legacy)
}

#[test]
fn t_all_01_all_of_a_body_is_utf_8_also_what_nobody_looks_at() {
    let broken = |text: &str| {
        let mut body = text.as_bytes().to_vec();
        let at = text.find('?').unwrap();
        body[at] = 0x80;
        parse(&body.into(), &Limits::default())
    };
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping?"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"?"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","unknown":"?"}"#,
        r#"[{"jsonrpc":"2.0","method":"ping","unknown":"?"}]"#,
    ] {
        let refusal = broken(text).expect_err(text);
        assert!(matches!(refusal.why, Rejection::NotJson { .. }), "{text}");
        assert_eq!(refusal.id, None);
    }
}

#[test]
fn t_all_02_an_id_is_a_string_or_an_integer() {
    for (id, want) in [
        ("1", RequestId::Integer(1)),
        ("-7", RequestId::Integer(-7)),
        ("18446744073709551615", RequestId::Unsigned(u64::MAX)),
        ("\"1\"", RequestId::from("1")),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let Ok(Incoming::Single(Message::Request(request))) = read(&text) else {
            panic!("{text}")
        };
        assert_eq!(request.id, want);
        assert_eq!(serde_json::to_string(&request.id).unwrap(), id);
    }
    for id in ["null", "1.5", "true", "{}", "[]"] {
        assert_eq!(
            code_of(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)),
            -32600,
            "{id}"
        );
    }
}

#[test]
fn t_all_03_a_refusal_carries_the_id_where_it_could_be_read() {
    let refusal = read(r#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#).unwrap_err();
    assert_eq!(refusal.id, Some(RequestId::from("a")));
    let refusal = read(r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}"#).unwrap_err();
    assert_eq!(refusal.id, Some(RequestId::Integer(7)));
    assert_eq!(read("{").unwrap_err().id, None);
}

#[test]
fn t_all_03_the_id_of_a_malformed_response_is_not_ours_to_answer_under() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#,
        r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
    ] {
        assert_eq!(read(text).unwrap_err().id, None, "{text}");
    }
    for text in [
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":3}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
    ] {
        assert_eq!(read(text).unwrap_err().id, Some(1.into()), "{text}");
    }
}

#[test]
fn an_array_is_no_object_with_its_members_in_order() {
    for text in [
        r#"[["2.0",1,"ping"]]"#,
        r#"{"jsonrpc":"2.0","id":1,"error":[-1,"no"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[{}]}"#,
    ] {
        assert_eq!(code_of(text), -32600, "{text}");
    }
}

#[test]
fn t_all_04_exactly_one_of_result_and_error() {
    assert!(read(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).is_ok());
    assert!(read(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#).is_ok());
    assert_eq!(
        code_of(r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#),
        -32600
    );
    assert_eq!(code_of(r#"{"jsonrpc":"2.0","id":1}"#), -32600);
    assert_eq!(
        code_of(r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#),
        -32600
    );
}

#[test]
fn what_is_not_json_is_a_parse_error_and_what_is_no_message_an_invalid_request() {
    for text in [
        "",
        "{",
        "nope",
        "{\"jsonrpc\":\"2.0\"",
        "{\"jsonrpc\":3,",
        "\u{1}",
        "[1,",
    ] {
        assert_eq!(code_of(text), -32700, "{text:?}");
    }
    for text in [
        "1",
        "\"x\"",
        "null",
        "[]",
        "[1]",
        "{}",
        r#"{"jsonrpc":"2.0","method":3}"#,
    ] {
        assert_eq!(code_of(text), -32600, "{text:?}");
    }
    let not_utf8 = parse(
        &Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}"),
        &Limits::default(),
    );
    assert_eq!(not_utf8.unwrap_err().why.code(crate::Era::Legacy), -32700);
}

#[test]
fn nesting_is_bounded_and_brackets_in_strings_do_not_count() {
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":{}1{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    assert_eq!(code_of(&deep), -32700);
    let flat = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":"{}\"["}}}}"#,
        "[".repeat(200)
    );
    assert!(read(&flat).is_ok());
    let wide = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":[{}[]]}}}}"#,
        "[],".repeat(200)
    );
    assert!(read(&wide).is_ok());
}

#[test]
fn params_are_found_in_any_order_and_stay_as_they_were_sent() {
    let text = r#"{"params":{"arguments":{"b" : 1.0},"_meta":{"progressToken":3},"name":"x"},"method":"tools/call","id":1,"jsonrpc":"2.0"}"#;
    let Ok(Incoming::Single(Message::Request(request))) = read(text) else {
        panic!()
    };
    assert_eq!(request.params.arguments.as_bytes(), br#"{"b" : 1.0}"#);
    assert_eq!(request.params.name.as_bytes(), br#""x""#);
    assert_eq!(request.params.meta.as_bytes(), br#"{"progressToken":3}"#);
}

#[test]
fn a_batch_is_bounded() {
    let one = r#"{"jsonrpc":"2.0","method":"ping","id":1}"#;
    assert!(
        matches!(read(&format!("[{one},{one}]")), Ok(Incoming::Batch(messages)) if messages.len() == 2)
    );
    assert_eq!(
        code_of(&format!("[{}{one}]", format!("{one},").repeat(100))),
        -32600
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&Bytes::from(bytes), &Limits::default());
    }

    #[test]
    fn no_nearly_json_panics(text in r#"[\[\]{}":,0-9a-z\\ ]{0,80}"#) {
        let _ = read(&text);
    }
}
