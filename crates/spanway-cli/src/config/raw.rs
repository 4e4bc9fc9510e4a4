//! What flags, environment and file may say: one list of settings for all three.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::OneOrSeveral;
use super::texts;

macro_rules! settings {
    ($($(#[$meta:meta])* $name:ident: $kind:ty,)*) => {
        /// Every setting, as written. Absent means: ask the next source, then the default.
        #[derive(Debug, Clone, Default, Args, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct Settings {
            $($(#[$meta])* pub(crate) $name: $kind,)*
        }

        impl Settings {
            /// The names of all; a file and a command line write `-` for `_`.
            pub(super) const KEYS: &[&str] = &[$(stringify!($name)),*];

            /// These settings, with gaps filled from `other`.
            pub(crate) fn or(self, other: Self) -> Self {
                Self { $($name: Gap::or(self.$name, other.$name),)* }
            }
        }
    };
}

/// A setting that may be left open.
trait Gap {
    fn or(self, other: Self) -> Self;
}

impl<T> Gap for Option<T> {
    fn or(self, other: Self) -> Self {
        if self.is_some() { self } else { other }
    }
}

impl<T> Gap for Vec<T> {
    fn or(self, other: Self) -> Self {
        if self.is_empty() { other } else { self }
    }
}

/// What a file says of single operations, in place of their document.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub(crate) struct OperationSettings {
    /// Which: tag:NAME, op:ID, path:GLOB or method:NAME
    pub(crate) filter: String,
    /// The name of the tool; for one operation only
    pub(crate) name: Option<String>,
    /// A name for people, in place of the summary
    pub(crate) title: Option<String>,
    /// In place of the description
    pub(crate) description: Option<String>,
    /// Whether it changes nothing
    pub(crate) read_only: Option<bool>,
    /// Whether it may destroy or overwrite
    pub(crate) destructive: Option<bool>,
    /// Whether calling it again with the same arguments changes nothing more
    pub(crate) idempotent: Option<bool>,
}

settings! {
    /// The OpenAPI documents; on the command line they have no flag, for they stand by themselves.
    #[arg(skip)]
    #[serde(deserialize_with = "texts::secret")]
    #[schemars(with = "OneOrSeveral")]
    source: Vec<String>,
    /// Where to listen. Off loopback it takes --auth-tokens, --oidc-issuer or --insecure-no-auth [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS", env = "SPANWAY_LISTEN", help_heading = "Serving")]
    listen: Option<String>,
    /// The path of the MCP endpoint [default: /mcp]
    #[arg(long, env = "SPANWAY_PATH", help_heading = "Serving")]
    path: Option<String>,
    /// Does not serve the deprecated HTTP+SSE transport beside the endpoint, on /sse and /messages
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", env = "SPANWAY_NO_SSE", help_heading = "Serving")]
    no_sse: Option<bool>,
    /// A file of `name: token` lines; requests must then carry one as a bearer token
    #[arg(long, value_name = "FILE", env = "SPANWAY_AUTH_TOKENS", help_heading = "Serving")]
    auth_tokens: Option<PathBuf>,
    /// Takes tokens of this OpenID Connect or OAuth issuer, https://id.example; with --auth-tokens, those too. It takes
    /// --resource-url (repeatable)
    #[arg(long = "oidc-issuer", value_name = "URL", env = "SPANWAY_OIDC_ISSUER", value_delimiter = ',', help_heading = "Serving")]
    oidc_issuer: Vec<String>,
    /// The public URL of the endpoint, https://mcp.example/mcp: what its metadata says, and what issuers' tokens must be
    /// for
    #[arg(long, value_name = "URL", env = "SPANWAY_RESOURCE_URL", help_heading = "Serving")]
    resource_url: Option<String>,
    /// What issuers' tokens must be for, where that is not --resource-url
    #[arg(long, value_name = "AUDIENCE", env = "SPANWAY_OIDC_AUDIENCE", help_heading = "Serving")]
    oidc_audience: Option<String>,
    /// Serves off loopback without credentials: only behind something that checks them
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", env = "SPANWAY_INSECURE_NO_AUTH", help_heading = "Serving")]
    insecure_no_auth: Option<bool>,
    /// A host to answer to besides loopback: NAME, NAME:PORT or * (repeatable)
    #[arg(long = "allow-host", value_name = "HOST", env = "SPANWAY_ALLOW_HOST", value_delimiter = ',', help_heading = "Serving")]
    allow_host: Vec<String>,
    /// A web origin that may call from a browser: https://app.example or * (repeatable)
    #[arg(long = "allow-origin", value_name = "ORIGIN", env = "SPANWAY_ALLOW_ORIGIN", value_delimiter = ',', help_heading = "Serving")]
    allow_origin: Vec<String>,
    /// Refuses headers that the specification leaves open, for servers behind something that decides by headers
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", env = "SPANWAY_STRICT_HEADERS", help_heading = "Serving")]
    strict_headers: Option<bool>,
    /// The form of answers: auto, json or sse [default: auto]
    #[arg(long, value_name = "FORM", env = "SPANWAY_RESPONSE", help_heading = "Serving")]
    #[schemars(extend("enum" = ["auto", "json", "sse"]))]
    response: Option<String>,
    /// Where sessions, streams and tasks are kept: memory, file:DIR to survive restarts, or redis://HOST:PORT/DB to share them between processes; never logged [default: memory]
    #[arg(long, value_name = "PLACE", env = "SPANWAY_STORE", hide_env_values = true, help_heading = "Serving")]
    store: Option<String>,
    /// The largest request body [default: 4mb]
    #[arg(long, value_name = "SIZE", env = "SPANWAY_MAX_BODY", help_heading = "Serving")]
    max_body: Option<String>,
    /// How long an unused session lives [default: 1h]
    #[arg(long, value_name = "TIME", env = "SPANWAY_SESSION_TTL", help_heading = "Serving")]
    session_ttl: Option<String>,
    /// The most sessions at once [default: 10000]
    #[arg(long, value_name = "NUMBER", env = "SPANWAY_MAX_SESSIONS", help_heading = "Serving")]
    max_sessions: Option<usize>,
    /// Time between keep-alive comments on an idle stream [default: 15s]
    #[arg(long, value_name = "TIME", env = "SPANWAY_KEEP_ALIVE", help_heading = "Serving")]
    keep_alive: Option<String>,
    /// How long a call may take; progress restarts the clock, up to ten times this [default: 60s]
    #[arg(long, value_name = "TIME", env = "SPANWAY_CALL_TIMEOUT", help_heading = "Serving")]
    call_timeout: Option<String>,
    /// How many calls of tools, resources and prompts each principal may make: 60/m, 5/s or 100/10m; callers without a
    /// token share one limit [default: any number]
    #[arg(long, value_name = "NUMBER/TIME", env = "SPANWAY_RATE_LIMIT", help_heading = "Serving")]
    rate_limit: Option<String>,
    /// How long a client may take to answer what a call asks it, in every revision [default: 10m]
    #[arg(long, value_name = "TIME", env = "SPANWAY_ANSWER_TIMEOUT", help_heading = "Serving")]
    answer_timeout: Option<String>,
    /// A key to seal what clients carry while a call asks them; the first seals, all open. Every node needs the
    /// same; `openssl rand -base64 32` makes one. Others see a command line: better use the variable or the file.
    /// Never logged (repeatable)
    #[arg(long = "state-key", value_name = "BASE64", env = "SPANWAY_STATE_KEYS", value_delimiter = ',', hide_env_values = true, help_heading = "Serving")]
    #[serde(deserialize_with = "texts::secret")]
    #[schemars(with = "OneOrSeveral")]
    state_key: Vec<String>,
    /// How long calls in flight may take to end after SIGTERM [default: 10s]
    #[arg(long, value_name = "TIME", env = "SPANWAY_DRAIN_DEADLINE", help_heading = "Serving")]
    drain_deadline: Option<String>,
    /// How logs are written to stderr: text or json [default: text]
    #[arg(long, value_name = "FORMAT", env = "SPANWAY_LOG_FORMAT", help_heading = "Serving")]
    #[schemars(extend("enum" = ["text", "json"]))]
    log_format: Option<String>,
    /// The name of the server [default: the document's title]
    #[arg(long, env = "SPANWAY_NAME", help_heading = "API")]
    name: Option<String>,
    /// Where the API is, in place of the document's first server
    #[arg(long, value_name = "URL", env = "SPANWAY_UPSTREAM", value_delimiter = '\n', help_heading = "API")]
    #[serde(deserialize_with = "texts::secret")]
    #[schemars(with = "OneOrSeveral")]
    upstream: Vec<String>,
    /// A host in a private network that the document may lead to; --upstream's and the document's own need not be
    /// named (repeatable)
    #[arg(long = "private-host", value_name = "HOST", env = "SPANWAY_PRIVATE_HOST", value_delimiter = ',', help_heading = "API")]
    private_host: Vec<String>,
    /// A header for every request to the API, such as 'Authorization: Bearer ${API_TOKEN}', where ${NAME} is an
    /// environment variable; never logged (repeatable)
    #[arg(long = "header", value_name = "K: V", env = "SPANWAY_HEADER", value_delimiter = '\n', hide_env_values = true, help_heading = "API")]
    #[serde(deserialize_with = "texts::secret")]
    #[schemars(with = "OneOrSeveral")]
    header: Vec<String>,
    /// A header to fetch the document with, such as 'Authorization: Bearer ${DOCS_TOKEN}', where ${NAME} is an environment
    /// variable; for the origin of its URL alone, never logged (repeatable)
    #[arg(long = "document-header", value_name = "K: V", env = "SPANWAY_DOCUMENT_HEADER", value_delimiter = '\n', hide_env_values = true, help_heading = "API")]
    #[serde(deserialize_with = "texts::secret")]
    #[schemars(with = "OneOrSeveral")]
    document_header: Vec<String>,
    /// The credential for a security scheme of the document: SCHEME=env:VARIABLE, file:PATH, command:LINE, or none if
    /// something else adds it. It is the key, the token, user:password or a client's id:secret (repeatable)
    #[arg(long = "credential", value_name = "SCHEME=SOURCE", env = "SPANWAY_CREDENTIAL", value_delimiter = '\n', hide_env_values = true, help_heading = "API")]
    #[serde(deserialize_with = "texts::secret")]
    #[schemars(with = "OneOrSeveral")]
    credential: Vec<String>,
    /// Said when a token is asked for, SCHEME=NAME=VALUE as in oauth=audience=https://shop.example; NAME may be resource or
    /// what else the token endpoint wants, and scope for others than the document's (repeatable)
    #[arg(long = "token-parameter", value_name = "SCHEME=NAME=VALUE", env = "SPANWAY_TOKEN_PARAMETER", value_delimiter = '\n', help_heading = "API")]
    token_parameter: Vec<String>,
    /// A scheme whose login is repeated as JSON where the token endpoint does not understand a form (repeatable)
    #[arg(long = "json-login", value_name = "SCHEME", env = "SPANWAY_JSON_LOGIN", value_delimiter = ',', help_heading = "API")]
    json_login: Vec<String>,
    /// A header of the caller to pass on to the API; none is otherwise (repeatable)
    #[arg(long = "forward-header", value_name = "NAME", env = "SPANWAY_FORWARD_HEADER", value_delimiter = ',', help_heading = "API")]
    forward_header: Vec<String>,
    /// Another limit for some operations, FILTER=TIME as in op:report*=30s; within --call-timeout (repeatable)
    #[arg(long = "operation-timeout", value_name = "FILTER=TIME", env = "SPANWAY_OPERATION_TIMEOUT", value_delimiter = '\n', help_heading = "API")]
    operation_timeout: Vec<String>,
    /// How often a call is tried again that failed for a passing reason and may be repeated [default: 2]
    #[arg(long, value_name = "NUMBER", env = "SPANWAY_RETRIES", help_heading = "API")]
    retries: Option<u32>,
    /// The most calls to the API at once; further ones wait [default: 64]
    #[arg(long, value_name = "NUMBER", env = "SPANWAY_CONCURRENCY", help_heading = "API")]
    concurrency: Option<usize>,
    /// Three tools to search, describe and call operations in place of one for each: auto, on or off; auto turns it on
    /// above 128 operations [default: auto]
    #[arg(long = "search", value_name = "MODE", env = "SPANWAY_SEARCH", help_heading = "API")]
    #[schemars(extend("enum" = ["auto", "on", "off"]))]
    search: Option<String>,
    /// What GET operations are: tools, resources (templates where their path has parameters, tools where they need more
    /// than their path) or both [default: tools]
    #[arg(long, value_name = "KIND", env = "SPANWAY_READS", help_heading = "API")]
    #[schemars(extend("enum" = ["tools", "resources", "both"]))]
    reads: Option<String>,
    /// Offers the document's component schemas as resources
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", env = "SPANWAY_SCHEMAS", help_heading = "API")]
    schemas: Option<bool>,
    /// Adds what tells what there is: the tools server_info and list_operations, the prompt usage, and prompts such as
    /// list_books; nothing where operations are searched
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", env = "SPANWAY_GUIDE", help_heading = "API")]
    guide: Option<bool>,
    /// Reads arguments that do not conform as was probably meant: numbers and JSON inside a string
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", env = "SPANWAY_TOLERANT_INPUT", help_heading = "API")]
    tolerant_input: Option<bool>,
    /// What to do with tools of several documents that want the same name: refuse, first or rename [default: refuse]
    #[arg(long, value_name = "POLICY", env = "SPANWAY_CLASH", help_heading = "API")]
    #[schemars(extend("enum" = ["refuse", "first", "rename"]))]
    clash: Option<String>,
    /// A value for a variable in the document's server URLs, NAME=VALUE (repeatable)
    #[arg(long = "server-variable", value_name = "NAME=VALUE", env = "SPANWAY_SERVER_VARIABLE", value_delimiter = ',', help_heading = "API")]
    server_variable: Vec<String>,
    /// A directory besides the document's own that its references may lead into (repeatable)
    #[arg(long = "ref-dir", value_name = "DIR", env = "SPANWAY_REF_DIR", help_heading = "API")]
    ref_dir: Vec<PathBuf>,
    /// A host that the document's references may lead to (repeatable)
    #[arg(long = "ref-host", value_name = "HOST", env = "SPANWAY_REF_HOST", value_delimiter = ',', help_heading = "API")]
    ref_host: Vec<String>,
    /// An OpenAPI Overlay 1.0, file or URL, to change the document by before it is read (repeatable)
    #[arg(long = "overlay", value_name = "FILE", env = "SPANWAY_OVERLAY", value_delimiter = '\n', help_heading = "API")]
    overlay: Vec<String>,
    /// How often to read the documents again; if they have changed, so do the tools, while serving [default: never]
    #[arg(long, value_name = "TIME", env = "SPANWAY_RELOAD", help_heading = "API")]
    reload: Option<String>,
    /// Only these operations: tag:NAME, op:ID, path:GLOB, method:NAME (repeatable)
    #[arg(long = "include", value_name = "FILTER", env = "SPANWAY_INCLUDE", value_delimiter = ',', help_heading = "API")]
    include: Vec<String>,
    /// Not these operations; stronger than --include (repeatable)
    #[arg(long = "exclude", value_name = "FILTER", env = "SPANWAY_EXCLUDE", value_delimiter = ',', help_heading = "API")]
    exclude: Vec<String>,
    /// The largest picture, sound or other file in an answer that is handed on [default: 4mb]
    #[arg(long, value_name = "SIZE", env = "SPANWAY_MAX_BINARY", help_heading = "API")]
    max_binary: Option<String>,
    /// About how many tokens of an answer are shown, at four bytes each; a longer one is truncated with a mark, JSON
    /// stays JSON [default: all]
    #[arg(long, value_name = "NUMBER", env = "SPANWAY_ANSWER_TOKENS", help_heading = "API")]
    answer_tokens: Option<usize>,
    /// Leaves fields out of answers, FILTER=FIELDS as in 'op:list*=links,items.owner.email'. To make them smaller, not to
    /// keep secrets: errors are shown as they come (repeatable)
    #[arg(long = "drop-fields", value_name = "FILTER=FIELDS", env = "SPANWAY_DROP_FIELDS", value_delimiter = '\n', help_heading = "API")]
    drop_fields: Vec<String>,
    /// Brings answers into another shape with JMESPath, FILTER=EXPRESSION as in 'op:list*=items[].[id, name]', after
    /// --drop-fields (repeatable)
    #[arg(long = "shape", value_name = "FILTER=EXPRESSION", env = "SPANWAY_SHAPE", value_delimiter = '\n', help_heading = "API")]
    shape: Vec<String>,
    /// How many pages of a list one call reads and joins, where the API says how to go on: a Link header, a cursor, or a
    /// page that the call gives [default: 1]
    #[arg(long, value_name = "NUMBER", env = "SPANWAY_PAGES", help_heading = "API")]
    pages: Option<u32>,
    /// Sends nothing to the API: a call answers with the request it would have sent, credentials redacted
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", env = "SPANWAY_DRY_RUN", help_heading = "API")]
    dry_run: Option<bool>,
    /// What is said of single operations in place of their document; in a file only
    #[arg(skip)]
    operation: Vec<OperationSettings>,
}
