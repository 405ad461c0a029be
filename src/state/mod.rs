//! Outputs of components from where terraform keeps its states, without terraform.
//!
//! Row 7. Read [`read`] first: one state from the backend of one component, by a [`Reader`]; one file for each backend.
//! [`Outputs`] is what comes out. [`keeper`] makes what states are kept in. [`Reach`] is how the evaluation above asks for outputs and identities: who implements it
//! knows credentials and can start terraform.

mod account;
mod azure_login;
mod azurerm;
pub mod bucket;
mod error;
mod gcs;
mod gcs_bucket;
mod google_login;
mod http;
pub mod keeper;
mod local;
mod outputs;
mod reach;
mod read;
mod reader;
mod s3;
mod settings;

pub use error::Error;
pub use outputs::{Outputs, Unreadable, exists_as_key};
pub use reach::{AwsFact, Denied, Failure, Reach, Wish};
pub use read::{place, read};
pub use reader::Reader;
