//! How a child gets its credentials, as pure rendering: file texts, variables, answers of the credential helper.
//!
//! Row 5. Read [`Delivery`], then [`changes`] (the variables of an identity) and [`config_text`] (the AWS configuration
//! of a run). Nothing here touches the disk or the environment.

mod ambient;
mod aws_files;
mod changes;
mod environment;
mod error;
mod format;
mod helper;
mod ini;
mod mode;
mod quote;

pub use ambient::is_ambient;
pub use aws_files::{
    Profile, config_headers, config_sections, config_text, credentials_text, profile_name, same_profile,
};
pub use changes::{Changes, Joined, KUBECONFIGS, Printable, Style, Wiring, changes, child_env, joined, printable};
pub use environment::{environment_text, parse_environment};
pub use error::Error;
pub use format::{Format, render};
pub(in crate::auth) use helper::seconds;
pub use helper::{Helper, expiration, helper_answer, parse_given, parse_helper_answer};
pub use ini::{is_empty as ini_is_empty, remove_sections, replace_sections};
pub use mode::Delivery;
