//! The scripts: each is one atomic operation on keys of one slot. Redis runs a script by its digest and is
//! given the text when it does not know it (any more).

use std::sync::LazyLock;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisResult, Script, ScriptInvocation, ToRedisArgs, Value};

macro_rules! scripts {
    ($($name:ident: $file:literal,)*) => {
        $(pub(crate) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(include_str!(concat!("scripts/", $file))));)*
    };
}

scripts! {
    APPEND: "append.lua",
    CENSUS: "census.lua",
    DROP: "drop.lua",
    FORGET: "forget.lua",
    READ: "read.lua",
    SESSION_CHANGE: "session_change.lua",
    SESSION_INSERT: "session_insert.lua",
    SESSION_LOAD: "session_load.lua",
    SESSION_REMOVE: "session_remove.lua",
    TASK_INSERT: "task_insert.lua",
    TASK_OWN: "task_own.lua",
    TASK_REPLACE: "task_replace.lua",
    TERM: "term.lua",
}

/// Something to ask of Redis, once or again.
pub(crate) enum Request {
    /// A script with its keys and arguments.
    Script(ScriptInvocation<'static>),
    /// A command.
    Command(Cmd),
}

impl Request {
    /// A script on these keys; arguments follow.
    pub(crate) fn script<K: ToRedisArgs>(
        script: &'static Script,
        keys: impl IntoIterator<Item = K>,
    ) -> Self {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(key);
        }
        Self::Script(invocation)
    }

    /// A command; arguments follow.
    pub(crate) fn command(name: &str) -> Self {
        Self::Command(redis::cmd(name))
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        match &mut self {
            Self::Script(invocation) => {
                invocation.arg(argument);
            }
            Self::Command(command) => {
                command.arg(argument);
            }
        }
        self
    }

    pub(crate) async fn send(&self, connection: &mut MultiplexedConnection) -> RedisResult<Value> {
        match self {
            Self::Script(invocation) => invocation.invoke_async(connection).await,
            Self::Command(command) => command.query_async(connection).await,
        }
    }
}
