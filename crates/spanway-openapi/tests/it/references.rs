//! Documents in several files and at several URLs: what is followed, what is not, and what that costs.

use std::path::Path;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use spanway_openapi::{Catalog, Impact, Source};
use tempfile::TempDir;

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn read(source: Source) -> Catalog {
    Catalog::read(&source.load().await.unwrap())
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog
        .operations()
        .iter()
        .map(|it| it.name.as_str())
        .collect()
}

/// What the catalog left out, in one text.
fn lost(catalog: &Catalog) -> String {
    let problems = catalog
        .problems()
        .iter()
        .filter(|it| it.impact >= Impact::Part);
    problems.map(|it| format!("{it}\n")).collect()
}

const ROOT: &str = "
openapi: 3.1.0
paths:
  /pets: {$ref: paths/pets.yaml}
  /own: {get: {operationId: own, responses: {200: {description: '', content: {application/json: {schema: {$ref: 'schemas.json#/Pet'}}}}}}}
components: {parameters: {limit: {name: limit, in: query, schema: {type: integer}}}}
";

fn several(folder: &Path) -> String {
    let pets = "get: {operationId: pets, parameters: [{$ref: '../api.yaml#/components/parameters/limit'}, {$ref: '#/x-kind'}]}\nx-kind: {name: kind, in: query, schema: {$ref: '../schemas.json#/Kind'}}\n";
    write(folder, "paths/pets.yaml", pets);
    // Both files refer to each other, and a pet to itself.
    let schemas = r##"{"Kind": {"enum": ["cat", "dog"]}, "Pet": {"type": "object", "properties": {
        "kind": {"$ref": "#/Kind"}, "friend": {"$ref": "#/Pet"}, "other": {"$ref": "schemas.json#/Pet"},
        "root": {"$ref": "api.yaml#/components/parameters/limit/schema"}}}}"##;
    write(folder, "schemas.json", schemas);
    write(folder, "api.yaml", ROOT)
}

#[tokio::test]
async fn files_beside_the_document_are_one_document_with_it() {
    let folder = TempDir::new().unwrap();
    let catalog = read(Source::new(&several(folder.path()))).await;
    assert_eq!(names(&catalog), ["pets", "own"]);
    assert_eq!(lost(&catalog), "");
    let [pets, own] = catalog.operations() else {
        panic!()
    };
    let arguments = &pets.arguments.schema["properties"];
    assert_eq!(arguments["limit"]["type"], "integer");
    assert!(pets.arguments.schema.to_string().contains("\"cat\""));
    let output = own.output_schema.as_ref().unwrap();
    jsonschema::draft202012::new(output).unwrap();
    assert!(
        output.to_string().contains("\"#/$defs/"),
        "cycles stay references"
    );
}

#[tokio::test]
async fn files_beside_a_document_of_swagger_2_are_read_as_swagger_2() {
    let folder = TempDir::new().unwrap();
    let item = "post: {operationId: add, parameters: [{in: body, name: b, schema: {$ref: 'm.yaml#/definitions/Pet'}}, {$ref: 'm.yaml#/parameters/kind'}], responses: {200: {$ref: 'm.yaml#/responses/pet'}}}";
    write(folder.path(), "pets.yaml", item);
    let more = "definitions: {Pet: {type: object, properties: {name: {type: string}}}}\nparameters: {kind: {name: kind, in: query, type: integer}}\nresponses: {pet: {description: '', schema: {$ref: '#/definitions/Pet'}}}";
    write(folder.path(), "m.yaml", more);
    let root = "swagger: '2.0'\nhost: a.example\npaths: {/pets: {$ref: pets.yaml}}";
    let path = write(folder.path(), "api.yaml", root);
    let catalog = read(Source::new(&path)).await;
    assert_eq!(
        (names(&catalog), lost(&catalog)),
        (vec!["add"], String::new())
    );
    let add = &catalog.operations()[0];
    let arguments = &add.arguments.schema["properties"];
    assert_eq!(arguments["name"]["type"], "string");
    assert_eq!(arguments["kind"]["type"], "integer");
    let output = add.output_schema.as_ref().unwrap();
    assert_eq!(output["properties"]["name"]["type"], "string");
}

#[tokio::test]
async fn a_reference_out_of_the_directory_costs_its_operation_unless_it_is_allowed() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "shared/one.yaml", "get: {operationId: one}");
    let text = "openapi: 3.1.0\npaths:\n  /one: {$ref: '../shared/one.yaml'}\n  /two: {$ref: /etc/hostname}\n  /three: {$ref: gone.yaml}\n  /four: {get: {operationId: four}}\n  /five: {$ref: 'link/one.yaml'}\n";
    let path = write(folder.path(), "api/api.yaml", text);
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("shared"), folder.path().join("api/link"))
        .unwrap();
    let catalog = read(Source::new(&path)).await;
    assert_eq!(names(&catalog), ["four"]);
    let said = lost(&catalog);
    assert!(
        said.contains("/paths/~1one") && said.contains("--ref-dir"),
        "{said}"
    );
    assert!(
        said.contains("gone.yaml") && said.contains("cannot be read"),
        "{said}"
    );
    let source = Source::new(&path).reference_dir(folder.path().join("shared"));
    let catalog = read(source).await;
    let found = names(&catalog);
    assert!(found.contains(&"four") && found.len() == 3, "{found:?}");
}

#[tokio::test]
async fn an_odd_place_in_another_file_is_named_there() {
    let folder = TempDir::new().unwrap();
    write(
        folder.path(),
        "p.yaml",
        "get: {operationId: p, parameters: [{in: query}]}",
    );
    let path = write(
        folder.path(),
        "api.yaml",
        "openapi: 3.1.0\npaths: {/p: {$ref: p.yaml}}",
    );
    let said = lost(&read(Source::new(&path)).await);
    assert!(
        said.contains("p.yaml#/get/parameters/0: the parameter has no name"),
        "{said}"
    );
}

#[tokio::test]
async fn documents_that_are_too_large_together_are_not_followed() {
    let folder = TempDir::new().unwrap();
    let path = several(folder.path());
    let size = std::fs::metadata(&path).unwrap().len();
    let limit = usize::try_from(size).unwrap();
    let said = lost(&read(Source::new(&path).bytes_max(limit)).await);
    assert!(said.contains("too large"), "{said}");
}

#[tokio::test]
async fn urls_are_followed_on_the_same_origin_and_on_hosts_that_are_allowed() {
    let (mut tasks, mut bases) = (tokio::task::JoinSet::new(), Vec::new());
    for _ in 0..2 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        bases.push(format!("http://{}", listener.local_addr().unwrap()));
        let other = bases[0].clone();
        let app = Router::new()
            .route("/own.yaml", get(async || "get: {operationId: own}"))
            .route("/other.yaml", get(async || "get: {operationId: other}"))
            .route(
                "/away.yaml",
                get(async move || Redirect::temporary(&format!("{other}/own.yaml"))),
            )
            .route("/api.yaml", get(async || ROOT_OF_URLS));
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    }
    // The second server is another origin for what the first one's document says.
    let text = ROOT_OF_URLS.replace("OTHER", &bases[1]);
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "api.yaml", &text);
    let catalog = read(Source::new(&format!("{}/api.yaml", bases[0]))).await;
    assert_eq!(names(&catalog), ["own"], "{}", lost(&catalog));
    let catalog = read(Source::new(&path)).await;
    assert!(names(&catalog).is_empty());
    let said = lost(&catalog);
    assert!(
        said.contains("\"127.0.0.1\" is not allowed; --ref-host"),
        "{said}"
    );
    let catalog = read(Source::new(&path).reference_host("127.0.0.1")).await;
    assert_eq!(names(&catalog), ["other"]);
    let said = lost(&catalog);
    assert!(
        said.contains("/away.yaml") && said.contains("307"),
        "{said}"
    );
}

const ROOT_OF_URLS: &str = "
openapi: 3.1.0
paths:
  /own: {$ref: own.yaml}
  /other: {$ref: 'OTHER/other.yaml'}
  /away: {$ref: 'OTHER/away.yaml'}
  /file: {$ref: 'file:///etc/hostname'}
";
