//! Where keys come from: metadata, rotation, and an issuer that is away.

use serde_json::json;

use crate::issuer::{Issuer, Pair};
use crate::support::{ask, is_invalid, of, who};

const METADATA: &str = "/realm/.well-known/openid-configuration";

#[tokio::test]
async fn k3_17_a_new_key_is_found_and_one_that_is_gone_is_refused() {
    let mut issuer = Issuer::start().await;
    let client = of(&issuer);
    let old = issuer.token(&issuer.claims());
    assert_eq!(ask(&client, &old).await.status, 200);
    issuer.pair = Pair::ed25519();
    issuer.keys(vec![issuer.pair.jwk("two")]);
    let header = json!({ "alg": "EdDSA", "kid": "two" });
    let new = issuer.pair.token(&header, &issuer.claims());
    assert_eq!(ask(&client, &new).await.status, 200);
    is_invalid(&ask(&client, &old).await, "the key is gone");
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn k3_17_a_flood_of_unknown_keys_is_no_flood_of_fetches() {
    let issuer = Issuer::start().await;
    let client = of(&issuer);
    for number in 0..200 {
        let header = json!({ "alg": "EdDSA", "kid": format!("made up {number}") });
        let token = issuer.pair.token(&header, &issuer.claims());
        is_invalid(&ask(&client, &token).await, "unknown");
    }
    assert!(issuer.asked() <= 3, "{}", issuer.asked());
    let token = issuer.token(&issuer.claims());
    assert_eq!(ask(&client, &token).await.status, 200);
}

#[tokio::test]
async fn k3_17_a_key_without_an_id_is_taken_where_it_is_the_only_one_that_fits() {
    let issuer = Issuer::start().await;
    let token = issuer
        .pair
        .token(&json!({ "alg": "EdDSA" }), &issuer.claims());
    issuer.keys(vec![issuer.pair.jwk("one"), Pair::p256().jwk("two")]);
    assert_eq!(ask(&of(&issuer), &token).await.status, 200);
    issuer.keys(vec![issuer.pair.jwk("one"), Pair::ed25519().jwk("two")]);
    is_invalid(&ask(&of(&issuer), &token).await, "two that fit");
    let marked = |name: &str, value: &str| {
        let mut key = issuer.pair.jwk("one");
        key[name] = json!(value);
        key
    };
    for key in [marked("use", "enc"), marked("alg", "ES256")] {
        issuer.keys(vec![key, Pair::p256().jwk("two")]);
        let answer = ask(&of(&issuer), &issuer.token(&issuer.claims())).await;
        is_invalid(&answer, "the key is for something else");
    }
}

#[tokio::test]
async fn k3_17_without_keys_nobody_is_let_in_and_nobody_is_told_that_the_token_is_wrong() {
    let mut issuer = Issuer::start().await;
    let token = issuer.token(&issuer.claims());
    let served = of(&issuer);
    assert_eq!(ask(&served, &token).await.status, 200);
    issuer.stop().await;
    // Who had the keys goes on; who never had them cannot tell.
    assert_eq!(ask(&served, &token).await.status, 200);
    let client = of(&issuer);
    for _ in 0..3 {
        let answer = ask(&client, &token).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("www-authenticate"), None);
        assert!(answer.header("retry-after").is_some());
    }
    let mut expired = issuer.claims();
    expired["exp"] = json!(1);
    is_invalid(&ask(&client, &issuer.token(&expired)).await, "expired");
}

#[tokio::test]
async fn k3_17_metadata_of_another_issuer_or_from_elsewhere_is_not_believed() {
    let issuer = Issuer::start().await;
    let thief = Issuer::start().await;
    let token = issuer.token(&issuer.claims());
    let keys = format!("{}/keys", issuer.name);
    for metadata in [
        json!({ "issuer": thief.name, "jwks_uri": keys }),
        json!({ "issuer": format!("{}/", issuer.name), "jwks_uri": keys }),
        json!({ "issuer": issuer.name }),
        json!({ "issuer": issuer.name, "jwks_uri": "http://keys.example/" }),
        json!({ "issuer": issuer.name, "jwks_uri": "file:///etc/keys" }),
        json!({ "issuer": issuer.name, "jwks_uri": keys, "more": "x".repeat(300_000) }),
        json!(format!("{}/.well-known/openid-configuration", thief.name)),
    ] {
        issuer.publish(METADATA, metadata);
        assert_eq!(ask(&of(&issuer), &token).await.status, 503);
    }
    assert_eq!((issuer.asked(), thief.asked()), (0, 0));
    issuer.publish(METADATA, json!({ "issuer": issuer.name, "jwks_uri": keys }));
    for body in [
        json!({ "keys": [] }),
        json!([]),
        json!(format!("{}/keys", thief.name)),
    ] {
        issuer.publish("/realm/keys", body);
        assert_eq!(ask(&of(&issuer), &token).await.status, 503);
    }
    assert_eq!(thief.asked(), 0);
}

#[tokio::test]
async fn k3_17_metadata_of_an_oauth_server_is_found_where_rfc_8414_puts_it() {
    let issuer = Issuer::start().await;
    issuer.withdraw(METADATA);
    let keys = format!("{}/keys", issuer.name);
    let metadata = json!({ "issuer": issuer.name, "jwks_uri": keys });
    issuer.publish("/.well-known/oauth-authorization-server/realm", metadata);
    let token = issuer.token(&issuer.claims());
    assert_eq!(
        who(&of(&issuer), &token).await,
        format!("{}#ann", issuer.name)
    );
}
