//! Arbitrary operations on a [`StreamLog`], compared with a plain `Vec` after each one.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use spanway_protocol::jsonrpc::RequestId;
use spanway_protocol::legacy::StreamId;
use spanway_protocol::{Limits, Timestamp};

use super::{at, session_id};
use crate::error::StoreError;
use crate::log::{Appended, Batch, NodeId, Page, StreamKey, StreamLog, StreamState};

const EVENTS_MAX: usize = 6;
/// No multiple of [`TICK`] seconds, so that nobody has to agree on what happens at this very moment.
const AGE_MAX: u64 = 60;
const TICK: u64 = 7;

/// Runs `cases` lists of operations, each on a fresh store made with the given limits.
///
/// # Panics
/// The store did something a `Vec` does not. The message has the shortest list of operations found.
pub async fn logs_like_a_vec<S, F, Make>(make: Make, cases: usize)
where
    S: StreamLog,
    F: Future<Output = S>,
    Make: Fn(Limits) -> F,
{
    let mut limits = Limits::default();
    limits.replay_events_max = EVENTS_MAX;
    limits.replay_age_max = Duration::from_secs(AGE_MAX);
    let operations = proptest::collection::vec(operation(), 1..60);
    let mut runner = TestRunner::default();
    for _ in 0..cases {
        let mut tree = operations.new_tree(&mut runner).unwrap();
        let Err(mut difference) = run(&make(limits.clone()).await, tree.current()).await else {
            continue;
        };
        let mut smallest = tree.current();
        while tree.simplify() {
            while let Ok(()) = run(&make(limits.clone()).await, tree.current()).await {
                if !tree.complicate() {
                    break;
                }
            }
            if let Err(found) = run(&make(limits.clone()).await, tree.current()).await {
                (smallest, difference) = (tree.current(), found);
            }
        }
        panic!("{difference}\nafter {smallest:#?}");
    }
}

/// One of a few streams of a few sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    session: u8,
    stream: u8,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Calls(u8),
    Listening,
    Ended,
}

#[derive(Debug, Clone)]
enum Operation {
    Append {
        place: Place,
        /// How far from where the log goes on; mostly 0.
        off: i8,
        count: u8,
        next: Next,
    },
    Read {
        place: Place,
        /// How far from the log's end.
        back: i8,
        bytes_max: usize,
    },
    Forget(u8),
    /// So many ticks.
    Wait(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let place = || (0..2_u8, 0..2_u8).prop_map(|(session, stream)| Place { session, stream });
    let off = prop_oneof![8 => Just(0), 1 => -3..4_i8];
    let next = prop_oneof![
        4 => any::<u8>().prop_map(Next::Calls),
        2 => Just(Next::Listening),
        1 => Just(Next::Ended),
    ];
    prop_oneof![
        8 => (place(), off, 0..4_u8, next).prop_map(|(place, off, count, next)| Operation::Append {
            place,
            off,
            count,
            next,
        }),
        8 => (place(), -1..10_i8, 0..200_usize).prop_map(|(place, back, bytes_max)| Operation::Read {
            place,
            back,
            bytes_max,
        }),
        1 => (0..2_u8).prop_map(Operation::Forget),
        2 => (0..12_u64).prop_map(Operation::Wait),
    ]
}

/// What a log is to be: everything ever said, and how much of its beginning is gone.
#[derive(Debug, Clone)]
struct Model {
    said: Vec<Bytes>,
    dropped: usize,
    state: StreamState,
    touched: Timestamp,
}

async fn run(log: &impl StreamLog, operations: Vec<Operation>) -> Result<(), String> {
    let mut models: HashMap<Place, Model> = HashMap::new();
    let (mut seconds, mut serial) = (0, 0);
    for operation in operations {
        let now = at(seconds);
        models.retain(|_, model| model.is_kept(now));
        match operation.clone() {
            Operation::Append {
                place,
                off,
                count,
                next,
            } => {
                let last = models.get(&place).map_or(0, |model| model.said.len());
                let batch = Batch {
                    first: (last as u64 + 1).saturating_add_signed(off.into()).max(1),
                    messages: (0..count).map(|_| message(&mut serial)).collect(),
                    state: next.state(),
                };
                let expected = append(&mut models, place, &batch, now);
                let found = log.append(place.key(), batch, now).await;
                let found = done(&operation, found)?;
                same(&operation, &found, &expected)?;
            }
            Operation::Read {
                place,
                back,
                bytes_max,
            } => {
                let model = models.get(&place);
                let last = model.map_or(0, |model| model.said.len()) as u64;
                let after = last.saturating_add_signed(-i64::from(back));
                let found = log.read(place.key(), after, bytes_max, now).await;
                let found = done(&operation, found)?;
                let expected = model.and_then(|model| model.rest(after));
                check_page(&operation, found, expected, after, bytes_max)?;
            }
            Operation::Forget(session) => {
                models.retain(|place, _| place.session != session);
                done(&operation, log.forget(session_id(session)).await)?;
            }
            Operation::Wait(ticks) => seconds += ticks * TICK,
        }
    }
    Ok(())
}

fn done<T>(operation: &Operation, result: Result<T, StoreError>) -> Result<T, String> {
    result.map_err(|error| format!("{operation:?} failed: {error}"))
}

fn same<T: PartialEq + std::fmt::Debug>(
    operation: &Operation,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    (found == expected)
        .then_some(())
        .ok_or_else(|| format!("{operation:?} gave {found:?} where {expected:?} was expected"))
}

/// A page is a beginning of what follows; how long it is is up to the store, within the bytes asked for.
fn check_page(
    operation: &Operation,
    found: Option<Page>,
    expected: Option<(&[Bytes], &StreamState)>,
    after: u64,
    bytes_max: usize,
) -> Result<(), String> {
    same(operation, &found.is_some(), &expected.is_some())?;
    let (Some(page), Some((rest, state))) = (found, expected) else {
        return Ok(());
    };
    let bytes: usize = page.messages.iter().map(Bytes::len).sum();
    same(operation, &page.first, &(after + 1))?;
    same(operation, &page.state, state)?;
    same(
        operation,
        &page.complete,
        &(page.messages.len() == rest.len()),
    )?;
    same(operation, &page.messages.is_empty(), &rest.is_empty())?;
    same(
        operation,
        &(page.messages.len() <= 1 || bytes <= bytes_max),
        &true,
    )?;
    let beginning = rest.get(..page.messages.len()).unwrap_or_default();
    same(operation, &page.messages.as_slice(), &beginning)
}

fn append(
    models: &mut HashMap<Place, Model>,
    place: Place,
    batch: &Batch,
    now: Timestamp,
) -> Appended {
    let before = usize::try_from(batch.first - 1).unwrap();
    let model = models.entry(place).or_insert_with(|| Model {
        said: vec![Bytes::new(); before],
        dropped: before,
        state: StreamState::Listening,
        touched: now,
    });
    if model.state == StreamState::Ended {
        return Appended::Ended;
    }
    if model.said.len() != before {
        let last = model.said.len() as u64;
        return Appended::Conflict { last };
    }
    model.said.extend(batch.messages.iter().cloned());
    model.dropped = model
        .dropped
        .max(model.said.len().saturating_sub(EVENTS_MAX));
    model.state = batch.state.clone();
    model.touched = now;
    Appended::Done
}

fn message(serial: &mut u32) -> Bytes {
    *serial += 1;
    let width = 1 + *serial as usize % 90;
    Bytes::from(format!("{serial:0>width$}"))
}

impl Place {
    fn key(self) -> StreamKey {
        StreamKey {
            session: session_id(self.session),
            stream: StreamId::from_random([self.stream; 8]),
        }
    }
}

impl Next {
    fn state(self) -> StreamState {
        match self {
            Self::Calls(id) => StreamState::Calls {
                node: NodeId::from_random([1; 8]),
                pending: vec![RequestId::from(i64::from(id))],
            },
            Self::Listening => StreamState::Listening,
            Self::Ended => StreamState::Ended,
        }
    }
}

impl Model {
    fn is_kept(&self, now: Timestamp) -> bool {
        matches!(self.state, StreamState::Calls { .. })
            || now.since(self.touched) < Duration::from_secs(AGE_MAX)
    }

    fn rest(&self, after: u64) -> Option<(&[Bytes], &StreamState)> {
        let after = usize::try_from(after).ok()?;
        if after < self.dropped {
            return None;
        }
        Some((self.said.get(after..)?, &self.state))
    }
}
