//! The outside world in one struct: environment snapshot, working directory, user directories, terminal facts, clock,
//! private files, places that are safe for secrets ([`trust`]), locks, the way to the network, profiles of AWS tools, work
//! that is done once.
//!
//! Row 2. [`Host`] is built once in `main` and passed by reference. No other module reads the process environment or
//! the working directory, and nothing ever changes them.

mod aws;
mod aws_profiles;
mod aws_signature;
mod capture;
mod dirs;
mod env;
mod file_size;
pub mod fs;
pub mod group;
mod guard;
mod head;
mod http;
pub mod kernel_keys;
pub mod kin;
pub mod lock;
mod machine;
mod masked;
mod md5;
mod network;
mod once;
mod page;
pub mod prompt;
#[cfg(unix)]
mod put_back;
mod shield;
mod terminal;
#[cfg(test)]
pub(crate) mod testing;
pub mod threads;
pub mod trust;
pub mod xml;

pub use aws::{aws_domain, aws_endpoint, ignores_aws_endpoints};
pub use aws_profiles::{IniSection, ProfileKeys, ProfileSettings, Profiles, chosen_profile, ini_sections};
pub use aws_signature::AwsSigner;
pub use capture::{Captured, Limit, capture};
pub use dirs::Dirs;
pub use env::Env;
pub use file_size::outlive_file_size_limit;
pub use guard::{Guard, Policy, Refused, Rules};
pub use head::request_head;
pub use http::{
    Http, HttpError, HttpRequest, HttpResponse, beginning, causes, form, percent_decode, percent_encode,
    percent_encode_path,
};
pub use machine::{Host, platform};
pub use masked::{Spoken, masked_stderr};
pub use md5::md5;
pub use network::{Network, NetworkError, Route};
pub use once::Once;
pub use page::{BROWSER_VARIABLE, open_page, start_browser};
#[cfg(target_os = "linux")]
pub use shield::reap_orphans;
pub use shield::{adopt_orphans, shield};
pub use terminal::Terminal;
