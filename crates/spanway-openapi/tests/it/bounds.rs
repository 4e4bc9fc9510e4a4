//! Documents that are too much: each is refused with a reason, soon, and without more memory than its bound.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use spanway_openapi::{Source, SourceError, parse_document};

/// Far more than it takes, for a debug build on a busy machine; far less than what is not bounded would.
const TIME_MAX: Duration = Duration::from_secs(120);

/// Why it is refused, within the time.
fn refusal(text: &str) -> String {
    let began = Instant::now();
    let error = parse_document(text.as_bytes(), None).unwrap_err();
    assert!(began.elapsed() < TIME_MAX, "{:?}", began.elapsed());
    let told = error.to_string();
    assert!(matches!(error, SourceError::Syntax { .. }), "{told}");
    assert!(told.len() < 500, "{} bytes", told.len());
    told
}

#[tokio::test]
async fn a_document_of_50_mb_is_refused_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.json");
    let mut file = File::create(&path).unwrap();
    let mebibyte = vec![b' '; 1024 * 1024];
    file.write_all(br#"{"openapi": "3.1.0", "paths": {}"#)
        .unwrap();
    for _ in 0..48 {
        file.write_all(&mebibyte).unwrap();
    }
    file.write_all(b"}").unwrap();
    assert!(file.metadata().unwrap().len() > 50_000_000);
    let began = Instant::now();
    let error = Source::new(path.to_str().unwrap())
        .load()
        .await
        .unwrap_err();
    assert!(began.elapsed() < TIME_MAX, "{:?}", began.elapsed());
    assert!(matches!(error, SourceError::TooLarge { .. }), "{error}");
}

#[test]
fn deep_nesting_is_refused_within_bounds() {
    for levels in [130, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let (before, after) = (open.repeat(levels), close.repeat(levels));
            refusal(&format!(r#"{{"openapi": "3.1.0", "x": {before}1{after}}}"#));
            refusal(&format!("openapi: 3.1.0\nx: {before}1{after}\n"));
        }
        refusal(&format!("openapi: 3.1.0\nx:\n {}1\n", "- ".repeat(levels)));
    }
    let indented = (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level)));
    refusal(&indented.collect::<String>());
}

#[test]
fn alias_bombs_are_refused_within_bounds() {
    let lists = |open: &str, close: &str, merge: bool| {
        let mut text = "openapi: 3.1.0\nx0: &x0 {a: b}\n".to_owned();
        for level in 1..30 {
            let alias = format!("*x{}", level - 1);
            let aliases = [alias.as_str(); 9].join(", ");
            let key = if merge { "<<: " } else { "" };
            text.push_str(&format!(
                "x{level}: &x{level} {open}{key}{aliases}{close}\n"
            ));
        }
        text
    };
    refusal(&lists("[", "]", false));
    refusal(&lists("{a: [", "]}", false));
    // A long text many times is as bad as many values.
    let long = "x".repeat(1_000_000);
    let aliases = "*a, ".repeat(300_000);
    refusal(&format!("openapi: 3.1.0\na: &a [{long}]\nb: [{aliases}]\n"));
    // An anchor within itself has no end.
    refusal("openapi: 3.1.0\na: &a [*a]\n");
    assert!(parse_document(lists("{", "}", true).as_bytes(), None).is_err());
}
