//! From a call to the request an rmcp handler takes, with the context it expects around it.

use http::{Method as HttpMethod, Request};
use rmcp::RoleServer;
use rmcp::model::{
    self, CallToolRequestParams, ClientCapabilities, ClientNotification, ClientRequest,
    CustomNotification, CustomRequest, Extensions, GetExtensions, GetPromptRequestParams,
    Implementation, InitializeRequestParams, JsonObject, NotificationMetaObject, NumberOrString,
    ReadResourceRequestParams, RequestMetaObject, RequestParamsMeta,
};
use rmcp::service::RequestContext;
use serde::de::DeserializeOwned;
use serde_json::Value;
use spanway_protocol::jsonrpc::{Notification, Params, RequestId};
use spanway_protocol::schema::ProgressToken;
use spanway_protocol::{Call, Client, Era, Method, ProtocolVersion, Rejection, describe};
use spanway_server::Context;

/// What the modern revision says in `_meta`. In a session it says nothing (T-DUAL-15), and a handler must not
/// take it for more.
const MODERN_META: [&str; 4] = [
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/logLevel",
];

/// The request, or what is wrong with its parameters (`-32602`).
pub(crate) fn read(call: &Call) -> Result<ClientRequest, Rejection> {
    use ClientRequest as Own;
    let era = call.version.era();
    Ok(match &call.method {
        Method::Initialize => Own::InitializeRequest(model::InitializeRequest::new(client(
            &call.client,
            call.version,
        ))),
        Method::Discover => Own::DiscoverRequest(model::DiscoverRequest::new(
            model::DiscoverRequestParams::default(),
        )),
        Method::Ping => Own::PingRequest(model::PingRequest {
            method: model::PingRequestMethod,
            extensions: Extensions::new(),
        }),
        Method::ToolsList => Own::ListToolsRequest(model::ListToolsRequest {
            method: model::ListToolsRequestMethod,
            params: cursor(call)?,
            extensions: Extensions::new(),
        }),
        Method::ResourcesList => Own::ListResourcesRequest(model::ListResourcesRequest {
            method: model::ListResourcesRequestMethod,
            params: cursor(call)?,
            extensions: Extensions::new(),
        }),
        Method::ResourceTemplatesList => {
            Own::ListResourceTemplatesRequest(model::ListResourceTemplatesRequest {
                method: model::ListResourceTemplatesRequestMethod,
                params: cursor(call)?,
                extensions: Extensions::new(),
            })
        }
        Method::PromptsList => Own::ListPromptsRequest(model::ListPromptsRequest {
            method: model::ListPromptsRequestMethod,
            params: cursor(call)?,
            extensions: Extensions::new(),
        }),
        Method::ToolsCall => Own::CallToolRequest(model::CallToolRequest::new(of_era(
            era,
            params::<CallToolRequestParams>(call)?,
        ))),
        Method::PromptsGet => Own::GetPromptRequest(model::GetPromptRequest::new(of_era(
            era,
            params::<GetPromptRequestParams>(call)?,
        ))),
        Method::ResourcesRead => Own::ReadResourceRequest(model::ReadResourceRequest::new(of_era(
            era,
            params::<ReadResourceRequestParams>(call)?,
        ))),
        Method::Complete => Own::CompleteRequest(model::CompleteRequest::new(params(call)?)),
        Method::LoggingSetLevel | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
            of_session(call)?
        }
        Method::Other(name) => Own::CustomRequest(CustomRequest::new(&**name, value(&call.params))),
        _ => {
            return Err(Rejection::MethodNotFound {
                method: call.method.as_str().to_owned(),
            });
        }
    })
}

/// About the session itself.
#[expect(
    deprecated,
    reason = "logging and subscribing are deprecated, and still in use"
)]
fn of_session(call: &Call) -> Result<ClientRequest, Rejection> {
    use ClientRequest as Own;
    Ok(match &call.method {
        Method::ResourcesSubscribe => {
            Own::SubscribeRequest(model::SubscribeRequest::new(params(call)?))
        }
        Method::ResourcesUnsubscribe => {
            Own::UnsubscribeRequest(model::UnsubscribeRequest::new(params(call)?))
        }
        _ => Own::SetLevelRequest(model::SetLevelRequest::new(params(call)?)),
    })
}

/// The parameters without `_meta`, which has its place in the context.
fn params<P: DeserializeOwned + RequestParamsMeta>(call: &Call) -> Result<P, Rejection> {
    let mut params: P = call
        .params
        .raw()
        .read()
        .map_err(|error| Rejection::InvalidParams {
            detail: format!("{}: {}", call.method, describe(&error)).into(),
        })?;
    params.meta_mut().take();
    Ok(params)
}

/// Of a list; the handler is told apart whether there were parameters at all.
fn cursor(call: &Call) -> Result<Option<model::PaginatedRequestParams>, Rejection> {
    if call.params.are_absent() {
        return Ok(None);
    }
    params(call).map(Some)
}

/// Parameters that bring back what an earlier round left, which only the modern revision has (T-DUAL-15).
trait Resumed {
    fn forget_round(&mut self);
}

fn of_era<P: Resumed>(era: Era, mut params: P) -> P {
    if era == Era::Legacy {
        params.forget_round();
    }
    params
}

macro_rules! resumed {
    ($($params:ty),*) => {$(
        impl Resumed for $params {
            fn forget_round(&mut self) {
                self.input_responses = None;
                self.request_state = None;
            }
        }
    )*};
}

resumed!(
    CallToolRequestParams,
    GetPromptRequestParams,
    ReadResourceRequestParams
);

fn value(params: &Params) -> Option<Value> {
    (!params.are_absent())
        .then(|| params.raw().read().ok())
        .flatten()
}

/// A notification as a handler is told it; `None` for one whose parameters are malformed, which is ignored
/// (T-2411-15).
pub(crate) fn notification(own: &Notification) -> Option<ClientNotification> {
    use ClientNotification as Own;
    let mut told = match &own.method {
        Method::Initialized => Own::InitializedNotification(model::InitializedNotification {
            method: model::InitializedNotificationMethod,
            extensions: Extensions::new(),
        }),
        Method::RootsListChanged => {
            Own::RootsListChangedNotification(model::RootsListChangedNotification {
                method: model::RootsListChangedNotificationMethod,
                extensions: Extensions::new(),
            })
        }
        Method::Cancelled => Own::CancelledNotification(model::CancelledNotification::new(
            own.params.raw().read().ok()?,
        )),
        Method::Progress => Own::ProgressNotification(model::ProgressNotification::new(
            own.params.raw().read().ok()?,
        )),
        other => {
            Own::CustomNotification(CustomNotification::new(other.as_str(), value(&own.params)))
        }
    };
    if let Ok(meta) = own.params.meta.read::<JsonObject>()
        && !meta.is_empty()
    {
        let extensions = told.extensions_mut();
        extensions.insert(NotificationMetaObject::from(meta));
    }
    Some(told)
}

/// The client as it described itself, in the revision that was agreed on.
pub(crate) fn client(client: &Client, version: ProtocolVersion) -> InitializeRequestParams {
    let info = client.info.read().ok().or_else(|| {
        let tolerant = client.implementation()?;
        Some(Implementation::new(tolerant.name, tolerant.version))
    });
    let info = info.unwrap_or_else(|| Implementation::new("unknown", ""));
    InitializeRequestParams::new(capabilities(client), info).with_protocol_version(named(version))
}

/// What the client declared, without what this transport would not let it use: a handler must not begin a
/// task whose outcome nobody can ask for.
fn capabilities(client: &Client) -> ClientCapabilities {
    let mut declared: ClientCapabilities = client.capabilities.read().unwrap_or_default();
    if let Some(extensions) = &mut declared.extensions {
        extensions.remove(model::TASKS_EXTENSION_ID);
    }
    declared
}

fn named(version: ProtocolVersion) -> model::ProtocolVersion {
    use model::ProtocolVersion as Own;
    match version {
        ProtocolVersion::V2024_11_05 => Own::V_2024_11_05,
        ProtocolVersion::V2025_03_26 => Own::V_2025_03_26,
        ProtocolVersion::V2025_06_18 => Own::V_2025_06_18,
        ProtocolVersion::V2025_11_25 => Own::V_2025_11_25,
        _ => Own::V_2026_07_28,
    }
}

/// What a handler finds beside the parameters of `call`.
pub(crate) fn context(
    call: &Call,
    context: &Context,
    peer: rmcp::Peer<RoleServer>,
) -> RequestContext<RoleServer> {
    let mut own = RequestContext::new(id(&call.id), peer);
    own.meta = meta(call);
    own.extensions = extensions(context);
    own
}

fn meta(call: &Call) -> RequestMetaObject {
    let mut object: JsonObject = call.params.meta.read().unwrap_or_default();
    if call.version.era() == Era::Legacy {
        MODERN_META.iter().for_each(|key| {
            object.shift_remove(*key);
        });
        return RequestMetaObject::from(object);
    }
    let mut meta = RequestMetaObject::from(object);
    // The same client as its peer describes, whatever else it wrote about itself.
    meta.set_client_capabilities(capabilities(&call.client));
    meta
}

/// What rmcp's own HTTP server leaves there too: the head of the request, and with it what layers before the
/// endpoint left. The path is not known here.
pub(crate) fn extensions(context: &Context) -> Extensions {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = HttpMethod::POST;
    parts.headers = context.headers().clone();
    parts.extensions = context.extensions().clone();
    let mut extensions = Extensions::new();
    if let Some(principal) = context.principal() {
        parts.extensions.insert(principal.clone());
        extensions.insert(principal.clone());
    }
    extensions.insert(parts);
    extensions
}

fn id(own: &RequestId) -> NumberOrString {
    match own {
        RequestId::Integer(id) => NumberOrString::Number(*id),
        // rmcp has no room for it as a number; the client gets the id it sent.
        RequestId::Unsigned(id) => NumberOrString::String(id.to_string().into()),
        RequestId::String(id) => NumberOrString::String((**id).into()),
    }
}

/// The token that progress carries, as it came from the client.
pub(crate) fn token(own: &model::ProgressToken) -> ProgressToken {
    match &own.0 {
        NumberOrString::Number(token) => ProgressToken::from(*token),
        NumberOrString::String(token) => ProgressToken::from(&**token),
    }
}
