//! What is checked before a byte of the body is read: Host, Origin, HTTP method, Content-Type, Accept.

mod accept;
mod origin;

pub use accept::Accepts;
pub use origin::{AllowedHosts, AllowedOrigins};

use crate::head::{Head, Known};
use crate::rejection::Rejection;

/// The door: which hosts and origins may come in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Guard {
    /// The hosts this server answers to.
    pub hosts: AllowedHosts,
    /// The web origins that may call it from a browser.
    pub origins: AllowedOrigins,
}

impl Guard {
    /// Refuses a request for another host, or from a web page that is not welcome (T-ALL-10, T-ALL-13).
    ///
    /// # Errors
    /// 403, naming the flag that would allow it.
    pub fn check(&self, head: &Head<'_>) -> Result<(), Rejection> {
        let forbidden_host = |host: &str| Rejection::HostForbidden {
            host: host.to_owned(),
        };
        let host = head.host().map_err(|_| forbidden_host("(invalid)"))?;
        if let Some(host) = host
            && !self.hosts.allow(host)
        {
            return Err(forbidden_host(host));
        }
        let origin = head.one(Known::Origin);
        match origin {
            Ok(None) => Ok(()),
            Ok(Some(origin)) if self.origins.allow(origin, host) => Ok(()),
            Ok(Some(origin)) => Err(Rejection::OriginForbidden {
                origin: origin.to_owned(),
            }),
            Err(_) => Err(Rejection::OriginForbidden {
                origin: "(invalid)".to_owned(),
            }),
        }
    }
}

/// Refuses a POST whose body is not declared as JSON.
///
/// # Errors
/// 415.
pub fn content_type(head: &Head<'_>) -> Result<(), Rejection> {
    if head.says(Known::ContentType, "application/json") {
        return Ok(());
    }
    let declared = head
        .one(Known::ContentType)
        .ok()
        .flatten()
        .unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Rejection::UnsupportedMediaType)
    }
}

#[cfg(test)]
mod tests;
