//! Names every client takes: tool names of `[A-Za-z0-9_-]`, argument names of `[A-Za-z0-9_.-]`.
//!
//! A name depends on the operation alone; only when two want the same one does either get a hash of
//! `METHOD path`, so adding or reordering operations moves no other name.

use std::collections::{HashMap, HashSet};

use crate::hash::{short_hash, shorten};
use crate::limits::{ARGUMENT_NAME_BYTES_MAX, TOOL_NAME_BYTES_MAX};

/// The tool names of operations given as (operation id, method, path), in the same order.
pub(crate) fn tool_names(operations: &[(Option<&str>, &str, &str)]) -> Vec<String> {
    let wanted: Vec<(String, String)> = operations
        .iter()
        .map(|(id, method, path)| {
            let identity = format!("{} {path}", method.to_ascii_uppercase());
            (wanted_name(*id, method, path, &identity), identity)
        })
        .collect();
    let mut takers: HashMap<&str, usize> = HashMap::new();
    for (name, _) in &wanted {
        *takers.entry(name).or_default() += 1;
    }
    // Names that are nobody else's are settled first, whatever the order of the document.
    let mut taken: HashSet<String> = wanted
        .iter()
        .filter(|(name, _)| takers.get(name.as_str()) == Some(&1))
        .map(|(name, _)| name.clone())
        .collect();
    wanted
        .iter()
        .map(|(name, identity)| match takers.get(name.as_str()) {
            Some(1) => name.clone(),
            _ => settle(name, identity, TOOL_NAME_BYTES_MAX, &mut taken),
        })
        .collect()
}

/// The argument names for things given as (declared name, place), in the same order.
///
/// Things that want the same name all get their place appended: `id__path`, `id__body`.
pub(crate) fn argument_names(things: &[(&str, &str)]) -> Vec<String> {
    let plain: Vec<String> = things.iter().map(|(name, _)| argument_name(name)).collect();
    let mut takers: HashMap<&str, usize> = HashMap::new();
    for name in &plain {
        *takers.entry(name).or_default() += 1;
    }
    let is_alone = |name: &str| takers.get(name) == Some(&1);
    let mut taken: HashSet<String> = plain.iter().filter(|it| is_alone(it)).cloned().collect();
    plain
        .iter()
        .zip(things)
        .map(|(name, (declared, place))| {
            if is_alone(name) {
                return name.clone();
            }
            let identity = format!("{place} {declared}");
            let placed = format!("{name}__{place}");
            let placed = shorten(&placed, &identity, ARGUMENT_NAME_BYTES_MAX);
            if taken.insert(placed.clone()) {
                return placed;
            }
            settle(&placed, &identity, ARGUMENT_NAME_BYTES_MAX, &mut taken)
        })
        .collect()
}

/// `name` with a hash of `identity`, and with more of it until nobody else has it.
fn settle(name: &str, identity: &str, bytes_max: usize, taken: &mut HashSet<String>) -> String {
    let mut identity = identity.to_owned();
    loop {
        let kept: String = name.chars().take(bytes_max - 9).collect();
        let candidate = format!("{}_{}", kept.trim_end_matches('_'), short_hash(&identity));
        if taken.insert(candidate.clone()) {
            return candidate;
        }
        identity.push('+');
    }
}

fn wanted_name(id: Option<&str>, method: &str, path: &str, identity: &str) -> String {
    let mut name = sanitise(id.unwrap_or_default(), "-");
    if name.is_empty() {
        name = sanitise(&format!("{} {path}", method.to_ascii_lowercase()), "-");
    }
    // Some models' tool APIs want a letter or an underscore in front.
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "op_");
    }
    shorten(&name, identity, TOOL_NAME_BYTES_MAX)
}

fn argument_name(declared: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let name = if declared.chars().all(legal) {
        declared.to_owned()
    } else {
        sanitise(declared, ".-")
    };
    let name = if name.is_empty() {
        format!("arg_{}", short_hash(declared))
    } else {
        name
    };
    shorten(&name, declared, ARGUMENT_NAME_BYTES_MAX)
}

/// Letters, digits, underscores and `also`; each run of anything else becomes one underscore.
fn sanitise(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' || also.contains(c) {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c);
        } else {
            gap = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_ids_are_kept_where_they_are_legal() {
        let names = tool_names(&[
            (Some("listPets"), "get", "/pets"),
            (Some("pets/list all"), "get", "/all"),
            (None, "get", "/pets/{petId}/toys"),
            (None, "post", "/"),
            (Some("2fa"), "post", "/2fa"),
            (Some("日本語"), "get", "/jp"),
        ]);
        assert_eq!(
            names,
            [
                "listPets",
                "pets_list_all",
                "get_pets_petId_toys",
                "post",
                "op_2fa",
                "get_jp"
            ]
        );
    }

    #[test]
    fn names_are_short_unique_and_independent_of_order() {
        let long = "a".repeat(100);
        let mut operations = vec![
            (Some("same"), "get", "/a"),
            (Some("same"), "get", "/b"),
            (Some("other"), "get", "/c"),
            (Some(long.as_str()), "get", "/d"),
            (Some(long.as_str()), "get", "/e"),
            (Some("same!"), "post", "/a"),
        ];
        let names = tool_names(&operations);
        let unique: HashSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert!(names.iter().all(|name| name.len() <= 64));
        assert_eq!(names[2], "other");
        operations.reverse();
        let mut reversed = tool_names(&operations);
        reversed.reverse();
        assert_eq!(names, reversed);
    }

    #[test]
    fn an_exact_repetition_still_gets_a_name() {
        let names = tool_names(&[(Some("a"), "get", "/a"), (Some("a"), "get", "/a")]);
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn clashing_arguments_carry_their_place() {
        let names = argument_names(&[
            ("id", "path"),
            ("id", "query"),
            ("include[]", "query"),
            ("include", "header"),
            ("$top", "query"),
            ("_x", "query"),
            ("id", "body"),
            ("id__body", "query"),
        ]);
        assert_eq!(names[0], "id__path");
        assert_eq!(names[1], "id__query");
        assert_eq!(names[2], "include__query");
        assert_eq!(names[3], "include__header");
        assert_eq!(names[4], "top");
        assert_eq!(names[5], "_x");
        assert_eq!(names[7], "id__body");
        assert!(names[6].starts_with("id__body_"));
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }

    #[test]
    fn argument_names_are_legal_for_every_client() {
        for declared in ["filter[a][b]", "", "***", &"x".repeat(90), "ü", "a.b-c_d"] {
            let name = argument_name(declared);
            assert!(!name.is_empty() && name.len() <= 64, "{name}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
            );
        }
        assert_eq!(argument_name("filter[a][b]"), "filter_a_b");
        assert_eq!(argument_name("a.b-c_d"), "a.b-c_d");
    }
}
