//! Cloud identities: providers, chains, sessions, where secrets rest, and how a child gets its credentials.
//!
//! Row 5. Knows nothing of stacks or commands. Read [`creds::AwsCredentials`] first.

pub mod creds;
