//! Operations as tools of a real server: listed, validated, called, in both eras.

use std::collections::HashSet;

use http::Uri;
use serde_json::{Value, json};
use spanway_openapi::{Bridge, Catalog, Document, ServiceUpstream, Source, search_tools};
use spanway_protocol::jsonrpc::{self, Incoming, Message};
use spanway_protocol::{Call, Limits, ProtocolVersion, encode};
use spanway_server::{Context, McpService, Origin, Server, Tool};
use spanway_testkit::Exchange;

use crate::data;

fn server(catalog: Catalog, app: axum::Router) -> Server {
    let bridge = Bridge::builder(catalog, ServiceUpstream::new(app));
    serving(bridge.build().unwrap().into_tools())
}

fn serving(tools: Vec<Tool>) -> Server {
    let builder = Server::builder("test", "1");
    let builder = tools.into_iter().fold(builder, |it, tool| it.tool(tool));
    builder.build().unwrap()
}

/// The result of a request, or its error, as a client of that revision gets it.
pub(crate) async fn ask(
    server: &Server,
    version: ProtocolVersion,
    method: &str,
    params: Value,
) -> Value {
    let asked = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let incoming = jsonrpc::parse(&asked.to_string().into(), &Limits::default()).unwrap();
    let Incoming::Single(Message::Request(request)) = incoming else {
        panic!("not a request")
    };
    let call = Call::new(request.id.clone(), request.method, request.params, version);
    let context = Context::new(&call, Origin::default(), 16);
    let reply = server.call(call, context).await;
    let outgoing = encode(
        version,
        &request.id,
        &reply,
        server.info().raw_implementation(),
    );
    let response: Value = serde_json::from_slice(&outgoing.body).unwrap();
    Exchange::about(version, &asked).message(&response);
    let result = response.get("result").or_else(|| response.get("error"));
    result.unwrap().clone()
}

async fn call(server: &Server, name: &str, arguments: Value) -> Value {
    let params = json!({"name": name, "arguments": arguments});
    ask(server, ProtocolVersion::V2025_11_25, "tools/call", params).await
}

fn shop() -> Server {
    let document = json!({
        "openapi": "3.1.0",
        "paths": {
            "/books/{id}": {
                "get": {
                    "operationId": "book", "summary": "One book",
                    "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
                    "responses": {"200": {"content": {"application/json": {"schema": {
                        "type": "object", "required": ["title"], "properties": {"title": {"type": "string"}, "isbn": {"type": "string"}},
                    }}}}},
                },
                "delete": {"operationId": "burn"},
            },
            "/titles": {"get": {"operationId": "titles", "responses": {"200": {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}}}}},
        },
    });
    let book = |axum::extract::Path(id): axum::extract::Path<u32>| async move {
        match id {
            1 => axum::Json(json!({"title": "Emma", "isbn": null})),
            _ => axum::Json(json!({"name": "not what was promised"})),
        }
    };
    let app = axum::Router::new()
        .route("/books/{id}", axum::routing::get(book))
        .route("/titles", axum::routing::get(async || axum::Json(["Emma"])));
    let document = Document::from_value(document, None).unwrap();
    server(Catalog::read(&document), app)
}

#[tokio::test]
async fn tools_are_described_by_their_document() {
    for version in ProtocolVersion::ALL {
        let tools = ask(&shop(), version, "tools/list", json!({})).await;
        let tool = |name: &str| {
            let tools = tools["tools"].as_array().unwrap();
            tools
                .iter()
                .find(|tool| tool["name"] == name)
                .unwrap()
                .clone()
        };
        assert_eq!(tool("book")["inputSchema"]["required"], json!(["id"]));
        assert_eq!(tool("book")["description"], "One book");
        if version >= ProtocolVersion::V2025_06_18 {
            assert_eq!(tool("book")["outputSchema"]["required"], json!(["title"]));
            assert_eq!(tool("book")["annotations"]["readOnlyHint"], true);
            assert_eq!(tool("burn")["annotations"]["destructiveHint"], true);
        }
    }
}

/// Operations that declare what they take in every place, some with names that are the same for long.
fn shelves() -> Value {
    let long = "list_the_very_long_winded_names_of_all_the_shelves_on_floor";
    json!({
        "openapi": "3.0.3",
        "paths": {
            "/shelves/{shelf}": {
                "parameters": [{"$ref": "#/components/parameters/Shelf"}],
                "put": {
                    "operationId": "stock",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Stock"}}}},
                },
                "get": {"operationId": format!("{long}_number_1")},
            },
            "/rooms": {"get": {"operationId": format!("{long}_number_2")}},
        },
        "components": {
            "parameters": {"Shelf": {"name": "shelf", "in": "path", "required": true, "schema": {"type": "integer", "format": "int32"}}},
            "schemas": {
                "Stock": {"type": "object", "required": ["binding"], "properties": {
                    "binding": {"type": "string", "enum": ["paper", "cloth"]},
                    "printed": {"type": "string", "format": "date"},
                    "author": {"$ref": "#/components/schemas/Author"},
                }},
                "Author": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
        },
    })
}

/// Every tool has what its own operation declares, wherever and however it is declared.
#[tokio::test]
async fn d1b_a_tool_takes_its_own_parameters_as_they_are_declared() {
    let put = async |axum::Json(body): axum::Json<Value>| {
        ([("x-internal", "10.0.0.7")], axum::Json(body))
    };
    let app = axum::Router::new().route("/shelves/{shelf}", axum::routing::put(put));
    let document = Document::from_value(shelves(), None).unwrap();
    let server = server(Catalog::read(&document), app);
    let tools = ask(
        &server,
        ProtocolVersion::V2025_11_25,
        "tools/list",
        json!({}),
    )
    .await["tools"]
        .take();
    let tools = tools.as_array().unwrap();
    let names: HashSet<&str> = tools.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 64), "{names:?}");
    let schema = |name: &str| {
        let tool = tools.iter().find(|tool| tool["name"] == name);
        tool.unwrap()["inputSchema"].clone()
    };
    let stock = schema("stock");
    let properties = stock["properties"].as_object().unwrap();
    let declared: HashSet<&str> = properties.keys().map(String::as_str).collect();
    let expected = ["shelf", "binding", "printed", "author"];
    assert_eq!(declared, HashSet::from(expected));
    assert_eq!(properties["shelf"]["type"], "integer");
    assert_eq!(properties["binding"]["enum"], json!(["paper", "cloth"]));
    assert_eq!(properties["printed"]["format"], "date");
    let author = properties["author"]["$ref"].as_str().unwrap();
    let author = stock.pointer(author.trim_start_matches('#')).unwrap();
    assert_eq!(author["properties"]["name"]["type"], "string");
    for name in names.iter().filter(|name| name.starts_with("list_")) {
        let properties = schema(name)["properties"].clone();
        let properties = properties.as_object().map_or(0, serde_json::Map::len);
        assert!(properties <= 1, "a shelf or nothing");
    }
    let arguments = json!({"shelf": 7, "binding": "cloth", "author": {"name": "Austen"}});
    let result = call(&server, "stock", arguments).await;
    let text = result["content"][0]["text"].as_str().unwrap();
    let sent: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        sent,
        json!({"binding": "cloth", "author": {"name": "Austen"}})
    );
    assert!(!result.to_string().contains("10.0.0.7"), "{result}");
}

#[tokio::test]
async fn d3_11_an_answer_as_promised_is_structured() {
    let result = call(&shop(), "book", json!({"id": 1})).await;
    assert_eq!(
        result["structuredContent"],
        json!({"title": "Emma"}),
        "{result}"
    );
    let result = call(&shop(), "titles", json!({})).await;
    assert_eq!(
        result["structuredContent"],
        json!({"result": ["Emma"]}),
        "{result}"
    );
    assert_ne!(result["isError"], true);
}

#[tokio::test]
async fn an_answer_not_as_promised_is_an_error_with_the_text() {
    let result = call(&shop(), "book", json!({"id": 2})).await;
    assert_eq!(result["isError"], true, "{result}");
    assert!(result.get("structuredContent").is_none());
    let text = result["content"][1]["text"].as_str().unwrap();
    assert_eq!(text, r#"{"name":"not what was promised"}"#);
}

#[tokio::test]
async fn arguments_are_validated_before_the_upstream_sees_them() {
    for arguments in [json!({}), json!({"id": "x"}), json!({"id": 1, "more": 2})] {
        let result = call(&shop(), "book", arguments).await;
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("not valid"), "{text}");
    }
}

#[tokio::test]
async fn every_real_document_makes_a_server() {
    let Some(folder) = data() else { return };
    for name in [
        "petstore-3.0.yaml",
        "museum-3.1.yaml",
        "v3.1-tictactoe.yaml",
        "openai.yaml",
    ] {
        let source = Source::new(&folder.join(name).display().to_string());
        let catalog = Catalog::read(&source.load().await.unwrap());
        let count = catalog.operations().len();
        let server = server(catalog, axum::Router::new());
        let mut listed = 0;
        let mut params = json!({});
        loop {
            let page = ask(&server, ProtocolVersion::V2025_11_25, "tools/list", params).await;
            listed += page["tools"].as_array().unwrap().len();
            match page.get("nextCursor") {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => break,
            }
        }
        assert_eq!(listed, count, "{name}");
    }
}

#[tokio::test]
async fn arguments_that_nearly_conform_are_read_only_where_the_operator_says() {
    let parameter = json!({"name": "n", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}});
    let root = json!({"openapi": "3.1.0", "paths": {"/sum": {"get": {"operationId": "sum", "parameters": [parameter]}}}});
    let bridge = || {
        let catalog = Catalog::read(&Document::from_value(root.clone(), None).unwrap());
        let app = async |uri: Uri| uri.to_string();
        let app = axum::Router::new().route("/sum", axum::routing::get(app));
        Bridge::builder(catalog, ServiceUpstream::new(app))
    };
    let given = json!({"n": "[1, \"2\"]"});
    let exact = serving(bridge().build().unwrap().into_tools());
    let said = call(&exact, "sum", given.clone()).await;
    assert!(
        said["content"][0]["text"].as_str().unwrap().contains("/n"),
        "{said}"
    );
    let tolerant = serving(bridge().tolerant().build().unwrap().into_tools());
    let wanted = "http://localhost/sum?n=1&n=2";
    assert_eq!(
        call(&tolerant, "sum", given.clone()).await["content"][0]["text"],
        wanted
    );
    let searched = serving(search_tools(vec![bridge().tolerant().build().unwrap()]));
    let arguments = json!({"name": "sum", "arguments": given.to_string()});
    let said = call(&searched, "call_operation", arguments).await;
    assert_eq!(said["content"][0]["text"], wanted);
}

#[tokio::test]
async fn searched_operations_take_the_arguments_that_are_described() {
    let parameter =
        json!({"name": "n", "in": "path", "required": true, "schema": {"type": "integer"}});
    let operation = json!({"operationId": "hello", "parameters": [parameter]});
    let root = json!({"openapi": "3.1.0", "paths": {"/hello/{n}": {"get": operation}}});
    let hello = async |axum::extract::Path(n): axum::extract::Path<u8>| format!("Hello {n}");
    let app = axum::Router::new().route("/hello/{n}", axum::routing::get(hello));
    let catalog = Catalog::read(&Document::from_value(root, None).unwrap());
    let bridge = Bridge::builder(catalog, ServiceUpstream::new(app));
    let server = serving(search_tools(vec![bridge.build().unwrap()]));
    let found = call(&server, "search_operations", json!({"query": "hello"})).await;
    assert_eq!(found["structuredContent"]["operations"][0]["name"], "hello");
    let arguments = json!({"name": "hello", "arguments": {"n": 7}});
    let good = call(&server, "call_operation", arguments).await;
    assert_eq!(good["content"][0]["text"], "Hello 7");
    let arguments = json!({"name": "hello", "arguments": {"n": "x"}});
    let bad = call(&server, "call_operation", arguments).await;
    assert_eq!(bad["isError"], true);
    let text = bad["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("/n"), "{text}");
    let none = call(&server, "call_operation", json!({"name": "gone"})).await;
    assert_eq!(none["isError"], true);
}
