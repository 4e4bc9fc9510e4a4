//! The bus between nodes: one channel for all, and a lease for each.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use spanway_store::{BusMessage, NodeBus, NodeId, StoreError};
use tokio::sync::broadcast::error::RecvError;

use crate::link::Patience;
use crate::node::Node;
use crate::scripts::Request;
use crate::subscriber::write_told;

pub(crate) struct RedisBus(Arc<Node>);

impl RedisBus {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(node)
    }
}

impl NodeBus for RedisBus {
    fn node(&self) -> NodeId {
        self.0.id
    }

    fn publish(&self, message: BusMessage) -> BoxFuture<'static, Result<(), StoreError>> {
        let node = self.0.clone();
        async move {
            let telling = Request::command("PUBLISH")
                .arg(node.keys.bus())
                .arg(write_told(node.id, &message)?);
            // Once: whoever tried again could tell it twice.
            let _: u64 = node.link.ask(&telling, Patience::Once).await?;
            Ok(())
        }
        .boxed()
    }

    fn listen(&self) -> BoxStream<'static, BusMessage> {
        unfold(self.0.heard.subscribe(), async |mut heard| {
            loop {
                match heard.recv().await {
                    Ok(message) => return Some((message, heard)),
                    Err(RecvError::Lagged(missed)) => {
                        tracing::warn!(missed, "messages of other nodes came too fast");
                    }
                    Err(RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }

    fn is_alive(&self, other: NodeId) -> BoxFuture<'static, Result<bool, StoreError>> {
        let node = self.0.clone();
        async move {
            if other == node.id {
                return Ok(true);
            }
            let looking = Request::command("EXISTS").arg(node.keys.node(other));
            let has_lease: bool = node.link.ask(&looking, Patience::Short).await?;
            Ok(has_lease || !node.lease.is_steady())
        }
        .boxed()
    }
}
