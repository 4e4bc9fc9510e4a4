//! Answers within a budget of tokens: JSON stays JSON, with fewer items and shorter texts, and says so.

use std::io;

use serde_json::Value;

use super::cut;

/// Bytes of a token, as models count on average.
const TOKEN_BYTES: usize = 4;

/// Places that are named as shortened; more are counted.
const PLACES_MAX: usize = 10;

/// Ends a text that was shortened.
const TEXT_MARK: &str = "…[truncated]";

/// How much of an answer a model is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    bytes_max: usize,
}

impl Budget {
    pub(super) fn of_tokens(tokens: usize) -> Self {
        Self {
            bytes_max: tokens.saturating_mul(TOKEN_BYTES),
        }
    }

    /// Whether a text of this length is within it.
    pub(super) fn holds(self, bytes: usize) -> bool {
        bytes <= self.bytes_max
    }

    /// Makes JSON fit and says what was done to it; `None` if it does not fit even so.
    pub(super) fn shorten(self, value: &mut Value) -> Option<String> {
        let before = size(value);
        let mut places = Vec::new();
        shorten(value, self.bytes_max, &mut String::new(), &mut places);
        let after = size(value);
        if !self.holds(after) {
            return None;
        }
        let mut mark = format!(
            "[truncated to about {} of {} tokens: ",
            after.div_ceil(TOKEN_BYTES),
            before.div_ceil(TOKEN_BYTES)
        );
        let more = places.len().saturating_sub(PLACES_MAX);
        places.truncate(PLACES_MAX);
        mark.push_str(&places.join("; "));
        if more > 0 {
            mark.push_str(&format!("; and {more} more places"));
        }
        mark.push_str(". Ask for less, such as fewer items or one of them]");
        Some(mark)
    }

    /// The beginning of a text, with a mark that says so.
    pub(super) fn cut(self, text: &str) -> String {
        cut(text, self.bytes_max, "truncated")
    }
}

/// Bytes of a value as JSON.
fn size(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither counting nor a value of strings and numbers can fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// Takes from lists at their ends and from texts until `value` has about `bytes_max` bytes; no member of an
/// object goes. `at` is the pointer to it.
fn shorten(value: &mut Value, bytes_max: usize, at: &mut String, places: &mut Vec<String>) {
    if size(value) <= bytes_max {
        return;
    }
    match value {
        Value::String(text) => {
            let room = bytes_max.saturating_sub(TEXT_MARK.len() + 2);
            let total = text.chars().count();
            text.truncate(text.floor_char_boundary(room.min(text.len())));
            let kept = text.chars().count();
            text.push_str(TEXT_MARK);
            places.push(format!("{} has {kept} of {total} characters", shown(at)));
        }
        Value::Array(items) => {
            let total = items.len();
            let mut room = bytes_max.saturating_sub(2);
            let fits = |item: &&Value| {
                let next = room.checked_sub(size(item) + 1);
                room = next.unwrap_or(room);
                next.is_some()
            };
            let kept = items.iter().take_while(fits).count();
            items.truncate(kept.max(1));
            // One shortened item says more than none.
            if kept == 0
                && let Some(first) = items.first_mut()
            {
                inside(at, "0", |at| shorten(first, room, at, places));
            }
            let kept = items.len();
            if kept < total {
                places.push(format!("{} has {kept} of {total} items", shown(at)));
            }
        }
        Value::Object(map) => {
            let keys: usize = map.keys().map(|key| key.len() + 4).sum();
            let mut room = bytes_max.saturating_sub(keys + 2);
            let mut members: Vec<(usize, &String, &mut Value)> = map
                .iter_mut()
                .map(|(key, member)| (size(member), key, member))
                .collect();
            // What is small stays whole, the others share what is left.
            members.sort_by_key(|it| it.0);
            let mut left = members.len();
            for (bytes, key, member) in members {
                let share = room / left;
                left -= 1;
                if bytes > share {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    inside(at, &key, |at| shorten(member, share, at, places));
                }
                room = room.saturating_sub(size(member));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Runs `with` at the pointer one step deeper.
fn inside(at: &mut String, step: &str, with: impl FnOnce(&mut String)) {
    let length = at.len();
    at.push('/');
    at.push_str(step);
    with(at);
    at.truncate(length);
}

fn shown(at: &str) -> &str {
    if at.is_empty() { "the answer" } else { at }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fitted(mut value: Value, bytes_max: usize) -> (Value, Option<String>) {
        let mark = Budget { bytes_max }.shorten(&mut value);
        (value, mark)
    }

    #[test]
    fn lists_lose_their_ends_and_small_members_stay() {
        let items: Vec<Value> = (0..100)
            .map(|id| json!({"id": id, "name": "a name"}))
            .collect();
        let (value, mark) = fitted(json!({"items": items, "total": 100, "a/b": "x"}), 400);
        assert_eq!((&value["total"], &value["a/b"]), (&json!(100), &json!("x")));
        let kept = value["items"].as_array().unwrap().len();
        assert!((5..20).contains(&kept), "{kept}");
        let mark = mark.unwrap();
        assert!(mark.starts_with("[truncated to about"), "{mark}");
        assert!(
            mark.contains(&format!("/items has {kept} of 100 items")),
            "{mark}"
        );
    }

    #[test]
    fn texts_are_shortened_between_characters() {
        let (value, mark) = fitted(json!([{"a/b": "ä".repeat(1000)}, 1]), 100);
        let text = value[0]["a/b"].as_str().unwrap();
        assert!(text.ends_with("ä…[truncated]"), "{text}");
        let mark = mark.unwrap();
        assert!(
            mark.contains("/0/a~1b has ") && mark.contains("of 1000 characters"),
            "{mark}"
        );
        assert!(mark.contains("the answer has 1 of 2 items"), "{mark}");
    }

    #[test]
    fn what_cannot_be_shortened_is_not_said_to_be() {
        let many: serde_json::Map<String, Value> =
            (0..100).map(|it| (format!("key{it}"), json!(it))).collect();
        assert_eq!(fitted(Value::Object(many), 50).1, None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_marked_is_over_the_budget(
            texts in prop::collection::vec(".{0,200}", 0..20), bytes_max in 0usize..500,
        ) {
            let (value, mark) = fitted(json!({"list": texts, "text": texts.concat()}), bytes_max);
            prop_assert!(mark.is_none() || value.to_string().len() <= bytes_max);
        }
    }
}
