//! Who calls, told to an upstream in this process: in the extensions of the request, where no client can write.

use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderMap};
use spanway_server::Context;

use super::{Bridge, BridgeBuilder};
use crate::upstream::Tell;

/// Who calls, as far as the upstream may know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'c> {
    pub(super) headers: &'c HeaderMap,
    pub(super) context: Option<&'c Context>,
}

impl<'c> From<&'c Context> for Caller<'c> {
    fn from(context: &'c Context) -> Self {
        Self {
            headers: context.headers(),
            context: Some(context),
        }
    }
}

impl<'c> From<&'c HeaderMap> for Caller<'c> {
    fn from(headers: &'c HeaderMap) -> Self {
        Self {
            headers,
            context: None,
        }
    }
}

impl Caller<'_> {
    /// Tells the client of lines of an answer as progress of the call; the result has them all.
    pub(super) fn tell(&self) -> Option<Tell> {
        let context = self.context?.clone();
        Some(Arc::new(move |so_far, line| {
            let so_far = u32::try_from(so_far).unwrap_or(u32::MAX);
            context.progress(f64::from(so_far), None, line);
        }))
    }
}

/// Takes one type from the extensions of the caller's request to those of the call.
#[derive(Clone, Copy)]
pub(crate) struct PassOn(fn(&Extensions, &mut Extensions));

impl PassOn {
    /// Takes a `T`.
    pub(crate) fn of<T: Clone + Send + Sync + 'static>() -> Self {
        Self(|from, to| {
            if let Some(value) = from.get::<T>() {
                to.insert(value.clone());
            }
        })
    }
}

impl BridgeBuilder {
    /// Passes on what a layer before the MCP endpoint left in the request's extensions, such as the user it found.
    ///
    /// This is for upstreams in this process ([`ServiceUpstream`](crate::ServiceUpstream)); the
    /// [`Principal`](spanway_server::Principal) is always there. Nothing else is passed on: what the router in front
    /// of the endpoint noted, such as the parameters of its path, is not true for another path.
    #[must_use]
    pub fn forward_extension<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.extensions.push(PassOn::of::<T>());
        self
    }

    /// Passes on all of these.
    pub(crate) fn extensions(mut self, extensions: Vec<PassOn>) -> Self {
        self.extensions.extend(extensions);
        self
    }
}

impl Bridge {
    /// Puts the caller into the extensions of a request.
    pub(super) fn introduce(&self, caller: Caller<'_>, extensions: &mut Extensions) {
        let Some(context) = caller.context else {
            return;
        };
        for PassOn(pass) in &self.extensions {
            pass(context.extensions(), extensions);
        }
        if let Some(principal) = context.principal() {
            extensions.insert(principal.clone());
        }
    }
}

impl fmt::Debug for PassOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassOn")
    }
}
