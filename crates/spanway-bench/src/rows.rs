//! The rows of the comparison, as data: which server is asked in which way, and beside which floor.

use crate::asking::{Asking, Flow, Tool, Wire};
use crate::servers::Subject;

const FLOOR: &str = "bare hyper, the same bytes";
const ITEMS_SMALL: usize = 8 << 10;
const ITEMS_LARGE: usize = 1 << 20;
/// Open while others call.
const IDLE_STREAMS: usize = 1000;
/// Of a session that is opened, used once and ended.
const SESSION_REQUESTS: f64 = 4.0;

/// Rows with the same floor, which is the first of them.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    /// How peers are asked here, if they are.
    pub(crate) peers: Option<Asking>,
}

/// One server, asked in one way.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) who: Who,
    pub(crate) asking: Asking,
    /// Requests of the floor that are one call of this row.
    pub(crate) requests: f64,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// One of ours.
    Own(Subject),
    /// The peer with this number.
    Peer(usize),
}

/// All groups. `rate` is that of the open loop, in calls a second.
pub(crate) fn groups(connections: u32, rate: u32) -> Vec<Group> {
    let modern = Asking {
        connections,
        ..Asking::MODERN
    };
    let one = Asking {
        connections: 1,
        ..Asking::MODERN
    };
    vec![
        many_connections(modern),
        one_connection(one),
        fixed_rate(Asking { rate, ..modern }),
        sessions(modern),
        items(ITEMS_SMALL, "8 KB", 16),
        items(ITEMS_LARGE, "1 MB", 4),
        http2(),
    ]
}

fn many_connections(modern: Asking) -> Group {
    let legacy = legacy(modern);
    let idle = Asking {
        idle_streams: IDLE_STREAMS,
        ..modern
    };
    let rows = vec![
        row(FLOOR, Subject::Floor, modern),
        row("Spanway, 2026-07-28, JSON", Subject::Memory, modern),
        row(
            "Spanway, 2026-07-28, SSE with one progress message",
            Subject::Memory,
            progress(modern),
        ),
        row("Spanway, 2025-11-25 session, JSON", Subject::Memory, legacy),
        row(
            "Spanway, 2025-11-25 session, SSE with one progress message",
            Subject::Memory,
            progress(legacy),
        ),
        row(
            "Spanway, 2026-07-28, JSON, while 1 000 GET streams are open",
            Subject::Memory,
            idle,
        ),
        row(
            "Spanway, 2026-07-28, OpenAPI tool, an axum route in process",
            Subject::Routes,
            modern,
        ),
        row("Spanway, file store, session, JSON", Subject::File, legacy),
        row(
            "Spanway, file store, session, SSE with one progress message",
            Subject::File,
            progress(legacy),
        ),
        row("Spanway, Redis, session, JSON", Subject::Redis, legacy),
        row(
            "Spanway, Redis, session, SSE with one progress message",
            Subject::Redis,
            progress(legacy),
        ),
    ];
    Group {
        title: format!("tools/call, {} connections", modern.connections),
        rows,
        peers: Some(modern),
    }
}

fn one_connection(one: Asking) -> Group {
    Group {
        title: "tools/call, 1 connection".to_owned(),
        rows: vec![
            row(FLOOR, Subject::Floor, one),
            row("Spanway, 2026-07-28, JSON", Subject::Memory, one),
            row(
                "Spanway, 2026-07-28, SSE with one progress message",
                Subject::Memory,
                progress(one),
            ),
            row(
                "Spanway, 2025-11-25 session, JSON",
                Subject::Memory,
                legacy(one),
            ),
            row(
                "Spanway, 2025-11-25 session, SSE with one progress message",
                Subject::Memory,
                progress(legacy(one)),
            ),
        ],
        peers: Some(one),
    }
}

fn fixed_rate(modern: Asking) -> Group {
    Group {
        title: format!(
            "tools/call at a fixed rate of {} a second, latency from when each was to begin",
            modern.rate
        ),
        rows: vec![
            row(FLOOR, Subject::Floor, modern),
            row("Spanway, 2026-07-28, JSON", Subject::Memory, modern),
            row(
                "Spanway, 2025-11-25 session, JSON",
                Subject::Memory,
                legacy(modern),
            ),
            row(
                "Spanway, 2025-11-25 session, SSE with one progress message",
                Subject::Memory,
                progress(legacy(modern)),
            ),
        ],
        peers: None,
    }
}

/// The floor is one request, so a session may cost four of it.
fn sessions(modern: Asking) -> Group {
    let churn = Asking {
        flow: Flow::Sessions,
        ..legacy(modern)
    };
    let session = |name, subject| Row {
        requests: SESSION_REQUESTS,
        ..row(name, subject, churn)
    };
    Group {
        title: "sessions that come and go: initialize, initialized, one call, DELETE; the floor is four requests"
            .to_owned(),
        rows: vec![
            row("bare hyper, one request", Subject::Floor, modern),
            session("Spanway, 2025-11-25", Subject::Memory),
            session("Spanway, 2025-11-25, file store", Subject::File),
            session("Spanway, 2025-11-25, Redis", Subject::Redis),
        ],
        peers: None,
    }
}

fn items(bytes: usize, size: &str, connections: u32) -> Group {
    let asking = Asking {
        tool: Tool::EchoWithItems,
        bytes,
        connections,
        ..Asking::MODERN
    };
    Group {
        title: format!("tools/call with {size} of arguments, {connections} connections"),
        rows: vec![
            row(FLOOR, Subject::Floor, asking),
            row("Spanway, 2026-07-28, JSON", Subject::Memory, asking),
            row(
                "Spanway, 2025-11-25 session, JSON",
                Subject::Memory,
                legacy(asking),
            ),
        ],
        peers: None,
    }
}

fn http2() -> Group {
    let asking = Asking {
        flow: Flow::Http2,
        connections: 8,
        ..Asking::MODERN
    };
    Group {
        title: "tools/call over HTTP/2 without TLS, 8 connections with 8 calls each at once"
            .to_owned(),
        rows: vec![
            row(FLOOR, Subject::FloorHttp2, asking),
            row("Spanway, 2026-07-28, JSON", Subject::Memory, asking),
        ],
        peers: None,
    }
}

fn legacy(asking: Asking) -> Asking {
    Asking {
        wire: Wire::Legacy,
        ..asking
    }
}

fn progress(asking: Asking) -> Asking {
    Asking {
        tool: Tool::EchoWithProgress,
        ..asking
    }
}

fn row(name: &str, subject: Subject, asking: Asking) -> Row {
    Row {
        name: name.to_owned(),
        who: Who::Own(subject),
        asking,
        requests: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::Value;

    use super::*;
    use crate::Cli;

    #[test]
    fn every_row_is_a_load_that_its_flags_say() {
        for row in groups(64, 8000).iter().flat_map(|group| &group.rows) {
            let flags = row.asking.flags();
            let load = ["bench", "load", "127.0.0.1:1"].map(str::to_owned);
            assert!(Cli::try_parse_from(load.into_iter().chain(flags)).is_ok());
            let body: Value = serde_json::from_str(&row.asking.body()).unwrap();
            assert_eq!(body["method"], "tools/call");
        }
    }
}
