//! An operation read for its content, not called for a result: what resources and prompts are made of.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};
use spanway_server::Context;

use super::Bridge;
use crate::response::read_failure;

/// Why there is nothing to read; the text is for the client.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The API has no such thing.
    Missing,
    /// The API refused or failed, and said this.
    Failed(String),
}

impl Bridge {
    /// Reads the operation at `index` for the caller of `context`: the response, if it is a success.
    pub(crate) async fn read_at(
        &self,
        index: usize,
        arguments: &Map<String, Value>,
        context: &Context,
    ) -> Result<Response<Bytes>, Unread> {
        let callable = self.callables.get(index).ok_or(Unread::Missing)?;
        let answered = self.answer(callable, arguments, context.into()).await;
        let answered = answered.map_err(Unread::Failed)?;
        let status = answered.response.status();
        match read_failure(&callable.operation, &answered.response) {
            None => Ok(answered.response),
            Some(_) if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) => {
                Err(Unread::Missing)
            }
            Some(failure) => {
                let failure = answered.redacted(failure);
                let text = failure.content.iter().find_map(|it| it.as_text());
                Err(Unread::Failed(text.unwrap_or_default().to_owned()))
            }
        }
    }
}
