//! hosts rmcp
mod afterlife;
mod answer;
mod asking;
mod convert;
mod handlers;
mod limits;
mod peers;
mod recent;
mod request;
mod run;
mod service;

pub use limits::HostLimits;
pub use service::{RmcpService, host, try_host};
