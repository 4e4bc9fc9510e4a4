//! Everything that can be wrong with a server's description, collected so that it is reported at once.

use std::fmt;

/// One mistake in the description of a server: which feature has it, and what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A name with characters, or of a length, that clients refuse (T-2511-11).
    #[error(
        "{kind} {name:?}: a name has 1 to 128 characters out of A-Z, a-z, 0-9, '_', '-' and '.'"
    )]
    InvalidName {
        /// `tool` or `prompt`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// Two features answer to one name.
    #[error("{kind} {name:?} is there twice: rename or remove one of them")]
    Duplicate {
        /// `tool`, `resource`, `resource template` or `prompt`.
        kind: &'static str,
        /// The name, URI or template.
        name: String,
    },
    /// A schema that does not compile, or refers to something outside itself (T-2511-12, T-2607-42).
    #[error("tool {tool:?}: its {which} schema is not usable: {detail}")]
    Schema {
        /// The tool.
        tool: String,
        /// `input` or `output`.
        which: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// An `x-mcp-header` that makes clients drop the tool (T-HDR-08).
    #[error("tool {tool:?}: its input schema is not usable: {pointer}: {detail}")]
    MirrorHeader {
        /// The tool.
        tool: String,
        /// Where in the input schema, as a JSON Pointer.
        pointer: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// An input schema that admits something else than an object (T-2607-41).
    #[error(
        "tool {tool:?}: its input schema must have \"type\": \"object\" at its root; make the arguments a struct"
    )]
    InputNotObject {
        /// The tool.
        tool: String,
    },
    /// Arguments of a prompt that are not a flat object.
    #[error(
        "prompt {prompt:?}: its arguments must be a struct whose fields can be read from strings"
    )]
    PromptArguments {
        /// The prompt.
        prompt: String,
    },
    /// A resource's URI that is no absolute URI (T-ALL-41, T-ALL-43).
    #[error(
        "resource {uri:?}: a URI starts with a scheme, such as file: or book:, and has no spaces"
    )]
    InvalidUri {
        /// The URI.
        uri: String,
    },
    /// A URI template that cannot be matched.
    #[error("resource template {template:?}: {detail}")]
    Template {
        /// The template.
        template: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A completer for an argument that does not exist.
    #[error("{kind} {name:?}: {argument:?} has a completer, but there is no such {what}")]
    UnknownArgument {
        /// `prompt` or `resource template`.
        kind: &'static str,
        /// The prompt's name, or the template.
        name: String,
        /// The argument nobody declared.
        argument: String,
        /// `argument` or `variable`.
        what: &'static str,
    },
    /// Something to remove that is not there.
    #[error("{kind} {name:?} cannot be removed: there is none")]
    Missing {
        /// `tool`, `resource`, `resource template` or `prompt`.
        kind: &'static str,
        /// The name, URI or template.
        name: String,
    },
    /// Something of a kind that clients were told there is none of (T-2607-36).
    #[error(
        "no {what} were offered when the server was built: build it with dynamic() to add some later"
    )]
    NotOffered {
        /// `tools`, `resources`, `prompts`, `completions` or `tasks`.
        what: &'static str,
    },
    /// Two parameters of one handler take the arguments.
    #[error(
        "{kind} {name:?}: two of its parameters take the arguments; put all fields into one struct"
    )]
    ArgumentsTwice {
        /// `tool` or `prompt`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// The description of the server itself cannot be written as JSON.
    #[error("the server's own description cannot be written: {detail}")]
    Description {
        /// What is wrong with it.
        detail: String,
    },
}

/// All mistakes in the description of a server, found in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildErrors(Vec<BuildError>);

impl BuildErrors {
    /// `Ok` if there are none.
    pub(crate) fn check(errors: Vec<BuildError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// The mistakes, in the order in which the features were added.
    pub fn iter(&self) -> impl Iterator<Item = &BuildError> {
        self.0.iter()
    }
}

impl From<BuildError> for BuildErrors {
    fn from(error: BuildError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => only.fmt(f),
            all => {
                write!(f, "{} mistakes in the description of the server", all.len())?;
                all.iter().try_for_each(|error| write!(f, "\n- {error}"))
            }
        }
    }
}

impl std::error::Error for BuildErrors {}

/// Whether `name` is one that every client takes (T-2511-11).
pub(crate) fn is_valid_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
