//! What each kind of message must be in each revision: which definition it is held against.

use serde_json::Value;
use spanway_protocol::{Era, ProtocolVersion};

use super::{Violation, tasks};
use crate::published::{Reading, Revision};

/// Codes that the modern revision reserves for itself; what it does not define of them is nobody's.
const MODERN_CODES: std::ops::RangeInclusive<i64> = -32099..=-32020;
/// Legacy only: no such resource.
const RESOURCE_NOT_FOUND: i64 = -32002;
/// 2025-11-25 only: the client is to open a URL first.
const URL_REQUIRED: i64 = -32042;

/// Checks what the server tells or asks of its own accord.
pub(super) fn told(version: ProtocolVersion, message: &Value) -> Result<(), Violation> {
    let Some(revision) = Revision::of(version) else {
        return Ok(());
    };
    let (kind, union) = match message.get("id") {
        Some(_) => ("JSONRPCRequest", "ServerRequest"),
        None => ("JSONRPCNotification", "ServerNotification"),
    };
    fits(revision, kind, message)?;
    let method = message["method"].as_str().unwrap_or_default();
    if let Some(checked) = tasks::told(version, method, message) {
        return checked;
    }
    let Some(name) = revision.of_method(union, method) else {
        return Err(format!("{version} has no {method:?} among its {union}s"));
    };
    let message = tasks::without_their_ids(version, method, message);
    fits(revision, name, &without_envelope(revision, name, &message))
}

/// Checks the answer to a request of this method; `None` where that is not known.
pub(super) fn answered(
    version: ProtocolVersion,
    method: Option<&str>,
    message: &Value,
) -> Result<(), Violation> {
    let Some(revision) = Revision::of(version) else {
        return Ok(());
    };
    match message.get("error") {
        Some(_) => failed(revision, message),
        None => {
            let kind = first_of(revision, ["JSONRPCResultResponse", "JSONRPCResponse"]);
            fits(revision, kind, message)?;
            match method {
                Some(method) => succeeded(revision, method, &message["result"]),
                None => Ok(()),
            }
        }
    }
}

fn succeeded(revision: &Revision, method: &str, result: &Value) -> Result<(), Violation> {
    let version = revision.version();
    if let Some(checked) = tasks::answered(revision, method, result) {
        return checked;
    }
    let Some(request) = revision.of_method("ClientRequest", method) else {
        return Err(format!(
            "{version} has no method {method:?}, so nothing can come of it"
        ));
    };
    let name = request.replace("Request", "Result");
    let interim = version.era() == Era::Modern && result["resultType"] == "input_required";
    if interim && may_ask_first(revision, &name) {
        return fits(revision, "InputRequiredResult", result);
    }
    if version.era() == Era::Modern && result["resultType"] != "complete" {
        return Err(format!("no result of {method} has this resultType"));
    }
    if revision.definition(&name).is_some() {
        return fits(revision, &name, result);
    }
    is_empty(version, method, result)?;
    fits(revision, "EmptyResult", result)
}

/// The definition of an empty result leaves it open what else may stand in it.
pub(super) fn is_empty(
    version: ProtocolVersion,
    method: &str,
    result: &Value,
) -> Result<(), Violation> {
    let known = |key: &str| key == "_meta" || (version.era() == Era::Modern && key == "resultType");
    match result
        .as_object()
        .and_then(|map| map.keys().find(|key| !known(key)))
    {
        Some(key) => Err(format!("the result of {method} is empty, and has {key:?}")),
        None => Ok(()),
    }
}

/// Whether the answer to the request may be a question.
fn may_ask_first(revision: &Revision, result: &str) -> bool {
    let response = revision.definition(&format!("{result}Response"));
    let alternatives = response.and_then(|it| it["properties"]["result"]["anyOf"].as_array());
    alternatives.is_some_and(|all| {
        all.iter()
            .any(|one| one["$ref"] == "#/$defs/InputRequiredResult")
    })
}

fn failed(revision: &Revision, message: &Value) -> Result<(), Violation> {
    let version = revision.version();
    let kind = first_of(revision, ["JSONRPCErrorResponse", "JSONRPCError"]);
    let mut whole = message.clone();
    // Trap 43: where the id could not be read it is left out, which older schemas did not foresee.
    if version < ProtocolVersion::V2025_11_25 && whole.get("id").is_none() {
        whole["id"] = Value::from("unread");
    }
    fits(revision, kind, &whole)?;
    let code = message["error"]["code"].as_i64().unwrap_or_default();
    let special = match (code, version.era()) {
        (-32020, Era::Modern) => "HeaderMismatchError",
        (-32021, Era::Modern) => "MissingRequiredClientCapabilityError",
        (-32022, Era::Modern) => "UnsupportedProtocolVersionError",
        (URL_REQUIRED, Era::Legacy) if version == ProtocolVersion::V2025_11_25 => {
            "URLElicitationRequiredError"
        }
        (RESOURCE_NOT_FOUND, Era::Modern) => {
            return Err(format!("{version} has no code {code} (T-2607-30)"));
        }
        _ if MODERN_CODES.contains(&code) => return Err(format!("{version} has no code {code}")),
        _ => return Ok(()),
    };
    // It is put together from parts, none of which lists everything.
    against(revision, special, Reading::Open, message)
}

/// Older definitions of messages leave the envelope's own fields out.
fn without_envelope(revision: &Revision, name: &str, message: &Value) -> Value {
    let mut rest = message.clone();
    let properties = revision.definition(name).map(|it| &it["properties"]);
    for key in ["jsonrpc", "id"] {
        if properties.is_some_and(|it| it.get(key).is_none())
            && let Some(fields) = rest.as_object_mut()
        {
            fields.remove(key);
        }
    }
    rest
}

/// One and the same definition has two names in the course of time.
fn first_of<'a>(revision: &Revision, names: [&'a str; 2]) -> &'a str {
    let [newer, older] = names;
    match revision.definition(newer) {
        Some(_) => newer,
        None => older,
    }
}

pub(super) fn fits(revision: &Revision, name: &str, value: &Value) -> Result<(), Violation> {
    against(revision, name, Reading::Closed, value)
}

pub(super) fn against(
    revision: &Revision,
    name: &str,
    reading: Reading,
    value: &Value,
) -> Result<(), Violation> {
    let problems = revision.problems(name, reading, value);
    if problems.is_empty() {
        return Ok(());
    }
    let version = revision.version();
    Err(format!(
        "this is no {name} of {version}: {}",
        problems.join("; ")
    ))
}
