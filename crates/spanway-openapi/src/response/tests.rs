//! Responses as results, documented and not.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]

use serde_json::json;
use spanway_protocol::schema::ResourceContents;

use super::*;
use crate::catalog::Catalog;
use crate::document::Document;

fn operation(method: &str, responses: Value) -> Operation {
    let document = json!({"openapi": "3.1.0", "paths": {"/x": {method: {"responses": responses}}}});
    let catalog = Catalog::read(&Document::from_value(document, None).unwrap());
    catalog.into_operations().remove(0)
}

fn pet() -> Operation {
    let schema = json!({
        "type": "object", "required": ["id"],
        "properties": {"id": {"type": "integer"}, "tag": {"type": "string"}, "a/b": {"type": "object", "properties": {"c": {"type": "string"}}}},
    });
    operation(
        "get",
        json!({"200": {"content": {"application/json": {"schema": schema}}}}),
    )
}

fn response(status: u16, media_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut builder = Response::builder().status(status);
    if !media_type.is_empty() {
        builder = builder.header("content-type", media_type);
    }
    builder.body(body.into()).unwrap()
}

fn read(operation: &Operation, response: &Response<Bytes>) -> CallToolResult {
    let validator = operation.output_schema.as_ref();
    let validator = validator.map(|it| jsonschema::draft202012::new(it).unwrap());
    read_response(
        operation,
        validator.as_ref(),
        response,
        &Presentation::default(),
    )
}

fn text(result: &CallToolResult) -> String {
    let texts: Vec<&str> = result.content.iter().filter_map(Content::as_text).collect();
    texts.join("\n")
}

#[test]
fn a_conforming_answer_is_structured() {
    let result = read(
        &pet(),
        &response(200, "application/json; charset=utf-8", r#"{"id": 1}"#),
    );
    assert!(!result.is_error);
    assert_eq!(result.structured_content, Some(json!({"id": 1})));
    assert_eq!(text(&result), r#"{"id": 1}"#);
}

#[test]
fn nulls_of_optional_fields_are_forgiven() {
    let body = r#"{"id":1,"tag":null,"a/b":{"c":null},"more":null}"#;
    let result = read(&pet(), &response(200, "application/json", body));
    assert!(!result.is_error, "{result:?}");
    assert_eq!(
        result.structured_content,
        Some(json!({"id": 1, "a/b": {}, "more": null}))
    );
    assert_eq!(text(&result), body);
    let result = read(&pet(), &response(200, "application/json", r#"{"id":null}"#));
    assert!(result.is_error);
}

#[test]
fn an_answer_that_breaks_its_promise_says_so_and_keeps_the_text() {
    for (media_type, body) in [
        ("application/json", r#"{"id": "secret"}"#),
        ("text/html", "<html>secret</html>"),
        ("application/json", "{broken secret"),
    ] {
        let result = read(&pet(), &response(200, media_type, body));
        assert!(result.is_error);
        assert_eq!(result.structured_content, None);
        let note = result.content[0].as_text().unwrap();
        assert!(
            note.contains("HTTP 200 OK") && note.contains("document promises"),
            "{note}"
        );
        assert!(!note.contains("secret"), "{note}");
        assert_eq!(result.content[1].as_text(), Some(body));
    }
    assert!(read(&pet(), &response(204, "", "")).is_error);
}

#[test]
fn without_a_schema_json_is_text() {
    let result = read(
        &operation("get", json!({})),
        &response(200, "application/json", "[1]"),
    );
    assert_eq!(
        (result.is_error, result.structured_content.clone()),
        (false, None)
    );
    assert_eq!(text(&result), "[1]");
}

#[test]
fn failures_carry_status_and_body() {
    let result = read(
        &pet(),
        &response(404, "application/json", r#"{"detail":"no pet 7"}"#),
    );
    assert!(result.is_error);
    assert_eq!(
        text(&result),
        "HTTP 404 Not Found\n{\"detail\":\"no pet 7\"}"
    );
    assert_eq!(text(&read(&pet(), &response(599, "", ""))), "HTTP 599");
    let result = read(&pet(), &response(500, "image/png", vec![0xff, 0]));
    assert_eq!(
        text(&result),
        "HTTP 500 Internal Server Error\n(2 bytes of image/png, which cannot be shown as text)"
    );
}

#[test]
fn a_long_failure_is_cut_between_characters() {
    let result = read(&pet(), &response(400, "text/plain", "ä".repeat(10_001)));
    let text = text(&result);
    assert!(text.len() < ERROR_BODY_BYTES_MAX + 100);
    assert!(
        text.ends_with("[cut here: 8192 of 20002 bytes shown]"),
        "{}",
        &text[8000..]
    );
}

#[test]
fn redirects_are_failures_unless_documented() {
    let mut redirect = response(302, "", "");
    redirect
        .headers_mut()
        .insert("location", "https://other.example.com/".parse().unwrap());
    let result = read(&operation("get", json!({})), &redirect);
    assert!(result.is_error);
    assert!(text(&result).contains("https://other.example.com/"));
    let result = read(&operation("get", json!({"302": {}})), &redirect);
    assert!(!result.is_error);
    assert_eq!(
        text(&result),
        "HTTP 302 Found\nlocation: https://other.example.com/"
    );
}

#[test]
fn pictures_sounds_and_other_bytes() {
    let plain = operation("get", json!({}));
    let result = read(&plain, &response(200, "image/png", vec![1, 2, 3]));
    assert!(
        matches!(&result.content[0], Content::Image(media) if media.data == "AQID" && media.mime_type == "image/png")
    );
    let result = read(&plain, &response(200, "audio/mpeg", vec![1]));
    assert!(matches!(&result.content[0], Content::Audio(_)));
    assert_eq!(
        text(&read(&plain, &response(200, "text/csv", "a,b"))),
        "a,b"
    );
    assert_eq!(
        text(&read(
            &plain,
            &response(200, "text/plain; charset=latin1", vec![b'a', 0xe4])
        )),
        "a\u{fffd}"
    );
    assert_eq!(
        text(&read(&plain, &response(204, "", ""))),
        "HTTP 204 No Content"
    );
}

#[test]
fn other_bytes_are_an_embedded_resource_with_the_name_that_the_api_gives() {
    let plain = operation("get", json!({}));
    for (disposition, uri) in [
        ("", "answer:/get_x/answer"),
        (
            "attachment; filename=\"../a b.pdf\"",
            "answer:/get_x/a%20b.pdf",
        ),
        (
            "attachment; filename=\"x\"; filename*=UTF-8''%C3%A4.pdf",
            "answer:/get_x/%C3%A4.pdf",
        ),
        ("attachment; filename=..", "answer:/get_x/answer"),
    ] {
        let mut answer = response(200, "application/pdf", vec![0xff; 10]);
        let disposition = disposition.parse().unwrap();
        answer
            .headers_mut()
            .insert("content-disposition", disposition);
        let result = read(&plain, &answer);
        let Content::Resource { resource, .. } = &result.content[0] else {
            panic!("{result:?}")
        };
        let expected = ResourceContents::blob(uri, [0xff; 10]).with_mime_type("application/pdf");
        assert_eq!(**resource, expected);
    }
}

#[test]
fn files_over_the_limit_are_summed_up() {
    let plain = operation("get", json!({}));
    let presentation = Presentation {
        binary_bytes_max: 2,
        ..Presentation::default()
    };
    for media_type in ["image/png", "audio/mpeg", "application/pdf", ""] {
        let answer = response(200, media_type, vec![0xff; 3]);
        let result = read_response(&plain, None, &answer, &presentation);
        assert!(!result.is_error);
        let said = text(&result);
        assert!(
            said.starts_with("(3 bytes of ") && said.contains("the 2 bytes"),
            "{said}"
        );
    }
}

/// The answer within so many tokens.
fn within_tokens(operation: &Operation, answer: &Response<Bytes>, tokens: usize) -> CallToolResult {
    let schema = operation.output_schema.as_ref();
    let validator = schema.map(|it| jsonschema::draft202012::new(it).unwrap());
    let presentation = Presentation {
        tokens_max: Some(tokens),
        ..Presentation::default()
    };
    read_response(operation, validator.as_ref(), answer, &presentation)
}

#[test]
fn a_long_answer_is_truncated_with_a_mark_and_still_conforms() {
    let schema = json!({"type": "object", "properties": {"items": {"type": "array", "items": {"type": "integer"}}}});
    let list = json!({"200": {"content": {"application/json": {"schema": schema}}}});
    let list = operation("get", list);
    let body = json!({"items": (0..1000).collect::<Vec<_>>()}).to_string();
    let answer = response(200, "application/json", body.clone());
    let result = within_tokens(&list, &answer, 50);
    assert!(!result.is_error);
    let structured = result.structured_content.clone().unwrap();
    assert!(structured["items"].as_array().unwrap().len() < 100);
    assert!(
        text(&result).starts_with("[truncated to about"),
        "{result:?}"
    );
    assert_eq!(result.content[1].as_text().unwrap(), structured.to_string());
    let whole = within_tokens(&list, &answer, 5000);
    assert_eq!(text(&whole), body);
    let result = within_tokens(&operation("get", json!({})), &answer, 50);
    assert_eq!(result.structured_content, None);
    assert_eq!(result.content[1].as_text().unwrap(), structured.to_string());
}

#[test]
fn a_long_answer_that_must_be_whole_is_an_error_with_its_beginning() {
    let schema =
        json!({"type": "object", "properties": {"code": {"type": "string", "pattern": "^x*$"}}});
    let fixed = json!({"200": {"content": {"application/json": {"schema": schema}}}});
    let body = json!({"code": "x".repeat(1000)}).to_string();
    let answer = response(200, "application/json", body);
    let result = within_tokens(&operation("get", fixed), &answer, 50);
    assert!(result.is_error && result.structured_content.is_none());
    assert!(
        text(&result).contains("cannot be made smaller"),
        "{result:?}"
    );
    assert!(
        text(&result).ends_with("[truncated: 200 of 1011 bytes shown]"),
        "{result:?}"
    );
}

#[test]
fn a_shaped_answer_is_still_held_against_its_promise() {
    let presentation = Presentation {
        shapes: vec![Shape::without(["tag"]), "[id, tag, more]".parse().unwrap()],
        ..Presentation::default()
    };
    let pet = pet();
    let schema = jsonschema::draft202012::new(pet.output_schema.as_ref().unwrap()).unwrap();
    let shaped = |validator: Option<&Validator>, body: &'static str| {
        let answer = response(200, "application/json", body);
        read_response(&pet, validator, &answer, &presentation)
    };
    for validator in [Some(&schema), None] {
        let result = shaped(validator, r#"{"id": 1, "tag": "x", "more": [2]}"#);
        assert!(!result.is_error && result.structured_content.is_none());
        assert_eq!(text(&result), "[1,null,[2]]");
    }
    let result = shaped(Some(&schema), r#"{"id": "1"}"#);
    assert!(result.is_error && text(&result).contains("document promises"));
}

#[test]
fn a_long_text_is_truncated_and_a_file_is_not() {
    let plain = operation("get", json!({}));
    let answer = response(200, "text/csv", "a,b\n".repeat(1000));
    let result = within_tokens(&plain, &answer, 50);
    assert!(!result.is_error);
    assert!(
        text(&result).ends_with("[truncated: 200 of 4000 bytes shown]"),
        "{result:?}"
    );
    let answer = response(200, "application/pdf", vec![0xff; 4000]);
    assert!(matches!(
        within_tokens(&plain, &answer, 50).content[0],
        Content::Resource { .. }
    ));
}

#[test]
fn head_answers_with_headers() {
    let mut answer = response(200, "text/plain", "");
    answer.headers_mut().insert("x-total", "7".parse().unwrap());
    answer
        .headers_mut()
        .insert("set-cookie", "session=secret".parse().unwrap());
    let result = read(&operation("head", json!({})), &answer);
    assert_eq!(
        text(&result),
        "HTTP 200 OK\ncontent-type: text/plain\nx-total: 7"
    );
}
