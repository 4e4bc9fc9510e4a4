//! From rmcp's types to the neutral ones, which are written as each revision wants them. What a later rmcp
//! adds to its types is left out until it is known here, so that nothing reaches a client too old for it.

pub(crate) mod capabilities;
pub(crate) mod content;
pub(crate) mod listing;
pub(crate) mod question;

use rmcp::model;
use spanway_protocol::schema::{CacheHint, CacheScope, Icon, Meta};

pub(crate) fn meta(own: Option<model::MetaObject>) -> Meta {
    own.map(|object| Meta::from(object.0)).unwrap_or_default()
}

pub(crate) fn icons(own: Option<Vec<model::Icon>>) -> Vec<Icon> {
    own.unwrap_or_default().into_iter().map(icon).collect()
}

fn icon(own: model::Icon) -> Icon {
    let mut icon = Icon::new(own.src);
    icon.mime_type = own.mime_type;
    icon.sizes = own.sizes.unwrap_or_default();
    icon.theme = match own.theme {
        Some(model::IconTheme::Light) => Some("light".to_owned()),
        Some(model::IconTheme::Dark) => Some("dark".to_owned()),
        _ => None,
    };
    icon
}

/// What a handler leaves open is not kept by anybody.
pub(crate) fn cache(ttl_ms: Option<u64>, scope: Option<model::CacheScope>) -> CacheHint {
    let mut hint = CacheHint::private(ttl_ms.unwrap_or_default());
    if scope == Some(model::CacheScope::Public) {
        hint.scope = CacheScope::Public;
    }
    hint
}

/// The number that a short float was written as: 0.3, not 0.30000001192092896.
pub(crate) fn widened(short: f32) -> f64 {
    short
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_what_they_were_written_as() {
        assert_eq!(widened(0.3).to_string(), "0.3");
        assert!(widened(f32::NAN).is_nan());
    }
}
