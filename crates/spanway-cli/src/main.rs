//! Spanway.
fn main() {}
