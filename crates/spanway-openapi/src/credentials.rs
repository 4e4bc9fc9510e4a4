//! The operator's credentials: which scheme gets which, from where, and how they go into a request.
//!
//! A secret leaves this module in a request only; its `Debug` and every message here are free of it.

mod apply;
mod held;
mod hidden;
mod secret;
mod token;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Request};
use url::Url;

use crate::operation::{Location, Operation};
use crate::security::{Schemes, SecurityNeed, SecurityScheme};
use crate::upstream::{Reaches, Upstream};
use held::Held;
pub(crate) use hidden::{Hidden, Outcome};
pub(crate) use secret::SecretError;
pub use secret::{CredentialSource, CredentialSourceError, Secret};
pub(crate) use token::TokenRequest;
use token::Tokens;

/// How long what a command printed is used, unless the API refuses it earlier.
const COMMAND_LIFE: Duration = Duration::from_secs(300);

/// Why a request carries no credentials; the text is for the model, the reasons are in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialError {
    /// Nobody configured any of the alternatives.
    #[error("{0}")]
    Missing(String),
    /// A configured one could not be had.
    #[error(
        "the credentials for the API's security scheme {0:?} cannot be had right now; the operator of this server finds the reason in its log"
    )]
    Unavailable(String),
}

/// What was put into a request, as text, so that it can be taken out of what is shown.
#[derive(Default)]
pub(crate) struct Applied {
    secrets: Vec<Secret>,
    /// Where to forget what turned out not to be valid any more.
    cached: Vec<Arc<Held>>,
}

impl Applied {
    /// Forgets cached credentials; whether there were any, so that another try makes sense.
    pub(crate) fn forget(&self) -> bool {
        self.cached.iter().for_each(|held| held.forget());
        !self.cached.is_empty()
    }

    /// What was put into the request.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.secrets.iter().cloned()
    }
}

/// The schemes of an API and what the operator gave for them.
pub(crate) struct Credentials {
    schemes: Schemes,
    given: BTreeMap<String, Given>,
    /// What relative token URLs are read against.
    base: Option<Url>,
    reaches: Reaches,
}

/// What the operator gave for one scheme.
struct Given {
    source: CredentialSource,
    request: TokenRequest,
    /// Tokens and outputs of commands, by scopes.
    held: Mutex<HashMap<Vec<String>, Arc<Held>>>,
}

impl Credentials {
    /// Schemes with what was given for them; `Err` is the name of a scheme that the document does not have.
    pub(crate) fn new(
        schemes: Schemes,
        given: BTreeMap<String, CredentialSource>,
        mut requests: BTreeMap<String, TokenRequest>,
        base: Option<Url>,
        reaches: Reaches,
    ) -> Result<Self, String> {
        let mut names = given.keys().chain(requests.keys());
        if let Some(unknown) = names.find(|name| !schemes.contains_key(*name)) {
            return Err(unknown.clone());
        }
        let mut given: BTreeMap<String, Given> = given
            .into_iter()
            .map(|(name, source)| (name, Given::new(source)))
            .collect();
        for (name, given) in &mut given {
            given.request = requests.remove(name).unwrap_or_default();
        }
        // Their tokens come from elsewhere, which `check` says.
        for (name, request) in requests {
            let mut unneeded = Given::new(CredentialSource::Unneeded);
            unneeded.request = request;
            given.insert(name, unneeded);
        }
        Ok(Self {
            schemes,
            given,
            base,
            reaches,
        })
    }

    /// Reads what can be read without side effects, so that a mistake shows at the start.
    pub(crate) fn check(&self) -> Result<(), (String, SecretError)> {
        for (name, given) in &self.given {
            let result = match &given.source {
                CredentialSource::Command(_) => Ok(()),
                source => source.read_now().map(drop),
            };
            result.map_err(|error| (name.clone(), error))?;
            let request = &given.request;
            if request.parameters.is_empty() && !request.is_json_login {
                continue;
            }
            let problem = match (&given.source, self.schemes.get(name)) {
                (CredentialSource::Unneeded, _) => {
                    Some("it has none, so no token is asked for".to_owned())
                }
                (_, scheme) => scheme.and_then(|scheme| request.problem(scheme)),
            };
            if let Some(problem) = problem {
                return Err((name.clone(), SecretError(problem)));
            }
        }
        Ok(())
    }

    /// Whether the document says that this header carries a key.
    pub(crate) fn has_key_header(&self, header: &HeaderName) -> bool {
        self.schemes.values().any(|scheme| {
            matches!(scheme, SecurityScheme::ApiKey { location: Location::Header, name }
                if header.as_str().eq_ignore_ascii_case(name))
        })
    }

    /// Puts the credentials that `operation` needs into `request`.
    ///
    /// It takes the first alternative of which everything is given or already in the request; one that needs
    /// nothing comes last, so that credentials are sent where they are optional.
    pub(crate) async fn apply(
        &self,
        operation: &Operation,
        request: &mut Request<Bytes>,
        upstream: &dyn Upstream,
    ) -> Result<Applied, CredentialError> {
        let mut applied = Applied::default();
        let alternatives = &operation.security;
        let something = alternatives.iter().filter(|needs| !needs.is_empty());
        let possible =
            |needs: &&Vec<SecurityNeed>| needs.iter().all(|need| self.is_satisfied(need, request));
        let Some(needs) = something.clone().find(possible) else {
            if alternatives.iter().all(Vec::is_empty) || alternatives.iter().any(Vec::is_empty) {
                return Ok(applied);
            }
            return Err(CredentialError::Missing(self.missing(alternatives)));
        };
        for need in needs {
            self.apply_one(need, request, upstream, &mut applied)
                .await?;
        }
        Ok(applied)
    }

    fn is_satisfied(&self, need: &SecurityNeed, request: &Request<Bytes>) -> bool {
        let Some(scheme) = self.schemes.get(&need.scheme) else {
            return false;
        };
        let given = self.given.get(&need.scheme);
        match given.map(|it| &it.source) {
            Some(CredentialSource::Unneeded) => true,
            Some(_) => !matches!(scheme, SecurityScheme::Unsupported(_)),
            None => apply::is_present(scheme, request),
        }
    }

    async fn apply_one(
        &self,
        need: &SecurityNeed,
        request: &mut Request<Bytes>,
        upstream: &dyn Upstream,
        applied: &mut Applied,
    ) -> Result<(), CredentialError> {
        let name = &need.scheme;
        let (Some(scheme), Some(given)) = (self.schemes.get(name), self.given.get(name)) else {
            return Ok(());
        };
        let outcome = match given.source {
            CredentialSource::Unneeded => return Ok(()),
            _ => self.obtain(scheme, need, given, upstream, applied).await,
        };
        let sent = outcome.and_then(|secret| apply::put(scheme, &secret, request));
        match sent {
            Ok(secrets) => applied.secrets.extend(secrets),
            Err(reason) => {
                tracing::warn!(scheme = %name, %reason, "no credentials");
                return Err(CredentialError::Unavailable(name.clone()));
            }
        }
        Ok(())
    }

    async fn obtain(
        &self,
        scheme: &SecurityScheme,
        need: &SecurityNeed,
        given: &Given,
        upstream: &dyn Upstream,
        applied: &mut Applied,
    ) -> Result<Secret, SecretError> {
        if scheme.is_exchanged() {
            let scopes = given.request.scopes(&need.scopes);
            let held = given.held(scopes);
            applied.cached.push(Arc::clone(&held));
            let client = given.secret(applied);
            let tokens = Tokens {
                base: self.base.as_ref(),
                reaches: &self.reaches,
                upstream,
            };
            let fetch = async || {
                tokens
                    .obtain(scheme, &client.await?, scopes, &given.request)
                    .await
            };
            return held.get(fetch).await;
        }
        given.secret(applied).await
    }

    /// What would have to be configured, in one sentence.
    fn missing(&self, alternatives: &[Vec<SecurityNeed>]) -> String {
        let one = |need: &SecurityNeed| match self.schemes.get(&need.scheme) {
            Some(scheme) => format!("{:?} ({scheme})", need.scheme),
            None => format!("{:?} (which the document does not declare)", need.scheme),
        };
        let words: Vec<String> = alternatives
            .iter()
            .map(|needs| needs.iter().map(one).collect::<Vec<_>>().join(" and "))
            .collect();
        let first = alternatives.iter().flatten().next();
        format!(
            "this operation needs credentials that the operator of this server has not configured: security scheme {}; \
             they are given with --credential '{}=env:VARIABLE' (or file:PATH, command:LINE)",
            words.join(", or "),
            first.map_or("SCHEME", |it| it.scheme.as_str())
        )
    }
}

impl Given {
    fn new(source: CredentialSource) -> Self {
        Self {
            source,
            request: TokenRequest::default(),
            held: Mutex::default(),
        }
    }

    fn held(&self, scopes: &[String]) -> Arc<Held> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(held.entry(scopes.to_vec()).or_default())
    }

    /// The secret itself, which is `user:password` or `id:secret` where two are needed.
    fn secret(&self, applied: &mut Applied) -> impl Future<Output = Result<Secret, SecretError>> {
        let command = match &self.source {
            CredentialSource::Command(line) => {
                let held = self.held(&[String::new()]);
                applied.cached.push(Arc::clone(&held));
                Some((line, held))
            }
            _ => None,
        };
        async move {
            match command {
                Some((line, held)) => {
                    held.get(async || Ok((secret::run(line).await?, Some(COMMAND_LIFE))))
                        .await
                }
                None => self.source.read_now(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
