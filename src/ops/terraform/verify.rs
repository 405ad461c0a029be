//! A deploy that applies what was reviewed: a new plan is compared with the stored one, and is what is applied.

use super::RunRequest;
use super::diff::differences;
use super::planfile::show;
use super::single::{self, Work, children};
use crate::auth::resolution::Need;
use crate::component::Kind;
use crate::diag::{Result, Warning};
use crate::exec::files;
use crate::exec::signals::Signals;
use crate::exec::terraform::FromPlan;
use crate::ops::App;
use crate::ops::access::Access;
use crate::ops::hooks::Skip;
use crate::ops::planfiles::{self, Error, Verify};

/// Name of the stored plan beside the new one.
const STORED: &str = "stored.plan.tfplan";

/// Makes a plan that is what the stored one is. The request that applies it comes back; `None` where nothing is to be
/// verified.
///
/// # Errors
/// The plans differ, or there is no stored one where there has to be one.
pub(super) async fn verified(
    app: &App,
    request: &RunRequest,
    (component, stack): (&str, &str),
    access: &Access,
    signals: &mut Signals,
) -> Result<Option<RunRequest>> {
    let asked = &request.request;
    if asked.words != ["deploy"] || asked.planfile.is_some() || asked.from_plan.is_some() {
        return Ok(None);
    }
    let settings = planfiles::Settings::read(&app.config.document);
    let mode = settings.verify(request.verify_plan, single::is_ci_run(app, request));
    if mode == Verify::Off {
        return Ok(None);
    }
    if !settings.is_configured() {
        return Err(Error::NoStore.into());
    }
    let mut plan = RunRequest { skip_hooks: Skip::All, ..request.clone() };
    plan.request.words = vec!["plan".to_owned()];
    plan.request.native.retain(|word| !word.starts_with("-auto-approve"));
    let found = app.find(component, stack, Some(Kind::Terraform))?;
    let Some(ready) = single::prepare(app, &plan, &found)? else { return Ok(None) };
    let folder = &ready.target.folder;
    let brought =
        signals.guard(Box::pin(planfiles::bring(app, &ready.instance, &request.identity, &folder.join(STORED)))).await;
    if let Err(report) = brought {
        if report.code().as_deref() == Some("atmos::exec::interrupted") {
            return Err(report);
        }
        if settings.is_required(mode) {
            let what = match report.code().as_deref() {
                Some("atmos::planfile::damaged" | "atmos::planfile::unreadable") => {
                    "the stored planfile cannot be used"
                }
                _ => "no stored planfile was found",
            };
            return Err(Error::NothingToVerify { what, reason: report.to_string() }.into());
        }
        let message = format!("the plan is not verified: {report}");
        app.host.talk.warn(Warning::new("atmos::planfile::not_verified", message));
        return Ok(None);
    }
    let compared = Box::pin(compare(app, &plan, &ready, access, signals)).await;
    files::remove(folder, STORED)?;
    let differences = compared?;
    let (component, stack) = (ready.target.component.clone(), ready.target.stack.clone());
    if differences.is_empty() {
        app.host.talk.info(format!("The plan of {component} in {stack} is the stored one"));
    } else {
        let error = Error::Drift { component, stack, differences };
        if mode == Verify::Fail {
            return Err(error.into());
        }
        app.host.talk.warn(Warning::new("atmos::planfile::drift", error.to_string()));
    }
    let mut deploy = request.clone();
    deploy.request.from_plan = Some(FromPlan::Canonical);
    Ok(Some(deploy))
}

/// Plans, and says what is different.
async fn compare(
    app: &App,
    plan: &RunRequest,
    ready: &single::Ready,
    access: &Access,
    signals: &mut Signals,
) -> Result<String> {
    let work = Work { request: plan, ready, need: Need::Run, relay: None };
    children(app, work, access, signals).await?;
    let new = show(app, plan, ready, &ready.target.names().planfile(), access, signals).await?;
    let stored = show(app, plan, ready, STORED, access, signals).await?;
    Ok(differences(&stored, &new))
}
