//! One change told to many open streams: how long whoever publishes it is held up, and when the last listener has
//! read it. In process and on one thread; what the sockets below cost is not in it.

use std::time::Instant;

use anyhow::ensure;
use serde_json::json;
use spanway::StreamableHttp;
use spanway::protocol::Limits;
use spanway_testkit::{Client, EventStream};

use crate::servers;

/// Opens the streams, half of them of sessions and half of 2026-07-28, changes the list of tools and prints.
pub(crate) async fn run(listeners: usize) -> anyhow::Result<()> {
    let mut limits = Limits::default();
    limits.sessions_max = listeners;
    limits.listen_streams_max = listeners;
    let server = servers::echoing().dynamic().build()?;
    let endpoint = StreamableHttp::builder(server.clone()).limits(limits);
    let client = Client::new(endpoint.build());
    let mut streams = Vec::<EventStream>::with_capacity(listeners);
    for turn in 0..listeners {
        streams.push(match turn % 2 {
            0 => client.connect("2025-11-25").await.listen().open().await,
            _ => {
                let filter = json!({ "notifications": { "toolsListChanged": true } });
                client.modern("subscriptions/listen", filter).open().await
            }
        });
    }
    // What opens a stream is read before.
    for stream in &mut streams {
        while stream.try_next().is_some() {}
    }
    let begun = Instant::now();
    server.notify_tools_changed();
    let published = begun.elapsed();
    let mut told = 0;
    for stream in &mut streams {
        told += usize::from(stream.next_message().await.is_some());
    }
    let all = begun.elapsed();
    ensure!(told == listeners, "{told} of {listeners} were told");
    println!("{listeners} open streams: published in {published:?}, read by all after {all:?}");
    Ok(())
}
