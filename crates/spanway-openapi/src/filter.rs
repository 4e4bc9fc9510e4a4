//! Which operations become tools: `tag:…`, `op:…`, `path:…` and `method:…`, with `*` for anything.

use std::fmt;
use std::str::FromStr;

use crate::operation::Operation;

/// Matches operations by one of their properties.
///
/// Written as `KIND:PATTERN`; `*` in the pattern stands for any text, slashes included.
///
/// # Example
/// ```
/// use spanway_openapi::Filter;
///
/// let filter: Filter = "path:/admin/*".parse()?;
/// assert_eq!(filter.to_string(), "path:/admin/*");
/// assert!("colour:red".parse::<Filter>().is_err());
/// # Ok::<(), spanway_openapi::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    kind: Kind,
    pattern: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tag,
    Operation,
    Path,
    Method,
}

/// Text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no filter; write tag:…, op:…, path:… or method:…")]
pub struct FilterError(String);

impl Filter {
    /// Whether the filter means this operation.
    ///
    /// `op:` looks at the operation id and the tool's name; `method:` does not care about case.
    #[must_use]
    pub fn matches(&self, operation: &Operation) -> bool {
        let pattern = self.pattern.as_str();
        match self.kind {
            Kind::Tag => operation.tags.iter().any(|tag| glob(pattern, tag)),
            Kind::Operation => {
                let id = operation.operation_id.as_deref();
                glob(pattern, &operation.name) || id.is_some_and(|id| glob(pattern, id))
            }
            Kind::Path => glob(pattern, &operation.path),
            Kind::Method => glob(&pattern.to_ascii_uppercase(), operation.method.as_str()),
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let error = || FilterError(text.to_owned());
        let (kind, pattern) = text.split_once(':').ok_or_else(error)?;
        let kind = match kind.trim() {
            "tag" => Kind::Tag,
            "op" => Kind::Operation,
            "path" => Kind::Path,
            "method" => Kind::Method,
            _ => return Err(error()),
        };
        let pattern = pattern.trim();
        if pattern.is_empty() {
            return Err(error());
        }
        Ok(Self {
            kind,
            pattern: pattern.to_owned(),
        })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Tag => "tag",
            Kind::Operation => "op",
            Kind::Path => "path",
            Kind::Method => "method",
        };
        write!(f, "{kind}:{}", self.pattern)
    }
}

/// Whether `text` is `pattern`, where `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    // The first place where a part fits leaves the most room for the next ones.
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;
    use crate::document::Document;

    #[test]
    fn globs() {
        assert!(glob("/pets", "/pets") && !glob("/pets", "/pets/1"));
        assert!(glob("/pets*", "/pets/1") && glob("*", "") && glob("**", "x"));
        assert!(glob("*/toys", "/pets/1/toys") && !glob("*/toys", "/toys/1"));
        assert!(glob("a*b*c", "a-b-b-c") && !glob("a*b*c", "ac") && !glob("ab*ba", "aba"));
    }

    #[test]
    fn filters_choose_operations() {
        let document = json!({"openapi": "3.1.0", "paths": {
            "/pets": {
                "get": {"operationId": "list.pets", "tags": ["pets", "read"]},
                "post": {"operationId": "add", "tags": ["pets"]},
            },
            "/admin/x": {"delete": {"operationId": "purge"}},
        }});
        let catalog = Catalog::read(&Document::from_value(document, None).unwrap());
        let chosen = |filters: &[&str], exclude: &[&str]| {
            let parse = |list: &[&str]| {
                list.iter()
                    .map(|it| it.parse().unwrap())
                    .collect::<Vec<Filter>>()
            };
            let catalog = catalog
                .clone()
                .include(&parse(filters))
                .exclude(&parse(exclude));
            let names = catalog.operations().iter().map(|it| it.name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(chosen(&[], &[]), ["list_pets", "add", "purge"]);
        assert_eq!(chosen(&["tag:pets"], &[]), ["list_pets", "add"]);
        assert_eq!(
            chosen(&["tag:read", "method:delete"], &[]),
            ["list_pets", "purge"]
        );
        assert_eq!(chosen(&["op:list.pets"], &[]), ["list_pets"]);
        assert_eq!(chosen(&["op:list_pets"], &[]), ["list_pets"]);
        assert_eq!(chosen(&[], &["path:/admin/*"]), ["list_pets", "add"]);
        assert_eq!(chosen(&["tag:pets"], &["method:GET"]), ["add"]);
        for odd in ["", "tag", "tag:", "nope:x", ":x"] {
            assert!(odd.parse::<Filter>().is_err(), "{odd}");
        }
    }
}
