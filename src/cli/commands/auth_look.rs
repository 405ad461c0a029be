//! `atmos auth explain | refresh | doctor`, `auth login --all` and `auth whoami --all`

use super::super::args::{AuthDoctorArgs, AuthExplainArgs, LoginArgs, RefreshArgs, WhoamiArgs};
use super::super::error::Error;
use super::super::setup::Context;
use super::auth::{access, flag, scope};
use super::{describe, write};
use crate::auth::{Options, Validity};
use crate::diag::Result;
use crate::ops::{Access, auth};
use crate::output::auth_look as views;

const FORMATS: &str = "text, json";

fn is_json(format: Option<&str>) -> Result<bool> {
    match format {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(Error::Format { format: other.to_owned(), valid: FORMATS }.into()),
    }
}

pub(super) fn explain(context: &Context, args: AuthExplainArgs) -> Result<u8> {
    let json = is_json(args.format.as_deref())?;
    let component = args.component.or(args.name).ok_or(Error::FlagMissing { flag: "component" })?;
    let stack = args.stack.or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.ok_or(Error::FlagMissing { flag: "stack" })?;
    let app = context.app_with_config()?;
    let access = Access::open(&app, Options { interactive: false, ..Options::default() })?.sound()?;
    let request = auth::ExplainRequest {
        component,
        stack,
        identity: flag(&args.identity),
        operation: args.operation,
        processing: describe::processing(&context.host.env, &args.processing)?,
    };
    let report = context.block_on(auth::explain(&app, &access, &request))??;
    if json {
        write::document(context, &views::explain_json(&report), write::Format::Json, 2, None)?;
    } else {
        write::data(context, &views::explain(&report))?;
    }
    Ok(0)
}

pub(super) fn doctor(context: &Context, args: &AuthDoctorArgs) -> Result<u8> {
    let json = is_json(args.format.as_deref())?;
    let (app, scope) = (context.app_with_config()?, scope(context, &args.scope));
    let access = auth::access(&app, &scope, Options { interactive: false, ..Options::default() })?;
    let report = context.block_on(auth::doctor(&access, auth::DoctorRequest { offline: args.offline }))?;
    if json {
        write::document(context, &views::doctor_json(&report), write::Format::Json, 2, None)?;
    } else {
        write::data(context, &views::doctor(&report))?;
    }
    Ok(report.exit_code())
}

pub(super) fn refresh(context: &Context, args: &RefreshArgs) -> Result<u8> {
    let options = Options { interactive: false, renew: true, ..Options::default() };
    let access = access(context, &args.scope, options)?;
    let report =
        context.block_on(auth::refresh(&access, &auth::RefreshRequest { identity: flag(&args.identity) }))??;
    let talk = &context.host.talk;
    if report.done.is_empty() && report.failed.is_empty() && report.kept.is_empty() {
        talk.info("nothing to refresh: no identity has a session here");
    }
    if !report.done.is_empty() {
        talk.info(views::logins(&report.done, context.host.now()).trim_end());
    }
    for (name, end) in &report.kept {
        talk.attention(format!(
            "identity {name}: a code of its MFA device is needed; its session goes on until {end:.0}"
        ));
    }
    let verbose = context.global.verbose == Some(true);
    report.failed.iter().for_each(|(_, error)| context.screen.error(error, verbose));
    Ok(report.failed.iter().map(|(_, error)| error.exit_code()).max().unwrap_or(0))
}

pub(super) fn login_all(context: &Context, access: &Access, args: LoginArgs) -> Result<u8> {
    let request = auth::LoginAllRequest { provider: args.provider, tags: args.tags, refresh: args.refresh };
    let report = context.block_on(auth::login_all(access, &request))??;
    let talk = &context.host.talk;
    if !report.done.is_empty() {
        talk.info(views::logins(&report.done, context.host.now()).trim_end());
    }
    let verbose = context.global.verbose == Some(true);
    let errors = report.portals.iter().map(|(_, error)| error).chain(report.failed.iter().map(|(_, error)| error));
    errors.for_each(|error| context.screen.error(error, verbose));
    for identity in &report.unmanaged {
        talk.info(format!("– {identity}: ambient (not managed)"));
    }
    for (identity, provider) in &report.skipped {
        talk.attention(format!("✗ {identity}: nobody is signed in to {provider}"));
    }
    Ok(report.exit_code())
}

pub(super) fn whoami_all(context: &Context, access: &Access, args: &WhoamiArgs, json: bool) -> Result<u8> {
    let report = context.block_on(auth::whoami_all(access, args.verify))??;
    if json {
        write::document(context, &views::whoami_all_json(&report), write::Format::Json, 2, None)?;
    } else {
        context.host.talk.info(views::whoami_all(&report).trim_end());
    }
    let refused = report.identities.iter().any(|one| matches!(one.validity, Some(Validity::Invalid(_))));
    Ok(u8::from(args.exit_code && refused))
}
