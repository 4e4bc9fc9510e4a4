//! Who the server is and what it offers, as far as this transport can keep it.

use rmcp::model;
use spanway_protocol::schema::{
    Implementation, ListCapability, ResourcesCapability, ServerCapabilities,
};

use super::icons;

/// Extensions that add methods, and would be promised in vain: those methods are not served here.
const NOT_SERVED: [&str; 2] = [model::TASKS_EXTENSION_ID, model::SKILLS_EXTENSION_ID];

pub(crate) fn implementation(own: model::Implementation) -> Implementation {
    let mut implementation = Implementation::new(own.name, own.version);
    implementation.title = own.title;
    implementation.description = own.description;
    implementation.icons = icons(own.icons);
    implementation.website_url = own.website_url;
    implementation
}

/// T-2607-36: nothing that does not work is advertised.
pub(crate) fn offered(own: model::ServerCapabilities) -> ServerCapabilities {
    let mut offered = ServerCapabilities::default();
    offered.tools = own.tools.map(|tools| list(tools.list_changed));
    offered.prompts = own.prompts.map(|prompts| list(prompts.list_changed));
    offered.resources = own.resources.map(|own| {
        let mut resources = ResourcesCapability::default();
        resources.list_changed = own.list_changed.unwrap_or_default();
        resources.subscribe = own.subscribe.unwrap_or_default();
        resources
    });
    offered.completions = own.completions.is_some();
    offered.logging = own.logging.is_some();
    for (name, settings) in own.experimental.unwrap_or_default() {
        offered = offered.with_experimental(name, settings);
    }
    for (id, settings) in own.extensions.unwrap_or_default() {
        if !NOT_SERVED.contains(&id.as_str()) {
            offered = offered.with_extension(id, settings);
        }
    }
    offered
}

fn list(changed: Option<bool>) -> ListCapability {
    let mut list = ListCapability::default();
    list.list_changed = changed.unwrap_or_default();
    list
}
