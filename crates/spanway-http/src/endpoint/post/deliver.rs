//! Decides, as late as possible, whether an answer is JSON or a stream (ARCHITECTURE.md, invariant 7).

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::Response;
use spanway_protocol::Outgoing;

use super::Form;
use crate::respond::{self, Envelope};
use crate::running::{Running, Step};
use crate::stream::{Events, ResponseBody};

/// Answers one call. While it is silent, a real HTTP status stays possible; after `pulse` without a word
/// the stream is opened, so that proxies do not cut the connection.
pub(super) async fn one(
    mut running: Running,
    form: Form,
    envelope: Envelope,
    pulse: Duration,
) -> Response<ResponseBody> {
    if !form.json {
        return streamed(running, envelope, pulse).await;
    }
    let mut silence = pin!(tokio::time::sleep(pulse));
    loop {
        let step = poll_fn(|cx| match running.poll_step(cx) {
            Poll::Ready(step) => Poll::Ready(Some(step)),
            Poll::Pending if form.sse => silence.as_mut().poll(cx).map(|()| None),
            Poll::Pending => Poll::Pending,
        });
        match step.await {
            Some(Step::Done(outgoing)) => return respond::json(outgoing, envelope),
            // A client that takes JSON only cannot be told; the result is what it waits for.
            Some(Step::Message(_)) if !form.sse => {}
            Some(Step::Message(message)) => {
                let mut events = Events::of_calls(vec![running], pulse);
                events.push(&message);
                return respond::sse(events.into(), envelope);
            }
            // A request must be answered with JSON or a stream (T-2503-06): a stream that says nothing.
            Some(Step::Cancelled) => {
                return respond::sse(Events::of_calls(Vec::new(), pulse).into(), envelope);
            }
            None => {
                let mut events = Events::of_calls(vec![running], pulse);
                events.push_comment();
                return respond::sse(events.into(), envelope);
            }
        }
    }
}

/// Answers one call with a stream, come what may; only what is refused at once, with a status of its own
/// (T-2607-24), is not hidden in a stream.
async fn streamed(
    mut running: Running,
    envelope: Envelope,
    pulse: Duration,
) -> Response<ResponseBody> {
    let first = poll_fn(|cx| Poll::Ready(running.poll_step(cx))).await;
    let (calls, bytes) = match first {
        Poll::Ready(Step::Done(outgoing)) if outgoing.status != 200 => {
            return respond::json(outgoing, envelope);
        }
        Poll::Ready(Step::Done(outgoing)) => (Vec::new(), Some(outgoing.body)),
        Poll::Ready(Step::Cancelled) => (Vec::new(), None),
        Poll::Ready(Step::Message(message)) => (vec![running], Some(message)),
        Poll::Pending => (vec![running], None),
    };
    let mut events = Events::of_calls(calls, pulse);
    if let Some(bytes) = bytes {
        events.push(&bytes);
    }
    respond::sse(events.into(), envelope)
}

/// Answers the requests of a 2025-03-26 batch: a JSON array if none of them says anything before its
/// response, else one stream (T-2503-06). `answered` holds the responses that are already there.
pub(super) async fn batch(
    mut calls: Vec<Running>,
    mut answered: Vec<Bytes>,
    form: Form,
    envelope: Envelope,
    pulse: Duration,
) -> Response<ResponseBody> {
    let mut silence = pin!(tokio::time::sleep(pulse));
    let mut message = None;
    if form.json {
        let silent = poll_fn(|cx| {
            calls.retain_mut(|call| {
                loop {
                    if message.is_some() {
                        return true;
                    }
                    match call.poll_step(cx) {
                        Poll::Ready(Step::Done(outgoing)) => {
                            answered.push(outgoing.body);
                            return false;
                        }
                        Poll::Ready(Step::Cancelled) => return false,
                        Poll::Ready(Step::Message(bytes)) if form.sse => message = Some(bytes),
                        Poll::Ready(Step::Message(_)) => {}
                        Poll::Pending => return true,
                    }
                }
            });
            if calls.is_empty() {
                return Poll::Ready(true);
            }
            if message.is_some() {
                return Poll::Ready(false);
            }
            if form.sse {
                silence.as_mut().poll(cx).map(|()| false)
            } else {
                Poll::Pending
            }
        });
        // If every call was cancelled there is nothing to put into an array: a stream that says nothing.
        if silent.await && message.is_none() && !answered.is_empty() {
            return respond::json(array(&answered), envelope);
        }
    }
    let mut events = Events::of_calls(calls, pulse);
    answered
        .iter()
        .chain(&message)
        .for_each(|bytes| events.push(bytes));
    events.push_comment();
    respond::sse(events.into(), envelope)
}

fn array(responses: &[Bytes]) -> Outgoing {
    let mut body = BytesMut::with_capacity(
        responses
            .iter()
            .map(|response| response.len() + 1)
            .sum::<usize>()
            + 2,
    );
    body.put_u8(b'[');
    for (index, response) in responses.iter().enumerate() {
        if index > 0 {
            body.put_u8(b',');
        }
        body.put_slice(response);
    }
    body.put_u8(b']');
    Outgoing::ok(body.freeze())
}
