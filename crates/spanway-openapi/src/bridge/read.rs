//! An operation read for its content, not called for a result: what resources and prompts are made of.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};
use spanway_protocol::schema::ResourceContents;
use spanway_server::Context;

use super::Bridge;
use crate::response::{read_contents, read_failure};

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
        let response = self.answer(callable, arguments, context.into()).await;
        let response = response.map_err(Unread::Failed)?;
        match read_failure(&callable.operation, &response) {
            None => Ok(response),
            Some(_) if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::GONE) => {
                Err(Unread::Missing)
            }
            Some(failure) => {
                let text = failure.content.iter().find_map(|it| it.as_text());
                Err(Unread::Failed(text.unwrap_or_default().to_owned()))
            }
        }
    }

    /// The same as the contents of the resource at a URI, whose media type may be declared; shown as a tool's result
    /// is: in the operator's shape and within the operator's limits.
    pub(crate) async fn contents_at(
        &self,
        index: usize,
        arguments: &Map<String, Value>,
        context: &Context,
        (uri, declared): (&str, Option<&str>),
    ) -> Result<Vec<ResourceContents>, Unread> {
        let response = self.read_at(index, arguments, context).await?;
        let callable = self.callables.get(index).ok_or(Unread::Missing)?;
        let contents = read_contents(uri, declared, &response, &callable.presentation);
        contents.map_err(Unread::Failed)
    }
}
