//! How far a request may go: a document leads to public addresses, the operator to any.
//!
//! Otherwise whoever writes a document could have this process call what only it can reach, such as the metadata
//! service of a cloud.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How far one request may go; an extension of the request. Without one it may go anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public addresses only: nobody but a document names the host.
    Public,
    /// This machine too: the document was written or chosen by whoever runs it.
    ThisMachine,
    /// Wherever the operator says.
    Anywhere,
}

/// What the operator said of hosts, and where the document came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reaches {
    /// Hosts that the operator named.
    pub(crate) named: Vec<String>,
    /// Whether the document came from this machine.
    pub(crate) is_local: bool,
}

impl Reaches {
    /// How far requests to `url` may go.
    pub(crate) fn of(&self, url: &Url) -> Reach {
        let host = url.host_str().unwrap_or_default();
        if self.named.iter().any(|it| it.eq_ignore_ascii_case(host)) {
            Reach::Anywhere
        } else if self.is_local {
            Reach::ThisMachine
        } else {
            Reach::Public
        }
    }
}

/// Where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Public,
    ThisMachine,
    Private,
}

/// What becomes of a request, by its host alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its addresses are known to be allowed.
    Free,
    /// Its name has to lead to public addresses.
    PublicOnly,
    /// It may not be sent.
    Barred,
}

impl Reach {
    /// The way to `url`.
    pub(crate) fn way(self, url: &Url) -> Way {
        let zone = match url.host() {
            Some(Host::Ipv4(address)) => zone(address.into()),
            Some(Host::Ipv6(address)) => zone(address.into()),
            Some(Host::Domain(name)) if is_this_machine(name) => Zone::ThisMachine,
            // Somebody else's answer decides.
            _ if self != Self::Anywhere => return Way::PublicOnly,
            _ => Zone::Public,
        };
        match (self, zone) {
            (Self::Anywhere, _) | (_, Zone::Public) | (Self::ThisMachine, Zone::ThisMachine) => {
                Way::Free
            }
            _ => Way::Barred,
        }
    }
}

/// Whether a URL means this machine by its host alone.
pub(crate) fn is_loopback(url: &Url) -> bool {
    Reach::ThisMachine.way(url) == Way::Free && Reach::Public.way(url) == Way::Barred
}

fn is_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn zone(address: IpAddr) -> Zone {
    match address {
        IpAddr::V4(address) => zone_4(address),
        IpAddr::V6(address) => zone_6(address),
    }
}

/// By the registry of special addresses (RFC 6890).
fn zone_4(address: Ipv4Addr) -> Zone {
    let [first, second, third, _] = address.octets();
    if address.is_loopback() {
        return Zone::ThisMachine;
    }
    let is_private = address.is_private()
        || address.is_link_local()
        || matches!(
            (first, second, third),
            (0 | 224..=255, ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _)
        );
    if is_private {
        Zone::Private
    } else {
        Zone::Public
    }
}

fn zone_6(address: Ipv6Addr) -> Zone {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([w, x], [y, z]) = (high.to_be_bytes(), low.to_be_bytes());
        zone_4(Ipv4Addr::new(w, x, y, z))
    };
    match [a, b, c, d, e, f] {
        _ if address.is_loopback() => Zone::ThisMachine,
        // IPv4 in other clothes: compatible, mapped, translated (RFC 6052), 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => embedded(g, h),
        [0x2002, ..] => embedded(b, c),
        [0x64, 0xff9b, ..] | [0xfc00..=0xfdff | 0xfe80..=0xffff, ..] => Zone::Private,
        _ => Zone::Public,
    }
}

/// No public address belongs to a name.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to private addresses only")]
pub(crate) struct PrivateAddress;

/// Resolves names to public addresses, but for these names.
#[derive(Debug)]
pub(crate) struct PublicOnly {
    except: Vec<String>,
}

impl PublicOnly {
    /// A resolver for everybody but `named`, and the proxies of the environment, which see to names themselves.
    pub(crate) fn new(named: Option<&str>) -> Self {
        let mut except: Vec<String> = named.map(str::to_owned).into_iter().collect();
        for scheme in ["http", "https", "all"] {
            for name in [
                format!("{scheme}_proxy"),
                format!("{}_PROXY", scheme.to_uppercase()),
            ] {
                let proxy = std::env::var(name).unwrap_or_default();
                let url = Url::parse(&proxy).or_else(|_| Url::parse(&format!("http://{proxy}")));
                let host = url.ok().and_then(|it| it.host_str().map(str::to_owned));
                except.extend(host);
            }
        }
        Self { except }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let is_excepted = self
            .except
            .iter()
            .any(|it| it.eq_ignore_ascii_case(name.as_str()));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = found.filter(|it| is_excepted || zone(it.ip()) == Zone::Public);
            let allowed: Vec<_> = allowed.collect();
            if allowed.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(reach: Reach, host: &str) -> Way {
        reach.way(&Url::parse(&format!("http://{host}/")).unwrap())
    }

    #[test]
    fn private_addresses_are_known_in_all_their_clothes() {
        for host in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "255.255.255.255",
            "[::]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
            "0xa9fea9fe",
            "2852039166",
        ] {
            assert_eq!(way(Reach::Public, host), Way::Barred, "{host}");
            assert_eq!(way(Reach::ThisMachine, host), Way::Barred, "{host}");
            assert_eq!(way(Reach::Anywhere, host), Way::Free, "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "localhost",
            "API.localhost.",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(way(Reach::Public, host), Way::Barred, "{host}");
            assert_eq!(way(Reach::ThisMachine, host), Way::Free, "{host}");
        }
        for host in [
            "1.1.1.1",
            "172.32.0.1",
            "[2606:4700::1111]",
            "[::ffff:1.1.1.1]",
        ] {
            assert_eq!(way(Reach::Public, host), Way::Free, "{host}");
        }
        assert_eq!(way(Reach::Public, "api.example.com"), Way::PublicOnly);
        assert_eq!(way(Reach::Anywhere, "api.example.com"), Way::Free);
    }

    #[tokio::test]
    async fn names_of_private_addresses_are_not_resolved() {
        let resolve =
            |named: Option<&str>| PublicOnly::new(named).resolve("localhost".parse().unwrap());
        let error = resolve(None).await.err().unwrap();
        assert!(error.is::<PrivateAddress>());
        assert!(resolve(Some("LocalHost")).await.is_ok());
    }
}
