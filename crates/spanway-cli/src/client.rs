//! A small MCP client for any server: it finds out which era the server belongs to, then speaks that one.
//!
//! Modern requests carry all they need; a legacy server wants a handshake first and a session around the rest.
//! It offers no capabilities, so a server has nothing to ask of it.

mod error;
mod headers;
mod wire;

pub(crate) use error::ClientError;
pub(crate) use wire::http_client;

use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use spanway::protocol::{Era, METHOD, NAME, PROTOCOL_VERSION, ProtocolVersion, SESSION_ID};
use url::Url;

use wire::{Exchange, Wire};

/// Pages of a list; a server that gives more goes round in a circle.
const PAGES_MAX: usize = 1_000;

/// Errors that only a modern server gives: header mismatch, missing capability, unsupported version.
const MODERN_ERRORS: [i64; 3] = [HEADER_MISMATCH, -32021, UNSUPPORTED_VERSION];
const HEADER_MISMATCH: i64 = -32020;
const UNSUPPORTED_VERSION: i64 = -32022;

/// A server that has been reached, and how to speak with it.
pub(crate) struct Client {
    wire: Wire,
    dialect: Dialect,
    server: Value,
    last_id: u64,
}

/// How the server wants to be spoken to.
struct Dialect {
    version: ProtocolVersion,
    session: Option<HeaderValue>,
}

/// What asking for `server/discover` showed.
enum Probe {
    Modern(Value),
    Legacy,
}

impl Client {
    /// Reaches the server at `url`, in `protocol` or, without one, in the newest revision it knows.
    ///
    /// # Errors
    /// It cannot be reached, refuses, or speaks no revision that this client speaks.
    pub(crate) async fn connect(
        url: Url,
        headers: HeaderMap,
        protocol: Option<ProtocolVersion>,
        notice: fn(&Value),
    ) -> Result<Self, ClientError> {
        let mut client = Self {
            wire: Wire::new(url, headers, notice)?,
            dialect: Dialect {
                version: protocol.unwrap_or(ProtocolVersion::LATEST),
                session: None,
            },
            server: Value::Null,
            last_id: 0,
        };
        if client.dialect.version.era() == Era::Modern {
            match client.discover().await? {
                Probe::Modern(result) => {
                    client.server = result["_meta"]["io.modelcontextprotocol/serverInfo"].clone();
                    return Ok(client);
                }
                Probe::Legacy if protocol.is_some() => {
                    let offered = "no modern revision".to_owned();
                    return Err(ClientError::NoCommonVersion { offered });
                }
                Probe::Legacy => client.dialect.version = ProtocolVersion::LATEST_LEGACY,
            }
        }
        client.initialize().await?;
        Ok(client)
    }

    /// The revision spoken.
    pub(crate) fn version(&self) -> ProtocolVersion {
        self.dialect.version
    }

    /// The server's `name` and `version`, as far as it gave them.
    pub(crate) fn server(&self) -> &Value {
        &self.server
    }

    /// All tools, page by page.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub(crate) async fn list_tools(&mut self) -> Result<Vec<Value>, ClientError> {
        let mut tools = Vec::new();
        let mut cursor = None;
        for _ in 0..PAGES_MAX {
            let params = cursor.map_or_else(Map::new, |cursor| {
                Map::from_iter([("cursor".to_owned(), cursor)])
            });
            let mut page = self.ask("tools/list", params, HeaderMap::new()).await?;
            if let Value::Array(more) = page["tools"].take() {
                tools.extend(more);
            }
            cursor = page.get("nextCursor").filter(|it| it.is_string()).cloned();
            if cursor.is_none() {
                return Ok(tools);
            }
        }
        Err(ClientError::Malformed(format!(
            "tools/list has more than {PAGES_MAX} pages"
        )))
    }

    /// Calls a tool and gives its whole result.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses. A tool that fails is a result.
    pub(crate) async fn call_tool(
        &mut self,
        name: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Value, ClientError> {
        let first = self.call_with(name, arguments, HeaderMap::new()).await;
        let result = match first {
            // The call was refused before it ran: the tool may want some arguments in headers, too.
            Err(ClientError::Rpc { code, .. }) if code == HEADER_MISMATCH => {
                let tools = self.list_tools().await?;
                let tool = tools.iter().find(|tool| tool["name"] == name);
                let schema = tool.map_or(&Value::Null, |tool| &tool["inputSchema"]);
                let mirrored = headers::of_arguments(schema, arguments);
                self.call_with(name, arguments, mirrored).await?
            }
            other => other?,
        };
        if result["resultType"] == "input_required" {
            return Err(ClientError::InputRequired);
        }
        Ok(result)
    }

    /// Takes back the last request, where dropping it does not do that already (T-2411-14).
    pub(crate) async fn cancel(&self, reason: &str) {
        if self.dialect.version.era() == Era::Legacy {
            let params = json!({"requestId": self.last_id, "reason": reason});
            let message =
                json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
            // Best effort: nobody waits for the call any more.
            let _ = self.wire.send(&message, &self.dialect.headers()).await;
        }
    }

    /// Ends the session, if there is one.
    pub(crate) async fn close(self) {
        if self.dialect.session.is_some() {
            self.wire.delete(&self.dialect.headers()).await;
        }
    }

    async fn call_with(
        &mut self,
        name: &str,
        arguments: &Map<String, Value>,
        mut headers: HeaderMap,
    ) -> Result<Value, ClientError> {
        let params = json!({"name": name, "arguments": arguments, "_meta": {"progressToken": 1}});
        let Value::Object(params) = params else {
            return Err(ClientError::Malformed(
                "parameters are an object".to_owned(),
            ));
        };
        if let (Era::Modern, Some(name)) = (self.version().era(), headers::encoded(name)) {
            headers.insert(NAME, name);
        }
        self.ask("tools/call", params, headers).await
    }

    /// Asks for `server/discover`, which every modern server answers (T-2607-35), and judges what comes back. Once
    /// a server gave an error that only modern servers know, it is modern; anything else may be a legacy server.
    async fn discover(&mut self) -> Result<Probe, ClientError> {
        let exchange = match self
            .exchange("server/discover", Map::new(), HeaderMap::new())
            .await
        {
            Ok(exchange) => exchange,
            // A legacy server may say anything to a request it does not know, also nothing of use.
            Err(ClientError::NotMcp { .. } | ClientError::Malformed(_)) => {
                return Ok(Probe::Legacy);
            }
            Err(other) => return Err(other),
        };
        let error = &exchange.response["error"];
        let offered = match error["code"].as_i64() {
            Some(UNSUPPORTED_VERSION) => &error["data"]["supported"],
            Some(code) if MODERN_ERRORS.contains(&code) => {
                return into_result("server/discover", exchange).map(Probe::Modern);
            }
            Some(_) => return Ok(Probe::Legacy),
            None => &exchange.response["result"]["supportedVersions"],
        };
        let Some(offered) = offered.as_array() else {
            return Ok(Probe::Legacy);
        };
        let known = |era: Era| {
            let mut versions = offered.iter().filter_map(Value::as_str);
            versions.any(|it| ProtocolVersion::parse(it).is_some_and(|it| it.era() == era))
        };
        if known(Era::Modern) && error.is_null() {
            Ok(Probe::Modern(exchange.response["result"].clone()))
        } else if known(Era::Legacy) {
            Ok(Probe::Legacy)
        } else {
            let names: Vec<&str> = offered.iter().filter_map(Value::as_str).collect();
            let offered = ClientError::detail(&names.join(", "));
            Err(ClientError::NoCommonVersion {
                offered: offered.trim_start_matches(": ").to_owned(),
            })
        }
    }

    /// The legacy handshake (T-2411-10): `initialize`, the session, `notifications/initialized`.
    async fn initialize(&mut self) -> Result<(), ClientError> {
        let params = json!({
            "protocolVersion": self.version(),
            "capabilities": {},
            "clientInfo": client_info(),
        });
        let Value::Object(params) = params else {
            return Err(ClientError::Malformed(
                "parameters are an object".to_owned(),
            ));
        };
        let exchange = self
            .exchange("initialize", params, HeaderMap::new())
            .await?;
        let session = exchange.headers.get(SESSION_ID).cloned();
        let result = into_result("initialize", exchange)?;
        let chosen = result["protocolVersion"].as_str().unwrap_or_default();
        let version = ProtocolVersion::parse(chosen).filter(|it| it.era() == Era::Legacy);
        let Some(version) = version else {
            return Err(ClientError::NoCommonVersion {
                offered: format!("protocol version {chosen:?}"),
            });
        };
        self.server = result["serverInfo"].clone();
        self.dialect = Dialect { version, session };
        let message = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.wire.send(&message, &self.dialect.headers()).await
    }

    async fn ask(
        &mut self,
        method: &'static str,
        params: Map<String, Value>,
        headers: HeaderMap,
    ) -> Result<Value, ClientError> {
        let exchange = self.exchange(method, params, headers).await?;
        into_result(method, exchange)
    }

    async fn exchange(
        &mut self,
        method: &'static str,
        mut params: Map<String, Value>,
        mut headers: HeaderMap,
    ) -> Result<Exchange, ClientError> {
        self.last_id += 1;
        if self.version().era() == Era::Modern {
            headers.insert(METHOD, HeaderValue::from_static(method));
            claim(&mut params, self.version());
        }
        // The handshake itself carries no version yet; the request says which one it asks for.
        if method != "initialize" {
            headers.extend(self.dialect.headers());
        }
        let message =
            json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        self.wire.request(&message, &headers).await
    }
}

impl Dialect {
    /// The headers of every request (T-2506-02, T-2607-22, T-2503-20).
    fn headers(&self) -> HeaderMap {
        let version = HeaderValue::from_static(self.version.as_str());
        let mut headers = HeaderMap::from_iter([(PROTOCOL_VERSION, version)]);
        if let Some(session) = &self.session {
            headers.insert(SESSION_ID, session.clone());
        }
        headers
    }
}

/// Adds what every modern request says of its sender (T-2607-20).
fn claim(params: &mut Map<String, Value>, version: ProtocolVersion) {
    let meta = params.entry("_meta").or_insert_with(|| json!({}));
    meta["io.modelcontextprotocol/protocolVersion"] = json!(version);
    meta["io.modelcontextprotocol/clientInfo"] = client_info();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    // Without it a modern server says nothing while it works (T-2607-45).
    meta["io.modelcontextprotocol/logLevel"] = json!("info");
}

fn client_info() -> Value {
    json!({"name": "spanway", "version": env!("CARGO_PKG_VERSION")})
}

fn into_result(method: &'static str, exchange: Exchange) -> Result<Value, ClientError> {
    let Exchange { mut response, .. } = exchange;
    let error = &response["error"];
    if !error.is_null() {
        let message = ClientError::detail(error["message"].as_str().unwrap_or_default());
        return Err(ClientError::Rpc {
            method,
            code: error["code"].as_i64().unwrap_or_default(),
            message: message.trim_start_matches(": ").to_owned(),
        });
    }
    Ok(response["result"].take())
}
