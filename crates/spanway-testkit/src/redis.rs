//! A real Redis for tests: on a free port of loopback, with a folder of its own, to be killed and restarted.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Below the ports that systems give to connections: one of those could take the place of a dead server.
const PORTS: std::ops::Range<u64> = 12_000..32_000;
/// Where in its folder it writes.
const APPEND_ONLY: &str = "appendonlydir";
const DEADLINE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// A `redis-server` of the system. It writes everything to its file before it answers, so it comes back from
/// [`kill`](Self::kill) with all it had acknowledged. It ends with this value.
#[derive(Debug)]
pub struct RedisServer {
    settings: Vec<String>,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one.
    ///
    /// # Panics
    /// There is no `redis-server`, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with these settings, as they stand on its command line.
    ///
    /// # Panics
    /// There is no `redis-server`, or it does not start.
    #[must_use]
    pub fn with(settings: &[&str]) -> Self {
        let mut server = Self {
            settings: settings.iter().map(|&text| text.to_owned()).collect(),
            folder: TempDir::new().expect("a temporary folder can be made"),
            port: 0,
            child: None,
        };
        for _ in 0..5 {
            server.port = free_port();
            if server.try_start() {
                return server;
            }
        }
        panic!("redis-server does not start: {}", server.log());
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL, without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Kills it, as by `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child can be waited for");
        }
    }

    /// Starts it again on the same port, with what it had written.
    ///
    /// # Panics
    /// It does not start.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.try_start(), "redis-server: {}", self.log());
    }

    /// Forgets what it had written; it has to be dead.
    ///
    /// # Panics
    /// It runs.
    pub fn wipe(&mut self) {
        self.put_back(&[]);
    }

    /// What it has written by now.
    #[must_use]
    pub fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.folder.path().join(APPEND_ONLY);
        let files = fs::read_dir(folder).expect("it writes to its folder");
        let paths = files.map(|file| file.expect("the folder can be listed").path());
        paths
            .map(|path| (path.clone(), fs::read(path).expect("its files can be read")))
            .collect()
    }

    /// Has it know only what it had written at another time; it has to be dead.
    ///
    /// # Panics
    /// It runs.
    pub fn put_back(&mut self, written: &[(PathBuf, Vec<u8>)]) {
        assert!(self.child.is_none(), "it runs");
        let folder = self.folder.path().join(APPEND_ONLY);
        fs::remove_dir_all(&folder).expect("its folder can be emptied");
        if !written.is_empty() {
            fs::create_dir(&folder).expect("its folder can be made");
        }
        for (path, bytes) in written {
            fs::write(path, bytes).expect("its files can be written");
        }
    }

    /// Has it stand still, with its connections open, or go on.
    pub fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let mut kill = Command::new("kill");
        let status = kill.args(["-s", name, &child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Sends one command and gives what comes back first, as it is on the wire.
    ///
    /// # Panics
    /// It does not answer.
    #[must_use]
    pub fn ask(&self, command: &str) -> String {
        ask(self.port, command).expect("redis-server answers")
    }

    /// Starts it and waits until it answers; false if it ended instead.
    fn try_start(&mut self) -> bool {
        let log = fs::File::create(self.folder.path().join("log")).expect("a log can be made");
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
            .arg(self.folder.path())
            .args(&self.settings)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| {
            if error.kind() == ErrorKind::NotFound {
                panic!(
                    "this test needs redis-server, which is not installed: run `cargo xtask test testenv` \
                     as root on Debian, or install Redis 7 or later yourself"
                );
            }
            panic!("redis-server cannot be started: {error}")
        });
        let by = Instant::now() + DEADLINE;
        while Instant::now() < by {
            if child
                .try_wait()
                .expect("a child can be looked at")
                .is_some()
            {
                return false;
            }
            let is_ready =
                |answer: String| answer.starts_with("+PONG") || answer.contains("NOAUTH");
            if ask(self.port, "PING").is_ok_and(is_ready) {
                self.child = Some(child);
                return true;
            }
            std::thread::sleep(PAUSE);
        }
        // Neither ended nor ready.
        let _ = child.kill();
        let _ = child.wait();
        false
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port nobody listens on, and the system gives to nobody by itself.
///
/// # Panics
/// Never.
#[must_use]
pub fn free_port() -> u16 {
    loop {
        let random = RandomState::new().hash_one(Instant::now());
        let port = PORTS.start + random % (PORTS.end - PORTS.start);
        let port = u16::try_from(port).expect("the range is of ports");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn ask(port: u16, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut answer = String::new();
    let mut reader = BufReader::new(stream);
    reader.read_line(&mut answer)?;
    // A text follows its length; of all else the first line is enough.
    let length = answer
        .strip_prefix('$')
        .and_then(|it| it.trim().parse().ok());
    let mut text = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut text)?;
    answer.push_str(&String::from_utf8_lossy(&text));
    Ok(answer)
}
