//! An index of operations by words: rare words count more, names more than descriptions.

use std::collections::HashMap;

use crate::operation::Operation;

/// Characters of a description that are looked into; what comes later is detail.
const DESCRIPTION_CHARS_MAX: usize = 2000;

/// What a word counts that only starts with the one that was asked for.
const PREFIX_WEIGHT: f64 = 0.5;

/// Letters from which on a word finds others that start with it.
const PREFIX_CHARS_MIN: usize = 3;

/// The words of all operations.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each word, the operations that have it and how much it says of each.
    words: HashMap<String, Vec<(usize, f64)>>,
    count: usize,
}

impl Index {
    pub(super) fn new<'o>(operations: impl Iterator<Item = &'o Operation>) -> Self {
        let mut index = Self::default();
        for (at, operation) in operations.enumerate() {
            index.count += 1;
            for (word, weight) in weights(operation) {
                index.words.entry(word).or_default().push((at, weight));
            }
        }
        index
    }

    /// The operations that have any of the words of `query`, the best first. Without words: all.
    pub(super) fn find(&self, query: &str) -> Vec<usize> {
        let asked = words(query);
        if asked.is_empty() {
            return (0..self.count).collect();
        }
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for word in &asked {
            // The best of the words that match counts once for each operation.
            let mut best: HashMap<usize, f64> = HashMap::new();
            for (known, places) in &self.words {
                let fit = match known.strip_prefix(word.as_str()) {
                    Some("") => 1.0,
                    Some(_) if word.chars().count() >= PREFIX_CHARS_MIN => PREFIX_WEIGHT,
                    _ => continue,
                };
                let rarity = self.rarity(places.len());
                for (at, weight) in places {
                    let score = best.entry(*at).or_default();
                    *score = score.max(fit * rarity * weight);
                }
            }
            for (at, score) in best {
                *scores.entry(at).or_default() += score;
            }
        }
        let mut found: Vec<(usize, f64)> = scores.into_iter().collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.into_iter().map(|(at, _)| at).collect()
    }

    fn rarity(&self, places: usize) -> f64 {
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        (1.0 + number(self.count) / (1.0 + number(places))).ln()
    }
}

/// Each word of an operation with the most it counts anywhere.
fn weights(operation: &Operation) -> HashMap<String, f64> {
    let description = operation.description.as_deref().unwrap_or_default();
    let end = description.char_indices().nth(DESCRIPTION_CHARS_MAX);
    let description = &description[..end.map_or(description.len(), |(at, _)| at)];
    let tags = operation.tags.join(" ");
    let fields = [
        (operation.name.as_str(), 5.0),
        (operation.operation_id.as_deref().unwrap_or_default(), 5.0),
        (operation.summary.as_deref().unwrap_or_default(), 3.0),
        (tags.as_str(), 2.0),
        (operation.path.as_str(), 2.0),
        (operation.method.as_str(), 1.0),
        (description, 1.0),
    ];
    let mut weights: HashMap<String, f64> = HashMap::new();
    for (text, weight) in fields {
        for word in words(text) {
            let known = weights.entry(word).or_default();
            *known = known.max(weight);
        }
    }
    weights
}

/// The words of a text in lower case: `listUserRepos` has three, and each stands without its plural s.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous_is_lower = false;
    for c in text.chars() {
        let starts = c.is_uppercase() && previous_is_lower;
        if !c.is_alphanumeric() || starts {
            keep(&mut word, &mut words);
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        previous_is_lower = c.is_lowercase() || c.is_numeric();
    }
    keep(&mut word, &mut words);
    words
}

fn keep(word: &mut String, words: &mut Vec<String>) {
    if word.chars().count() > 3 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("listUserRepos"), ["list", "user", "repo"]);
        assert_eq!(
            words("GET /v1/chat-completions"),
            ["get", "v1", "chat", "completion"]
        );
        assert_eq!(
            words("address HTTPServer Straße"),
            ["address", "httpserver", "straße"]
        );
        assert!(words(" -/ ").is_empty());
    }
}
