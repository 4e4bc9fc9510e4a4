//! Pages, cursors and the order of lists.

use serde_json::{Value, json};
use spanway_server::{Prompt, Resource, Server, Tool};

use crate::support::{MODERN, caller, callers, names};

async fn hello() -> &'static str {
    "hello"
}

fn server(page_size: usize) -> Server {
    let mut builder = Server::builder("s", "1").page_size(page_size);
    for n in 0..7 {
        builder = builder
            .tool(Tool::new(format!("tool{n}"), hello))
            .resource(Resource::text(format!("a:{n}"), format!("resource{n}"), ""))
            .resource(Resource::template(
                format!("t{n}:{{x}}"),
                format!("template{n}"),
                hello,
            ))
            .prompt(Prompt::new(format!("prompt{n}"), hello));
    }
    builder.build().unwrap()
}

const LISTS: [(&str, &str, &str); 4] = [
    ("tools/list", "tools", "tool"),
    ("resources/list", "resources", "resource"),
    ("resources/templates/list", "resourceTemplates", "template"),
    ("prompts/list", "prompts", "prompt"),
];

#[test]
fn t_all_50_every_list_is_paged_and_complete() {
    for page_size in [1, 2, 3, 7, 100] {
        let server = server(page_size);
        for (version, caller) in callers(&server) {
            for (method, key, name) in LISTS {
                let expected: Vec<_> = (0..7).map(|n| format!("{name}{n}")).collect();
                assert_eq!(
                    names(&caller.list(method, key)),
                    expected,
                    "{version} {method} {page_size}"
                );
                let first = caller.result(method, json!({}));
                assert_eq!(first[key].as_array().unwrap().len(), page_size.min(7));
                assert_eq!(
                    first.get("nextCursor").is_some(),
                    page_size < 7,
                    "only if there is more"
                );
            }
        }
    }
}

#[test]
fn t_all_50_invalid_cursors_are_invalid_params() {
    let server = server(2);
    for (version, caller) in callers(&server) {
        let other = caller.result("prompts/list", json!({}))["nextCursor"].clone();
        for cursor in [
            json!(""),
            json!("0"),
            json!("nonsense"),
            json!(7),
            json!({}),
            other,
        ] {
            let error = caller.error("tools/list", json!({ "cursor": cursor }));
            assert_eq!(error["code"], -32602, "{version} {cursor}");
        }
        // Absent, that is.
        assert!(
            caller
                .result("tools/list", json!({ "cursor": null }))
                .get("nextCursor")
                .is_some()
        );
    }
}

#[test]
fn t_all_50_cursors_stay_right_under_insertion_and_removal() {
    let server = server(3);
    let caller = caller(&server, MODERN);
    let cursor = caller.result("tools/list", json!({}))["nextCursor"].clone();
    let rest = |cursor: &Value| {
        names(
            caller.result("tools/list", json!({ "cursor": cursor }))["tools"]
                .as_array()
                .unwrap(),
        )
    };
    assert_eq!(rest(&cursor), ["tool3", "tool4", "tool5"]);
    server
        .edit(|edit| {
            edit.remove_tool("tool0");
            edit.remove_tool("tool2");
            edit.remove_tool("tool4");
            edit.add_tool(Tool::new("tool7", hello));
            edit.add_tool(Tool::new("tool0", hello));
        })
        .unwrap();
    assert_eq!(
        rest(&cursor),
        ["tool3", "tool5", "tool6"],
        "nothing twice, nothing left out"
    );
    assert_eq!(
        caller.tool_names(),
        ["tool1", "tool3", "tool5", "tool6", "tool7", "tool0"]
    );
}

#[test]
fn t_2607_40_lists_are_the_same_for_everybody_and_every_time() {
    let server = server(3);
    for (version, caller) in callers(&server) {
        let first = caller.ask("tools/list", json!({}));
        let _ = caller.ask("tools/call", json!({ "name": "tool1" }));
        assert_eq!(caller.ask("tools/list", json!({})), first, "{version}");
        assert_eq!(
            crate::support::caller(&server, version)
                .named("ada")
                .ask("tools/list", json!({})),
            first
        );
    }
}
