//! Requirement ids in the code, `T-2607-22` in comments and `t_2607_22_…` in names of tests, and
//! which of them nobody could look up.

use std::collections::BTreeSet;

/// Where every id has a row.
pub(crate) const LIST: &str = "docs/requirements.md";

/// The ids that `text` uses and `listed` has no row for.
pub(crate) fn unlisted(text: &str, listed: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
    let mut ids: BTreeSet<String> = words
        .flat_map(|word| in_name(word).into_iter().chain(in_comment(word)))
        .collect();
    ids.retain(|id| !listed.contains(&format!("\n| {id} |")));
    ids
}

/// `T-HDR-06`.
fn in_comment(word: &str) -> Option<String> {
    let (group, number) = word.strip_prefix("T-")?.split_once('-')?;
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    (!group.is_empty() && group.chars().all(upper) && is_number(number)).then(|| word.to_owned())
}

/// `t_hdr_06_…`; several numbers of one group, `t_hdr_06_07_…` or `t_hdr_06_and_07_…`, are as many ids.
fn in_name(word: &str) -> Vec<String> {
    let parts: Vec<&str> = word.split('_').collect();
    let begins = (0..parts.len()).filter(|&at| parts[at] == "t");
    begins.flat_map(|at| ids_at(&parts[at + 1..])).collect()
}

fn ids_at(parts: &[&str]) -> Vec<String> {
    let Some((group, mut rest)) = parts.split_first() else {
        return Vec::new();
    };
    let mut ids = Vec::new();
    while let ["and", number, after @ ..] | [number, after @ ..] = rest
        && is_number(number)
    {
        ids.push(format!("T-{}-{number}", group.to_ascii_uppercase()));
        rest = after;
    }
    ids
}

/// Two digits: what else stands in names of tests, such as a status, has another length.
fn is_number(part: &str) -> bool {
    part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        unlisted(text, "").into_iter().collect()
    }

    #[test]
    fn ids_are_found_in_comments_and_in_names() {
        let name = concat!("fn t", "_hdr_06_and_07_headers_say_404() {}");
        assert_eq!(ids(name), ["T-HDR-06", "T-HDR-07"]);
        assert_eq!(ids("// (T-2607-22, trap 3)."), ["T-2607-22"]);
        assert_eq!(ids("let first_10 = Some(T);"), Vec::<String>::new());
    }

    #[test]
    fn an_id_with_a_row_can_be_looked_up() {
        let listed = "| id |\n| T-ALL-01 | what it asks |\n";
        assert!(unlisted("T-ALL-01", listed).is_empty());
        assert_eq!(unlisted("T-ALL-02", listed).len(), 1);
    }
}
