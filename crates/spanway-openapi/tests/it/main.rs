//! Real documents nobody here wrote, and a real service in the same process.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test ends where what it expects is not there"
)]

mod answers;
mod bounds;
mod documents;
mod dry;
mod files;
mod marks;
mod methods;
mod mutations;
mod pages;
mod query_string;
mod reads;
mod references;
mod sample;
mod service;
mod tools;

use std::path::PathBuf;

/// The folder of real documents; `None`, with a word about it, where there is none.
///
/// # Panics
/// With `CI=true` there must be one.
fn data() -> Option<PathBuf> {
    let given = std::env::var_os("SPANWAY_SPEC_DATA").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = given.unwrap_or_else(beside).join("openapi");
    if folder.is_dir() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|it| it == "true");
    assert!(
        !ci,
        "no documents: set SPANWAY_SPEC_DATA to the folder that holds openapi/"
    );
    println!("no documents to test with: set SPANWAY_SPEC_DATA to the folder that holds openapi/");
    None
}
