//! `atmos list …`

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::{ListAffectedArgs, ProcessingArgs};

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(subcommand)]
    pub command: ListCommand,
}

#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// List stacks
    Stacks(StackListArgs),
    /// List components with the number of stacks that have them
    Components(ComponentsArgs),
    /// List the components that a change concerns
    Affected(ListAffectedArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct StackListArgs {
    /// Only stacks that have this component
    #[arg(short, long, value_name = "NAME")]
    pub component: Option<String>,

    /// table, json, yaml, csv or tsv [env: ATMOS_LIST_FORMAT] [default: table]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}

#[derive(Debug, Args)]
pub struct ComponentsArgs {
    /// Only stacks that match this pattern
    #[arg(short, long, value_name = "GLOB")]
    pub stack: Option<String>,

    /// real, abstract or all [default: real]
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub kind: Option<String>,

    /// Only abstract components; `=false` for the others
    #[arg(long = "abstract")]
    pub abstract_: Option<bool>,

    /// Only enabled components; `=false` for the disabled ones
    #[arg(long)]
    pub enabled: Option<bool>,

    /// Only locked components; `=false` for the others
    #[arg(long)]
    pub locked: Option<bool>,

    /// table, json, yaml, csv or tsv [env: ATMOS_LIST_FORMAT] [default: table]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}
