//! Whose tokens are taken besides those of a file, and what clients are told of it.

use anyhow::{Context as _, bail};
use spanway::http::StreamableHttpBuilder;
use spanway::http::auth::{BearerTokens, ProtectedResource};
use spanway::oidc::Oidc;

use super::raw::Settings;

/// Issuers of tokens for this endpoint.
#[derive(Debug)]
pub(super) struct Issuers {
    oidc: Oidc,
    resource: ProtectedResource,
}

impl Issuers {
    /// What the settings say of issuers; `None`: nothing.
    ///
    /// # Errors
    /// One of them cannot be used, or one is missing beside another.
    pub(super) fn resolve(settings: &Settings) -> anyhow::Result<Option<Self>> {
        let (names, url) = (&settings.oidc_issuer, settings.resource_url.as_deref());
        let audience = settings.oidc_audience.as_deref().or(url);
        let (url, audience) = match (url, audience) {
            (None, None) if names.is_empty() => return Ok(None),
            (_, _) if names.is_empty() => {
                bail!(
                    "--resource-url and --oidc-audience say something of --oidc-issuer, and there is none"
                )
            }
            (Some(url), Some(audience)) => (url, audience),
            _ => bail!("--oidc-issuer needs --resource-url, the public URL of the endpoint"),
        };
        let resource = ProtectedResource::new(url, names)
            .with_context(|| format!("--resource-url {url:?}"))?;
        Ok(Some(Self {
            oidc: Oidc::new(audience, names).context("--oidc-issuer")?,
            resource,
        }))
    }
}

/// The endpoint with whoever tells callers apart: issuers, a file, both or none. With both, what is no JWT is looked up
/// in the file.
pub(super) fn guarded(
    builder: StreamableHttpBuilder,
    issuers: Option<Issuers>,
    tokens: Option<BearerTokens>,
) -> StreamableHttpBuilder {
    match (issuers, tokens) {
        (Some(issuers), tokens) => {
            let builder = builder.protected_resource(issuers.resource);
            match tokens {
                Some(tokens) => builder.auth(issuers.oidc.or(tokens)),
                None => builder.auth(issuers.oidc),
            }
        }
        (None, Some(tokens)) => builder.auth(tokens),
        (None, None) => builder,
    }
}
