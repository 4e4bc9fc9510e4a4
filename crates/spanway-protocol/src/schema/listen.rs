//! What ends a `subscriptions/listen` stream.

use super::fields::Fields;
use super::project::{Meta, Project, View};
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
    fn project(&self, view: View<'_>, fields: &mut Fields<'_>) -> serde_json::Result<()> {
        let id = match &self.subscription {
            RequestId::Integer(id) => (*id).into(),
            RequestId::Unsigned(id) => (*id).into(),
            RequestId::String(id) => serde_json::Value::from(id.as_ref()),
        };
        fields.result(view, &Meta::default().with(SUBSCRIPTION_ID, id))
    }
}
