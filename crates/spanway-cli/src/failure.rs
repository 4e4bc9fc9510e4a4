//! How a command ends: its exit code, and one line on stderr for what went wrong.
//!
//! 0 is success, 1 a failure while running, 2 a command line, environment or file that cannot be meant so.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// Says that the person who called made the mistake, not the world.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUsage(String);

/// Marks what goes wrong in `outcome` as wrong usage.
pub(crate) fn usage<T>(outcome: anyhow::Result<T>) -> anyhow::Result<T> {
    outcome.map_err(|error| WrongUsage(format!("{error:#}")).into())
}

/// Ends a command.
pub(crate) fn finish(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) if error.is::<WrongUsage>() => failed(2, &format!("{error:#}")),
        Err(error) => failed(1, &format!("{error:#}")),
    }
}

/// Ends a command line that clap did not take, or that asked for help: help goes to stdout, what is wrong is one
/// line on stderr.
pub(crate) fn unparsed(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if error.use_stderr() && error.kind() != DisplayHelpOnMissingArgumentOrSubcommand {
        return failed(2, &summary(&error.render().to_string()));
    }
    // Where nobody reads there is nobody to tell.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn failed(code: u8, message: &str) -> ExitCode {
    let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
    // Where stderr is gone there is nobody to tell.
    let _ = writeln!(io::stderr(), "error: {words}");
    ExitCode::from(code)
}

/// What clap says over several paragraphs, without usage: what is wrong, and its tips in brackets.
fn summary(text: &str) -> String {
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let wrong = paragraphs.next().unwrap_or_default();
    let wrong = wrong.strip_prefix("error: ").unwrap_or(wrong);
    let tips = paragraphs.filter_map(|it| it.strip_prefix("tip: "));
    tips.fold(wrong.to_owned(), |line, tip| {
        let tip = tip.split("\n  tip: ").collect::<Vec<_>>().join("; ");
        format!("{line} ({tip})")
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn said(line: &[&str]) -> String {
        summary(&Cli::try_parse_from(line).unwrap_err().render().to_string())
    }

    #[test]
    fn wrong_usage_is_a_line() {
        assert_eq!(
            said(&["spanway", "serve", "--lisen", "x"]),
            "unexpected argument '--lisen' found (a similar argument exists: '--listen')"
        );
        assert!(said(&["spanway", "call"]).contains("<URL>"));
        assert!(said(&["spanway", "call", "u", "--timeout", "x"]).contains("no duration"));
    }
}
