//! The `atmos` program. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    atmos::cli::main(std::env::args_os())
}
