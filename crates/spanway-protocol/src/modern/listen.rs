//! Subscriptions: what a `subscriptions/listen` request asks to hear, and what is written on its stream.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::json::{RawJson, object};
use crate::jsonrpc::RequestId;
use crate::limits::Limits;
use crate::rejection::Rejection;
use crate::reply::encode_notification;
use crate::schema::{
    DetailedTask, ListCapability, ListenResult, SUBSCRIPTION_ID, ServerCapabilities,
    TaskNotification,
};

/// What a client asks to hear; nothing else is sent on its stream (T-SUB-03).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListenFilter {
    /// Changes of the list of tools.
    #[serde(default, rename = "toolsListChanged", skip_serializing_if = "is_false")]
    pub tools: bool,
    /// Changes of the list of prompts.
    #[serde(
        default,
        rename = "promptsListChanged",
        skip_serializing_if = "is_false"
    )]
    pub prompts: bool,
    /// Changes of the lists of resources and templates.
    #[serde(
        default,
        rename = "resourcesListChanged",
        skip_serializing_if = "is_false"
    )]
    pub resources: bool,
    /// Changes of these resources.
    #[serde(
        default,
        rename = "resourceSubscriptions",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub uris: BTreeSet<Box<str>>,
    /// Changes of these tasks (T-TASK-12).
    #[serde(
        default,
        rename = "taskIds",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub tasks: BTreeSet<Box<str>>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl ListenFilter {
    /// Reads the parameters of `subscriptions/listen`. Kinds this crate does not know are passed over.
    ///
    /// # Errors
    /// `notifications` is missing or malformed, or asks for more resources than the limits allow (`-32602`).
    pub fn read(params: &RawJson, limits: &Limits) -> Result<Self, Rejection> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(deserialize_with = "object")]
            notifications: ListenFilter,
        }
        let malformed =
            |error: serde_json::Error| invalid(format!("what to listen for is malformed: {error}"));
        let Wire {
            notifications: filter,
        } = params.read_object().map_err(malformed)?;
        if filter.uris.len() > limits.subscriptions_max {
            let limit = limits.subscriptions_max;
            return Err(invalid(format!(
                "one stream takes up to {limit} resourceSubscriptions; open another one for more"
            )));
        }
        if filter.tasks.len() > limits.subscriptions_max {
            let limit = limits.subscriptions_max;
            return Err(invalid(format!(
                "one stream takes up to {limit} taskIds; open another one for more"
            )));
        }
        let mut uris = filter.uris.iter();
        uris.try_for_each(|uri| limits.check_subscribed_uri(uri))?;
        Ok(filter)
    }

    /// The part of it that a server with these capabilities can keep (T-SUB-02).
    #[must_use]
    pub fn honoured_by(mut self, offered: &ServerCapabilities) -> Self {
        let told = |list: Option<ListCapability>| list.is_some_and(|list| list.list_changed);
        let resources = offered.resources.unwrap_or_default();
        self.tools &= told(offered.tools);
        self.prompts &= told(offered.prompts);
        self.resources &= resources.list_changed;
        if !resources.subscribe {
            self.uris.clear();
        }
        if !offered.tasks {
            self.tasks.clear();
        }
        self
    }
}

fn invalid(detail: String) -> Rejection {
    Rejection::InvalidParams {
        detail: detail.into(),
    }
}

/// One listen stream, and how its messages are written. Ids of different clients may be the same (T-SUB-05),
/// so this is no key.
#[derive(Debug, Clone)]
pub struct Subscription {
    id: RequestId,
}

#[derive(Serialize)]
struct Params<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<&'a ListenFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    /// T-SUB-04: names the request that opened the stream, with the JSON type of its id.
    #[serde(rename = "_meta")]
    meta: BTreeMap<&'static str, &'a RequestId>,
}

impl Subscription {
    /// The subscription that the request of this id opened.
    #[must_use]
    pub fn new(id: RequestId) -> Self {
        Self { id }
    }

    /// The first message of the stream: what of the request is honoured (T-SUB-02).
    #[must_use]
    pub fn acknowledged(&self, honoured: &ListenFilter) -> Option<Bytes> {
        self.notification(
            "notifications/subscriptions/acknowledged",
            Some(honoured),
            None,
        )
    }

    /// A list has changed; `method` says which.
    #[must_use]
    pub fn list_changed(&self, method: &str) -> Option<Bytes> {
        self.notification(method, None, None)
    }

    /// A resource has changed.
    #[must_use]
    pub fn resource_updated(&self, uri: &str) -> Option<Bytes> {
        self.notification("notifications/resources/updated", None, Some(uri))
    }

    /// A task has changed, or is as it is when the stream begins.
    #[must_use]
    pub fn task_changed(&self, task: &DetailedTask) -> Option<Bytes> {
        let params = TaskNotification {
            task,
            subscription: &self.id,
        };
        encode_notification("notifications/tasks", params)
    }

    /// What ends the stream from the server's side (T-SUB-07).
    #[must_use]
    pub fn end(&self) -> ListenResult {
        ListenResult::new(self.id.clone())
    }

    /// The id of the request.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    fn notification(
        &self,
        method: &str,
        notifications: Option<&ListenFilter>,
        uri: Option<&str>,
    ) -> Option<Bytes> {
        let params = Params {
            notifications,
            uri,
            meta: BTreeMap::from([(SUBSCRIPTION_ID, &self.id)]),
        };
        encode_notification(method, params)
    }
}
