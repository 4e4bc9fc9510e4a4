//! CORS for the endpoint: browsers of allowed origins may send every MCP header and read the session id.

use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderValue, Method};
use spanway_protocol::{Guard, PROTOCOL_VERSION, SESSION_ID};
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may keep a preflight answer.
const PREFLIGHT_LIFE: Duration = Duration::from_secs(600);

/// The CORS policy of `guard`. Preflights are answered by the layer, before authentication; any request
/// header is allowed, since `Mcp-Param-*` cannot be listed (trap 26).
pub(crate) fn policy(guard: &Guard) -> CorsLayer {
    let guard = guard.clone();
    // A page may read an answer exactly if the guard lets its requests in, by host as well as by origin.
    let allowed =
        move |_: &HeaderValue, parts: &Parts| guard.check(&crate::endpoint::head(parts)).is_ok();
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([SESSION_ID, PROTOCOL_VERSION, WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_LIFE)
}
