//! `atmos auth explain | refresh | doctor`

use clap::Args;

use super::{AuthScopeArgs, IdentityArgs, ProcessingArgs};

#[derive(Debug, Args)]
pub struct AuthExplainArgs {
    /// Component
    #[arg(value_name = "COMPONENT")]
    pub name: Option<String>,

    /// Component; the same as the word without a flag
    #[arg(short, long, value_name = "NAME", conflicts_with = "name")]
    pub component: Option<String>,

    /// Stack [env: ATMOS_STACK]
    #[arg(short, long, value_name = "NAME")]
    pub stack: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Sub-command of which the identity is wanted, where it differs: plan, apply, … [default: plan]
    #[arg(long, value_name = "COMMAND", default_value = "plan", hide_default_value = true)]
    pub operation: String,

    /// text or json [default: text]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    #[command(flatten)]
    pub processing: ProcessingArgs,
}

#[derive(Debug, Args)]
pub struct RefreshArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,
}

#[derive(Debug, Args)]
pub struct AuthDoctorArgs {
    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// Ask nobody outside, so that the clock is not compared
    #[arg(long)]
    pub offline: bool,

    /// text or json [default: text]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}
