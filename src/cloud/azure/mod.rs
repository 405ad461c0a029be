//! Tokens of Microsoft Entra: a service principal's secret, a federated token, a managed identity, what `az login` left,
//! or a person who confirms a code or signs in by a browser.
//!
//! Read [`of_principal`], then [`signed_in`].

mod code;
mod device;
mod principal;
mod program;
mod resources;

pub use code::{Brought, redeemed, sign_in_address};
pub use device::{Application, Device, Granted, Progress, device, progress, renewed};
pub use principal::{EXCHANGE, Proof, authority, by_assertion, by_file, by_secret, of_machine, of_principal};
pub use program::{SignedIn, by_program, signed_in};
pub use resources::{ClusterPlace, cluster, registry_password};
