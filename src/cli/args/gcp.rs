//! `atmos gcp …`

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::auth::IdentityArgs;
use super::cluster::{KubeconfigArgs, TokenCallerArgs};

#[derive(Debug, Args)]
pub struct GcpArgs {
    #[command(subcommand)]
    pub command: GcpCommand,
}

#[derive(Debug, Subcommand)]
pub enum GcpCommand {
    /// Tokens and kubeconfigs of clusters
    Gke {
        #[command(subcommand)]
        command: GkeCommand,
    },
    /// Unknown commands.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Subcommand)]
pub enum GkeCommand {
    #[command(
        about = "Print a token for clusters in the form that kubectl wants of a credential plug-in",
        long_about = "Print a token for clusters in the form that kubectl wants of a credential plug-in. Never asks anything: who \
                      is not logged in is told the command for that."
    )]
    Token(TokenCallerArgs),
    #[command(
        about = "Write a cluster into a kubeconfig",
        long_about = "Write a cluster into a kubeconfig: that of an integration, or a named one as an identity.\n\nWhat is there \
                      already stays. Who uses the file gets tokens from `atmos gcp gke token`; there is no secret in it."
    )]
    UpdateKubeconfig(GkeKubeconfigArgs),
}

#[derive(Debug, Args)]
pub struct GkeKubeconfigArgs {
    /// Name of an integration of kind gcp/gke
    #[arg(long, value_name = "NAME")]
    pub integration: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Name of the cluster
    #[arg(long, value_name = "NAME")]
    pub cluster_name: Option<String>,

    /// Project of the cluster
    #[arg(long, value_name = "ID")]
    pub project_id: Option<String>,

    /// Region or zone of the cluster
    #[arg(long, value_name = "NAME")]
    pub location: Option<String>,

    #[command(flatten)]
    pub place: KubeconfigArgs,
}
