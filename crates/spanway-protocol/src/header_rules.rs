//! Where the specification leaves open what to do with a header: let it pass, or be strict. Each strict check
//! stands here, or is asked for here; docs/requirements.md lists them.
//!
//! The era is never chosen here: it was decided before, and a check only refuses.

use http::header::ACCEPT;

use crate::guard::Accepts;
use crate::head::{Head, Known, METHOD, NAME, PROTOCOL_VERSION, SESSION_ID, mismatch};
use crate::jsonrpc::{Incoming, Message, Notification, Request};
use crate::method::Method;
use crate::modern::{self, Claims};
use crate::rejection::{Refusal, Rejection};
use crate::version::ProtocolVersion;
use crate::{Call, legacy};

/// What the names of headers that mirror arguments begin with.
pub(crate) const PARAM_PREFIX: &str = "mcp-param-";

/// How headers are judged where the specification leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "what is open is let pass or is refused"
)]
pub enum HeaderRules {
    /// What the specification does not forbid is let pass, since many clients rely on it.
    #[default]
    Lenient,
    /// What the specification does not ask for is refused: for servers behind intermediaries that decide by
    /// headers, where a header and a body that say different things are a danger.
    Strict,
}

impl HeaderRules {
    /// Whether anything is checked at all.
    #[must_use]
    pub fn are_strict(self) -> bool {
        self == Self::Strict
    }

    /// A POST: its client takes both forms of answer, and says so (T-2503-02).
    ///
    /// # Errors
    /// 406 if it does not.
    pub fn check_post(self, head: &Head<'_>) -> Result<(), Rejection> {
        if !self.are_strict() {
            return Ok(());
        }
        let accepts = Accepts::of(head);
        if head.has(&ACCEPT) && accepts.json && accepts.sse {
            return Ok(());
        }
        Err(Rejection::NotAcceptable {
            need: "both application/json and text/event-stream (--strict-headers)",
        })
    }

    /// A GET: its client says that it takes event streams (T-2503-10).
    ///
    /// # Errors
    /// 406 if it does not.
    pub fn check_get(self, head: &Head<'_>) -> Result<(), Rejection> {
        if !self.are_strict() || head.has(&ACCEPT) {
            return Ok(());
        }
        Err(Rejection::NotAcceptable {
            need: "text/event-stream (--strict-headers)",
        })
    }

    /// A modern call that was accepted: headers that mirror something are there only where it has something to
    /// mirror, and the name of a task is there too (trap 27). Those of a tool's arguments are checked with the
    /// tool.
    ///
    /// # Errors
    /// One is there without need, or is missing (`-32020`).
    pub fn check_call(self, head: &Head<'_>, call: &Call) -> Result<(), Rejection> {
        if !self.are_strict() {
            return Ok(());
        }
        if call.method.names_task() && !head.has(&NAME) {
            return Err(mismatch(format!(
                "{NAME} must be sent and equal the id of the task (--strict-headers)"
            )));
        }
        if !call.method.is_named() && !call.method.names_task() {
            absent(&call.method, head.has(&NAME).then_some(NAME.as_str()))?;
        }
        if call.method != Method::ToolsCall {
            absent(&call.method, head.names(PARAM_PREFIX).next())?;
        }
        Ok(())
    }

    /// A modern notification, for which no rules of headers are defined: those of requests (T-2607-03).
    ///
    /// # Errors
    /// Version or method are not there, or say something else (`-32020`).
    pub fn check_notification(
        self,
        head: &Head<'_>,
        notification: &Notification,
    ) -> Result<(), Rejection> {
        if !self.are_strict() {
            return Ok(());
        }
        let claims = Claims::read(&notification.params.meta).unwrap_or_default();
        let named = head.one(Known::ProtocolVersion)?.unwrap_or_default();
        let claimed = claims.version().unwrap_or(named);
        modern::agree(head, &notification.method, claimed)?;
        absent(&notification.method, head.names(PARAM_PREFIX).next())
    }

    /// A legacy body: headers of the modern revision say what it says, or are not there. Nobody else compares
    /// them, and an intermediary may have believed them.
    ///
    /// # Errors
    /// One of them says something else, or there is nothing that it could mirror.
    pub fn check_legacy(self, head: &Head<'_>, incoming: &Incoming) -> Result<(), Refusal> {
        if !self.are_strict() {
            return Ok(());
        }
        let (id, method, request) = match incoming {
            Incoming::Single(Message::Request(request)) => {
                (Some(&request.id), Some(&request.method), Some(request))
            }
            Incoming::Single(Message::Notification(notification)) => {
                (None, Some(&notification.method), None)
            }
            Incoming::Single(Message::Response(_)) | Incoming::Batch(_) => (None, None, None),
        };
        mirrors(head, method, request).map_err(|why| Refusal::new(id.cloned(), why))
    }

    /// A legacy GET or DELETE, which has no body that a header could mirror.
    ///
    /// # Errors
    /// A header of the modern revision is there.
    pub fn check_bodiless(self, head: &Head<'_>) -> Result<(), Rejection> {
        if self.are_strict() {
            mirrors(head, None, None)
        } else {
            Ok(())
        }
    }

    /// `initialize`: it names no session, since it opens one (T-DUAL-07), and its version header, which nobody
    /// asks for yet, names a revision that is served.
    ///
    /// # Errors
    /// It names a session (400), or another revision (400).
    pub fn check_initialize(self, head: &Head<'_>) -> Result<(), Rejection> {
        if !self.are_strict() {
            return Ok(());
        }
        if head.has(&SESSION_ID) {
            return Err(superfluous(
                SESSION_ID.as_str(),
                "initialize opens a session",
            ));
        }
        legacy::version_header(head).map(|_| ())
    }

    /// A request of a session: its version header names the revision of the session (T-DUAL-14), and is there
    /// since revisions ask for it (T-2506-02).
    ///
    /// # Errors
    /// It is missing, or names another revision (400).
    pub fn check_session(
        self,
        named: Option<ProtocolVersion>,
        agreed: ProtocolVersion,
    ) -> Result<(), Rejection> {
        if !self.are_strict() {
            return Ok(());
        }
        match named {
            Some(named) if named == agreed => Ok(()),
            Some(named) => Err(mismatch(format!(
                "{PROTOCOL_VERSION} is {named} but the session speaks {agreed} (--strict-headers)"
            ))),
            None if agreed < ProtocolVersion::V2025_06_18 => Ok(()),
            None => Err(mismatch(format!(
                "{PROTOCOL_VERSION} must be sent and equal the session's {agreed} (--strict-headers)"
            ))),
        }
    }
}

/// The headers of the modern revision on a message of another one.
fn mirrors(
    head: &Head<'_>,
    method: Option<&Method>,
    request: Option<&Request>,
) -> Result<(), Rejection> {
    const NOTHING: &str = "nothing in this message could be mirrored";
    match (head.one(Known::Method)?, method) {
        (None, _) => {}
        (Some(named), Some(method)) if named == method.as_str() => {}
        (Some(named), Some(method)) => {
            return Err(mismatch(format!(
                "{METHOD} is {named:?} but the method is {:?} (--strict-headers)",
                method.as_str()
            )));
        }
        (Some(_), None) => return Err(superfluous(METHOD.as_str(), NOTHING)),
    }
    if head.has(&NAME) {
        let is_named = |method: &Method| method.is_named() || method.names_task();
        match request.filter(|request| is_named(&request.method)) {
            Some(request) => modern::name_agrees(head, request)?,
            None => return Err(superfluous(NAME.as_str(), NOTHING)),
        }
    }
    match head.names(PARAM_PREFIX).next() {
        Some(name) => Err(superfluous(name, "this revision mirrors no arguments")),
        None => Ok(()),
    }
}

fn absent(method: &Method, found: Option<&str>) -> Result<(), Rejection> {
    match found {
        None => Ok(()),
        Some(name) => Err(superfluous(
            name,
            &format!("{} has nothing it could mirror", method.as_str()),
        )),
    }
}

/// Refuses a header that says nothing here.
pub(crate) fn superfluous(name: &str, why: &str) -> Rejection {
    mismatch(format!(
        "{name} must not be sent here: {why} (--strict-headers)"
    ))
}
