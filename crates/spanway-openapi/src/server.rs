//! The base URL of an API from its `servers`, with variables at their defaults or as the operator says.

use std::collections::BTreeMap;

use serde_json::Value;

/// The first usable server of a `servers` list; it may be relative to the document.
pub(crate) fn server_url(servers: &Value, given: &BTreeMap<String, String>) -> Option<String> {
    let first = servers.as_array()?.first()?;
    let template = first.get("url")?.as_str()?.trim();
    let variables = first.get("variables");
    let mut url = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        url.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            rest = after;
            continue;
        };
        match given.get(name) {
            Some(value) => url.push_str(value),
            None => url.push_str(&default_of(variables?.get(name)?)?),
        }
        rest = tail;
    }
    url.push_str(rest);
    Some(url)
}

fn default_of(variable: &Value) -> Option<String> {
    let first_of_enum = || variable.get("enum")?.as_array()?.first();
    match variable.get("default").or_else(first_of_enum)? {
        Value::String(text) => Some(text.clone()),
        // YAML without quotes, such as `default: 8443`.
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_take_their_defaults() {
        let servers = json!([{
            "url": "https://{region}.example.com:{port}/{base}",
            "variables": {
                "region": {"default": "eu"},
                "port": {"default": 8443},
                "base": {"enum": ["v2", "v1"]},
            },
        }]);
        let url = |given: &[(&str, &str)]| {
            let given = given
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            server_url(&servers, &given.collect()).unwrap()
        };
        assert_eq!(url(&[]), "https://eu.example.com:8443/v2");
        assert_eq!(
            url(&[("region", "us"), ("port", "1")]),
            "https://us.example.com:1/v2"
        );
    }

    #[test]
    fn odd_servers_are_no_servers() {
        for servers in [
            json!([]),
            json!({}),
            json!([{"url": 1}]),
            json!([{"url": "http://{x}/"}]),
        ] {
            assert_eq!(server_url(&servers, &BTreeMap::new()), None);
        }
        assert_eq!(
            server_url(&json!([{"url": "/api"}]), &BTreeMap::new()).unwrap(),
            "/api"
        );
    }
}
