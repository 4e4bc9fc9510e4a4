//! Headers as people write them, `K: V`, with secrets from the environment; no value is repeated in an error.

use std::str::FromStr;

use anyhow::{Context as _, bail};
use http::{HeaderName, HeaderValue};

/// The headers that are given with `flag`.
///
/// # Errors
/// One of them is none, or names a variable that is not set.
pub(super) fn headers(
    flag: &str,
    lines: &[String],
) -> anyhow::Result<Vec<(HeaderName, HeaderValue)>> {
    let each = lines.iter().map(|line| header(flag, line));
    each.collect()
}

/// A header from `K: V`.
///
/// # Errors
/// It is none, or names a variable that is not set.
pub(crate) fn header(flag: &str, line: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    let (name, value) = line
        .split_once(':')
        .with_context(|| format!("a {flag} is not of the form 'K: V'"))?;
    let name = name.trim();
    let parsed = HeaderName::from_str(name)
        .with_context(|| format!("{flag}: {name:?} is no header name"))?;
    let value = filled_in(value.trim(), |variable| std::env::var(variable).ok())
        .with_context(|| format!("{flag} {name}"))?;
    let mut value = HeaderValue::from_str(value.trim())
        .with_context(|| format!("{flag} {name}: the value has characters a header cannot have"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// `text` with `${NAME}` as what the variable of that name holds. A `${` that begins no name stays as it is.
fn filled_in(text: &str, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<String> {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        rest = match after.split_once('}') {
            Some((name, behind)) if is_name(name) => {
                let Some(value) = variable(name) else {
                    bail!("there is no environment variable {name}");
                };
                filled.push_str(&value);
                behind
            }
            _ => {
                filled.push_str("${");
                after
            }
        };
    }
    filled.push_str(rest);
    Ok(filled)
}

fn is_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_once_and_only_where_they_are_named() {
        let known = |name: &str| (name == "TOKEN").then(|| "a${TOKEN}".to_owned());
        for (text, wanted) in [
            ("Bearer ${TOKEN}.", "Bearer a${TOKEN}."),
            ("${TOKEN}${TOKEN}", "a${TOKEN}a${TOKEN}"),
            ("$TOKEN ${} ${a b} ${TOKEN", "$TOKEN ${} ${a b} ${TOKEN"),
            ("plain", "plain"),
        ] {
            assert_eq!(filled_in(text, known).unwrap(), wanted);
        }
        let error = filled_in("hunter2 ${NOTHING}", known)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("NOTHING") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_header_that_is_none_is_not_repeated() {
        for line in ["hunter2", "bad name: hunter2", "K: hunter2\u{7f}"] {
            let error = format!("{:#}", header("--header", line).unwrap_err());
            assert!(
                error.contains("--header") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }
}
