//! Whether a call is tried again, and after how long; pure but for the jitter.

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};

use crate::limits::{RETRY_AFTER_MAX, RETRY_DELAY_FIRST, RETRY_DELAY_MAX};
use crate::operation::Operation;

/// What came of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// An answer, or a failure that another attempt does not mend.
    Final,
    /// The API could not be reached, or says that it cannot answer now; perhaps when it can.
    Passing(Option<Duration>),
}

impl Attempt {
    /// Judges a response.
    pub(super) fn of(response: &Response<Bytes>) -> Self {
        let passing = [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        if !passing.contains(&response.status()) {
            return Self::Final;
        }
        // The date form is for caches; APIs send seconds.
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|it| it.to_str().ok()?.trim().parse().ok());
        Self::Passing(after.map(Duration::from_secs))
    }
}

/// How long to wait before another attempt, after `done` of them; `None`: there is none.
///
/// Only what may be repeated without harm is (RFC 9110, section 9.2.2).
pub(super) fn delay(
    operation: &Operation,
    attempt: Attempt,
    done: u32,
    retries: u32,
) -> Option<Duration> {
    let Attempt::Passing(after) = attempt else {
        return None;
    };
    if done > retries || !operation.may_be_repeated() {
        return None;
    }
    match after {
        // Whoever asks for more than that is better asked again by the model, later.
        Some(after) if after > RETRY_AFTER_MAX => None,
        Some(after) => Some(after + jittered(RETRY_DELAY_FIRST)),
        None => {
            let doubled = RETRY_DELAY_FIRST.saturating_mul(1 << (done - 1).min(16));
            Some(jittered(doubled.min(RETRY_DELAY_MAX)))
        }
    }
}

/// Between half of `most` and `most`, so that callers who failed together do not come back together.
fn jittered(most: Duration) -> Duration {
    // Without randomness there is no jitter, which is no reason to fail.
    let random = getrandom::u32().unwrap_or(u32::MAX);
    most.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}
