//! `terraform env`: the variables that runs of a component have, for other tools.

use serde_json::Value;

use super::RunRequest;
use super::planfile::ready;
use super::single::child_environment;
use crate::auth::delivery::render;
use crate::auth::resolution::Flag;
use crate::diag::{Result, Warning};
use crate::exec::environment::entries;
use crate::ops::child::Held;
use crate::ops::{App, auth, child, choice};

/// How the variables are written.
pub use crate::auth::delivery::Format as EnvForm;

/// The variables of one component.
#[derive(Debug, Clone)]
pub struct EnvRequest {
    /// A `plan`, which is not made.
    pub run: RunRequest,
    pub form: EnvForm,
    /// Variables with secrets, too.
    pub with_secrets: bool,
}

/// How deep a nested atmos is: nobody's who is no child of a run.
const LEVEL: &str = "ATMOS_SHLVL";

/// The variables as text; nothing is started and nobody is signed in. The identity is there as `auth env` has it: by the
/// standing configuration, in which there is no secret.
///
/// # Errors
/// Those of a run before it starts, an identity that is not known, a value that the form cannot hold.
pub async fn environment(app: &App, request: &EnvRequest) -> Result<Option<String>> {
    let Some(ready) = ready(app, &request.run)? else { return Ok(None) };
    let (target, host) = (&ready.target, &app.host);
    let access = child::access(app)?;
    let env = child_environment(app, &request.run, target, &Held::default());
    let mut set: Vec<(String, String)> = Vec::new();
    for (name, value) in env.iter() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        if name != LEVEL && host.env.get(name) != Some(value) {
            set.push((name.to_owned(), value.to_owned()));
        }
    }
    let all = set.len();
    if !request.with_secrets {
        set.retain(|(name, value)| {
            let variable = name.strip_prefix("TF_VAR_");
            variable.is_none_or(|name| !target.secret_vars.contains_key(name)) && host.masker.mask(value) == *value
        });
    }
    if set.len() < all {
        let message = format!("{} variable(s) with secrets are left out", all - set.len());
        let warning = Warning::new("atmos::terraform::env_secrets", message);
        host.talk.warn(warning.help("`--with-secrets` prints them"));
    }
    set.extend(own_identity(app, &ready.instance, &access, &request.run.identity).await?);
    for (name, value) in [
        ("ATMOS_STACK", target.stack.as_str()),
        ("ATMOS_COMPONENT", &target.component),
        ("ATMOS_TERRAFORM_WORKSPACE", &target.workspace),
    ] {
        set.push((name.to_owned(), value.to_owned()));
    }
    let unset = entries([&app.config.env, &target.env]);
    let unset: Vec<String> = unset.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
    Ok(Some(render(request.form, &set, &unset)?))
}

/// The variables that point to the identity of the component.
async fn own_identity(
    app: &App,
    instance: &crate::component::Instance,
    access: &crate::ops::access::Access,
    flag: &Flag,
) -> Result<Vec<(String, String)>> {
    let Some(name) = choice::own_identity(app, access, instance, flag, "env")? else { return Ok(Vec::new()) };
    let request = auth::EnvRequest {
        identity: Flag::Name(name.to_string()),
        format: Some(EnvForm::Json.name().to_owned()),
        ..auth::EnvRequest::default()
    };
    let text = auth::env(access, &request).await?.text.unwrap_or_default();
    // It is what the line above asked for.
    let found: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    let pairs = found.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    Ok(pairs.collect())
}
