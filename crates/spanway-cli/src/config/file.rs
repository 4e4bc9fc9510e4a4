//! A file of settings: every mistake in it, each with its place.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use super::{Api, ServerConfig, Settings, clash, offer, reload_every, scoped_sources, search};

/// How alike an unknown key and a known one must be for us to guess that it was meant.
const ALIKE: f64 = 0.8;

/// Keys that need each other.
const ISSUERS: [&str; 3] = ["oidc-issuer", "resource-url", "oidc-audience"];

/// What is wrong in a file, and where; lines and columns count from 1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The key it is about; none where the text is no TOML.
    pub(crate) key: Option<String>,
    pub(crate) message: String,
}

/// What a file says, as far as it can be read.
#[derive(Debug, Default)]
pub(super) struct FileSettings {
    pub(super) settings: Settings,
    pub(super) mistakes: Vec<Mistake>,
    entries: Vec<Entry>,
}

/// One key of a file: its name, the place of its value, and what it alone sets.
#[derive(Debug)]
struct Entry {
    key: String,
    at: usize,
    settings: Settings,
}

impl FileSettings {
    /// Reads the text of a file.
    pub(super) fn parse(text: &str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut file = Self::default();
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            file.mistakes
                .push(Mistake::new(text, at, None, error.message()));
        }
        // What was guessed to go on behind a mistake of form is not what was meant.
        if errors.is_empty() {
            for (key, value) in table.into_inner() {
                file.read(text, key, value);
            }
        }
        file.mistakes.sort_by_key(|it| (it.line, it.column));
        file
    }

    fn read<'t>(
        &mut self,
        text: &str,
        key: Spanned<toml::de::DeString<'t>>,
        value: Spanned<toml::de::DeValue<'t>>,
    ) {
        let (name, at, whole) = (key.get_ref().to_string(), value.span().start, value.span());
        if !Settings::KEYS.contains(&name.replace('-', "_").as_str()) || name.contains('_') {
            let mistake = Mistake::new(text, key.span().start, Some(&name), &unknown(&name));
            return self.mistakes.push(mistake);
        }
        let alone = Spanned::new(whole, DeTable::from_iter([(key, value)]));
        match Settings::deserialize(Deserializer::from(alone)) {
            Ok(settings) => {
                self.settings = std::mem::take(&mut self.settings).or(settings.clone());
                self.entries.push(Entry {
                    key: name,
                    at,
                    settings,
                });
            }
            Err(error) => {
                let at = error.span().map_or(at, |span| span.start);
                self.mistakes
                    .push(Mistake::new(text, at, Some(&name), error.message()));
            }
        }
    }

    /// Tries each value by itself, for documents named on a command line or, without those, in the file.
    pub(super) fn judge(&mut self, text: &str, sources: &[String]) {
        for entry in &self.entries {
            // What a value needs beside itself: the documents it may be for, leave to listen anywhere, and what is said
            // of issuers where it is one of that.
            let is_of_issuers = ISSUERS.contains(&entry.key.as_str());
            let of_issuers = is_of_issuers.then(|| self.settings.clone());
            let of_issuers = of_issuers.unwrap_or_default();
            let beside = Settings {
                oidc_issuer: of_issuers.oidc_issuer,
                resource_url: of_issuers.resource_url,
                source: self.settings.source.clone(),
                insecure_no_auth: Some(true),
                ..Settings::default()
            };
            let settings = entry.settings.clone().or(beside);
            if let Err(error) = resolve(sources, &settings) {
                let message = format!("{error:#}");
                let mistake = Mistake::new(text, entry.at, Some(&entry.key), &message);
                self.mistakes.push(mistake);
            }
        }
        self.mistakes.sort_by_key(|it| (it.line, it.column));
    }
}

/// Checks every value.
fn resolve(sources: &[String], settings: &Settings) -> anyhow::Result<()> {
    ServerConfig::resolve(settings)?;
    clash(settings)?;
    search(settings)?;
    offer(settings)?;
    reload_every(settings)?;
    for (_, _, own) in scoped_sources(sources.to_vec(), settings)? {
        Api::resolve(&own)?;
    }
    Ok(())
}

fn unknown(name: &str) -> String {
    let known = Settings::KEYS.iter().map(|it| it.replace('_', "-"));
    let alike = known.map(|it| (strsim::jaro_winkler(&it, name), it));
    match alike.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((likeness, near)) if likeness >= ALIKE => {
            format!("there is no setting `{name}`; is `{near}` meant?")
        }
        _ => format!("there is no setting `{name}`; `spanway check --config-schema` has them all"),
    }
}

impl Mistake {
    fn new(text: &str, at: usize, key: Option<&str>, message: &str) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key: key.map(str::to_owned),
            message: message.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Vec<(usize, usize, String)> {
        let mut file = FileSettings::parse(text);
        file.judge(text, &[]);
        let all = file.mistakes.into_iter();
        all.map(|it| (it.line, it.column, it.message)).collect()
    }

    #[test]
    fn every_mistake_has_its_place() {
        let text = "lisen = \"127.0.0.1:0\"\npath = 3\n\n max-body = \"much\"\nlog-format = \"text\"\nmax_body = \"1mb\"\nzebra = 1\n";
        let found = judged(text);
        let places: Vec<_> = found
            .iter()
            .map(|(line, column, _)| (*line, *column))
            .collect();
        assert_eq!(places, [(1, 1), (2, 8), (4, 13), (6, 1), (7, 1)]);
        for ((_, _, message), wanted) in found.iter().zip([
            "`listen`",
            "expected a string",
            "4mb",
            "`max-body`",
            "--config-schema",
        ]) {
            assert!(message.contains(wanted), "{message}");
        }
    }

    #[test]
    fn what_goes_together_is_no_mistake() {
        assert_eq!(judged("listen = \"0.0.0.0:80\""), []);
        let several = "source = [\"a::a.yaml\", \"b::b.yaml\"]\nupstream = \"a::http://localhost\"";
        assert_eq!(judged(several), []);
        let unsaid = judged("source = [\"a::a.yaml\", \"b::b.yaml\"]\nheader = \"K: hunter2\"");
        assert!(unsaid.len() == 1 && !unsaid[0].2.contains("hunter2"));
    }

    #[test]
    fn text_that_is_no_toml_is_told_as_such() {
        let found = judged("path = \nlisten = [\n");
        assert!(!found.is_empty() && found.iter().all(|(line, ..)| *line >= 1));
    }
}
