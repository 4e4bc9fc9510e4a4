//! What ends a `subscriptions/listen` stream.

use serde::Serializer;

use super::project::{Meta, Project, View, object};
use crate::jsonrpc::RequestId;

/// The key under which everything on a listen stream names its subscription (T-SUB-04).
pub(crate) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// The answer to `subscriptions/listen`: the server ends the subscription (T-SUB-07).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenResult {
    /// The id of the request that opened the stream.
    pub subscription: RequestId,
}

impl ListenResult {
    /// The end of this subscription.
    #[must_use]
    pub fn new(subscription: RequestId) -> Self {
        Self { subscription }
    }
}

impl Project for ListenResult {
    fn project<S: Serializer>(&self, view: View<'_>, serializer: S) -> Result<S::Ok, S::Error> {
        let id = match &self.subscription {
            RequestId::Integer(id) => (*id).into(),
            RequestId::Unsigned(id) => (*id).into(),
            RequestId::String(id) => serde_json::Value::from(id.as_ref()),
        };
        let mut fields = object(serializer)?;
        fields.result(view, &Meta::default().with(SUBSCRIPTION_ID, id))?;
        fields.end()
    }
}
