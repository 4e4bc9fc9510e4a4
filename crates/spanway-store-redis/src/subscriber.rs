//! The one connection of a node that listens: it hears what other nodes tell, and which logs have grown.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{PubSub, PubSubSink, PubSubStream};
use redis::{Client, Msg, Value};
use spanway_protocol::legacy::{SessionId, StreamId};
use spanway_store::{Bells, BusMessage, NodeId, StoreError, StreamKey};
use tokio::sync::broadcast;
use tokio::time::{sleep, timeout};

use crate::error::Away;
use crate::keeper::Trouble;
use crate::keys::Keys;
use crate::link::PATIENCE;

/// How often a connection that says nothing is asked whether it is still there.
const PING: Duration = Duration::from_secs(2);
/// Between attempts to connect: first, and at most.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Where what is heard goes.
pub(crate) struct Subscriber {
    pub(crate) client: Client,
    pub(crate) keys: Keys,
    pub(crate) node: NodeId,
    pub(crate) bells: Arc<Bells>,
    pub(crate) heard: broadcast::Sender<BusMessage>,
}

/// A message as it stands on the bus: who tells it, a space, and what.
pub(crate) fn write_told(node: NodeId, message: &BusMessage) -> Result<String, StoreError> {
    let what = "a message to other nodes";
    let json = serde_json::to_string(message).map_err(|_| StoreError::Unreadable { what })?;
    Ok(format!("{node} {json}"))
}

fn read_told(text: &str) -> Option<(NodeId, BusMessage)> {
    let (node, json) = text.split_once(' ')?;
    Some((NodeId::parse(node)?, serde_json::from_str(json).ok()?))
}

/// What says that a log has grown.
pub(crate) fn write_notice(node: NodeId, session: &SessionId, stream: &str) -> String {
    format!("{node} {} {stream}", session.as_str())
}

fn read_notice(text: &str) -> Option<(NodeId, StreamKey)> {
    let mut words = text.split(' ');
    let node = NodeId::parse(words.next()?)?;
    let session = SessionId::parse(words.next()?)?;
    let stream = StreamId::parse(words.next()?)?;
    Some((node, StreamKey { session, stream }))
}

impl Subscriber {
    /// Begins to listen.
    pub(crate) async fn subscribe(&self) -> Result<PubSub, Trouble> {
        let subscribing = async {
            let mut connection = self.client.get_async_pubsub().await?;
            let channels = [self.keys.bus(), self.keys.bells()];
            connection.subscribe(&channels).await?;
            Ok(connection)
        };
        timeout(PATIENCE, subscribing)
            .await
            .unwrap_or_else(|_| Err(Away::Silent.into()))
    }

    /// Listens until it is dropped.
    pub(crate) async fn listen(self, mut connection: PubSub) {
        loop {
            let (sink, messages) = connection.split();
            tokio::select! {
                () = self.hear(messages) => {}
                () = stay_sure(sink) => {}
            }
            tracing::debug!("the connection to redis that listens is lost");
            connection = self.resubscribe().await;
            // Any log may have grown meanwhile.
            self.bells.ring_all();
        }
    }

    async fn resubscribe(&self) -> PubSub {
        let mut pause = PAUSE;
        loop {
            match self.subscribe().await {
                Ok(connection) => return connection,
                Err(trouble) => tracing::debug!(
                    error = &trouble as &dyn std::error::Error,
                    "redis cannot be listened to"
                ),
            }
            sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    /// Until the connection ends.
    async fn hear(&self, mut messages: PubSubStream) {
        let (bus, bells) = (self.keys.bus(), self.keys.bells());
        while let Some(message) = messages.next().await {
            match message.get_channel_name() {
                name if name == bells => self.ring(&message),
                name if name == bus => self.tell(&message),
                _ => {}
            }
        }
    }

    fn ring(&self, message: &Msg) {
        match read_notice(text_of(message)) {
            Some((node, key)) if node != self.node => self.bells.ring(&key),
            _ => {}
        }
    }

    fn tell(&self, message: &Msg) {
        match read_told(text_of(message)) {
            Some((node, _)) if node == self.node => {}
            // Fails only if nobody listens.
            Some((_, told)) => drop(self.heard.send(told)),
            None => tracing::debug!("another node tells what this version does not understand"),
        }
    }
}

fn text_of(message: &Msg) -> &str {
    std::str::from_utf8(message.get_payload_bytes()).unwrap_or_default()
}

/// Until the connection no longer answers.
async fn stay_sure(mut sink: PubSubSink) {
    loop {
        sleep(PING).await;
        if !matches!(timeout(PATIENCE, sink.ping::<Value>()).await, Ok(Ok(_))) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_reads_back_as_it_was_written() {
        let node = NodeId::from_random([1; 8]);
        let key = StreamKey {
            session: SessionId::from_random([2; 16]),
            stream: StreamId::from_random([3; 8]),
        };
        let text = write_notice(node, &key.session, &key.stream.to_string());
        assert_eq!(read_notice(&text), Some((node, key)));
        assert_eq!(read_notice("x y"), None);
    }

    #[test]
    fn a_message_reads_back_as_it_was_written() {
        let node = NodeId::from_random([1; 8]);
        let message = BusMessage::Changed {
            method: "notifications/tools/list_changed".into(),
            uri: None,
        };
        let written = write_told(node, &message).unwrap();
        assert_eq!(read_told(&written), Some((node, message)));
        assert_eq!(read_told("x {}"), None);
    }
}
