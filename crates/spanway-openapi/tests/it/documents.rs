//! Every operation of real documents: listed, named, reachable, with schemas that compile.

use std::collections::HashSet;
use std::path::Path;

use http::HeaderMap;
use serde_json::{Map, Value};
use spanway_openapi::{Catalog, Impact, Location, Operation, Source, Target, build_request};
use url::Url;

use crate::data;
use crate::sample::sample;

async fn catalog(folder: &Path, name: &str) -> Catalog {
    let path = folder.join(name);
    let document = Source::new(&path.display().to_string())
        .load()
        .await
        .unwrap();
    Catalog::read(&document)
}

/// What holds for every operation of every document.
fn check(operation: &Operation) {
    let at = &operation.pointer;
    assert!((1..=64).contains(&operation.name.len()), "{at}");
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    assert!(
        operation.name.chars().all(legal),
        "{at}: {}",
        operation.name
    );
    let schema = &operation.arguments.schema;
    assert_eq!(schema["type"], "object", "{at}");
    jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("{at}: {error}"));
    if let Some(schema) = &operation.output_schema {
        jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert!(schema.to_string().len() <= 64 * 1024, "{at}");
    }
    let properties = schema["properties"].as_object().unwrap();
    let bound: HashSet<usize> = operation
        .arguments
        .bindings
        .iter()
        .inspect(|binding| assert!(properties.contains_key(&binding.argument), "{at}"))
        .filter_map(|binding| match binding.target {
            Target::Parameter(index) => Some(index),
            _ => None,
        })
        .collect();
    assert_eq!(
        bound.len(),
        operation.parameters.len(),
        "{at}: parameters out of reach"
    );
    assert_eq!(operation.arguments.bindings.len(), properties.len(), "{at}");
}

/// Builds a request from sample arguments, and checks that it carries each of them.
fn call(operation: &Operation) {
    let at = &operation.pointer;
    let schema = &operation.arguments.schema;
    let properties = schema["properties"].as_object().unwrap();
    let mut arguments = Map::new();
    for (name, property) in properties {
        arguments.insert(name.clone(), sample(property, schema));
    }
    // A file must be base64.
    for binding in &operation.arguments.bindings {
        if let Target::Property { file: true, .. } = binding.target {
            arguments.insert(binding.argument.clone(), "aGVsbG8=".into());
        }
    }
    let base = Url::parse("http://localhost/base").unwrap();
    let request = build_request(operation, &base, &arguments, &HeaderMap::new());
    let request = request.unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(request.method(), operation.method);
    let path = request.uri().path();
    assert!(
        path.starts_with("/base/") && !path.contains('{'),
        "{at}: {path}"
    );
    assert_eq!(
        path.split('/').count(),
        operation.path.split('/').count() + 1,
        "{at}: {path}"
    );
    for parameter in &operation.parameters {
        let is_empty = |value: Option<&Value>| value.is_none_or(|it| it.is_null());
        let binding = operation.arguments.bindings.iter().find(|it| {
            matches!(it.target, Target::Parameter(index) if operation.parameters[index].name == parameter.name
                && operation.parameters[index].location == parameter.location)
        });
        if is_empty(arguments.get(&binding.unwrap().argument)) {
            continue;
        }
        match parameter.location {
            Location::Query => assert!(request.uri().query().is_some(), "{at}"),
            Location::Header => assert!(request.headers().contains_key(&parameter.name), "{at}"),
            _ => {}
        }
    }
    assert_eq!(
        request.headers().contains_key("content-type"),
        operation.body.is_some(),
        "{at}"
    );
}

async fn check_document(name: &str, count: usize, tools: &[&str]) -> Option<Catalog> {
    let catalog = catalog(&data()?, name).await;
    let operations = catalog.operations();
    assert_eq!(operations.len(), count, "{name}: {:?}", catalog.problems());
    let lost = catalog
        .problems()
        .iter()
        .find(|it| it.impact == Impact::Operation);
    assert_eq!(lost, None);
    let names: HashSet<&str> = operations.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names.len(), count, "{name}");
    for tool in tools {
        assert!(
            names.contains(tool),
            "{name}: {tool} is not among {names:?}"
        );
    }
    for operation in operations {
        check(operation);
        call(operation);
    }
    Some(catalog)
}

#[tokio::test]
async fn petstore() {
    let tools = [
        "updatePet",
        "addPet",
        "findPetsByStatus",
        "uploadFile",
        "loginUser",
        "deleteUser",
    ];
    let Some(catalog) = check_document("petstore-3.0.yaml", 19, &tools).await else {
        return;
    };
    assert!(catalog.problems().is_empty(), "{:?}", catalog.problems());
    let find = |name: &str| {
        catalog
            .operations()
            .iter()
            .find(|it| it.name == name)
            .unwrap()
    };
    let add = &find("addPet").arguments.schema;
    let names: Vec<&String> = add["properties"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["id", "name", "category", "photoUrls", "tags", "status"]
    );
    assert_eq!(add["required"], serde_json::json!(["name", "photoUrls"]));
    assert_eq!(
        find("getPetById").output_schema.as_ref().unwrap()["type"],
        "object"
    );
    assert!(
        find("deletePet").arguments.schema["properties"]
            .get("api_key")
            .is_some()
    );
}

#[tokio::test]
async fn museum() {
    let tools = [
        "getMuseumHours",
        "createSpecialEvent",
        "buyMuseumTickets",
        "getTicketCode",
    ];
    let Some(catalog) = check_document("museum-3.1.yaml", 8, &tools).await else {
        return;
    };
    assert!(catalog.problems().is_empty(), "{:?}", catalog.problems());
}

#[tokio::test]
async fn tictactoe() {
    let tools = ["get-board", "get-square", "put-square"];
    let Some(catalog) = check_document("v3.1-tictactoe.yaml", 3, &tools).await else {
        return;
    };
    let put = catalog
        .operations()
        .iter()
        .find(|it| it.name == "put-square")
        .unwrap();
    let names: Vec<&String> = put.arguments.schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(names, ["row", "column", "progressUrl", "body"]);
    assert!(put.output_schema.is_none(), "202 has no body");
}

#[tokio::test]
async fn small_examples() {
    check_document("v3.0-callback-example.yaml", 1, &["post_streams"]).await;
    check_document(
        "v3.0-link-example.yaml",
        6,
        &["getUserByName", "getPullRequestsById"],
    )
    .await;
    check_document("v3.1-webhook-example.yaml", 0, &[]).await;
}

#[tokio::test]
async fn swagger_2() {
    let tools = ["findPets", "addPet", "find_pet_by_id", "deletePet"];
    if let Some(catalog) = check_document("v2.0-petstore-expanded.yaml", 4, &tools).await {
        assert!(catalog.problems().is_empty(), "{:?}", catalog.problems());
    }
    let tools = ["get_products", "get_me", "get_estimates_price"];
    if let Some(catalog) = check_document("v2.0-uber.yaml", 5, &tools).await {
        assert!(catalog.problems().is_empty(), "{:?}", catalog.problems());
        let find = catalog
            .operations()
            .iter()
            .find(|it| it.name == "get_products");
        let output = find.unwrap().output_schema.as_ref().unwrap();
        assert_eq!(output["type"], "array");
    }
}

#[tokio::test]
async fn openai() {
    let tools = [
        "createChatCompletion",
        "createResponse",
        "listModels",
        "createFile",
        "createTranscription",
    ];
    let Some(catalog) = check_document("openai.yaml", 288, &tools).await else {
        return;
    };
    let bytes: usize = catalog
        .operations()
        .iter()
        .flat_map(|it| [Some(&it.arguments.schema), it.output_schema.as_ref()])
        .flatten()
        .map(|schema| schema.to_string().len())
        .sum();
    assert!(bytes < 3_000_000, "{bytes} bytes of schemas");
}
