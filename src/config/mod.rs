//! `atmos.yaml`: where it is found, how its files are merged, what environment and flags override, and the settings
//! that come out of it.
//!
//! Row 4. Read [`load`] first, then [`Config`], which every later row takes. The path of a file through the module:
//! `discover` (which files) → `reader` (parse once, `function`, imports and `atmos.d`) → `profile` → `extract` (layers
//! to typed settings) → `paths` (base path).

mod advice;
mod components_view;
mod constant;
mod defaults;
mod description;
mod discover;
mod editions;
#[cfg(test)]
mod elsewhere_tests;
mod engine;
mod environment;
mod error;
mod extract;
mod flags;
mod function;
mod imports;
mod include;
mod load;
mod model;
mod paths;
mod profile;
mod provisioned;
mod reader;
mod repository;
mod search;
mod settings;
#[cfg(test)]
mod tests;
mod theme;
mod version;

pub use advice::{InForce, PolicyInForce};
pub use editions::{DefaultChange, default_changes, edition_day, last_day};
pub use engine::{Engine, Linearization};
pub use error::Error;
pub use flags::Flags;
pub use function::env_argument;
pub use include::{Include, Refusal as IncludeRefusal};
pub use load::{default_plugin_cache, load, profile_names, profiles, profiles_that};
pub use model::{Config, Describe, GitSts, Helmfile, Logs, Settings, Stacks, Templates, Terraform, Workflows};
pub use paths::git_root;
pub use profile::Profile;
pub use provisioned::{provisioned_file, read_provisioned};
pub use repository::fact as repository_fact;
pub use theme::{DEFAULT as DEFAULT_THEME, THEMES, Theme, find as find_theme};
pub use version::{REFERENCE_VERSION, meets_constraint};
