//! One request and what comes of it, read as far as it is there. What must hold of every stream by itself is
//! checked here: event ids count up without a gap, wherever reading began.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use spanway_protocol::sse::Event;
use spanway_testkit::{Answer, EventStream, Piece, RequestBuilder};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A POST in a session.
    Post,
    /// The stream of a POST, read on.
    Reading,
    /// The stream of a GET, new or read on.
    Listening,
    /// A call of the modern revision.
    Modern,
    /// `subscriptions/listen`.
    Subscription,
}

/// A place on a stream of a session: after the message with this number.
pub(super) type Place = (String, u64);

/// A connection of a client.
pub(super) struct Connection {
    pub(super) what: What,
    /// The session it belongs to, if to one.
    pub(super) session: Option<usize>,
    /// The requests that are answered on it.
    pub(super) calls: BTreeSet<i64>,
    /// Where its client stands.
    pub(super) place: Option<Place>,
    /// What it was for is over: its session ended, or its stream is read elsewhere.
    pub(super) taken: bool,
    /// What it was answered with.
    pub(super) status: Option<u16>,
    expected: Vec<u16>,
    state: State,
}

enum State {
    Opening(BoxFuture<'static, EventStream>),
    Open(Box<EventStream>),
    Over,
}

/// What a connection had to say.
pub(super) enum Said {
    /// A stream began.
    Opened,
    /// An answer that is no stream.
    Whole(Answer),
    /// A message, with its place if it has one.
    Message(Option<Place>, String),
    /// The stream is over.
    Ended,
}

impl Said {
    /// Whether something that used its session is over.
    pub(super) fn ends_a_use(&self) -> bool {
        match self {
            Self::Opened | Self::Message(..) => false,
            Self::Whole(answer) => answer.status == 200,
            Self::Ended => true,
        }
    }
}

impl Connection {
    /// Sends the request, which must be answered with one of the statuses.
    pub(super) fn open(
        what: What,
        session: Option<usize>,
        request: RequestBuilder,
        expected: Vec<u16>,
    ) -> Self {
        Self {
            what,
            session,
            calls: BTreeSet::new(),
            place: None,
            taken: false,
            status: None,
            expected,
            state: State::Opening(request.open().boxed()),
        }
    }

    /// The same, answering these requests.
    pub(super) fn answering(mut self, calls: impl IntoIterator<Item = i64>) -> Self {
        self.calls.extend(calls);
        self
    }

    /// The same, read on after this place.
    pub(super) fn after(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Whether it is a stream that goes on.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The client goes away.
    pub(super) fn leave(&mut self) {
        self.state = State::Over;
    }

    /// What is there to be read, if anything is.
    pub(super) fn poll(&mut self) -> Option<Said> {
        match &mut self.state {
            State::Opening(answer) => {
                let stream = answer.now_or_never()?;
                let expected = &self.expected;
                self.status = Some(stream.status);
                assert!(
                    expected.contains(&stream.status),
                    "{expected:?} is expected: {stream:?}"
                );
                if stream.is_stream() {
                    self.state = State::Open(Box::new(stream));
                    return Some(Said::Opened);
                }
                self.state = State::Over;
                let answer = stream.whole().now_or_never();
                Some(Said::Whole(
                    answer.expect("a body that is no stream is there at once"),
                ))
            }
            State::Open(stream) => loop {
                match stream.try_next()? {
                    Some(Piece::Comment) => {}
                    Some(Piece::Event(event)) => {
                        let place = self.place.clone();
                        if let Some(message) = self.read(event, place) {
                            return Some(message);
                        }
                        return self.poll();
                    }
                    None => {
                        self.state = State::Over;
                        return Some(Said::Ended);
                    }
                }
            },
            State::Over => None,
        }
    }

    /// The message of an event; none in one that only tells the place.
    fn read(&mut self, event: Event, before: Option<Place>) -> Option<Said> {
        let resumable = matches!(self.what, What::Post | What::Reading | What::Listening);
        let place = event.id.as_deref().map(|id| {
            let (stream, number) = id.split_once('-').unwrap();
            (stream.to_owned(), number.parse::<u64>().unwrap())
        });
        assert_eq!(place.is_some(), resumable, "{event:?}");
        if event.data.is_empty() {
            assert!(
                before.is_none() || before == place,
                "{event:?} after {before:?}"
            );
            self.place = place;
            return None;
        }
        if let Some((stream, number)) = &place {
            let begun = before.is_none_or(|(before, _)| before == *stream);
            let last = self.place.take().map_or(0, |(_, last)| last);
            assert!(begun && *number == last + 1, "{event:?} after {last}");
            self.place.clone_from(&place);
        }
        Some(Said::Message(place, event.data))
    }
}

/// What a message is.
pub(super) enum Message {
    Response(Value),
    Question(Value),
    /// A notification, by its method.
    Told(String),
}

impl Message {
    pub(super) fn of(message: Value) -> Self {
        match (message["method"].as_str(), message.get("id")) {
            (None, _) => Self::Response(message),
            (Some(_), Some(_)) => Self::Question(message),
            (Some(method), None) => Self::Told(method.to_owned()),
        }
    }
}
