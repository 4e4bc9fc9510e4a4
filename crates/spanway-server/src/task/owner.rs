//! Whose a task is (T-LTASK-13, T-TASK-13).

use spanway_protocol::Era;

use crate::context::Context;

/// Whose tasks a caller may see. Never anything a client could make up: its principal, its session, or else
/// nothing but the unguessable id (D3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    name: Box<str>,
    /// Whether it is one caller and no other.
    is_known: bool,
}

impl Owner {
    /// The owner of the tasks that `context` makes. The forms of the two eras do not read each other's.
    pub(super) fn of(context: &Context) -> Self {
        let principal = context.principal().map(|who| who.as_str());
        match (context.version().era(), principal) {
            (Era::Modern, principal) => Self::modern(principal),
            (Era::Legacy, Some(principal)) => Self::known(format!("l.p.{principal}")),
            (Era::Legacy, None) => Self::session(context.session().unwrap_or_default()),
        }
    }

    /// The owner of tasks of the extension.
    pub(super) fn modern(principal: Option<&str>) -> Self {
        match principal {
            Some(principal) => Self::known(format!("m.p.{principal}")),
            None => Self {
                name: "m".into(),
                is_known: false,
            },
        }
    }

    /// The owner of tasks of a session nobody authenticated.
    pub(super) fn session(session: &str) -> Self {
        Self::known(format!("l.s.{session}"))
    }

    fn known(name: String) -> Self {
        Self {
            name: name.into(),
            is_known: true,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether its tasks can be counted: callers nobody can tell apart share no bound but that of all.
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }
}
