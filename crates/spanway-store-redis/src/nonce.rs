//! What may be used once: a key for each, made by whoever is first.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use spanway_protocol::{Limits, Timestamp};
use spanway_store::{Nonce, NonceStore, StoreError};

use crate::census::{Census, life};
use crate::keys::nonce_name;
use crate::link::Patience;
use crate::node::Node;
use crate::scripts::Request;

/// How much longer than it has to one is remembered: for a node whose clock is behind, it can still be used.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(30);

/// Remembers what was used.
pub(crate) struct RedisNonces(Arc<Inner>);

struct Inner {
    node: Arc<Node>,
    census: Census,
}

impl RedisNonces {
    pub(crate) fn new(node: Arc<Node>, limits: &Limits) -> Self {
        let census = Census::new(node.keys.nonces(), "used nonces", limits.spent_states_max);
        Self(Arc::new(Inner { node, census }))
    }
}

impl Inner {
    async fn spend(
        &self,
        nonce: Nonce,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let link = &self.node.link;
        let name = nonce_name(&nonce);
        // At the moment itself it is not over yet.
        let over = expires + Duration::from_millis(1);
        self.census.enter(link, &name, over, now).await?;
        let token = self.node.token();
        let request = Request::command("SET")
            .arg(self.node.keys.nonce(&name))
            .arg(&token)
            .arg("NX")
            .arg("GET")
            .arg("PX")
            .arg(life(over + CLOCKS_APART_MAX, now));
        let before: Option<String> = link.ask(&request, Patience::Short).await?;
        // Its own token stands there if it was asked for again because an answer was lost.
        Ok(before.is_none_or(|before| before == token))
    }
}

impl NonceStore for RedisNonces {
    fn spend(
        &self,
        nonce: Nonce,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, StoreError>> {
        let inner = self.0.clone();
        async move { inner.spend(nonce, expires, now).await }.boxed()
    }
}
