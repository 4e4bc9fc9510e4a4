//! From a URL to where Redis is and how to get in.

use std::fmt;
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{ConnectionInfo, IntoConnectionInfo};
use url::Url;

use crate::error::ConnectError;
use crate::keys::Keys;

const PREFIX_DEFAULT: &str = "spanway:";
const PREFIX_BYTES_MAX: usize = 64;
/// When the system asks a silent connection whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where Redis is. `Debug` does not show credentials.
pub(crate) struct Address {
    pub(crate) info: ConnectionInfo,
    pub(crate) keys: Keys,
    /// Host and port.
    pub(crate) shown: Box<str>,
    pub(crate) is_encrypted: bool,
}

impl Address {
    /// Reads `redis://[user:password@]host[:port][/db][?prefix=…]`; `rediss` for TLS.
    pub(crate) fn parse(text: &str) -> Result<Self, ConnectError> {
        let refused = |why| Err(ConnectError::Url(why));
        let Ok(mut url) = Url::parse(text) else {
            return refused("write it like redis://127.0.0.1:6379/0");
        };
        if !matches!(url.scheme(), "redis" | "rediss") {
            return refused("it begins with redis:// or, for TLS, rediss://");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return refused("it has no host");
        }
        if url.fragment().is_some() {
            return refused(
                "it ends with #…, which means nothing here; percent-encode the password",
            );
        }
        let database = url.path().trim_matches('/');
        if !database.is_empty() && database.parse::<u32>().is_err() {
            return refused("the database after the host is not a number");
        }
        let mut prefix = PREFIX_DEFAULT.to_owned();
        for (name, value) in url.query_pairs() {
            if name != "prefix" {
                return refused("the only parameter it may have is prefix");
            }
            prefix = value.into_owned();
        }
        // A brace would make a hash tag of its own.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"{}*?[]\\".contains(&byte);
        if prefix.len() > PREFIX_BYTES_MAX || !prefix.bytes().all(is_plain) {
            return refused(
                "the prefix may have up to 64 visible ASCII characters, but not {}*?[]\\",
            );
        }
        url.set_query(None);
        let is_encrypted = url.scheme() == "rediss";
        let Ok(info) = url.into_connection_info() else {
            return refused("write it like redis://user:password@host:6379/0");
        };
        Ok(Self {
            shown: info.addr().to_string().into(),
            keys: Keys::new(&prefix, info.redis_settings().db()),
            info: info.set_tcp_settings(tcp_settings()),
            is_encrypted,
        })
    }
}

fn tcp_settings() -> TcpSettings {
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE);
    TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keep_alive)
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("shown", &self.shown)
            .field("prefix", &self.keys.prefix())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_url_are_found() {
        let address = Address::parse("redis://ann:s%40crt@[::1]:7000/3?prefix=shop%3A").unwrap();
        let settings = address.info.redis_settings();
        assert_eq!(settings.username(), Some("ann"));
        assert_eq!(settings.password(), Some("s@crt"));
        assert_eq!(settings.db(), 3);
        assert_eq!(address.keys.prefix(), "shop:");
        assert!(!address.is_encrypted);
        let address = Address::parse("rediss://:secret@example.com").unwrap();
        assert_eq!(&*address.shown, "example.com:6379");
        assert_eq!(address.info.redis_settings().username(), None);
        assert_eq!(address.keys.prefix(), "spanway:");
        assert!(address.is_encrypted);
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_being_repeated() {
        for url in [
            "hunter2",
            "http://ann:hunter2@localhost",
            "redis://ann:hunter2@",
            "redis://ann:hunter2@localhost/hunter2",
            "redis://ann:hunter2@localhost/0?hunter2=1",
            "redis://ann:hunter2@localhost?prefix={hunter2}",
            "redis://ann:hunter2@localhost#insecure",
            "redis://ann:hunter2@localhost:hunter2",
            "redis://ann:hunter2@0.0.0.0",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(matches!(error, ConnectError::Url(_)), "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let address = Address::parse("redis://ann:hunter2@localhost").unwrap();
        assert!(!format!("{address:?} {}", address.shown).contains("hunter2"));
    }
}
