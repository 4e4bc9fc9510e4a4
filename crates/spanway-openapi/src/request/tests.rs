//! Arguments as HTTP requests, style by style.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a json! literal reads best where it is used"
)]

use serde_json::json;

use super::*;
use crate::document::Document;
use crate::operation::read_operations;

fn operation(path: &str, method: &str, operation: Value) -> Operation {
    let document = json!({"openapi": "3.1.0", "paths": {path: {method: operation}}});
    let document = Document::from_value(document, None).unwrap();
    let (mut operations, problems) = read_operations(&document);
    assert_eq!(operations.len(), 1, "{problems:?}");
    operations.remove(0)
}

fn send(operation: &Operation, arguments: Value) -> Result<Request<Bytes>, RequestError> {
    let base = Url::parse("https://api.example.com/v1/").unwrap();
    let Value::Object(arguments) = arguments else {
        panic!("not an object")
    };
    build_request(operation, &base, &arguments, &HeaderMap::new())
}

fn sent(operation: &Operation, arguments: Value) -> String {
    let uri = send(operation, arguments).unwrap().uri().to_string();
    uri.strip_prefix("https://api.example.com/v1")
        .unwrap()
        .to_owned()
}

/// What a parameter `p` with these fields is sent as.
pub(super) fn parameter(location: &str, fields: Value, value: Value) -> String {
    let mut parameter = json!({"name": "p", "in": location, "schema": {}});
    parameter
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let name = parameter["name"].as_str().unwrap().to_owned();
    let path = if location == "path" {
        format!("/x/{{{name}}}")
    } else {
        "/x".to_owned()
    };
    let operation = operation(&path, "get", json!({"parameters": [parameter]}));
    sent(&operation, json!({name: value}))
}

fn body(media: Value, arguments: Value) -> Request<Bytes> {
    let operation = operation(
        "/x",
        "post",
        json!({"requestBody": {"required": true, "content": media}}),
    );
    send(&operation, arguments).unwrap()
}

fn text(request: &Request<Bytes>) -> &str {
    std::str::from_utf8(request.body()).unwrap()
}

#[test]
fn path_values_stay_in_their_segment() {
    let send = |value| parameter("path", json!({}), value);
    assert_eq!(send(json!("a b/c?d#e%")), "/x/a%20b%2Fc%3Fd%23e%25");
    assert_eq!(send(json!("%2e%2e")), "/x/%252e%252e");
    assert_eq!(send(json!("..\\..")), "/x/..%5C..");
    assert_eq!(send(json!(5)), "/x/5");
    assert_eq!(send(json!(5.0)), "/x/5");
    assert_eq!(send(json!(true)), "/x/true");
    assert_eq!(send(json!("ünï")), "/x/%C3%BCn%C3%AF");
    assert_eq!(send(json!("...")), "/x/...");
}

#[test]
fn path_values_that_would_leave_their_segment_are_refused() {
    let operation = operation("/x/{p}/y", "get", json!({}));
    for value in ["", ".", ".."] {
        let error = send(&operation, json!({ "p": value })).unwrap_err();
        assert_eq!(error, RequestError::PathSegment("p".into()));
    }
    for arguments in [json!({}), json!({"p": null})] {
        let error = send(&operation, arguments).unwrap_err();
        assert_eq!(error, RequestError::Missing("p".into()));
    }
}

#[test]
fn path_styles() {
    let list = json!(["a", "b,c"]);
    let map = json!({"r": 1, "g": 2});
    let send = |fields, value: &Value| parameter("path", fields, value.clone());
    assert_eq!(send(json!({}), &list), "/x/a,b%2Cc");
    assert_eq!(send(json!({}), &map), "/x/r,1,g,2");
    assert_eq!(send(json!({"explode": true}), &map), "/x/r=1,g=2");
    assert_eq!(send(json!({"style": "label"}), &list), "/x/.a,b%2Cc");
    assert_eq!(
        send(json!({"style": "label", "explode": true}), &list),
        "/x/.a.b%2Cc"
    );
    assert_eq!(send(json!({"style": "matrix"}), &list), "/x/;p=a,b%2Cc");
    assert_eq!(
        send(json!({"style": "matrix", "explode": true}), &list),
        "/x/;p=a;p=b%2Cc"
    );
    assert_eq!(
        send(json!({"style": "matrix", "explode": true}), &map),
        "/x/;r=1;g=2"
    );
}

#[test]
fn query_styles() {
    let list = json!(["a b", "c&d"]);
    let map = json!({"r": 1, "g": {"deep": [true, "x"]}});
    let send = |fields, value: &Value| parameter("query", fields, value.clone());
    assert_eq!(
        send(json!({}), &json!("a=b&c d+é")),
        "/x?p=a%3Db%26c%20d%2B%C3%A9"
    );
    assert_eq!(send(json!({}), &list), "/x?p=a%20b&p=c%26d");
    assert_eq!(send(json!({"explode": false}), &list), "/x?p=a%20b,c%26d");
    assert_eq!(
        send(json!({"style": "spaceDelimited"}), &list),
        "/x?p=a%20b%20c%26d"
    );
    assert_eq!(
        send(json!({"style": "pipeDelimited", "explode": false}), &list),
        "/x?p=a%20b%7Cc%26d"
    );
    assert_eq!(send(json!({}), &json!({"r": 1, "g": "x"})), "/x?r=1&g=x");
    assert_eq!(
        send(json!({"explode": false}), &json!({"r": 1, "g": "x"})),
        "/x?p=r,1,g,x"
    );
    assert_eq!(
        send(json!({"style": "deepObject", "explode": true}), &map),
        "/x?p%5Br%5D=1&p%5Bg%5D%5Bdeep%5D%5B0%5D=true&p%5Bg%5D%5Bdeep%5D%5B1%5D=x"
    );
    assert_eq!(send(json!({}), &json!([])), "/x");
    assert_eq!(send(json!({"explode": false}), &json!([])), "/x");
    assert_eq!(send(json!({}), &json!("")), "/x?p=");
    assert_eq!(send(json!({}), &json!(null)), "/x");
    assert_eq!(
        send(json!({"allowReserved": true}), &json!("/a:b?c&d")),
        "/x?p=/a:b?c%26d"
    );
}

#[test]
fn a_parameter_with_content_is_json() {
    let parameter = json!({"name": "p", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}});
    let operation = operation("/x", "get", json!({"parameters": [parameter]}));
    assert_eq!(
        sent(&operation, json!({"p": {"a": 1}})),
        "/x?p=%7B%22a%22%3A1%7D"
    );
}

#[test]
fn a_base_url_keeps_its_path_and_query() {
    let operation = operation(
        "/x y/{id}.json",
        "get",
        json!({"parameters": [{"name": "q", "in": "query", "schema": {}}]}),
    );
    let base = Url::parse("http://localhost:8080/api/v2/?key=1#top").unwrap();
    let Value::Object(arguments) = json!({"id": "7", "q": 1}) else {
        unreachable!()
    };
    let request = build_request(&operation, &base, &arguments, &HeaderMap::new()).unwrap();
    assert_eq!(
        request.uri().to_string(),
        "http://localhost:8080/api/v2/x%20y/7.json?key=1&q=1"
    );
}

#[test]
fn a_query_or_fragment_in_the_path_only_tells_operations_apart() {
    let parameter = json!({"name": "q", "in": "query", "schema": {}});
    let paged = operation(
        "/x/{id}?beta=true",
        "get",
        json!({"parameters": [parameter]}),
    );
    assert_eq!(
        sent(&paged, json!({"id": "a", "q": 1})),
        "/x/a?beta=true&q=1"
    );
    let action = operation("/x#list", "get", json!({}));
    assert_eq!(sent(&action, json!({})), "/x");
}

#[test]
fn headers_and_cookies() {
    let operation = operation(
        "/x",
        "get",
        json!({"parameters": [
            {"name": "X-List", "in": "header", "schema": {"type": "array"}},
            {"name": "X-Object", "in": "header", "explode": true, "schema": {}},
            {"name": "session", "in": "cookie", "schema": {}},
            {"name": "other", "in": "cookie", "schema": {}},
        ]}),
    );
    let arguments = json!({
        "X-List": ["a", "b"], "X-Object": {"r": 1, "g": 2}, "session": "a;b c", "other": 1,
    });
    let request = send(&operation, arguments).unwrap();
    assert_eq!(request.headers()["x-list"], "a,b");
    assert_eq!(request.headers()["x-object"], "r=1,g=2");
    assert_eq!(request.headers()["cookie"], "session=a%3Bb%20c; other=1");
}

#[test]
fn header_values_cannot_start_another_header() {
    let operation = operation(
        "/x",
        "get",
        json!({"parameters": [{"name": "X-A", "in": "header", "schema": {}}]}),
    );
    for value in ["a\r\nHost: evil", "a\nb", "a\0b"] {
        let error = send(&operation, json!({"X-A": value})).unwrap_err();
        assert_eq!(error, RequestError::HeaderValue("X-A".into()));
    }
    assert!(send(&operation, json!({"X-A": "grün"})).is_ok());
}

#[test]
fn headers_that_are_not_a_clients_are_no_arguments() {
    let names = [
        "Authorization",
        "Host",
        "content-length",
        "Content-Type",
        "Accept",
        "Cookie",
        "Transfer-Encoding",
        "Connection",
        "Proxy-Authorization",
        "X-Forwarded-For",
    ];
    let parameters: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "in": "header", "required": true, "schema": {}}))
        .collect();
    let operation = operation("/x", "get", json!({"parameters": parameters}));
    assert!(operation.parameters.is_empty());
    let error = send(&operation, json!({"Authorization": "Bearer x"})).unwrap_err();
    assert_eq!(error, RequestError::Unknown("Authorization".into()));
}

#[test]
fn static_headers_come_last_and_win() {
    let operation = operation(
        "/x",
        "get",
        json!({"parameters": [{"name": "X-Key", "in": "header", "schema": {}}]}),
    );
    let mut fixed = HeaderMap::new();
    fixed.append("x-key", HeaderValue::from_static("operator"));
    fixed.append("authorization", HeaderValue::from_static("Bearer t"));
    let Value::Object(arguments) = json!({"X-Key": "client"}) else {
        unreachable!()
    };
    let base = Url::parse("http://h").unwrap();
    let request = build_request(&operation, &base, &arguments, &fixed).unwrap();
    let values: Vec<&HeaderValue> = request.headers().get_all("x-key").iter().collect();
    assert_eq!(values, ["operator"]);
    assert_eq!(request.headers()["authorization"], "Bearer t");
}

#[test]
fn json_bodies() {
    let media = json!({"application/json": {"schema": {"type": "object", "properties": {"a": {}, "b": {}}}}});
    let request = body(
        media.clone(),
        json!({"b": null, "a": {"x": [1.0]}, "extra": true}),
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(text(&request), r#"{"a":{"x":[1.0]},"b":null,"extra":true}"#);
    assert_eq!(text(&body(media, json!({}))), "{}");
    let list = json!({"application/vnd.api+json; charset=utf-8": {"schema": {"type": "array"}}});
    let request = body(list, json!({"body": [1, 2]}));
    assert_eq!(
        request.headers()["content-type"],
        "application/vnd.api+json; charset=utf-8"
    );
    assert_eq!(text(&request), "[1,2]");
}

#[test]
fn json_goes_before_a_form_and_a_form_before_the_rest() {
    let schema = json!({"schema": {"type": "object", "properties": {"a": {}}}});
    let form = "application/x-www-form-urlencoded";
    let request = body(
        json!({"application/xml": schema, form: schema, "application/json": schema}),
        json!({"a": 1}),
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    let request = body(
        json!({"application/xml": schema, form: schema}),
        json!({"a": 1}),
    );
    assert_eq!(request.headers()["content-type"], form);
    let request = body(json!({"*/*": schema}), json!({"a": 1}));
    assert_eq!(request.headers()["content-type"], "application/json");
}

#[test]
fn urlencoded_bodies() {
    let form = |encoding: Value, arguments| {
        let schema = json!({"type": "object", "properties": {"a": {}, "b": {}}});
        let media =
            json!({"application/x-www-form-urlencoded": {"schema": schema, "encoding": encoding}});
        text(&body(media, arguments)).to_owned()
    };
    assert_eq!(
        form(json!({}), json!({"a": "x y&z=ä", "b": [1, 2]})),
        "a=x%20y%26z%3D%C3%A4&b=1&b=2"
    );
    assert_eq!(
        form(json!({}), json!({"a": {"k": 1}, "b": null})),
        "a=%7B%22k%22%3A1%7D"
    );
    let deep = json!({"a": {"style": "deepObject", "explode": true}, "b": {"explode": false}});
    assert_eq!(
        form(deep, json!({"a": {"k": ["v"]}, "b": [1, 2]})),
        "a%5Bk%5D%5B0%5D=v&b=1,2"
    );
}

#[test]
fn an_optional_body_without_arguments_is_not_sent() {
    let media =
        json!({"application/json": {"schema": {"type": "object", "properties": {"a": {}}}}});
    let operation = operation("/x", "post", json!({"requestBody": {"content": media}}));
    let request = send(&operation, json!({})).unwrap();
    assert!(request.body().is_empty());
    assert!(request.headers().get("content-type").is_none());
}

#[test]
fn text_and_binary_bodies() {
    let request = body(json!({"application/xml": {}}), json!({"body": "<a/>"}));
    assert_eq!(text(&request), "<a/>");
    assert_eq!(request.headers()["content-type"], "application/xml");
    for given in [
        "AAEC",
        "data:image/png;base64,AAEC",
        "AAEC\n",
        "data:image/png,%00%01%02",
    ] {
        let request = body(
            json!({"application/octet-stream": {}}),
            json!({"body": given}),
        );
        assert_eq!(request.body().as_ref(), [0, 1, 2]);
    }
    let operation = operation(
        "/x",
        "post",
        json!({"requestBody": {"content": {"image/png": {}}}}),
    );
    // Nothing is fetched and no file is opened for an argument.
    for given in [
        "???",
        "https://h/x.png",
        "file:///etc/passwd",
        "app://covers/7",
    ] {
        let error = send(&operation, json!({"body": given})).unwrap_err();
        assert_eq!(error, RequestError::NotBase64("body".into()));
    }
}

#[test]
fn multipart_bodies() {
    let schema = json!({"type": "object", "properties": {
        "file": {"type": "string", "format": "binary"}, "note": {"type": "string"}, "meta": {"type": "object"},
    }});
    let request = body(
        json!({"multipart/form-data": {"schema": schema}}),
        json!({"file": "data:text/plain;name=a%22.txt;base64,aGk", "note": "n", "meta": {"k": 1}}),
    );
    let kind = request.headers()["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nn\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{{\"k\":1}}\r\n\
         --{boundary}--\r\n"
    );
    assert_eq!(text(&request), expected);
}

#[test]
fn accept_prefers_json_as_declared() {
    let accept = |responses: Value| {
        let operation = operation("/x", "get", json!({"responses": responses}));
        let request = send(&operation, json!({})).unwrap();
        request.headers()["accept"].to_str().unwrap().to_owned()
    };
    assert_eq!(accept(json!({})), "application/json, */*;q=0.8");
    let own = json!({"200": {"content": {"application/hal+json": {}}}});
    assert_eq!(
        accept(own),
        "application/hal+json, application/json;q=0.9, */*;q=0.8"
    );
}

#[test]
fn errors_point_at_the_argument() {
    let media = json!({"schema": {"type": "object", "properties": {"a": {"type": "string", "format": "binary"}}}});
    let operation = operation(
        "/x/{a}",
        "post",
        json!({"requestBody": {"content": {"multipart/form-data": media}}}),
    );
    for (arguments, wanted) in [
        (
            json!({"a__path": "..", "a__body": "aGk"}),
            "/a__path: must not be empty",
        ),
        (
            json!({"a__path": "x", "a__body": "!"}),
            "/a__body: must be base64",
        ),
        (json!({"a__body": "aGk"}), "/a__path: is required"),
    ] {
        let error = send(&operation, arguments).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
}
