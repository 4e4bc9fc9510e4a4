//! What one call has said, held against what it must say: its steps from 1 on, each once and in order, and then
//! its response. Without sockets and time.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use spanway_protocol::legacy::EventId;
use spanway_protocol::sse::Event;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With its result, after all its steps.
    Result,
    /// With the error that its node is gone.
    Lost,
}

/// The internal error of JSON-RPC.
const INTERNAL_ERROR: i64 = -32603;

/// The books of one call.
#[derive(Debug)]
pub(crate) struct Ledger {
    id: u64,
    count: u32,
    reached: u32,
    outcome: Option<Outcome>,
    /// The place after the last event with an id.
    last: Option<EventId>,
    /// Every message that had an id.
    logged: Vec<(u64, String)>,
    unlogged: u64,
}

impl Ledger {
    /// Of the call with this id and progress token, which has so many steps.
    pub(crate) fn new(id: u64, count: u32) -> Self {
        Self {
            id,
            count,
            reached: 0,
            outcome: None,
            last: None,
            logged: Vec::new(),
            unlogged: 0,
        }
    }

    /// The same call as it is read again from its beginning.
    pub(crate) fn again(&self) -> Option<Self> {
        let mut again = Self::new(self.id, self.count);
        again.last = Some(EventId::new(self.last?.stream, 0));
        Some(again)
    }

    /// How it ended, if it did.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// From where it is read on.
    pub(crate) fn place(&self) -> Option<String> {
        self.last.map(|last| last.to_string())
    }

    /// Messages that had no id.
    pub(crate) fn unlogged(&self) -> u64 {
        self.unlogged
    }

    /// Whether anything was said.
    pub(crate) fn is_empty(&self) -> bool {
        self.last.is_none() && self.unlogged == 0
    }

    /// Whether both saw the same messages under the same ids.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        self.logged == other.logged && self.last == other.last && self.outcome == other.outcome
    }

    /// Takes the next event of the stream; true if it is a message.
    ///
    /// # Errors
    /// It must not come here.
    pub(crate) fn take(&mut self, event: &Event) -> anyhow::Result<bool> {
        let id = event.id.as_deref().map(|id| {
            EventId::parse(id).with_context(|| format!("{id} is no event id of this server"))
        });
        let id = id.transpose()?;
        if event.data.is_empty() {
            self.take_place(id)?;
            return Ok(false);
        }
        ensure!(
            self.outcome.is_none(),
            "an event after the response: {event:?}"
        );
        // An id stays in force until there is another one: then this event has none of its own.
        if id.is_none() || id == self.last {
            self.unlogged += 1;
        } else if let Some(id) = id {
            self.take_id(id)?;
            self.logged.push((id.sequence, event.data.clone()));
        }
        self.take_message(&event.data)?;
        Ok(true)
    }

    /// An event without data tells the client where it stands: where it knows it stands.
    fn take_place(&mut self, id: Option<EventId>) -> anyhow::Result<()> {
        let id = id.context("an event with neither data nor id")?;
        match self.last {
            Some(last) => ensure!(id == last, "told to stand at {id}, but stands at {last}"),
            None => ensure!(id.sequence == 0, "a stream that begins at {id}"),
        }
        self.last = Some(id);
        Ok(())
    }

    fn take_id(&mut self, id: EventId) -> anyhow::Result<()> {
        let next = match self.last {
            Some(last) => EventId::new(last.stream, last.sequence + 1),
            None => EventId::new(id.stream, 1),
        };
        ensure!(id == next, "event {id} came where {next} was to come");
        self.last = Some(id);
        Ok(())
    }

    fn take_message(&mut self, data: &str) -> anyhow::Result<()> {
        let message: Value = serde_json::from_str(data).context("an event that is no JSON")?;
        if message["method"] == "notifications/progress" {
            let params = &message["params"];
            ensure!(
                params["progressToken"] == self.id,
                "progress of another call: {data}"
            );
            let next = self.reached + 1;
            ensure!(
                params["progress"].as_f64() == Some(f64::from(next)),
                "step {} came where step {next} was to come",
                params["progress"]
            );
            self.reached = next;
            return Ok(());
        }
        ensure!(
            message["id"] == self.id,
            "a message of no known kind, or of another call: {data}"
        );
        self.outcome = Some(self.judge(&message)?);
        Ok(())
    }

    fn judge(&self, response: &Value) -> anyhow::Result<Outcome> {
        if response["error"]["code"] == INTERNAL_ERROR {
            return Ok(Outcome::Lost);
        }
        let text = &response["result"]["content"][0]["text"];
        if *text != format!("{} steps", self.count) {
            bail!("a wrong response: {response}");
        }
        ensure!(
            self.reached == self.count,
            "the result came after step {} of {}",
            self.reached,
            self.count
        );
        Ok(Outcome::Result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "00000000000000aa";

    fn event(sequence: u64, data: &str) -> Event {
        let mut event = Event::default();
        event.id = Some(format!("{STREAM}-{sequence}"));
        data.clone_into(&mut event.data);
        event
    }

    fn step(number: u32) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":7,"progress":{number}}}}}"#
        )
    }

    const RESULT: &str =
        r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"2 steps"}]}}"#;
    const ERROR: &str = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"gone"}}"#;

    fn kept(events: &[(u64, &str)]) -> anyhow::Result<Ledger> {
        let mut ledger = Ledger::new(7, 2);
        for (sequence, data) in events {
            ledger.take(&event(*sequence, data))?;
        }
        Ok(ledger)
    }

    #[test]
    fn all_steps_and_the_result_are_right() {
        let (one, two) = (step(1), step(2));
        let whole = kept(&[(0, ""), (1, &one), (1, ""), (2, &two), (3, RESULT)]).expect("right");
        assert_eq!(whole.outcome(), Some(Outcome::Result));
        let lost = kept(&[(1, &one), (2, ERROR)]).expect("right");
        assert_eq!(lost.outcome(), Some(Outcome::Lost));
        assert!(!whole.agrees_with(&lost));
        let again = whole.again().expect("it has ids");
        assert_eq!(again.place().as_deref(), Some("00000000000000aa-0"));
    }

    #[test]
    fn gaps_and_repetitions_are_found() {
        let (one, two, three) = (step(1), step(2), step(3));
        for wrong in [
            &[(1, &*one), (3, &*two)][..],
            &[(1, &one), (2, &one)],
            &[(1, &two)],
            &[(2, &one)],
            &[(1, &one), (2, RESULT)],
            &[(1, &one), (2, ERROR), (3, &two)],
            &[(1, &one), (2, &two), (3, RESULT), (4, ERROR)],
            &[(1, &one), (0, "")],
            &[(1, "{}")],
            &[(1, &one), (2, &two), (3, &three), (4, RESULT)],
        ] {
            assert!(kept(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_event_under_the_id_of_the_one_before_has_none() {
        let (one, two) = (step(1), step(2));
        let ledger = kept(&[(1, &one), (1, &two), (1, RESULT)]).expect("in order");
        assert_eq!(
            (ledger.unlogged(), ledger.outcome()),
            (2, Some(Outcome::Result))
        );
    }
}
