//! `atmos aws …`

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::auth::IdentityArgs;
use super::cluster::{KubeconfigArgs, TokenCallerArgs};

#[derive(Debug, Args)]
pub struct AwsArgs {
    #[command(subcommand)]
    pub command: AwsCommand,
}

#[derive(Debug, Subcommand)]
pub enum AwsCommand {
    /// Log in to registries of container images
    Ecr {
        #[command(subcommand)]
        command: EcrCommand,
    },
    /// Tokens and kubeconfigs of clusters
    Eks {
        #[command(subcommand)]
        command: EksCommand,
    },
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Subcommand)]
pub enum EcrCommand {
    #[command(
        about = "Log in to registries: that of an integration, those of an identity, or named ones",
        long_about = "Log in to registries: that of an integration, those of an identity, or named ones.\n\nNamed registries \
                      without --identity are logged in to by the credentials of the environment. The login goes to where docker \
                      looks for it: the credential helper of its configuration, or the file ($DOCKER_CONFIG/config.json, else \
                      ~/.docker/config.json)."
    )]
    Login(EcrLoginArgs),
}

#[derive(Debug, Args)]
pub struct EcrLoginArgs {
    /// Name of an integration of kind aws/ecr or aws/ecr-public
    #[arg(value_name = "INTEGRATION")]
    pub integration: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Name of a registry; may be repeated
    #[arg(short, long, value_name = "HOST")]
    pub registry: Vec<String>,

    /// Log in to public.ecr.aws
    #[arg(long)]
    pub public: bool,
}

#[derive(Debug, Subcommand)]
pub enum EksCommand {
    #[command(
        about = "Print a token for a cluster in the form that kubectl wants of a credential plug-in",
        long_about = "Print a token for a cluster in the form that kubectl wants of a credential plug-in. Never asks anything: who \
                      is not logged in is told the command for that."
    )]
    Token(EksTokenArgs),
    #[command(
        about = "Write a cluster into a kubeconfig",
        long_about = "Write a cluster into a kubeconfig: that of an integration, or a named one as an identity.\n\nWhat is there \
                      already stays. Who uses the file gets tokens from `atmos aws eks token`; there is no secret in it."
    )]
    UpdateKubeconfig(UpdateKubeconfigArgs),
}

#[derive(Debug, Args)]
pub struct EksTokenArgs {
    /// Name of the cluster
    #[arg(long, value_name = "NAME")]
    pub cluster_name: Option<String>,

    /// Region of the cluster
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    #[command(flatten)]
    pub caller: TokenCallerArgs,
}

#[derive(Debug, Args)]
pub struct UpdateKubeconfigArgs {
    /// Name of an integration of kind aws/eks
    #[arg(long, value_name = "NAME")]
    pub integration: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Name of the cluster
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Region of the cluster [env: ATMOS_AWS_REGION, AWS_REGION]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    #[command(flatten)]
    pub place: KubeconfigArgs,
}
