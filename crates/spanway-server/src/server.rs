//! The native service: features, state and the description of the server, behind the waist.

mod builder;

pub use builder::ServerBuilder;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use spanway_protocol::{Call, Rejection, Reply};

use crate::change::{Change, ChangeHub};
use crate::context::Context;
use crate::edit::Edit;
use crate::error::{BuildError, BuildErrors};
use crate::input::{Desk, StateKeys};
use crate::principal::Principal;
use crate::registry::{ListSettings, Registry};
use crate::router;
use crate::service::{McpService, ServiceInfo};
use crate::task::{self, TaskKeeper, TaskSettings, Tasks};

/// A server: tools, resources and prompts, answering in every revision of the protocol. Cheap to clone;
/// clones are the same server.
///
/// ```
/// use spanway_server::{Args, Server, Tool};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Add {
///     a: i64,
///     b: i64,
/// }
///
/// async fn add(Args(Add { a, b }): Args<Add>) -> String {
///     a.saturating_add(b).to_string()
/// }
///
/// let server = Server::builder("calculator", "1.0.0")
///     .tool(Tool::new("add", add).description("Adds two numbers").read_only())
///     .build()?;
/// # Ok::<(), spanway_server::BuildErrors>(())
/// ```
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) info: ServiceInfo,
    pub(crate) settings: ListSettings,
    pub(crate) desk: Arc<Desk>,
    registry: ArcSwap<Registry>,
    task_settings: TaskSettings,
    /// Where tasks are kept of calls that come from nowhere in particular.
    own_tasks: OnceLock<Tasks>,
    /// Everywhere tasks are kept.
    kept_tasks: Mutex<Vec<Weak<task::Inner>>>,
    /// The last registration number; held while the registry is replaced, so that no edit is lost.
    number: Mutex<u64>,
}

impl Server {
    /// Describes a server of this name and version.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ServerBuilder {
        ServerBuilder::new(name.into(), version.into())
    }

    fn assemble(
        info: ServiceInfo,
        settings: ListSettings,
        desk: Desk,
        tasks: TaskSettings,
        (registry, number): (Registry, u64),
    ) -> Self {
        let shared = Shared {
            info,
            settings,
            desk: Arc::new(desk),
            registry: ArcSwap::from_pointee(registry),
            task_settings: tasks,
            own_tasks: OnceLock::new(),
            kept_tasks: Mutex::default(),
            number: Mutex::new(number),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Adds and removes features while serving. Calls in flight keep what they began with; later calls and
    /// lists see all changes or none; clients are told which lists changed.
    ///
    /// Do not edit the same server inside `change`: it would wait for itself.
    ///
    /// ```
    /// use spanway_server::{Server, Tool};
    ///
    /// let server = Server::builder("calculator", "1.0.0").dynamic().build()?;
    /// server.edit(|edit| edit.add_tool(Tool::new("one", async || "1")))?;
    /// server.edit(|edit| {
    ///     edit.remove_tool("one");
    ///     edit.add_tool(Tool::new("two", async || "2"));
    /// })?;
    /// # Ok::<(), spanway_server::BuildErrors>(())
    /// ```
    ///
    /// # Errors
    /// A mistake in any change; then nothing is changed. What was not offered when the server was built (see
    /// [`ServerBuilder::dynamic`]) cannot be offered later, since clients were told so.
    pub fn edit(&self, change: impl FnOnce(&mut Edit)) -> Result<(), BuildErrors> {
        let mut number = self
            .shared
            .number
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = self.shared.registry.load_full();
        let mut edit = Edit::of(&before, *number);
        change(&mut edit);
        let (after, last, changes) = edit.finish(&before, self.shared.settings)?;
        BuildErrors::check(self.not_offered(&after))?;
        *number = last;
        self.shared.registry.store(Arc::new(after));
        drop(number);
        changes
            .into_iter()
            .for_each(|change| self.shared.desk.changes().publish(change));
        Ok(())
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.shared.registry.load_full()
    }

    /// What `registry` holds although clients were told there is nothing of the kind (T-2607-36).
    fn not_offered(&self, registry: &Registry) -> Vec<BuildError> {
        let offered = &self.shared.info.capabilities;
        let resources =
            !registry.resources.lists.is_empty() || !registry.templates.lists.is_empty();
        [
            (
                "tools",
                offered.tools.is_none() && !registry.tools.lists.is_empty(),
            ),
            ("resources", offered.resources.is_none() && resources),
            (
                "prompts",
                offered.prompts.is_none() && !registry.prompts.lists.is_empty(),
            ),
            ("completions", !offered.completions && registry.completes()),
            ("tasks", !offered.tasks && registry.makes_tasks()),
        ]
        .into_iter()
        .filter_map(|(what, missing)| missing.then_some(BuildError::NotOffered { what }))
        .collect()
    }

    /// Seals with these keys from now on, whatever it was built with: for keys that come from whoever
    /// operates the server, and for rotating them while it runs. See [`ServerBuilder::state_keys`].
    pub fn set_state_keys(&self, keys: StateKeys) {
        self.shared.desk.set_keys(keys);
    }

    /// What is sealed from now on is valid this long. See [`ServerBuilder::state_life`].
    pub fn set_state_life(&self, life: Duration) {
        self.shared.desk.set_life(life);
    }

    /// Whether it is known to ask its clients and has no keys to seal with but one of its own, which no other
    /// process has: a handler declares questions with [`Asked`](crate::Asked). Of questions that handlers
    /// ask while they run nothing is known before the first one, which is warned of in the log.
    #[must_use]
    pub fn wants_state_keys(&self) -> bool {
        !self.shared.desk.has_keys() && self.shared.registry.load().asks()
    }

    /// Tells clients that the list of tools changed. [`edit`](Self::edit) does so by itself; this is for
    /// rules of visibility that now decide differently.
    pub fn notify_tools_changed(&self) {
        self.shared.desk.changes().publish(Change::Tools);
    }

    /// Tells clients that the list of resources or templates changed; see
    /// [`notify_tools_changed`](Self::notify_tools_changed).
    pub fn notify_resources_changed(&self) {
        self.shared.desk.changes().publish(Change::Resources);
    }

    /// Tells clients that the list of prompts changed; see
    /// [`notify_tools_changed`](Self::notify_tools_changed).
    pub fn notify_prompts_changed(&self) {
        self.shared.desk.changes().publish(Change::Prompts);
    }

    /// Tells clients that subscribed to it that the resource of this URI has changed. One that subscribed to
    /// a URI above it, such as `file:///docs` for `file:///docs/a`, is told too; one that may not see the
    /// resource is not.
    ///
    /// ```
    /// # use spanway_server::{Resource, Server};
    /// let server = Server::builder("bookshop", "1.0.0")
    ///     .resource(Resource::text("shop://about", "about", "A small bookshop."))
    ///     .build()?;
    /// server.notify_resource_updated("shop://about");
    /// # Ok::<(), spanway_server::BuildErrors>(())
    /// ```
    pub fn notify_resource_updated(&self, uri: impl Into<Arc<str>>) {
        self.shared
            .desk
            .changes()
            .publish(Change::Resource(uri.into()));
    }
}

impl Shared {
    /// All features as they are now.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.registry.load_full()
    }

    /// Where the tasks of a call are kept: in this process, if its transport says nothing.
    pub(crate) fn tasks(self: &Arc<Self>, context: &Context) -> Tasks {
        let own = || self.keep_tasks(TaskKeeper::memory());
        match context.tasks() {
            Some(tasks) => tasks.clone(),
            None => self.own_tasks.get_or_init(own).clone(),
        }
    }

    fn keep_tasks(self: &Arc<Self>, keeper: TaskKeeper) -> Tasks {
        let server = Arc::downgrade(self);
        let tasks = Tasks::new(keeper, self.task_settings, self.info.clone(), server);
        let mut kept = self.kept_tasks();
        kept.retain(|other| other.strong_count() > 0);
        kept.push(tasks.downgrade());
        tasks
    }

    fn kept_tasks(&self) -> MutexGuard<'_, Vec<Weak<task::Inner>>> {
        self.kept_tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl McpService for Server {
    fn info(&self) -> &ServiceInfo {
        &self.shared.info
    }

    fn call(&self, call: Call, context: Context) -> BoxFuture<'static, Reply> {
        let registry = self.shared.registry.load();
        // Parsing arguments runs code of the handler's types: a panic there must not take the connection
        // down either.
        catch_unwind(AssertUnwindSafe(|| {
            router::dispatch(&self.shared, &registry, &call, context)
        }))
        .unwrap_or_else(|_| {
            tracing::error!("a call panicked before its handler ran");
            future::ready(Rejection::Internal.into()).boxed()
        })
    }

    fn changes(&self) -> &ChangeHub {
        self.shared.desk.changes()
    }

    fn may_watch(&self, uri: &str, principal: Option<&Principal>) -> bool {
        self.shared.registry.load().may_watch(uri, principal)
    }

    fn keep_tasks(&self, keeper: TaskKeeper) -> Option<Tasks> {
        let offered = self.shared.info.capabilities.tasks;
        offered.then(|| self.shared.keep_tasks(keeper))
    }

    fn session_ended(&self, session: &str) {
        let kept: Vec<_> = self.shared.kept_tasks().clone();
        let kept = kept.iter().filter_map(Tasks::upgrade);
        kept.for_each(|tasks| tasks.session_ended(session));
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("info", &self.shared.info)
            .finish_non_exhaustive()
    }
}
