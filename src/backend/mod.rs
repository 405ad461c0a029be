//! The files that tell terraform where its state is and which providers it uses, as documents; `exec` writes them.
//!
//! Row 7. Read [`backend_json`] first. [`check_workspace_name`] refuses names that no run may use.

mod documents;
mod error;
mod folder;

pub use documents::{backend_json, check_workspace_name, providers_override, terraform_override};
pub use error::Error;
pub use folder::declares_backend;
