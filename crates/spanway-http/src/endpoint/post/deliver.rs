//! Decides, as late as possible, whether an answer is JSON or a stream (ARCHITECTURE.md, invariant 7).

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::Response;
use spanway_protocol::Outgoing;

use super::Form;
use crate::endpoint::pinned;
use crate::registry::StreamSeat;
use crate::respond::{self, Envelope};
use crate::running::{Running, Step};
use crate::stream::{Events, ResponseBody, Writer};

/// How an answer is to be given.
pub(super) struct Delivery {
    pub(super) form: Form,
    pub(super) envelope: Envelope,
    /// Where a stream is kept, so that it can be resumed. `None` where nothing can.
    pub(super) seat: Option<StreamSeat>,
    /// The silence after which a stream is opened, and the time between comments on it.
    pub(super) pulse: Duration,
}

/// What calls said before it was clear that the answer is a stream.
#[derive(Default)]
struct Said {
    messages: Vec<Bytes>,
    release: Option<Duration>,
    /// Whether to open with a comment, since there was silence long enough for one.
    silence: bool,
}

impl Delivery {
    fn can_release(&self) -> bool {
        self.form.sse && self.seat.as_ref().is_some_and(StreamSeat::is_polled)
    }

    /// A stream that goes on where the calls are.
    fn stream(self, calls: Vec<Running>, said: Said) -> Response<ResponseBody> {
        let mut events = match self.seat {
            Some(seat) => {
                let mut writer = Writer::of_calls(calls, said.messages, seat);
                if let Some(retry) = said.release {
                    writer.release(retry);
                }
                Events::of_writer(writer, self.pulse)
            }
            None => {
                let mut events = Events::of_calls(calls, self.pulse);
                said.messages
                    .iter()
                    .for_each(|message| events.push(message));
                events
            }
        };
        if said.silence {
            events.push_comment();
        }
        respond::sse(events.into(), self.envelope)
    }

    /// A request must be answered with JSON or a stream (T-2503-06): of a call that was taken back, a stream
    /// that says nothing.
    fn nothing(self) -> Response<ResponseBody> {
        respond::sse(
            Events::of_calls(Vec::new(), self.pulse).into(),
            self.envelope,
        )
    }
}

/// Answers one call that has more to say than the first look at it showed; in a box, so that the future of every
/// request stays small.
pub(super) fn rest(
    running: Running,
    first: Poll<Step>,
    delivery: Delivery,
) -> Pin<Box<impl Future<Output = Response<ResponseBody>>>> {
    pinned(move || wait(running, first, delivery))
}

/// While the call is silent, a real HTTP status stays possible; after a while without a word the stream is
/// opened, so that proxies do not cut the connection.
async fn wait(
    mut running: Running,
    first: Poll<Step>,
    delivery: Delivery,
) -> Response<ResponseBody> {
    let form = delivery.form;
    if !form.json {
        return streamed(running, first, delivery);
    }
    let mut first = Some(first);
    let mut silence = pin!(tokio::time::sleep(delivery.pulse));
    let mut said = Said::default();
    loop {
        let step = poll_fn(|cx| {
            let step = first.take().filter(Poll::is_ready);
            match step.unwrap_or_else(|| running.poll_step(cx)) {
                Poll::Ready(step) => Poll::Ready(Some(step)),
                Poll::Pending if form.sse => silence.as_mut().poll(cx).map(|()| None),
                Poll::Pending => Poll::Pending,
            }
        });
        match step.await {
            Some(Step::Done(outgoing)) => return respond::json(outgoing, delivery.envelope),
            // A client that takes JSON only cannot be told; the result is what it waits for.
            Some(Step::Message(_)) if !form.sse => {}
            Some(Step::Message(message)) => said.messages.push(message),
            Some(Step::Release(retry)) if delivery.can_release() => said.release = Some(retry),
            Some(Step::Release(_)) => continue,
            Some(Step::Cancelled) => return delivery.nothing(),
            None => said.silence = true,
        }
        if form.sse {
            return delivery.stream(vec![running], said);
        }
    }
}

/// Answers one call with a stream, come what may; only what is refused at once, with a status of its own
/// (T-2607-24), is not hidden in a stream.
fn streamed(running: Running, first: Poll<Step>, delivery: Delivery) -> Response<ResponseBody> {
    let mut said = Said::default();
    let calls = match first {
        Poll::Ready(Step::Done(outgoing)) if outgoing.status != 200 => {
            return respond::json(outgoing, delivery.envelope);
        }
        Poll::Ready(Step::Done(outgoing)) => {
            said.messages.push(outgoing.body);
            Vec::new()
        }
        Poll::Ready(Step::Cancelled) => return delivery.nothing(),
        Poll::Ready(Step::Message(message)) => {
            said.messages.push(message);
            vec![running]
        }
        Poll::Ready(Step::Release(retry)) => {
            said.release = Some(retry);
            vec![running]
        }
        Poll::Pending => vec![running],
    };
    delivery.stream(calls, said)
}

/// Answers the requests of a 2025-03-26 batch: a JSON array if none of them says anything before its
/// response, else one stream (T-2503-06). `answered` holds the responses that are already there.
pub(super) async fn batch(
    mut calls: Vec<Running>,
    mut answered: Vec<Bytes>,
    delivery: Delivery,
) -> Response<ResponseBody> {
    let form = delivery.form;
    let mut silence = pin!(tokio::time::sleep(delivery.pulse));
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
                        Poll::Ready(Step::Message(_) | Step::Release(_)) => {}
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
            return respond::json(array(&answered), delivery.envelope);
        }
    }
    answered.extend(message);
    let said = Said {
        messages: answered,
        release: None,
        silence: true,
    };
    delivery.stream(calls, said)
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
