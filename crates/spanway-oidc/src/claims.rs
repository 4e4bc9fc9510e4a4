//! What a token says of itself, and whether that is meant for this server and for now.

use serde::Deserialize;

/// How far the issuer's clock and ours may differ.
const SKEW_SECONDS: f64 = 30.0;

/// The longest `sub`; OpenID Connect Core, section 2, allows no longer one.
const SUBJECT_BYTES_MAX: usize = 255;

/// The claims that are looked at. Others are passed over.
#[derive(Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    aud: Audience,
    /// Seconds since 1970, which may have a fraction (RFC 7519, section 2).
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    /// Why the token is not one for `audience` at `now`, in seconds since 1970. T-AUTH-12: MUST be issued for this
    /// server.
    pub(crate) fn problem(&self, audience: &str, now: f64) -> Option<&'static str> {
        let is_meant = match &self.aud {
            Audience::One(one) => one == audience,
            Audience::Several(several) => several.iter().any(|it| it == audience),
        };
        if !is_meant {
            Some("it is for another audience")
        } else if now >= self.exp + SKEW_SECONDS {
            Some("it has expired")
        } else if self.nbf.is_some_and(|nbf| now + SKEW_SECONDS < nbf) {
            Some("it is not valid yet")
        } else if self.sub.is_empty() || self.sub.len() > SUBJECT_BYTES_MAX {
            Some("its subject is empty or too long")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problem(claims: Value, now: f64) -> Option<&'static str> {
        let claims: Claims = serde_json::from_value(claims).unwrap();
        claims.problem("us", now)
    }

    #[test]
    fn k3_17_clocks_may_differ_by_thirty_seconds() {
        let claims =
            json!({ "iss": "i", "sub": "s", "aud": ["x", "us"], "exp": 1000, "nbf": 500.5 });
        for (now, wanted) in [
            (470.0, Some("it is not valid yet")),
            (470.5, None),
            (1029.9, None),
            (1030.0, Some("it has expired")),
        ] {
            assert_eq!(problem(claims.clone(), now), wanted, "{now}");
        }
    }

    #[test]
    fn k3_17_what_is_missing_or_of_another_form_is_no_claim() {
        let whole = json!({ "iss": "i", "sub": "s", "aud": "us", "exp": 1000 });
        assert_eq!(problem(whole.clone(), 0.0), None);
        for name in ["iss", "sub", "aud", "exp"] {
            for wrong in [json!(null), json!({}), json!([1])] {
                let mut claims = whole.clone();
                claims[name] = wrong;
                assert!(serde_json::from_value::<Claims>(claims).is_err(), "{name}");
            }
        }
        let mut long = whole;
        long["sub"] = json!("s".repeat(256));
        assert!(problem(long, 0.0).is_some());
    }
}
