//! `atmos azure …`

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::auth::IdentityArgs;
use super::cluster::{KubeconfigArgs, TokenCallerArgs};

#[derive(Debug, Args)]
pub struct AzureArgs {
    #[command(subcommand)]
    pub command: AzureCommand,
}

#[derive(Debug, Subcommand)]
pub enum AzureCommand {
    /// Log in to registries of container images
    Acr {
        #[command(subcommand)]
        command: AcrCommand,
    },
    /// Tokens and kubeconfigs of clusters
    Aks {
        #[command(subcommand)]
        command: AksCommand,
    },
    /// Unknown commands.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Subcommand)]
pub enum AcrCommand {
    #[command(
        about = "Log in to registries: that of an integration, those of an identity, or named ones",
        long_about = "Log in to registries: that of an integration, those of an identity, or named ones as the identity in \
                      force.\n\nThe login goes to where docker looks for it: the credential helper of its configuration, or the \
                      file ($DOCKER_CONFIG/config.json, else ~/.docker/config.json)."
    )]
    Login(AcrLoginArgs),
}

#[derive(Debug, Args)]
pub struct AcrLoginArgs {
    /// Name of an integration of kind azure/acr
    #[arg(value_name = "INTEGRATION")]
    pub integration: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Name of a registry, such as acme.azurecr.io; may be repeated
    #[arg(short, long, value_name = "HOST")]
    pub registry: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum AksCommand {
    #[command(
        about = "Print a token for a cluster in the form that kubectl wants of a credential plug-in",
        long_about = "Print a token for a cluster in the form that kubectl wants of a credential plug-in. Never asks anything: who \
                      is not logged in is told the command for that."
    )]
    Token(AksTokenArgs),
    #[command(
        about = "Write a cluster into a kubeconfig",
        long_about = "Write a cluster into a kubeconfig: that of an integration, or a named one as an identity.\n\nWhat is there \
                      already stays. Who uses the file gets tokens from `atmos azure aks token`; there is no secret in it."
    )]
    UpdateKubeconfig(AksKubeconfigArgs),
}

/// Which cluster is meant.
#[derive(Debug, Args)]
pub struct AksClusterArgs {
    /// Name of the cluster
    #[arg(long, value_name = "NAME")]
    pub cluster_name: Option<String>,

    /// Resource group of the cluster
    #[arg(long, value_name = "NAME")]
    pub resource_group: Option<String>,
}

#[derive(Debug, Args)]
pub struct AksTokenArgs {
    #[command(flatten)]
    pub cluster: AksClusterArgs,

    /// Subscription of the cluster; for who reads the kubeconfig
    #[arg(long, value_name = "ID")]
    pub subscription_id: Option<String>,

    /// Application that the cluster wants tokens for
    #[arg(long, value_name = "ID")]
    pub server_id: Option<String>,

    #[command(flatten)]
    pub caller: TokenCallerArgs,
}

#[derive(Debug, Args)]
pub struct AksKubeconfigArgs {
    /// Name of an integration of kind azure/aks
    #[arg(long, value_name = "NAME")]
    pub integration: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub cluster: AksClusterArgs,

    /// Subscription of the cluster; that of the identity without
    #[arg(long, value_name = "ID")]
    pub subscription_id: Option<String>,

    #[command(flatten)]
    pub place: KubeconfigArgs,
}
