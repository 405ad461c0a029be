//! Logins at Azure and Google: what proves who asks, and the exchange for a token; the AWS credentials that the environment
//! has, its container or its machine.
//!
//! Row 3. Stores, states and identities ask here, each with its own settings; nothing is stored, and every secret is known
//! to the masker before it is used. The protocols: Microsoft's identity platform (client credentials), RFC 7523, and the
//! metadata services of the clouds.

pub mod ambient;
pub mod aws;
pub mod azure;
pub mod google;
pub mod job;
pub mod pro;
mod token;

pub use token::{Desk, Token, Trouble, claims, end};
