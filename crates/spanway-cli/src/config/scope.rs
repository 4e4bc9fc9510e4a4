//! Several documents: which of the settings are for which.
//!
//! `PREFIX::` before a document names it, and before a setting it says that it is for that document alone.

use anyhow::{Context as _, bail};

use super::raw::{OperationSettings, Settings};

/// One document to serve: its prefix, where it is (`None`: the demo), and its settings.
pub(crate) type ScopedSource = (Option<String>, Option<String>, Settings);

/// Each document with the settings that are for it.
///
/// # Errors
/// A setting is for none of them, or says not for which of several it is although it must not reach all.
pub(crate) fn scoped_sources(
    command: Vec<String>,
    settings: &Settings,
) -> anyhow::Result<Vec<ScopedSource>> {
    let sources = if command.is_empty() {
        settings.source.clone()
    } else {
        command
    };
    if sources.is_empty() {
        return Ok(vec![(None, None, settings.clone())]);
    }
    let split: Vec<(Option<&str>, &str)> = sources.iter().map(|it| scope(it)).collect();
    let known: Vec<&str> = split.iter().filter_map(|(prefix, _)| *prefix).collect();
    if let Some(twice) = known
        .iter()
        .enumerate()
        .find(|(at, it)| known[..*at].contains(it))
    {
        bail!("the prefix {}:: is given to two documents", twice.1);
    }
    let several = sources.len() > 1;
    let scoped = split.iter().map(|(prefix, location)| {
        let pick = Pick {
            prefix: *prefix,
            known: &known,
            several,
        };
        let mut own = settings.clone();
        own.header = pick.of("--header", &settings.header, true)?;
        own.document_header = pick.of("--document-header", &settings.document_header, true)?;
        if !own.document_header.is_empty() && !is_url(location) {
            bail!("--document-header: {location} is not fetched from a URL");
        }
        own.credential = pick.of("--credential", &settings.credential, true)?;
        own.token_parameter = pick.of("--token-parameter", &settings.token_parameter, true)?;
        own.json_login = pick.of("--json-login", &settings.json_login, true)?;
        own.forward_header = pick.of("--forward-header", &settings.forward_header, true)?;
        own.upstream = pick.of("--upstream", &settings.upstream, true)?;
        own.overlay = pick.of("--overlay", &settings.overlay, true)?;
        own.private_host = pick.of("--private-host", &settings.private_host, false)?;
        own.include = pick.of("--include", &settings.include, false)?;
        own.exclude = pick.of("--exclude", &settings.exclude, false)?;
        own.operation = pick.operations(&settings.operation);
        own.server_variable = pick.of("--server-variable", &settings.server_variable, false)?;
        own.drop_fields = pick.of("--drop-fields", &settings.drop_fields, false)?;
        own.shape = pick.of("--shape", &settings.shape, false)?;
        Ok((prefix.map(str::to_owned), Some((*location).to_owned()), own))
    });
    scoped.collect()
}

struct Pick<'a> {
    prefix: Option<&'a str>,
    known: &'a [&'a str],
    several: bool,
}

impl Pick<'_> {
    /// Those of `texts` that are for this document. What could send a secret to the wrong API must say for which.
    fn of(&self, flag: &str, texts: &[String], must_say: bool) -> anyhow::Result<Vec<String>> {
        let mut own = Vec::new();
        for text in texts {
            match scope(text) {
                (Some(prefix), rest) if self.known.contains(&prefix) => {
                    if self.prefix == Some(prefix) {
                        own.push(rest.to_owned());
                    }
                }
                _ if must_say && self.several => bail!(
                    "{flag}: with several documents, write PREFIX:: before the document and before what is for it"
                ),
                _ => own.push(text.clone()),
            }
        }
        Ok(own)
    }

    /// Those of `said` that are for this document.
    fn operations(&self, said: &[OperationSettings]) -> Vec<OperationSettings> {
        let own = said.iter().filter_map(|one| {
            let (prefix, rest) = scope(&one.filter);
            let is_scoped = prefix.is_some_and(|it| self.known.contains(&it));
            if is_scoped && prefix != self.prefix {
                return None;
            }
            let filter = if is_scoped { rest } else { &one.filter };
            let filter = filter.to_owned();
            Some(OperationSettings {
                filter,
                ..one.clone()
            })
        });
        own.collect()
    }
}

/// A text and the prefix before it, if there is one.
fn scope(text: &str) -> (Option<&str>, &str) {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    match text.split_once("::") {
        Some((prefix, rest)) if !prefix.is_empty() && prefix.chars().all(legal) => {
            (Some(prefix), rest)
        }
        _ => (None, text),
    }
}

/// Whether a document has to be fetched.
fn is_url(location: &str) -> bool {
    let parsed = url::Url::parse(location);
    parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// The two sides of `NAME=VALUE`.
pub(super) fn pair<'t>(flag: &str, text: &'t str) -> anyhow::Result<(&'t str, &'t str)> {
    let (name, value) = text
        .split_once('=')
        .with_context(|| format!("{flag}: a value is of the form NAME=VALUE"))?;
    Ok((name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            header: vec!["pets::X-Key: a".to_owned()],
            upstream: vec!["shop::http://shop".to_owned()],
            include: vec!["tag:all".to_owned(), "pets::tag:pets".to_owned()],
            ..Settings::default()
        }
    }

    #[test]
    fn each_document_gets_what_is_for_it() {
        let sources = vec![
            "pets::a.yaml".to_owned(),
            "shop::https://b/c?d=::e".to_owned(),
        ];
        let scoped = scoped_sources(sources, &settings()).unwrap();
        let [(prefix, location, pets), (_, other, shop)] = &scoped[..] else {
            panic!("two documents")
        };
        assert_eq!(
            (prefix.as_deref(), location.as_deref()),
            (Some("pets"), Some("a.yaml"))
        );
        assert_eq!(other.as_deref(), Some("https://b/c?d=::e"));
        assert_eq!(
            (&pets.header[..], &shop.header[..]),
            (&["X-Key: a".to_owned()][..], &[][..])
        );
        assert_eq!(
            (pets.upstream.len(), shop.upstream[0].as_str()),
            (0, "http://shop")
        );
        assert_eq!((pets.include.len(), shop.include.len()), (2, 1));
    }

    #[test]
    fn what_may_be_secret_is_not_given_to_all() {
        let mut settings = settings();
        settings
            .header
            .push("Authorization: Bearer hunter2".to_owned());
        let sources = vec!["pets::a".to_owned(), "shop::b".to_owned()];
        let error = scoped_sources(sources, &settings).unwrap_err().to_string();
        assert!(
            error.contains("--header") && !error.contains("hunter2"),
            "{error}"
        );
        settings = Settings {
            header: vec!["K: v".to_owned()],
            ..Settings::default()
        };
        let one = scoped_sources(vec!["a.yaml".to_owned()], &settings).unwrap();
        assert_eq!(one[0].2.header, ["K: v"]);
        let twice = vec!["p::a".to_owned(), "p::b".to_owned()];
        assert!(scoped_sources(twice, &Settings::default()).is_err());
    }
}
