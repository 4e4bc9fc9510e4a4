//! What clients are told of who gives out tokens.

use http::Method;
use serde_json::json;
use spanway_http::auth::{ProtectedResource, ResourceError};
use spanway_testkit::{Answer, Client};

use crate::issuer::Issuer;
use crate::support::{RESOURCE, of};

const METADATA: &str =
    "resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/tools/mcp\"";

async fn beside(client: &Client, method: Method, path: &str) -> Answer {
    let request = client.request(method).path(path);
    let request = request.header("origin", "https://app.example");
    request
        .unchecked("what is beside the endpoint is no MCP")
        .send()
        .await
}

#[tokio::test]
async fn t_auth_10_and_k3_16_metadata_is_told_without_credentials_at_every_address() {
    let issuer = Issuer::start().await;
    let client = of(&issuer);
    for path in ["", "/", "/mcp", "/mcp/", "/tools/mcp"] {
        let path = format!("/.well-known/oauth-protected-resource{path}");
        let answer = beside(&client, Method::GET, &path).await;
        assert_eq!(answer.status, 200, "{path}");
        let told = json!({
            "resource": RESOURCE,
            "authorization_servers": [issuer.name],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!(answer.json(), told);
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some("https://app.example"));
        assert_eq!(beside(&client, Method::POST, &path).await.status, 405);
        assert_eq!(beside(&client, Method::OPTIONS, &path).await.status, 200);
    }
    for path in ["x", "/other", "/mcp/x"] {
        let path = format!("/.well-known/oauth-protected-resource{path}");
        assert_eq!(beside(&client, Method::GET, &path).await.status, 404);
    }
    assert_eq!(issuer.asked(), 0);
}

#[tokio::test]
async fn t_auth_01_and_t_auth_11_and_k3_16_every_401_names_the_metadata() {
    let issuer = Issuer::start().await;
    let client = of(&issuer);
    let wrong = client.with_header("authorization", "Bearer wrong");
    for (client, is_wrong) in [(&client, false), (&wrong, true)] {
        for request in [
            client.modern("server/discover", json!({})),
            client.initialize("2025-06-18"),
            client.get(),
        ] {
            let answer = request.path("/mcp").send().await;
            assert_eq!(answer.status, 401);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer "), "{challenge}");
            assert!(challenge.ends_with(METADATA), "{challenge}");
            let is_said = challenge.contains("error=\"invalid_token\"");
            assert_eq!(is_said, is_wrong, "{challenge}");
        }
    }
}

#[test]
fn t_auth_10_a_resource_is_a_url_without_fragment_with_a_server() {
    let fault = |url: &str| ProtectedResource::new(url, ["https://id.example"]).err();
    for url in [
        "",
        "/mcp",
        "mcp.example/mcp",
        "ftp://mcp.example",
        "https://a/#b",
        "https://a/?b",
    ] {
        assert_eq!(fault(url), Some(ResourceError::Url), "{url}");
    }
    let none = ProtectedResource::new(RESOURCE, [""; 0]).err();
    assert_eq!(none, Some(ResourceError::NoServer));
    let root = ProtectedResource::new("https://MCP.example/", ["https://id.example"]).unwrap();
    let url = root.metadata_url();
    assert_eq!(
        url,
        "https://MCP.example/.well-known/oauth-protected-resource"
    );
}
