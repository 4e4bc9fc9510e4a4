//! URLs for the person to open, and what the client is told when that is done (T-2511-16, T-MRTR-11).

use std::fmt;
use std::sync::Arc;

use spanway_protocol::jsonrpc::{ErrorObject, code};
use spanway_protocol::schema::InputRequest;
use spanway_protocol::{Era, ProtocolVersion};

use super::ask::next_id;
use super::{Elicited, InputError};
use crate::change::Change;
use crate::context::Context;

impl Context {
    /// Asks the person to open a URL: to sign in, to pay, to enter a secret. Accepted means that they agreed
    /// to open it; whether they are done there is for the handler to find out, and whether it is the same
    /// person too (T-2511-16). From 2025-11-25 on.
    ///
    /// # Errors
    /// The client cannot be asked, or did not answer with what was asked for.
    pub async fn elicit_url(
        &self,
        key: &str,
        message: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<Elicited<()>, InputError> {
        let request = request(key, message.into(), url.into())?;
        self.ask(key, request, |answer| Elicited::read(answer, |_| Ok(())))
            .await
    }

    /// Ends the call because the person has to open a URL first: what it gives is the error to return. The
    /// client calls again when that is done, and then the handler must find that out for itself. Unlike
    /// [`elicit_url`](Self::elicit_url) the call does not wait, and needs no stream to ask on.
    ///
    /// On 2025-11-25 the client gets the error `-32042` with the URL. On 2026-07-28 this waits, and the client
    /// is asked each time until the handler no longer comes here, or the person says no; a task asks once, and
    /// ends. Older revisions have no URLs.
    ///
    /// ```
    /// use spanway_server::{Context, ToolError};
    ///
    /// # fn is_signed_in(cx: &Context) -> bool { true }
    /// async fn list_files(cx: Context) -> Result<&'static str, ToolError> {
    ///     if !is_signed_in(&cx) {
    ///         let url = "https://files.example/connect";
    ///         return Err(cx.require_url("sign_in", "Sign in to see your files", url).await.into());
    ///     }
    ///     Ok("three files")
    /// }
    /// ```
    pub async fn require_url(
        &self,
        key: &str,
        message: impl Into<String>,
        url: impl Into<String>,
    ) -> InputError {
        let required = self.required(key, message.into(), url.into());
        required.await.unwrap_or_else(|error| error)
    }

    async fn required(
        &self,
        key: &str,
        message: String,
        url: String,
    ) -> Result<InputError, InputError> {
        let request = request(key, message, url)?;
        self.check_may_ask()?;
        if self.version().era() == Era::Modern {
            // Accepting is consent to open the URL, and no sign that anything is done there (T-MRTR-11).
            let read = |answer| Elicited::read(answer, |_| Ok(()));
            if let Some(answer) = self.round().take_fresh(key, &read) {
                answer.accepted()?;
            }
            let answer = self.pose(key, &request, self.round()).await?;
            // Only in a task does the answer come to this run.
            let answer = answer.read().map_err(|error| error.to_string());
            let agreed = answer
                .and_then(read)
                .map_err(|detail| InputError::Invalid {
                    key: key.to_owned(),
                    detail,
                })?;
            agreed.accepted()?;
            return Ok(InputError::Unreachable(
                "the URL has to be opened before it calls again",
            ));
        }
        let elicitation = self.elicitation(key, &request)?;
        let params = request.params(self.version(), elicitation.as_deref())?;
        self.check_declared(&request)?;
        let error = ErrorObject::new(
            code::URL_ELICITATION_REQUIRED,
            "a URL has to be opened before this call can be answered",
        );
        let data = serde_json::json!({ "elicitations": [params] });
        Ok(InputError::UrlRequired(Box::new(error.with_data(data))))
    }

    /// What tells the client that the URL under `key` of [`elicit_url`](Self::elicit_url) or
    /// [`require_url`](Self::require_url) has done its work, once it has: before the call is over on its own
    /// stream, afterwards on that of its session, and never to another client. Make it before you ask, since a
    /// person may be quick, and leave it with whatever answers at that URL.
    ///
    /// Only clients of 2025-11-25 are told, and may miss it; those of 2026-07-28 call again by themselves
    /// (trap 37).
    pub fn url_completion(&self, key: &str) -> UrlCompletion {
        let has_it = self.version() == ProtocolVersion::V2025_11_25 && self.may_ask();
        let fresh = || next_id().ok().map(Arc::from);
        let elicitation = has_it.then(fresh).flatten();
        UrlCompletion(elicitation.map(|fresh| Told {
            elicitation: self.round().elicitation(key, fresh),
            context: self.clone(),
        }))
    }

    /// The id that the question carries, if it is one for a URL and the revision wants one.
    pub(super) fn elicitation(
        &self,
        key: &str,
        request: &InputRequest,
    ) -> Result<Option<Arc<str>>, InputError> {
        if !matches!(request, InputRequest::Url { .. }) {
            return Ok(None);
        }
        let fresh = Arc::from(next_id()?);
        Ok(Some(self.round().elicitation(key, fresh)))
    }
}

fn request(key: &str, message: String, url: String) -> Result<InputRequest, InputError> {
    if url::Url::parse(&url).is_err() {
        return Err(InputError::question(key, "its URL is not a valid one"));
    }
    Ok(InputRequest::Url { message, url })
}

/// Tells one client that a URL it was asked to open has done its work; see
/// [`Context::url_completion`]. Can be kept for as long as the person may take.
#[derive(Clone)]
#[must_use = "tell it when the URL has done its work"]
pub struct UrlCompletion(Option<Told>);

#[derive(Clone)]
struct Told {
    elicitation: Arc<str>,
    context: Context,
}

impl UrlCompletion {
    /// The id of the elicitation, if the client knows it by one. It may stand in the URL.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.as_ref().map(|told| &*told.elicitation)
    }

    /// Tells the client. Does nothing where the revision has no such message.
    pub fn notify(&self) {
        let Some(Told {
            elicitation,
            context,
        }) = &self.0
        else {
            return;
        };
        if context.tell_completed(elicitation) {
            return;
        }
        if let (Some(session), Some(changes)) = (context.session(), context.changes()) {
            changes.publish(Change::UrlCompleted {
                session: session.into(),
                elicitation: elicitation.clone(),
            });
        }
    }
}

impl fmt::Debug for UrlCompletion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UrlCompletion").field(&self.id()).finish()
    }
}
