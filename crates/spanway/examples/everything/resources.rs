//! The fixture resources.

use serde::Deserialize;
use serde_json::json;
use spanway::{Params, Resource};

use crate::Fixture;
use crate::samples::RED_PIXEL;

/// The resource whose changes are told by `test_trigger_resource_change`.
pub(crate) const WATCHED_RESOURCE: &str = "test://watched-resource";

pub(crate) fn all() -> Vec<Resource<Fixture>> {
    vec![
        Resource::text(
            "test://static-text",
            "static-text",
            "This is the content of the static text resource.",
        )
        .title("Static text")
        .description("Text that never changes.")
        .mime_type("text/plain"),
        Resource::new("test://static-binary", "static-binary", picture)
            .description("A picture that never changes.")
            .mime_type("image/png"),
        Resource::text(
            WATCHED_RESOURCE,
            "watched-resource",
            "Watched resource content",
        )
        .description("A resource to watch.")
        .mime_type("text/plain"),
        Resource::template("test://template/{id}/data", "template-data", data)
            .description("Data by id.")
            .mime_type("application/json"),
    ]
}

async fn picture() -> Vec<u8> {
    RED_PIXEL.to_vec()
}

#[derive(Deserialize)]
struct Data {
    id: String,
}

async fn data(Params(Data { id }): Params<Data>) -> String {
    json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }).to_string()
}
