//! Spanway.
