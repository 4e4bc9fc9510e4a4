//! What the program uses: every value checked once, with a sentence for what is wrong.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::{HeaderName, HeaderValue};
use spanway::http::auth::BearerTokens;
use spanway::http::{ResponseMode, ServeOptions, StreamableHttpBuilder};
use spanway::openapi::{
    BINARY_BYTES_MAX, ClashPolicy, CredentialSource, Filter, Override, Reads, Shape,
};
use spanway::protocol::Limits;
use spanway::{
    McpService, RateLimit, RateLimited, Server, StateKeyError, StateKeys, StreamableHttp,
};
use url::Url;

use super::header::headers;
use super::issuers::{Issuers, guarded};
use super::raw::{OperationSettings, Settings};
use super::scope::pair;
use super::store::StorePlace;
use crate::api::Offer;
use crate::units::{parse_duration, parse_size};

/// How to write logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Where and how to serve.
#[derive(Debug)]
pub(crate) struct ServerConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) path: String,
    pub(crate) log_format: LogFormat,
    pub(crate) options: ServeOptions,
    tokens: Option<BearerTokens>,
    issuers: Option<Issuers>,
    hosts: Vec<String>,
    origins: Vec<String>,
    mode: ResponseMode,
    limits: Limits,
    rate: Option<RateLimit>,
    state_keys: Option<StateKeys>,
    store: StorePlace,
    session_ttl: Duration,
    keep_alive: Duration,
    sse: bool,
    strict_headers: bool,
}

/// Which API, and how to reach it.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) name: Option<String>,
    pub(crate) upstream: Option<Url>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) document_headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) credentials: Vec<(String, CredentialSource)>,
    pub(crate) token_parameters: Vec<(String, String, String)>,
    pub(crate) json_logins: Vec<String>,
    pub(crate) forward: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) private_hosts: Vec<String>,
    pub(crate) ref_dirs: Vec<PathBuf>,
    pub(crate) ref_hosts: Vec<String>,
    pub(crate) overlays: Vec<String>,
    pub(crate) include: Vec<Filter>,
    pub(crate) exclude: Vec<Filter>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) call_timeout: Duration,
    pub(crate) timeouts: Vec<(Filter, Duration)>,
    pub(crate) retries: Option<u32>,
    pub(crate) concurrency: Option<usize>,
    pub(crate) is_tolerant: bool,
    pub(crate) is_dry: bool,
    pub(crate) binary_bytes_max: usize,
    pub(crate) answer_tokens: Option<usize>,
    pub(crate) shapes: Vec<(Filter, Shape)>,
    pub(crate) pages: Option<u32>,
}

impl ServerConfig {
    /// Checks every setting about serving.
    ///
    /// # Errors
    /// The first one that cannot be used, and what would do.
    pub(crate) fn resolve(settings: &Settings) -> anyhow::Result<Self> {
        let listen = listen(settings.listen.as_deref().unwrap_or("127.0.0.1:8000"))?;
        let tokens = settings
            .auth_tokens
            .as_deref()
            .map(read_tokens)
            .transpose()?;
        let issuers = Issuers::resolve(settings)?;
        let is_guarded = tokens.is_some() || issuers.is_some();
        if !listen.ip().is_loopback() && !is_guarded && settings.insecure_no_auth != Some(true) {
            bail!(
                "refusing to listen on {listen} without authentication: give --auth-tokens FILE, --oidc-issuer URL, or \
                 --insecure-no-auth if something in front of this server checks credentials"
            );
        }
        let mut limits = Limits::default();
        limits.body_bytes_max = or(
            settings.max_body.as_deref(),
            "--max-body",
            parse_size,
            limits.body_bytes_max,
        )?;
        limits.call_timeout = call_timeout(settings)?;
        limits.answer_timeout = or(
            settings.answer_timeout.as_deref(),
            "--answer-timeout",
            parse_duration,
            limits.answer_timeout,
        )?;
        limits.sessions_max = settings.max_sessions.unwrap_or(limits.sessions_max);
        let mut options = ServeOptions::default();
        let drain = settings.drain_deadline.as_deref();
        options.drain_deadline = or(
            drain,
            "--drain-deadline",
            parse_duration,
            options.drain_deadline,
        )?;
        let (ttl, alive) = (
            settings.session_ttl.as_deref(),
            settings.keep_alive.as_deref(),
        );
        Ok(Self {
            listen,
            path: path(settings.path.as_deref().unwrap_or("/mcp"))?,
            log_format: log_format(settings.log_format.as_deref())?,
            options,
            sse: settings.no_sse != Some(true),
            strict_headers: settings.strict_headers == Some(true),
            tokens,
            issuers,
            hosts: settings.allow_host.clone(),
            origins: settings.allow_origin.clone(),
            mode: mode(settings.response.as_deref())?,
            limits,
            rate: rate(settings.rate_limit.as_deref())?,
            state_keys: state_keys(&settings.state_key)?,
            store: StorePlace::parse(settings.store.as_deref())?,
            session_ttl: or(
                ttl,
                "--session-ttl",
                parse_duration,
                Duration::from_secs(3600),
            )?,
            keep_alive: or(
                alive,
                "--keep-alive",
                parse_duration,
                Duration::from_secs(15),
            )?,
        })
    }

    /// Whether requests must carry a token of the file; for one of an issuer clients log in by themselves.
    pub(crate) fn wants_token(&self) -> bool {
        self.tokens.is_some() && self.issuers.is_none()
    }

    /// Gives a server what it needs to ask its clients. If it surely will ask and no key is set, whoever
    /// operates it should know: an API that never asks, or a trial that needs no key, is not warned of.
    pub(crate) fn prepare(&self, server: &Server) {
        server.set_state_life(self.limits.answer_timeout);
        if let Some(keys) = &self.state_keys {
            server.set_state_keys(keys.clone());
        } else if server.wants_state_keys() {
            tracing::warn!(
                "no --state-key is set, and this server asks its clients for input: a client of 2026-07-28 that \
                 answers another node, or after a restart, is refused; `openssl rand -base64 32` makes a key for \
                 SPANWAY_STATE_KEYS"
            );
        }
    }

    /// The endpoint these settings describe, in front of `service`.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub(crate) async fn endpoint(self, service: impl McpService) -> anyhow::Result<StreamableHttp> {
        match self.rate {
            Some(limit) => self.unlimited(RateLimited::new(service, limit)).await,
            None => self.unlimited(service).await,
        }
    }

    async fn unlimited(self, service: impl McpService) -> anyhow::Result<StreamableHttp> {
        let stores = self.store.open(self.session_ttl, &self.limits).await?;
        let mut builder: StreamableHttpBuilder = StreamableHttp::builder(service)
            .allow_hosts(self.hosts)
            .allow_origins(self.origins)
            .limits(self.limits)
            .response_mode(self.mode)
            .keep_alive(self.keep_alive)
            .session_ttl(self.session_ttl)
            .stores(stores);
        if self.strict_headers {
            builder = builder.strict_headers();
        }
        if !self.sse {
            builder = builder.without_sse();
        }
        Ok(guarded(builder, self.issuers, self.tokens).build())
    }
}

impl Api {
    /// Checks every setting about the API.
    ///
    /// # Errors
    /// The first one that cannot be used, and what would do. Header values are not repeated.
    pub(crate) fn resolve(settings: &Settings) -> anyhow::Result<Self> {
        let upstream = settings.upstream.last().map(|url| {
            let parsed =
                Url::parse(url).with_context(|| format!("--upstream {url:?} is no URL"))?;
            if !matches!(parsed.scheme(), "http" | "https") {
                bail!("--upstream {url:?}: only http and https can be called");
            }
            Ok(parsed)
        });
        Ok(Self {
            name: settings.name.clone(),
            upstream: upstream.transpose()?,
            headers: headers("--header", &settings.header)?,
            document_headers: headers("--document-header", &settings.document_header)?,
            credentials: settings
                .credential
                .iter()
                .map(|text| credential(text))
                .collect::<Result<_, _>>()?,
            token_parameters: settings
                .token_parameter
                .iter()
                .map(|text| token_parameter(text))
                .collect::<Result<_, _>>()?,
            json_logins: settings.json_login.clone(),
            forward: forward(settings)?,
            variables: settings
                .server_variable
                .iter()
                .map(|text| pair("--server-variable", text))
                .map(|it| it.map(|(name, value)| (name.to_owned(), value.to_owned())))
                .collect::<Result<_, _>>()?,
            private_hosts: settings.private_host.clone(),
            ref_dirs: settings.ref_dir.clone(),
            ref_hosts: settings.ref_host.clone(),
            overlays: settings.overlay.clone(),
            include: filters("--include", &settings.include)?,
            exclude: filters("--exclude", &settings.exclude)?,
            overrides: settings
                .operation
                .iter()
                .map(operation)
                .collect::<Result<_, _>>()?,
            call_timeout: call_timeout(settings)?,
            timeouts: settings
                .operation_timeout
                .iter()
                .map(|text| operation_timeout(text))
                .collect::<Result<_, _>>()?,
            retries: settings.retries,
            concurrency: settings.concurrency,
            is_tolerant: settings.tolerant_input == Some(true),
            is_dry: settings.dry_run == Some(true),
            binary_bytes_max: or(
                settings.max_binary.as_deref(),
                "--max-binary",
                parse_size,
                BINARY_BYTES_MAX,
            )?,
            answer_tokens: settings.answer_tokens,
            shapes: shapes(settings)?,
            pages: settings.pages,
        })
    }
}

/// What a file says of single operations.
fn operation(said: &OperationSettings) -> anyhow::Result<Override> {
    let filter = said.filter.parse().context("operation: filter")?;
    let mut settled = Override::new(filter);
    settled.name.clone_from(&said.name);
    settled.title.clone_from(&said.title);
    settled.description.clone_from(&said.description);
    settled.hints.read_only = said.read_only;
    settled.hints.destructive = said.destructive;
    settled.hints.idempotent = said.idempotent;
    Ok(settled)
}

/// A filter and the time for what it means, from `FILTER=TIME`.
fn operation_timeout(text: &str) -> anyhow::Result<(Filter, Duration)> {
    let (filter, time) = text
        .rsplit_once('=')
        .with_context(|| format!("--operation-timeout {text:?} is not of the form FILTER=TIME"))?;
    let filter = filter.trim().parse().context("--operation-timeout")?;
    let time = parse_duration(time.trim())
        .map_err(|why| anyhow::anyhow!("--operation-timeout {text:?}: {why}"))?;
    Ok((filter, time))
}

/// What is done to the answers of some operations: first what is left out, then the expressions.
fn shapes(settings: &Settings) -> anyhow::Result<Vec<(Filter, Shape)>> {
    let mut shapes = Vec::new();
    for text in &settings.drop_fields {
        let (filter, fields) = filtered("--drop-fields", text)?;
        shapes.push((filter, Shape::without(fields.split(','))));
    }
    for text in &settings.shape {
        let (filter, expression) = filtered("--shape", text)?;
        shapes.push((filter, expression.parse().context("--shape")?));
    }
    Ok(shapes)
}

/// A filter and what is meant for it, from `FILTER=…`.
fn filtered<'a>(flag: &str, text: &'a str) -> anyhow::Result<(Filter, &'a str)> {
    let (filter, rest) = pair(flag, text)?;
    Ok((filter.parse().with_context(|| flag.to_owned())?, rest))
}

/// A scheme and the source of its credential. What stands after the name might be a secret, and is not repeated.
fn credential(text: &str) -> anyhow::Result<(String, CredentialSource)> {
    let (scheme, source) = text
        .split_once('=')
        .context("a --credential is not of the form SCHEME=SOURCE")?;
    let parsed = source.trim().parse();
    let parsed = parsed.with_context(|| format!("--credential {}", scheme.trim()))?;
    Ok((scheme.trim().to_owned(), parsed))
}

/// A scheme, and the name and value of what its token endpoint is told.
fn token_parameter(text: &str) -> anyhow::Result<(String, String, String)> {
    let mut parts = text.splitn(3, '=').map(|it| it.trim().to_owned());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(scheme), Some(name), Some(value)) if !name.is_empty() => Ok((scheme, name, value)),
        _ => bail!("a --token-parameter is not of the form SCHEME=NAME=VALUE"),
    }
}

/// The caller's headers to pass on. A token that opens this server is for this server alone (MCP, Token Passthrough).
fn forward(settings: &Settings) -> anyhow::Result<Vec<String>> {
    let names = &settings.forward_header;
    let is_own = |name: &String| name.trim().eq_ignore_ascii_case("authorization");
    let has_own = settings.auth_tokens.is_some() || !settings.oidc_issuer.is_empty();
    if has_own && names.iter().any(is_own) {
        bail!(
            "--forward-header Authorization: with --auth-tokens and --oidc-issuer that is the token for this server, which the API must not get"
        );
    }
    Ok(names.clone())
}

/// Whether there are tools to search with in place of the operations; `None`: their number decides.
pub(crate) fn search(settings: &Settings) -> anyhow::Result<Option<bool>> {
    match settings.search.as_deref() {
        None | Some("auto") => Ok(None),
        Some("on") => Ok(Some(true)),
        Some("off") => Ok(Some(false)),
        Some(other) => bail!("--search {other:?}: it is auto, on or off"),
    }
}

/// What is offered besides a tool for each operation.
pub(crate) fn offer(settings: &Settings) -> anyhow::Result<Offer> {
    let reads = match settings.reads.as_deref() {
        None | Some("tools") => Reads::Tools,
        Some("resources") => Reads::Resources,
        Some("both") => Reads::Both,
        Some(other) => bail!("--reads {other:?}: it is tools, resources or both"),
    };
    Ok(Offer {
        reads,
        schemas: settings.schemas == Some(true),
        guide: settings.guide == Some(true),
    })
}

/// How often to look for other documents; `None`: never.
pub(crate) fn reload_every(settings: &Settings) -> anyhow::Result<Option<Duration>> {
    let text = settings.reload.as_deref();
    let every = text.map(|text| or(Some(text), "--reload", parse_duration, Duration::ZERO));
    every.transpose()
}

/// What to do with tools of several documents that want the same name.
pub(crate) fn clash(settings: &Settings) -> anyhow::Result<ClashPolicy> {
    match settings.clash.as_deref() {
        None | Some("refuse") => Ok(ClashPolicy::Refuse),
        Some("first") => Ok(ClashPolicy::First),
        Some("rename") => Ok(ClashPolicy::Rename),
        Some(other) => bail!("--clash {other:?}: it is refuse, first or rename"),
    }
}

fn filters(flag: &str, texts: &[String]) -> anyhow::Result<Vec<Filter>> {
    texts
        .iter()
        .map(|text| text.parse().with_context(|| flag.to_owned()))
        .collect()
}

/// Keys to seal with; the first one seals. What stands there is not repeated in errors.
fn state_keys(texts: &[String]) -> anyhow::Result<Option<StateKeys>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let keys = texts.join(",").parse();
    keys.map(Some).map_err(|error: StateKeyError| {
        anyhow::anyhow!("--state-key: {error}; `openssl rand -base64 32` makes one")
    })
}

/// How often each principal may call; `None`: as often as it likes.
fn rate(text: Option<&str>) -> anyhow::Result<Option<RateLimit>> {
    let Some(text) = text else { return Ok(None) };
    let parsed = text.split_once('/').and_then(|(calls, time)| {
        let calls = calls.trim().parse().ok().filter(|calls| *calls > 0)?;
        let time = time.trim();
        let is_unit = time.starts_with(|it: char| it.is_ascii_alphabetic());
        let time = if is_unit { &format!("1{time}") } else { time };
        Some(RateLimit::new(calls, parse_duration(time).ok()?))
    });
    let wrong = || format!("--rate-limit {text:?} is not of the form 60/m, 5/s or 100/10m");
    parsed.with_context(wrong).map(Some)
}

fn call_timeout(settings: &Settings) -> anyhow::Result<Duration> {
    or(
        settings.call_timeout.as_deref(),
        "--call-timeout",
        parse_duration,
        Limits::default().call_timeout,
    )
}

fn or<T>(
    text: Option<&str>,
    flag: &str,
    parse: impl Fn(&str) -> Result<T, String>,
    default: T,
) -> anyhow::Result<T> {
    text.map_or(Ok(default), |text| {
        parse(text).map_err(|why| anyhow::anyhow!("{flag}: {why}"))
    })
}

fn listen(text: &str) -> anyhow::Result<SocketAddr> {
    let port = text
        .strip_prefix("localhost:")
        .and_then(|port| port.parse().ok());
    if let Some(port) = port {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse()
        .with_context(|| format!("--listen {text:?} is not of the form 127.0.0.1:8000"))
}

fn path(text: &str) -> anyhow::Result<String> {
    let taken = ["/livez", "/readyz", "/health"];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if !text.starts_with('/') || !text.bytes().all(plain) {
        bail!("--path {text:?} is no plain path; write it like /mcp");
    }
    if taken.contains(&text.trim_end_matches('/')) {
        bail!("--path {text:?} is taken by a health answer");
    }
    Ok(text.to_owned())
}

fn mode(text: Option<&str>) -> anyhow::Result<ResponseMode> {
    match text {
        None | Some("auto") => Ok(ResponseMode::Auto),
        Some("json") => Ok(ResponseMode::Json),
        Some("sse") => Ok(ResponseMode::Sse),
        Some(other) => bail!("--response {other:?}: it is auto, json or sse"),
    }
}

fn log_format(text: Option<&str>) -> anyhow::Result<LogFormat> {
    match text {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => bail!("--log-format {other:?}: it is text or json"),
    }
}

fn read_tokens(path: &Path) -> anyhow::Result<BearerTokens> {
    let shown = PathBuf::from(path);
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", shown.display()))?;
    BearerTokens::parse(&text).with_context(|| format!("--auth-tokens {}", shown.display()))
}

#[cfg(test)]
mod tests;
