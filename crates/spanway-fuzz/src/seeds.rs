//! What inputs begin with: valid messages, the specification's examples where they are at hand, and the ways
//! to make them nearly valid.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use spanway_testkit::published;

/// Bytes that are mostly text, and shown as such.
#[derive(Clone)]
pub(crate) struct Text(pub(crate) Vec<u8>);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// The messages to begin with.
static SEEDS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let mut seeds = own();
    if let Some(folder) = published::folder() {
        let before = seeds.len();
        collect(&folder.join("wire"), &mut seeds);
        println!("beginning with {} published examples", seeds.len() - before);
    }
    seeds
});

/// Every kind of message, of both eras.
fn own() -> Vec<Value> {
    let request = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "fuzz", "version": "0" },
        "io.modelcontextprotocol/logLevel": "debug",
        "progressToken": "p",
    });
    let call = json!({ "name": "echo", "arguments": { "text": "\u{fc}\n\"" }, "_meta": { "progressToken": 7 } });
    let modern = json!({ "name": "echo", "arguments": {}, "_meta": meta });
    let retry = json!({ "name": "echo", "inputResponses": {}, "requestState": "s", "_meta": meta });
    let listen = json!({ "notifications": { "toolsListChanged": true, "resourceSubscriptions": ["a:1"] }, "_meta": meta });
    let client = json!({ "name": "fuzz", "version": "0" });
    let hello =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    let error = json!({ "code": -1, "message": "no", "data": null });
    vec![
        request("initialize", hello),
        request("tools/call", call.clone()),
        request("tools/call", modern),
        request("tools/call", retry),
        request("subscriptions/listen", listen),
        request("resources/read", json!({ "uri": "a:1", "_meta": meta })),
        request("prompts/get", json!({ "name": "x", "arguments": {} })),
        request("server/discover", json!({ "_meta": meta })),
        request("logging/setLevel", json!({ "level": "info" })),
        json!([
            request("ping", json!({})),
            note,
            request("tools/call", call)
        ]),
        note,
        json!({ "jsonrpc": "2.0", "id": "a", "result": { "action": "accept", "content": {} } }),
        json!({ "jsonrpc": "2.0", "id": 1, "error": error }),
    ]
}

/// Adds the example messages of a folder and of those in it.
fn collect(folder: &Path, seeds: &mut Vec<Value>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    // The same order everywhere, so that a seed means the same input.
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, seeds);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let example: Value = serde_json::from_str(&text).unwrap();
            seeds.extend(message(example));
        }
    }
}

/// An example as a whole message, if it is one but for its envelope.
fn message(mut example: Value) -> Option<Value> {
    let fields = example.as_object_mut()?;
    if fields.contains_key("method") {
        let notifies = fields["method"].as_str()?.starts_with("notifications/");
        if !notifies {
            fields.entry("id").or_insert(json!(1));
        }
    } else if !fields.contains_key("jsonrpc") {
        return None;
    }
    fields.entry("jsonrpc").or_insert(json!("2.0"));
    Some(example)
}

/// A valid message.
pub(crate) fn valid() -> impl Strategy<Value = Value> {
    select(SEEDS.as_slice())
}

/// A valid message, or one with some of its parts changed.
pub(crate) fn changed() -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec((any::<Index>(), change()), 0..4);
    (valid(), changes).prop_map(|(mut message, changes)| {
        for (at, change) in changes {
            let parts = count(&message);
            visit(&mut message, &mut at.index(parts), &change);
        }
        message
    })
}

/// The text of such a message, or one with some of its bytes changed.
pub(crate) fn text() -> impl Strategy<Value = Text> {
    let written = (changed(), any::<bool>()).prop_map(|(message, pretty)| match pretty {
        true => serde_json::to_vec_pretty(&message).unwrap(),
        false => serde_json::to_vec(&message).unwrap(),
    });
    edited(written)
}

/// What was written, or the same with some of its bytes changed.
pub(crate) fn edited(written: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Text> {
    let edits = prop::collection::vec((any::<Index>(), edit()), 0..4);
    (written, edits).prop_map(|(mut text, edits)| {
        for (at, edit) in edits {
            edit.apply(&mut text, at);
        }
        Text(text)
    })
}

/// A change of one part of a message.
#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    RemoveKey(Index),
    AddKey(&'static str, Value),
}

fn change() -> impl Strategy<Value = Change> {
    const KEYS: &[&str] = &[
        "jsonrpc",
        "id",
        "method",
        "params",
        "result",
        "error",
        "_meta",
        "name",
        "uri",
        "arguments",
        "progressToken",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/logLevel",
        "inputResponses",
        "requestState",
        "",
    ];
    prop_oneof![
        part().prop_map(Change::Replace),
        any::<Index>().prop_map(Change::RemoveKey),
        (select(KEYS), part()).prop_map(|(key, value)| Change::AddKey(key, value)),
    ]
}

/// What a careless or hostile client puts anywhere.
fn part() -> impl Strategy<Value = Value> {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let parts = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-0.0),
        json!(1e300),
        json!(""),
        json!("1"),
        json!("2.0"),
        json!("\u{0}\r\n\u{2028}\u{1f600}"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({ "": null }),
        json!("tools/call"),
        json!("initialize"),
        json!("2026-07-28"),
        json!("2025-03-26"),
        json!("2027-01-01"),
        json!("notifications/initialized"),
        json!("subscriptions/listen"),
        json!("server/discover"),
        nested(20),
        nested(98),
        nested(120),
        json!("long ".repeat(5_000)),
    ];
    prop_oneof![4 => select(parts), 1 => valid()]
}

/// Values in a message, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Changes the value that comes `left` values after this one, from the outside in.
fn visit(value: &mut Value, left: &mut usize, change: &Change) -> bool {
    if *left == 0 {
        change.apply(value);
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| visit(item, left, change)),
        Value::Object(fields) => fields.values_mut().any(|field| visit(field, left, change)),
        _ => false,
    }
}

impl Change {
    fn apply(&self, value: &mut Value) {
        match (self, value) {
            (Self::RemoveKey(at), Value::Object(fields)) if !fields.is_empty() => {
                let key = fields.keys().nth(at.index(fields.len())).cloned();
                fields.remove(&key.unwrap());
            }
            (Self::AddKey(key, value), Value::Object(fields)) => {
                fields.insert((*key).to_owned(), value.clone());
            }
            (Self::Replace(with), value) => *value = with.clone(),
            _ => {}
        }
    }
}

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Edit {
    Put(u8),
    Insert(&'static [u8]),
    Remove(usize),
    /// The bytes from elsewhere, so many of them.
    Copy(Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    const TOKENS: &[&[u8]] = &[
        b"\"",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"1e999",
        b"-",
        b"\\ud800",
        b"\\u0000",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\r",
        b"\"id\":2,",
        b"\"method\":\"ping\",",
        b"\"params\":{},",
        b"\"result\":null,",
        b"\"_meta\":{},",
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ];
    prop_oneof![
        any::<u8>().prop_map(Edit::Put),
        select(TOKENS).prop_map(Edit::Insert),
        (1..20_usize).prop_map(Edit::Remove),
        (any::<Index>(), 1..60_usize).prop_map(|(from, length)| Edit::Copy(from, length)),
    ]
}

impl Edit {
    fn apply(&self, text: &mut Vec<u8>, at: Index) {
        let at = at.index(text.len() + 1);
        let within = |from: usize, length: usize| from..text.len().min(from + length);
        match self {
            Self::Put(byte) => text.splice(within(at, 1), [*byte]).for_each(drop),
            Self::Insert(token) => text.splice(at..at, token.iter().copied()).for_each(drop),
            Self::Remove(length) => text.drain(within(at, *length)).for_each(drop),
            Self::Copy(from, length) => {
                let from = from.index(text.len() + 1);
                let copied = text[within(from, *length)].to_vec();
                text.splice(at..at, copied).for_each(drop);
            }
        }
    }
}
