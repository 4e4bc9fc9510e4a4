//! Headers that mirror the body: a client that writes them by the book is taken, and what says something else
//! is refused (T-HDR-01 to T-HDR-07).

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Number, Value, json};
use spanway_protocol::jsonrpc::{self, Incoming, Message};
use spanway_protocol::modern::{self, Claims, MirroredArguments};
use spanway_protocol::{Era, Head, HeaderRules, Limits, METHOD, NAME, PROTOCOL_VERSION};

use super::reference::{decoded, encoded, only};
use crate::seeds::Text;

const VERSION: &str = "2026-07-28";

/// What a client puts into a header.
#[derive(Debug, Clone)]
enum Header {
    Missing,
    /// By the book.
    Right,
    Twice,
    Other(Text),
}

fn written() -> impl Strategy<Value = Header> {
    let text = prop_oneof![
        "[ -~\t]{0,8}",
        "=\\?base64\\?[A-Za-z0-9+/=]{0,12}(\\?=)?",
        "-?[0-9]{0,3}(\\.[0-9]{0,2})?",
        Just("true".to_owned()),
        Just("=?BASE64?YQ==?=".to_owned()),
    ];
    let other = prop_oneof![
        8 => text.prop_map(String::into_bytes),
        1 => prop::collection::vec(128..=255_u8, 1..4),
    ];
    prop_oneof![
        3 => Just(Header::Right),
        1 => Just(Header::Missing),
        1 => Just(Header::Twice),
        3 => other.prop_map(|bytes| Header::Other(Text(bytes))),
    ]
}

/// Texts that are easy and hard to write into a header.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_/]{1,8}",
        "[ -~]{0,6}",
        "=\\?base64\\?[A-Za-z0-9]{0,4}\\?=",
        "\\PC{0,6}",
        ".{0,4}",
        Just("\t\r\n".to_owned()),
    ]
}

fn put(headers: &mut HeaderMap, name: &HeaderName, header: &Header, right: &str) {
    let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).unwrap();
    match header {
        Header::Missing => {}
        Header::Right => _ = headers.append(name, value(encoded(right).as_bytes())),
        Header::Twice => {
            headers.append(name, value(encoded(right).as_bytes()));
            headers.append(name, value(encoded(right).as_bytes()));
        }
        Header::Other(Text(bytes)) => _ = headers.append(name, value(bytes)),
    }
}

/// A request whose name or URI is mirrored.
#[derive(Debug, Clone)]
pub(super) struct Name {
    method: &'static str,
    name: String,
    header: Header,
}

pub(super) fn name() -> impl Strategy<Value = Name> {
    let method = select(&["tools/call", "prompts/get", "resources/read"][..]);
    let parts = (method, text(), written());
    parts.prop_map(|(method, name, header)| Name {
        method,
        name,
        header,
    })
}

impl Name {
    pub(super) fn check(&self) {
        let key = match self.method {
            "resources/read" => "uri",
            _ => "name",
        };
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": VERSION,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ key: self.name, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": self.method, "params": params });
        let body = Bytes::from(body.to_string());
        let parsed = jsonrpc::parse(&body, &Limits::default());
        let Ok(Incoming::Single(Message::Request(request))) = parsed else {
            panic!("{parsed:?}");
        };
        let claims = Claims::read(&request.params.meta).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(VERSION));
        headers.insert(METHOD, HeaderValue::from_static(self.method));
        put(&mut headers, &NAME, &self.header, &self.name);
        let says_so = match only(&headers, &NAME) {
            Ok(Some(value)) => decoded(value).as_ref() == Ok(&self.name),
            _ => false,
        };
        if matches!(self.header, Header::Right) {
            assert!(says_so, "what is written by the book is read back");
        }
        let head = Head::new(&Method::POST, None, &headers);
        match modern::accept(&head, request, claims) {
            Ok(_) => assert!(says_so, "accepted"),
            Err(refusal) => {
                assert_eq!(refusal.why.code(Era::Modern), -32020);
                assert!(!says_so, "{refusal:?}");
            }
        }
    }
}

/// Arguments of a tool that mirrors one of each type, and one in an object.
#[derive(Debug, Clone)]
pub(super) struct Arguments([(Option<Value>, Header); 4]);

const NAMES: [&str; 4] = ["text", "count", "flag", "deep"];

pub(super) fn arguments() -> impl Strategy<Value = Arguments> {
    let one = || (prop::option::of(argument()), written());
    [one(), one(), one(), one()].prop_map(Arguments)
}

/// Whatever its type in the schema: headers are compared with what came.
fn argument() -> impl Strategy<Value = Value> {
    let odd = vec![
        json!(null),
        json!([]),
        json!({}),
        json!(-0.0),
        json!(42.0),
        json!(1.5),
        json!(1e300),
        json!(9_007_199_254_740_993_i64),
        json!(u64::MAX),
        json!(i64::MIN),
    ];
    prop_oneof![
        3 => text().prop_map(Value::from),
        2 => (-50..50_i64).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        2 => select(odd),
    ]
}

impl Arguments {
    pub(super) fn check(&self) {
        let property = |kind: &str, name: &str| json!({ "type": kind, "x-mcp-header": name });
        let inner =
            json!({ "type": "object", "properties": { "deep": property("string", "Deep") } });
        let schema = json!({ "type": "object", "properties": {
            "text": property("string", "Text"),
            "count": property("integer", "COUNT"),
            "flag": property("boolean", "flag"),
            "in": inner,
        } });
        let mirrored = MirroredArguments::of(&schema).unwrap();
        let (mut arguments, mut headers) = (Map::new(), HeaderMap::new());
        let mut fits = true;
        for (name, (value, header)) in NAMES.into_iter().zip(&self.0) {
            let header_name: HeaderName = format!("mcp-param-{name}").parse().unwrap();
            let right = value.as_ref().and_then(by_the_book);
            match (&right, header) {
                // There is no right header; then none is.
                (None, Header::Right | Header::Twice) => {}
                (right, header) => {
                    let right = right.as_deref().unwrap_or_default();
                    put(&mut headers, &header_name, header, right);
                }
            }
            if let Some(value) = value {
                let place = match name {
                    "deep" => arguments.entry("in").or_insert(json!({})).as_object_mut(),
                    _ => Some(&mut arguments),
                };
                place.unwrap().insert(name.to_owned(), value.clone());
            }
            fits &= agrees(value.as_ref(), only(&headers, &header_name));
        }
        let checked = mirrored.check(&headers, &arguments, HeaderRules::default());
        assert_eq!(checked.is_ok(), fits, "{checked:?} with {headers:?}");
        if let Err(why) = checked {
            assert_eq!(why.code(Era::Modern), -32020);
        }
    }
}

/// What a client writes for a value; nothing for what is not there, and for what has no such form.
fn by_the_book(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// T-HDR-05 to T-HDR-07.
fn agrees(value: Option<&Value>, header: Result<Option<&str>, ()>) -> bool {
    let value = value.filter(|value| !value.is_null());
    let told = match header {
        Ok(Some(header)) => decoded(header),
        Ok(None) => return value.is_none_or(|value| by_the_book(value).is_none()),
        Err(()) => return false,
    };
    match (told, value) {
        (Ok(told), Some(Value::Number(number))) => {
            told == number.to_string()
                || integer(&told).is_some_and(|told| Some(told) == integer_of(number))
        }
        (Ok(told), Some(value)) => by_the_book(value).is_some_and(|right| right == told),
        _ => false,
    }
}

/// The digits of an integer, written with or without a fraction of zeros, without leading ones.
fn integer(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !all_digits(digits) || !all_digits(fraction) || fraction.contains(|it| it != '0') {
        return None;
    }
    match digits.trim_start_matches('0') {
        "" => Some("0".to_owned()),
        digits => Some(format!("{sign}{digits}")),
    }
}

fn integer_of(number: &Number) -> Option<String> {
    if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
        // Beyond, a double does not say which integer is meant.
        let exact = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
        return exact.then(|| integer(&format!("{float:.0}")))?;
    }
    integer(&number.to_string())
}
