//! Goes over JSON text once: checks it, and finds where its parts begin and end, without building anything.
//!
//! What is unusual is not explained here but left to serde_json: whoever scans has a second, slower way to read,
//! and both come to the same.

use serde_json::Value;

use super::{Raw, plain_until};

/// Depth that is scanned; deeper text is unusual. Bounds recursion.
const DEPTH_MAX: usize = 128;

/// Characters of a number that is small: no integer of so many digits is beyond 64 bits.
const SMALL_NUMBER_MAX: usize = 18;

/// Kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const STRING: Self = Self(4);
    pub(crate) const ARRAY: Self = Self(8);
    pub(crate) const OBJECT: Self = Self(16);
    pub(crate) const NUMBER: Self = Self(32);
    /// Set besides [`NUMBER`](Self::NUMBER) where a number need not be an integer.
    pub(crate) const FRACTION: Self = Self(64);
    pub(crate) const ALL: Self = Self(127);

    pub(crate) fn has(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What the keyword `type` of JSON Schema names.
    pub(crate) fn named(types: &Value) -> Option<Self> {
        match types {
            Value::String(one) => Some(match one.as_str() {
                "null" => Self::NULL,
                "boolean" => Self::BOOLEAN,
                "string" => Self::STRING,
                "array" => Self::ARRAY,
                "object" => Self::OBJECT,
                "integer" => Self::NUMBER,
                "number" => Self::NUMBER.or(Self::FRACTION),
                _ => return None,
            }),
            Value::Array(several) => several
                .iter()
                .try_fold(Self::NONE, |kinds, one| Some(kinds.or(Self::named(one)?))),
            _ => None,
        }
    }
}

/// The key of a member, or a text, between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoted<'a> {
    /// As it stands in the JSON text.
    pub(crate) raw: &'a [u8],
    /// Whether that is something else than it means.
    pub(crate) is_escaped: bool,
}

impl<'a> Quoted<'a> {
    /// What it means, if it stands there as it is.
    pub(crate) fn plain(self) -> Option<&'a [u8]> {
        (!self.is_escaped).then_some(self.raw)
    }
}

/// A place in JSON text. Every method gives `None` for what is no JSON, or is nested too deep.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    /// What is still ahead.
    rest: &'a [u8],
    /// Containers that may still be entered.
    room: usize,
}

impl<'a> Scanner<'a> {
    /// At the beginning of `text`, in which containers nest no deeper than `depth_max`. It is UTF-8; that is not
    /// looked at here.
    pub(crate) fn new(text: &'a [u8], depth_max: usize) -> Self {
        Self {
            rest: text,
            room: depth_max.min(DEPTH_MAX),
        }
    }

    /// Whether nothing but white space follows.
    pub(crate) fn is_over(&mut self) -> bool {
        self.space();
        self.rest.is_empty()
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

    /// Goes over an array. `element` is called at each value and goes over it.
    pub(crate) fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.enter(b'[')?;
        if self.take(b']') {
            return self.leave();
        }
        loop {
            element(self)?;
            if !self.take(b',') {
                self.expect(b']')?;
                return self.leave();
            }
        }
    }

    /// Goes over any value and gives its text, white space around it left out.
    pub(crate) fn value(&mut self) -> Option<&'a [u8]> {
        self.over(Self::skip)
    }

    /// The text of the value that `goes` goes over.
    pub(crate) fn over(&mut self, goes: impl FnOnce(&mut Self) -> Option<()>) -> Option<&'a [u8]> {
        self.space();
        let text = self.rest;
        goes(self)?;
        text.get(..text.len() - self.rest.len())
    }

    /// Goes over a value that is not null.
    pub(crate) fn something(&mut self) -> Option<Raw<'a>> {
        self.value().filter(|text| *text != b"null").map(Raw)
    }

    /// The kind of the value that begins here, as its first byte tells it; of a number no more than that it is one.
    pub(crate) fn kind(&mut self) -> Option<Kinds> {
        self.space();
        Some(match self.rest.first()? {
            b'"' => Kinds::STRING,
            b'{' => Kinds::OBJECT,
            b'[' => Kinds::ARRAY,
            b't' | b'f' => Kinds::BOOLEAN,
            b'n' => Kinds::NULL,
            _ => Kinds::NUMBER,
        })
    }

    /// Goes over a string in which no half of a surrogate pair can be, which would stand for nothing.
    pub(crate) fn unicode(&mut self) -> Option<Quoted<'a>> {
        let text = self.string()?;
        let is_sure = !text.is_escaped || !has_surrogates(text.raw);
        is_sure.then_some(text)
    }

    /// Goes over a number and gives its text; `None` if it is long or has an exponent, since not every type can
    /// hold it.
    pub(crate) fn small_number(&mut self) -> Option<&'a [u8]> {
        let text = self.over(Self::number)?;
        let has = |byte: u8| text.contains(&byte);
        let is_small = text.len() <= SMALL_NUMBER_MAX && !has(b'e') && !has(b'E');
        is_small.then_some(text)
    }

    /// Goes over a string, which begins here.
    fn string(&mut self) -> Option<Quoted<'a>> {
        let (b'"', text) = self.rest.split_first()? else {
            return None;
        };
        let (raw, end) = text.split_at_checked(plain_until(text))?;
        match end.split_first()? {
            (b'"', rest) => {
                self.rest = rest;
                Some(Quoted {
                    raw,
                    is_escaped: false,
                })
            }
            _ => self.escaped(text),
        }
    }

    /// Goes over a string that has something else in it than plain text, after its first quote.
    #[cold]
    fn escaped(&mut self, text: &'a [u8]) -> Option<Quoted<'a>> {
        self.rest = text;
        loop {
            self.rest = self.rest.get(plain_until(self.rest)..)?;
            match self.rest.first()? {
                b'"' => break,
                b'\\' => self.escape()?,
                // A control character.
                _ => return None,
            }
        }
        let raw = text.get(..text.len() - self.rest.len())?;
        self.expect(b'"')?;
        Some(Quoted {
            raw,
            is_escaped: true,
        })
    }

    fn escape(&mut self) -> Option<()> {
        let length = match self.rest.get(1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = self.rest.get(2..6)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.rest = self.rest.get(length..)?;
        Some(())
    }

    pub(crate) fn skip(&mut self) -> Option<()> {
        match self.rest.first()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(|scanner, _| {
                scanner.space();
                scanner.skip()
            }),
            b'[' => self.array(|scanner| {
                scanner.space();
                scanner.skip()
            }),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Option<()> {
        self.skips(b'-');
        // No digit follows a leading zero.
        if !self.skips(b'0') {
            self.digits()?;
        }
        if self.skips(b'.') {
            self.digits()?;
        }
        if self.skips(b'e') || self.skips(b'E') {
            let _ = self.skips(b'+') || self.skips(b'-');
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let [b'0'..=b'9', rest @ ..] = self.rest else {
            return None;
        };
        self.rest = rest;
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
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
        self.skips(byte)
    }

    /// Whether `byte` stands here; then it is behind.
    fn skips(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn space(&mut self) {
        while let [b' ' | b'\n' | b'\t' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}

/// Whether the text of a string escapes a surrogate, `\\ud800` to `\\udfff`, or something that looks like it.
fn has_surrogates(text: &[u8]) -> bool {
    text.windows(3)
        .any(|three| matches!(three, [b'\\', b'u', b'd' | b'D']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn scanned(text: &str) -> Option<&str> {
        let mut scanner = Scanner::new(text.as_bytes(), usize::MAX);
        let value = scanner.value()?;
        let value = std::str::from_utf8(value).unwrap();
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

    fn any_json() -> impl Strategy<Value = Value> {
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
        let goes = |depth, max| {
            Scanner::new(nested(depth).as_bytes(), max)
                .value()
                .is_some()
        };
        assert!(goes(3, 3) && !goes(4, 3));
        assert!(goes(DEPTH_MAX, usize::MAX) && !goes(DEPTH_MAX + 1, usize::MAX));
        let beside = b"[[[]],[[]],{\"a\":[]}]";
        assert!(Scanner::new(beside, 3).value().is_some());
    }
}
