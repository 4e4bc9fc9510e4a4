//! Accepts requests of 2026-07-28 and later: each carries all that is needed to serve it.

mod claims;
mod headers;
mod listen;
mod mirror;

pub use claims::Claims;
pub use listen::{ListenFilter, Subscription};
pub use mirror::{InvalidMirror, MirroredArguments};

pub(crate) use claims::Wire as WireClaims;
pub(crate) use headers::{agree, name_agrees};

use crate::call::{Call, Client};
use crate::head::Head;
use crate::jsonrpc::Request;
use crate::rejection::{Refusal, Rejection};
use crate::version::{Era, ProtocolVersion};

/// Steps 5 to 8 of the validation ladder; Host, Origin, authentication and the body came before, and the
/// tool, prompt or resource is looked up after. The order is pinned by the official suite.
///
/// # Errors
/// The first step that fails: `-32602` for missing metadata, `-32020` for headers, `-32022` for the
/// version, `-32601` for the method.
pub fn accept(head: &Head<'_>, request: Request, claims: Claims) -> Result<Call, Refusal> {
    match check(head, &request, &claims) {
        Ok(version) => {
            let client = Client::new(claims.client_info, claims.client_capabilities);
            let mut call = Call::new(request.id, request.method, request.params, version);
            call.client = client;
            call.progress_token = claims.progress_token;
            call.log_level = claims.log_level;
            Ok(call)
        }
        Err(why) => Err(Refusal {
            id: Some(request.id),
            why,
        }),
    }
}

fn check(
    head: &Head<'_>,
    request: &Request,
    claims: &Claims,
) -> Result<ProtocolVersion, Rejection> {
    // 5: required metadata (T-2607-20).
    let claimed = claims.check()?;
    // 6: headers agree with the body (T-2607-22 comes before the version is judged).
    agree(head, &request.method, claimed)?;
    // 7: the version is served (T-2607-23); one that names a legacy revision is not (T-DUAL-11).
    let version = ProtocolVersion::parse(claimed).filter(|version| version.era() == Era::Modern);
    let Some(version) = version else {
        let supported = supported();
        return Err(Rejection::UnsupportedVersion {
            requested: claimed.to_owned(),
            supported,
        });
    };
    // 8: the method exists in this revision (T-2607-24), then the name that routing may rely on.
    if !request.method.is_modern() {
        return Err(Rejection::MethodNotFound {
            method: request.method.as_str().to_owned(),
        });
    }
    name_agrees(head, request)?;
    Ok(version)
}

/// The modern revisions served, oldest first; what discovery and version errors list.
#[must_use]
pub fn supported() -> Vec<ProtocolVersion> {
    ProtocolVersion::ALL
        .into_iter()
        .filter(|version| version.era() == Era::Modern)
        .collect()
}

#[cfg(test)]
mod tests;
