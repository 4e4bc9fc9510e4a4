//! A server as one writes it with rmcp: macros, routers, peers, hand-written parts.
#![expect(
    deprecated,
    reason = "sampling, roots and logging are deprecated, and still hosted"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rmcp::handler::server::router::prompt::PromptRouter;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::{InputResponses, RequestState};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    Annotations, CacheScope, CallToolResponse, CallToolResult, ClientCapabilities,
    CompleteRequestParams, CompleteResult, CompletionInfo, ContentBlock, ContextInclusion,
    CreateMessageRequestParams, CustomRequest, CustomResult, ElicitRequest, ElicitRequestParams,
    ElicitationAction, ElicitationSchema, ErrorCode, ExtensionCapabilities, GetPromptResult, Icon,
    Implementation, InputRequest, InputRequests, InputRequiredResult, JsonObject,
    ListResourceTemplatesResult, ListResourcesResult, LoggingLevel,
    LoggingMessageNotificationParam, MetaObject, PaginatedRequestParams, ProgressNotificationParam,
    PromptMessage, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate, Role, SamplingMessage, ServerCapabilities, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, TASKS_EXTENSION_ID, TextContent,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{
    ErrorData, Json, Peer, RoleServer, ServerHandler, ServiceError, prompt, prompt_handler,
    prompt_router, tool, tool_handler, tool_router,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use spanway_server::Principal;
use tokio::sync::{Mutex, Notify};

/// What a test sees of what went on inside, and what it lets go on.
#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) told: Mutex<Vec<String>>,
    pub(crate) happened: Notify,
    pub(crate) go_on: Notify,
    pub(crate) kept: Mutex<Vec<Peer<RoleServer>>>,
}

impl Inside {
    pub(crate) async fn note(&self, what: impl Into<String>) {
        self.told.lock().await.push(what.into());
        self.happened.notify_waiters();
    }

    /// Waits until something of this kind was told.
    pub(crate) async fn until(&self, what: &str) {
        loop {
            let happened = self.happened.notified();
            if self.told.lock().await.iter().any(|told| told == what) {
                return;
            }
            happened.await;
        }
    }
}

#[derive(Clone)]
pub(crate) struct Toolbox {
    pub(crate) inside: Arc<Inside>,
    pub(crate) counter: Arc<AtomicI64>,
    tool_router: ToolRouter<Self>,
    prompt_router: PromptRouter<Self>,
}

impl Default for Toolbox {
    fn default() -> Self {
        Self::of(Arc::default())
    }
}

#[derive(Deserialize, JsonSchema)]
struct Add {
    a: i64,
    b: i64,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Region {
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

#[derive(Deserialize, JsonSchema)]
struct Topic {
    topic: String,
}

fn said(text: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

fn in_words(error: &ServiceError) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(error.to_string())])
}

fn name_form() -> ElicitRequestParams {
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: "Your name?".to_owned(),
        requested_schema: ElicitationSchema::builder()
            .required_string("name")
            .build()
            .expect("a form"),
    }
}

#[tool_router]
impl Toolbox {
    pub(crate) fn of(inside: Arc<Inside>) -> Self {
        Self {
            inside,
            counter: Arc::default(),
            tool_router: Self::tool_router(),
            prompt_router: Self::prompt_router(),
        }
    }

    #[tool(
        title = "Adder",
        description = "Adds two numbers",
        annotations(read_only_hint = true)
    )]
    async fn add(&self, Parameters(Add { a, b }): Parameters<Add>) -> Json<Sum> {
        Json(Sum { sum: a + b })
    }

    #[tool(description = "Counts the calls of this instance")]
    async fn count(&self) -> String {
        (self.counter.fetch_add(1, Ordering::SeqCst) + 1).to_string()
    }

    #[tool(description = "Every kind of content")]
    async fn kinds(&self) -> CallToolResult {
        let mut result = CallToolResult::success(vec![
            ContentBlock::Text(
                TextContent::new("words").with_annotations(
                    Annotations::default()
                        .with_audience(vec![Role::User])
                        .with_priority(0.3),
                ),
            ),
            ContentBlock::image("aW1n", "image/png"),
            ContentBlock::audio("c25k", "audio/wav"),
            ContentBlock::embedded_text("file:///a", "inside"),
            ContentBlock::resource_link(
                Resource::new("file:///b", "b").with_icons(vec![Icon::new("https://x.test/i")]),
            ),
        ]);
        result.meta = Some(MetaObject(rmcp::object!({ "own": 1 })));
        result
    }

    #[tool(description = "Says how far it is")]
    async fn progress(&self, context: RequestContext<RoleServer>) -> String {
        if let Some(token) = context.meta.get_progress_token() {
            for step in [1.0, 2.0] {
                let progress = ProgressNotificationParam::new(token.clone(), step)
                    .with_total(2.0)
                    .with_message("working");
                let _ = context.peer.notify_progress(progress).await;
            }
        }
        "done".to_owned()
    }

    #[tool(description = "Logs")]
    async fn log(&self, peer: Peer<RoleServer>) -> String {
        for level in [LoggingLevel::Debug, LoggingLevel::Error] {
            let message =
                LoggingMessageNotificationParam::new(level, json!("hear")).with_logger("toolbox");
            let _ = peer.notify_logging_message(message).await;
        }
        "logged".to_owned()
    }

    #[tool(description = "Asks for a name")]
    async fn greet(&self, peer: Peer<RoleServer>) -> CallToolResult {
        match peer.create_elicitation(name_form()).await {
            Ok(answer) if answer.action == ElicitationAction::Accept => said(format!(
                "Hello, {}!",
                answer.content.unwrap_or_default()["name"]
            )),
            Ok(answer) => said(format!("{:?}", answer.action)),
            Err(error) => in_words(&error),
        }
    }

    #[tool(description = "Asks, and takes the question back")]
    async fn impatient(&self, peer: Peer<RoleServer>) -> CallToolResult {
        let limit = Some(Duration::from_secs(5));
        let asked = peer.create_elicitation_with_timeout(name_form(), limit);
        match asked.await {
            Ok(_) => said("answered"),
            Err(error) => in_words(&error),
        }
    }

    #[tool(description = "Sends to a web page")]
    async fn sign_in(&self, peer: Peer<RoleServer>) -> CallToolResult {
        let asked = peer.create_elicitation(ElicitRequestParams::UrlElicitationParams {
            meta: None,
            message: "Sign in".to_owned(),
            url: "https://example.com/x".to_owned(),
            elicitation_id: "own-id".to_owned(),
        });
        match asked.await {
            Ok(answer) => said(format!("{:?}", answer.action)),
            Err(error) => in_words(&error),
        }
    }

    #[tool(description = "Asks the model")]
    async fn think(&self, peer: Peer<RoleServer>) -> CallToolResult {
        let asked = CreateMessageRequestParams::new(
            vec![SamplingMessage::user_text("Capital of France?")],
            10,
        )
        .with_system_prompt("Be brief")
        .with_include_context(ContextInclusion::ThisServer);
        match peer.create_message(asked).await {
            Ok(answer) => said(format!(
                "{}: {}",
                answer.model,
                answer
                    .message
                    .content
                    .first()
                    .and_then(|block| block.as_text())
                    .map_or("", |text| &text.text)
            )),
            Err(error) => in_words(&error),
        }
    }

    #[tool(description = "Asks for roots")]
    async fn roots(&self, peer: Peer<RoleServer>) -> CallToolResult {
        match peer.list_roots().await {
            Ok(roots) => said(roots.roots.len().to_string()),
            Err(error) => in_words(&error),
        }
    }

    #[tool(description = "Asks by an interim answer")]
    async fn rounds(
        &self,
        RequestState(state): RequestState,
        InputResponses(responses): InputResponses,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(responses) = responses else {
            let mut asked = InputRequests::new();
            asked.insert(
                "name".to_owned(),
                InputRequest::Elicitation(ElicitRequest::new(name_form())),
            );
            let state = "own.state \"with\" odd / characters".to_owned();
            return Ok(InputRequiredResult::new(Some(asked), Some(state)).into());
        };
        let name = &responses["name"]["content"]["name"];
        Ok(said(format!("{name} {}", state.unwrap_or_default())).into())
    }

    #[tool(description = "Fails")]
    async fn fail(&self) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text("out of paper")])
    }

    #[tool(description = "Refuses with a code of its own")]
    async fn refuse(&self) -> Result<CallToolResult, ErrorData> {
        let data = Some(json!({ "try": "later" }));
        Err(ErrorData::new(ErrorCode(-32050), "not now", data))
    }

    #[tool(description = "Refuses with a code of the modern era")]
    async fn refuse_modern(&self) -> Result<CallToolResult, ErrorData> {
        let required = ClientCapabilities::builder().enable_sampling().build();
        Err(ErrorData::missing_required_client_capability(required))
    }

    #[tool(description = "Panics")]
    async fn panic(&self) -> String {
        panic!("as it was told")
    }

    #[tool(description = "Waits until it is cancelled, and then cleans up")]
    async fn wait(&self, context: RequestContext<RoleServer>) -> String {
        self.inside.note("waiting").await;
        context.ct.cancelled().await;
        self.inside.note("cancelled").await;
        self.inside.go_on.notified().await;
        self.inside.note("cleaned up").await;
        "nobody hears this".to_owned()
    }

    #[tool(description = "Waits for the test")]
    async fn pause(&self) -> String {
        self.inside.note("pausing").await;
        self.inside.go_on.notified().await;
        "went on".to_owned()
    }

    #[tool(description = "Who calls, as far as the request tells")]
    async fn who(&self, context: RequestContext<RoleServer>) -> String {
        let parts = context.extensions.get::<http::request::Parts>();
        let header = parts
            .and_then(|parts| parts.headers.get("x-own"))
            .and_then(|value| value.to_str().ok());
        let left = parts.and_then(|parts| parts.extensions.get::<u8>());
        let principal = context.extensions.get::<Principal>();
        let client = context.client_info().map(|client| client.name);
        format!(
            "{header:?} {left:?} {:?} {client:?} {:?} {}",
            principal.map(Principal::as_str),
            context
                .protocol_version()
                .map(|version| version.to_string()),
            context.id
        )
    }

    #[tool(description = "Tells of a change while it runs")]
    async fn change(&self, peer: Peer<RoleServer>) -> String {
        let _ = peer.notify_tool_list_changed().await;
        "told".to_owned()
    }

    #[tool(description = "Keeps its peer for later")]
    async fn keep(&self, peer: Peer<RoleServer>) -> String {
        self.inside.kept.lock().await.push(peer);
        "kept".to_owned()
    }

    #[tool(description = "Wants a header")]
    async fn regional(&self, Parameters(Region { region }): Parameters<Region>) -> String {
        region
    }
}

#[prompt_router]
impl Toolbox {
    /// Writes about a topic.
    #[prompt(name = "write")]
    async fn write(
        &self,
        Parameters(Topic { topic }): Parameters<Topic>,
    ) -> Result<GetPromptResult, ErrorData> {
        let messages = vec![
            PromptMessage::new_text(Role::User, format!("Write about {topic}")),
            PromptMessage::new(Role::Assistant, ContentBlock::audio("c25k", "audio/wav")),
        ];
        Ok(GetPromptResult::new(messages).with_description("An essay"))
    }
}

#[tool_handler(router = self.tool_router)]
#[prompt_handler(router = self.prompt_router)]
impl ServerHandler for Toolbox {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_completions()
            .enable_logging()
            .build();
        let tasks = (TASKS_EXTENSION_ID.to_owned(), JsonObject::new());
        let own = ("test.example/own".to_owned(), rmcp::object!({ "v": 1 }));
        capabilities.extensions = Some(ExtensionCapabilities::from([tasks, own]));
        ServerConfig::new(capabilities)
            .with_server_info(
                Implementation::new("toolbox", "1.2.3")
                    .with_title("Toolbox")
                    .with_website_url("https://example.com"),
            )
            .with_instructions("Use the tools.")
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let client = context
            .peer
            .peer_info()
            .map(|info| info.client_info.name.clone());
        self.inside.kept.lock().await.push(context.peer);
        let note = format!("initialized by {}", client.unwrap_or_default());
        self.inside.note(note).await;
    }

    async fn on_roots_list_changed(&self, context: NotificationContext<RoleServer>) {
        let roots = context.peer.list_roots().await;
        self.inside.note(format!("roots: {}", roots.is_ok())).await;
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method == "test/echo" {
            return Ok(CustomResult(request.params.unwrap_or_default()));
        }
        Err(ErrorData::new(
            ErrorCode::METHOD_NOT_FOUND,
            request.method,
            None,
        ))
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.inside.note(format!("level {:?}", request.level)).await;
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if !request.uri.starts_with("shop://") {
            return Err(ErrorData::resource_not_found("no such resource", None));
        }
        self.inside.kept.lock().await.push(context.peer);
        Ok(())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let values = vec![format!("{}-completed", request.argument.value)];
        let completion = CompletionInfo::new(values).expect("few values");
        Ok(CompleteResult::new(completion))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let (number, next) = match cursor.as_deref() {
            None => (1, Some("second".to_owned())),
            Some("second") => (2, None),
            Some(_) => return Err(ErrorData::invalid_params("no such page", None)),
        };
        let resource = Resource::new(format!("shop://book/{number}"), format!("book{number}"))
            .with_title("A book")
            .with_size(5);
        Ok(ListResourcesResult {
            next_cursor: next,
            ttl_ms: Some(1000),
            cache_scope: Some(CacheScope::Public),
            meta: Some(MetaObject(rmcp::object!({ "page": number }))),
            ..ListResourcesResult::with_all_items(vec![resource])
        })
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new("shop://book/{id}", "book").with_title("Any book");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        if !request.uri.starts_with("shop://book/") {
            let data = Some(json!({ "uri": request.uri }));
            return Err(ErrorData::resource_not_found("no such book", data));
        }
        let text = ResourceContents::text("Emma", request.uri.clone());
        let blob = ResourceContents::blob("AAEC", request.uri);
        Ok(ReadResourceResult::new(vec![text, blob]).into())
    }
}
