//! Which hosts this server answers to and which web origins may call it.

/// Names of this machine that never leave it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The hosts this server answers to. Loopback names are always among them; a request for any other host
/// may be a web page that rebound its DNS name to this address.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts {
    listed: Vec<String>,
    any: bool,
}

impl AllowedHosts {
    /// Loopback, and these: `name` on any port, `name:port` on that port only, `*` for every host.
    pub fn new<I: IntoIterator<Item: AsRef<str>>>(hosts: I) -> Self {
        let listed: Vec<String> = hosts
            .into_iter()
            .map(|host| host.as_ref().to_ascii_lowercase())
            .collect();
        Self {
            any: listed.iter().any(|host| host == "*"),
            listed,
        }
    }

    pub(super) fn allow(&self, host: &str) -> bool {
        if self.any {
            return true;
        }
        let (name, _) = split_port(host);
        is_loopback(name)
            || self.listed.iter().any(|allowed| {
                let wanted = if split_port(allowed).1.is_some() {
                    host
                } else {
                    name
                };
                allowed.eq_ignore_ascii_case(wanted)
            })
    }
}

/// The web origins that may call this server from a browser. Requests without `Origin` do not come from a
/// web page and are not concerned (T-ALL-10).
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins {
    listed: Vec<String>,
    any: bool,
}

impl AllowedOrigins {
    /// The page's own origin, loopback pages on a loopback host, and these (`https://app.example`), or `*`.
    pub fn new<I: IntoIterator<Item: AsRef<str>>>(origins: I) -> Self {
        let trimmed = |origin: I::Item| origin.as_ref().trim_end_matches('/').to_ascii_lowercase();
        let listed: Vec<String> = origins.into_iter().map(trimmed).collect();
        Self {
            any: listed.iter().any(|origin| origin == "*"),
            listed,
        }
    }

    /// Whether a page of `origin` may call `host`, which was itself found to be allowed.
    #[must_use]
    pub fn allow(&self, origin: &str, host: Option<&str>) -> bool {
        if self.any
            || self
                .listed
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(origin))
        {
            return true;
        }
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        let (Some(authority), Some(host)) = (authority, host) else {
            return false;
        };
        authority.eq_ignore_ascii_case(host)
            || (is_loopback(split_port(authority).0) && is_loopback(split_port(host).0))
    }
}

fn is_loopback(name: &str) -> bool {
    LOOPBACK
        .iter()
        .any(|loopback| loopback.eq_ignore_ascii_case(name))
}

/// `host:port` in its two parts; the brackets of an IPv6 address stay with the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port))
            if !port.contains(']') && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            (host, Some(port))
        }
        _ => (authority, None),
    }
}
