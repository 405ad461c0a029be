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

    /// Type of the component where several have one of this name [default: terraform before helmfile, packer and others]
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,

    /// text, json or yaml [default: text]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}
