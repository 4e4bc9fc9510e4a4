//! How often a caller may use what a service offers: a bucket of tokens for each principal, in front of any service.
//!
//! Callers without a principal share one bucket: nothing tells them apart that they could not make anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use serde_json::json;
use spanway_protocol::jsonrpc::{ErrorObject, Notification, code};
use spanway_protocol::schema::{CallToolResult, Meta};
use spanway_protocol::{Answer, Call, Era, Method, Reply};
use tokio::time::Instant;

use crate::change::ChangeHub;
use crate::context::Context;
use crate::principal::Principal;
use crate::service::{McpService, ServiceInfo};
use crate::task::{TaskKeeper, Tasks};

/// Principals whose buckets are not full at the same time; there is no room for another one until one is.
const CALLERS_MAX: usize = 10_000;

/// The key under which a refused call says after how many seconds another one makes sense.
const RETRY_AFTER: &str = "spanway/retryAfter";

/// So many calls in a time: all of them at once if a caller likes, and from then on one by one as they come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    calls: u32,
    per: Duration,
    /// The time in which one comes back.
    each: Duration,
}

/// A caller has no call left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls: {calls} in {per:?} are allowed; try again in {} s", seconds(.retry_after))]
pub struct RateExceeded {
    /// How many calls are allowed.
    pub calls: u32,
    /// In what time.
    pub per: Duration,
    /// After what time there is one again.
    pub retry_after: Duration,
}

/// A service whose tools, resources and prompts each principal may use only so often.
///
/// A call too many is answered at once: of a tool with an error result, which the model can read, and otherwise, or
/// where a client of 2025-11-25 asks for a task, with a JSON-RPC error; each says when to try again. Every request
/// counts, also one that brings answers to a call. Limits hold for each process by itself.
#[derive(Debug)]
pub struct RateLimited<S> {
    service: S,
    buckets: Buckets,
}

/// When the bucket of each caller will be full again; those that are full need not be known.
#[derive(Debug)]
struct Buckets {
    limit: RateLimit,
    callers_max: usize,
    full_at: Mutex<HashMap<Option<Principal>, Instant>>,
}

impl RateLimit {
    /// So many calls in a time; at least one, in at least a millisecond.
    #[must_use]
    pub fn new(calls: u32, per: Duration) -> Self {
        let (calls, per) = (calls.max(1), per.max(Duration::from_millis(1)));
        Self {
            calls,
            per,
            each: per / calls,
        }
    }
}

impl<S: McpService> RateLimited<S> {
    /// Puts `limit` in front of `service`.
    pub fn new(service: S, limit: RateLimit) -> Self {
        Self {
            service,
            buckets: Buckets::new(limit, CALLERS_MAX),
        }
    }
}

impl Buckets {
    fn new(limit: RateLimit, callers_max: usize) -> Self {
        Self {
            limit,
            callers_max,
            full_at: Mutex::default(),
        }
    }

    /// Takes a call from the bucket of `caller`.
    fn take(&self, caller: Option<&Principal>, now: Instant) -> Result<(), RateExceeded> {
        let RateLimit { calls, per, each } = self.limit;
        let mut full_at = self.full_at();
        let caller = caller.cloned();
        if !full_at.contains_key(&caller) && full_at.len() >= self.callers_max {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= self.callers_max {
                return Err(RateExceeded {
                    calls,
                    per,
                    retry_after: each,
                });
            }
        }
        let at = full_at.entry(caller).or_insert(now);
        let after = (*at).max(now) + each;
        let retry_after = after.saturating_duration_since(now + per);
        if !retry_after.is_zero() {
            return Err(RateExceeded {
                calls,
                per,
                retry_after,
            });
        }
        *at = after;
        Ok(())
    }

    fn full_at(&self) -> MutexGuard<'_, HashMap<Option<Principal>, Instant>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: McpService> McpService for RateLimited<S> {
    fn info(&self) -> &ServiceInfo {
        self.service.info()
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        if counts(&call.method)
            && let Err(exceeded) = self.buckets.take(context.principal(), Instant::now())
        {
            tracing::debug!(error = %exceeded, "a call is refused");
            return future::ready(refusal(&call, exceeded)).boxed();
        }
        self.service.call(call, context)
    }

    fn changes(&self) -> &ChangeHub {
        self.service.changes()
    }

    fn may_watch(&self, uri: &str, principal: Option<&Principal>) -> bool {
        self.service.may_watch(uri, principal)
    }

    fn concerning_session(
        &self,
        call: Call,
        context: Context,
    ) -> Option<BoxFuture<'static, Reply>> {
        self.service.concerning_session(call, context)
    }

    fn notified(
        &self,
        notification: &Notification,
        context: Context,
    ) -> Option<BoxFuture<'static, ()>> {
        self.service.notified(notification, context)
    }

    fn keep_tasks(&self, keeper: TaskKeeper) -> Option<Tasks> {
        self.service.keep_tasks(keeper)
    }

    fn session_ended(&self, session: &str) {
        self.service.session_ended(session);
    }
}

/// Whether a handler runs for it.
fn counts(method: &Method) -> bool {
    matches!(
        method,
        Method::ToolsCall | Method::ResourcesRead | Method::PromptsGet
    )
}

fn refusal(call: &Call, exceeded: RateExceeded) -> Reply {
    let wait = json!(seconds(&exceeded.retry_after));
    // T-LTASK-04: who asks for a task can read nothing else but one, or an error.
    let wants_task = call.version.era() == Era::Legacy && call.params.task.is_some();
    if call.method != Method::ToolsCall || wants_task {
        let error = ErrorObject::new(code::INTERNAL_ERROR, exceeded.to_string());
        return error.with_data(json!({ RETRY_AFTER: wait })).into();
    }
    let mut meta = Meta::default();
    meta.insert(RETRY_AFTER, wait);
    // T-ALL-23
    let result = CallToolResult::error(exceeded.to_string()).with_meta(meta);
    Answer::CallTool(result).into()
}

/// In whole seconds, upwards.
fn seconds(time: &Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use spanway_protocol::jsonrpc::{self, Incoming, Message};
    use spanway_protocol::{Limits, ProtocolVersion};

    use super::*;

    fn buckets(calls: u32, seconds: u64, callers_max: usize) -> Buckets {
        let limit = RateLimit::new(calls, Duration::from_secs(seconds));
        Buckets::new(limit, callers_max)
    }

    #[tokio::test(start_paused = true)]
    async fn calls_come_back_one_by_one_and_no_more_than_there_were() {
        let buckets = buckets(3, 60, 10);
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        for _ in 0..3 {
            buckets.take(None, now).unwrap();
        }
        let exceeded = buckets.take(None, now).unwrap_err();
        assert_eq!(exceeded.retry_after, Duration::from_secs(20));
        assert_eq!(
            exceeded.to_string(),
            "too many calls: 3 in 60s are allowed; try again in 20 s"
        );
        // A refused call costs nothing.
        assert_eq!(
            buckets.take(None, at(15)).unwrap_err().retry_after,
            Duration::from_secs(5)
        );
        buckets.take(None, at(20)).unwrap();
        buckets.take(None, at(20)).unwrap_err();
        // However long nobody calls.
        for _ in 0..3 {
            buckets.take(None, at(6000)).unwrap();
        }
        buckets.take(None, at(6000)).unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn each_principal_has_a_bucket_and_their_number_is_bounded() {
        let buckets = buckets(1, 10, 3);
        let now = Instant::now();
        let [ann, bob, eve] = ["ann", "bob", "eve"].map(Principal::new);
        for caller in [None, Some(&ann), Some(&bob)] {
            buckets.take(caller, now).unwrap();
            buckets.take(caller, now).unwrap_err();
        }
        let exceeded = buckets.take(Some(&eve), now).unwrap_err();
        assert_eq!(exceeded.retry_after, Duration::from_secs(10));
        let later = now + exceeded.retry_after;
        buckets.take(Some(&eve), later).unwrap();
        assert_eq!(buckets.full_at().len(), 1);
    }

    #[test]
    fn what_cannot_be_a_result_of_a_tool_is_an_error_that_says_the_same() {
        let exceeded = RateExceeded {
            calls: 1,
            per: Duration::from_secs(60),
            retry_after: Duration::from_millis(1500),
        };
        let call = |method: &str, params: &str, version| {
            let request =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
            let parsed = jsonrpc::parse(&request.into(), &Limits::default()).unwrap();
            let Incoming::Single(Message::Request(request)) = parsed else {
                panic!("not a request")
            };
            Call::new(request.id, request.method, request.params, version)
        };
        let tool = |params| call("tools/call", params, ProtocolVersion::V2025_11_25);
        for (call, is_error) in [
            (tool(r#"{"name": "a"}"#), false),
            (tool(r#"{"name": "a", "task": {}}"#), true),
            (
                call(
                    "resources/read",
                    r#"{"uri": "a:b"}"#,
                    ProtocolVersion::V2026_07_28,
                ),
                true,
            ),
            // Of 2026-07-28 on a `task` means nothing.
            (
                call(
                    "tools/call",
                    r#"{"task": {}}"#,
                    ProtocolVersion::V2026_07_28,
                ),
                false,
            ),
        ] {
            match refusal(&call, exceeded) {
                Reply::Error(error) if is_error => {
                    let data = error.data.unwrap();
                    assert_eq!(data["spanway/retryAfter"], 2);
                }
                Reply::Answer(Answer::CallTool(result)) if !is_error => assert!(result.is_error),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn no_limit_is_none_at_all() {
        assert_eq!(
            RateLimit::new(0, Duration::ZERO),
            RateLimit::new(1, Duration::from_millis(1))
        );
    }
}
