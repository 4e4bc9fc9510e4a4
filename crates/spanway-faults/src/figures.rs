//! What a run counted, and its table.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts of all clients of a run.
#[derive(Debug, Default)]
pub(crate) struct Figures(Mutex<Tally>);

/// The counts.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    /// Calls that came to an end.
    pub(crate) calls: u64,
    /// Of those, ended by the error that says that their node is gone.
    pub(crate) lost: u64,
    /// Requests to call that were cut before the client saw any id, and made anew.
    pub(crate) unseen: u64,
    /// Calls whose stream the server could not keep, cut after that.
    pub(crate) unkept: u64,
    /// Messages received.
    pub(crate) events: u64,
    /// Of those, without an id, since the log could not be written.
    pub(crate) unlogged: u64,
    /// Connections that read on.
    pub(crate) resumes: u64,
    /// Requests that found nobody, or were cut before their answer.
    pub(crate) unanswered: u64,
    /// Answers 503.
    pub(crate) refused: u64,
    /// Streams read again from the beginning after their end, and found to be the same.
    pub(crate) replays: u64,
    /// The longest time between two events of one call.
    pub(crate) pause: Duration,
    /// The longest call.
    pub(crate) longest: Duration,
    /// Times of quick calls on the side.
    pub(crate) quick: Vec<Duration>,
}

impl Figures {
    /// Counts something.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The counts so far.
    pub(crate) fn tally(&self) -> Tally {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A table of names and values.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<(String, String)>);

impl Table {
    /// The counts of a run.
    pub(crate) fn of(figures: &Figures) -> Self {
        let tally = figures.tally();
        let mut table = Self::default();
        table.row("calls", tally.calls);
        table.row("ended by the error of a lost node", tally.lost);
        table.row("events", tally.events);
        table.row("connections that read on", tally.resumes);
        table.row("streams read again and the same", tally.replays);
        table.row("calls made anew, cut before any id", tally.unseen);
        table.row("requests without an answer", tally.unanswered);
        table.row("answers 503", tally.refused);
        table.row("events without an id", tally.unlogged);
        table.row("calls lost after such an event", tally.unkept);
        table.row("longest pause in a call", shown(tally.pause));
        table.row("longest call", shown(tally.longest));
        let mut quick = tally.quick;
        if !quick.is_empty() {
            quick.sort_unstable();
            table.row("quick calls beside", quick.len());
            table.row("their median", shown(quick[quick.len() / 2]));
            table.row("the slowest of them", shown(quick[quick.len() - 1]));
        }
        table
    }

    /// One more line.
    pub(crate) fn row(&mut self, name: &str, value: impl Display) {
        self.0.push((name.to_owned(), format!("{value}")));
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        for (name, value) in &self.0 {
            println!("  {name:<38} {value:>12}");
        }
    }
}

/// A time as people read it.
pub(crate) fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// Bytes as people read them.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
