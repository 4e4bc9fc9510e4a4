//! Reads a request or notification in one pass, if there is nothing unusual about it. Nearly all are like that.
//!
//! What this takes it reads as the other way does; what it does not take may be right all the same.

use bytes::Bytes;

use super::ParamsParts;
use crate::json::{Quoted, Raw, Scanner, plain_string};
use crate::jsonrpc::{Message, RequestId};
use crate::method::Method;
use crate::modern::WireClaims;

/// The members that stand here once, and are not null.
#[derive(Default)]
struct Members<'a> {
    version: Option<Raw<'a>>,
    id: Option<Raw<'a>>,
    method: Option<Raw<'a>>,
    params: Option<ParamsParts<'a>>,
}

/// The message that is the whole `body`, which is UTF-8.
pub(super) fn message(body: &Bytes, depth_max: usize) -> Option<Message> {
    let mut scanner = Scanner::new(body, depth_max);
    let mut members = Members::default();
    scanner.object(|scanner, key| members.take(scanner, key))?;
    if !scanner.is_over() || members.version? != Raw(br#""2.0""#) {
        return None;
    }
    let method = Method::from(plain_string(members.method?.0)?);
    let id = match members.id {
        Some(raw) => Some(RequestId::plain(raw.0)?),
        None => None,
    };
    Some(super::message(body, body, id, method, members.params))
}

impl<'a> Members<'a> {
    fn take(&mut self, scanner: &mut Scanner<'a>, key: Quoted<'a>) -> Option<()> {
        let place = match key.plain()? {
            b"jsonrpc" => &mut self.version,
            b"id" => &mut self.id,
            b"method" => &mut self.method,
            b"params" => {
                let mut parts = ParamsParts::default();
                scanner.object(|scanner, key| parts.take(scanner, key))?;
                return once(&mut self.params, parts);
            }
            // A response.
            b"result" | b"error" => return None,
            _ => return scanner.value().map(drop),
        };
        once(place, scanner.something()?)
    }
}

impl<'a> ParamsParts<'a> {
    fn take(&mut self, scanner: &mut Scanner<'a>, key: Quoted<'a>) -> Option<()> {
        let place = match key.plain()? {
            b"_meta" => {
                let mut claims = WireClaims::default();
                let members = |scanner: &mut Scanner<'a>, key| claims.take(scanner, key);
                let text = scanner.over(|scanner| scanner.object(members))?;
                self.claims = Some(claims);
                return once(&mut self.meta, Raw(text));
            }
            b"arguments" => &mut self.arguments,
            b"name" => &mut self.name,
            b"uri" => &mut self.uri,
            b"taskId" => &mut self.task_id,
            b"task" => &mut self.task,
            b"inputResponses" => &mut self.input_responses,
            b"requestState" => &mut self.request_state,
            _ => return scanner.value().map(drop),
        };
        once(place, scanner.something()?)
    }
}

/// Notes what must not come twice.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse_one;
    use super::*;

    const CALL: &str = r#" {"jsonrpc":"2.0", "id":"a-1","method":"tools/call","params":{"name":"echo",
        "arguments":{"text":["x",{"deep":-1.5e3}]},"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"unknown":"\u00e9"}} "#;

    fn quickly(text: &str) -> Option<Message> {
        let body = Bytes::copy_from_slice(text.as_bytes());
        message(&body, 100)
    }

    fn slowly(text: &str) -> Option<Message> {
        let body = Bytes::copy_from_slice(text.as_bytes());
        parse_one(&body, std::str::from_utf8(&body).unwrap()).ok()
    }

    #[test]
    fn what_is_usual_is_read_quickly() {
        for text in [
            CALL,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
            r#"{"id":18446744073709551615,"method":"ping","jsonrpc":"2.0"}"#,
        ] {
            assert_eq!(quickly(text), slowly(text));
            assert!(quickly(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_unusual_is_left_alone() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":-0,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"meth\u006fd":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"p\u0069ng"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"a","name":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#,
            r#"["jsonrpc"]"#,
        ] {
            assert_eq!(quickly(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn both_ways_read_the_same(at in 0..CALL.len(), length in 0_usize..12, with in "[ -~\u{e9}]{0,4}") {
            let end = (at + length).min(CALL.len());
            let text = format!("{}{with}{}", &CALL[..at], &CALL[end..]);
            if let Some(message) = quickly(&text) {
                prop_assert_eq!(Some(message), slowly(&text));
            }
        }
    }
}
