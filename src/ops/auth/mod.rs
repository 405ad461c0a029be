//! The `auth` commands, one file each.
//!
//! Row 12. Each function takes an [`Access`](super::Access) and returns plain data; `cli` prints it.

mod console;
mod env;
mod exec;
mod keyring;
mod list;
mod login;
mod logout;
mod process;
mod shell;
mod user;
mod validate;
mod whoami;

pub use console::{ConsoleReport, ConsoleRequest, console};
pub(super) use env::style;
pub use env::{EnvReport, EnvRequest, env};
pub use exec::{ExecRequest, exec, min_ttl};
pub use keyring::{MigrateReport, MigrateRequest, migrate};
pub use list::{ListReport, ListRequest, list};
pub use login::{LoginReport, LoginRequest, login, outside_only};
pub use logout::{LogoutReport, LogoutRequest, logout};
pub use process::{ProcessRequest, ask_run, process};
pub use shell::{ShellRequest, shell};
pub use user::{KeysReport, KeysRequest, Origin, rotate_keys, store_keys};
pub use validate::{ValidateReport, validate};
pub use whoami::{WhoamiReport, WhoamiRequest, whoami};
