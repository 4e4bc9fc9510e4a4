//! Filters are authorization decisions: what is not listed cannot be used.

use serde_json::json;
use spanway_protocol::schema::CacheHint;
use spanway_server::{Principal, Prompt, Resource, Server, Tool};

use crate::support::{MODERN, caller, callers, names};

async fn hello() -> &'static str {
    "hello"
}

fn is_ada(principal: Option<&Principal>) -> bool {
    principal.is_some_and(|principal| principal.as_str() == "ada")
}

fn server() -> Server {
    Server::builder("s", "1")
        .page_size(1)
        .cache(CacheHint::public(1000))
        .tool(Tool::new("open", hello))
        .tool(Tool::new("secret", hello).visible_to(is_ada))
        .tool(Tool::new("last", hello))
        .resource(Resource::text("a:open", "open", "text"))
        .resource(Resource::text("a:secret", "secret", "text").visible_to(is_ada))
        .resource(Resource::template("b:{x}", "hidden", hello).visible_to(is_ada))
        .prompt(Prompt::new("secret", hello).visible_to(is_ada))
        .build()
        .unwrap()
}

#[test]
fn d3_1_filtered_tools_are_neither_listed_nor_callable() {
    let server = server();
    for (version, nobody) in callers(&server) {
        assert_eq!(nobody.tool_names(), ["open", "last"], "{version}");
        let hidden = nobody.error("tools/call", json!({ "name": "secret" }));
        assert_eq!(hidden["code"], -32602, "{version}");
        assert_eq!(
            hidden["message"], "unknown tool: \"secret\"",
            "as if there were none"
        );
        let ada = caller(&server, version).named("ada");
        assert_eq!(ada.tool_names(), ["open", "secret", "last"], "{version}");
        assert_eq!(
            ada.call_tool("secret", json!({}))["content"][0]["text"],
            "hello"
        );
        assert_eq!(
            nobody.tool_names(),
            ["open", "last"],
            "nothing kept from ada's list"
        );
    }
}

#[test]
fn d3_1_so_are_resources_and_prompts() {
    let server = server();
    let (nobody, ada) = (
        caller(&server, MODERN),
        caller(&server, MODERN).named("ada"),
    );
    assert_eq!(names(&nobody.list("resources/list", "resources")), ["open"]);
    assert_eq!(
        names(&ada.list("resources/list", "resources")),
        ["open", "secret"]
    );
    assert!(
        nobody
            .list("resources/templates/list", "resourceTemplates")
            .is_empty()
    );
    assert!(nobody.list("prompts/list", "prompts").is_empty());
    for (method, params) in [
        ("resources/read", json!({ "uri": "a:secret" })),
        ("resources/read", json!({ "uri": "b:1" })),
        ("prompts/get", json!({ "name": "secret" })),
    ] {
        assert_eq!(
            nobody.error(method, params.clone())["code"],
            -32602,
            "{method}"
        );
        ada.result(method, params);
    }
}

#[test]
fn t_2607_44_lists_that_differ_between_callers_are_private_on_every_page() {
    let server = server();
    for caller in [
        caller(&server, MODERN),
        caller(&server, MODERN).named("ada"),
    ] {
        let mut params = json!({});
        loop {
            let page = caller.result("tools/list", params);
            assert_eq!(
                (&page["ttlMs"], &page["cacheScope"]),
                (&json!(1000), &json!("private"))
            );
            let Some(cursor) = page.get("nextCursor") else {
                break;
            };
            params = json!({ "cursor": cursor });
        }
    }
    let ada = caller(&server, MODERN).named("ada");
    let scope =
        |uri: &str| ada.result("resources/read", json!({ "uri": uri }))["cacheScope"].clone();
    assert_eq!(
        (scope("a:open"), scope("a:secret"), scope("b:1")),
        (json!("public"), json!("private"), json!("private"))
    );
}
