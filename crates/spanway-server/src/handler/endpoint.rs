//! A handler with its state bound and its type forgotten: one boxed future per call.

use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture, try_join_all};
use pin_project_lite::pin_project;
use spanway_protocol::{Rejection, Reply};

use super::{AnyCall, ExtractError, Failure, Handler, Signature};
use crate::context::Context;
use crate::input::{Declared, InputError};

/// Runs calls of kind `C`; `K` turns what the handler returns into the reply.
pub(crate) trait Endpoint<C, K>: Send + Sync {
    fn run(&self, call: C, outcome: K) -> BoxFuture<'static, Reply>;

    /// Uses up the state of the call and sees to it that everything the handler declared is answered, without
    /// running it. `Err` is what to answer instead.
    fn prepare(&self, context: Context, outcome: K) -> BoxFuture<'static, Result<(), Reply>>;

    /// Whether the handler declares questions.
    fn asks(&self) -> bool;
}

/// What surrounds a handler: knows the feature it belongs to.
pub(crate) trait Outcome: Send + 'static {
    /// The name of the feature, for the log.
    fn feature(&self) -> &str;

    /// The answer when a parameter cannot be had from the call.
    fn refuse(&self, error: ExtractError) -> Reply;

    /// The answer when the handler failed.
    fn fail(&self, failure: Failure) -> Reply;
}

/// Turns what a handler returned into the reply.
pub(crate) trait Finish<O>: Outcome {
    fn finish(&self, output: O) -> Reply;
}

/// A handler that waits for its state.
pub(crate) type Bind<S, C, K> = Box<dyn FnOnce(S) -> Box<dyn Endpoint<C, K>> + Send>;

/// The same handler where another state is given, since it has its own.
pub(crate) fn rebind<S: Send + 'static, T, C: 'static, K: 'static>(
    bind: Bind<S, C, K>,
    state: S,
) -> Bind<T, C, K> {
    Box::new(move |_| bind(state))
}

/// A handler and its state.
pub(crate) struct Bound<H, S, M> {
    /// Only calls that ask before the handler runs share it: threads contend for a count of references.
    own: Arc<Own<H, S>>,
    parameters: PhantomData<fn() -> M>,
}

struct Own<H, S> {
    handler: H,
    state: S,
    /// What is asked before the handler runs.
    questions: Vec<Declared>,
}

impl<H, S: Send + Sync + 'static, M: 'static> Bound<H, S, M> {
    /// Forgets the type of `handler`, except that it wants an `S`.
    pub(crate) fn later<C: AnyCall + 'static, K>(handler: H) -> Bind<S, C, K>
    where
        H: Handler<C, M, S>,
        K: Finish<H::Output>,
    {
        Box::new(move |state| {
            let questions = Signature::of::<C, M, S, H>().questions;
            let own = Own {
                handler,
                state,
                questions,
            };
            Box::new(Self {
                own: Arc::new(own),
                parameters: PhantomData,
            })
        })
    }
}

impl<H, S, M, C, K> Endpoint<C, K> for Bound<H, S, M>
where
    H: Handler<C, M, S>,
    S: Send + Sync + 'static,
    M: 'static,
    C: AnyCall + 'static,
    K: Finish<H::Output>,
{
    fn run(&self, call: C, outcome: K) -> BoxFuture<'static, Reply> {
        let context = call.context().clone();
        if !self.own.questions.is_empty() || context.is_unspent() {
            let asking = context.clone();
            let own = self.own.clone();
            let work = async move {
                own.prepared(asking).await?;
                let started = own.handler.call(call, &own.state);
                Ok(started.map_err(Unrun::Refused)?.await)
            };
            let then = |outcome: &K, done: Result<_, Unrun>| match done {
                Ok(output) => outcome.finish(output),
                Err(why) => why.into_reply(outcome),
            };
            return Supervised::boxed(work, context, outcome, then, |reply| reply);
        }
        match self.own.handler.call(call, &self.own.state) {
            Ok(future) => {
                let then = |outcome: &K, output| outcome.finish(output);
                Supervised::boxed(future, context, outcome, then, |reply| reply)
            }
            Err(error) => future::ready(outcome.refuse(error)).boxed(),
        }
    }

    fn prepare(&self, context: Context, outcome: K) -> BoxFuture<'static, Result<(), Reply>> {
        let asking = context.clone();
        let own = self.own.clone();
        let work = async move { own.prepared(asking).await };
        let then =
            |outcome: &K, done: Result<(), Unrun>| done.map_err(|why| why.into_reply(outcome));
        Supervised::boxed(work, context, outcome, then, Err)
    }

    fn asks(&self) -> bool {
        !self.own.questions.is_empty()
    }
}

/// Why a handler did not run.
enum Unrun {
    Failed(Failure),
    Refused(ExtractError),
}

impl Unrun {
    fn into_reply(self, outcome: &impl Outcome) -> Reply {
        match self {
            Self::Failed(failure) => outcome.fail(failure),
            Self::Refused(error) => outcome.refuse(error),
        }
    }
}

impl<H, S> Own<H, S> {
    /// Uses up the state of the call, then asks everything that is declared, at once.
    async fn prepared(&self, context: Context) -> Result<(), Unrun> {
        let spent = context.spend().await;
        spent.map_err(|refused| Unrun::Failed(Failure::Rejected(refused)))?;
        let asked = self.questions.iter();
        let answered = try_join_all(asked.map(|question| (question.ask)(context.clone())));
        let answered = answered.await.map(drop).map_err(InputError::into_failure);
        answered.map_err(Unrun::Failed)
    }
}

pin_project! {
    /// Runs `work` until it is done, panics, or waits for what a modern client has to be asked for; then it is
    /// dropped, and the interim answer takes its place (T-MRTR-02).
    struct Supervised<F, K, D, T> {
        #[pin]
        work: Option<F>,
        context: Context,
        outcome: K,
        then: D,
        // What becomes of a reply that takes the place of the work.
        instead: fn(Reply) -> T,
    }
}

impl<F, K, D, T> Supervised<F, K, D, T>
where
    F: Future + Send + 'static,
    K: Outcome,
    D: Fn(&K, F::Output) -> T + Send + 'static,
    T: 'static,
{
    fn boxed(
        work: F,
        context: Context,
        outcome: K,
        then: D,
        instead: fn(Reply) -> T,
    ) -> BoxFuture<'static, T> {
        Box::pin(Self {
            work: Some(work),
            context,
            outcome,
            then,
            instead,
        })
    }
}

impl<F, K, D, T> Future for Supervised<F, K, D, T>
where
    F: Future,
    K: Outcome,
    D: Fn(&K, F::Output) -> T,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<T> {
        let mut this = self.project();
        let step = || {
            let Some(work) = this.work.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let output = ready!(work.poll(cx));
            this.work.set(None);
            Poll::Ready((this.then)(this.outcome, output))
        };
        let ended = match panic::catch_unwind(AssertUnwindSafe(step)) {
            Ok(Poll::Ready(done)) => done,
            Ok(Poll::Pending) => match this.context.interim() {
                Some(reply) => (this.instead)(reply),
                None => return Poll::Pending,
            },
            Err(_) => {
                // What it panicked with may hold contents: the panic hook decides whether to show that.
                let feature = this.outcome.feature();
                tracing::error!(feature, "handler panicked");
                (this.instead)(Rejection::Internal.into())
            }
        };
        this.work.set(None);
        Poll::Ready(ended)
    }
}
