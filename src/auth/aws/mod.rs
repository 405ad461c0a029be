//! Clients of the three AWS services that authentication speaks to, and where they are reached. Row 5.

pub mod client;
pub mod endpoint;
