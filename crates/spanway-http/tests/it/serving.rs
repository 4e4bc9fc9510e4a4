//! A server on a real socket, for as long as a test lives.

use std::net::SocketAddr;
use std::time::Duration;

use spanway_http::{App, Drained, ServeOptions, StreamableHttp, serve};
use spanway_testkit::Socket;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Serves on a port of the system's choice. Dropping it ends everything at once.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) endpoint: StreamableHttp,
    stop: oneshot::Sender<()>,
    server: JoinSet<std::io::Result<Drained>>,
}

impl Serving {
    pub(crate) async fn start(endpoint: StreamableHttp) -> Self {
        Self::with(endpoint, |_| {}).await
    }

    pub(crate) async fn with(
        endpoint: StreamableHttp,
        set: impl FnOnce(&mut ServeOptions),
    ) -> Self {
        let mut options = ServeOptions::default();
        set(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let app = App::new(endpoint.clone(), "/mcp");
        let mut server = JoinSet::new();
        server.spawn(serve(listener, app, options, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            endpoint,
            stop,
            server,
        }
    }

    pub(crate) async fn connect(&self) -> Socket {
        Socket::connect(self.address).await
    }

    /// Tells it to stop; [`Stopping::end`] waits until it has.
    pub(crate) fn stop(self) -> Stopping {
        let _ = self.stop.send(());
        Stopping {
            address: self.address,
            server: self.server,
        }
    }
}

/// A server that drains.
pub(crate) struct Stopping {
    pub(crate) address: SocketAddr,
    server: JoinSet<std::io::Result<Drained>>,
}

impl Stopping {
    pub(crate) async fn end(mut self) -> Drained {
        let ended = tokio::time::timeout(Duration::from_secs(20), self.server.join_next());
        let ended = ended.await.expect("the drain ends").expect("a server");
        ended.expect("no panic").expect("no error")
    }
}
