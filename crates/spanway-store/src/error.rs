//! Why a store could not do what it was asked.

/// A store's failure, named by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room; some will come when sessions end or expire.
    #[error("the store holds as many sessions as it may, {limit}")]
    Full {
        /// The bound.
        limit: usize,
    },
    /// The engine behind the store cannot be reached or failed; trying again later may help.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
