//! A document's paths to operations; whatever is odd costs at most the operation it stands in.

use std::collections::HashSet;

use http::Method;
use serde_json::{Map, Value};

use super::body::{Body, read_body};
use super::parameter::{
    Location, Parameter, Reading, identity, read_parameter, undeclared_path_parameter,
};
use super::response::{marked_schema, output_schema, read_responses};
use super::{Operation, Response};
use crate::arguments::Arguments;
use crate::document::{Document, Located};
use crate::marks::Marks;
use crate::naming::tool_names;
use crate::overrides::HintOverrides;
use crate::pointer;
use crate::problem::Problem;
use crate::schema::SchemaReader;
use crate::security::{SecurityNeed, read_needs};

const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// Reads every operation of `document`, and what was odd on the way.
pub(crate) fn read_operations(document: &Document) -> (Vec<Operation>, Vec<Problem>) {
    let mut reader = Reader {
        document,
        schemas: SchemaReader::new(document),
        security: Vec::new(),
        problems: Vec::new(),
        operations: Vec::new(),
    };
    if let Some(source) = document.at("/security") {
        reader.security = read_needs(source, "/security", &mut reader.problems);
    }
    match document.at("/paths") {
        Some(Value::Object(paths)) => reader.paths(paths),
        // 3.1 allows documents with webhooks or components only; they have nothing to call.
        None | Some(Value::Null) => {}
        Some(_) => {
            let problem = Problem::operation("/paths", "paths must be an object");
            reader.problems.push(problem);
        }
    }
    reader.name_operations();
    reader.problems.extend(reader.schemas.take_problems());
    (reader.operations, reader.problems)
}

struct Reader<'d> {
    document: &'d Document,
    schemas: SchemaReader<'d>,
    /// What operations need that do not say.
    security: Vec<Vec<SecurityNeed>>,
    problems: Vec<Problem>,
    operations: Vec<Operation>,
}

/// What the operations of one path share.
struct PathItem<'d> {
    path: String,
    parameters: Option<(&'d Value, String)>,
    server: Option<String>,
}

impl<'d> Reader<'d> {
    fn paths(&mut self, paths: &'d Map<String, Value>) {
        for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
            let at = pointer::child("/paths", path);
            match self.document.resolve(item, &at) {
                Ok(target) => {
                    let own = Located {
                        value: item,
                        pointer: at,
                    };
                    self.path_item(path, &own, &target);
                }
                Err(message) => self.problems.push(Problem::operation(&at, message)),
            }
        }
    }

    /// Reads the operations of a path; what stands beside its `$ref` wins over what the target says.
    fn path_item(&mut self, path: &str, own: &Located<'d>, target: &Located<'d>) {
        let Some(target_map) = target.value.as_object() else {
            let message = "a path must be an object";
            self.problems
                .push(Problem::operation(&own.pointer, message));
            return;
        };
        let find = |key: &str| -> Option<(&'d Value, String)> {
            let own_value = own.value.get(key).map(|it| (it, &own.pointer));
            let (value, parent) =
                own_value.or_else(|| Some((target_map.get(key)?, &target.pointer)))?;
            Some((value, pointer::child(parent, key)))
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        let item = PathItem {
            path: format!("{slash}{path}"),
            parameters: find("parameters"),
            server: find("servers").and_then(|(servers, _)| self.document.server_url(servers)),
        };
        for method in METHODS {
            if let Some((source, at)) = find(method) {
                match self.operation(&item, method, source, &at) {
                    Ok(operation) => self.operations.push(operation),
                    Err(problem) => self.problems.push(problem),
                }
            }
        }
        if let Some((Value::Object(others), at)) = find("additionalOperations") {
            for (method, source) in others.iter().filter(|(key, _)| !key.starts_with("x-")) {
                let at = pointer::child(&at, method);
                let fixed = METHODS.iter().find(|it| it.eq_ignore_ascii_case(method));
                let read = match fixed.filter(|it| find(it).is_some()) {
                    Some(fixed) => {
                        let message = format!("the path has an operation {fixed:?} already");
                        Err(Problem::operation(&at, message))
                    }
                    None => self.additional(&item, method, source, &at),
                };
                match read {
                    Ok(operation) => self.operations.push(operation),
                    Err(problem) => self.problems.push(problem),
                }
            }
        }
    }

    /// An operation with a method of its own, new in 3.2, which is sent as it is written there.
    fn additional(
        &mut self,
        item: &PathItem<'d>,
        method: &str,
        source: &'d Value,
        at: &str,
    ) -> Result<Operation, Problem> {
        // What follows CONNECT is no HTTP.
        if method.eq_ignore_ascii_case("connect") {
            let message = "operations with the method CONNECT are not served";
            return Err(Problem::operation(at, message));
        }
        let written = Method::from_bytes(method.as_bytes());
        let written =
            written.map_err(|_| Problem::operation(at, format!("{method:?} is no method")))?;
        let mut operation = self.operation(item, method, source, at)?;
        operation.method = written;
        Ok(operation)
    }

    fn operation(
        &mut self,
        item: &PathItem<'d>,
        method: &str,
        source: &'d Value,
        at: &str,
    ) -> Result<Operation, Problem> {
        let Some(map) = source.as_object() else {
            return Err(Problem::operation(at, "an operation must be an object"));
        };
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .map_err(|error| Problem::operation(at, error.to_string()))?;
        let marks = Marks::read(map, at, &mut self.problems)?;
        let parameters = self.parameters(item, map, at)?;
        let body = self.body(map, at)?;
        let responses = self.responses(map, at);
        let arguments = Arguments::new(&mut self.schemas, &parameters, body.as_ref());
        let output = match &marks.output_schema {
            Some((schema, at)) => marked_schema(&mut self.schemas, schema, at, &mut self.problems),
            None => output_schema(&mut self.schemas, &responses, at, &mut self.problems),
        };
        let security = self.security(map, at);
        let text = |key: &str| {
            let text = map.get(key).and_then(Value::as_str).map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let tags = map.get("tags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten().filter_map(Value::as_str);
        Ok(Operation {
            name: String::new(), // given when all operations are known
            method,
            path: item.path.clone(),
            pointer: at.to_owned(),
            operation_id: text("operationId"),
            tags: tags.map(str::to_owned).collect(),
            deprecated: map.get("deprecated") == Some(&Value::Bool(true)),
            hint_overrides: HintOverrides::default(),
            summary: text("summary"),
            description: text("description"),
            server: map
                .get("servers")
                .and_then(|servers| self.document.server_url(servers))
                .or_else(|| item.server.clone()),
            security,
            parameters,
            body,
            responses,
            arguments,
            output_schema: output,
            marks,
        })
    }

    /// The operation's parameters, its own before those of the path that have the same name and place.
    fn parameters(
        &mut self,
        item: &PathItem<'d>,
        map: &'d Map<String, Value>,
        at: &str,
    ) -> Result<Vec<Parameter>, Problem> {
        let own = map
            .get("parameters")
            .map(|it| (it, pointer::child(at, "parameters")));
        let mut seen: HashSet<(String, Location)> = HashSet::new();
        let mut lists = Vec::new();
        for (list, at) in own.into_iter().chain(item.parameters.clone()) {
            let places = self.parameter_places(list, &at)?;
            let mut read = Vec::new();
            for place in places {
                let key = place.value.as_object().and_then(|it| identity(it).ok());
                if key.as_ref().is_some_and(|key| seen.contains(key)) {
                    continue;
                }
                seen.extend(key);
                read.extend(self.parameter(&place)?);
            }
            lists.push(read);
        }
        // What the path declares reads better in front.
        let mut parameters: Vec<Parameter> = lists.into_iter().rev().flatten().collect();
        self.match_path(&item.path, at, &mut parameters);
        self.one_query(at, &mut parameters)?;
        Ok(parameters)
    }

    /// A query string as a whole is there once, and with no other parameter of the query beside it.
    fn one_query(&mut self, at: &str, parameters: &mut Vec<Parameter>) -> Result<(), Problem> {
        let is_whole = |it: &Parameter| it.location == Location::QueryString;
        let Some(first) = parameters.iter().position(is_whole) else {
            return Ok(());
        };
        let mut index = 0;
        let mut stray = Vec::new();
        parameters.retain(|it| {
            let is_kept = index == first || !(is_whole(it) || it.location == Location::Query);
            index += 1;
            if !is_kept {
                stray.push((it.name.clone(), it.required));
            }
            is_kept
        });
        for (name, required) in stray {
            let message = format!("parameter {name:?} stands beside a whole query string");
            if required {
                return Err(Problem::operation(at, message));
            }
            self.problems.push(Problem::part(at, message));
        }
        Ok(())
    }

    fn parameter_places(&self, list: &'d Value, at: &str) -> Result<Vec<Located<'d>>, Problem> {
        let Some(list) = list.as_array() else {
            return Err(Problem::operation(at, "parameters must be a list"));
        };
        let places = list.iter().enumerate().map(|(index, source)| {
            let at = pointer::child(at, index.to_string());
            // What a dangling reference would have said is not known, so it may have been required.
            let place = self.document.resolve(source, &at);
            place.map_err(|message| Problem::operation(&at, message))
        });
        places.collect()
    }

    fn parameter(&mut self, place: &Located<'_>) -> Result<Option<Parameter>, Problem> {
        match read_parameter(self.document, &mut self.schemas, place) {
            Reading::Read(parameter) => Ok(Some(*parameter)),
            Reading::Skipped(problem) => {
                self.problems.push(problem);
                Ok(None)
            }
            Reading::Fatal(problem) => Err(problem),
        }
    }

    /// Makes the path parameters and the placeholders of the path template agree.
    fn match_path(&mut self, path: &str, at: &str, parameters: &mut Vec<Parameter>) {
        let placeholders: Vec<&str> = placeholders(path).collect();
        let is_path = |it: &Parameter| it.location == Location::Path;
        for stray in parameters.iter().filter(|it| is_path(it)) {
            if !placeholders.contains(&stray.name.as_str()) {
                let message = format!("path parameter {:?} has no place in {path}", stray.name);
                self.problems.push(Problem::part(at, message));
            }
        }
        parameters.retain(|it| !is_path(it) || placeholders.contains(&it.name.as_str()));
        for name in placeholders {
            if !parameters.iter().any(|it| is_path(it) && it.name == name) {
                let message = format!("{{{name}}} is not declared; it is taken as a string");
                self.problems.push(Problem::note(at, message));
                parameters.push(undeclared_path_parameter(name));
            }
        }
    }

    fn body(&mut self, map: &'d Map<String, Value>, at: &str) -> Result<Option<Body>, Problem> {
        let Some(source) = map.get("requestBody") else {
            return Ok(None);
        };
        let at = pointer::child(at, "requestBody");
        let place = self.document.resolve(source, &at);
        let place = place.map_err(|message| Problem::operation(&at, message))?;
        read_body(self.document, &mut self.schemas, &place, &mut self.problems)
    }

    /// The operation's own security, else the document's.
    fn security(&mut self, map: &'d Map<String, Value>, at: &str) -> Vec<Vec<SecurityNeed>> {
        match map.get("security") {
            Some(own) => read_needs(own, &pointer::child(at, "security"), &mut self.problems),
            None => self.security.clone(),
        }
    }

    fn responses(&mut self, map: &'d Map<String, Value>, at: &str) -> Vec<Response> {
        let Some(source) = map.get("responses") else {
            return Vec::new();
        };
        let at = pointer::child(at, "responses");
        read_responses(
            self.document,
            &mut self.schemas,
            source,
            &at,
            &mut self.problems,
        )
    }

    fn name_operations(&mut self) {
        let wanted: Vec<_> = self
            .operations
            .iter()
            .map(|it| {
                (
                    it.marks.name.as_deref().or(it.operation_id.as_deref()),
                    it.method.as_str(),
                    it.path.as_str(),
                )
            })
            .collect();
        let names = tool_names(&wanted);
        for (operation, name) in self.operations.iter_mut().zip(names) {
            operation.name = name;
        }
    }
}

/// The names between braces in a path template, each once.
pub(crate) fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(move |name| !name.is_empty() && seen.insert(*name))
}

#[cfg(test)]
mod tests;
