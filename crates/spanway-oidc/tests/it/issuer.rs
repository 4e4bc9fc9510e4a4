//! An issuer: metadata, keys and tokens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Made for these tests and used nowhere else; ring makes no RSA keys.
const RSA: &[u8] = include_bytes!("rsa.der");

/// A key pair that tokens are signed with.
pub(crate) enum Pair {
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair, &'static str),
    Rsa(Box<RsaKeyPair>),
}

impl Pair {
    pub(crate) fn ed25519() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap())
    }

    pub(crate) fn p256() -> Self {
        Self::ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    pub(crate) fn p384() -> Self {
        Self::ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")
    }

    pub(crate) fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::from_der(RSA).unwrap()))
    }

    fn ec(algorithm: &'static EcdsaSigningAlgorithm, curve: &'static str) -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
        Self::Ec(pair, curve)
    }

    /// The public half.
    pub(crate) fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Ed(pair) => {
                json!({ "kid": id, "kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key()) })
            }
            Self::Ec(pair, curve) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({ "kid": id, "kty": "EC", "crv": curve, "x": base64(x), "y": base64(y) })
            }
            Self::Rsa(pair) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kid": id, "kty": "RSA", "n": base64(parts.n), "e": base64(parts.e) })
            }
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Ec(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match algorithm {
                    "RS256" => &RSA_PKCS1_SHA256,
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    _ => &RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// A token with this header and these claims.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let algorithm = header["alg"].as_str().unwrap();
        let message = unsigned(header, claims);
        let signature = self.sign(algorithm, message.as_bytes());
        format!("{message}.{}", base64(signature))
    }
}

/// A token as far as its signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        base64(header.to_string()),
        base64(claims.to_string())
    )
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What an issuer publishes, by path, and how often it was asked for its keys.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) pages: Mutex<Vec<(String, Value)>>,
    pub(crate) asked: AtomicUsize,
}

/// An issuer that listens on this machine until it is dropped.
pub(crate) struct Issuer {
    pub(crate) name: String,
    pub(crate) published: Arc<Published>,
    pub(crate) pair: Pair,
    serving: JoinSet<()>,
}

impl Issuer {
    /// One with an Ed25519 key called `one`.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://{}/realm", listener.local_addr().unwrap());
        let published = Arc::new(Published::default());
        let app = Router::new().fallback(page).with_state(published.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let issuer = Self {
            name,
            published,
            pair: Pair::ed25519(),
            serving,
        };
        let keys = format!("{}/keys", issuer.name);
        let metadata = json!({ "issuer": issuer.name, "jwks_uri": keys });
        issuer.publish("/realm/.well-known/openid-configuration", metadata);
        issuer.keys(vec![issuer.pair.jwk("one")]);
        issuer
    }

    pub(crate) fn publish(&self, path: &str, page: Value) {
        let mut pages = self.published.pages.lock().unwrap();
        pages.retain(|(other, _)| other != path);
        pages.push((path.to_owned(), page));
    }

    pub(crate) fn withdraw(&self, path: &str) {
        let mut pages = self.published.pages.lock().unwrap();
        pages.retain(|(other, _)| other != path);
    }

    pub(crate) fn keys(&self, keys: Vec<Value>) {
        self.publish("/realm/keys", json!({ "keys": keys }));
    }

    /// How often it was asked for its keys.
    pub(crate) fn asked(&self) -> usize {
        self.published.asked.load(Ordering::Relaxed)
    }

    /// Ends it: nobody answers at its address any more.
    pub(crate) async fn stop(&mut self) {
        self.serving.shutdown().await;
    }

    /// Claims of a token for ann that is valid in every way.
    pub(crate) fn claims(&self) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({ "iss": self.name, "sub": "ann", "aud": crate::support::RESOURCE, "exp": now + 300 })
    }

    /// A token of its own key with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": "one", "typ": "JWT" });
        self.pair.token(&header, claims)
    }
}

async fn page(State(published): State<Arc<Published>>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/realm/keys" {
        published.asked.fetch_add(1, Ordering::Relaxed);
    }
    let pages = published.pages.lock().unwrap();
    match pages.iter().find(|(known, _)| known == path) {
        Some((_, Value::String(target))) => {
            (StatusCode::FOUND, [("location", target.clone())]).into_response()
        }
        Some((_, page)) => page.to_string().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
