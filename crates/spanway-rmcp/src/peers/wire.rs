//! The transport at a peer's end: what a handler says comes out here, what its client answers goes in.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientResult, ErrorData, RequestId, ServerJsonRpcMessage,
    ServerNotification, ServerRequest,
};
use rmcp::transport::Transport;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::link::{Announcer, Link};
use crate::asking;

/// The end of one peer.
pub(super) struct Wire {
    link: Arc<Link>,
    announcer: Announcer,
    /// Weak, so that the peer ends with the last who could send it something.
    answers: mpsc::WeakSender<ClientJsonRpcMessage>,
    messages: mpsc::Receiver<ClientJsonRpcMessage>,
    /// Questions on their way, by the peer's ids; cancelled when the handler takes one back. The call bounds
    /// how many there are.
    asked: Arc<Mutex<HashMap<RequestId, CancellationToken>>>,
}

impl Wire {
    pub(super) fn new(
        link: Arc<Link>,
        announcer: Announcer,
        answers: mpsc::WeakSender<ClientJsonRpcMessage>,
        messages: mpsc::Receiver<ClientJsonRpcMessage>,
    ) -> Self {
        Self {
            link,
            announcer,
            answers,
            messages,
            asked: Arc::default(),
        }
    }

    fn tell(&self, notification: ServerNotification) {
        if let ServerNotification::CancelledNotification(own) = &notification {
            let taken_back = own.params.request_id.as_ref();
            if let Some(question) = taken_back.and_then(|id| lock(&self.asked).remove(id)) {
                question.cancel();
            }
            return;
        }
        let speaker = self.link.speaker();
        self.announcer.pass_on(speaker.as_ref(), notification);
    }

    /// Asks the client of the call the peer speaks for now, and feeds the answer in. Only then is the request
    /// "sent": nothing waits for that.
    fn ask(
        &self,
        id: RequestId,
        request: ServerRequest,
    ) -> impl Future<Output = ()> + Send + 'static {
        let speaker = self.link.speaker();
        let taken_back = CancellationToken::new();
        lock(&self.asked).insert(id.clone(), taken_back.clone());
        let (asked, answers) = (self.asked.clone(), self.answers.clone());
        async move {
            let outcome = async {
                match speaker {
                    Some(speaker) => asking::request(&speaker.context, request).await,
                    None => Err(ErrorData::invalid_request(
                        "the client can be asked while one of its calls runs only",
                        None,
                    )),
                }
            };
            let outcome = tokio::select! {
                biased;
                () = taken_back.cancelled() => return,
                outcome = outcome => outcome,
            };
            lock(&asked).remove(&id);
            if let Some(answers) = answers.upgrade() {
                // The peer is gone: nobody waits for the answer.
                let _ = answers.send(answer(id, outcome)).await;
            }
        }
    }
}

fn answer(id: RequestId, outcome: Result<ClientResult, ErrorData>) -> ClientJsonRpcMessage {
    match outcome {
        Ok(result) => ClientJsonRpcMessage::response(result, id),
        Err(error) => ClientJsonRpcMessage::error(error, Some(id)),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Transport<RoleServer> for Wire {
    type Error = Infallible;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Infallible>> + Send + 'static {
        let question = match message {
            ServerJsonRpcMessage::Request(own) => Some(self.ask(own.id, own.request)),
            ServerJsonRpcMessage::Notification(own) => {
                // In the order in which it was said.
                self.tell(own.notification);
                None
            }
            // Nothing is asked of the peer's own service.
            ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_) => None,
        };
        async move {
            if let Some(question) = question {
                question.await;
            }
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        self.messages.recv().await
    }

    async fn close(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
