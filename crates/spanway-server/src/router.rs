//! From a call to the feature that answers it.

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use serde_json::{Map, Value};
use spanway_protocol::schema::{CompleteParams, ListParams, ReadResourceParams, View};
use spanway_protocol::{Answer, Call, Method, RawJson, Rejection, Reply, describe};

use crate::completion;
use crate::context::Context;
use crate::lifecycle;
use crate::registry::Registry;
use crate::section::{Entry, Section};
use crate::server::Shared;
use crate::service::ServiceInfo;
use crate::task::{self, Plan};
use crate::tool::Arguments;

/// Answers a call, or starts what will. Everything before the handler happens here, in the caller's task.
pub(crate) fn dispatch(
    shared: &Arc<Shared>,
    registry: &Registry,
    call: &Call,
    context: Context,
) -> BoxFuture<'static, Reply> {
    route(shared, registry, call, context).unwrap_or_else(|reply| future::ready(reply).boxed())
}

/// The future of a handler, or the reply where none is needed.
type Routed = Result<BoxFuture<'static, Reply>, Reply>;

fn route(shared: &Arc<Shared>, registry: &Registry, call: &Call, context: Context) -> Routed {
    let info = &shared.info;
    let offered = &info.capabilities;
    match &call.method {
        Method::ToolsCall if offered.tools.is_some() => call_tool(shared, registry, call, context),
        Method::ToolsList if offered.tools.is_some() => {
            Err(list(&registry.tools, info, call, &context))
        }
        Method::ResourcesRead if offered.resources.is_some() => {
            context.bind(&shared.desk, call)?;
            read_resource(shared, registry, call, context)
        }
        Method::ResourcesList if offered.resources.is_some() => {
            Err(list(&registry.resources, info, call, &context))
        }
        Method::ResourceTemplatesList if offered.resources.is_some() => {
            Err(list(&registry.templates, info, call, &context))
        }
        Method::PromptsGet if offered.prompts.is_some() => {
            context.bind(&shared.desk, call)?;
            get_prompt(registry, call, context)
        }
        Method::PromptsList if offered.prompts.is_some() => {
            Err(list(&registry.prompts, info, call, &context))
        }
        Method::TasksGet
        | Method::TasksUpdate
        | Method::TasksCancel
        | Method::TasksResult
        | Method::TasksList => task::answer(shared, call, context),
        Method::Complete if offered.completions => complete(registry, call, context),
        Method::Initialize => Err(lifecycle::initialize(info, call.version).into()),
        Method::Discover => Err(lifecycle::discover(info, shared.settings.cache).into()),
        Method::Ping => Err(Answer::Empty.into()),
        // T-ALL-06: nor is there a method whose capability was not advertised.
        _ => Err(Rejection::MethodNotFound {
            method: call.method.as_str().to_owned(),
        }
        .into()),
    }
}

fn list<E: Entry>(
    section: &Section<E>,
    info: &ServiceInfo,
    call: &Call,
    context: &Context,
) -> Reply {
    let params: ListParams = match call.params.raw().read() {
        Ok(params) => params,
        Err(_) => return invalid("cursor must be a string"),
    };
    let view = View {
        version: call.version,
        server_info: info.raw_implementation(),
    };
    section.page(params.cursor.as_deref(), context.principal(), view)
}

fn call_tool(shared: &Arc<Shared>, registry: &Registry, call: &Call, context: Context) -> Routed {
    let name = name(call)?;
    let Some(tool) = registry.tools.find(&name, context.principal()) else {
        return Err(invalid(format!("unknown tool: {name:?}")));
    };
    let arguments = || Arguments::of(&call.params.arguments);
    match Plan::of(shared, tool, call, &context)? {
        Plan::Inline => {
            context.bind(&shared.desk, call)?;
            tool.call(arguments()?, context)
        }
        Plan::Task(start) => {
            context.bind(&shared.desk, call)?;
            start.at_once(tool.clone(), arguments()?, context)
        }
        Plan::After(patience, start) => {
            start.after(patience, shared, tool, arguments()?, (call, context))
        }
    }
}

fn get_prompt(registry: &Registry, call: &Call, context: Context) -> Routed {
    let name = name(call)?;
    let Some(prompt) = registry.prompts.find(&name, context.principal()) else {
        return Err(invalid(format!("unknown prompt: {name:?}")));
    };
    prompt.get(arguments(&call.params.arguments)?, context)
}

fn read_resource(shared: &Shared, registry: &Registry, call: &Call, context: Context) -> Routed {
    let Ok(ReadResourceParams { uri, .. }) = call.params.raw().read() else {
        return Err(invalid("uri is required and must be a string"));
    };
    let principal = context.principal();
    if let Some(found) = registry.resources.find(&uri, principal) {
        return Ok(found.read(uri, context, shared.settings.cache));
    }
    let mut templates = registry
        .templates
        .lists
        .iter()
        .filter(|template| template.is_visible_to(principal));
    match templates.find_map(|template| Some((template, template.matches(&uri)?))) {
        Some((template, variables)) => {
            Ok(template.read(uri, variables, context, shared.settings.cache))
        }
        None => Err(Rejection::ResourceNotFound { uri }.into()),
    }
}

fn complete(registry: &Registry, call: &Call, context: Context) -> Routed {
    let params: CompleteParams = call.params.raw().read().map_err(|error| {
        invalid(format!(
            "completion/complete takes ref and argument: {}",
            describe(&error)
        ))
    })?;
    completion::complete(registry, params, context)
}

fn name(call: &Call) -> Result<Cow<'_, str>, Reply> {
    let missing = || invalid("name is required and must be a string");
    if call.params.name.is_absent() {
        return Err(missing());
    }
    call.params.name.string().ok_or_else(missing)
}

/// The arguments; none are an empty object. Anything else than an object is malformed, whatever the schema
/// says (trap 15).
fn arguments(raw: &RawJson) -> Result<Map<String, Value>, Reply> {
    raw.read()
        .map_err(|_| invalid("arguments must be an object"))
}

/// Refuses parameters that are not what the method takes.
pub(crate) fn invalid(detail: impl Into<Cow<'static, str>>) -> Reply {
    Rejection::InvalidParams {
        detail: detail.into(),
    }
    .into()
}
