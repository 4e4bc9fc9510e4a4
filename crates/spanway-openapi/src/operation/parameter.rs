//! Parameters: where they go, how their values are spelled, and which ones cannot be a client's.

use serde_json::{Map, Value, json};

use super::body::{Body, BodyKind, read_content};
use crate::document::{Document, Located};
use crate::pointer;
use crate::problem::Problem;
use crate::schema::{Direction, SchemaReader};

/// Where a parameter travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Location {
    /// In a `{placeholder}` of the path.
    Path,
    /// In the query string.
    Query,
    /// It is the query string, all of it (OpenAPI 3.2).
    QueryString,
    /// In a header of its own.
    Header,
    /// In the `Cookie` header.
    Cookie,
}

impl Location {
    /// The word OpenAPI uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::QueryString => "querystring",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "path" => Self::Path,
            "query" => Self::Query,
            "querystring" => Self::QueryString,
            "header" => Self::Header,
            "cookie" => Self::Cookie,
            _ => return None,
        })
    }

    fn default_style(self) -> Style {
        match self {
            Self::Path | Self::Header => Style::Simple,
            Self::Query | Self::QueryString | Self::Cookie => Style::Form,
        }
    }
}

/// How arrays and objects are spelled in a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Style {
    /// `a,b` in paths and headers.
    Simple,
    /// `.a.b` in paths.
    Label,
    /// `;name=a,b` in paths.
    Matrix,
    /// `name=a&name=b` or `name=a,b` in queries and cookies.
    Form,
    /// `name=a%20b` in queries.
    SpaceDelimited,
    /// `name=a%7Cb` in queries.
    PipeDelimited,
    /// `name[key]=a` in queries.
    DeepObject,
}

impl Style {
    /// The style a word means, if it is one for `location`.
    pub(crate) fn parse(word: &str, location: Location) -> Option<Self> {
        Some(match (word, location) {
            ("simple", Location::Path | Location::Header) => Self::Simple,
            ("label", Location::Path) => Self::Label,
            ("matrix", Location::Path) => Self::Matrix,
            ("form", Location::Query | Location::Cookie) => Self::Form,
            ("spaceDelimited", Location::Query) => Self::SpaceDelimited,
            ("pipeDelimited", Location::Query) => Self::PipeDelimited,
            ("deepObject", Location::Query) => Self::DeepObject,
            _ => return None,
        })
    }
}

/// How a parameter's value becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterForm {
    /// By a style.
    Styled {
        /// The style.
        style: Style,
        /// Whether each item or member stands for itself.
        explode: bool,
    },
    /// As JSON text (`content: {application/json: …}`).
    Json,
}

/// One parameter of an operation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Parameter {
    /// Its declared name, as sent.
    pub name: String,
    /// Where it travels.
    pub location: Location,
    /// Whether a call must give it.
    pub required: bool,
    /// What the document says of it.
    pub description: Option<String>,
    /// Whether the document advises against it.
    pub deprecated: bool,
    /// Whether reserved characters are sent as they are.
    pub(crate) allow_reserved: bool,
    pub(crate) form: ParameterForm,
    /// How it is put together, if it is the whole query.
    pub(crate) whole: Option<Body>,
    /// Its schema; references point into `$defs` of the argument schema.
    pub(crate) schema: Value,
}

/// What came of reading one parameter.
pub(super) enum Reading {
    /// A parameter.
    Read(Box<Parameter>),
    /// Nothing a client can give; the rest of the operation works without it.
    Skipped(Problem),
    /// Without this one the operation cannot work.
    Fatal(Problem),
}

/// Reads the parameter object at `place`.
pub(super) fn read_parameter(
    document: &Document,
    schemas: &mut SchemaReader<'_>,
    place: &Located<'_>,
) -> Reading {
    let at = place.pointer.as_str();
    let Some(source) = place.value.as_object() else {
        return Reading::Fatal(Problem::operation(at, "a parameter must be an object"));
    };
    let required = source.get("required") == Some(&Value::Bool(true));
    let (name, location) = match identity(source) {
        Ok(identity) => identity,
        Err(message) if required => return Reading::Fatal(Problem::operation(at, message)),
        Err(message) => return Reading::Skipped(Problem::part(at, message)),
    };
    if location == Location::Header && is_reserved_header(&name) {
        let message = format!(
            "header {name:?} is not a client's to set; the operator can, with a static header"
        );
        return Reading::Skipped(Problem::part(at, message));
    }
    let mut whole = None;
    let (schema, form) = if location == Location::QueryString {
        match read_query_string(document, schemas, source, at) {
            Ok(body) => {
                let schema = with_example(body.schema.clone(), source);
                whole = Some(body);
                (schema, ParameterForm::Json)
            }
            Err(problem) if required => {
                return Reading::Fatal(Problem::operation(at, problem.message));
            }
            Err(problem) => return Reading::Skipped(Problem::part(at, problem.message)),
        }
    } else {
        read_schema(schemas, source, location, at)
    };
    let text = |key: &str| {
        source
            .get(key)?
            .as_str()
            .map(str::trim)
            .filter(|it| !it.is_empty())
    };
    Reading::Read(Box::new(Parameter {
        required: required || location == Location::Path,
        description: text("description").map(str::to_owned),
        deprecated: source.get("deprecated") == Some(&Value::Bool(true)),
        allow_reserved: source.get("allowReserved") == Some(&Value::Bool(true)),
        name,
        location,
        form,
        whole,
        schema,
    }))
}

/// A parameter for a `{placeholder}` that the document forgot to declare.
pub(super) fn undeclared_path_parameter(name: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        location: Location::Path,
        required: true,
        description: None,
        deprecated: false,
        allow_reserved: false,
        form: ParameterForm::Styled {
            style: Style::Simple,
            explode: false,
        },
        whole: None,
        schema: json!({"type": "string"}),
    }
}

/// The name and place a parameter object declares.
pub(super) fn identity(source: &Map<String, Value>) -> Result<(String, Location), String> {
    let name = source
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if name.is_empty() {
        return Err("the parameter has no name".to_owned());
    }
    let word = source.get("in").and_then(Value::as_str).unwrap_or_default();
    match Location::parse(word) {
        Some(location) => Ok((name.to_owned(), location)),
        None => Err(format!(
            "parameter {name:?} is in {word:?}, which is no place for one"
        )),
    }
}

/// The query string as a body: its `content` says how it is put together, and `style` means nothing.
fn read_query_string(
    document: &Document,
    schemas: &mut SchemaReader<'_>,
    source: &Map<String, Value>,
    at: &str,
) -> Result<Body, Problem> {
    let problem = |message: &str| Problem::part(at, message);
    let content = source.get("content").and_then(Value::as_object);
    let content = content.ok_or_else(|| problem("a query string needs content"))?;
    let body = read_content(document, schemas, content, &pointer::child(at, "content"))?;
    match body.filter(|it| it.kind != BodyKind::Multipart) {
        // Whatever is no JSON and no form is text of some language, such as JSONPath.
        Some(body) if body.kind == BodyKind::Binary => Ok(Body {
            kind: BodyKind::Text,
            ..body
        }),
        Some(body) => Ok(body),
        None => Err(problem("its content is nothing that a query string can be")),
    }
}

fn read_schema(
    schemas: &mut SchemaReader<'_>,
    source: &Map<String, Value>,
    location: Location,
    at: &str,
) -> (Value, ParameterForm) {
    if let Some(Value::Object(content)) = source.get("content")
        && let Some((media_type, media)) = content.iter().next()
        && !source.contains_key("schema")
    {
        let at = pointer::child(&pointer::child(at, "content"), media_type);
        let is_json = media_type.to_ascii_lowercase().contains("json");
        let schema = fragment(schemas, media.get("schema"), &at);
        let form = if is_json {
            ParameterForm::Json
        } else {
            styled(location.default_style())
        };
        return (schema, form);
    }
    let style = source.get("style").and_then(Value::as_str);
    let style = style.and_then(|word| Style::parse(word, location));
    let style = style.unwrap_or_else(|| location.default_style());
    let mut form = styled(style);
    if let (Some(Value::Bool(given)), ParameterForm::Styled { explode, .. }) =
        (source.get("explode"), &mut form)
    {
        *explode = *given;
    }
    // Swagger 2.0 put the type beside the name, and some converted documents still do.
    let schema = match source.get("schema") {
        None if source.contains_key("type") => {
            let mut own = source.clone();
            own.retain(|key, _| !["required", "description", "example"].contains(&key.as_str()));
            schemas.fragment(&Value::Object(own), at, Direction::Input)
        }
        schema => fragment(schemas, schema, at),
    };
    (with_example(schema, source), form)
}

fn styled(style: Style) -> ParameterForm {
    ParameterForm::Styled {
        style,
        explode: style == Style::Form,
    }
}

fn fragment(schemas: &mut SchemaReader<'_>, schema: Option<&Value>, at: &str) -> Value {
    schema.map_or_else(
        || json!({"type": "string"}),
        |schema| schemas.fragment(schema, &pointer::child(at, "schema"), Direction::Input),
    )
}

/// Adds the parameter's own example to a schema without one.
fn with_example(mut schema: Value, source: &Map<String, Value>) -> Value {
    if let (Some(example), Value::Object(map)) = (source.get("example"), &mut schema)
        && example.to_string().len() <= crate::limits::EXAMPLE_BYTES_MAX
    {
        map.entry("examples").or_insert_with(|| json!([example]));
    }
    schema
}

/// Headers that are not a client's: `accept`, `content-type` and `authorization` parameters "SHALL
/// be ignored" (OpenAPI, Parameter Object), and the rest would smuggle requests or credentials.
pub(crate) fn is_reserved_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let reserved = [
        "accept",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    reserved.contains(&name.as_str())
        || name.starts_with("proxy-")
        || name.starts_with("x-forwarded-")
}
