//! Goes over JSON text once: checks it, and finds where its parts begin and end, without building anything.
//!
//! What is unusual is not explained here but left to serde_json: whoever scans has a second, slower way to read,
//! and both come to the same.

use super::{Raw, plain_until};

/// Depth that is scanned; deeper text is unusual. Bounds recursion.
const DEPTH_MAX: usize = 128;

/// The key of a member, or a text, between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoted<'a> {
    /// As it stands in the JSON text.
    pub(crate) raw: &'a str,
    /// Whether that is something else than it means.
    pub(crate) is_escaped: bool,
}

impl<'a> Quoted<'a> {
    /// What it means, if it stands there as it is.
    pub(crate) fn plain(self) -> Option<&'a str> {
        (!self.is_escaped).then_some(self.raw)
    }
}

/// A place in JSON text. Every method gives `None` for what is no JSON, or is nested too deep.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Containers that may still be entered.
    room: usize,
}

impl<'a> Scanner<'a> {
    /// At the beginning of `text`, in which containers nest no deeper than `depth_max`.
    pub(crate) fn new(text: &'a str, depth_max: usize) -> Self {
        Self {
            text,
            at: 0,
            room: depth_max.min(DEPTH_MAX),
        }
    }

    /// Whether nothing but white space follows.
    pub(crate) fn is_over(&mut self) -> bool {
        self.space();
        self.at == self.text.len()
    }

    /// Goes over an object. `member` is called at each value and goes over it.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Quoted<'a>) -> Option<()>,
    ) -> Option<()> {
        self.enter(b'{')?;
        if self.take(b'}') {
            return self.leave();
        }
        loop {
            self.space();
            let key = self.string()?;
            self.expect(b':')?;
            member(self, key)?;
            if !self.take(b',') {
                self.expect(b'}')?;
                return self.leave();
            }
        }
    }

    /// Goes over any value and gives its text, white space around it left out.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        self.over(Self::skip)
    }

    /// The text of the value that `goes` goes over.
    pub(crate) fn over(&mut self, goes: impl FnOnce(&mut Self) -> Option<()>) -> Option<&'a str> {
        self.space();
        let begin = self.at;
        goes(self)?;
        self.text.get(begin..self.at)
    }

    /// Goes over a value that is not null.
    pub(crate) fn something(&mut self) -> Option<Raw<'a>> {
        self.value().filter(|text| *text != "null").map(Raw)
    }

    /// Goes over a string, which begins here.
    fn string(&mut self) -> Option<Quoted<'a>> {
        if self.byte()? != b'"' {
            return None;
        }
        self.at += 1;
        let begin = self.at;
        let mut is_escaped = false;
        loop {
            self.at += plain_until(self.rest());
            match self.byte()? {
                b'"' => break,
                b'\\' => {
                    is_escaped = true;
                    self.escape()?;
                }
                // A control character.
                _ => return None,
            }
        }
        let raw = self.text.get(begin..self.at)?;
        self.at += 1;
        Some(Quoted { raw, is_escaped })
    }

    fn escape(&mut self) -> Option<()> {
        let length = match self.rest().get(1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = self.rest().get(2..6)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    fn skip(&mut self) -> Option<()> {
        match self.byte()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(|scanner, _| {
                scanner.space();
                scanner.skip()
            }),
            b'[' => self.array(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn array(&mut self) -> Option<()> {
        self.enter(b'[')?;
        if self.take(b']') {
            return self.leave();
        }
        loop {
            self.space();
            self.skip()?;
            if !self.take(b',') {
                self.expect(b']')?;
                return self.leave();
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        if self.byte()? == b'-' {
            self.at += 1;
        }
        // No digit follows a leading zero.
        match self.byte()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit());
        let length = digits.count();
        self.at += length;
        (length > 0).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let is_there = self.rest().starts_with(word.as_bytes());
        self.at += word.len();
        is_there.then_some(())
    }

    fn enter(&mut self, bracket: u8) -> Option<()> {
        self.room = self.room.checked_sub(1)?;
        self.expect(bracket)
    }

    /// Gives the room back; the closing bracket was taken.
    fn leave(&mut self) -> Option<()> {
        self.room += 1;
        Some(())
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// Whether `byte` comes next, white space aside; then it is behind.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.byte() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn scanned(text: &str) -> Option<&str> {
        let mut scanner = Scanner::new(text, usize::MAX);
        let value = scanner.value()?;
        scanner.is_over().then_some(value)
    }

    /// Texts of pieces that JSON is made of, or nearly.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "{",
                "}",
                "[",
                "]",
                ",",
                ":",
                "\"",
                "\\",
                "\\\"",
                "\\u00e9",
                "\\ud800",
                "\\u12",
                "\\x",
                "\u{1}",
                "\u{7f}",
                "é",
                " ",
                "\n",
                "\t",
                "\r",
                "\u{a0}",
                "-",
                "0",
                "17",
                ".5",
                "e+3",
                "E9",
                "true",
                "false",
                "null",
                "nul",
                "\"a\":",
                "\"b\"",
                "1,",
                "{}",
                "[]",
                "a string that is longer than a word of eight bytes",
            ])
            .prop_map(str::to_owned),
            "[ -~\u{80}\u{e9}\u{20ac}]{0,12}",
            "\"[ -!#-\\[\\]-~]{0,20}\"",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn takes_what_serde_json_takes(text in pieces()) {
            let read = serde_json::from_str::<&RawValue>(&text).ok();
            prop_assert_eq!(scanned(&text), read.map(RawValue::get));
        }
    }

    proptest! {
        #[test]
        fn takes_any_value(value in any_json()) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(scanned(&text), Some(text.as_str()));
            let broken = &text[..text.len() - 1];
            let read = serde_json::from_str::<&RawValue>(broken).ok();
            prop_assert_eq!(scanned(broken), read.map(RawValue::get));
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn no_container_is_entered_beyond_the_bound() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let goes = |depth, max| Scanner::new(&nested(depth), max).value().is_some();
        assert!(goes(3, 3) && !goes(4, 3));
        assert!(goes(DEPTH_MAX, usize::MAX) && !goes(DEPTH_MAX + 1, usize::MAX));
        let beside = "[[[]],[[]],{\"a\":[]}]";
        assert!(Scanner::new(beside, 3).value().is_some());
    }
}
