//! URI templates (RFC 6570, `{name}` and `{+name}`), read backwards: which values make this URI?

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Bytes of a URI that is matched; a longer one matches nothing.
const URI_BYTES_MAX: usize = 8192;

/// A template of URIs, such as `book://{number}`: `{name}` stands for one segment, `{+name}` for several.
#[derive(Debug, Clone)]
pub struct UriTemplate {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable { name: String, slashes: Slashes },
}

/// Whether a value reaches over slashes: `{+name}` does, `{name}` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Stop,
    Pass,
}

impl UriTemplate {
    /// Reads a template. A URI without variables is one too.
    ///
    /// # Errors
    /// It begins with no scheme, or its braces cannot be understood; the text says which.
    pub fn parse(template: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            push_literal(&mut parts, &rest[..open])?;
            let close = rest[open..].find('}').ok_or("a '{' is not closed")? + open;
            push_variable(&mut parts, &rest[open + 1..close])?;
            rest = &rest[close + 1..];
        }
        push_literal(&mut parts, rest)?;
        match parts.first() {
            Some(Part::Literal(start)) if has_scheme(start) => Ok(Self { parts }),
            _ => Err("a template starts with a scheme, such as file: or book:".to_owned()),
        }
    }

    /// The names of the variables, in order.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The decoded values with which the template gives `uri`; none if there are no such values, or if one
    /// of them would climb out of its directory (T-2607-43).
    #[must_use]
    pub fn matches(&self, uri: &str) -> Option<Map<String, Value>> {
        if uri.len() > URI_BYTES_MAX {
            return None;
        }
        let reachable = self.reachable(uri.as_bytes());
        if !reachable[0][0] {
            return None;
        }
        let mut values = Map::new();
        let mut at = 0;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Literal(text) => at += text.len(),
                Part::Variable { name, slashes } => {
                    let end = longest(uri.as_bytes(), at, *slashes, &reachable[index + 1])?;
                    values.insert(name.clone(), Value::String(decode(uri.get(at..end)?)?));
                    at = end;
                }
            }
        }
        Some(values)
    }

    /// For each part and position: whether the parts from there on match the bytes from there on. Filled from
    /// the end, so that the time is parts times bytes whatever the URI.
    fn reachable(&self, uri: &[u8]) -> Vec<Vec<bool>> {
        let mut table = vec![vec![false; uri.len() + 1]; self.parts.len() + 1];
        table[self.parts.len()][uri.len()] = true;
        for (index, part) in self.parts.iter().enumerate().rev() {
            let (here, after) = table.split_at_mut(index + 1);
            let (here, after) = (&mut here[index], &after[0]);
            match part {
                Part::Literal(text) => {
                    for at in 0..=uri.len() {
                        here[at] = uri[at..].starts_with(text.as_bytes()) && after[at + text.len()];
                    }
                }
                Part::Variable { slashes, .. } => {
                    for at in (0..uri.len()).rev() {
                        let taken = *slashes == Slashes::Pass || uri[at] != b'/';
                        here[at] = taken && (after[at + 1] || here[at + 1]);
                    }
                }
            }
        }
        table
    }
}

/// The longest value from `at` on after which the rest still matches.
fn longest(uri: &[u8], at: usize, slashes: Slashes, after: &[bool]) -> Option<usize> {
    let bound = match slashes {
        Slashes::Pass => uri.len(),
        Slashes::Stop => uri[at..]
            .iter()
            .position(|&byte| byte == b'/')
            .map_or(uri.len(), |slash| at + slash),
    };
    (at + 1..=bound).rev().find(|&end| after[end])
}

fn push_literal(parts: &mut Vec<Part>, text: &str) -> Result<(), String> {
    if text.contains('}') {
        return Err("a '}' has no '{'".to_owned());
    }
    if !text.is_empty() {
        parts.push(Part::Literal(text.to_owned()));
    }
    Ok(())
}

fn push_variable(parts: &mut Vec<Part>, expression: &str) -> Result<(), String> {
    let (slashes, name) = match expression.strip_prefix('+') {
        Some(name) => (Slashes::Pass, name),
        None => (Slashes::Stop, expression),
    };
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    {
        return Err(format!(
            "{{{expression}}} is not one of the forms {{name}} and {{+name}}"
        ));
    }
    let same = |part: &Part| matches!(part, Part::Variable { name: other, .. } if other == name);
    if parts.iter().any(same) {
        return Err(format!("{{{name}}} is there twice"));
    }
    if matches!(parts.last(), Some(Part::Variable { .. })) {
        return Err(format!(
            "nothing tells where {{{name}}} begins: put a character before it"
        ));
    }
    parts.push(Part::Variable {
        name: name.to_owned(),
        slashes,
    });
    Ok(())
}

/// Percent-decodes a value, and refuses one that names a parent directory or holds a NUL.
fn decode(text: &str) -> Option<String> {
    let value = percent_decode_str(text).decode_utf8().ok()?;
    let climbs = value.split(['/', '\\']).any(|segment| segment == "..");
    (!climbs && !value.contains('\0')).then(|| value.into_owned())
}

/// Whether `uri` starts with a scheme (RFC 3986, 3.1).
fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// Whether `uri` could be an absolute URI at all.
pub(crate) fn is_uri(uri: &str) -> bool {
    has_scheme(uri) && !uri.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests;
