//! The `auth` commands, one file each.
//!
//! Row 12. Each function takes an [`Access`](super::Access) and returns plain data; `cli` prints it.

mod brokered;
mod cluster;
mod console;
mod doctor;
mod env;
mod everywhere;
mod exec;
mod explain;
mod gate;
mod git;
mod import;
pub(super) mod integrations;
mod keyring;
mod keys;
mod list;
mod login;
mod login_all;
mod logout;
mod process;
mod reference;
mod refresh;
mod registry;
mod saml;
pub(super) mod scope;
mod shell;
mod user;
mod validate;
mod validate_commands;
mod validate_rails;
mod validate_stacks;
mod vault;
mod whoami;

pub use brokered::Brokered;
pub use cluster::{
    AzureTokenRequest, KubeconfigRequest, OtherKubeconfigRequest, TokenRequest, azure_cluster_token, cluster_token,
    google_cluster_token, update_kubeconfig, update_other_kubeconfig,
};
pub use console::{ConsoleReport, ConsoleRequest, console};
pub use doctor::{DoctorReport, DoctorRequest, Finding, State, doctor};
pub(super) use env::style;
pub use env::{EnvReport, EnvRequest, env};
pub use exec::{ExecRequest, exec, min_ttl};
pub use explain::{Decision, ExplainReport, ExplainRequest, Link, Word, explain};
pub use git::{GitQuestion, git_credential};
pub use import::{ImportReport, ImportRequest, Tool, Written, import};
pub use integrations::{Done, line as integration_line};
pub use keyring::{MigrateReport, MigrateRequest, migrate};
pub use list::{ListReport, ListRequest, list};
pub use login::{LoginReport, LoginRequest, login, outside_only};
pub use login_all::{LoginAllReport, LoginAllRequest, login_all};
pub use logout::{LogoutReport, LogoutRequest, logout};
pub use process::{ProcessRequest, ask_run, process};
pub use refresh::{RefreshReport, RefreshRequest, refresh};
pub use registry::{AcrLoginRequest, EcrLoginRequest, acr_login, ecr_login};
pub use saml::{SamlRolesReport, saml_roles};
pub use scope::{Scope, access};
pub use shell::{ShellRequest, shell};
pub use user::{KeysReport, KeysRequest, Origin, rotate_keys, store_keys};
pub use validate::{ValidateReport, validate};
pub use validate_commands::validate_commands;
pub use validate_stacks::validate_stacks;
pub use whoami::{Known, WhoamiAllReport, WhoamiReport, WhoamiRequest, whoami, whoami_all};
