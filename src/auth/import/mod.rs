//! Identities that other tools know, as an `auth` section: `atmos auth import`.
//!
//! Row 5. Pure: texts of files go in, a [`Draft`] comes out, with a remark on everything that could not be taken as it was. No
//! key is ever read into it, and what may be a secret stays behind (`suspects`). One file per tool; those that live in the files of the AWS CLI share [`aws_config`].

mod aws_config;
mod aws_profiles;
mod aws_sso;
mod draft;
mod granted;
mod known;
mod leapp;
mod leapp_seal;
#[cfg(test)]
mod names_tests;
mod processes;
mod saml2aws;
#[cfg(test)]
mod secrets_tests;
mod suspects;
mod taken;
#[cfg(test)]
mod tests;

pub use aws_config::{Habits, aws_config};
pub use aws_profiles::AwsFiles;
pub use aws_sso::aws_sso;
pub use draft::{Draft, Remark};
pub use granted::{granted, is_settings as is_granted_settings};
pub use known::Known;
pub use leapp::{LeappError, leapp};
pub use processes::{Replaced, replace as replace_processes};
pub use saml2aws::saml2aws;
