//! Heads of requests: who may come in and what is answered to it, headers that mirror the body, and the ids
//! that clients hand back. Each is compared with rules written down once more, in the words of the RFCs.

use proptest::prelude::*;
use spanway_protocol::legacy::{EventId, SessionId, StreamId};

use crate::runner::{self, Failure, Settings};
use crate::service;

mod annotation;
mod front;
mod mirror;
mod reference;

pub(super) fn run(settings: &Settings) -> Result<u64, Failure> {
    let runtime = service::runtime();
    let client = runtime.block_on(async { front::client(&service::Service::new()) });
    let inputs = prop_oneof![
        4 => front::front().prop_map(Input::Front),
        2 => mirror::name().prop_map(Input::Name),
        2 => mirror::arguments().prop_map(|it| Input::Arguments(Box::new(it))),
        1 => annotation::schema().prop_map(Input::Schema),
        1 => "[0-9a-f]{14,18}-[-+0-9]{0,22}|[-A-Za-z0-9_=]{20,24}|.{0,9}".prop_map(Input::Id),
        1 => any::<([u8; 16], u64)>().prop_map(|(random, sequence)| Input::Issued(random, sequence)),
    ];
    runner::run(settings, &inputs, |input| match input {
        Input::Front(front) => runtime.block_on(front.check(&client)),
        Input::Name(name) => name.check(),
        Input::Arguments(arguments) => arguments.check(),
        Input::Schema(schema) => annotation::check(&schema),
        Input::Id(text) => check_id(&text),
        Input::Issued(random, sequence) => check_issued(random, sequence),
    })
}

/// What is tried.
#[derive(Debug, Clone)]
enum Input {
    Front(front::Front),
    Name(mirror::Name),
    Arguments(Box<mirror::Arguments>),
    Schema(serde_json::Value),
    Id(String),
    Issued([u8; 16], u64),
}

/// What a client says is an id is one of the forms that are issued, or none.
fn check_id(text: &str) {
    let expected = text.split_once('-').is_some_and(|(stream, sequence)| {
        let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = sequence.bytes().all(|byte| byte.is_ascii_digit());
        stream.len() == 16 && stream.bytes().all(hexadecimal) && digits && in_range(sequence)
    });
    let read = EventId::parse(text);
    assert_eq!(read.is_some(), expected, "event id {text:?}");
    if let Some(id) = read {
        assert_eq!(EventId::parse(&id.to_string()), Some(id));
        assert_eq!(id.stream.to_string(), text[..16]);
    }
    if let Some(id) = SessionId::parse(text) {
        assert_eq!((id.as_str(), text.len()), (text, 22));
    }
}

/// Digits of a number of 64 bits.
fn in_range(digits: &str) -> bool {
    let number = digits.trim_start_matches('0');
    let max = u64::MAX.to_string();
    !digits.is_empty() && (number.len() < max.len() || number.len() == max.len() && *number <= *max)
}

/// What is issued is read back as it was.
fn check_issued(random: [u8; 16], sequence: u64) {
    let session = SessionId::from_random(random);
    assert_eq!(SessionId::parse(session.as_str()), Some(session));
    let stream = StreamId::from_random(random[..8].try_into().unwrap());
    let event = EventId::new(stream, sequence);
    assert_eq!(EventId::parse(&event.to_string()), Some(event));
    check_id(&event.to_string());
}
