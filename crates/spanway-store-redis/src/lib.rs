//! Sessions, stream logs and tasks in Redis 7 or Valkey, shared by any number of nodes, and the bus between
//! them.
//!
//! [`connect`] gives all of it as [`Stores`](spanway_store::Stores). Nodes that connect to the same database
//! with the same prefix are one server.
//!
//! ```no_run
//! # async fn open() -> Result<(), spanway_store_redis::ConnectError> {
//! # use std::time::Duration;
//! # use spanway_protocol::Limits;
//! let ttl = Duration::from_secs(3600);
//! let stores = spanway_store_redis::connect("redis://127.0.0.1/0", ttl, &Limits::default()).await?;
//! # drop(stores);
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//! - What an operation did is in Redis when its future is ready, on every node. How safe it is there is a
//!   setting of Redis. Without `appendonly yes` a restart of Redis loses what it had not saved, mostly all.
//!   With it, and `appendfsync everysec`, which is the default, a Redis that is killed or loses power loses
//!   what it acknowledged in the last second or two. With `appendfsync always` it loses nothing. A replica
//!   that takes over lacks what had not reached it.
//! - While Redis is away, operations fail with
//!   [`StoreError::Unavailable`](spanway_store::StoreError::Unavailable) within about two seconds. Appends to
//!   logs are tried again for half a minute, and never kept twice. When Redis is back, everything goes on.
//! - A node that stopped counts as dead after about three seconds. After Redis was away, nobody is taken for
//!   dead for a few seconds, so that all nodes have time to come back.
//! - Clocks of the nodes have to agree within a few seconds: what expires does so by the clock of the node
//!   that looks. A session that is used often is written once a second, and may expire that much early.
//! - A stream of which Redis lost a part goes on where its writer is; resuming before that place is refused.
//!
//! # What Redis needs
//! No module and no configuration. `maxmemory-policy` should be `noeviction`: anything else may drop sessions
//! that are in use. A user of its own needs `~PREFIX* &PREFIX* +@all -@dangerous -@admin` at most. The keys of a
//! session share a slot, so a Redis Cluster works behind a proxy; this crate itself talks to one server.

mod address;
mod bus;
mod census;
mod error;
mod keeper;
mod keys;
mod lease;
mod ledger;
mod link;
mod log;
mod node;
mod nonce;
mod scripts;
mod session;
mod subscriber;
mod task;

pub use error::ConnectError;
pub use node::connect;
