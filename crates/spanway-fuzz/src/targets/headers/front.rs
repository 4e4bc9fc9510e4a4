//! Heads as they come to the endpoint: the status that the ladder of checks must end with, whatever stands in
//! them (ARCHITECTURE.md, invariant 4).

use http::header::{ACCEPT, CONTENT_TYPE, HOST as HOST_HEADER, ORIGIN as ORIGIN_HEADER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;
use spanway_protocol::guard::{Accepts, AllowedHosts, AllowedOrigins};
use spanway_protocol::{Guard, Head, LAST_EVENT_ID, PROTOCOL_VERSION, SESSION_ID};
use spanway_testkit::Client;

use super::reference::{admits, host_is_ours, only, origin_is_ours};
use crate::seeds::Text;
use crate::service::Service;

pub(super) const HOST: &str = "app.example";
pub(super) const HOST_AND_PORT: &str = "one.example:8080";
pub(super) const ORIGIN: &str = "https://web.example";
/// Stands for the id of a session that is there.
const LIVE: &str = "{live}";

/// Headers with what is often in them.
const VALUES: &[(&str, &[&str])] = &[
    (
        "host",
        &[
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:80",
            HOST,
            "app.example:",
            HOST_AND_PORT,
            "one.example",
            "evil.example",
            "localhost.evil.example",
            "localhost:80:80",
            "::1",
            "",
        ],
    ),
    (
        "origin",
        &[
            "http://localhost",
            "https://localhost:3000",
            ORIGIN,
            "HTTPS://WEB.EXAMPLE",
            "http://app.example",
            "http://evil.example",
            "null",
            "http://",
            "http://[::1]:1",
            "",
        ],
    ),
    (
        "accept",
        &[
            "application/json, text/event-stream",
            "application/json",
            "text/event-stream",
            "*/*",
            "*/*;q=0",
            "text/*;q=0.5",
            "application/*;q=0, application/json",
            "application/json;q=0.000, */*",
            "text/html",
            "*/*; Q=0",
            "",
            ";;,",
            "text/event-stream;q=x",
            "Application/JSON",
        ],
    ),
    (
        "content-type",
        &[
            "application/json",
            "application/json; charset=utf-8",
            "APPLICATION/JSON",
            "text/plain",
            "application/jsonp",
            "",
            ";",
            " application/json ;",
        ],
    ),
    (
        "mcp-session-id",
        &[
            LIVE,
            "AAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "short",
            "",
            "ü",
        ],
    ),
    (
        "mcp-protocol-version",
        &[
            "2025-11-25",
            "2025-03-26",
            "2024-11-05",
            "2026-07-28",
            "2027-01-01",
            "2026-7-28",
            "1999-01-01",
            "v1",
            "",
            "ü",
        ],
    ),
    (
        "last-event-id",
        &[
            "0123456789abcdef-0",
            "0123456789abcdef-1",
            "0123456789ABCDEF-1",
            "1",
            "",
        ],
    ),
];

/// A head.
#[derive(Debug, Clone)]
pub(super) struct Front {
    method: &'static str,
    authority: Option<&'static str>,
    headers: Vec<(HeaderName, Text)>,
}

pub(super) fn front() -> impl Strategy<Value = Front> {
    let method = select(
        &[
            "POST", "POST", "GET", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH",
        ][..],
    );
    let authority = prop::option::of(select(&[HOST, "evil.example", "localhost:1"][..]));
    let headers = prop::collection::vec(select(VALUES).prop_flat_map(header), 0..7);
    (method, authority, likely(), headers).prop_map(|(method, authority, mut likely, headers)| {
        likely.extend(headers);
        Front {
            method,
            authority,
            headers: likely,
        }
    })
}

/// What gets a request far: each of these headers in most heads.
fn likely() -> impl Strategy<Value = Vec<(HeaderName, Text)>> {
    let header = |name: HeaderName, value: &'static str| {
        let there = Just((name, Text(value.into())));
        prop::option::weighted(0.8, there)
    };
    let headers = (
        header(ACCEPT, "application/json, text/event-stream"),
        header(CONTENT_TYPE, "application/json"),
        header(SESSION_ID, LIVE),
    );
    headers.prop_map(|(accept, content, session)| {
        [accept, content, session].into_iter().flatten().collect()
    })
}

/// One of the usual values, two in one, or one with another byte in it.
fn header(
    (name, values): (&'static str, &'static [&'static str]),
) -> impl Strategy<Value = (HeaderName, Text)> {
    let usual = select(values).prop_map(|value| value.as_bytes().to_vec());
    let two = (
        select(values),
        select(&[",", ", ", "; ", " ", "\t"][..]),
        select(values),
    );
    let two = two.prop_map(|(one, between, other)| [one, between, other].concat().into_bytes());
    let broken = (select(values), any::<Index>(), any::<u8>()).prop_map(|(value, at, byte)| {
        let mut value = value.as_bytes().to_vec();
        let at = at.index(value.len() + 1);
        value.splice(at..at, [byte]);
        value
    });
    let value = prop_oneof![6 => usual, 1 => two, 1 => broken];
    let value = value.prop_filter("no header holds it", |it| {
        HeaderValue::from_bytes(it).is_ok()
    });
    value.prop_map(move |value| (HeaderName::from_static(name), Text(value)))
}

/// A client of an endpoint that was told of a host and an origin.
pub(super) fn client(service: &Service) -> Client {
    let endpoint = service.endpoint();
    let endpoint = endpoint.allow_hosts([HOST, HOST_AND_PORT]);
    Client::new(endpoint.allow_origins([ORIGIN]).build())
}

impl Front {
    /// The parts by themselves, then all of them at the endpoint.
    pub(super) async fn check(&self, client: &Client) {
        let live = client.connect("2025-06-18").await;
        let id = live.id.clone().unwrap();
        let headers = self.headers(&id);
        self.check_parts(&headers);
        let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let mut request = client.request(self.method.parse().unwrap());
        if self.method == "POST" {
            request = request.message(ping);
        }
        request = request.without(&HOST_HEADER);
        for (name, value) in &headers {
            request = request.header(name.as_str(), value.as_bytes());
        }
        let stream = request.open().await;
        let expected = self.statuses(&headers, &id);
        let cors = self.method == "OPTIONS";
        let fits = expected.contains(&stream.status) || (cors && stream.status < 500);
        assert!(fits, "{expected:?} is expected: {stream:?}");
        if !stream.is_stream() {
            stream.whole().await;
        }
        let ended = live.delete().send().await.status;
        assert!(matches!(ended, 200 | 404), "{ended}");
    }

    fn headers(&self, live: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, Text(value)) in &self.headers {
            let value = match value.as_slice() == LIVE.as_bytes() {
                true => live.as_bytes(),
                false => value,
            };
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    fn check_parts(&self, headers: &HeaderMap) {
        let mut guard = Guard::default();
        guard.hosts = AllowedHosts::new([HOST, HOST_AND_PORT]);
        guard.origins = AllowedOrigins::new([ORIGIN]);
        let method: Method = self.method.parse().unwrap();
        let head = Head::new(&method, self.authority, headers);
        let let_in = comes_in(headers, self.authority);
        assert_eq!(guard.check(&head).is_ok(), let_in, "the guard");
        let accepts = Accepts::of(&head);
        assert_eq!(accepts.json, admits(headers, "application/json"));
        assert_eq!(accepts.sse, admits(headers, "text/event-stream"));
        assert_eq!(head.claims_modern(), claims_modern(headers));
    }

    /// What the endpoint may answer with.
    fn statuses(&self, headers: &HeaderMap, live: &str) -> &'static [u16] {
        if !comes_in(headers, None) {
            return &[403];
        }
        let modern = claims_modern(headers);
        let ladder = match self.method {
            "POST" => posted(headers, modern, live),
            "GET" if !modern => opened(headers, live),
            "DELETE" if !modern => in_session(headers, live),
            _ => Err(&[405][..]),
        };
        ladder.err().unwrap_or(&[200])
    }
}

/// T-ALL-10: hosts and origins that are welcome.
fn comes_in(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let Ok(host) = only(headers, &HOST_HEADER) else {
        return false;
    };
    let host = host.or(authority);
    let origin = only(headers, &ORIGIN_HEADER);
    host.is_none_or(host_is_ours)
        && origin.is_ok_and(|it| it.is_none_or(|origin| origin_is_ours(origin, host)))
}

/// T-DUAL-06: a date from the modern revision on.
fn claims_modern(headers: &HeaderMap) -> bool {
    let version = headers
        .get(PROTOCOL_VERSION)
        .and_then(|it| it.to_str().ok());
    let version = version.unwrap_or_default().trim();
    let digits: String = version
        .chars()
        .map(|it| if it.is_ascii_digit() { '0' } else { it })
        .collect();
    digits == "0000-00-00" && version >= "2026-07-28"
}

/// The statuses that something is refused with.
type Climbed = Result<(), &'static [u16]>;

/// A ping is posted.
fn posted(headers: &HeaderMap, modern: bool, live: &str) -> Climbed {
    let declared = only(headers, &CONTENT_TYPE).ok().flatten();
    let essence = declared.unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(&[415]);
    }
    if !admits(headers, "application/json") && !admits(headers, "text/event-stream") {
        return Err(&[406]);
    }
    // It makes no claim, whatever its header says.
    if modern {
        return Err(&[400]);
    }
    in_session(headers, live)
}

fn opened(headers: &HeaderMap, live: &str) -> Climbed {
    if !admits(headers, "text/event-stream") {
        return Err(&[406]);
    }
    in_session(headers, live)?;
    // No stream of the session has any of these ids.
    match only(headers, &LAST_EVENT_ID) {
        Ok(None) => Ok(()),
        _ => Err(&[410]),
    }
}

/// T-2503-21, T-2503-22, T-2506-02. Of two wrong headers either may be named.
fn in_session(headers: &HeaderMap, live: &str) -> Climbed {
    const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
    let version = only(headers, &PROTOCOL_VERSION);
    let served = version.is_ok_and(|it| it.is_none_or(|it| LEGACY.contains(&it)));
    match (only(headers, &SESSION_ID), served) {
        (Ok(None), _) => Err(&[400]),
        (Ok(Some(id)), true) if id == live => Ok(()),
        (Ok(Some(id)), false) if id == live => Err(&[400]),
        (_, true) => Err(&[404]),
        (_, false) => Err(&[400, 404]),
    }
}
