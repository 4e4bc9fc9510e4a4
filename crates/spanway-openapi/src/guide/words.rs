//! Words for things, from paths and summaries; for names and hints, so that a wrong one does no harm.

use crate::operation::Operation;

/// The kind of thing at a path, and whether the path means one of them: `/shops/{id}/books/{number}` are books.
pub(super) fn noun(path: &str) -> Option<(String, bool)> {
    let mut segments = path.split('/').filter(|it| !it.is_empty()).rev();
    let last = segments.next()?;
    let is_one = last.starts_with('{');
    let word = if is_one { segments.next()? } else { last };
    let word = word.replace('-', "_");
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (word.len() <= 48 && word.chars().all(legal)).then_some((word, is_one))
}

/// One of them, as far as English is regular.
pub(super) fn singular(things: &str) -> String {
    if let Some(stem) = things.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if things.ends_with(ending) {
            return things[..things.len() - 2].to_owned();
        }
    }
    match things.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => stem.to_owned(),
        _ => things.to_owned(),
    }
}

/// The first line of what an operation does, with a full stop.
pub(super) fn sentence(operation: &Operation) -> String {
    let words = operation.tool_description();
    let line = operation.title().or(words.lines().next());
    let line = line.unwrap_or_default().trim_end_matches('.');
    format!("{line}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_named_by_their_paths() {
        let named = noun;
        assert_eq!(named("/books"), Some(("books".to_owned(), false)));
        assert_eq!(
            named("/shops/{id}/sold-books/{number}/"),
            Some(("sold_books".to_owned(), true))
        );
        assert_eq!(named("/"), None);
        assert_eq!(named("/{id}"), None);
    }

    #[test]
    fn one_of_many() {
        for (many, one) in [
            ("books", "book"),
            ("categories", "category"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("news_press", "news_press"),
            ("sheep", "sheep"),
        ] {
            assert_eq!(singular(many), one);
        }
    }
}
