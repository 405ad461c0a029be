//! Tokens of Microsoft Entra: a service principal's secret, a federated token, a managed identity, or what `az login` left.
//!
//! Read [`of_principal`], then [`signed_in`].

mod principal;
mod program;

pub use principal::{EXCHANGE, Proof, authority, by_assertion, by_file, by_secret, of_machine, of_principal};
pub use program::{SignedIn, by_program, signed_in};
