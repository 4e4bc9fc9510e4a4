//! Sessions: lists of what clients do, against an endpoint in paused time. A table says which sessions there
//! are and what is in use (`table.rs`); every status, event and end must go with it (`world.rs`), and in the
//! end nothing may be left.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::runner::{self, Failure, Settings};
use crate::service;

mod connection;
mod table;
mod world;

use world::World;

const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

pub(super) fn run(settings: &Settings) -> Result<u64, Failure> {
    let operations = prop::collection::vec(operation(), 1..40);
    runner::run(settings, &operations, |operations| {
        service::runtime().block_on(async {
            let mut world = World::new();
            for operation in operations {
                world.perform(operation).await;
            }
            world.end().await;
        });
    })
}

/// What somebody does. Sessions, connections and events are picked among those there are.
#[derive(Debug, Clone)]
enum Operation {
    /// `initialize`.
    Open {
        version: &'static str,
        /// Whether it comes with credentials.
        known: bool,
        /// Whether the client can be asked.
        asks: bool,
    },
    /// Something is posted in a session.
    Post {
        session: Index,
        by: By,
        message: Message,
    },
    /// The client's answer to a question it was asked, or was asked elsewhere.
    Answer {
        session: Index,
        question: Index,
        how: How,
    },
    /// A GET.
    Listen { session: Index, by: By },
    /// A GET that reads on after an event of this session, or of another.
    Resume { session: Index, event: Index },
    /// A GET that reads on after the newest event of a stream that is open.
    Follow { connection: Index },
    /// A DELETE.
    End { session: Index, by: By },
    /// A call of the modern revision.
    Modern(Tool),
    /// `subscriptions/listen`.
    Subscribe,
    /// A connection is closed by its client.
    Leave(Index),
    /// The handlers that wait go on.
    LetGo,
    /// The server has something to tell.
    Change(Kind),
    /// So many seconds go by.
    Pass(u64),
    /// The counts are right.
    Count,
}

/// Who posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Owner,
    /// Somebody else, who knows the id.
    Stranger,
}

#[derive(Debug, Clone)]
enum Message {
    Initialized,
    Ping,
    Call {
        tool: Tool,
        again: bool,
        accept: Accept,
    },
    Batch,
    Watch(bool),
    /// One of its calls, or one that nobody made.
    Cancel(Option<Index>),
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Echo,
    Wait,
    Tell,
    Ask,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Wait => "wait",
            Self::Tell => "tell",
            Self::Ask => "ask",
        }
    }
}

/// The form of answer a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accept {
    Both,
    Json,
    Stream,
}

/// What a client answers.
#[derive(Debug, Clone, Copy)]
enum How {
    Accept,
    Decline,
    Nonsense,
    Error,
}

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tools,
    Prompts,
    Resources,
    /// The resource that sessions watch.
    Resource,
}

fn operation() -> impl Strategy<Value = Operation> {
    let open = (select(&VERSIONS[..]), any::<bool>(), any::<bool>());
    let open = open.prop_map(|(version, known, asks)| Operation::Open {
        version,
        known,
        asks,
    });
    let post = (any::<Index>(), by(), message());
    let post = post.prop_map(|(session, by, message)| Operation::Post {
        session,
        by,
        message,
    });
    let how = select(
        &[
            How::Accept,
            How::Accept,
            How::Decline,
            How::Nonsense,
            How::Error,
        ][..],
    );
    let answer = (any::<Index>(), any::<Index>(), how);
    let answer = answer.prop_map(|(session, question, how)| Operation::Answer {
        session,
        question,
        how,
    });
    let listen = (any::<Index>(), by()).prop_map(|(session, by)| Operation::Listen { session, by });
    let resume = (any::<Index>(), any::<Index>());
    let resume = resume.prop_map(|(session, event)| Operation::Resume { session, event });
    let follow = any::<Index>().prop_map(|connection| Operation::Follow { connection });
    let end = (any::<Index>(), by()).prop_map(|(session, by)| Operation::End { session, by });
    let change = select(
        &[
            Kind::Tools,
            Kind::Prompts,
            Kind::Resources,
            Kind::Resource,
            Kind::Resource,
        ][..],
    );
    prop_oneof![
        4 => open,
        12 => post,
        2 => answer,
        3 => listen,
        3 => resume,
        2 => follow,
        1 => end,
        1 => tool().prop_map(Operation::Modern),
        1 => Just(Operation::Subscribe),
        3 => any::<Index>().prop_map(Operation::Leave),
        2 => Just(Operation::LetGo),
        3 => change.prop_map(Operation::Change),
        3 => select(&[1, 16, 30, 61, 110, 149, 201][..]).prop_map(Operation::Pass),
        1 => Just(Operation::Count),
    ]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![9 => Just(By::Owner), 1 => Just(By::Stranger)]
}

fn tool() -> impl Strategy<Value = Tool> {
    select(
        &[
            Tool::Echo,
            Tool::Wait,
            Tool::Tell,
            Tool::Tell,
            Tool::Ask,
            Tool::Ask,
        ][..],
    )
}

fn message() -> impl Strategy<Value = Message> {
    let accept = select(&[Accept::Both, Accept::Both, Accept::Json, Accept::Stream][..]);
    let again = prop::bool::weighted(0.1);
    let call = (tool(), again, accept);
    let call = call.prop_map(|(tool, again, accept)| Message::Call {
        tool,
        again,
        accept,
    });
    prop_oneof![
        2 => Just(Message::Initialized),
        1 => Just(Message::Ping),
        6 => call,
        1 => Just(Message::Batch),
        2 => any::<bool>().prop_map(Message::Watch),
        2 => prop::option::weighted(0.9, any::<Index>()).prop_map(Message::Cancel),
        1 => Just(Message::Unknown),
    ]
}
