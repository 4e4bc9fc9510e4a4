//! Nodes of one server within one process, for tests: a bus that reaches the others at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{BoxStream, StreamExt, poll_fn};
use tokio::sync::mpsc::{Sender, channel};

use crate::bus::{BusMessage, NodeBus};
use crate::error::StoreError;
use crate::log::NodeId;

/// Messages a node may have unread; a node that has more is cut off, as a test will notice.
const QUEUE: usize = 1024;

/// Where nodes find each other.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    nodes: Arc<Mutex<HashMap<NodeId, Vec<Sender<BusMessage>>>>>,
}

impl Cluster {
    /// The bus of another node.
    #[must_use]
    pub fn join(&self) -> Arc<ClusterNode> {
        let node = NodeId::unlike_others();
        self.lock().insert(node, Vec::new());
        let cluster = self.clone();
        Arc::new(ClusterNode { cluster, node })
    }

    /// Has a node die: it hears and tells nothing any more.
    pub fn kill(&self, node: NodeId) {
        self.lock().remove(&node);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Vec<Sender<BusMessage>>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One node of a [`Cluster`].
#[derive(Debug)]
pub struct ClusterNode {
    cluster: Cluster,
    node: NodeId,
}

impl NodeBus for ClusterNode {
    fn node(&self) -> NodeId {
        self.node
    }

    fn publish(&self, message: BusMessage) -> BoxFuture<'static, Result<(), StoreError>> {
        let mut nodes = self.cluster.lock();
        if nodes.contains_key(&self.node) {
            for (_, listeners) in nodes.iter_mut().filter(|(node, _)| **node != self.node) {
                listeners.retain(|listener| listener.try_send(message.clone()).is_ok());
            }
        }
        ready(Ok(())).boxed()
    }

    fn listen(&self) -> BoxStream<'static, BusMessage> {
        let (told, mut heard) = channel(QUEUE);
        if let Some(listeners) = self.cluster.lock().get_mut(&self.node) {
            listeners.push(told);
        }
        poll_fn(move |cx| heard.poll_recv(cx)).boxed()
    }

    fn is_alive(&self, node: NodeId) -> BoxFuture<'static, Result<bool, StoreError>> {
        ready(Ok(self.cluster.lock().contains_key(&node))).boxed()
    }
}
