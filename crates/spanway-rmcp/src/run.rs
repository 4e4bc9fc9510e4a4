//! One call: to its handler, with a peer to speak through, and back.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, ClientNotification, ClientRequest, InitializeRequest,
    InitializedNotification, InitializedNotificationMethod, JsonObject, NumberOrString,
    ServerResult,
};
use rmcp::service::{RequestContext, RoleServer, Service};
use rmcp::{ErrorData, ServerHandler};
use serde_json::Value;
use spanway_protocol::modern::MirroredArguments;
use spanway_protocol::schema::{CallToolResult, wraps_output};
use spanway_protocol::{Answer, Call, Era, Method, ProtocolVersion, Rejection, Reply};
use spanway_server::Context;
use tokio_util::sync::CancellationToken;

use crate::handlers::Hosted;
use crate::peers::{Lease, Speaker};
use crate::service::Host;
use crate::{answer, request};

/// Answers `call`. `cancelled` tells the handler when nobody waits for it any more.
pub(crate) async fn answer<S: ServerHandler>(
    host: Arc<Host<S>>,
    call: Call,
    context: Context,
    cancelled: CancellationToken,
) -> Reply {
    let outcome = serve(&host, &call, &context, cancelled).await;
    outcome.unwrap_or_else(|refusal| refusal)
}

async fn serve<S: ServerHandler>(
    host: &Host<S>,
    call: &Call,
    context: &Context,
    cancelled: CancellationToken,
) -> Result<Reply, Reply> {
    let own = request::read(call)?;
    let initializes = call.method == Method::Initialize;
    let hosted = host.hosted(context, initializes)?;
    let speaker = Speaker {
        context: context.clone(),
        progress_token: call.progress_token.clone(),
    };
    let client = || request::client(&call.client, call.version);
    let lease = host.peers.lease(context.session(), client, speaker)?;
    greet(host, &hosted, &lease, context, true).await;
    let tool = match &own {
        ClientRequest::CallToolRequest(own) => {
            check_headers(&hosted.handler, &own.params, context)?;
            Some(own.params.name.clone())
        }
        _ => None,
    };
    let mut around = request::context(call, context, lease.peer());
    around.ct = cancelled;
    let result = Service::<RoleServer>::handle_request(&hosted.handler, own, around).await;
    let wraps = tool.is_some_and(|tool| wraps(&hosted.handler, &tool, call.version, &result));
    Ok(answer::reply(call, context, &host.info, wraps, result))
}

/// Tells the handler of a session what its client told.
pub(crate) async fn notify<S: ServerHandler>(
    host: Arc<Host<S>>,
    own: ClientNotification,
    context: Context,
) {
    let speaker = Speaker {
        context: context.clone(),
        progress_token: None,
    };
    let client = || request::client(context.client(), context.version());
    let Ok(hosted) = host.hosted(&context, false) else {
        return;
    };
    let Ok(lease) = host.peers.lease(context.session(), client, speaker) else {
        tracing::warn!("a notification is dropped: there are too many calls at once");
        return;
    };
    let announces = !matches!(own, ClientNotification::InitializedNotification(_));
    greet(&host, &hosted, &lease, &context, announces).await;
    deliver(&hosted, &lease, own, &context).await;
}

async fn deliver<S: ServerHandler>(
    hosted: &Hosted<S>,
    lease: &Lease,
    own: ClientNotification,
    context: &Context,
) {
    let Some((own, mut around)) = lease.notification_context(own).await else {
        return;
    };
    around.extensions.extend(request::extensions(context));
    // An rmcp handler's answer to a notification is always the same.
    let _ = Service::<RoleServer>::handle_notification(&hosted.handler, own, around).await;
}

/// Initializes a handler that stands in for one that is gone: after a restart, on another node, or because
/// there were too many. rmcp does the same with sessions it restores.
async fn greet<S: ServerHandler>(
    host: &Host<S>,
    hosted: &Arc<Hosted<S>>,
    lease: &Lease,
    context: &Context,
    announces: bool,
) {
    let greeting = async {
        let client = request::client(context.client(), context.version());
        let mut around = RequestContext::new(NumberOrString::Number(0), lease.peer());
        around.extensions = request::extensions(context);
        let own = ClientRequest::InitializeRequest(InitializeRequest::new(client));
        let result = Service::<RoleServer>::handle_request(&hosted.handler, own, around).await;
        if let Err(error) = result {
            tracing::warn!(%error, "a handler that stands in for another refused to be initialized");
        }
        if announces {
            announce(host, hosted, lease, context).await;
        }
    };
    hosted.greeted.get_or_init(|| greeting).await;
}

/// The call does not wait for what the handler does about it.
async fn announce<S: ServerHandler>(
    host: &Host<S>,
    hosted: &Arc<Hosted<S>>,
    lease: &Lease,
    context: &Context,
) {
    let own = ClientNotification::InitializedNotification(InitializedNotification {
        method: InitializedNotificationMethod,
        extensions: request::extensions(context),
    });
    let Some((own, around)) = lease.notification_context(own).await else {
        return;
    };
    let hosted = hosted.clone();
    host.afterlife.take(async move {
        Service::<RoleServer>::handle_notification(&hosted.handler, own, around).await
    });
}

impl<S> Host<S> {
    fn hosted(&self, context: &Context, initializes: bool) -> Result<Arc<Hosted<S>>, Reply> {
        self.handlers
            .of(context.session(), initializes)
            .map_err(|error| {
                tracing::error!(%error, "no handler can be made");
                Rejection::Internal.into()
            })
    }
}

/// T-HDR-06: headers say what the arguments say, where the tool wants some mirrored. Asked of the handler with
/// each call, as rmcp's own server does: a handler may change its tools whenever it likes.
fn check_headers<S: ServerHandler>(
    handler: &S,
    own: &CallToolRequestParams,
    context: &Context,
) -> Result<(), Reply> {
    if context.version().era() == Era::Legacy {
        return Ok(());
    }
    let Some(tool) = handler.get_tool(&own.name) else {
        return Ok(());
    };
    let none = JsonObject::new();
    let arguments = own.arguments.as_ref().unwrap_or(&none);
    let mirrored = if mentions_mirroring(&tool.input_schema) {
        MirroredArguments::of(&Value::Object((*tool.input_schema).clone()))
    } else {
        Ok(MirroredArguments::default())
    };
    match mirrored {
        Ok(mirrored) => Ok(mirrored.check(context.headers(), arguments, context.header_rules())?),
        Err(invalid) => {
            tracing::error!(tool = %own.name, %invalid, "a tool has an unusable schema");
            let text = format!("tool {:?} has an unusable schema: {invalid}", own.name);
            Err(Answer::CallTool(CallToolResult::error(text)).into())
        }
    }
}

/// Most schemas ask for nothing to be mirrored; then they need not be copied.
fn mentions_mirroring(schema: &JsonObject) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::Object(object) => mentions_mirroring(object),
            Value::Array(items) => items.iter().any(within),
            _ => false,
        }
    }
    schema
        .iter()
        .any(|(key, value)| key == "x-mcp-header" || within(value))
}

/// Whether a legacy client gets structured content wrapped although it is an object: because the schema it was
/// shown promises something else (T-2506-03).
fn wraps<S: ServerHandler>(
    handler: &S,
    tool: &str,
    version: ProtocolVersion,
    result: &Result<ServerResult, ErrorData>,
) -> bool {
    let Ok(ServerResult::CallToolResult(result)) = result else {
        return false;
    };
    let structured = result.structured_content.as_ref();
    let concerned = version.era() == Era::Legacy && version >= ProtocolVersion::V2025_06_18;
    if !concerned || !structured.is_some_and(Value::is_object) {
        return false;
    }
    handler
        .get_tool(tool)
        .and_then(|tool| tool.output_schema)
        .is_some_and(|schema| wraps_output(&Value::Object((*schema).clone())))
}
