//! The rules no compiler knows: crate edges, a sentence at the head of each file, file sizes, a
//! map that names every crate, requirement ids that can be looked up, tests that documents name, and nothing in the tree that
//! only makes sense on one machine.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::edges;
use crate::named;
use crate::process;
use crate::repo::Repo;
use crate::requirements;
use crate::steps::Verdict;

const LIST_DEADLINE: Duration = Duration::from_secs(60);
const FILE_LINES_MAX: usize = 800;
/// Written in two halves, so that this file does not hold what it forbids.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
const IGNORED_TEST: &str = concat!("#[ig", "nore");
const LOCK_FILES: [&str; 7] = [
    "Cargo.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];
/// How Cargo.lock names the public index; it is a name, whatever host serves it.
const CARGO_INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks every rule and lists every breach.
pub(crate) fn run(repo: &Repo) -> Result<Verdict> {
    let mut breaches = edges::violations(&repo.metadata);
    breaches.extend(unmapped_crates(repo));
    let listed = fs::read_to_string(repo.root.join(requirements::LIST)).unwrap_or_default();
    let files = files(repo)?;
    breaches.extend(unknown_tests(repo, &files));
    for path in &files {
        // What is no text, such as a picture, has no rules here.
        if let Ok(text) = fs::read_to_string(repo.root.join(path)) {
            let ids = unlisted_ids(path, &text, &listed);
            breaches.extend(
                in_file(path, &text)
                    .chain(ids)
                    .map(|breach| format!("{path}: {breach}")),
            );
        }
    }
    if !breaches.is_empty() {
        bail!("{} breaches\n  {}", breaches.len(), breaches.join("\n  "));
    }
    println!(
        "{} files and {} crates are tidy",
        files.len(),
        edges::crates(&repo.metadata).len()
    );
    Ok(Verdict::Passed)
}

/// Tracked files, and new ones that are not ignored.
fn files(repo: &Repo) -> Result<Vec<String>> {
    let mut list = repo.command("git");
    list.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]);
    let output = process::capture(&mut list, LIST_DEADLINE).context("git ls-files")?;
    if !output.success {
        bail!("git ls-files: {}", output.stderr);
    }
    let names = output.stdout.trim_end().split('\0');
    Ok(names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

fn unlisted_ids(path: &str, text: &str, listed: &str) -> Vec<String> {
    if !(path.starts_with("crates/") && path.ends_with(".rs")) {
        return Vec::new();
    }
    requirements::unlisted(text, listed)
        .into_iter()
        .map(|id| format!("{id} has no row in {}", requirements::LIST))
        .collect()
}

/// Tests that a document names and no file of a crate defines.
fn unknown_tests(repo: &Repo, files: &[String]) -> Vec<String> {
    let code = files.iter().filter(|path| path.ends_with(".rs"));
    let texts: Vec<String> = code
        .filter_map(|path| fs::read_to_string(repo.root.join(path)).ok())
        .collect();
    let known: HashSet<&str> = texts.iter().flat_map(|it| named::functions(it)).collect();
    let mut breaches = Vec::new();
    for document in named::DOCUMENTS {
        let text = fs::read_to_string(repo.root.join(document)).unwrap_or_default();
        let unknown = named::tests(&text);
        let unknown = unknown.into_iter().filter(|it| !known.contains(it));
        breaches.extend(unknown.map(|it| format!("{document}: there is no test {it}")));
    }
    breaches
}

fn unmapped_crates(repo: &Repo) -> Vec<String> {
    let Ok(map) = fs::read_to_string(repo.root.join("ARCHITECTURE.md")) else {
        return vec!["ARCHITECTURE.md is missing".to_owned()];
    };
    edges::crates(&repo.metadata)
        .into_iter()
        .filter(|name| !names_crate(&map, name))
        .map(|name| format!("ARCHITECTURE.md does not name {name}"))
        .collect()
}

/// Whether the text holds the name on its own, not as the beginning of a longer one.
fn names_crate(text: &str, name: &str) -> bool {
    let part_of_name = |character: char| character.is_alphanumeric() || "-_".contains(character);
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}

fn in_file<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let rust = path
        .ends_with(".rs")
        .then(|| in_rust(text))
        .into_iter()
        .flatten();
    let lines = text.lines().enumerate();
    let in_lines = lines.filter_map(move |(index, line)| {
        breach_of(path, line).map(|breach| format!("line {}: {breach}", index + 1))
    });
    rust.chain(in_lines)
}

fn in_rust(text: &str) -> impl Iterator<Item = String> {
    let headless = !text.starts_with("//!");
    let lines = text.lines().count();
    let headless = headless.then(|| "does not open with a //! sentence".to_owned());
    let long = (lines > FILE_LINES_MAX)
        .then(|| format!("has {lines} lines; the limit is {FILE_LINES_MAX}"));
    headless.into_iter().chain(long)
}

fn breach_of(path: &str, line: &str) -> Option<String> {
    if let Some(found) = MACHINE_PATHS
        .into_iter()
        .find(|path| holds_path(line, path))
    {
        return Some(format!("names a path of one machine ({found})"));
    }
    if path.ends_with(".rs") && line.contains(IGNORED_TEST) {
        return Some(
            "a test is ignored; assert what happens today and say why it is wrong".to_owned(),
        );
    }
    let file = Path::new(path).file_name()?.to_str()?;
    let host = line.replace(CARGO_INDEX, "").contains("://");
    (LOCK_FILES.contains(&file) && host).then(|| "a lock file names a host".to_owned())
}

/// Whether an absolute path begins here: `x/work/y` is somebody's folder, not a machine's.
fn holds_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || "_-.}*".contains(character))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> Vec<String> {
        in_file(path, text).collect()
    }

    #[test]
    fn a_rust_file_opens_with_its_sentence() {
        assert_eq!(
            breaches("a.rs", "//! Says what it decides.\n"),
            Vec::<String>::new()
        );
        assert_eq!(breaches("a.rs", "use std::fs;\n").len(), 1);
    }

    #[test]
    fn a_machine_path_is_found_and_a_relative_one_is_not() {
        let machine = format!("see {}main", MACHINE_PATHS[0]);
        assert_eq!(breaches("a.md", &machine).len(), 1);
        let relative = format!("see target{}main", MACHINE_PATHS[0]);
        assert_eq!(breaches("a.md", &relative), Vec::<String>::new());
    }

    #[test]
    fn a_crate_is_named_only_by_its_whole_name() {
        assert!(!names_crate("see spanway-cli", "spanway"));
        assert!(names_crate("see `spanway`, the facade", "spanway"));
    }

    #[test]
    fn a_lock_file_names_no_host() {
        let index = format!("source = \"{CARGO_INDEX}\"");
        assert_eq!(breaches("Cargo.lock", &index), Vec::<String>::new());
        let resolved = "\"resolved\": \"https://example.com/a.tgz\"";
        assert_eq!(breaches("x/package-lock.json", resolved).len(), 1);
    }
}
