//! `atmos explain`

use clap::Args;

use super::ProcessingArgs;

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Name of the component
    pub component: String,

    /// Path of the value as `describe component` shows it, for example `vars.cidrs[0]`
    pub path: String,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long)]
    pub stack: Option<String>,

    /// text, json or yaml [default: text]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}
