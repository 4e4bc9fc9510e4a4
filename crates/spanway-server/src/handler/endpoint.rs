//! A handler with its state bound and its type forgotten: one boxed future per call.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use spanway_protocol::{Rejection, Reply};

use super::{ExtractError, Handler};

/// Runs calls of kind `C`; `K` turns what the handler returns into the reply.
pub(crate) trait Endpoint<C, K>: Send + Sync {
    fn run(&self, call: C, outcome: K) -> BoxFuture<'static, Reply>;
}

/// What surrounds a handler: knows the feature it belongs to.
pub(crate) trait Outcome: Clone + Send + 'static {
    /// The name of the feature, for the log.
    fn feature(&self) -> &str;

    /// The answer when a parameter cannot be had from the call.
    fn refuse(self, error: ExtractError) -> Reply;
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
    parameters: PhantomData<fn() -> M>,
}

impl<H, S: Send + Sync + 'static, M: 'static> Bound<H, S, M> {
    /// Forgets the type of `handler`, except that it wants an `S`.
    pub(crate) fn later<C: 'static, K>(handler: H) -> Bind<S, C, K>
    where
        H: Handler<C, M, S>,
        K: Finish<H::Output>,
    {
        Box::new(move |state| {
            Arc::new(Self {
                handler,
                state,
                parameters: PhantomData,
            })
        })
    }
}

impl<H, S, M, C, K> Endpoint<C, K> for Bound<H, S, M>
where
    H: Handler<C, M, S>,
    S: Send + Sync,
    K: Finish<H::Output>,
{
    fn run(&self, call: C, outcome: K) -> BoxFuture<'static, Reply> {
        let future = match self.handler.call(call, &self.state) {
            Ok(future) => future,
            Err(error) => return future::ready(outcome.refuse(error)).boxed(),
        };
        Box::pin(async move {
            let after = outcome.clone();
            let work = AssertUnwindSafe(async move { after.finish(future.await) });
            work.catch_unwind().await.unwrap_or_else(|_| {
                // What it panicked with may hold contents: the panic hook decides whether to show that.
                tracing::error!(feature = outcome.feature(), "handler panicked");
                Rejection::Internal.into()
            })
        })
    }
}
