//! Clients of the AWS services that authentication and the reading of states speak to, where they are reached, and the
//! credentials that the environment itself has. Row 5.

pub mod ambient;
pub mod client;
pub mod endpoint;
pub mod organizations;
pub mod refusal;
pub mod sign;
pub(crate) mod skew;
pub mod sts;
