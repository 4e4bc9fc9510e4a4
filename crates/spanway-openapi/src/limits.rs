//! Every bound of this crate, in one place; full means a clear refusal or a marked cut.

use std::time::Duration;

/// Bytes of an OpenAPI document, from a file or a URL; the largest that are published have 36 MB.
pub const DOCUMENT_BYTES_MAX: usize = 40 * 1024 * 1024;

/// Time to fetch an OpenAPI document from a URL.
pub const DOCUMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Nesting of an OpenAPI document (what `serde_json` allows, for YAML too).
pub(crate) const DOCUMENT_DEPTH_MAX: usize = 120;

/// Nodes of a YAML document after its aliases are expanded.
pub(crate) const DOCUMENT_NODES_MAX: usize = 8_000_000;

/// Nodes that aliases may add to a YAML document.
pub(crate) const ALIASED_NODES_MAX: usize = 250_000;

/// Other documents that a document may refer to, one through another.
pub(crate) const EXTERNAL_DOCUMENTS_MAX: usize = 4096;

/// Actions of an overlay.
pub(crate) const OVERLAY_ACTIONS_MAX: usize = 10_000;

/// Bytes that an overlay may add to a document, each place counted.
pub(crate) const OVERLAY_BYTES_MAX: usize = DOCUMENT_BYTES_MAX;

/// Places in a document that one action of an overlay may mean.
pub(crate) const OVERLAY_TARGETS_MAX: usize = 100_000;

/// Length of a chain of references, each naming the next.
pub(crate) const REFERENCE_HOPS_MAX: usize = 32;

/// Bytes of a tool name: what every client takes.
pub(crate) const TOOL_NAME_BYTES_MAX: usize = 64;

/// Bytes of an argument name: what every client takes as a property of an input schema.
pub(crate) const ARGUMENT_NAME_BYTES_MAX: usize = 64;

/// Bytes of an output schema; a larger one is not advertised.
pub(crate) const OUTPUT_SCHEMA_BYTES_MAX: usize = 64 * 1024;

/// Bytes of an input schema above which the descriptions in its `$defs` are left out.
pub(crate) const INPUT_SCHEMA_BYTES_MAX: usize = 64 * 1024;

/// Bytes of an example kept in a schema.
pub(crate) const EXAMPLE_BYTES_MAX: usize = 1024;

/// Time of one call to the upstream, from the first byte sent to the last received.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Further attempts of a call that may be repeated.
pub const RETRIES: u32 = 2;

/// The longest wait before the first of them; it doubles.
pub(crate) const RETRY_DELAY_FIRST: Duration = Duration::from_millis(250);

/// The longest wait between two attempts where the API asks for none.
pub(crate) const RETRY_DELAY_MAX: Duration = Duration::from_secs(5);

/// The longest wait an API may ask for; one that asks for more is not tried again.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);

/// Calls to an API at once; further ones wait.
pub const CONCURRENCY: usize = 64;

/// Failures in a row after which an API is left alone.
pub const BREAKER_FAILURES: u32 = 10;

/// How long it is left alone.
pub const BREAKER_PAUSE: Duration = Duration::from_secs(15);

/// Bytes of an upstream's response body.
pub const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of a picture, a sound or another file that are handed on; base64 makes a third more of them.
pub const BINARY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of a file that stand in a result although it can be read as a resource too.
pub(crate) const INLINE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a line of a stream before it is told without its end.
pub(crate) const STREAM_LINE_BYTES_MAX: usize = 16 * 1024;

/// Characters of such a line that are told; the result has all of it.
pub(crate) const STREAM_LINE_CHARS_MAX: usize = 2048;

/// Bytes of an error's body shown to the model.
pub(crate) const ERROR_BODY_BYTES_MAX: usize = 8 * 1024;

/// Redirects followed within one call, all on the same origin.
pub(crate) const REDIRECTS_MAX: usize = 5;
