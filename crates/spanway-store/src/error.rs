//! Why a store could not do what it was asked.

/// A store's failure, named by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no room; some will come when what is kept ends or expires.
    #[error("the store holds as many {what} as it may, {limit}")]
    Full {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The engine behind the store cannot be reached or failed; trying again later may help.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is kept there was not written by this program, or by a newer one.
    #[error("the store holds something this version cannot read: {what}")]
    Unreadable {
        /// What, without its contents.
        what: &'static str,
    },
}
