//! Tokens of OpenID Connect and OAuth providers, checked for an MCP endpoint.
//!
//! [`Oidc`] is an [`Authenticate`](spanway_http::auth::Authenticate): it takes JWTs from `Authorization: Bearer` and
//! lets in who has one that an issuer of your choice signed for this server.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use spanway_oidc::Oidc;
//!
//! let auth = Oidc::new("https://mcp.example/mcp", ["https://id.example"])?;
//! # let _ = auth;
//! # Ok(())
//! # }
//! ```
//!
//! # What is checked
//! - The signature, by a key that the issuer publishes, with RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or
//!   EdDSA (Ed25519), whichever its key is for. No other algorithm is known here: no HMAC, no `none`.
//! - `iss` is one of the issuers, letter by letter; `aud` contains the audience; `exp` is there and not past; `nbf` is
//!   not ahead, where it is said. Clocks may differ by 30 s.
//! - `sub` is there. The [`Principal`](spanway_server::Principal) is `ISSUER#SUBJECT`; issuers have no `#`, so no two
//!   of them can name the same one.
//!
//! # Where keys come from
//! From the `jwks_uri` in the metadata at `ISSUER/.well-known/openid-configuration`, or else where RFC 8414 puts it,
//! once the first token comes. They are fetched anew after an hour, and when a token names a key that is not there, for
//! that reason at most every 10 s. One fetch at a time takes 10 s and 256 KiB at most, follows no redirect, and needs
//! HTTPS, except on this machine. While it fails, the keys of before are used until they are 4 h old, and it is tried
//! again every 10 s; without keys every token is answered with 503. Nobody is let in unchecked.

mod claims;
mod fetch;
mod keyring;
mod keys;
mod oidc;

pub use oidc::{Oidc, OidcError};
