//! An endpoint that takes tokens, and what it says of them.

use serde_json::json;
use spanway_http::auth::{Authenticate, ProtectedResource};
use spanway_http::{App, StreamableHttp};
use spanway_oidc::Oidc;
use spanway_server::{Context, Server, Tool};
use spanway_testkit::{Answer, Client};

use crate::issuer::Issuer;

/// The public URL of the endpoint.
pub(crate) const RESOURCE: &str = "https://mcp.example/tools/mcp";

async fn whoami(cx: Context) -> String {
    let principal = cx.principal();
    principal.map_or_else(String::new, |it| it.as_str().to_owned())
}

/// A client of an endpoint behind `auth`.
pub(crate) fn behind(auth: impl Authenticate, issuers: &[&str]) -> Client {
    let server = Server::builder("who", "1").tool(Tool::new("whoami", whoami).read_only());
    let resource = ProtectedResource::new(RESOURCE, issuers).unwrap();
    let endpoint = StreamableHttp::builder(server.build().unwrap())
        .auth(auth)
        .protected_resource(resource)
        .allow_origins(["https://app.example"])
        .build();
    Client::new(App::new(endpoint, "/mcp"))
}

/// A client of an endpoint that takes tokens of this issuer.
pub(crate) fn of(issuer: &Issuer) -> Client {
    let auth = Oidc::new(RESOURCE, [&issuer.name]).unwrap();
    behind(auth, &[&issuer.name])
}

/// The answer to a call with this token, of the modern revision.
pub(crate) async fn ask(client: &Client, token: &str) -> Answer {
    let client = client.with_header("authorization", &format!("Bearer {token}"));
    client
        .modern_call("whoami", json!({}))
        .path("/mcp")
        .send()
        .await
}

/// Who the endpoint takes the caller for.
pub(crate) async fn who(client: &Client, token: &str) -> String {
    let result = ask(client, token).await.result();
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

/// Asserts that the token is refused as not valid, and not repeated.
#[track_caller]
pub(crate) fn is_invalid(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{what}");
    assert!(!String::from_utf8_lossy(&answer.body).contains("eyJ"));
}
