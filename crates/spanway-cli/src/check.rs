//! `spanway check`: documents and settings as a linter sees them, without serving anything.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use spanway::openapi::{Impact, Problem};

use crate::api::{Served, problem_as_json};
use crate::cli::CheckCommand;
use crate::config::{self, Mistake, ServerConfig};
use crate::failure::usage;
use crate::{output, runtime};

/// Prints what is exposed, what is left out and what keeps it from being served. The exit code is 1 if there is
/// anything of the latter two.
///
/// # Errors
/// A document cannot be read at all, a setting is wrong, or stdout cannot be written to.
pub(crate) fn run(command: CheckCommand) -> anyhow::Result<ExitCode> {
    if command.config_schema {
        output::print(&format!("{:#}\n", config::schema()))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(path) = command.config.as_deref() {
        let mistakes = usage(config::mistakes(path, &command.source))?;
        if !mistakes.is_empty() {
            output::print(&listed(path, &mistakes, command.json))?;
            return Ok(ExitCode::FAILURE);
        }
    }
    let settings = usage(command.settings.over_file(command.config.as_deref()))?;
    usage(ServerConfig::resolve(&settings))?;
    let served = runtime()?.block_on(crate::open(command.source, &settings))?;
    let report = Report::new(served);
    let text = if command.json {
        format!("{:#}\n", report.to_json())
    } else {
        report.to_text()
    };
    output::print(&text)?;
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The mistakes in a file of settings, for people or programs.
fn listed(path: &Path, mistakes: &[Mistake], as_json: bool) -> String {
    let file = path.display().to_string();
    if as_json {
        let each = mistakes.iter().map(|it| {
            json!({ "file": file, "line": it.line, "column": it.column, "key": it.key, "message": it.message })
        });
        let settings: Vec<Value> = each.collect();
        let report = json!({ "clean": false, "settings": settings, "exposed": [], "problems": [] });
        return format!("{report:#}\n");
    }
    let each = mistakes.iter();
    let lines = each.map(|it| {
        let (line, column) = (it.line, it.column);
        format!("{file}:{line}:{column}: error: {}\n", it.message)
    });
    lines.collect()
}

/// What was found.
struct Report {
    parts: Vec<(String, Vec<Exposed>, Vec<Problem>)>,
    /// Why it could not be served, if it could not.
    obstacle: Option<String>,
}

/// One operation and its tool.
struct Exposed {
    name: String,
    method: String,
    path: String,
}

impl Report {
    fn new(served: Served) -> Self {
        let parts = served.parts().iter().map(|part| {
            let exposed = part.exposed().map(|(it, _)| Exposed {
                name: it.name.clone(),
                method: it.method.to_string(),
                path: it.path.clone(),
            });
            let mut problems = part.problems().to_vec();
            problems.sort_by_key(|it| std::cmp::Reverse(it.impact));
            (part.name().to_owned(), exposed.collect(), problems)
        });
        Self {
            parts: parts.collect(),
            obstacle: served.into_server().err().map(|error| format!("{error:#}")),
        }
    }

    fn is_clean(&self) -> bool {
        let mut problems = self.parts.iter().flat_map(|(_, _, problems)| problems);
        self.obstacle.is_none() && !problems.any(|it| it.impact >= Impact::Part)
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (source, exposed, problems) in &self.parts {
            for problem in problems {
                let place = if problem.pointer.is_empty() {
                    "/"
                } else {
                    &problem.pointer
                };
                let level = level(problem.impact);
                text.push_str(&format!(
                    "{source}: {level}: {place}: {}\n",
                    problem.message
                ));
            }
            let count = |impact| problems.iter().filter(|it| it.impact == impact).count();
            text.push_str(&format!(
                "{source}: {} operations exposed; left out: {} operations, {} parts; {} notes\n",
                exposed.len(),
                count(Impact::Operation),
                count(Impact::Part),
                count(Impact::Note),
            ));
        }
        if let Some(obstacle) = &self.obstacle {
            text.push_str(&format!("error: {obstacle}\n"));
        }
        text
    }

    fn to_json(&self) -> Value {
        let exposed = self.parts.iter().flat_map(|(source, exposed, _)| {
            let all = exposed.iter();
            all.map(move |it| json!({ "source": source, "tool": it.name, "method": it.method, "path": it.path }))
        });
        let problems = self.parts.iter().flat_map(|(source, _, problems)| {
            problems.iter().map(move |it| problem_as_json(source, it))
        });
        json!({
            "clean": self.is_clean(),
            "settings": [],
            "obstacle": self.obstacle,
            "exposed": exposed.collect::<Vec<_>>(),
            "problems": problems.collect::<Vec<_>>(),
        })
    }
}

fn level(impact: Impact) -> &'static str {
    match impact {
        Impact::Operation => "error",
        Impact::Part => "warning",
        _ => "note",
    }
}
