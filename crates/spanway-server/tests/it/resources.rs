//! Resources and templates: listed, matched, read.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::{Annotations, ResourceContents, Role};
use spanway_server::{Params, Resource, ResourceError, Server, State, Uri};

use crate::support::{MODERN, caller, callers, names};

#[derive(Deserialize)]
struct Book {
    id: u32,
}

async fn book(
    State(shop): State<&'static str>,
    Params(Book { id }): Params<Book>,
) -> Result<String, ResourceError> {
    if id == 404 {
        Err(ResourceError::not_found())
    } else {
        Ok(format!("{shop} {id}"))
    }
}

async fn file(Uri(uri): Uri, Params(values): Params<BTreeMap<String, String>>) -> String {
    format!("{uri} {values:?}")
}

fn server() -> Server {
    let about = Resource::text("shop://about", "about", "A small bookshop.")
        .title("About us")
        .description("Who we are")
        .annotations(
            Annotations::default()
                .with_audience(Role::User)
                .with_priority(0.5),
        );
    let several = async || {
        vec![
            ResourceContents::text("shop://1", "one"),
            ResourceContents::blob("shop://2", [0]),
        ]
    };
    Server::builder("s", "1")
        .with_state("Marks")
        .resource(about)
        .resource(
            Resource::new("shop://logo", "logo", async || vec![1_u8, 2, 3]).mime_type("image/png"),
        )
        .resource(Resource::new("book://7", "seven", async || {
            Bytes::from_static(b"bytes")
        }))
        .resource(Resource::new("shop://several", "several", several))
        .resource(Resource::new(
            "shop://gone",
            "gone",
            async || None::<String>,
        ))
        .resource(Resource::template("book://{id}", "book", book).mime_type("text/plain"))
        .resource(Resource::template("book://{any}", "never", file))
        .resource(Resource::template("file:///{+path}", "file", file))
        .build()
        .unwrap()
}

fn text(result: &Value) -> &str {
    result["contents"][0]["text"].as_str().unwrap()
}

#[test]
fn t_all_40_resources_and_templates_are_listed() {
    let server = server();
    for (version, caller) in callers(&server) {
        let resources = caller.list("resources/list", "resources");
        assert_eq!(
            names(&resources),
            ["about", "logo", "seven", "several", "gone"],
            "{version}"
        );
        let about = &resources[0];
        assert_eq!(
            (&about["uri"], &about["size"]),
            (&json!("shop://about"), &json!(17))
        );
        assert_eq!(
            (&about["mimeType"], &about["description"]),
            (&json!("text/plain"), &json!("Who we are"))
        );
        assert_eq!(
            about["annotations"],
            json!({ "audience": ["user"], "priority": 0.5 })
        );
        assert_eq!(
            about.get("title").is_some(),
            version >= ProtocolVersion::V2025_06_18,
            "{version}"
        );
        let templates = caller.list("resources/templates/list", "resourceTemplates");
        assert_eq!(names(&templates), ["book", "never", "file"], "{version}");
        assert_eq!(templates[0]["uriTemplate"], "book://{id}");
        assert_eq!(templates[0]["mimeType"], "text/plain");
    }
}

#[test]
fn t_all_41_42_text_blobs_and_several_contents() {
    let server = server();
    for (version, caller) in callers(&server) {
        let read =
            |uri: &str| caller.result("resources/read", json!({ "uri": uri }))["contents"].clone();
        let about = json!([{ "uri": "shop://about", "mimeType": "text/plain", "text": "A small bookshop." }]);
        assert_eq!(read("shop://about"), about, "{version}");
        assert_eq!(
            read("shop://logo"),
            json!([{ "uri": "shop://logo", "mimeType": "image/png", "blob": "AQID" }])
        );
        let several =
            json!([{ "uri": "shop://1", "text": "one" }, { "uri": "shop://2", "blob": "AA==" }]);
        assert_eq!(read("shop://several"), several);
    }
}

#[test]
fn k3_10_templates_match_in_order_after_exact_resources() {
    let server = server();
    for (version, caller) in callers(&server) {
        let read = |uri: &str| caller.result("resources/read", json!({ "uri": uri }));
        let exact = json!([{ "uri": "book://7", "blob": "Ynl0ZXM=" }]);
        assert_eq!(read("book://7")["contents"], exact, "{version}");
        let eight = json!([{ "uri": "book://8", "mimeType": "text/plain", "text": "Marks 8" }]);
        assert_eq!(read("book://8")["contents"], eight);
        assert_eq!(
            text(&read("file:///a/b%20c")),
            "file:///a/b%20c {\"path\": \"a/b c\"}"
        );
    }
}

#[test]
fn d3_7_and_t_2411_18_and_t_2607_43_unknown_resources_are_errors_with_the_uri_never_empty_contents()
{
    let server = server();
    for (version, caller) in callers(&server) {
        let code = if version == MODERN { -32602 } else { -32002 };
        for uri in [
            "shop://nothing",
            "shop://gone",
            "book://404",
            "book://not-a-number",
            "book://a/b",
            "file:///../../etc/passwd",
            "file:///a/%2e%2e/b",
            "",
        ] {
            let error = caller.error("resources/read", json!({ "uri": uri }));
            assert_eq!(
                (&error["code"], &error["data"]["uri"]),
                (&json!(code), &json!(uri)),
                "{version}"
            );
        }
        for params in [
            json!({}),
            json!({ "uri": 7 }),
            json!({ "name": "shop://about" }),
        ] {
            assert_eq!(
                caller.error("resources/read", params)["code"],
                -32602,
                "{version}"
            );
        }
    }
}

#[test]
fn the_uri_decides_whatever_else_is_sent() {
    let server = server();
    let params = json!({ "uri": "shop://about", "name": "shop://logo" });
    assert_eq!(
        text(&caller(&server, MODERN).result("resources/read", params)),
        "A small bookshop."
    );
}

#[test]
fn variables_become_what_their_fields_are() {
    #[derive(Deserialize)]
    struct Typed {
        number: f64,
        yes: bool,
        signed: Option<i8>,
        kind: Kind,
        word: String,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Crime,
    }
    async fn typed(Params(all): Params<Typed>) -> String {
        format!(
            "{} {} {:?} {:?} {}",
            all.number, all.yes, all.signed, all.kind, all.word
        )
    }
    let server = Server::builder("s", "1")
        .resource(Resource::template(
            "t:{number}/{yes}/{signed}/{kind}/{word}",
            "t",
            typed,
        ))
        .build()
        .unwrap();
    let caller = caller(&server, MODERN);
    let result = caller.result("resources/read", json!({ "uri": "t:1.5/true/-3/crime/42" }));
    assert_eq!(text(&result), "1.5 true Some(-3) Crime 42");
    let wrong = json!({ "uri": "t:1.5/maybe/-3/crime/42" });
    assert_eq!(
        caller.error("resources/read", wrong)["data"]["uri"],
        "t:1.5/maybe/-3/crime/42"
    );
}
