//! Accepts connections and serves them until told to stop; then drains.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::stall::Impatient;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How connections are served.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServeOptions {
    /// Connections at once; further ones wait in the system's queue. Default 16 384.
    pub connections_max: usize,
    /// How long a client may take to send a request's head, and how long a connection may be idle. On
    /// HTTP/2, how long a connection may be silent before it is asked for a sign of life. Default 30 s.
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
    let builder = both_versions(&options);
    let graceful = GracefulShutdown::new();
    let stopping = CancellationToken::new();
    let room = Arc::new(Semaphore::new(options.connections_max));
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
        let stream = Impatient::new(stream, options.stall_timeout);
        let heard = Arc::new(AtomicBool::new(false));
        let connection = {
            let (app, heard) = (app.clone(), heard.clone());
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                heard.store(true, Ordering::Relaxed);
                app.answer(request)
            });
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // Boxed, since a future keeps room for each place that a large one was moved from.
            Box::pin(graceful.watch(connection.into_owned()))
        };
        let (stopping, head_timeout) = (stopping.clone(), options.head_timeout);
        connections.spawn(async move {
            run(connection, &heard, head_timeout, &stopping).await;
            drop(permit);
        });
    }
    drop(listener);
    stopping.cancel();
    Ok(drain(&app, graceful, connections, options.drain_deadline).await)
}

/// HTTP/1.1 and HTTP/2 on the same port.
fn both_versions(options: &ServeOptions) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(options.head_timeout)
        .max_concurrent_streams(256);
    builder
}

/// Runs a connection to its end. One that has not sent a request when the time for its head is up, or when
/// the server stops, is cut: until the HTTP version is known no timer of the connection's own runs, and the
/// drain would wait for the rest of a head.
async fn run(
    mut connection: Pin<Box<impl Future<Output = Result<(), BoxError>>>>,
    heard: &AtomicBool,
    head_timeout: Duration,
    stopping: &CancellationToken,
) {
    let mut given_up = pin!(async {
        tokio::select! {
            () = tokio::time::sleep(head_timeout) => {}
            () = stopping.cancelled() => {}
        }
    });
    let ended = poll_fn(|cx| match connection.as_mut().poll(cx) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        // Its own timers run from now on.
        Poll::Pending if heard.load(Ordering::Relaxed) => Poll::Pending,
        Poll::Pending => given_up.as_mut().poll(cx).map(|()| None),
    });
    let Some(ended) = ended.await else {
        tracing::debug!("a connection without a request was cut");
        return;
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
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

async fn drain(
    app: &App,
    graceful: GracefulShutdown,
    mut connections: JoinSet<()>,
    deadline: Duration,
) -> Drained {
    let endpoint = app.endpoint();
    endpoint.start_drain();
    let calls = async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
        endpoint.finish_detached(deadline).await
    };
    // Tasks are stopped a little earlier, so that who waits for one still gets an answer.
    let finish = async { tokio::join!(calls, endpoint.finish_tasks(deadline / 10 * 9)) };
    match tokio::time::timeout(deadline, finish).await {
        Ok((true, true)) => Drained::Complete,
        Ok(_) | Err(_) => Drained::DeadlinePassed,
    }
}
