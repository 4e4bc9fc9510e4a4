//! What nodes tell each other, and whether they live.

use std::future::ready;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::{Deserialize, Serialize};
use spanway_protocol::RawJson;
use spanway_protocol::jsonrpc::{ErrorObject, RequestId};

use crate::error::StoreError;
use crate::log::NodeId;
use crate::task::TaskId;

/// Something that happened on one node and concerns work on another. Sessions and streams are named by their
/// text. To a node that knows nothing of it, a message means nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BusMessage {
    /// The client responded to a question of the session.
    Answered {
        /// The session.
        session: Box<str>,
        /// The question.
        id: RequestId,
        /// The result, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<RawJson>,
        /// The error, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ErrorObject>,
    },
    /// The client takes a request back.
    Cancelled {
        /// The session.
        session: Box<str>,
        /// The request.
        id: RequestId,
    },
    /// The session has ended.
    Ended {
        /// The session.
        session: Box<str>,
    },
    /// The client wants to hear of changes of a resource, or no longer.
    Watched {
        /// The session.
        session: Box<str>,
        /// The resource.
        uri: Box<str>,
        /// Whether it wants to.
        wanted: bool,
    },
    /// The client reads the stream on another connection.
    Resumed {
        /// The session.
        session: Box<str>,
        /// The stream.
        stream: Box<str>,
    },
    /// A list or a resource changed: the method of the notification, and the resource.
    Changed {
        /// Such as `notifications/tools/list_changed`.
        method: Box<str>,
        /// Which resource, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uri: Option<Box<str>>,
    },
    /// A URL that the session's client was asked to open has done its work.
    UrlCompleted {
        /// The session.
        session: Box<str>,
        /// The id that came with the URL.
        elicitation: Box<str>,
    },
    /// A task changed, or is to.
    Task {
        /// The task.
        id: TaskId,
    },
}

/// Carries messages between the nodes of one server.
pub trait NodeBus: Send + Sync + 'static {
    /// The name of this node.
    fn node(&self) -> NodeId;

    /// Tells all other nodes. Messages of one node arrive in order, each once at most: a node that cannot be
    /// reached misses them.
    fn publish(&self, message: BusMessage) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Whether there are no other nodes. Then nothing has to be told, and no session to be kept alive for
    /// their sake.
    fn is_alone(&self) -> bool {
        false
    }

    /// What other nodes tell from now on. Ends never, but at once where there are none.
    fn listen(&self) -> BoxStream<'static, BusMessage>;

    /// Whether a node is known to live. A node that stopped counts as alive for a few seconds at most.
    fn is_alive(&self, node: NodeId) -> BoxFuture<'static, Result<bool, StoreError>>;
}

/// The bus of a server that is one node alone.
#[derive(Debug)]
pub struct SingleNode(NodeId);

impl SingleNode {
    /// A node of this name.
    #[must_use]
    pub fn new(node: NodeId) -> Self {
        Self(node)
    }
}

impl NodeBus for SingleNode {
    fn node(&self) -> NodeId {
        self.0
    }

    fn publish(&self, _: BusMessage) -> BoxFuture<'static, Result<(), StoreError>> {
        ready(Ok(())).boxed()
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn listen(&self) -> BoxStream<'static, BusMessage> {
        stream::empty().boxed()
    }

    fn is_alive(&self, node: NodeId) -> BoxFuture<'static, Result<bool, StoreError>> {
        ready(Ok(node == self.0)).boxed()
    }
}
