//! The outside world in one struct: environment snapshot, working directory, user directories, terminal facts, clock,
//! private files, locks, the way to the network.
//!
//! Row 2. [`Host`] is built once in `main` and passed by reference. No other module reads the process environment or
//! the working directory, and nothing ever changes them.

mod dirs;
mod env;
pub mod fs;
pub mod lock;
mod machine;
mod network;
mod terminal;

pub use dirs::Dirs;
pub use env::Env;
pub use machine::Host;
pub use network::{Network, NetworkError, Route};
pub use terminal::Terminal;
