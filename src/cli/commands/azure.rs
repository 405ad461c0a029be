//! `atmos azure …` and `atmos gcp …`

use super::super::args::{
    AcrCommand, AcrLoginArgs, AksCommand, AksKubeconfigArgs, AksTokenArgs, AzureArgs, AzureCommand, GcpArgs,
    GcpCommand, GkeCommand, GkeKubeconfigArgs, TokenCallerArgs,
};
use super::super::setup::Context;
use super::auth::flag;
use super::cluster::silent;
use super::{unknown, write};
use crate::auth::Options;
use crate::auth::integration::{ClusterTarget, Home, Kind};
use crate::diag::Result;
use crate::ops::Access;
use crate::ops::auth::{self, OtherKubeconfigRequest};

pub(super) fn run(context: &Context, args: AzureArgs) -> Result<u8> {
    match args.command {
        AzureCommand::Acr { command: AcrCommand::Login(args) } => login(context, args),
        AzureCommand::Aks { command: AksCommand::Token(args) } => azure_token(context, args),
        AzureCommand::Aks { command: AksCommand::UpdateKubeconfig(args) } => azure_kubeconfig(context, args),
        AzureCommand::Other(words) => Err(unknown::command("atmos azure", &words).into()),
    }
}

pub(super) fn run_gcp(context: &Context, args: GcpArgs) -> Result<u8> {
    match args.command {
        GcpCommand::Gke { command: GkeCommand::Token(args) } => google_token(context, args),
        GcpCommand::Gke { command: GkeCommand::UpdateKubeconfig(args) } => google_kubeconfig(context, args),
        GcpCommand::Other(words) => Err(unknown::command("atmos gcp", &words).into()),
    }
}

fn login(context: &Context, args: AcrLoginArgs) -> Result<u8> {
    let access = Access::open(&context.app_with_config()?, Options::default())?.sound()?;
    let request = auth::AcrLoginRequest {
        integration: args.integration,
        identity: flag(&args.identity),
        registries: args.registry,
    };
    for done in &context.block_on(auth::acr_login(&access, &request))?? {
        context.host.talk.success(auth::integration_line(done, context.host.now()));
    }
    Ok(0)
}

fn azure_token(context: &Context, args: AksTokenArgs) -> Result<u8> {
    let access = silent(context, args.caller.realm)?;
    let request = auth::AzureTokenRequest {
        identity: flag(&args.caller.identity),
        cluster: args.cluster.cluster_name,
        group: args.cluster.resource_group,
        server: args.server_id,
    };
    write::raw(context, &context.block_on(auth::azure_cluster_token(&access, &request))??)?;
    Ok(0)
}

fn google_token(context: &Context, args: TokenCallerArgs) -> Result<u8> {
    let access = silent(context, args.realm)?;
    write::raw(context, &context.block_on(auth::google_cluster_token(&access, &flag(&args.identity)))??)?;
    Ok(0)
}

fn azure_kubeconfig(context: &Context, args: AksKubeconfigArgs) -> Result<u8> {
    let cluster = ClusterTarget {
        name: args.cluster.cluster_name.unwrap_or_default(),
        home: Home::Azure {
            group: args.cluster.resource_group.unwrap_or_default(),
            subscription: args.subscription_id,
        },
        alias: args.place.alias,
        path: args.place.kubeconfig,
        ..ClusterTarget::default()
    };
    let request = OtherKubeconfigRequest { integration: args.integration, identity: flag(&args.identity), cluster };
    kubeconfig(context, &request, Kind::Aks)
}

fn google_kubeconfig(context: &Context, args: GkeKubeconfigArgs) -> Result<u8> {
    let cluster = ClusterTarget {
        name: args.cluster_name.unwrap_or_default(),
        region: args.location.unwrap_or_default(),
        home: Home::Google { project: args.project_id.unwrap_or_default() },
        alias: args.place.alias,
        path: args.place.kubeconfig,
        ..ClusterTarget::default()
    };
    let request = OtherKubeconfigRequest { integration: args.integration, identity: flag(&args.identity), cluster };
    kubeconfig(context, &request, Kind::Gke)
}

fn kubeconfig(context: &Context, request: &OtherKubeconfigRequest, kind: Kind) -> Result<u8> {
    let access = Access::open(&context.app_with_config()?, Options::default())?.sound()?;
    let done = context.block_on(auth::update_other_kubeconfig(&access, request, kind))??;
    context.host.talk.success(auth::integration_line(&done, context.host.now()));
    Ok(0)
}
