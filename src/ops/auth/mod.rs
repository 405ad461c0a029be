//! The `auth` commands, one file each.
//!
//! Row 12. Each function takes an [`Access`](super::Access) and returns plain data; `cli` prints it.

mod env;
mod exec;
mod list;
mod login;
mod logout;
mod process;
mod validate;
mod whoami;

pub use env::{EnvReport, EnvRequest, env};
pub use exec::{ExecRequest, exec};
pub use list::{ListReport, ListRequest, list};
pub use login::{LoginReport, LoginRequest, login, outside_only};
pub use logout::{LogoutReport, LogoutRequest, logout};
pub use process::{ProcessRequest, ask_run, process};
pub use validate::{ValidateReport, validate};
pub use whoami::{WhoamiReport, WhoamiRequest, whoami};
