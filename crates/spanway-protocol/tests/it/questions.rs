//! Questions to clients, in every revision that has them, against the published schemas.

use serde_json::value::RawValue;
use serde_json::{Value, json};
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::schema::{
    Content, FormSchema, IncludeContext, InputRequest, InputRequired, ModelPreferences, Question,
    Role, SamplingContent, SamplingMessage, SamplingRequest, SamplingResult, ToolChoice,
    ToolDefinition,
};
use spanway_protocol::{Emission, ProtocolVersion, ServerRequest, encode_emission};

use ProtocolVersion as V;

use crate::official::Definition;

fn form() -> InputRequest {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "title": "Name", "minLength": 1, "format": "email", "default": "x" },
            "age": { "type": "integer", "minimum": 0, "default": 3 },
            "agree": { "type": "boolean", "default": true },
            "one": { "type": "string", "enum": ["a", "b"] },
            "named": { "type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"] },
            "titled": { "type": "string", "oneOf": [{ "const": "a", "title": "A" }] },
        },
        "required": ["name"],
    });
    InputRequest::Form {
        message: "Please".to_owned(),
        schema: FormSchema::new(&schema).unwrap(),
    }
}

fn several() -> InputRequest {
    let schema = json!({
        "type": "object",
        "properties": {
            "some": { "type": "array", "minItems": 1, "items": { "type": "string", "enum": ["a"] } },
            "titled": { "type": "array", "items": { "anyOf": [{ "const": "a", "title": "A" }] } },
        },
    });
    InputRequest::Form {
        message: "Please".to_owned(),
        schema: FormSchema::new(&schema).unwrap(),
    }
}

fn url() -> InputRequest {
    InputRequest::Url {
        message: "Please".to_owned(),
        url: "https://example.com/".to_owned(),
    }
}

fn sampling() -> SamplingRequest {
    let mut preferences = ModelPreferences::default();
    preferences.hints.push("small".to_owned());
    preferences.cost = Some(2.0);
    let image = Content::image([1, 2, 3], "image/png");
    let Content::Image(image) = image else {
        panic!("an image")
    };
    let both = vec!["Look:".into(), SamplingContent::Image(image)];
    SamplingRequest::new(
        vec![
            SamplingMessage::of(Role::User, both),
            SamplingMessage::assistant("Yes?"),
        ],
        100,
    )
    .with_system_prompt("Be brief.")
    .with_temperature(0.5)
    .with_stop_sequence(".")
    .with_context(IncludeContext::None)
    .with_preferences(preferences)
}

fn with_tools() -> SamplingRequest {
    let tool = ToolDefinition::new("add", json!({ "type": "object" }));
    let mut request = SamplingRequest::text("2 + 2", 10)
        .with_tool(tool)
        .with_tool_choice(ToolChoice::Auto);
    request
        .messages
        .push(SamplingMessage::assistant(SamplingContent::ToolUse {
            id: "1".to_owned(),
            name: "add".to_owned(),
            input: serde_json::Map::new(),
        }));
    request
        .messages
        .push(SamplingMessage::user(SamplingContent::ToolResult {
            tool_use_id: "1".to_owned(),
            content: vec![Content::text("4")],
            is_error: true,
        }));
    request
}

/// The question as a message of its revision.
fn write(version: V, request: &InputRequest) -> Value {
    let params = request.params(version, Some("q-1")).unwrap();
    let request = ServerRequest::new(RequestId::from("q-1"), request.method(), params);
    let bytes = encode_emission(version, &Emission::Request(request), RawValue::NULL).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn check(version: V, definition: &'static str, request: &InputRequest) {
    let Some(definition) = Definition::find(version, definition) else {
        return;
    };
    let mut message = write(version, request);
    let wrapped = version >= V::V2025_11_25;
    let modern = version >= V::V2026_07_28;
    if modern || !wrapped {
        let fields = message.as_object_mut().unwrap();
        fields.remove("jsonrpc");
        fields.remove("id");
    }
    definition.check_json(&message);
}

#[test]
fn t_2506_05_forms() {
    for version in [V::V2025_06_18, V::V2025_11_25, V::V2026_07_28] {
        check(version, "ElicitRequest", &form());
    }
    for version in [V::V2025_11_25, V::V2026_07_28] {
        check(version, "ElicitRequest", &several());
        check(version, "ElicitRequest", &url());
    }
    for (version, request) in [
        (V::V2025_03_26, form()),
        (V::V2025_06_18, several()),
        (V::V2025_06_18, url()),
    ] {
        assert!(request.params(version, None).is_err(), "{version}");
    }
}

#[test]
fn t_2411_19_sampling_and_roots() {
    for version in V::ALL {
        let request = InputRequest::Sampling(Box::new(sampling()));
        check(version, "CreateMessageRequest", &request);
        check(version, "ListRootsRequest", &InputRequest::Roots);
    }
    let tools = InputRequest::Sampling(Box::new(with_tools()));
    for version in [V::V2025_11_25, V::V2026_07_28] {
        check(version, "CreateMessageRequest", &tools);
    }
    assert!(tools.params(V::V2025_06_18, None).is_err());
}

#[test]
fn t_mrtr_02_interim_results() {
    let question = |key: &str, request: &InputRequest| {
        let params = request.params(V::V2026_07_28, None).unwrap();
        Question::new(key, request.method(), params)
    };
    let questions = vec![
        question("form", &form()),
        question("url", &url()),
        question("sampling", &InputRequest::Sampling(Box::new(with_tools()))),
        question("roots", &InputRequest::Roots),
    ];
    let results = [
        InputRequired::new(questions, Some("state".to_owned())),
        InputRequired::new(Vec::new(), Some("state".to_owned())),
    ];
    if let Some(definition) = Definition::find(V::V2026_07_28, "InputRequiredResult") {
        results.iter().for_each(|result| definition.check(result));
    }
}

#[test]
fn t_2411_15_a_question_is_taken_back() {
    for version in V::ALL
        .into_iter()
        .filter(|version| *version < V::V2026_07_28)
    {
        let cancelled = Emission::Cancelled {
            id: RequestId::from("q-1"),
            reason: "no longer needed",
        };
        let bytes = encode_emission(version, &cancelled, RawValue::NULL).unwrap();
        let mut message: Value = serde_json::from_slice(&bytes).unwrap();
        if version < V::V2025_11_25 {
            message.as_object_mut().unwrap().remove("jsonrpc");
        }
        if let Some(definition) = Definition::find(version, "CancelledNotification") {
            definition.check_json(&message);
        }
    }
}

#[test]
fn t_2511_14_what_a_model_said_is_one_block_or_several() {
    let read = |content: Value| {
        let result = json!({ "role": "assistant", "model": "m", "stopReason": "toolUse", "content": content });
        serde_json::from_value::<SamplingResult>(result)
    };
    let text = || json!({ "type": "text", "text": "hello" });
    assert_eq!(read(text()).unwrap().text(), "hello");
    let several = read(json!([
        text(),
        { "type": "tool_use", "id": "1", "name": "add", "input": { "a": 1 } },
        { "type": "image", "data": "AA==", "mimeType": "image/png" },
        { "type": "hologram" },
    ]));
    let content = several.unwrap().content;
    assert_eq!(content.len(), 4);
    assert!(matches!(&content[1], SamplingContent::ToolUse { name, .. } if name == "add"));
    assert!(matches!(&content[3], SamplingContent::Other(_)));
    for wrong in [json!("hello"), json!({ "type": "text" }), json!({})] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}
