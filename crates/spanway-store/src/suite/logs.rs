//! The contract of [`StreamLog`].

use std::future::{Future, poll_fn};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::legacy::StreamId;
use spanway_protocol::{Limits, Timestamp};

use super::{at, session_id};
use crate::log::{Appended, Batch, NodeId, Page, StreamKey, StreamLog, StreamState};

/// More than any page of these tests holds.
const ALL: usize = 1 << 20;

/// Runs every test, each on a fresh store made with these limits, of which only the `replay_…` ones matter.
///
/// # Panics
/// The store breaks the contract.
pub async fn logs<S, F, Make>(make: Make)
where
    S: StreamLog,
    F: Future<Output = S>,
    Make: Fn(Limits) -> F,
{
    let small = || {
        let mut limits = Limits::default();
        limits.replay_events_max = 8;
        limits.replay_stream_bytes_max = 4096;
        limits.replay_age_max = Duration::from_secs(60);
        limits
    };
    what_is_appended_is_read_in_order(&make(small()).await).await;
    an_empty_batch_begins_a_log(&make(small()).await).await;
    pages_hold_about_the_bytes_asked_for(&make(small()).await).await;
    what_is_not_there_cannot_be_read(&make(small()).await).await;
    a_batch_has_to_continue_the_log(&make(small()).await).await;
    a_stream_ends_once(&make(small()).await).await;
    a_dropped_log_goes_on_where_its_writer_is(&make(small()).await).await;
    only_the_newest_messages_are_kept(&make(small()).await).await;
    only_so_many_bytes_are_kept(&make(small()).await).await;
    finished_streams_are_kept_for_a_while(&make(small()).await).await;
    streams_in_use_are_kept(&make(small()).await).await;
    an_ended_session_leaves_nothing(&make(small()).await).await;
    the_state_is_kept(&make(small()).await).await;
    whoever_hangs_a_bell_first_misses_nothing(&make(small()).await).await;
}

/// What holds for a store that bounds all its logs together, by `replay_bytes_max`.
///
/// # Panics
/// The store breaks the contract.
pub async fn logs_in_all<S, F, Make>(make: Make)
where
    S: StreamLog,
    F: Future<Output = S>,
    Make: Fn(Limits) -> F,
{
    let small = || {
        let mut limits = Limits::default();
        limits.replay_bytes_max = 16 << 10;
        limits
    };
    finished_streams_make_room_for_others(&make(small()).await).await;
    a_stream_that_is_written_is_never_dropped_whole(&make(small()).await).await;
}

fn key(session: u8, stream: u8) -> StreamKey {
    StreamKey {
        session: session_id(session),
        stream: StreamId::from_random([stream; 8]),
    }
}

fn message(number: u64) -> Bytes {
    Bytes::from(format!(r#"{{"number":{number}}}"#))
}

/// The messages with these numbers.
fn batch(numbers: std::ops::Range<u64>, state: StreamState) -> Batch {
    Batch {
        first: numbers.start,
        messages: numbers.map(message).collect(),
        state,
    }
}

fn calls() -> StreamState {
    StreamState::Calls {
        node: NodeId::from_random([7; 8]),
        pending: vec![RequestId::from(1), RequestId::from("one")],
    }
}

async fn append(log: &impl StreamLog, key: &StreamKey, batch: Batch, now: Timestamp) -> Appended {
    log.append(key.clone(), batch, now).await.unwrap()
}

async fn read(log: &impl StreamLog, key: &StreamKey, after: u64, now: Timestamp) -> Option<Page> {
    log.read(key.clone(), after, ALL, now).await.unwrap()
}

/// Everything after number `after`, which must be there and fit on one page.
async fn rest(log: &impl StreamLog, key: &StreamKey, after: u64, now: Timestamp) -> Vec<Bytes> {
    let page = read(log, key, after, now).await.unwrap();
    assert!(page.complete);
    assert_eq!(page.first, after + 1);
    page.messages
}

async fn what_is_appended_is_read_in_order(log: &impl StreamLog) {
    let key = key(1, 1);
    for numbers in [1..2, 2..4, 4..4, 4..5] {
        let appended = append(log, &key, batch(numbers, calls()), at(0)).await;
        assert_eq!(appended, Appended::Done);
    }
    for after in 0..=4 {
        let expected: Vec<Bytes> = (after + 1..5).map(message).collect();
        assert_eq!(rest(log, &key, after, at(1)).await, expected);
    }
}

async fn an_empty_batch_begins_a_log(log: &impl StreamLog) {
    let key = key(1, 1);
    let appended = append(log, &key, batch(1..1, StreamState::Listening), at(0)).await;
    assert_eq!(appended, Appended::Done);
    let page = read(log, &key, 0, at(0)).await.unwrap();
    assert!(page.messages.is_empty() && page.complete);
    assert_eq!(page.state, StreamState::Listening);
    append(log, &key, batch(1..2, StreamState::Listening), at(0)).await;
    assert_eq!(rest(log, &key, 0, at(0)).await, [message(1)]);
}

async fn pages_hold_about_the_bytes_asked_for(log: &impl StreamLog) {
    let key = key(1, 1);
    let messages: Vec<Bytes> = (b'a'..b'a' + 7).map(|b| vec![b; 200].into()).collect();
    let batch = Batch {
        first: 1,
        messages: messages.clone(),
        state: StreamState::Ended,
    };
    append(log, &key, batch, at(0)).await;
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let after = found.len() as u64;
        let page = log.read(key.clone(), after, 500, at(0)).await;
        let page = page.unwrap().unwrap();
        assert_eq!((page.first, page.state), (after + 1, StreamState::Ended));
        assert!((1..=3).contains(&page.messages.len()));
        found.extend(page.messages);
        pages += 1;
        assert_eq!(page.complete, found.len() == messages.len());
        if page.complete {
            break;
        }
    }
    assert_eq!(found, messages);
    assert!(pages >= 3);
    let long = log.read(key, 3, 10, at(0)).await.unwrap().unwrap();
    assert_eq!(long.messages, [messages[3].clone()]);
    assert!(!long.complete);
}

async fn what_is_not_there_cannot_be_read(log: &impl StreamLog) {
    append(log, &key(1, 1), batch(1..3, calls()), at(0)).await;
    for (key, after) in [(key(1, 1), 3), (key(1, 1), u64::MAX), (key(1, 2), 0)] {
        assert!(read(log, &key, after, at(0)).await.is_none());
    }
    // The same stream name in another session is another stream.
    for after in 0..3 {
        assert!(read(log, &key(2, 1), after, at(0)).await.is_none());
    }
    append(log, &key(2, 1), batch(1..2, StreamState::Ended), at(0)).await;
    assert_eq!(rest(log, &key(1, 1), 0, at(0)).await.len(), 2);
    assert_eq!(rest(log, &key(2, 1), 0, at(0)).await.len(), 1);
}

async fn a_batch_has_to_continue_the_log(log: &impl StreamLog) {
    let key = key(1, 1);
    append(log, &key, batch(1..4, calls()), at(0)).await;
    for numbers in [1..2, 3..4, 3..3, 5..6, 9..9] {
        let appended = append(log, &key, batch(numbers, StreamState::Ended), at(0)).await;
        assert_eq!(appended, Appended::Conflict { last: 3 });
    }
    let page = read(log, &key, 0, at(0)).await.unwrap();
    assert_eq!((page.messages.len(), page.state), (3, calls()));
    let first = log.append(key.clone(), batch(4..5, calls()), at(0));
    let second = log.append(key.clone(), batch(4..6, calls()), at(0));
    let (first, second) = join(first, second).await;
    let last = match (first.unwrap(), second.unwrap()) {
        (Appended::Done, Appended::Conflict { last: 4 }) => 4,
        (Appended::Conflict { last: 5 }, Appended::Done) => 5,
        other => panic!("one of two writers has to be told of the other: {other:?}"),
    };
    let expected: Vec<Bytes> = (1..=last).map(message).collect();
    assert_eq!(rest(log, &key, 0, at(0)).await, expected);
}

async fn a_stream_ends_once(log: &impl StreamLog) {
    let key = key(1, 1);
    append(log, &key, batch(1..2, calls()), at(0)).await;
    let end = || log.append(key.clone(), batch(2..3, StreamState::Ended), at(0));
    let (first, second) = join(end(), end()).await;
    let mut both = [first.unwrap(), second.unwrap()];
    both.sort_by_key(|appended| *appended == Appended::Ended);
    assert_eq!(both, [Appended::Done, Appended::Ended]);
    for numbers in [1..2, 3..3, 3..4] {
        let appended = append(log, &key, batch(numbers, calls()), at(0)).await;
        assert_eq!(appended, Appended::Ended);
    }
    let page = read(log, &key, 0, at(0)).await.unwrap();
    assert_eq!(page.messages, [message(1), message(2)]);
    assert_eq!(page.state, StreamState::Ended);
}

async fn a_dropped_log_goes_on_where_its_writer_is(log: &impl StreamLog) {
    let key = key(1, 1);
    let appended = append(log, &key, batch(5..7, StreamState::Listening), at(0)).await;
    assert_eq!(appended, Appended::Done);
    assert!(read(log, &key, 3, at(0)).await.is_none());
    assert_eq!(rest(log, &key, 4, at(0)).await.len(), 2);
}

async fn only_the_newest_messages_are_kept(log: &impl StreamLog) {
    let key = key(1, 1);
    append(log, &key, batch(1..9, calls()), at(0)).await;
    assert_eq!(rest(log, &key, 0, at(0)).await.len(), 8);
    append(log, &key, batch(9..10, calls()), at(0)).await;
    assert!(read(log, &key, 0, at(0)).await.is_none());
    assert_eq!(rest(log, &key, 1, at(0)).await.len(), 8);
    append(log, &key, batch(10..30, calls()), at(0)).await;
    assert!(read(log, &key, 20, at(0)).await.is_none());
    let expected: Vec<Bytes> = (22..30).map(message).collect();
    assert_eq!(rest(log, &key, 21, at(0)).await, expected);
}

async fn only_so_many_bytes_are_kept(log: &impl StreamLog) {
    let key = key(1, 1);
    let of = |number: u64, bytes: usize| Batch {
        first: number,
        messages: vec![vec![b'x'; bytes].into()],
        state: calls(),
    };
    for number in 1..=7 {
        append(log, &key, of(number, 1000), at(0)).await;
    }
    assert!(read(log, &key, 2, at(0)).await.is_none());
    assert!(!rest(log, &key, 5, at(0)).await.is_empty());
    // The newest is kept however long it is.
    append(log, &key, of(8, 10_000), at(0)).await;
    assert!(read(log, &key, 6, at(0)).await.is_none());
    assert_eq!(rest(log, &key, 7, at(0)).await.len(), 1);
}

async fn finished_streams_are_kept_for_a_while(log: &impl StreamLog) {
    let (one, other) = (key(1, 1), key(1, 2));
    append(log, &one, batch(1..2, calls()), at(0)).await;
    append(log, &one, batch(2..3, StreamState::Ended), at(30)).await;
    append(log, &other, batch(1..2, StreamState::Ended), at(50)).await;
    assert_eq!(rest(log, &one, 0, at(89)).await.len(), 2);
    assert!(read(log, &one, 0, at(91)).await.is_none());
    assert_eq!(rest(log, &other, 0, at(91)).await.len(), 1);
    assert!(read(log, &other, 0, at(111)).await.is_none());
}

async fn streams_in_use_are_kept(log: &impl StreamLog) {
    let (called, listening) = (key(1, 1), key(1, 2));
    append(log, &called, batch(1..2, calls()), at(0)).await;
    append(log, &listening, batch(1..2, StreamState::Listening), at(0)).await;
    for seconds in [40, 80, 120] {
        let touched = batch(2..2, StreamState::Listening);
        let appended = append(log, &listening, touched, at(seconds)).await;
        assert_eq!(appended, Appended::Done);
    }
    assert_eq!(rest(log, &listening, 0, at(170)).await.len(), 1);
    // A call may be silent for long; its stream waits for it.
    assert_eq!(rest(log, &called, 0, at(170)).await.len(), 1);
    let ended = batch(2..3, StreamState::Ended);
    assert_eq!(append(log, &called, ended, at(171)).await, Appended::Done);
    assert_eq!(rest(log, &called, 0, at(172)).await.len(), 2);
}

async fn an_ended_session_leaves_nothing(log: &impl StreamLog) {
    for key in [key(1, 1), key(1, 2), key(2, 1)] {
        append(log, &key, batch(1..3, calls()), at(0)).await;
    }
    log.forget(session_id(1)).await.unwrap();
    log.forget(session_id(9)).await.unwrap();
    assert!(read(log, &key(1, 1), 0, at(0)).await.is_none());
    assert!(read(log, &key(1, 2), 2, at(0)).await.is_none());
    assert_eq!(rest(log, &key(2, 1), 0, at(0)).await.len(), 2);
}

async fn the_state_is_kept(log: &impl StreamLog) {
    let key = key(1, 1);
    for (first, state) in [
        (1, calls()),
        (1, StreamState::Listening),
        (1, calls()),
        (1, StreamState::Ended),
    ] {
        append(log, &key, batch(first..first, state.clone()), at(0)).await;
        assert_eq!(read(log, &key, 0, at(0)).await.unwrap().state, state);
    }
}

/// A reader that sleeps until its bell rings sees every message once, and the end.
async fn whoever_hangs_a_bell_first_misses_nothing(log: &impl StreamLog) {
    let key = key(1, 1);
    append(log, &key, batch(1..1, calls()), at(0)).await;
    let bell = log.bells().hang(key.clone());
    let reading = async {
        let mut found = Vec::new();
        loop {
            let after = found.len() as u64;
            let page = read(log, &key, after, at(0)).await.unwrap();
            found.extend(page.messages);
            if page.state == StreamState::Ended && page.complete {
                return found;
            }
            if page.complete {
                poll_fn(|cx| bell.poll_rung(cx)).await;
            }
        }
    };
    let writing = async {
        for number in 1..=7 {
            let state = if number == 7 {
                StreamState::Ended
            } else {
                calls()
            };
            append(log, &key, batch(number..number + 1, state), at(0)).await;
        }
    };
    let (found, ()) = join(reading, writing).await;
    let expected: Vec<Bytes> = (1..=7).map(message).collect();
    assert_eq!(found, expected);
}

/// One message of about a kibibyte.
fn heavy(number: u64, state: StreamState) -> Batch {
    Batch {
        first: number,
        messages: vec![vec![b'x'; 1000].into()],
        state,
    }
}

async fn finished_streams_make_room_for_others(log: &impl StreamLog) {
    for stream in 0..64 {
        let now = at(u64::from(stream));
        append(log, &key(1, stream), heavy(1, StreamState::Ended), now).await;
    }
    let mut kept = Vec::new();
    for stream in 0..64 {
        let page = read(log, &key(1, stream), 0, at(64)).await;
        kept.extend(page.map(|_| stream));
    }
    // The youngest are kept, and more than none of them.
    let expected: Vec<u8> = (64 - u8::try_from(kept.len()).unwrap()..64).collect();
    assert_eq!(kept, expected);
    assert!((4..=16).contains(&kept.len()), "{}", kept.len());
}

async fn a_stream_that_is_written_is_never_dropped_whole(log: &impl StreamLog) {
    let written = key(1, 100);
    append(log, &written, heavy(1, calls()), at(0)).await;
    for stream in 0..64 {
        let now = at(u64::from(stream));
        append(log, &key(1, stream), heavy(1, StreamState::Ended), now).await;
    }
    assert_eq!(rest(log, &written, 0, at(64)).await.len(), 1);
    for number in 2..40 {
        append(log, &written, heavy(number, calls()), at(64)).await;
    }
    assert!(read(log, &written, 0, at(64)).await.is_none());
    assert_eq!(rest(log, &written, 38, at(64)).await.len(), 1);
}
