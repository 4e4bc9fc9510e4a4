//! Features that come and go while the server runs.

use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use spanway_protocol::ProtocolVersion;
use spanway_server::{BuildError, Change, McpService, Prompt, Resource, Server, State, Tool};

use crate::support::{MODERN, caller, callers};

async fn hello() -> &'static str {
    "hello"
}

#[test]
fn t_all_21_34_44_changes_are_served_at_once_and_announced() {
    let server = Server::builder("s", "1").dynamic().build().unwrap();
    let mut changes = server.changes().subscribe();
    assert!(caller(&server, MODERN).tool_names().is_empty());
    server
        .edit(|edit| {
            edit.add_tool(Tool::new("one", hello));
            edit.add_tool(Tool::new("two", hello));
            edit.add_resource(Resource::text("a:b", "a", "text"));
            edit.add_resource(Resource::template("a:{b}/c", "t", hello));
            edit.add_prompt(Prompt::new("p", hello).complete("x", hello_values));
        })
        .unwrap_err();
    assert_eq!(
        changes.next().now_or_never(),
        None,
        "a mistake changes nothing"
    );
    server
        .edit(|edit| {
            edit.add_tool(Tool::new("one", hello));
            edit.add_tool(Tool::new("two", hello));
            edit.add_resource(Resource::template("a:{b}/c", "t", hello));
            edit.add_prompt(Prompt::new("p", hello));
        })
        .unwrap();
    let seen: Vec<_> = std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect();
    assert_eq!(seen, [Change::Tools, Change::Prompts, Change::Resources]);
    for (version, caller) in callers(&server) {
        assert_eq!(caller.tool_names(), ["one", "two"], "{version}");
        assert_eq!(
            caller.call_tool("two", json!({}))["content"][0]["text"],
            "hello"
        );
        assert_eq!(caller.list("prompts/list", "prompts").len(), 1);
        assert_eq!(
            caller
                .list("resources/templates/list", "resourceTemplates")
                .len(),
            1
        );
    }
    server
        .edit(|edit| {
            edit.remove_tool("one");
            edit.remove_resource("a:{b}/c");
            edit.remove_prompt("p");
        })
        .unwrap();
    for (version, caller) in callers(&server) {
        assert_eq!(caller.tool_names(), ["two"], "{version}");
        assert_eq!(
            caller.error("tools/call", json!({ "name": "one" }))["code"],
            -32602
        );
        assert!(caller.list("prompts/list", "prompts").is_empty());
    }
}

#[test]
fn what_a_server_offers_is_replaced_by_what_another_does() {
    let answering = |text: &'static str, names: &[&'static str]| {
        let tools = names
            .iter()
            .map(|name| Tool::new(*name, move || std::future::ready(text)));
        let prompt = Prompt::new("p", hello);
        Server::builder("s", "1")
            .tools(tools)
            .prompt(prompt)
            .build()
            .unwrap()
    };
    let server = answering("first", &["one", "two"]);
    let mut changes = server.changes().subscribe();
    let told = |changes: &mut spanway_server::Changes| {
        std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect::<Vec<_>>()
    };
    let same = answering("second", &["one", "two"]);
    server.edit(|edit| edit.replace_with(&same)).unwrap();
    assert_eq!(told(&mut changes), [], "the lists read as before");
    let called = caller(&server, MODERN).call_tool("two", json!({}));
    assert_eq!(called["content"][0]["text"], "second");

    let other = answering("third", &["two", "three"]);
    server.edit(|edit| edit.replace_with(&other)).unwrap();
    assert_eq!(told(&mut changes), [Change::Tools]);
    server
        .edit(|edit| edit.add_tool(Tool::new("four", hello)))
        .unwrap();
    assert_eq!(
        caller(&server, MODERN).tool_names(),
        ["two", "three", "four"]
    );
    let none = Server::builder("s", "1").dynamic().build().unwrap();
    server.edit(|edit| edit.replace_with(&none)).unwrap();
    assert!(caller(&server, MODERN).tool_names().is_empty());
}

async fn hello_values() -> Vec<&'static str> {
    vec!["hello"]
}

#[test]
fn an_edit_is_all_or_nothing() {
    let server = Server::builder("s", "1")
        .tool(Tool::new("one", hello))
        .build()
        .unwrap();
    let errors = server
        .edit(|edit| {
            edit.add_tool(Tool::new("two", hello));
            edit.add_tool(Tool::new("one", hello));
            edit.remove_tool("three");
        })
        .unwrap_err();
    let errors: Vec<_> = errors.iter().cloned().collect();
    assert_eq!(
        errors,
        [
            BuildError::Duplicate {
                kind: "tool",
                name: "one".to_owned()
            },
            BuildError::Missing {
                kind: "tool",
                name: "three".to_owned()
            },
        ]
    );
    assert_eq!(caller(&server, MODERN).tool_names(), ["one"]);
}

#[test]
fn t_2607_36_what_was_not_offered_cannot_appear() {
    let server = Server::builder("s", "1")
        .tool(Tool::new("one", hello))
        .build()
        .unwrap();
    let errors = server.edit(|edit| {
        edit.add_prompt(Prompt::new("p", hello));
    });
    assert!(errors.unwrap_err().to_string().contains("dynamic()"));
    // The last tool may go; then there are none, but still a list of them.
    server
        .edit(|edit| {
            edit.remove_tool("one");
        })
        .unwrap();
    assert!(caller(&server, MODERN).tool_names().is_empty());
}

#[test]
fn a_tool_brings_its_state() {
    let server = Server::builder("s", "1").dynamic().build().unwrap();
    let greet = async |State(name): State<&'static str>| name;
    server
        .edit(|edit| {
            edit.add_tool(Tool::new("tool", greet).with_state("tool state"));
            edit.add_resource(Resource::new("a:b", "r", greet).with_state("resource state"));
            edit.add_prompt(Prompt::new("p", greet).with_state("prompt state"));
        })
        .unwrap();
    let caller = caller(&server, ProtocolVersion::V2025_11_25);
    assert_eq!(
        caller.call_tool("tool", json!({}))["content"][0]["text"],
        "tool state"
    );
    assert_eq!(
        caller.result("resources/read", json!({ "uri": "a:b" }))["contents"][0]["text"],
        "resource state"
    );
    let prompt = caller.result("prompts/get", json!({ "name": "p" }));
    assert_eq!(prompt["messages"][0]["content"]["text"], "prompt state");
}

#[test]
fn changes_can_be_announced_by_hand() {
    let server = Server::builder("s", "1").build().unwrap();
    let mut changes = server.changes().subscribe();
    server.notify_tools_changed();
    server.notify_resources_changed();
    server.notify_prompts_changed();
    let seen: Vec<_> = std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect();
    assert_eq!(seen, [Change::Tools, Change::Prompts, Change::Resources]);
}
