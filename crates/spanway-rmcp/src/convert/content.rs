//! Content: blocks, media, resources embedded or linked to.

use rmcp::model;
use spanway_protocol::schema::{
    Annotations, Content, Media, ResourceBody, ResourceContents, ResourceDefinition, Role,
};

use super::{icons, meta, widened};

pub(crate) fn role(own: &model::Role) -> Role {
    match own {
        model::Role::User => Role::User,
        model::Role::Assistant => Role::Assistant,
    }
}

pub(crate) fn blocks(own: Vec<model::ContentBlock>) -> Vec<Content> {
    own.into_iter().map(block).collect()
}

pub(crate) fn block(own: model::ContentBlock) -> Content {
    use model::ContentBlock as Own;
    match own {
        Own::Text(text) => Content::Text {
            text: text.text,
            annotations: text.annotations.map(annotations),
            meta: meta(text.meta),
        },
        Own::Image(own) => Content::Image(image(own)),
        Own::Audio(own) => Content::Audio(audio(own)),
        Own::Resource(embedded) => match contents(embedded.resource) {
            Some(resource) => Content::Resource {
                resource: Box::new(resource),
                annotations: embedded.annotations.map(annotations),
                meta: meta(embedded.meta),
            },
            None => unknown(),
        },
        Own::ResourceLink(link) => Content::resource_link(resource(link)),
        _ => unknown(),
    }
}

/// In place of a kind of content that came with a later rmcp: the model is told that something is missing.
fn unknown() -> Content {
    tracing::warn!("content of an unknown kind is replaced by a note");
    Content::text("[content of a kind that this server cannot pass on]")
}

pub(crate) fn image(own: model::ImageContent) -> Media {
    let mut media = Media::from_base64(own.data, own.mime_type);
    media.annotations = own.annotations.map(annotations);
    media.meta = meta(own.meta);
    media
}

pub(crate) fn audio(own: model::AudioContent) -> Media {
    let mut media = Media::from_base64(own.data, own.mime_type);
    media.annotations = own.annotations.map(annotations);
    media.meta = meta(own.meta);
    media
}

/// `None` for contents that are neither text nor bytes.
pub(crate) fn contents(own: model::ResourceContents) -> Option<ResourceContents> {
    use model::ResourceContents as Own;
    let (uri, mime_type, body, attached) = match own {
        Own::TextResourceContents {
            uri,
            mime_type,
            text,
            meta,
        } => (uri, mime_type, ResourceBody::Text(text), meta),
        Own::BlobResourceContents {
            uri,
            mime_type,
            blob,
            meta,
        } => (uri, mime_type, ResourceBody::Blob(blob), meta),
        _ => return None,
    };
    let mut contents = ResourceContents::text(uri, "").with_meta(meta(attached));
    contents.mime_type = mime_type;
    contents.body = body;
    Some(contents)
}

pub(crate) fn resource(own: model::Resource) -> ResourceDefinition {
    let mut resource = ResourceDefinition::new(own.uri, own.name);
    resource.title = own.title;
    resource.description = own.description;
    resource.mime_type = own.mime_type;
    resource.size = own.size;
    resource.icons = icons(own.icons);
    resource.annotations = own.annotations.map(annotations);
    resource.meta = meta(own.meta);
    resource
}

pub(crate) fn annotations(own: model::Annotations) -> Annotations {
    let mut annotations = Annotations::default();
    annotations.audience = own.audience.unwrap_or_default().iter().map(role).collect();
    annotations.priority = own.priority.map(widened);
    annotations.last_modified = own.last_modified;
    annotations
}
