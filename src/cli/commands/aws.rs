//! `atmos aws …`

use super::super::args::{
    AwsArgs, AwsCommand, EcrCommand, EcrLoginArgs, EksCommand, EksTokenArgs, UpdateKubeconfigArgs,
};
use super::super::setup::Context;
use super::auth::flag;
use super::cluster::silent;
use super::{unknown, write};
use crate::auth::Options;
use crate::diag::Result;
use crate::ops::Access;
use crate::ops::auth::{self, Done};

pub(super) fn run(context: &Context, args: AwsArgs) -> Result<u8> {
    match args.command {
        AwsCommand::Ecr { command: EcrCommand::Login(args) } => ecr_login(context, args),
        AwsCommand::Eks { command: EksCommand::Token(args) } => token(context, args),
        AwsCommand::Eks { command: EksCommand::UpdateKubeconfig(args) } => update_kubeconfig(context, args),
        AwsCommand::Other(words) => Err(unknown::command("atmos aws", &words).into()),
    }
}

fn ecr_login(context: &Context, args: EcrLoginArgs) -> Result<u8> {
    // Named registries need no configuration.
    let app = if args.registry.is_empty() && !args.public { context.app_with_config()? } else { context.app()? };
    let access = Access::open(&app, Options::default())?.sound()?;
    let request = auth::EcrLoginRequest {
        integration: args.integration,
        identity: flag(&args.identity),
        registries: args.registry,
        public: args.public,
    };
    let done = context.block_on(auth::ecr_login(&access, &request))??;
    for done in &done {
        say(context, done);
    }
    Ok(0)
}

fn token(context: &Context, args: EksTokenArgs) -> Result<u8> {
    let access = silent(context, args.caller.realm)?;
    let request =
        auth::TokenRequest { identity: flag(&args.caller.identity), cluster: args.cluster_name, region: args.region };
    write::raw(context, &context.block_on(auth::cluster_token(&access, &request))??)?;
    Ok(0)
}

fn update_kubeconfig(context: &Context, args: UpdateKubeconfigArgs) -> Result<u8> {
    let access = Access::open(&context.app_with_config()?, Options::default())?.sound()?;
    let env = &context.host.env;
    let region = || ["ATMOS_AWS_REGION", "AWS_REGION"].iter().find_map(|name| env.get(name)).map(str::to_owned);
    // The region of an integration is the better answer than that of the environment.
    let region = args.region.or_else(|| if args.integration.is_none() { region() } else { None });
    let request = auth::KubeconfigRequest {
        integration: args.integration,
        identity: flag(&args.identity),
        cluster: args.name,
        region,
        kubeconfig: args.place.kubeconfig,
        alias: args.place.alias,
    };
    say(context, &context.block_on(auth::update_kubeconfig(&access, &request))??);
    Ok(0)
}

fn say(context: &Context, done: &Done) {
    context.host.talk.success(auth::integration_line(done, context.host.now()));
}
