//! Who the server says it is, and which methods exist.

use serde_json::json;
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::{CacheHint, Icon};
use spanway_server::{Prompt, Resource, Server, Tool};

use crate::support::{MODERN, caller, callers};

async fn hello() -> &'static str {
    "hello"
}

fn server() -> Server {
    Server::builder("shop", "1.2.3")
        .title("The Shop")
        .description("Sells things")
        .website("https://shop.example")
        .icon(Icon::new("https://shop.example/icon.png"))
        .instructions("Search first.")
        .tool(Tool::new("hello", hello))
        .build()
        .unwrap()
}

#[test]
fn initialize_answers_in_the_negotiated_revision() {
    let server = server();
    for (version, caller) in callers(&server).filter(|(version, _)| *version < MODERN) {
        let result = caller.result("initialize", json!({ "protocolVersion": version }));
        assert_eq!(result["protocolVersion"], version.as_str());
        assert_eq!(result["serverInfo"]["name"], "shop");
        assert_eq!(result["serverInfo"]["version"], "1.2.3");
        let titled = version >= ProtocolVersion::V2025_06_18;
        assert_eq!(
            result["serverInfo"].get("title").is_some(),
            titled,
            "{version}"
        );
        let described = version >= ProtocolVersion::V2025_11_25;
        for field in ["description", "icons", "websiteUrl"] {
            assert_eq!(
                result["serverInfo"].get(field).is_some(),
                described,
                "{version} {field}"
            );
        }
        assert_eq!(result["instructions"], "Search first.");
    }
}

#[test]
fn t_2607_35_discover_lists_modern_revisions_and_names_the_server_in_meta() {
    let server = server();
    let result = caller(&server, MODERN).result("server/discover", json!({}));
    assert_eq!(result["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(result["instructions"], "Search first.");
    assert!(result.get("serverInfo").is_none());
    let info = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(
        (&info["name"], &info["version"]),
        (&json!("shop"), &json!("1.2.3"))
    );
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(0), &json!("private"))
    );
}

#[test]
fn t_2607_36_nothing_is_advertised_that_is_not_there() {
    let bare = Server::builder("bare", "1").build().unwrap();
    let caller = caller(&bare, MODERN);
    let offered = caller.result("server/discover", json!({}))["capabilities"].clone();
    assert_eq!(offered, json!({ "logging": {} }));
    for method in [
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "prompts/list",
        "prompts/get",
        "completion/complete",
    ] {
        let (status, response) = caller.ask(method, json!({ "name": "x", "uri": "x:y" }));
        assert_eq!(
            (status, &response["error"]["code"]),
            (404, &json!(-32601)),
            "{method}"
        );
    }
}

#[test]
fn d3_7_and_t_all_20_30_40_what_is_there_is_advertised() {
    let server = Server::builder("all", "1")
        .tool(Tool::new("hello", hello))
        .resource(Resource::template("a://{b}", "a", hello).complete("b", async || vec!["c"]))
        .prompt(Prompt::new("hello", hello))
        .build()
        .unwrap();
    for (version, caller) in callers(&server).filter(|(version, _)| *version < MODERN) {
        let offered = caller.result("initialize", json!({}))["capabilities"].clone();
        for list in ["tools", "resources", "prompts"] {
            assert_eq!(offered[list]["listChanged"], true, "{version} {list}");
        }
        // 2024-11-05 completes without a capability for it.
        let named = version > ProtocolVersion::V2024_11_05;
        assert_eq!(offered.get("completions").is_some(), named, "{version}");
    }
}

#[test]
fn t_all_06_unknown_methods_are_method_not_found() {
    let server = server();
    for (version, caller) in callers(&server) {
        for method in [
            "resources/list",
            "tasks/list",
            "nonsense",
            "resources/subscribe",
        ] {
            let (status, response) = caller.ask(method, json!({}));
            assert_eq!(response["error"]["code"], -32601, "{version} {method}");
            // A legacy 404 would mean that the session is gone (trap 4).
            assert_eq!(
                status,
                if version == MODERN { 404 } else { 200 },
                "{version} {method}"
            );
        }
    }
}

#[test]
fn ping_is_answered_with_nothing() {
    let server = server();
    assert_eq!(
        caller(&server, ProtocolVersion::V2025_06_18).result("ping", json!({})),
        json!({})
    );
}

#[test]
fn t_2607_44_hints_reach_every_cacheable_result() {
    let server = Server::builder("shop", "1")
        .cache(CacheHint::public(5000))
        .tool(Tool::new("hello", hello))
        .resource(Resource::text("a:b", "a", "text"))
        .resource(Resource::text("a:c", "c", "text").cache(CacheHint::private(7)))
        .resource(Resource::template("t:{x}", "t", hello))
        .prompt(Prompt::new("hello", hello))
        .build()
        .unwrap();
    let modern = caller(&server, MODERN);
    let requests = [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/read", json!({ "uri": "a:b" })),
        ("resources/read", json!({ "uri": "t:1" })),
    ];
    for (method, params) in &requests {
        let result = modern.result(method, params.clone());
        assert_eq!(result["ttlMs"], 5000, "{method}");
        assert_eq!(result["cacheScope"], "public", "{method}");
    }
    let own = modern.result("resources/read", json!({ "uri": "a:c" }));
    assert_eq!(
        (&own["ttlMs"], &own["cacheScope"]),
        (&json!(7), &json!("private"))
    );
    for version in ProtocolVersion::ALL
        .into_iter()
        .filter(|version| *version < MODERN)
    {
        for (method, params) in requests.iter().skip(1) {
            let result = caller(&server, version).result(method, params.clone());
            assert!(
                result.get("ttlMs").is_none() && result.get("cacheScope").is_none(),
                "T-DUAL-15"
            );
        }
    }
}
