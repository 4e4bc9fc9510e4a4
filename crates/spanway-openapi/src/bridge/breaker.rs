//! A circuit breaker: an API that fails again and again is left alone for a while, then tried with one call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The state of one API.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Calls go through; so many in a row have failed.
    Closed { failures: u32 },
    /// No call goes through until then.
    Open { until: Instant },
    /// One call is through, to see whether the API is back.
    Probing,
}

/// A call that was let through; dropped without [`end`](Self::end) it says nothing about the API.
#[derive(Debug)]
pub(super) struct Pass<'b> {
    breaker: &'b Breaker,
    is_probe: bool,
    is_ended: bool,
}

impl Breaker {
    /// A breaker that opens after so many failures in a row, for so long. Zero failures: it never opens.
    pub(super) fn new(failures_max: u32, pause: Duration) -> Self {
        Self {
            failures_max,
            pause,
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// Lets a call through, or says how long the API is left alone.
    pub(super) fn enter(&self) -> Result<Pass<'_>, Duration> {
        let mut state = self.state();
        let now = Instant::now();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if until <= now => {
                *state = State::Probing;
                true
            }
            State::Open { until } => return Err(until - now),
            State::Probing => return Err(self.pause),
        };
        Ok(Pass {
            breaker: self,
            is_probe,
            is_ended: false,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> State {
        tracing::warn!(
            seconds = self.pause.as_secs(),
            "the API fails again and again and is left alone"
        );
        State::Open {
            until: Instant::now() + self.pause,
        }
    }
}

impl Pass<'_> {
    /// Tells how the API did.
    pub(super) fn end(mut self, is_healthy: bool) {
        self.is_ended = true;
        let breaker = self.breaker;
        let mut state = breaker.state();
        *state = match (*state, is_healthy) {
            (State::Closed { .. }, true) => State::Closed { failures: 0 },
            (State::Closed { failures }, false) => {
                let failures = failures.saturating_add(1);
                if breaker.failures_max > 0 && failures >= breaker.failures_max {
                    breaker.open()
                } else {
                    State::Closed { failures }
                }
            }
            (State::Probing, true) if self.is_probe => {
                tracing::info!("the API answers again");
                State::Closed { failures: 0 }
            }
            (State::Probing, false) if self.is_probe => breaker.open(),
            // Calls from before it opened say nothing new.
            (other, _) => other,
        };
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // The caller went away: the next call is the probe.
        if self.is_probe && !self.is_ended {
            *self.breaker.state() = State::Open {
                until: Instant::now(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.enter().unwrap().end(false);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_one_probe_closes_it() {
        let breaker = Breaker::new(3, PAUSE);
        fail(&breaker, 2);
        breaker.enter().unwrap().end(true);
        fail(&breaker, 3);
        assert_eq!(breaker.enter().unwrap_err(), PAUSE);
        tokio::time::advance(PAUSE).await;
        let probe = breaker.enter().unwrap();
        assert!(breaker.enter().is_err(), "one probe at a time");
        probe.end(false);
        assert!(breaker.enter().is_err());
        tokio::time::advance(PAUSE).await;
        drop(breaker.enter().unwrap());
        breaker.enter().unwrap().end(true);
        fail(&breaker, 2);
        assert!(breaker.enter().is_ok(), "it counts from the start");
    }

    #[tokio::test(start_paused = true)]
    async fn calls_from_before_it_opened_say_nothing_new() {
        let breaker = Breaker::new(1, PAUSE);
        let (one, two) = (breaker.enter().unwrap(), breaker.enter().unwrap());
        one.end(false);
        two.end(true);
        assert!(breaker.enter().is_err());
        let never = Breaker::new(0, PAUSE);
        fail(&never, 100);
        assert!(never.enter().is_ok());
    }
}
