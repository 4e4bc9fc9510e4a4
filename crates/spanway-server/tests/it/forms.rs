//! Forms out of Rust types, the questions that cannot be asked, and keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use spanway_protocol::schema::{
    IncludeContext, SamplingContent, SamplingMessage, SamplingRequest, ToolChoice, ToolDefinition,
};
use spanway_server::{Context, Server, Tool, ToolError};

use crate::rounds::Asker;

/// A tool that asks for a `T`.
fn asking<T: JsonSchema + DeserializeOwned + Send + 'static>() -> Server {
    let ask = async |cx: Context| -> Result<&'static str, ToolError> {
        cx.elicit::<T>("key", "Please").await?.accepted()?;
        Ok("thanks")
    };
    server(Tool::new("ask", ask))
}

fn server(tool: Tool) -> Server {
    Server::builder("forms", "1").tool(tool).build().unwrap()
}

fn form_of<T: JsonSchema + DeserializeOwned + Send + 'static>() -> Value {
    let result = Asker::new(&asking::<T>()).result("ask", json!({}), json!({}));
    result["inputRequests"]["key"]["params"]["requestedSchema"].clone()
}

fn failure(server: &Server) -> String {
    let result = Asker::new(server).result("ask", json!({}), json!({}));
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Color {
    /// Like blood
    Red,
    /// Like the sea
    Blue,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct Everything {
    /// As in the passport
    name: String,
    nick: Option<String>,
    age: u8,
    #[serde(default)]
    score: Option<f64>,
    agree: bool,
    size: Size,
    other_size: Option<Size>,
    color: Color,
    colors: Vec<Color>,
    sizes: Option<Vec<Size>>,
}

#[test]
fn t_2506_05_a_type_becomes_a_flat_form() {
    let titled = json!([
        { "const": "red", "title": "Like blood" },
        { "const": "blue", "title": "Like the sea" },
    ]);
    assert_eq!(
        form_of::<Everything>(),
        json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "description": "As in the passport" },
                "nick": { "type": "string" },
                "age": { "type": "integer", "minimum": 0, "maximum": 255 },
                "score": { "type": "number" },
                "agree": { "type": "boolean" },
                "size": { "type": "string", "enum": ["small", "large"] },
                "other_size": { "type": "string", "enum": ["small", "large"] },
                "color": { "type": "string", "oneOf": titled },
                "colors": { "type": "array", "items": { "anyOf": titled } },
                "sizes": { "type": "array", "items": { "type": "string", "enum": ["small", "large"] } },
            },
            "required": ["name", "age", "agree", "size", "color", "colors"],
        })
    );
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct Nested {
    inner: Everything,
}

#[test]
fn t_2506_05_what_is_not_flat_is_no_form() {
    let text = failure(&asking::<Nested>());
    assert!(text.contains("field \"inner\""), "{text}");
    let text = failure(&asking::<Vec<String>>());
    assert!(text.contains("root must be an object"), "{text}");
    for field in [
        json!({ "type": "object" }),
        json!({ "type": "string", "pattern": "x" }),
        json!({ "type": "string", "format": "password" }),
        json!({ "type": "string", "enum": [1] }),
        json!({ "type": "string", "enum": ["a"], "enumNames": ["A", "B"] }),
        json!({ "type": "string", "oneOf": [{ "const": "a" }] }),
        json!({ "type": "array", "items": { "type": "string" } }),
        json!("string"),
    ] {
        let schema = json!({ "type": "object", "properties": { "x": field } });
        let ask = move |cx: Context| {
            let schema = schema.clone();
            async move {
                cx.elicit_form("key", "Please", schema).await?.accepted()?;
                Ok::<_, ToolError>("thanks")
            }
        };
        let text = failure(&server(Tool::new("ask", ask)));
        assert!(text.contains("field \"x\""), "{text}");
    }
}

#[test]
fn t_2511_16_a_url_must_be_one() {
    let ask = async |cx: Context| -> Result<&'static str, ToolError> {
        cx.elicit_url("key", "Please", "not a url")
            .await?
            .accepted()?;
        Ok("thanks")
    };
    assert!(failure(&server(Tool::new("ask", ask))).contains("URL"));
}

#[test]
fn t_2511_14_tool_calls_are_answered_before_anything_else() {
    let tool_use = || SamplingContent::ToolUse {
        id: "1".to_owned(),
        name: "add".to_owned(),
        input: serde_json::Map::new(),
    };
    let tool_result = |id: &str| SamplingContent::ToolResult {
        tool_use_id: id.to_owned(),
        content: Vec::new(),
        is_error: false,
    };
    let problem = |messages: Vec<SamplingMessage>| SamplingRequest::new(messages, 1).problem();
    let user = |content: SamplingContent| SamplingMessage::user(content);
    let model = |content: SamplingContent| SamplingMessage::assistant(content);
    assert_eq!(
        problem(vec![model(tool_use()), user(tool_result("1"))]),
        None
    );
    for wrong in [
        vec![model(tool_use())],
        vec![model(tool_use()), user("and?".into())],
        vec![model(tool_use()), user(tool_result("2"))],
        vec![user(tool_result("1"))],
        vec![model(tool_use()), model(tool_result("1"))],
        vec![
            model(tool_use()),
            SamplingMessage::of(
                spanway_protocol::schema::Role::User,
                vec![tool_result("1"), "x".into()],
            ),
        ],
        vec![SamplingMessage::of(
            spanway_protocol::schema::Role::User,
            Vec::new(),
        )],
    ] {
        assert!(problem(wrong.clone()).is_some(), "{wrong:?}");
    }
}

#[test]
fn t_2511_14_tools_and_context_only_where_they_were_declared() {
    let ask = async |cx: Context| -> Result<String, ToolError> {
        let tool = ToolDefinition::new("add", json!({ "type": "object" }));
        let request = SamplingRequest::text("2 + 2", 10).with_tool(tool);
        let request = request.with_tool_choice(ToolChoice::Required);
        Ok(cx.sample("key", request).await?.text())
    };
    let with_tools = server(Tool::new("ask", ask));
    let plain = json!({ "sampling": {} });
    let error = Asker::new(&with_tools)
        .declaring(plain.clone())
        .error("ask", json!({}), json!({}));
    assert_eq!(
        error["data"]["requiredCapabilities"],
        json!({ "sampling": { "tools": {} } })
    );
    let result = Asker::new(&with_tools).result("ask", json!({}), json!({}));
    let params = &result["inputRequests"]["key"]["params"];
    assert_eq!(params["tools"][0]["name"], "add");
    assert_eq!(params["toolChoice"], json!({ "mode": "required" }));
    let ask = async |cx: Context| -> Result<String, ToolError> {
        let request = SamplingRequest::text("hello", 10).with_context(IncludeContext::ThisServer);
        Ok(cx.sample("key", request).await?.text())
    };
    let with_context = server(Tool::new("ask", ask));
    for (declared, sent) in [
        (plain, None),
        (json!({ "sampling": { "context": {} } }), Some("thisServer")),
    ] {
        let asker = Asker::new(&with_context).declaring(declared);
        let result = asker.result("ask", json!({}), json!({}));
        let params = &result["inputRequests"]["key"]["params"];
        assert_eq!(params.get("includeContext").and_then(Value::as_str), sent);
    }
}

#[test]
fn a_key_names_one_question_at_a_time() {
    let ask = async |cx: Context| -> Result<&'static str, ToolError> {
        let (first, second) = (cx.roots("key"), cx.roots("key"));
        futures_util::future::try_join(first, second).await?;
        Ok("thanks")
    };
    let text = failure(&server(Tool::new("ask", ask)));
    assert!(text.contains("key of its own"), "{text}");
}

#[test]
fn a_question_nobody_waits_for_is_not_asked() {
    let ask = async |cx: Context| -> Result<&'static str, ToolError> {
        let question = std::pin::pin!(cx.roots("key"));
        futures_util::future::select(question, std::future::ready(())).await;
        Ok("never mind")
    };
    let server = server(Tool::new("ask", ask));
    let text = Asker::new(&server).text("ask", json!({}), json!({}));
    assert_eq!(text, "never mind");
}

#[test]
fn an_error_of_a_side_effect_is_not_remembered_and_stays_what_it_is() {
    let tries = Arc::new(AtomicUsize::new(0));
    let ask = move |cx: Context| {
        let tries = tries.clone();
        async move {
            let done = cx
                .once("try", async {
                    match tries.fetch_add(1, Ordering::SeqCst) {
                        0 => Err("out of order"),
                        number => Ok(number),
                    }
                })
                .await;
            if let Err(error) = &done {
                cx.roots(&format!("after {error}")).await?;
            }
            Ok::<_, ToolError>(done?.to_string())
        }
    };
    let server = server(Tool::new("ask", ask));
    let asker = Asker::new(&server);
    let first = asker.result("ask", json!({}), json!({}));
    assert!(
        first["inputRequests"]["after out of order"].is_object(),
        "{first}"
    );
    let with = json!({ "requestState": first["requestState"] });
    assert_eq!(asker.text("ask", json!({}), with), "1");
}

/// A tool that asks for one field.
fn asking_for(field: Value) -> Server {
    let schema = json!({ "type": "object", "properties": { "x": field }, "required": ["x"] });
    let ask = move |cx: Context| {
        let schema = schema.clone();
        async move {
            cx.elicit_form("key", "Please", schema).await?.accepted()?;
            Ok::<_, ToolError>("thanks")
        }
    };
    server(Tool::new("ask", ask))
}

#[test]
fn t_mrtr_12_what_was_filled_in_is_held_against_every_keyword_that_was_shown() {
    let text = |keyword: &str, value: Value| json!({ "type": "string", keyword: value });
    let format = |name: &str| text("format", json!(name));
    let sizes = json!({ "type": "array", "items": { "type": "string", "enum": ["s", "l"] }, "minItems": 1, "maxItems": 1 });
    let titled = json!({ "type": "string", "oneOf": [{ "const": "s", "title": "Small" }] });
    for (field, good, bad) in [
        (
            format("email"),
            json!("ada@example.com"),
            json!("ada at example"),
        ),
        (
            format("uri"),
            json!("https://example.com/a?b"),
            json!("/only/a/path"),
        ),
        (format("date"), json!("2026-02-28"), json!("2026-02-30")),
        (
            format("date-time"),
            json!("2026-02-28T12:00:00Z"),
            json!("2026-02-28 noon"),
        ),
        (text("minLength", json!(3)), json!("äöü"), json!("äö")),
        (text("maxLength", json!(3)), json!("äöü"), json!("abcd")),
        (
            json!({ "type": "integer", "minimum": 1 }),
            json!(1),
            json!(0),
        ),
        (
            json!({ "type": "number", "maximum": 1.5 }),
            json!(1.5),
            json!(2),
        ),
        (json!({ "type": "integer" }), json!(2), json!(2.5)),
        (json!({ "type": "boolean" }), json!(false), json!("false")),
        (text("enum", json!(["s", "l"])), json!("s"), json!("m")),
        (titled, json!("s"), json!("Small")),
        (sizes.clone(), json!(["s"]), json!([])),
        (sizes.clone(), json!(["l"]), json!(["s", "l"])),
        (sizes, json!(["l"]), json!(["m"])),
    ] {
        let server = asking_for(field.clone());
        let asker = Asker::new(&server);
        let with = |value: &Value| json!({ "inputResponses": { "key": { "action": "accept", "content": { "x": value } } } });
        assert_eq!(
            asker.text("ask", json!({}), with(&good)),
            "thanks",
            "{field} {good}"
        );
        // T-MRTR-08: asked for again.
        let again = asker.result("ask", json!({}), with(&bad));
        assert_eq!(again["resultType"], "input_required", "{field} {bad}");
    }
}
