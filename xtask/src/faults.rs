//! The fault tests: programs that break connections and kill servers, and check what their clients were told.

use std::time::Duration;

use anyhow::Result;

use crate::process;
use crate::repo::Repo;
use crate::steps::Verdict;
use crate::system;

/// About five times what they take.
const DEADLINE: Duration = Duration::from_secs(10 * 60);

/// Runs them, each for its default time; without a Redis those that need none.
pub(crate) fn run(repo: &Repo) -> Result<Verdict> {
    let run = |names: &[&str]| process::run(repo.command(repo.faults()).args(names), DEADLINE);
    run(&["connections", "principals", "file"])?;
    if let Err(error) = system::need_redis() {
        return Ok(Verdict::NotRun(format!("those with Redis: {error:#}")));
    }
    run(&["cluster"])?;
    Ok(Verdict::Passed)
}
