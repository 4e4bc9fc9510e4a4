//! The load on one server: connections that call at their own pace or at a fixed rate, and how long answers take.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;

use crate::asking::{Asking, Flow, Wire};
use crate::http1::Connection;
use crate::http2;
use crate::process::cpu_seconds;

/// The runtime's timer is no finer; the rest of a wait is spent asking for the time.
const TIMER: Duration = Duration::from_millis(2);

/// What a load measured. Latencies are in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) calls: usize,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    /// What the server spent for each call, where its process was named.
    pub(crate) cpu_micros: f64,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            calls,
            p50,
            p99,
            p999,
            cpu_micros,
        } = self;
        write!(f, "{calls} {p50} {p99} {p999} {cpu_micros}")
    }
}

impl FromStr for Load {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [calls, p50, p99, p999, cpu_micros] = fields[..] else {
            bail!("the load failed")
        };
        Ok(Self {
            calls: calls.parse()?,
            p50: p50.parse()?,
            p99: p99.parse()?,
            p999: p999.parse()?,
            cpu_micros: cpu_micros.parse()?,
        })
    }
}

/// When a connection's calls begin.
#[derive(Debug, Clone, Copy)]
struct Pace {
    until: Instant,
    /// Of the first call, and between two of them; none if each waits for the answer of the last.
    due: Option<(Instant, Duration)>,
}

/// Loads a server for a time. Every answer is checked; a wrong one ends the run.
pub(crate) async fn run(
    address: SocketAddr,
    asking: Asking,
    seconds: f64,
    process: Option<u32>,
) -> anyhow::Result<Load> {
    let idle = idle_streams(address, asking.idle_streams).await?;
    let mut ready = Vec::new();
    for _ in 0..asking.connections {
        ready.push(prepare(address, asking).await?);
    }
    // What was made ready is not counted.
    let spent = || process.map_or(Ok(0.0), cpu_seconds);
    let before = spent()?;
    let begin = Instant::now();
    let until = begin + Duration::from_secs_f64(seconds);
    let mut tasks = JoinSet::new();
    let mut awake = JoinSet::new();
    awake.spawn(stay_awake());
    for (number, (connection, request)) in (0..asking.connections).zip(ready) {
        let pace = Pace {
            until,
            due: due(&asking, begin, number),
        };
        match asking.flow {
            Flow::Calls => tasks.spawn(calls(connection, request, pace)),
            Flow::Sessions => tasks.spawn(sessions(connection, asking, pace)),
            Flow::Http2 => tasks.spawn(http2::connection(address, asking, until)),
        };
    }
    let mut micros = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        micros.extend(outcome??);
    }
    let spent = spent()? - before;
    drop((idle, awake));
    micros.sort_unstable();
    Ok(Load {
        calls: micros.len(),
        p50: percentile(&micros, 50.0),
        p99: percentile(&micros, 99.0),
        p999: percentile(&micros, 99.9),
        cpu_micros: spent * 1e6 / micros.len() as f64,
    })
}

/// Keeps this process from sleeping: whoever writes to a sleeping process pays for waking it, so that a server
/// would seem the dearer the longer its client waits.
async fn stay_awake() {
    loop {
        tokio::task::yield_now().await;
    }
}

/// The value below which so many of a hundred are.
pub(crate) fn percentile(sorted: &[u64], percent: f64) -> u64 {
    let index = (sorted.len() as f64 * percent / 100.0) as usize;
    sorted.get(index).copied().unwrap_or_default()
}

/// At a fixed rate connections take turns.
fn due(asking: &Asking, begin: Instant, number: u32) -> Option<(Instant, Duration)> {
    (asking.rate > 0).then(|| {
        let apart = Duration::from_secs(1) / asking.rate;
        (begin + apart * number, apart * asking.connections)
    })
}

async fn prepare(address: SocketAddr, asking: Asking) -> anyhow::Result<(Connection, Vec<u8>)> {
    let mut connection = Connection::open(address).await?;
    let session = match (asking.wire, asking.flow) {
        (Wire::Legacy, Flow::Calls) => connection.initialize().await?,
        _ => None,
    };
    let request = asking.request(address, session.as_deref());
    Ok((connection, request))
}

async fn calls(
    mut connection: Connection,
    request: Vec<u8>,
    mut pace: Pace,
) -> anyhow::Result<Vec<u64>> {
    let mut micros = Vec::new();
    while let Some(intended) = pace.next().await {
        connection.call(&request).await?;
        // From when the call was to begin: what waited behind a slow answer counts as slow too.
        micros.push(u64::try_from(intended.elapsed().as_micros())?);
    }
    Ok(micros)
}

/// Four requests each: `initialize`, `initialized`, a call, DELETE.
async fn sessions(
    mut connection: Connection,
    asking: Asking,
    mut pace: Pace,
) -> anyhow::Result<Vec<u64>> {
    let mut micros = Vec::new();
    while let Some(intended) = pace.next().await {
        let session = connection.initialize().await?.context("no session")?;
        connection
            .call(&asking.request(connection.address, Some(&session)))
            .await?;
        connection.delete(&session).await?;
        micros.push(u64::try_from(intended.elapsed().as_micros())?);
    }
    Ok(micros)
}

async fn idle_streams(address: SocketAddr, count: usize) -> anyhow::Result<Vec<Connection>> {
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        let mut connection = Connection::open(address).await?;
        let session = connection.initialize().await?.context("no session")?;
        connection.listen(&session).await?;
        streams.push(connection);
    }
    Ok(streams)
}

impl Pace {
    /// Waits for the time of the next call and gives it; none when the load is over.
    async fn next(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let Some((intended, apart)) = self.due else {
            return (now < self.until).then_some(now);
        };
        if intended >= self.until {
            return None;
        }
        if let Some(wait) = intended.saturating_duration_since(now).checked_sub(TIMER) {
            tokio::time::sleep(wait).await;
        }
        while Instant::now() < intended {
            tokio::task::yield_now().await;
        }
        self.due = Some((intended + apart, apart));
        Some(intended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_late_call_counts_from_when_it_was_to_begin() {
        let begin = Instant::now() - Duration::from_secs(10);
        let asking = Asking {
            connections: 2,
            rate: 1,
            ..Asking::MODERN
        };
        let mut pace = Pace {
            until: begin + Duration::from_secs(5),
            due: due(&asking, begin, 1),
        };
        // The second of two connections, a call a second in turns.
        assert_eq!(pace.next().await, Some(begin + Duration::from_secs(1)));
        assert_eq!(pace.next().await, Some(begin + Duration::from_secs(3)));
        assert_eq!(pace.next().await, None);
    }

    #[test]
    fn what_a_load_prints_can_be_read() {
        let load: Load = "7 1 2 3 4.5".parse().unwrap();
        assert_eq!(load.to_string(), "7 1 2 3 4.5");
    }
}
