//! A Redis of our own on a free port of loopback, for servers that are to be nodes of one.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process::Server;
use crate::system;

const START_DEADLINE: Duration = Duration::from_secs(20);
const ATTEMPTS: usize = 5;

/// It keeps nothing on disk, and ends with this value.
pub(crate) struct Redis {
    _server: Server,
    /// What `--store` takes.
    pub(crate) url: String,
}

impl Redis {
    /// Starts one. A port that is free now may be taken in the next moment, so it tries more than one.
    pub(crate) fn start() -> Result<Self> {
        system::need_redis()?;
        let mut last = Self::try_start();
        for _ in 1..ATTEMPTS {
            if last.is_ok() {
                break;
            }
            last = Self::try_start();
        }
        last.context("redis-server does not start")
    }

    fn try_start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--port"]);
        let server = Server::start(command.arg(port.to_string()))?;
        server.says("its readiness", START_DEADLINE, |line| {
            line.contains("Ready to accept connections").then_some(())
        })?;
        Ok(Self {
            _server: server,
            url: format!("redis://127.0.0.1:{port}/0"),
        })
    }
}
