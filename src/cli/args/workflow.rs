//! `atmos workflow`

use clap::Args;

use super::IdentityArgs;

#[derive(Debug, Args)]
pub struct WorkflowArgs {
    /// Name of the workflow
    #[arg(value_name = "WORKFLOW")]
    pub name: Option<String>,

    /// File that has the workflow, below `workflows.base_path` [env: ATMOS_WORKFLOW_FILE]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<String>,

    /// Stack for the steps, over those of the workflow and its steps [env: ATMOS_STACK]
    #[arg(short, long, value_name = "STACK")]
    pub stack: Option<String>,

    /// Begin at this step [env: ATMOS_WORKFLOW_FROM_STEP]
    #[arg(long, value_name = "STEP")]
    pub from_step: Option<String>,

    /// Only say what would run [env: ATMOS_WORKFLOW_DRY_RUN]
    #[arg(long)]
    pub dry_run: Option<bool>,

    /// Pass `--tags` on to steps of atmos
    #[arg(long, value_name = "TAGS")]
    pub tags: Option<String>,

    /// Pass `--labels` on to steps of atmos
    #[arg(long, value_name = "LABELS")]
    pub labels: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,
}
