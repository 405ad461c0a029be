//! `atmos auth shell | console | user | keyring | saml | git-credential`

use super::super::args::{
    AuthShellArgs, ConsoleArgs, GitCredentialArgs, KeyArgs, KeyringArgs, KeyringCommand, RotateArgs, SamlArgs,
    SamlCommand, UserArgs, UserCommand,
};
use super::super::error::Error;
use super::super::setup::Context;
use super::auth::{flag, scope, timeout};
use super::cluster::silent;
use super::write;
use crate::auth::Options;
use crate::diag::Result;
use crate::ops::Access;
use crate::ops::auth::{self, KeysRequest, Origin};
use crate::output;
use crate::secret::Expose as _;

fn access(context: &Context) -> Result<Access> {
    Access::open(&context.app_with_config()?, Options::default())?.sound()
}

pub(super) fn shell(context: &Context, args: AuthShellArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let access = auth::access(&app, &scope(context, &args.scope), Options::default())?.sound()?;
    let request = auth::ShellRequest {
        identity: flag(&args.identity),
        shell: args.shell,
        arguments: args.arguments,
        delivery: args.delivery,
        min_ttl: args.min_ttl,
    };
    context.block_on(auth::shell(&app, &access, &request))?
}

pub(super) fn console(context: &Context, args: ConsoleArgs) -> Result<u8> {
    let access = super::auth::access(context, &args.scope, Options::default())?;
    let request = auth::ConsoleRequest {
        identity: flag(&args.identity),
        destination: args.destination,
        duration: args.duration,
        issuer: args.issuer,
        print_only: args.print_only,
        no_open: args.no_open,
        isolated: args.isolated,
    };
    let report = context.block_on(auth::console(&access, &request))??;
    if let Some(address) = &report.address {
        write::raw(context, &format!("{}\n", address.expose_secret()))?;
        return Ok(0);
    }
    context.host.talk.attention(output::auth_tools::console(&report));
    Ok(0)
}

pub(super) fn user(context: &Context, args: UserArgs) -> Result<u8> {
    let (identity, scope, key, origin) = match args.command {
        UserCommand::Rotate(args) => return rotate(context, &args),
        UserCommand::Configure(args) => {
            let origin = if args.from_stdin { Origin::Stdin } else { Origin::Person };
            (args.identity, args.scope, args.key, origin)
        }
        UserCommand::Import(args) => {
            let origin = match (args.from_env, args.from_file, args.from_profile) {
                (true, _, _) => Origin::Environment,
                (_, Some(file), _) => Origin::File(file),
                (_, _, Some(profile)) => Origin::Profile(profile),
                _ if args.from_reference => Origin::Reference,
                _ => args.from_aws_vault.map_or(Origin::Stdin, Origin::Vault),
            };
            (args.identity, args.scope, args.key, origin)
        }
    };
    let access = super::auth::access(context, &scope, Options::default())?;
    let KeyArgs { mfa_arn, session_duration, no_verify } = key;
    let request = KeysRequest { identity: flag(&identity), origin, mfa_arn, session_duration, no_verify };
    let report = context.block_on(auth::store_keys(&access, &request))??;
    context.host.talk.attention(output::auth_tools::stored(&report));
    Ok(0)
}

fn rotate(context: &Context, args: &RotateArgs) -> Result<u8> {
    let access = super::auth::access(context, &args.scope, Options::default())?;
    let (name, rotated) = context.block_on(auth::rotate_keys(&access, &flag(&args.identity)))??;
    context.host.talk.attention(output::auth_tools::rotated(&name, &rotated));
    Ok(0)
}

pub(super) fn keyring(context: &Context, args: KeyringArgs) -> Result<u8> {
    let KeyringCommand::Migrate(args) = args.command;
    let access = access(context)?;
    let request = auth::MigrateRequest { from: args.from, to: args.to, keep: args.keep, force: args.force };
    let report = auth::migrate(&access, &request)?;
    context.host.talk.attention(output::auth_tools::migrated(&report));
    Ok(0)
}

pub(super) fn saml(context: &Context, args: SamlArgs) -> Result<u8> {
    let SamlCommand::Roles(args) = args.command;
    let json = match args.format.as_deref() {
        None | Some("table") => false,
        Some("json") => true,
        Some(other) => return Err(Error::Format { format: other.to_owned(), valid: "table, json" }.into()),
    };
    let timeout = args.timeout.as_deref().map(timeout).transpose()?;
    let options = Options { timeout, ..Options::default() };
    let access = super::auth::access(context, &args.scope, options)?;
    let report = context.block_on(auth::saml_roles(&access, args.provider.as_deref()))??;
    if json {
        write::document(context, &output::auth_tools::saml_roles_json(&report), write::Format::Json, 2, None)?;
    } else {
        write::data(context, &output::auth_tools::saml_roles(&report))?;
    }
    Ok(0)
}

/// Anything but `get` is not for us, and git wants no complaint about it.
pub(super) fn git_credential(context: &Context, args: GitCredentialArgs) -> Result<u8> {
    if args.operation != "get" {
        return Ok(0);
    }
    let question = auth::GitQuestion::read(std::io::stdin().lock())?;
    let access = silent(context, args.realm)?;
    let answer = context.block_on(auth::git_credential(&access, &question, &flag(&args.identity)))??;
    if let Some(answer) = answer {
        write::raw(context, &answer)?;
    }
    Ok(0)
}
