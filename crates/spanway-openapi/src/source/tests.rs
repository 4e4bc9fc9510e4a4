//! Places that documents come from, and what is said of those that cannot be read.

use std::path::Path;

use super::*;

async fn load(location: &Path) -> Result<Document, SourceError> {
    Source::new(&location.display().to_string()).load().await
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let error = load(Path::new("no/such/file.yaml")).await.unwrap_err();
    assert_eq!(error.to_string(), "no/such/file.yaml: no such file");
}

#[tokio::test]
async fn the_line_of_a_syntax_error_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.yaml");
    std::fs::write(&path, "openapi: 3.1.0\ninfo: [unclosed\npaths: {}\n").unwrap();
    let error = load(&path).await.unwrap_err().to_string();
    assert!(error.contains("bad.yaml:"), "{error}");
    assert!(matches!(load(&path).await, Err(SourceError::Syntax { .. })));
}

#[tokio::test]
async fn a_document_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v2.yaml");
    std::fs::write(&path, "swagger: \"1.2\"\n").unwrap();
    let error = load(&path).await.unwrap_err().to_string();
    assert!(error.contains("\"1.2\" is not supported"), "{error}");
}

#[tokio::test]
async fn a_document_over_the_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.json");
    std::fs::write(&path, r#"{"openapi":"3.1.0"}"#).unwrap();
    let source = Source::new(&path.display().to_string()).bytes_max(10);
    assert!(matches!(
        source.load().await,
        Err(SourceError::TooLarge { bytes_max: 10, .. })
    ));
}

#[test]
fn credentials_of_a_url_are_not_shown() {
    let source = Source::new("https://me:secret@example.com/api.yaml?key=secret");
    assert_eq!(source.place.shown(), "https://example.com/api.yaml");
}
