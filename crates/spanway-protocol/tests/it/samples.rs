//! One value of each wire type with every field set, and how a value is written.

use serde_json::{Map, Value, json};
use spanway_protocol::ProtocolVersion;
use spanway_protocol::schema::{
    Annotations, CacheHint, Completion, Content, DiscoverResult, GetPromptResult, Icon,
    Implementation, InitializeResult, ListCapability, ListResult, Listed, Meta, Project, Projected,
    PromptArgument, PromptDefinition, PromptMessage, ReadResourceResult, ResourceContents,
    ResourceDefinition, ResourceTemplateDefinition, ResourcesCapability, Role, ServerCapabilities,
    ToolAnnotations, ToolDefinition, View,
};

/// The value as JSON, written for `version` by a server named `test`.
pub(crate) fn write<T: Project>(version: ProtocolVersion, value: &T) -> Value {
    let info = Implementation::new("test", "1.2.3")
        .to_modern_json()
        .unwrap();
    let view = View {
        version,
        server_info: &info,
    };
    serde_json::to_value(Projected(value, view)).unwrap()
}

pub(crate) fn meta() -> Meta {
    Meta::default().with("example.com/trace", json!({ "id": 7 }))
}

pub(crate) fn icon() -> Icon {
    Icon::new("https://example.com/icon.png")
        .with_mime_type("image/png")
        .with_size("48x48")
        .with_size("any")
        .with_theme("dark")
}

pub(crate) fn annotations() -> Annotations {
    Annotations::default()
        .with_audience(Role::User)
        .with_audience(Role::Assistant)
        .with_priority(0.5)
        .with_last_modified("2025-01-12T15:00:58Z")
}

pub(crate) fn implementation() -> Implementation {
    Implementation::new("bookshop", "1.2.3")
        .with_title("Bookshop")
        .with_description("sells books")
        .with_icon(icon())
        .with_website_url("https://example.com")
}

pub(crate) fn tool() -> ToolDefinition {
    let input = json!({
        "type": "object",
        "properties": { "query": { "type": "string" }, "anything": true },
        "required": ["query"],
    });
    let hints = ToolAnnotations::default()
        .with_title("Search")
        .with_read_only(true)
        .with_destructive(false)
        .with_idempotent(true)
        .with_open_world(false);
    ToolDefinition::new("search_books", input)
        .with_title("Search books")
        .with_description("finds books")
        .with_icon(icon())
        .with_output_schema(json!({ "type": "object", "properties": { "anything": true } }))
        .with_annotations(hints)
        .with_meta(meta())
}

pub(crate) fn resource() -> ResourceDefinition {
    ResourceDefinition::new("book://1", "book-1")
        .with_title("The first book")
        .with_description("all of it")
        .with_mime_type("text/plain")
        .with_icon(icon())
        .with_annotations(annotations())
        .with_meta(meta())
        .with_size(42)
}

pub(crate) fn template() -> ResourceTemplateDefinition {
    ResourceTemplateDefinition::new("book://{id}", "book")
        .with_title("A book")
        .with_description("any of them")
        .with_mime_type("text/plain")
        .with_icon(icon())
        .with_annotations(annotations())
        .with_meta(meta())
}

pub(crate) fn prompt() -> PromptDefinition {
    let genre = PromptArgument::new("genre")
        .with_title("Genre")
        .with_description("what kind of book")
        .required();
    PromptDefinition::new("recommend")
        .with_title("Recommend")
        .with_description("recommends a book")
        .with_icon(icon())
        .with_argument(genre)
        .with_argument(PromptArgument::new("mood"))
        .with_meta(meta())
}

pub(crate) fn text_contents() -> ResourceContents {
    ResourceContents::text("book://1", "Call me Ishmael.")
        .with_mime_type("text/plain")
        .with_meta(meta())
}

pub(crate) fn blob_contents() -> ResourceContents {
    ResourceContents::blob("cover://1", b"\x89PNG")
        .with_mime_type("image/png")
        .with_meta(meta())
}

/// Every kind of content with every field.
pub(crate) fn contents() -> Vec<Content> {
    let bare = [
        Content::text("words"),
        Content::image(b"\x89PNG", "image/png"),
        Content::audio(b"RIFF", "audio/wav"),
        Content::resource_link(resource()),
        Content::resource(text_contents()),
        Content::resource(blob_contents()),
    ];
    bare.into_iter()
        .map(|content| content.with_annotations(annotations()).with_meta(meta()))
        .collect()
}

pub(crate) fn read_result() -> ReadResourceResult {
    ReadResourceResult::new(vec![text_contents(), blob_contents()])
        .with_cache(CacheHint::public(60_000))
        .with_meta(meta())
}

pub(crate) fn prompt_result() -> GetPromptResult {
    let messages = contents().into_iter();
    let mut messages: Vec<_> = messages.map(PromptMessage::user).collect();
    messages.push(PromptMessage::assistant("Moby-Dick"));
    GetPromptResult::new(messages)
        .with_description("recommends a book")
        .with_meta(meta())
}

pub(crate) fn completion() -> Completion {
    let values = (0..250).map(|number| format!("value {number}"));
    Completion::new(values.collect())
}

pub(crate) fn list<T: Listed>(item: T) -> ListResult<T> {
    ListResult::new(
        vec![item],
        Some("next".to_owned()),
        CacheHint::private(5_000),
    )
}

pub(crate) fn capabilities() -> ServerCapabilities {
    ServerCapabilities::default()
        .with_tools(ListCapability::with_changes())
        .with_resources(ResourcesCapability::with_changes().with_subscribe())
        .with_prompts(ListCapability::default())
        .with_completions()
        .with_logging()
        .with_tasks()
        .with_experimental("example", Map::new())
        .with_extension("example.com/extension", Map::new())
}

pub(crate) fn initialize(version: ProtocolVersion) -> InitializeResult {
    let instructions = Some("ask for books".to_owned());
    InitializeResult::new(version, capabilities(), implementation(), instructions)
}

pub(crate) fn discover() -> DiscoverResult {
    DiscoverResult::new(
        vec![ProtocolVersion::V2026_07_28],
        capabilities(),
        Some("ask for books".to_owned()),
        CacheHint::public(3_600_000),
    )
}
