//! Mistakes in the description of a server, reported all at once.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use spanway_protocol::schema::ToolDefinition;
use spanway_server::{Args, BuildError, Prompt, Resource, Server, Tool};

async fn hello() -> &'static str {
    "hello"
}

fn message(error: &BuildError) -> String {
    error.to_string()
}

#[test]
fn every_mistake_is_reported_at_once_and_names_its_feature() {
    let errors = Server::builder("s", "1")
        .tool(Tool::new("good", hello))
        .tool(Tool::new("bad name", hello))
        .tool(Tool::new("good", hello))
        .tool(Tool::new("schema", hello).input_schema(json!({ "type": "object", "required": 7 })))
        .tool(Tool::new("root", hello).input_schema(json!({ "type": "array" })))
        .tool(Tool::new("output", hello).output_schema(json!({ "$ref": "https://example.com/x" })))
        .resource(Resource::text("no uri", "r", ""))
        .resource(Resource::template("book://{id", "t", hello))
        .resource(
            Resource::template("book://{id}", "t", hello).complete("isbn", async || vec!["1"]),
        )
        .prompt(Prompt::new("", hello))
        .prompt(Prompt::new("p", hello).complete("genre", async || vec!["crime"]))
        .build()
        .unwrap_err();
    let messages: Vec<_> = errors.iter().map(message).collect();
    let expected = [
        "tool \"bad name\": a name has 1 to 128 characters",
        "tool \"good\" is there twice",
        "tool \"schema\": its input schema is not usable: ",
        "tool \"root\": its input schema must have \"type\": \"object\"",
        "tool \"output\": its output schema is not usable: ",
        "resource \"no uri\": a URI starts with a scheme",
        "resource template \"book://{id\": a '{' is not closed",
        "resource template \"book://{id}\": \"isbn\" has a completer, but there is no such variable",
        "prompt \"\": a name has 1 to 128 characters",
        "prompt \"p\": \"genre\" has a completer, but there is no such argument",
    ];
    assert_eq!(messages.len(), expected.len(), "{messages:#?}");
    for (message, start) in messages.iter().zip(expected) {
        assert!(message.starts_with(start), "{message}");
    }
    let all = errors.to_string();
    assert!(
        all.starts_with("10 mistakes in the description of the server\n- tool"),
        "{all}"
    );
}

#[test]
fn t_2511_11_names_are_what_every_client_takes() {
    let build = |name: &str| {
        Server::builder("s", "1")
            .tool(Tool::new(name, hello))
            .build()
    };
    for name in ["a", "A.b_c-1", "x".repeat(128).as_str(), "."] {
        build(name).unwrap();
    }
    for name in ["", "x".repeat(129).as_str(), "a b", "a/b", "ü", "a\n"] {
        let errors = build(name).unwrap_err();
        let invalid = BuildError::InvalidName {
            kind: "tool",
            name: name.to_owned(),
        };
        assert_eq!(errors.iter().collect::<Vec<_>>(), [&invalid]);
    }
    // Case makes a difference.
    Server::builder("s", "1")
        .tool(Tool::new("a", hello))
        .tool(Tool::new("A", hello))
        .build()
        .unwrap();
}

#[test]
fn t_2511_12_arguments_must_be_an_object() {
    #[derive(Deserialize, JsonSchema)]
    enum Unit {
        A,
    }
    let errors = Server::builder("s", "1")
        .tool(Tool::new("number", async |_: Args<u32>| ()))
        .tool(Tool::new("list", async |_: Args<Vec<String>>| ()))
        .tool(Tool::new("unit", async |_: Args<Unit>| ()))
        .tool(Tool::new(
            "map",
            async |_: Args<std::collections::BTreeMap<String, u32>>| (),
        ))
        .tool(Tool::new("anything", async |_: Args<serde_json::Value>| ()))
        .tool(Tool::from_definition(
            ToolDefinition::new("dynamic", json!({})),
            hello,
        ))
        .prompt(Prompt::new("prompt", async |_: Args<u32>| ""))
        .build()
        .unwrap_err();
    let object = |tool: &str| BuildError::InputNotObject {
        tool: tool.to_owned(),
    };
    let prompt = BuildError::PromptArguments {
        prompt: "prompt".to_owned(),
    };
    let expected = [
        object("number"),
        object("list"),
        object("unit"),
        object("dynamic"),
        prompt,
    ];
    assert_eq!(errors.iter().cloned().collect::<Vec<_>>(), expected);
}

#[test]
fn arguments_can_be_taken_only_once() {
    #[derive(Deserialize, JsonSchema)]
    struct Word {}
    let twice = async |_: Args<Word>, _: Args<Word>| ();
    let errors = Server::builder("s", "1")
        .tool(Tool::new("twice", twice))
        .build()
        .unwrap_err();
    let expected = BuildError::ArgumentsTwice {
        kind: "tool",
        name: "twice".to_owned(),
    };
    assert_eq!(errors.iter().collect::<Vec<_>>(), [&expected]);
}
