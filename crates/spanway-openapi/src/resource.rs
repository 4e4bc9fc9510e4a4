//! A GET operation as a resource, or as a template for many: its URI, and how it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};
use spanway_protocol::schema::ResourceContents;
use spanway_server::{
    CompletionRequest, Context, Params, Resource, ResourceError, SchemaCheck, Uri,
};

use crate::arguments::Target;
use crate::bridge::{Bridge, Unread};
use crate::marks::ResourceMark;
use crate::operation::{Location, Operation, placeholders};
use crate::problem::Problem;
use crate::request::component;
use crate::value::{choices, from_text, property};

/// Where an operation can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    uri: String,
    /// The argument that each variable of a template is; none for a URI.
    variables: BTreeMap<String, String>,
    is_template: bool,
}

impl Address {
    /// Where the marks of `operation` put it.
    pub(crate) fn marked(operation: &Operation, scheme: &str) -> Result<Vec<Self>, Problem> {
        let wrong = |message: String| Problem::operation(&operation.pointer, message);
        // What is read must not change anything, for clients read without asking anybody.
        if operation.method != Method::GET {
            let message = format!("a resource is read with GET, not {}", operation.method);
            return Err(wrong(message));
        }
        let mut addresses = Vec::new();
        if let Some(mark) = &operation.marks.resource {
            let uri = match mark {
                ResourceMark::Named => format!("{scheme}://{}", operation.name),
                ResourceMark::At(uri) => uri.clone(),
            };
            addresses.push(Self {
                uri,
                variables: BTreeMap::new(),
                is_template: false,
            });
        }
        if let Some(template) = &operation.marks.template {
            let mut variables = BTreeMap::new();
            for name in placeholders(template) {
                let name = name.trim_start_matches('+');
                let argument = argument_of(operation, name).ok_or_else(|| {
                    wrong(format!("{{{name}}} of {template} is no argument of it"))
                })?;
                variables.insert(name.to_owned(), argument.to_owned());
            }
            addresses.push(Self {
                uri: template.clone(),
                variables,
                is_template: true,
            });
        }
        for address in &addresses {
            if let Some(missing) = address.missing(operation) {
                let message = format!(
                    "{} does not say what the required argument {missing:?} is",
                    address.uri
                );
                return Err(wrong(message));
            }
        }
        Ok(addresses)
    }

    /// Where its path puts an operation that can be read by its path alone.
    pub(crate) fn by_rule(operation: &Operation, scheme: &str) -> Option<Self> {
        if operation.method != Method::GET || operation.path.contains(['?', '#']) {
            return None;
        }
        let path = operation.path.trim_matches('/');
        let mut variables = BTreeMap::new();
        for name in placeholders(path) {
            let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            if !name.chars().all(legal) {
                return None;
            }
            variables.insert(name.to_owned(), argument_of(operation, name)?.to_owned());
        }
        let address = Self {
            uri: match path {
                "" => format!("{scheme}://{}", operation.name),
                path => format!("{scheme}://{path}"),
            },
            is_template: !variables.is_empty(),
            variables,
        };
        address.missing(operation).is_none().then_some(address)
    }

    /// The URI at which the answer to a call with these arguments can be read; `None` if it says less than they do, or
    /// if the server would not read it so.
    pub(crate) fn uri_for(&self, arguments: &Map<String, Value>) -> Option<String> {
        let is_told = |argument: &String| self.variables.values().any(|it| it == argument);
        if !arguments.keys().all(is_told) {
            return None;
        }
        let mut uri = String::new();
        let mut rest = self.uri.as_str();
        while let Some((before, (variable, after))) = rest
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            uri.push_str(before);
            let name = variable.trim_start_matches('+');
            let text = match arguments.get(self.variables.get(name)?)? {
                Value::String(text) => text.clone(),
                value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
                _ => return None,
            };
            if text.is_empty() || text.split(['/', '\\']).any(|it| it == "..") {
                return None;
            }
            uri.push_str(&component(&text));
            rest = after;
        }
        uri.push_str(rest);
        Some(uri)
    }

    /// A required argument that reading at this address would not give.
    fn missing<'o>(&self, operation: &'o Operation) -> Option<&'o str> {
        let given = |argument: &str| self.variables.values().any(|it| it == argument);
        let bindings = &operation.arguments.bindings;
        let mut required = bindings.iter().filter(|it| it.required);
        let missing = required.find(|it| !given(&it.argument))?;
        Some(&missing.argument)
    }
}

/// The argument that a variable of a template means: by its own name, else by that of its parameter.
fn argument_of<'o>(operation: &'o Operation, variable: &str) -> Option<&'o str> {
    let bindings = &operation.arguments.bindings;
    let by_name = bindings.iter().find(|it| it.argument == variable);
    let in_path = || {
        bindings.iter().find(|it| match it.target {
            Target::Parameter(index) => operation
                .parameters
                .get(index)
                .is_some_and(|it| it.location == Location::Path && it.name == variable),
            _ => false,
        })
    };
    Some(&by_name.or_else(in_path)?.argument)
}

/// The operation at `index` as a resource at `address`.
pub(crate) fn resource<S: Send + Sync + 'static>(
    bridge: &Arc<Bridge>,
    operation: &Operation,
    place: Arc<Place>,
) -> Resource<S> {
    let schema = &operation.arguments.schema;
    let Address {
        uri,
        variables,
        is_template,
    } = place.address.clone();
    let reader = Arc::new(Reader {
        bridge: Arc::clone(bridge),
        place,
    });
    let read =
        move |Uri(uri): Uri, Params(values): Params<BTreeMap<String, String>>, cx: Context| {
            let reader = Arc::clone(&reader);
            async move { reader.read(uri, &values, &cx).await }
        };
    let mut resource = if is_template {
        Resource::template(uri, operation.name.clone(), read)
    } else {
        Resource::new(uri, operation.name.clone(), read)
    };
    for (variable, argument) in variables {
        let all = choices(schema, &argument);
        if !all.is_empty() {
            resource = resource.complete(variable, move |request: CompletionRequest| {
                std::future::ready(starting_with(&all, &request.value))
            });
        }
    }
    described(resource, operation)
}

/// What an argument may be, as far as it was typed.
pub(crate) fn starting_with(all: &[String], typed: &str) -> Vec<String> {
    let fitting = all.iter().filter(|it| it.starts_with(typed));
    fitting.cloned().collect()
}

fn described<S: Send + Sync + 'static>(
    mut resource: Resource<S>,
    operation: &Operation,
) -> Resource<S> {
    resource = resource.description(operation.resource_description());
    if let Some(title) = operation.title() {
        resource = resource.title(title);
    }
    if let Some(mime_type) = mime_type(operation) {
        resource = resource.mime_type(mime_type);
    }
    for (key, value) in operation.extra_meta() {
        resource = resource.meta(key, value);
    }
    resource
}

/// The media type that is marked, else the first that a success has.
fn mime_type(operation: &Operation) -> Option<String> {
    let successes = operation
        .responses
        .iter()
        .filter(|it| it.status.is_success());
    let declared = || {
        let mut all = successes.flat_map(|it| &it.media_types);
        all.find(|it| !it.contains('*')).cloned()
    };
    operation.marks.mime_type.clone().or_else(declared)
}

/// An address, and what is asked of the API for what is there.
pub(crate) struct Place {
    address: Address,
    /// Of the operation.
    pub(crate) index: usize,
    check: SchemaCheck,
    schema: Value,
    pub(crate) mime_type: Option<String>,
}

impl Place {
    pub(crate) fn new(index: usize, operation: &Operation, address: Address) -> Self {
        let schema = &operation.arguments.schema;
        Self {
            address,
            index,
            check: SchemaCheck::new(schema.clone()),
            schema: schema.clone(),
            mime_type: mime_type(operation),
        }
    }

    /// All the URIs that lead here.
    pub(crate) fn template(&self) -> &str {
        &self.address.uri
    }

    /// The arguments that the variables of its address make; `None` if the API takes no such.
    pub(crate) fn arguments<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Option<Map<String, Value>> {
        let mut arguments = Map::new();
        for (variable, argument) in &self.address.variables {
            let value = from_text(property(&self.schema, argument), value(variable)?);
            arguments.insert(argument.clone(), value);
        }
        let arguments = Value::Object(arguments);
        // A URI whose parts are not what the API takes names nothing there.
        if self.check.problems(&arguments).is_some() {
            return None;
        }
        match arguments {
            Value::Object(arguments) => Some(arguments),
            _ => None,
        }
    }
}

/// What reading a resource needs.
struct Reader {
    bridge: Arc<Bridge>,
    place: Arc<Place>,
}

impl Reader {
    async fn read(
        &self,
        uri: String,
        values: &BTreeMap<String, String>,
        context: &Context,
    ) -> Result<Vec<ResourceContents>, ResourceError> {
        let arguments = self
            .place
            .arguments(|variable| values.get(variable).map(String::as_str))
            .ok_or_else(ResourceError::not_found)?;
        let place = (uri.as_str(), self.place.mime_type.as_deref());
        let contents = self
            .bridge
            .contents_at(self.place.index, &arguments, context, place);
        contents.await.map_err(|unread| match unread {
            Unread::Missing => ResourceError::not_found(),
            Unread::Failed(text) => ResourceError::new(text),
        })
    }
}
