//! Credentials: asked for before anything else, told to nobody.

use http::Method;
use http::header::AUTHORIZATION;
use serde_json::json;
use spanway_http::auth::BearerTokens;
use spanway_protocol::SESSION_ID;
use spanway_testkit::{Answer, Client, RequestBuilder};

use crate::probe::{Probe, told};

const TOKENS: &str = "ann: secret-of-ann\nbob: secret-of-bob\n";

fn guarded() -> Client {
    let tokens = BearerTokens::parse(TOKENS).expect("tokens");
    Client::new(Probe::new().endpoint().auth(tokens).build())
}

fn of(client: &Client, name: &str) -> Client {
    client.with_header("authorization", &format!("Bearer secret-of-{name}"))
}

fn every_kind(client: &Client) -> Vec<RequestBuilder> {
    vec![
        client.initialize("2025-11-25"),
        client.modern("server/discover", json!({})),
        client.get(),
        client.request(Method::DELETE),
        client.request(Method::PUT),
        client.post("not json"),
    ]
}

fn is_challenge(answer: &Answer) {
    assert_eq!(answer.refusal(), (401, -32600));
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    let body = String::from_utf8_lossy(&answer.body);
    assert!(!body.contains("secret"), "{body}");
}

#[tokio::test]
async fn d0_9_and_rmcp_2g_and_t_auth_01_and_trap_47_no_or_wrong_credentials_are_401_with_a_challenge_on_every_method()
 {
    let client = guarded();
    for request in every_kind(&client) {
        let answer = request.send().await;
        is_challenge(&answer);
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(!challenge.contains("error="), "RFC 6750: none were given");
    }
    for wrong in [
        "Bearer wrong-token",
        "Bearer",
        "Basic c2VjcmV0",
        "secret-of-ann",
        "Bearer secret-of-ann x",
    ] {
        for request in every_kind(&client) {
            let answer = request.set(&AUTHORIZATION, wrong).send().await;
            is_challenge(&answer);
            let challenge = answer.header("www-authenticate").expect("a challenge");
            assert!(
                challenge.contains("error=\"invalid_token\""),
                "{wrong}: {challenge}"
            );
        }
    }
    let not_text = client
        .initialize("2025-11-25")
        .header("authorization", b"Bearer \xff\xfe");
    is_challenge(&not_text.send().await);
    let twice = of(&client, "ann").initialize("2025-11-25");
    is_challenge(
        &twice
            .header("authorization", "Bearer secret-of-bob")
            .send()
            .await,
    );
}

#[tokio::test]
async fn t_auth_19_and_trap_47_whether_a_session_exists_is_not_told_without_credentials() {
    let client = guarded();
    let session = of(&client, "ann").connect("2025-11-25").await;
    let known = session.id.clone().expect("a session");
    let ask = async |id: &str| {
        let mut answers = Vec::new();
        for request in every_kind(&client) {
            let answer = request.set(&SESSION_ID, id).send().await;
            answers.push((answer.status, answer.headers, answer.body));
        }
        answers
    };
    assert_eq!(ask(&known).await, ask("AAAAAAAAAAAAAAAAAAAAAA").await);
}

#[tokio::test]
async fn a_token_stands_for_its_principal_in_both_eras() {
    let client = of(&guarded(), "bob");
    let modern = client.modern_call("whoami", json!({})).send().await;
    assert_eq!(told(&modern.result())["principal"], "bob");
    let session = client.connect("2025-11-25").await;
    let legacy = session.call("whoami", json!({})).send().await;
    assert_eq!(told(&legacy.result())["principal"], "bob");
}

#[tokio::test]
async fn d3_10_who_calls_is_not_what_the_client_says_of_itself() {
    let open = Probe::new().client();
    let bob = of(&guarded(), "bob");
    for (client, principal) in [(&open, json!(null)), (&bob, json!("bob"))] {
        for name in ["x-mcp-client-id", "mcp-client-id", "x-forwarded-user"] {
            let client = client.with_header(name, "ann");
            let session = client.connect("2025-11-25").await;
            for request in [
                client.modern_call("whoami", json!({})),
                session.call("whoami", json!({})),
            ] {
                let answer = request.path("/?client_id=ann&clientId=ann").send().await;
                assert_eq!(told(&answer.result())["principal"], principal, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn t_auth_13_a_token_counts_in_its_header_only_never_in_the_query() {
    for query in ["access_token", "token", "authorization"] {
        let path = format!("/mcp?{query}=secret-of-ann");
        is_challenge(&guarded().initialize("2025-11-25").path(&path).send().await);
    }
}

#[tokio::test]
async fn d2_13_and_rmcp_2g_a_session_is_unknown_to_every_other_principal() {
    let client = guarded();
    let session = of(&client, "ann").connect("2025-11-25").await;
    let stolen = session.used_by(of(&client, "bob"));
    let response = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    for request in [
        stolen.request("ping", json!({})),
        stolen.post(response),
        stolen.listen(),
        stolen.delete(),
    ] {
        assert_eq!(request.send().await.refusal(), (404, -32600));
    }
    assert_eq!(stolen.cancel(1).await.status, 404);
    let anonymous = session.used_by(client);
    is_challenge(&anonymous.request("ping", json!({})).send().await);
    assert_eq!(session.request("ping", json!({})).send().await.status, 200);
}

#[tokio::test]
async fn hosts_and_origins_come_before_credentials() {
    let answer = guarded()
        .initialize("2025-11-25")
        .set(&http::header::HOST, "evil.example.com");
    let answer = answer.send().await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("www-authenticate"), None);
}

#[tokio::test]
async fn a_principal_in_the_extensions_does_not_stand_in_for_a_token() {
    let request = guarded().initialize("2025-11-25");
    let answer = request
        .extension(spanway_server::Principal::new("ann"))
        .send()
        .await;
    is_challenge(&answer);
}

#[tokio::test]
async fn a_modern_refusal_is_readable_by_a_page_that_may_call() {
    let client = guarded().with_header("origin", "http://localhost:3000");
    let answer = client.modern("server/discover", json!({})).send().await;
    is_challenge(&answer);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://localhost:3000")
    );
    let exposed = answer
        .header("access-control-expose-headers")
        .expect("headers");
    assert!(exposed.contains("www-authenticate"));
}
