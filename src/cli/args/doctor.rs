//! `atmos doctor`

use clap::Args;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// text, json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}
