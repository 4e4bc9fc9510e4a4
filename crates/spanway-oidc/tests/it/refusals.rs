//! Which tokens are taken, and which are not.

use ring::hmac;
use serde_json::{Value, json};
use spanway_http::auth::BearerTokens;
use spanway_oidc::{Oidc, OidcError};

use crate::issuer::{Issuer, Pair, base64, unsigned};
use crate::support::{RESOURCE, ask, behind, is_invalid, of, who};

#[tokio::test]
async fn k3_17_a_token_of_the_issuer_stands_for_its_subject_in_both_eras() {
    let issuer = Issuer::start().await;
    let client = of(&issuer);
    assert_eq!(issuer.asked(), 0, "nothing is fetched before it is needed");
    let token = issuer.token(&issuer.claims());
    let ann = format!("{}#ann", issuer.name);
    assert_eq!(who(&client, &token).await, ann);
    let client = client.with_header("authorization", &format!("bearer {token}"));
    let opened = client.initialize("2025-06-18").path("/mcp").send().await;
    let session = spanway_testkit::Session::of(client, &opened);
    let told = session.call("whoami", json!({})).path("/mcp").send().await;
    assert_eq!(told.result()["content"][0]["text"], json!(ann));
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn k3_17_every_algorithm_of_the_list_is_taken_with_a_key_that_fits_and_no_other() {
    let issuer = Issuer::start().await;
    let (rsa, p256, p384) = (Pair::rsa(), Pair::p256(), Pair::p384());
    let pairs = [
        ("one", &issuer.pair),
        ("rsa", &rsa),
        ("p256", &p256),
        ("p384", &p384),
    ];
    let noise = [
        json!({ "kty": "new", "kid": "n" }),
        json!(3),
        json!({ "kty": "oct", "k": "AAAA" }),
    ];
    let keys = pairs.iter().map(|(id, pair)| pair.jwk(id));
    issuer.keys(keys.chain(noise).collect());
    let client = of(&issuer);
    let rsas = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    let all = rsas.iter().map(|it| (*it, "rsa"));
    let others = [("ES256", "p256"), ("ES384", "p384"), ("EdDSA", "one")];
    for (algorithm, fitting) in all.chain(others) {
        for (id, pair) in pairs {
            let header = json!({ "alg": algorithm, "kid": id });
            let token = pair.token(&header, &issuer.claims());
            let answer = ask(&client, &token).await;
            if id == fitting {
                assert_eq!(answer.status, 200, "{algorithm} {id}");
                let broken = format!(
                    "{}A{}",
                    &token[..token.len() - 9],
                    &token[token.len() - 8..]
                );
                assert!(broken == token || ask(&client, &broken).await.status == 401);
            } else {
                is_invalid(&answer, &format!("{algorithm} {id}"));
            }
        }
    }
}

#[tokio::test]
async fn t_auth_12_and_k3_17_what_claims_say_is_held_to_the_letter() {
    let issuer = Issuer::start().await;
    let client = of(&issuer);
    let now = jsonwebtoken::get_current_timestamp();
    let slash = format!("{}/", issuer.name);
    for (name, value) in [
        ("aud", json!("https://mcp.example")),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("iss", json!(slash)),
        ("iss", json!([issuer.name])),
        ("iss", json!("https://elsewhere.example")),
        ("iss", json!(null)),
        ("exp", json!(now - 60)),
        ("exp", json!("9999999999")),
        ("exp", json!(null)),
        ("nbf", json!(now + 120)),
        ("nbf", json!("soon")),
        ("sub", json!("")),
        ("sub", json!(null)),
    ] {
        let mut claims = issuer.claims();
        claims[name] = value;
        let answer = ask(&client, &issuer.token(&claims)).await;
        is_invalid(&answer, &claims.to_string());
    }
    let mut claims = issuer.claims();
    claims["aud"] = json!(["other", RESOURCE]);
    claims["exp"] = json!(now - 10);
    claims["nbf"] = json!(now + 10);
    assert_eq!(ask(&client, &issuer.token(&claims)).await.status, 200);
}

#[tokio::test]
async fn k3_17_no_signature_and_a_public_key_as_a_secret_open_nothing() {
    let issuer = Issuer::start().await;
    let client = of(&issuer);
    let claims = issuer.claims();
    let public = issuer.pair.jwk("one")["x"].as_str().unwrap().to_owned();
    for algorithm in ["none", "None", "HS256", "HS512", "ES512", "eddsa", "EdDSA"] {
        let message = unsigned(&json!({ "alg": algorithm, "kid": "one" }), &claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes());
        let forged = base64(hmac::sign(&key, message.as_bytes()));
        for signature in ["", "AAAA", &forged] {
            let answer = ask(&client, &format!("{message}.{signature}")).await;
            is_invalid(&answer, algorithm);
        }
    }
    let odd = |more: Value| {
        let mut header = json!({ "alg": "EdDSA", "kid": "one" });
        let more = more.as_object().unwrap().clone();
        header.as_object_mut().unwrap().extend(more);
        issuer.pair.token(&header, &claims)
    };
    for more in [
        json!({ "typ": "logout+jwt" }),
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "jwk": Pair::ed25519().jwk("one"), "kid": "two" }),
    ] {
        is_invalid(&ask(&client, &odd(more.clone())).await, &more.to_string());
    }
    let own = Pair::ed25519();
    let header = json!({ "alg": "EdDSA", "kid": "one", "jwk": own.jwk("one") });
    is_invalid(&ask(&client, &own.token(&header, &claims)).await, "own key");
    for token in ["", "a", "a.b", "a.b.c", "a.b.c.d", "..", "eyJ9.eyJ9.eyJ9"] {
        is_invalid(&ask(&client, token).await, token);
    }
    assert_eq!(
        ask(&client, &odd(json!({ "typ": "at+jwt" }))).await.status,
        200
    );
}

#[tokio::test]
async fn k3_17_two_issuers_name_different_principals_and_do_not_sign_for_each_other() {
    let (here, there) = (Issuer::start().await, Issuer::start().await);
    let names = [&*here.name, &there.name];
    let client = behind(Oidc::new(RESOURCE, names).unwrap(), &names);
    let ann = who(&client, &here.token(&here.claims())).await;
    let other = who(&client, &there.token(&there.claims())).await;
    assert_eq!(ann, format!("{}#ann", here.name));
    assert_eq!(other, format!("{}#ann", there.name));
    is_invalid(&ask(&client, &there.token(&here.claims())).await, "forged");
}

#[tokio::test]
async fn t_auth_13_and_k3_17_tokens_of_a_file_are_taken_beside_and_none_in_the_query() {
    let issuer = Issuer::start().await;
    let tokens = BearerTokens::parse("bob: secret-of-bob\n").unwrap();
    let auth = Oidc::new(RESOURCE, [&issuer.name]).unwrap().or(tokens);
    let client = behind(auth, &[&issuer.name]);
    assert_eq!(who(&client, "secret-of-bob").await, "bob");
    let token = issuer.token(&issuer.claims());
    assert!(who(&client, &token).await.ends_with("#ann"));
    is_invalid(&ask(&client, "secret-of-bo").await, "another");
    let query = format!("/mcp?access_token={token}");
    let asked = client.modern_call("whoami", json!({})).path(&query);
    assert_eq!(asked.send().await.status, 401);
}

#[test]
fn t_auth_18_and_k3_17_an_issuer_is_https_or_on_this_machine() {
    let fault = |name: &str| Oidc::new("us", [name]).err();
    for name in [
        "http://id.example",
        "id.example",
        "ftp://id.example",
        "https://id.example?x",
        "https://id.example#x",
        "https://me@id.example",
        "http://localhost.example",
    ] {
        assert_eq!(fault(name), Some(OidcError::Issuer(name.into())), "{name}");
    }
    for name in [
        "https://id.example/",
        "http://localhost:1",
        "http://[::1]:1",
    ] {
        assert_eq!(fault(name), None, "{name}");
    }
    let twice = Oidc::new("us", ["https://id.example"; 2]).err();
    assert_eq!(twice, Some(OidcError::Issuers));
    assert_eq!(Oidc::new("us", [""; 0]).err(), Some(OidcError::Issuers));
    assert_eq!(
        Oidc::new("", ["https://id.example"]).err(),
        Some(OidcError::Audience)
    );
}
