//! OpenAPI documents: the loader, references within and to another file, the conversion of Swagger 2.0 and of
//! schemas. Whatever the bytes, it ends soon; what is offered has a legal name of its own, schemas that a validator
//! takes, and a size that the document accounts for.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use spanway_openapi::{
    Bridge, Catalog, Document, Operation, ResponseFuture, Source, Upstream, build_request,
};
use url::Url;

use crate::runner::{self, Failure, Settings};
use crate::seeds::Text;
use crate::service;

mod made;

/// Time after which a document counts as one that hangs; a debug build on a busy machine takes seconds.
const TIME_MAX: Duration = Duration::from_secs(120);
/// Bytes of one schema beside a multiple of the document's own.
const SCHEMA_BYTES: usize = 1024 * 1024;
const SCHEMA_TIMES: usize = 16;

pub(super) fn run(settings: &Settings) -> Result<u64, Failure> {
    let runtime = service::runtime();
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join(made::NAME);
    let other = made::other().to_string();
    fs::write(folder.path().join(made::OTHER), other).expect("a file");
    runner::run(settings, &made::documents(), |Text(text)| {
        let began = Instant::now();
        check(&text, || runtime.block_on(load(&path, &text)));
        assert!(began.elapsed() < TIME_MAX, "took {:?}", began.elapsed());
    })
}

/// Reads the document from a file, with another one beside it that it may refer to.
async fn load(path: &Path, text: &[u8]) -> Option<Document> {
    fs::write(path, text).expect("a file");
    let source = Source::new(path.to_str().expect("a path of text"));
    source.load().await.ok()
}

fn check(text: &[u8], load: impl FnOnce() -> Option<Document>) {
    let parsed = spanway_openapi::parse_document(text, None);
    assert!(parsed.is_ok() || !must_be_read(text), "{parsed:?}");
    let loaded = load();
    assert_eq!(loaded.is_some(), parsed.is_ok(), "one door takes it");
    if let (Ok(parsed), Some(loaded)) = (parsed, loaded) {
        offered(&Catalog::read(&parsed), text.len());
        let catalog = Catalog::read(&loaded);
        let names = |it: &Catalog| it.operations().iter().map(|it| it.name.clone()).collect();
        let (first, again): (Vec<_>, Vec<_>) = (names(&catalog), names(&Catalog::read(&loaded)));
        assert_eq!(first, again);
        offered(&catalog, text.len());
        serve(catalog);
    }
}

/// JSON that says it is OpenAPI 3 is read, whatever else is in it.
fn must_be_read(text: &[u8]) -> bool {
    let root: Option<Value> = serde_json::from_slice(text).ok();
    let version = root.as_ref().and_then(|it| it["openapi"].as_str());
    matches!(version, Some("3.0.3" | "3.1.0" | "3.2.0"))
}

fn offered(catalog: &Catalog, bytes: usize) {
    let mut names = HashSet::new();
    for operation in catalog.operations() {
        let name = operation.name.as_str();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        assert!(
            (1..=64).contains(&name.len()) && name.bytes().all(legal),
            "{name:?}"
        );
        assert!(names.insert(name), "{name:?} stands for two");
        let schemas = std::iter::once(&operation.arguments.schema);
        for schema in schemas.chain(&operation.output_schema) {
            let size = schema.to_string().len();
            assert!(
                size <= SCHEMA_BYTES + SCHEMA_TIMES * bytes,
                "{size} bytes of schema from {bytes}"
            );
            let compiled = jsonschema::draft202012::new(schema);
            assert!(compiled.is_ok(), "{:?} in {schema}", compiled.err());
        }
        call(operation);
    }
    for problem in catalog.problems() {
        let pointer = &problem.pointer;
        assert!(!problem.message.contains('\n'), "{problem}");
        assert!(problem.message.len() < 4096 + bytes, "{problem}");
        assert!(pointer.len() < 4096 + bytes, "{problem}");
    }
}

/// Arguments that were not checked make a request to the API, or none.
fn call(operation: &Operation) {
    let base = Url::parse("http://api.example/v1").expect("a URL");
    for odd in [
        json!("a/../b"),
        json!(1),
        json!([{}, null]),
        json!({"a": ["b"]}),
    ] {
        let named = operation.arguments.bindings.iter();
        let arguments = named.map(|it| (it.argument.clone(), odd.clone())).collect();
        if let Ok(request) = build_request(operation, &base, &arguments, &http::HeaderMap::new()) {
            let uri = request.uri();
            assert_eq!(uri.host(), Some("api.example"), "{uri}");
            assert!(uri.path().starts_with("/v1"), "{uri}");
            assert!(!uri.path().split('/').any(|part| part == ".."), "{uri}");
        }
    }
}

/// A bridge is made of it, or it says why not.
fn serve(catalog: Catalog) {
    let operations = catalog.operations().len();
    if let Ok(bridge) = Bridge::builder(catalog, Nowhere).build() {
        assert_eq!(bridge.into_tools::<()>().len(), operations);
    }
}

/// An API that is never called.
struct Nowhere;

impl Upstream for Nowhere {
    fn call(&self, _: Request<Bytes>) -> ResponseFuture<'_> {
        Box::pin(std::future::pending())
    }
}
