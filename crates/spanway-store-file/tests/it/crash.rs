//! A process that writes is killed again and again. What it acknowledged is there, in order, once.
//!
//! The child is this test binary, told by its environment to write. It says on stdout what it begins and what
//! is acknowledged. `SPANWAY_SEED` repeats the choices of an earlier run.

mod child;
mod told;

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use self::child::{DIR, OPENING, SEED};
use self::told::Told;

const FOR: Duration = Duration::from_secs(10);
/// The child says so many lines at most before it is killed.
const LINES_MAX: u64 = 600;

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let mut random = Random::of_this_run();
    let dir = TempDir::new().unwrap();
    let mut told = Told::default();
    let (started, mut kills, mut lines) = (Instant::now(), 0, 0);
    while started.elapsed() < FOR {
        let kill = match random.below(8) {
            0 => random.while_it_opens(),
            _ => Kill::AfterLines(random.below(LINES_MAX)),
        };
        lines += run_and_kill(dir.path(), random.next(), kill, &mut told);
        kills += 1;
        told.check(&crate::open(&dir)).await;
    }
    told.check_all(&crate::open(&dir)).await;
    println!("{kills} kills, {lines} lines, {told}");
    assert!(lines > kills);
}

#[test]
fn a_process_killed_while_it_makes_the_directory_leaves_one_that_opens() {
    let mut random = Random::of_this_run();
    for _ in 0..20 {
        let dir = TempDir::new().unwrap();
        let kill = random.while_it_opens();
        run_and_kill(dir.path(), random.next(), kill, &mut Told::default());
        crate::open(&dir);
    }
}

/// When the child is killed.
#[derive(Clone, Copy)]
enum Kill {
    /// When it said so much.
    AfterLines(u64),
    /// So long after it began to open the directory.
    WhileItOpens(Duration),
}

/// How many lines the child said. What it said until it was dead counts.
fn run_and_kill(dir: &Path, seed: u64, kill: Kill, told: &mut Told) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "crash::child::writes_until_killed",
            "--exact",
            "--nocapture",
        ])
        .env(DIR, dir)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    // The last line may be cut.
    let mut heard = output
        .split(b'\n')
        .map(|line| String::from_utf8(line.unwrap()).unwrap());
    assert!(heard.any(|line| line == OPENING), "the child did not begin");
    let mut lines = 0;
    match kill {
        Kill::AfterLines(max) => {
            while lines < max && heard.next().is_some_and(|line| told.hear(&line)) {
                lines += 1;
            }
        }
        Kill::WhileItOpens(span) => thread::sleep(span),
    }
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    if ended.is_some() {
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        panic!("the child ended by itself: {said}");
    }
    lines += heard.map(|line| u64::from(told.hear(&line))).sum::<u64>();
    child.wait().unwrap();
    lines
}

/// Small numbers that are the same for the same seed.
struct Random(u64);

impl Random {
    fn of_this_run() -> Self {
        let given = env::var("SPANWAY_SEED").ok();
        let given = given.map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(()));
        println!("SPANWAY_SEED={seed}");
        Self(seed)
    }

    /// Opening takes some tens of milliseconds.
    fn while_it_opens(&mut self) -> Kill {
        Kill::WhileItOpens(Duration::from_micros(self.below(60_000)))
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
