//! The public keys of an issuer (RFC 7517), and signatures held against them by ring.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::Value;

/// The keys of an issuer that signatures can be held against.
#[derive(Default)]
pub(crate) struct Keys(Vec<Arc<Key>>);

/// One of them.
pub(crate) struct Key {
    id: Option<String>,
    /// The one algorithm it is for, where the issuer says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

/// By type of key, so that no algorithm is used with a key of another type.
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// How a signature is checked.
enum Scheme<'k> {
    Rsa(&'static RsaParameters, &'k [u8], &'k [u8]),
    Plain(&'static dyn VerificationAlgorithm, &'k [u8]),
}

impl Keys {
    /// The keys in a JWK Set that are of use here; others, and what is no key, are passed over (RFC 7517, section 5).
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(body).ok()?;
        let each = set.keys.into_iter();
        let jwks = each.filter_map(|it| serde_json::from_value(it).ok());
        let keys = jwks.filter_map(|jwk| Key::read(jwk).map(Arc::new));
        Some(Self(keys.collect()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key with this id that `algorithm` may be used with; without an id, the only such key.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        let fits = |key: &&Arc<Key>| {
            (id.is_none() || key.id.as_deref() == id) && key.scheme(algorithm).is_some()
        };
        let mut fitting = self.0.iter().filter(fits);
        let first = fitting.next()?;
        let is_clear = id.is_some() || fitting.next().is_none();
        is_clear.then(|| first.clone())
    }
}

impl Key {
    fn read(jwk: Jwk) -> Option<Self> {
        let common = jwk.common;
        let is_to_sign = common
            .public_key_use
            .is_none_or(|it| it == PublicKeyUse::Signature);
        let is_to_verify = common
            .key_operations
            .is_none_or(|it| it.contains(&KeyOperations::Verify));
        if !is_to_sign || !is_to_verify {
            return None;
        }
        let algorithm = match common.key_algorithm {
            Some(named) => Some(named.to_string().parse().ok()?),
            None => None,
        };
        Some(Self {
            id: common.key_id,
            algorithm,
            material: Material::read(&jwk.algorithm)?,
        })
    }

    /// How `algorithm` checks a signature with this key; `None` if it may not. The whole list of algorithms is here.
    fn scheme(&self, algorithm: Algorithm) -> Option<Scheme<'_>> {
        if self.algorithm.is_some_and(|own| own != algorithm) {
            return None;
        }
        Some(match (&self.material, algorithm) {
            (Material::Rsa { n, e }, _) => Scheme::Rsa(rsa(algorithm)?, n, e),
            (Material::P256(point), Algorithm::ES256) => {
                Scheme::Plain(&ECDSA_P256_SHA256_FIXED, point)
            }
            (Material::P384(point), Algorithm::ES384) => {
                Scheme::Plain(&ECDSA_P384_SHA384_FIXED, point)
            }
            (Material::Ed25519(point), Algorithm::EdDSA) => Scheme::Plain(&ED25519, point),
            _ => return None,
        })
    }

    /// Whether `signature` is that of `message`.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let message = message.as_bytes();
        let checked = match self.scheme(algorithm) {
            Some(Scheme::Rsa(parameters, n, e)) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, &signature)
            }
            Some(Scheme::Plain(scheme, point)) => {
                UnparsedPublicKey::new(scheme, point).verify(message, &signature)
            }
            None => return false,
        };
        checked.is_ok()
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

impl Material {
    fn read(parameters: &AlgorithmParameters) -> Option<Self> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        match parameters {
            AlgorithmParameters::RSA(rsa) => Some(Self::Rsa {
                n: significant(&decode(&rsa.n)?),
                e: significant(&decode(&rsa.e)?),
            }),
            AlgorithmParameters::EllipticCurve(curve) => {
                // SEC 1: a point that is not compressed begins with 4.
                let (x, y) = (decode(&curve.x)?, decode(&curve.y)?);
                let point = [&[4], &*x, &*y].concat();
                match (&curve.curve, x.len(), y.len()) {
                    (EllipticCurve::P256, 32, 32) => Some(Self::P256(point)),
                    (EllipticCurve::P384, 48, 48) => Some(Self::P384(point)),
                    _ => None,
                }
            }
            AlgorithmParameters::OctetKeyPair(pair) => {
                let point = decode(&pair.x).filter(|it| it.len() == 32)?;
                (pair.curve == EllipticCurve::Ed25519).then_some(Self::Ed25519(point))
            }
            // A secret is no public key: HMAC is not known here.
            _ => None,
        }
    }
}

/// Without the zeros before it, which some issuers write and ring does not take.
fn significant(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number[zeros..].to_vec()
}
