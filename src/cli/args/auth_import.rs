//! Arguments of `atmos auth import`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::ops::auth::Tool;

#[derive(Debug, Args)]
pub struct AuthImportArgs {
    /// Whose files are read
    #[arg(value_name = "TOOL", value_parser = PossibleValuesParser::new(Tool::ALL.map(Tool::name)))]
    pub tool: String,

    /// Its file, or the folder with its files, in place of the usual one
    #[arg(long, value_name = "PATH")]
    pub from: Option<PathBuf>,

    /// Write the section to this file instead of printing it; one that says something else stays as it is
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write nothing: print the section, and say what would become of the file of --output
    #[arg(long)]
    pub dry_run: bool,

    /// Replace the file of --output though it says something else
    #[arg(long)]
    pub force: bool,

    /// leapp: the id of the machine with which the workspace is sealed
    #[arg(long, value_name = "ID")]
    pub machine_id: Option<String>,

    /// aws-config, aws-vault, granted: print a diff of the AWS configuration that puts `atmos auth process` in the place of
    /// other tools
    #[arg(long)]
    pub replace_processes: bool,
}
