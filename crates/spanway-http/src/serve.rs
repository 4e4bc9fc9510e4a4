//! Accepts connections and serves them until told to stop; then drains.

mod idle;

pub(crate) use idle::Traffic;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::{FutureExt, TryFutureExt, poll};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::stall::Impatient;
use idle::Idle;

/// How connections are served.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServeOptions {
    /// Connections at once; further ones wait in the system's queue. Default 16 384.
    pub connections_max: usize,
    /// How long a client may take until a request's whole head has come, after it connected or after the last
    /// answer was over; so also how long a connection may be idle. Then it is closed. On HTTP/2, how long a
    /// connection may be silent before it is asked for a sign of life. Default 30 s.
    pub head_timeout: Duration,
    /// How long a client may take nothing of what is written to it before its connection is cut.
    /// Default 60 s.
    pub stall_timeout: Duration,
    /// How long calls in flight may take to end after the stop. Default 10 s.
    pub drain_deadline: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            connections_max: 16_384,
            head_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
            drain_deadline: Duration::from_secs(10),
        }
    }
}

/// What was left when serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drained {
    /// Every call came to its end.
    Complete,
    /// The deadline passed first; what was still running was stopped.
    DeadlinePassed,
}

/// Serves `app` on HTTP/1.1 and HTTP/2 until `stop` is ready, then drains: no new connections or requests,
/// GET streams end, calls in flight get until the deadline.
///
/// # Errors
/// None for single connections; those are logged and dropped. Only what makes accepting impossible ends it.
pub async fn serve(
    listener: TcpListener,
    app: App,
    options: ServeOptions,
    stop: impl Future<Output = ()>,
) -> io::Result<Drained> {
    let room = Arc::new(Semaphore::new(options.connections_max));
    let host = Arc::new(Host::new(app, options));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            // Finished connections are collected as they end.
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, permit) = accepted?;
        // Without this a small answer in two pieces waits for a delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let served = host.clone().serve(stream);
        // Not awaited in a block, which would have room for it twice.
        connections.spawn(served.map(|()| drop(permit)));
    }
    drop(listener);
    Ok(host.drain(connections).await)
}

/// What every connection is served with.
struct Host {
    app: App,
    options: ServeOptions,
    stop: Stop,
    http1: http1::Builder,
    any: auto::Builder<TokioExecutor>,
}

/// What the first bytes of a connection tell of the version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Http1,
    /// It may be the preface of HTTP/2, or something of HTTP/1.1 that begins likewise.
    Either,
}

impl Speaks {
    /// Waits for the first bytes and leaves them where they are. Only one that may be either is worth reading them
    /// apart from the rest: hyper's buffer would grow for that, and stay so.
    async fn seen(stream: &TcpStream) -> io::Result<Self> {
        let mut first = [0; 2];
        let count = stream.peek(&mut first).await?;
        Ok(match first.get(..count) {
            Some(b"P" | b"PR") => Self::Either,
            _ => Self::Http1,
        })
    }
}

impl Host {
    fn new(app: App, options: ServeOptions) -> Self {
        let (mut http1, mut any) = (
            http1::Builder::new(),
            auto::Builder::new(TokioExecutor::new()),
        );
        // `Idle` does that with one timer a connection.
        http1.header_read_timeout(None);
        any.http1().header_read_timeout(None);
        any.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(options.head_timeout)
            .max_concurrent_streams(256);
        Self {
            app,
            options,
            stop: Stop::default(),
            http1,
            any,
        }
    }

    /// Serves one connection to its end.
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let since = Instant::now();
        match self.first(Speaks::seen(&stream)).await {
            Some(Ok(speaks)) => self.connection(stream, speaks, since).await,
            Some(Err(error)) => tracing::debug!(%error, "a connection ended early"),
            None => tracing::debug!("a connection without a request was closed"),
        }
    }

    /// What a connection begins with, unless the server stops before, or it takes too long.
    async fn first<T>(&self, seen: impl Future<Output = T>) -> Option<T> {
        let mut told = pin!(self.stop.wakes.notified());
        told.as_mut().enable();
        if self.stop.told.load(Ordering::Acquire) {
            return None;
        }
        tokio::select! {
            biased;
            () = told => None,
            seen = timeout(self.options.head_timeout, seen) => seen.ok(),
        }
    }

    /// Serves one connection, which was there since then, to its end.
    fn connection<S>(
        self: Arc<Self>,
        stream: S,
        speaks: Speaks,
        since: Instant,
    ) -> impl Future<Output = ()> + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let traffic = Arc::new(Traffic::default());
        let stream = Impatient::new(stream, self.options.stall_timeout, traffic.clone());
        let stream = TokioIo::new(stream);
        let (app, noted) = (self.app.clone(), traffic.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let in_flight = noted.begin(&request);
            app.answer(request)
                .map_ok(|response| in_flight.answered(response))
        });
        // Boxed, since a future keeps room for each place that a large one was moved from.
        match speaks {
            Speaks::Http1 => {
                let connection = Box::pin(self.http1.serve_connection(stream, service));
                self.run(connection, traffic, since).left_future()
            }
            Speaks::Either => {
                let connection = self.any.serve_connection(stream, service);
                let connection = Box::pin(connection.into_owned());
                self.run(connection, traffic, since).right_future()
            }
        }
    }

    /// Runs a connection to its end. One that is quiet is closed when its time is up, or when the server stops:
    /// hyper would wait for the rest of a head.
    async fn run<C>(
        self: Arc<Self>,
        mut connection: Pin<Box<C>>,
        traffic: Arc<Traffic>,
        since: Instant,
    ) where
        C: GracefulConnection,
        C::Error: std::fmt::Display,
    {
        let stop = &self.stop;
        let mut idle = pin!(Idle::new(self.options.head_timeout, since));
        let mut told = pin!(stop.wakes.notified());
        // From now on this task is woken by it, whoever polls.
        let _ = poll!(told.as_mut());
        let mut stopping = false;
        let ended = poll_fn(|cx| {
            if !stopping && stop.told.load(Ordering::Acquire) {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(Some(ended));
            }
            if stopping && traffic.is_quiet() {
                return Poll::Ready(None);
            }
            idle.as_mut().poll_over(cx, &traffic).map(|()| None)
        });
        match ended.await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(%error, "a connection ended early"),
            None => tracing::debug!("a connection without a request was closed"),
        }
    }

    /// Ends what is there, calls in flight once they are done or their time is up.
    async fn drain(&self, mut connections: JoinSet<()>) -> Drained {
        let (endpoint, deadline) = (self.app.endpoint(), self.options.drain_deadline);
        endpoint.start_drain();
        self.stop.tell();
        let calls = async {
            while connections.join_next().await.is_some() {}
            endpoint.finish_detached(deadline).await
        };
        // Tasks are stopped a little earlier, so that who waits for one still gets an answer.
        let finish = async { tokio::join!(calls, endpoint.finish_tasks(deadline / 10 * 9)) };
        match timeout(deadline, finish).await {
            Ok((true, true)) => Drained::Complete,
            Ok(_) | Err(_) => Drained::DeadlinePassed,
        }
    }
}

/// Tells the connections that the server stops. Whether it does is asked at every turn of each of them.
#[derive(Default)]
struct Stop {
    told: AtomicBool,
    wakes: Notify,
}

impl Stop {
    fn tell(&self) {
        self.told.store(true, Ordering::Release);
        self.wakes.notify_waiters();
    }
}

/// The next connection, once there is room for it. Running out of descriptors passes: try again.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = room
        .clone()
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Ok((stream, permit)),
            Err(error) if is_one_connections_fault(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted now; trying again");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_one_connections_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

#[cfg(test)]
mod tests;
