//! Tests that a document names, and which of them do not exist.

use std::collections::BTreeSet;

/// The documents that say by which test something is shown.
pub(crate) const DOCUMENTS: [&str; 1] = ["docs/coming-from.md"];
/// Names with fewer words are those of fields and methods.
const WORDS_MIN: usize = 4;

/// What a document names in backticks and in the words of a test.
pub(crate) fn tests(document: &str) -> BTreeSet<&str> {
    let quoted = document
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|it| is_test(it)).collect()
}

/// The functions that a Rust file defines.
pub(crate) fn functions(text: &str) -> impl Iterator<Item = &str> {
    let defined = text.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = line.strip_prefix("async ").unwrap_or(line);
        rest.strip_prefix("fn ")
    });
    defined.filter_map(|rest| rest.split(['(', '<']).next())
}

fn is_test(name: &str) -> bool {
    let word = |word: &str| {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        !word.is_empty() && word.chars().all(letter)
    };
    name.split('_').count() >= WORDS_MIN && name.split('_').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_told_from_other_words() {
        let named = tests(
            "| a | `GET /mcp`, `call_operation` | `a_name_of_a_test`, `other_name_of_test` |",
        );
        assert_eq!(
            named.into_iter().collect::<Vec<_>>(),
            ["a_name_of_a_test", "other_name_of_test"]
        );
    }

    #[test]
    fn functions_are_found_async_or_not() {
        let text = "#[test]\nfn one() {}\n    async fn two_of_them() {}\n// fn three() {}\n";
        assert_eq!(functions(text).collect::<Vec<_>>(), ["one", "two_of_them"]);
    }
}
