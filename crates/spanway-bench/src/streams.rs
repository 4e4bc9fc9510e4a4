//! What an open GET stream costs a server that is a process of its own, its session and connection included, beside
//! an idle connection to bare hyper: from the memory that is resident (Linux).

use anyhow::Context as _;

use crate::asking::Asking;
use crate::http1::Connection;
use crate::process::Server;

/// Opened before, so that what is made once is there.
const FIRST: usize = 200;

/// Prints the table.
pub(crate) async fn run(count: usize) -> anyhow::Result<()> {
    println!("| {count} open | bytes each | beyond bare hyper |\n|---|---:|---:|");
    let mut bare = None;
    for (name, subject, listen) in [
        (
            "bare hyper, idle connections that made one call",
            "floor",
            false,
        ),
        (
            "Spanway, idle connections that made one call",
            "memory",
            false,
        ),
        (
            "Spanway, GET streams, each of a session and on a connection of its own",
            "memory",
            true,
        ),
    ] {
        let bytes = each(&Server::start(&[subject])?, count, listen).await?;
        let beyond = bytes - *bare.get_or_insert(bytes);
        println!("| {name} | {bytes:.0} | {beyond:.0} |");
    }
    Ok(())
}

async fn each(server: &Server, count: usize, listen: bool) -> anyhow::Result<f64> {
    let request = Asking::MODERN.request(server.address, None);
    let mut open = Vec::with_capacity(FIRST + count);
    let mut before = 0.0;
    for number in 0..FIRST + count {
        if number == FIRST {
            before = server.resident_bytes()?;
        }
        let mut connection = Connection::open(server.address).await?;
        if listen {
            let session = connection.initialize().await?.context("no session")?;
            connection.listen(&session).await?;
        } else {
            connection.call(&request).await?;
        }
        open.push(connection);
    }
    Ok((server.resident_bytes()? - before) / count as f64)
}
