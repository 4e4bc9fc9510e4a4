//! Arguments to an HTTP request: pure, and the same request for the same arguments.
//!
//! Nothing of the client's own request takes part; the operator's static headers come last and win.

mod body;
mod encode;
mod multipart;
mod style;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Uri};
use serde_json::{Map, Value};
use url::Url;

use crate::arguments::Target;
use crate::operation::{BodyKind, Location, Operation, Parameter, ParameterForm, Style};
use crate::pointer;
use body::{BodyValues, encode_body};
pub(crate) use encode::component;
use encode::{literal_path, reserved_allowed};
use style::{delimited, pairs, path_text};

/// Why arguments make no request; the text is for the model, led by a JSON Pointer into the arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A required argument is not there.
    #[error("{}: is required", at(.0))]
    Missing(String),
    /// An argument is not declared, and there is no body it could go into.
    #[error("{}: is not expected", at(.0))]
    Unknown(String),
    /// A path parameter would leave its place in the path.
    #[error("{}: must not be empty, `.` or `..`: it is a part of the path", at(.0))]
    PathSegment(String),
    /// A header parameter holds a line break or another control character.
    #[error("{}: holds characters that a header cannot carry", at(.0))]
    HeaderValue(String),
    /// A file argument is not base64.
    #[error("{}: must be base64, a data: URI or the URI of a resource here", at(.0))]
    NotBase64(String),
    /// The URL is too long or otherwise impossible.
    #[error("the arguments do not make a valid URL: {0}")]
    Url(String),
}

fn at(argument: &str) -> String {
    pointer::child("", argument)
}

/// Builds the request that calls `operation` with `arguments` on the API at `base`.
///
/// # Errors
/// The arguments do not make a request; validation against the schema finds most of this earlier.
pub fn build_request(
    operation: &Operation,
    base: &Url,
    arguments: &Map<String, Value>,
    fixed: &HeaderMap,
) -> Result<Request<Bytes>, RequestError> {
    let sorted = Sorted::new(operation, arguments)?;
    let uri = uri(operation, base, &sorted)?;
    let mut headers = parameter_headers(&sorted)?;
    headers.insert(ACCEPT, header_value("accept", &operation.accept())?);
    let body = match &operation.body {
        Some(body) => encode_body(body, &sorted.body).map_err(|it| by_argument(operation, it))?,
        None => None,
    };
    let mut content = Bytes::new();
    if let Some((media_type, bytes)) = body {
        headers.insert(CONTENT_TYPE, header_value("content-type", &media_type)?);
        content = bytes;
    }
    for name in fixed.keys() {
        headers.remove(name);
    }
    headers.extend(
        fixed
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let mut request = Request::new(content);
    *request.method_mut() = operation.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// An error about a property of the body as one about the argument for it, whose name may be another.
fn by_argument(operation: &Operation, error: RequestError) -> RequestError {
    let RequestError::NotBase64(property) = error else {
        return error;
    };
    let is_for =
        |target: &Target| matches!(target, Target::Property { name, .. } if *name == property);
    let mut all = operation.arguments.bindings.iter();
    let found = all.find(|it| is_for(&it.target));
    RequestError::NotBase64(found.map_or(property.clone(), |it| it.argument.clone()))
}

/// The arguments of a call, sorted by where they go.
struct Sorted<'a> {
    parameters: Vec<(&'a Parameter, &'a str, &'a Value)>,
    body: BodyValues<'a>,
}

impl<'a> Sorted<'a> {
    fn new(
        operation: &'a Operation,
        arguments: &'a Map<String, Value>,
    ) -> Result<Self, RequestError> {
        let bindings = &operation.arguments.bindings;
        let mut sorted = Self {
            parameters: Vec::new(),
            body: BodyValues::default(),
        };
        for binding in bindings {
            let value = arguments.get(&binding.argument);
            match (&binding.target, value) {
                // No place outside a body can carry a null, so there it means "not given".
                (Target::Parameter(index), Some(value)) if !value.is_null() => {
                    if let Some(parameter) = operation.parameters.get(*index) {
                        sorted
                            .parameters
                            .push((parameter, &binding.argument, value));
                    }
                }
                (Target::Property { name, file }, Some(value)) => {
                    sorted.body.properties.push((name, *file, value));
                }
                (Target::Body, Some(value)) => sorted.body.whole = Some(value),
                (Target::Parameter(_), _) | (_, None) if !binding.required => {}
                _ => return Err(RequestError::Missing(binding.argument.clone())),
            }
        }
        for (name, value) in arguments {
            if bindings.iter().any(|it| it.argument == *name) {
                continue;
            }
            if !operation.arguments.extras_into_body {
                return Err(RequestError::Unknown(name.clone()));
            }
            sorted.body.properties.push((name, false, value));
        }
        Ok(sorted)
    }

    fn at(&self, location: Location) -> impl Iterator<Item = &(&'a Parameter, &'a str, &'a Value)> {
        self.parameters
            .iter()
            .filter(move |(parameter, ..)| parameter.location == location)
    }
}

fn uri(operation: &Operation, base: &Url, sorted: &Sorted<'_>) -> Result<Uri, RequestError> {
    let mut base = base.clone();
    base.set_fragment(None);
    let mut query: Vec<String> = base.query().map(str::to_owned).into_iter().collect();
    base.set_query(None);
    let (path, literal) = split_query(&operation.path);
    if let Some(literal) = literal {
        query.push(fill(literal, sorted)?.0);
    }
    for (parameter, _, value) in sorted.at(Location::Query) {
        query.extend(query_pairs(parameter, value));
    }
    for (parameter, argument, value) in sorted.at(Location::QueryString) {
        query.extend(whole_query(parameter, argument, value)?);
    }
    let mut text = base.as_str().trim_end_matches('/').to_owned();
    text.push_str(&expand_path(path, sorted)?);
    if !query.is_empty() {
        text.push('?');
        text.push_str(&query.join("&"));
    }
    Uri::try_from(text).map_err(|error| RequestError::Url(error.to_string()))
}

/// Some documents tell operations apart by a query or a fragment in the path: `/jobs?v=2`, `/#list`.
fn split_query(template: &str) -> (&str, Option<&str>) {
    let template = template.split('#').next().unwrap_or_default();
    match template.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (template, None),
    }
}

/// The path template with its placeholders filled in.
fn expand_path(template: &str, sorted: &Sorted<'_>) -> Result<String, RequestError> {
    let mut path = String::new();
    for segment in template.split('/').skip(1) {
        let (text, filled) = fill(segment, sorted)?;
        // An empty or dotted segment would make the request one for another resource.
        if let Some(argument) = filled.filter(|_| matches!(text.as_str(), "" | "." | "..")) {
            return Err(RequestError::PathSegment(argument.to_owned()));
        }
        path.push('/');
        path.push_str(&text);
    }
    Ok(path)
}

/// One part of a template with its placeholders filled in, and the last argument that was used.
fn fill<'a>(
    template: &str,
    sorted: &Sorted<'a>,
) -> Result<(String, Option<&'a str>), RequestError> {
    let mut text = String::new();
    let mut filled = None;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(&literal_path(before));
        let Some((name, tail)) = after.split_once('}') else {
            text.push_str(&literal_path("{"));
            rest = after;
            continue;
        };
        let given = sorted.at(Location::Path).find(|(it, ..)| it.name == name);
        let Some((parameter, argument, value)) = given else {
            return Err(RequestError::Missing(name.to_owned()));
        };
        let (style, explode) = styled(parameter);
        text.push_str(&match parameter.form {
            ParameterForm::Json => component(&value.to_string()),
            ParameterForm::Styled { .. } => path_text(name, value, style, explode),
        });
        filled = Some(*argument);
        rest = tail;
    }
    text.push_str(&literal_path(rest));
    Ok((text, filled))
}

fn query_pairs(parameter: &Parameter, value: &Value) -> Vec<String> {
    let encode = if parameter.allow_reserved {
        reserved_allowed
    } else {
        component
    };
    match parameter.form {
        ParameterForm::Json => {
            let text = encode(&value.to_string());
            vec![format!("{}={text}", component(&parameter.name))]
        }
        ParameterForm::Styled { style, explode } => {
            pairs(&parameter.name, value, style, explode, encode)
        }
    }
}

/// The query string as its media type has it; a form is made for that, anything else is encoded.
fn whole_query(
    parameter: &Parameter,
    argument: &str,
    value: &Value,
) -> Result<Option<String>, RequestError> {
    let Some(body) = &parameter.whole else {
        return Ok(None);
    };
    let values = BodyValues {
        whole: Some(value),
        ..BodyValues::default()
    };
    let Some((_, bytes)) = encode_body(body, &values)? else {
        return Ok(None);
    };
    let text =
        std::str::from_utf8(&bytes).map_err(|_| RequestError::NotBase64(argument.to_owned()))?;
    let text = match body.kind {
        BodyKind::Form => text.to_owned(),
        _ => component(text),
    };
    Ok(Some(text).filter(|it| !it.is_empty()))
}

fn parameter_headers(sorted: &Sorted<'_>) -> Result<HeaderMap, RequestError> {
    let mut headers = HeaderMap::new();
    for (parameter, argument, value) in sorted.at(Location::Header) {
        let name = HeaderName::from_bytes(parameter.name.as_bytes())
            .map_err(|_| RequestError::HeaderValue((*argument).to_owned()))?;
        let text = match parameter.form {
            ParameterForm::Json => value.to_string(),
            ParameterForm::Styled { explode, .. } => delimited(value, explode, ",", &str::to_owned),
        };
        headers.insert(name, header_value(argument, &text)?);
    }
    let mut cookies = Vec::new();
    for (parameter, _, value) in sorted.at(Location::Cookie) {
        let (_, explode) = styled(parameter);
        match parameter.form {
            ParameterForm::Json => cookies.push(format!(
                "{}={}",
                component(&parameter.name),
                component(&value.to_string())
            )),
            ParameterForm::Styled { .. } => {
                cookies.extend(pairs(
                    &parameter.name,
                    value,
                    Style::Form,
                    explode,
                    component,
                ));
            }
        }
    }
    if !cookies.is_empty() {
        headers.insert(COOKIE, header_value("cookie", &cookies.join("; "))?);
    }
    Ok(headers)
}

fn styled(parameter: &Parameter) -> (Style, bool) {
    match parameter.form {
        ParameterForm::Styled { style, explode } => (style, explode),
        ParameterForm::Json => (Style::Simple, false),
    }
}

/// A header's value; line breaks and other control characters are refused, not removed.
fn header_value(argument: &str, text: &str) -> Result<HeaderValue, RequestError> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| RequestError::HeaderValue(argument.to_owned()))
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
