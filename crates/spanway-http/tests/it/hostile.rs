//! Clients that mean harm, or are merely strange.
