//! Who calls, as far as authentication could tell.

/// The caller that credentials stand for. A tower layer puts it into the request's extensions; sessions
/// belong to it, and handlers find it with [`Context::principal`](crate::Context::principal).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal(Box<str>);

impl Principal {
    /// A principal by its name, which must be unique among all principals of the server: for a token of
    /// an identity provider, issuer and subject together.
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
