//! What an operator says of single operations in place of their document: name, title, description, hints.

use crate::catalog::Catalog;
use crate::filter::Filter;
use crate::limits::TOOL_NAME_BYTES_MAX;
use crate::operation::Operation;
use crate::problem::Problem;

/// Hints given in place of those of the method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HintOverrides {
    /// Whether it changes nothing.
    pub read_only: Option<bool>,
    /// Whether it may destroy or overwrite.
    pub destructive: Option<bool>,
    /// Whether calling it again with the same arguments changes nothing more.
    pub idempotent: Option<bool>,
}

/// What to say of the operations that a filter means, in place of what their document says.
///
/// ```
/// use spanway_openapi::Override;
///
/// let mut report = Override::new("op:createReport".parse()?);
/// report.name = Some("make_report".to_owned());
/// report.hints.read_only = Some(true);
/// # Ok::<(), spanway_openapi::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Override {
    /// Which operations.
    pub filter: Filter,
    /// The name of the tool; for one operation only.
    pub name: Option<String>,
    /// A name for people, in place of the summary.
    pub title: Option<String>,
    /// In place of the description.
    pub description: Option<String>,
    /// In place of what the method says.
    pub hints: HintOverrides,
}

/// Why a tool cannot have the name that an operator gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OverrideError {
    /// A name that some clients refuse.
    #[error(
        "{name:?} cannot be the name of a tool: letters, digits, _ and -, at most {TOOL_NAME_BYTES_MAX} of them"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Several operations would have the name.
    #[error("{filter} means several operations, which cannot all be called {name:?}")]
    Several {
        /// The filter.
        filter: Filter,
        /// The name.
        name: String,
    },
    /// Another operation has the name.
    #[error("there is a tool {name:?} already; {filter} cannot be called so too")]
    Taken {
        /// The filter.
        filter: Filter,
        /// The name.
        name: String,
    },
}

impl Override {
    /// Says nothing yet of the operations that `filter` means.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        Self {
            filter,
            name: None,
            title: None,
            description: None,
            hints: HintOverrides::default(),
        }
    }

    fn apply(&self, operation: &mut Operation) {
        let keep = |field: &mut Option<String>, said: &Option<String>| {
            if said.is_some() {
                field.clone_from(said);
            }
        };
        keep(&mut operation.summary, &self.title);
        keep(&mut operation.description, &self.description);
        // A mark would stand over both.
        let marks = &mut operation.marks;
        for (mark, said) in [
            (&mut marks.title, &self.title),
            (&mut marks.description, &self.description),
        ] {
            if mark.is_some() {
                keep(mark, said);
            }
        }
        let (hints, own) = (self.hints, &mut operation.hint_overrides);
        own.read_only = hints.read_only.or(own.read_only);
        own.destructive = hints.destructive.or(own.destructive);
        own.idempotent = hints.idempotent.or(own.idempotent);
    }
}

impl Catalog {
    /// Applies overrides, one after another; filters see what those before them changed. One that means no
    /// operation is a note.
    ///
    /// # Errors
    /// A tool cannot have the name it is given.
    pub fn override_with(mut self, overrides: &[Override]) -> Result<Self, OverrideError> {
        let mut notes = Vec::new();
        for one in overrides {
            let mut meant: Vec<&mut Operation> = self
                .operations_mut()
                .iter_mut()
                .filter(|it| one.filter.matches(it))
                .collect();
            if meant.is_empty() {
                let message = format!(
                    "{} means no operation, so nothing is overridden",
                    one.filter
                );
                notes.push(Problem::note("/paths", message));
            }
            meant.iter_mut().for_each(|it| one.apply(it));
            if let Some(name) = &one.name {
                self.rename(&one.filter, name)?;
            }
        }
        self.add_problems(notes);
        Ok(self)
    }

    fn rename(&mut self, filter: &Filter, name: &str) -> Result<(), OverrideError> {
        let (filter_of, name_of) = (|| filter.clone(), || name.to_owned());
        let is_legal = |it: u8| it.is_ascii_alphanumeric() || b"_-".contains(&it);
        if name.is_empty() || name.len() > TOOL_NAME_BYTES_MAX || !name.bytes().all(is_legal) {
            return Err(OverrideError::Name { name: name_of() });
        }
        let operations = self.operations_mut();
        let is_taken = |it: &Operation| it.name == name && !filter.matches(it);
        if operations.iter().any(is_taken) {
            let (filter, name) = (filter_of(), name_of());
            return Err(OverrideError::Taken { filter, name });
        }
        let mut meant = operations.iter_mut().filter(|it| filter.matches(it));
        let first = meant.next();
        if meant.next().is_some() {
            let (filter, name) = (filter_of(), name_of());
            return Err(OverrideError::Several { filter, name });
        }
        if let Some(operation) = first {
            name.clone_into(&mut operation.name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::Document;

    fn catalog() -> Catalog {
        let document = json!({"openapi": "3.1.0", "paths": {
            "/a": {"get": {"operationId": "a", "summary": "Old", "description": "Old words."}},
            "/b": {"post": {"operationId": "b"}},
        }});
        Catalog::read(&Document::from_value(document, None).unwrap())
    }

    fn named(filter: &str, name: &str) -> Override {
        Override {
            name: Some(name.to_owned()),
            ..Override::new(filter.parse().unwrap())
        }
    }

    #[test]
    fn what_the_operator_says_stands_in_place_of_the_document() {
        let mut one = named("op:a", "first");
        one.title = Some("Fresh".to_owned());
        one.description = Some("New words.".to_owned());
        let mut two = Override::new("op:b".parse().unwrap());
        two.hints.read_only = Some(true);
        two.hints.idempotent = Some(true);
        two.hints.destructive = Some(false);
        let nobody = Override::new("op:zebra".parse().unwrap());
        let catalog = catalog().override_with(&[one, two, nobody]).unwrap();
        let [a, b] = catalog.operations() else {
            panic!("two operations")
        };
        let tool = a.tool_definition();
        assert_eq!(
            (&*tool.name, tool.title.as_deref()),
            ("first", Some("Fresh"))
        );
        assert_eq!(a.tool_description(), "Fresh\n\nNew words.");
        assert!(a.hints().read_only && a.hints().idempotent);
        assert_eq!(
            (b.hints().read_only, b.hints().destructive),
            (true, Some(false))
        );
        assert!(!b.may_be_repeated(), "its method does not promise it");
        assert!(catalog.problems()[0].message.contains("op:zebra"));
    }

    #[test]
    fn what_the_operator_says_stands_over_marks_too() {
        let document = json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "a",
            "x-mcp-title": "Marked", "x-mcp-description": "Marked words.",
            "x-mcp-annotations": {"readOnlyHint": true}}}}});
        let mut one = Override::new("op:a".parse().unwrap());
        one.title = Some("Fresh".to_owned());
        one.description = Some("New words.".to_owned());
        one.hints.read_only = Some(false);
        let catalog = Catalog::read(&Document::from_value(document, None).unwrap());
        let tool = catalog.override_with(&[one]).unwrap().operations()[0].tool_definition();
        assert_eq!(tool.title.as_deref(), Some("Fresh"));
        assert_eq!(tool.description.as_deref(), Some("New words."));
        assert_eq!(tool.annotations.unwrap().read_only, Some(false));
    }

    #[test]
    fn a_name_that_cannot_be_is_refused() {
        for (it, wanted) in [
            (named("op:a", "two words"), "\"two words\" cannot be"),
            (named("op:a", ""), "cannot be"),
            (named("op:a", "b"), "already"),
            (named("path:*", "c"), "several"),
        ] {
            let error = catalog().override_with(&[it]).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let same = catalog().override_with(&[named("op:a", "a")]);
        assert_eq!(same.unwrap().operations()[0].name, "a");
        let swapped = [named("op:a", "c"), named("op:b", "a")];
        assert!(catalog().override_with(&swapped).is_ok());
    }
}
