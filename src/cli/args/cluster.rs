//! Flags that the clusters of every cloud have.

use clap::Args;

use super::auth::IdentityArgs;

/// Who asks for a token: mostly kubectl, in the words of a kubeconfig.
#[derive(Debug, Args)]
pub struct TokenCallerArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Realm of who wrote the kubeconfig
    #[arg(long, hide = true)]
    pub realm: Option<String>,
}

/// How a cluster is written down.
#[derive(Debug, Args)]
pub struct KubeconfigArgs {
    /// Path of the kubeconfig
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,

    /// Name of the context
    #[arg(long, value_name = "NAME")]
    pub alias: Option<String>,
}
