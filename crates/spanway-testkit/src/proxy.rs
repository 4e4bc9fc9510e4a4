//! A TCP proxy that breaks connections on purpose, at places that can be repeated.

mod fault;

pub use fault::{Fault, Place};

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::dice::Dice;
use fault::Scanner;

/// Says what happens to the next connection.
pub type Plan = Box<dyn FnMut(&mut Dice) -> Option<Fault> + Send>;

/// How long a stalled connection is held.
const HOLD: Duration = Duration::from_secs(120);
/// What the system keeps of a response that is not read: little, so that a stall reaches the server.
const WINDOW_BYTES: u32 = 32 * 1024;

/// A proxy on a free port. Each connection goes to one of the targets, by chance, and has its fault. Where no
/// target takes it, it waits for others. Dropping the proxy closes every connection.
pub struct FaultProxy {
    address: SocketAddr,
    targets: watch::Sender<Vec<SocketAddr>>,
    tally: Arc<Tally>,
    _accepting: JoinSet<()>,
}

#[derive(Default)]
struct Tally {
    connections: AtomicU64,
    faults: AtomicU64,
}

impl FaultProxy {
    /// Listens on loopback.
    pub async fn start(targets: Vec<SocketAddr>, dice: Dice, plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket");
        let (sender, receiver) = watch::channel(targets);
        let tally = Arc::<Tally>::default();
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, receiver, tally.clone(), dice, plan));
        Self {
            address,
            targets: sender,
            tally,
            _accepting: accepting,
        }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends further connections elsewhere.
    pub fn set_targets(&self, targets: Vec<SocketAddr>) {
        self.targets.send_replace(targets);
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.tally.connections.load(Ordering::Relaxed)
    }

    /// How many of them were cut or stalled.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.tally.faults.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn accept(
    listener: TcpListener,
    targets: watch::Receiver<Vec<SocketAddr>>,
    tally: Arc<Tally>,
    mut dice: Dice,
    mut plan: Plan,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let Ok((client, _)) = accepted else {
            continue;
        };
        tally.connections.fetch_add(1, Ordering::Relaxed);
        let fault = plan(&mut dice);
        connections.spawn(serve(
            client,
            targets.clone(),
            tally.clone(),
            dice.fork(),
            fault,
        ));
    }
}

async fn serve(
    client: TcpStream,
    targets: watch::Receiver<Vec<SocketAddr>>,
    tally: Arc<Tally>,
    dice: Dice,
    fault: Option<Fault>,
) {
    let Some(server) = reach(targets, dice, fault.is_some()).await else {
        return;
    };
    // Without this, small pieces wait for each other; where it cannot be set they do.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    if let Some(broken) = forward(client, server, fault).await {
        tally.faults.fetch_add(1, Ordering::Relaxed);
        broken.end().await;
    }
}

/// Connects to any target that listens.
async fn reach(
    mut targets: watch::Receiver<Vec<SocketAddr>>,
    mut dice: Dice,
    narrow: bool,
) -> Option<TcpStream> {
    loop {
        let mut all = targets.borrow_and_update().clone();
        dice.shuffle(&mut all);
        for target in all {
            let socket = TcpSocket::new_v4().ok()?;
            if narrow {
                socket.set_recv_buffer_size(WINDOW_BYTES).ok()?;
            }
            if let Ok(server) = socket.connect(target).await {
                return Some(server);
            }
        }
        targets.changed().await.ok()?;
    }
}

/// A connection at the place of its fault.
struct Broken {
    client: TcpStream,
    server: TcpStream,
    fault: Fault,
}

impl Broken {
    async fn end(self) {
        let Self {
            client,
            server,
            fault,
        } = self;
        match fault {
            Fault::Cut { reset: true, .. } => {
                // A system that cannot reset closes, which is as good.
                let _ = client.set_zero_linger();
            }
            Fault::Stall { .. } => tokio::time::sleep(HOLD).await,
            Fault::Cut { .. } | Fault::Slow { .. } => {}
        }
        drop((client, server));
    }
}

/// Forwards both ways until one side ends, or up to the fault.
async fn forward(
    mut client: TcpStream,
    mut server: TcpStream,
    fault: Option<Fault>,
) -> Option<Broken> {
    let (from_client, mut to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let reached = tokio::select! {
        () = copy(from_client, &mut to_server) => false,
        reached = answer(from_server, &mut to_client, fault) => reached,
    };
    let fault = fault.filter(|_| reached)?;
    Some(Broken {
        client,
        server,
        fault,
    })
}

async fn copy(mut from: impl AsyncRead + Unpin, to: &mut (impl AsyncWrite + Unpin)) {
    // However it ends, it ends.
    let _ = tokio::io::copy(&mut from, to).await;
}

/// Forwards the response; true at the fault.
async fn answer(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    fault: Option<Fault>,
) -> bool {
    let mut scanner = match fault {
        Some(Fault::Cut { at, .. } | Fault::Stall { at }) => Some(Scanner::new(at)),
        _ => None,
    };
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let room = match fault {
            Some(Fault::Slow { bytes, pause }) => {
                tokio::time::sleep(pause).await;
                bytes.clamp(1, buffer.len())
            }
            _ => buffer.len(),
        };
        let Ok(count @ 1..) = from.read(&mut buffer[..room]).await else {
            return false;
        };
        let passed = scanner
            .as_mut()
            .map_or(count, |scanner| scanner.pass(&buffer[..count]));
        if to.write_all(&buffer[..passed]).await.is_err() {
            return false;
        }
        if passed < count {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn speaker(said: &'static [u8]) -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(said).await;
            }
        });
        (address, tasks)
    }

    async fn heard(proxy: &FaultProxy) -> Vec<u8> {
        let mut stream = TcpStream::connect(proxy.address()).await.expect("listens");
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        heard
    }

    #[tokio::test]
    async fn connections_are_cut_where_the_plan_says() {
        let (address, _tasks) = speaker(b"one\n\ntwo\n\n").await;
        let mut faults = vec![
            None,
            Some(Fault::Cut {
                at: Place::Event { event: 1, bytes: 2 },
                reset: false,
            }),
        ];
        let plan = Box::new(move |_: &mut Dice| faults.pop().flatten());
        let proxy = FaultProxy::start(vec![address], Dice::seeded(1), plan).await;
        assert_eq!(heard(&proxy).await, b"one\n\ntw");
        assert_eq!(heard(&proxy).await, b"one\n\ntwo\n\n");
        assert_eq!((proxy.connections(), proxy.faults()), (2, 1));
    }

    #[tokio::test]
    async fn a_connection_waits_for_a_target() {
        let (address, _tasks) = speaker(b"here").await;
        let proxy = FaultProxy::start(Vec::new(), Dice::seeded(1), Box::new(|_| None)).await;
        let (heard, ()) = tokio::join!(heard(&proxy), async {
            tokio::task::yield_now().await;
            proxy.set_targets(vec![address]);
        });
        assert_eq!(heard, b"here");
    }

    #[tokio::test]
    async fn a_stalled_connection_stays_open_and_says_nothing_more() {
        let (address, _tasks) = speaker(b"one\n\ntwo\n\n").await;
        let stall = Fault::Stall { at: Place::Byte(3) };
        let plan = Box::new(move |_: &mut Dice| Some(stall));
        let proxy = FaultProxy::start(vec![address], Dice::seeded(1), plan).await;
        let mut stream = TcpStream::connect(proxy.address()).await.expect("listens");
        let mut heard = [0; 3];
        stream.read_exact(&mut heard).await.expect("three bytes");
        assert_eq!(&heard, b"one");
        let more = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut heard)).await;
        assert!(more.is_err(), "neither bytes nor an end: {more:?}");
    }
}
