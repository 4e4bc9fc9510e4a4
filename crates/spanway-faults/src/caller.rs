//! A client that calls and, whenever its connection breaks, reads on after the last event it saw. Everything it
//! gets is held against the books of the call; what does not fit ends the run with the call's history.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use spanway_testkit::Dice;

use crate::figures::{Figures, shown};
use crate::fixture::STEPS;
use crate::ledger::{Ledger, Outcome};
use crate::peer::Peer;
use crate::wire::Answer;

/// Lines kept of what happened to a call.
const HISTORY_MAX: usize = 60;

/// The revisions whose streams are resumed.
const VERSIONS: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

/// What must hold for the calls of a run.
#[derive(Clone)]
pub(crate) struct Rules {
    /// Within what time a call ends.
    pub(crate) bound: Duration,
    /// Disasters so far: a call may be lost only in one. None: never.
    pub(crate) disasters: Option<Arc<AtomicU64>>,
    /// One of so many calls is read again from the beginning after its end.
    pub(crate) replay_one_in: u64,
}

/// What to call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    pub(crate) count: u32,
    pub(crate) pace_ms: u64,
    pub(crate) bytes: usize,
}

impl Job {
    /// A call of any length up to this many steps.
    pub(crate) fn any(dice: &mut Dice, count_max: u64, pace_ms_max: u64) -> Self {
        Self {
            count: u32::try_from(dice.within(1..=count_max)).unwrap_or(1),
            pace_ms: dice.within(0..=pace_ms_max),
            bytes: usize::try_from(dice.within(0..=200)).unwrap_or_default(),
        }
    }
}

/// One client.
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) dice: Dice,
    rules: Rules,
    figures: Arc<Figures>,
    last_id: u64,
    history: History,
}

impl Caller {
    /// Opens a session of any revision.
    pub(crate) async fn open(
        address: SocketAddr,
        mut dice: Dice,
        rules: Rules,
        figures: &Arc<Figures>,
    ) -> anyhow::Result<Self> {
        let version = dice.pick(&VERSIONS).copied().unwrap_or(VERSIONS[0]);
        let opening = Peer::open(address, version, None, figures);
        let opened = tokio::time::timeout(rules.bound, opening).await;
        Ok(Self {
            peer: opened.context("no session could be opened in time")??,
            dice,
            rules,
            figures: figures.clone(),
            last_id: 0,
            history: History::new(),
        })
    }

    /// Calls until then, with jobs of the maker.
    pub(crate) async fn call_until(
        mut self,
        until: Instant,
        mut job: impl FnMut(&mut Dice) -> Job,
    ) -> anyhow::Result<Self> {
        while Instant::now() < until {
            let job = job(&mut self.dice);
            self.call(job).await?;
        }
        Ok(self)
    }

    /// Calls once and sees it through.
    ///
    /// # Errors
    /// Something that must not happen did; the text holds the call's history.
    pub(crate) async fn call(&mut self, job: Job) -> anyhow::Result<()> {
        let began = Instant::now();
        let disasters = self.disasters();
        self.history = History::new();
        let bound = self.rules.bound;
        let called = tokio::time::timeout(bound, self.see_through(job)).await;
        let outcome = match called {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => return Err(self.violation(job, &error)),
            Err(_) => {
                let hangs = anyhow::anyhow!("it did not end within {}", shown(bound));
                return Err(self.violation(job, &hangs));
            }
        };
        if outcome == Outcome::Lost && self.disasters() == disasters {
            let groundless = anyhow::anyhow!("it ended with an error, though nothing had happened");
            return Err(self.violation(job, &groundless));
        }
        self.figures.note(|tally| {
            tally.calls += 1;
            tally.lost += u64::from(outcome == Outcome::Lost);
            tally.longest = tally.longest.max(began.elapsed());
        });
        Ok(())
    }

    fn disasters(&self) -> Option<u64> {
        let disasters = self.rules.disasters.as_ref()?;
        Some(disasters.load(Ordering::SeqCst))
    }

    fn violation(&self, job: Job, error: &anyhow::Error) -> anyhow::Error {
        anyhow::anyhow!(
            "{error:#}\n  the call: {job:?}, revision {}, session {}\n{}",
            self.peer.version,
            self.peer.session,
            self.history.text()
        )
    }

    /// Makes the call until its client has seen anything of it, then reads it to its end.
    async fn see_through(&mut self, job: Job) -> anyhow::Result<Outcome> {
        loop {
            let (mut ledger, answer) = self.begin(job).await?;
            self.read(&mut ledger, answer).await?;
            let unlogged = ledger.unlogged();
            self.figures.note(|tally| tally.unlogged += unlogged);
            if let Some(outcome) = ledger.outcome() {
                if unlogged == 0 && self.dice.one_in(self.rules.replay_one_in) {
                    self.replay(&ledger).await?;
                }
                return Ok(outcome);
            }
            if ledger.is_empty() {
                self.figures.note(|tally| tally.unseen += 1);
                self.history.note("it is made anew");
                continue;
            }
            // Said without ids alone: there is nothing to come back to.
            self.figures.note(|tally| tally.unkept += 1);
            return Ok(Outcome::Lost);
        }
    }

    async fn begin(&mut self, job: Job) -> anyhow::Result<(Ledger, Answer)> {
        let mut last_id = self.last_id;
        // Each attempt is a call of its own: the one before may run, or have run.
        let answer = self
            .peer
            .insist(|peer| {
                last_id += 1;
                peer.post(&call(last_id, job))
            })
            .await;
        self.last_id = last_id;
        self.history
            .note(&format!("POST of call {last_id}: {}", answer.status));
        Ok((Ledger::new(last_id, job.count), self.stream(answer).await?))
    }

    /// Reads the stream to its response, over as many connections as it takes. Without an id there is no coming
    /// back, and after the response no need to: how its connection ends tells nothing, it may be cut there too.
    async fn read(&mut self, ledger: &mut Ledger, mut answer: Answer) -> anyhow::Result<()> {
        let mut heard = Instant::now();
        loop {
            let broken = loop {
                match answer.event().await {
                    Ok(Some(event)) => {
                        let pause = heard.elapsed();
                        heard = Instant::now();
                        self.history.event(&event);
                        let message = ledger.take(&event)?;
                        self.figures.note(|tally| {
                            tally.events += u64::from(message);
                            tally.pause = tally.pause.max(pause);
                        });
                    }
                    Ok(None) => break None,
                    Err(broken) => break Some(broken),
                }
            };
            self.history.note(&format!("connection ended: {broken:?}"));
            if ledger.outcome().is_some() {
                return Ok(());
            }
            let Some(place) = ledger.place() else {
                return Ok(());
            };
            answer = self.resume(&place).await?;
        }
    }

    async fn resume(&mut self, place: &str) -> anyhow::Result<Answer> {
        self.figures.note(|tally| tally.resumes += 1);
        let answer = self.peer.insist(|peer| peer.get(Some(place))).await;
        self.history
            .note(&format!("GET after {place}: {}", answer.status));
        self.stream(answer).await
    }

    async fn stream(&mut self, mut answer: Answer) -> anyhow::Result<Answer> {
        if answer.status == 200 && answer.is_stream() {
            return Ok(answer);
        }
        let body = answer.rest().await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        match answer.status {
            404 => bail!("the session is lost (404): {body}"),
            405 => bail!("the stream is said to be over and read (405): {body}"),
            410 => bail!("what was kept is lost (410): {body}"),
            status => bail!("an answer that is no stream ({status}): {body}"),
        }
    }

    /// Reads the whole stream again: it must be what was seen, and then over.
    async fn replay(&mut self, ledger: &Ledger) -> anyhow::Result<()> {
        let Some(mut again) = ledger.again() else {
            return Ok(());
        };
        let Some(begin) = again.place() else {
            return Ok(());
        };
        self.history.note("it is read again");
        let answer = self.resume(&begin).await?;
        self.read(&mut again, answer).await?;
        if !again.agrees_with(ledger) {
            bail!("read again it is another stream\n  first {ledger:?}\n  again {again:?}");
        }
        let end = again.place().unwrap_or_default();
        let status = self.peer.insist(|peer| peer.get(Some(&end))).await.status;
        if status != 405 {
            bail!("after its end the stream was answered {status}, not 405");
        }
        self.figures.note(|tally| tally.replays += 1);
        Ok(())
    }
}

/// The request of a call with progress under its own id.
pub(crate) fn call(id: u64, job: Job) -> Value {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "method": "tools/call",
        "params": {
            "name": STEPS,
            "arguments": { "count": job.count, "pace_ms": job.pace_ms, "bytes": job.bytes },
            "_meta": { "progressToken": id },
        },
    })
}

/// What happened to a call, the newest last.
struct History {
    began: Instant,
    lines: VecDeque<String>,
}

impl History {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            lines: VecDeque::new(),
        }
    }

    fn note(&mut self, what: &str) {
        if self.lines.len() == HISTORY_MAX {
            self.lines.pop_front();
        }
        let at = self.began.elapsed().as_millis();
        self.lines.push_back(format!("  {at:>6} ms  {what}"));
    }

    fn event(&mut self, event: &spanway_protocol::sse::Event) {
        let id = event.id.as_deref().unwrap_or("no id");
        let data: String = event.data.chars().take(120).collect();
        self.note(&format!("event {id}: {data}"));
    }

    fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        lines.join("\n")
    }
}
