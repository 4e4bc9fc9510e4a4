//! Runs one target for its time: rounds of inputs, each round from a seed that can be given again.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::RandomState;
use std::fmt::Debug;
use std::fs;
use std::hash::BuildHasher;
use std::panic;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// Inputs of one round; a failure is found again by running its round.
const ROUND: u32 = 100;
/// Time and attempts to make a failing input smaller.
const SHRINKING: Duration = Duration::from_secs(60);
const SHRINKS_MAX: u32 = 20_000;

/// For how long, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// How long a target runs.
    pub(crate) time: Duration,
    /// The round to run, and no other; `None` runs rounds of random seeds.
    pub(crate) seed: Option<u64>,
}

/// An input that something is wrong with.
#[derive(Debug)]
pub(crate) struct Failure {
    seed: u64,
    why: String,
    input: String,
}

impl Failure {
    /// Prints it and keeps it in a file.
    pub(crate) fn report(&self, target: &str) {
        let Self { seed, why, input } = self;
        println!("{target}: FAILED\n{why}\nthe smallest input found:\n{input}");
        println!("again: cargo run -p spanway-fuzz -- {target} --seed {seed}");
        let folder = Path::new("target/fuzz");
        let file = folder.join(format!("{target}-{seed}.txt"));
        let kept = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, format!("{why}\n\n{input}\n")));
        match kept {
            Ok(()) => println!("kept in {}", file.display()),
            Err(error) => println!("not kept in {}: {error}", file.display()),
        }
    }
}

/// Tries inputs until the time is up, and says how many; or gives the first that makes `test` panic, made
/// as small as possible. A panic that `test` does not notice, in a task for example, counts too.
pub(crate) fn run<S>(
    settings: &Settings,
    inputs: &S,
    test: impl Fn(S::Value),
) -> Result<u64, Failure>
where
    S: Strategy,
    S::Value: Debug,
{
    let began = Instant::now();
    let mut seed = settings.seed.unwrap_or_else(random);
    let (tried, found) = (Cell::new(0), Cell::new(false));
    let in_time = || settings.seed.is_some() || began.elapsed() < settings.time;
    loop {
        let mut runner = TestRunner::new(config(seed));
        let outcome = runner.run(inputs, |input| {
            // What was found is made smaller, however long it takes.
            if !found.get() && !in_time() {
                return Ok(());
            }
            tried.set(tried.get() + 1);
            attempt(&test, input).inspect_err(|_| found.set(true))
        });
        match outcome {
            Ok(()) => {}
            Err(TestError::Fail(why, input)) => {
                let (why, input) = (why.to_string(), format!("{input:#?}"));
                return Err(Failure { seed, why, input });
            }
            Err(TestError::Abort(why)) => panic!("no inputs: {why}"),
        }
        if settings.seed.is_some() || !in_time() {
            return Ok(tried.get());
        }
        seed = seed.wrapping_add(1);
    }
}

fn config(seed: u64) -> Config {
    Config {
        cases: ROUND,
        failure_persistence: None,
        max_shrink_time: SHRINKING.as_millis().try_into().unwrap_or(u32::MAX),
        max_shrink_iters: SHRINKS_MAX,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    }
}

fn attempt<T>(test: impl Fn(T), input: T) -> Result<(), TestCaseError> {
    PANIC.take();
    let ended = panic::catch_unwind(panic::AssertUnwindSafe(|| test(input)));
    match (PANIC.take(), ended) {
        (None, Ok(())) => Ok(()),
        (why, _) => Err(TestCaseError::fail(why.unwrap_or_default())),
    }
}

thread_local! {
    /// Where and why something panicked first since this was last empty. Targets have one thread each.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes panics instead of printing them: making an input smaller repeats them over and over.
pub(crate) fn keep_panics_quiet() {
    panic::set_hook(Box::new(|panic| {
        let told = panic.to_string();
        PANIC.with_borrow_mut(|noted| _ = noted.get_or_insert(told));
    }));
}

/// Another seed in every run.
fn random() -> u64 {
    // Small enough to be typed again.
    RandomState::new().hash_one("seed") % 1_000_000_000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTINGS: Settings = Settings {
        time: Duration::from_secs(60),
        seed: None,
    };

    /// The bug: three letters in a row are the same.
    fn planted(text: &str) {
        let bytes = text.as_bytes();
        let same = |three: &[u8]| three[0] == three[1] && three[1] == three[2];
        assert!(!bytes.windows(3).any(same), "three in a row");
    }

    #[test]
    fn what_is_wrong_is_found_made_small_and_found_again_by_its_seed() {
        keep_panics_quiet();
        let inputs = "[a-d]{0,40}";
        let found = run(&SETTINGS, &inputs, |text| planted(&text)).expect_err("a failure");
        assert_eq!(found.input.len(), "\"aaa\"".len(), "{found:?}");
        assert!(found.why.contains("three in a row"), "{found:?}");
        let seed = Some(found.seed);
        let again = run(&Settings { seed, ..SETTINGS }, &inputs, |text| {
            planted(&text)
        });
        assert_eq!(again.expect_err("the same").input, found.input);
    }

    #[test]
    fn a_panic_that_somebody_catches_is_a_failure_too() {
        keep_panics_quiet();
        let caught = |number: u8| {
            let _ = panic::catch_unwind(|| assert!(number < 200, "too large"));
        };
        let found = run(&SETTINGS, &any::<u8>(), caught).expect_err("a failure");
        assert_eq!(found.input, "200");
    }

    #[test]
    fn the_time_is_kept_and_a_round_is_run_to_its_end() {
        let short = Settings {
            time: Duration::ZERO,
            ..SETTINGS
        };
        assert_eq!(run(&short, &any::<u8>(), |_| ()).expect("nothing"), 0);
        let seed = Some(7);
        let round = run(&Settings { seed, ..short }, &any::<u8>(), |_| ());
        assert_eq!(round.expect("nothing"), u64::from(ROUND));
    }
}
