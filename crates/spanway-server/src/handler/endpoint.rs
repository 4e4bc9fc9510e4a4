//! A handler with its state bound and its type forgotten: one boxed future per call.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture, try_join_all};
use spanway_protocol::{Rejection, Reply};

use super::{AnyCall, ExtractError, Failure, Handler, Signature};
use crate::context::Context;
use crate::input::{Declared, InputError};

/// Runs calls of kind `C`; `K` turns what the handler returns into the reply.
pub(crate) trait Endpoint<C, K>: Send + Sync {
    fn run(self: Arc<Self>, call: C, outcome: K) -> BoxFuture<'static, Reply>;

    /// Uses up the state of the call and sees to it that everything the handler declared is answered, without
    /// running it. `Err` is what to answer instead.
    fn prepare(
        self: Arc<Self>,
        context: Context,
        outcome: K,
    ) -> BoxFuture<'static, Result<(), Reply>>;

    /// Whether the handler declares questions.
    fn asks(&self) -> bool;
}

/// What surrounds a handler: knows the feature it belongs to.
pub(crate) trait Outcome: Clone + Send + 'static {
    /// The name of the feature, for the log.
    fn feature(&self) -> &str;

    /// The answer when a parameter cannot be had from the call.
    fn refuse(self, error: ExtractError) -> Reply;

    /// The answer when the handler failed.
    fn fail(self, failure: Failure) -> Reply;
}

/// Turns what a handler returned into the reply.
pub(crate) trait Finish<O>: Outcome {
    fn finish(self, output: O) -> Reply;
}

/// A handler that waits for its state.
pub(crate) type Bind<S, C, K> = Box<dyn FnOnce(S) -> Arc<dyn Endpoint<C, K>> + Send>;

/// The same handler where another state is given, since it has its own.
pub(crate) fn rebind<S: Send + 'static, T, C: 'static, K: 'static>(
    bind: Bind<S, C, K>,
    state: S,
) -> Bind<T, C, K> {
    Box::new(move |_| bind(state))
}

/// A handler and its state.
pub(crate) struct Bound<H, S, M> {
    handler: H,
    state: S,
    /// What is asked before the handler runs.
    questions: Vec<Declared>,
    parameters: PhantomData<fn() -> M>,
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
            Arc::new(Self {
                handler,
                state,
                questions,
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
    fn run(self: Arc<Self>, call: C, outcome: K) -> BoxFuture<'static, Reply> {
        let context = call.context().clone();
        if !self.questions.is_empty() || context.is_unspent() {
            return Box::pin(self.run_prepared(call, outcome, context));
        }
        let future = match self.handler.call(call, &self.state) {
            Ok(future) => future,
            Err(error) => return future::ready(outcome.refuse(error)).boxed(),
        };
        let after = outcome.clone();
        let work = async move { after.finish(future.await) };
        Box::pin(supervise(work, outcome, context).map(either))
    }

    fn prepare(
        self: Arc<Self>,
        context: Context,
        outcome: K,
    ) -> BoxFuture<'static, Result<(), Reply>> {
        let (after, asking) = (outcome.clone(), context.clone());
        let work = async move {
            asking.spend().await?;
            self.ask(asking).await.map_err(|why| after.fail(why))
        };
        Box::pin(supervise(work, outcome, context).map(|done| done.and_then(|asked| asked)))
    }

    fn asks(&self) -> bool {
        !self.questions.is_empty()
    }
}

impl<H, S, M> Bound<H, S, M> {
    /// Asks everything that is declared, at once.
    async fn ask(&self, context: Context) -> Result<(), Failure> {
        let asked = self.questions.iter();
        let answered = try_join_all(asked.map(|question| (question.ask)(context.clone())));
        answered.await.map(drop).map_err(InputError::into_failure)
    }

    /// Runs the handler once the state of the call is used up and everything declared is answered.
    async fn run_prepared<C, K>(self: Arc<Self>, call: C, outcome: K, context: Context) -> Reply
    where
        H: Handler<C, M, S>,
        S: Send + Sync,
        C: AnyCall,
        K: Finish<H::Output>,
    {
        if let Err(refused) = context.spend().await {
            return refused.into();
        }
        let (after, asking) = (outcome.clone(), context.clone());
        let work = async move {
            if let Err(failure) = self.ask(asking).await {
                return after.fail(failure);
            }
            match self.handler.call(call, &self.state) {
                Ok(future) => after.finish(future.await),
                Err(error) => after.refuse(error),
            }
        };
        either(supervise(work, outcome, context).await)
    }
}

/// Runs `work` until it is done, panics, or waits for what a modern client has to be asked for; then it is
/// dropped, and the interim answer takes its place (T-MRTR-02).
async fn supervise<T, K: Outcome>(
    work: impl Future<Output = T>,
    outcome: K,
    context: Context,
) -> Result<T, Reply> {
    let mut work = pin!(AssertUnwindSafe(work).catch_unwind());
    let done = poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(caught) => Poll::Ready(Ok(caught)),
        Poll::Pending => context
            .interim()
            .map_or(Poll::Pending, |reply| Poll::Ready(Err(reply))),
    });
    let caught = done.await?;
    caught.map_err(|_| {
        // What it panicked with may hold contents: the panic hook decides whether to show that.
        tracing::error!(feature = outcome.feature(), "handler panicked");
        Rejection::Internal.into()
    })
}

/// The reply, whether the work gave it or what took its place.
fn either(done: Result<Reply, Reply>) -> Reply {
    done.unwrap_or_else(|reply| reply)
}
