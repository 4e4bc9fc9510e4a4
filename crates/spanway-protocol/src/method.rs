//! The methods of the protocol, of all revisions.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A method name. Methods no revision knows are kept, so that they can be named in errors.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Method {
            $($(#[$doc])* $variant,)*
            /// A name that no revision defines.
            Other(Box<str>),
        }

        impl Method {
            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for Method {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    other => Self::Other(other.into()),
                }
            }
        }
    };
}

methods! {
    /// Legacy: opens a session.
    Initialize = "initialize",
    /// Legacy notification: the client is ready.
    Initialized = "notifications/initialized",
    /// Legacy: are you there?
    Ping = "ping",
    /// Modern: what can you do?
    Discover = "server/discover",
    /// The tools, page by page.
    ToolsList = "tools/list",
    /// Runs a tool.
    ToolsCall = "tools/call",
    /// The resources, page by page.
    ResourcesList = "resources/list",
    /// The resource templates, page by page.
    ResourceTemplatesList = "resources/templates/list",
    /// Reads a resource.
    ResourcesRead = "resources/read",
    /// Legacy: tell me when it changes.
    ResourcesSubscribe = "resources/subscribe",
    /// Legacy: no longer.
    ResourcesUnsubscribe = "resources/unsubscribe",
    /// Modern: tell me of changes until I leave.
    Listen = "subscriptions/listen",
    /// The prompts, page by page.
    PromptsList = "prompts/list",
    /// Fills in a prompt.
    PromptsGet = "prompts/get",
    /// Suggests values for an argument.
    Complete = "completion/complete",
    /// Legacy: from which level on to send log messages.
    LoggingSetLevel = "logging/setLevel",
    /// How a task is.
    TasksGet = "tasks/get",
    /// Legacy: what came of a task, once it has ended.
    TasksResult = "tasks/result",
    /// Legacy: the tasks of who asks, page by page.
    TasksList = "tasks/list",
    /// Modern: answers to what a task asked.
    TasksUpdate = "tasks/update",
    /// A task is no longer wanted.
    TasksCancel = "tasks/cancel",
    /// To the client: ask the person.
    Elicit = "elicitation/create",
    /// To the client: ask the model.
    CreateMessage = "sampling/createMessage",
    /// To the client: which roots there are.
    RootsList = "roots/list",
    /// Notification: a request is no longer wanted.
    Cancelled = "notifications/cancelled",
    /// Notification: how far a request has come.
    Progress = "notifications/progress",
    /// Legacy notification: the client's roots changed.
    RootsListChanged = "notifications/roots/list_changed",
}

impl Method {
    /// Whether the modern revision has the method at all (T-2607-24, T-2607-47).
    #[must_use]
    pub fn is_modern(&self) -> bool {
        matches!(
            self,
            Self::Discover
                | Self::ToolsList
                | Self::ToolsCall
                | Self::ResourcesList
                | Self::ResourceTemplatesList
                | Self::ResourcesRead
                | Self::Listen
                | Self::PromptsList
                | Self::PromptsGet
                | Self::Complete
        ) || self.names_task()
    }

    /// Whether `Mcp-Name` mirrors a parameter of this method (T-HDR-02).
    #[must_use]
    pub fn is_named(&self) -> bool {
        matches!(
            self,
            Self::ToolsCall | Self::PromptsGet | Self::ResourcesRead
        )
    }

    /// Whether it is a method of the tasks extension, where `Mcp-Name` mirrors the id of the task (T-HDR-02).
    #[must_use]
    pub fn names_task(&self) -> bool {
        matches!(self, Self::TasksGet | Self::TasksUpdate | Self::TasksCancel)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|name| Self::from(name.as_ref()))
    }
}
