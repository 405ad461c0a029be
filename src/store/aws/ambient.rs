//! The credentials that the environment has, in the order in which the SDKs of AWS look for them.

use super::super::identity::AwsKeys;
use super::super::line::Line;
use super::super::problem::Problem;
use super::profile::{Found, Profiles};
use super::{remote, sts};
use crate::secret::Secret;

/// Profiles that lead to each other further than this are a circle.
const DEPTH: usize = 8;
const SESSION: &str = "atmos-store";

/// Keys of the environment; else a profile, the role of a container, the role of a machine.
pub(super) async fn keys(line: &Line, region: &str) -> Result<AwsKeys, Problem> {
    let env = &line.host.env;
    if let (Some(id), Some(secret)) = (env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")) {
        let token = env.get("AWS_SESSION_TOKEN").map(|token| Secret::from(token.to_owned()));
        return Ok(static_keys(id, secret, token));
    }
    if let (Some(file), Some(role)) = (env.get("AWS_WEB_IDENTITY_TOKEN_FILE"), env.get("AWS_ROLE_ARN")) {
        let session = env.get("AWS_ROLE_SESSION_NAME").unwrap_or(SESSION);
        return by_token_file(line, region, role, file, session).await;
    }
    let profiles = Profiles::read(&line.host);
    let named = env.get("AWS_PROFILE").or_else(|| env.get("AWS_DEFAULT_PROFILE"));
    if let Some(keys) = of_profile(line, region, &profiles, named.unwrap_or("default")).await? {
        return Ok(keys);
    }
    if let Some(name) = named {
        let reason = format!("the profile `{name}` of AWS_PROFILE has no credentials");
        return Err(none(reason));
    }
    if let Some(keys) = remote::container(line).await? {
        return Ok(keys);
    }
    let keys = remote::machine(line).await;
    keys.ok_or_else(|| none("the environment has no AWS credentials".to_owned()))
}

fn none(reason: String) -> Problem {
    let help = "give the store or the component an `identity`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY";
    Problem::credentials(reason, help)
}

pub(super) fn static_keys(id: &str, secret: &str, session_token: Option<Secret>) -> AwsKeys {
    let secret_access_key = Secret::from(secret.to_owned());
    AwsKeys { access_key_id: id.to_owned(), secret_access_key, session_token, endpoint: None }
}

/// The keys of a profile; `None` when it is not there or says nothing of credentials.
async fn of_profile(line: &Line, region: &str, profiles: &Profiles, name: &str) -> Result<Option<AwsKeys>, Problem> {
    let mut roles = Vec::new();
    let mut current = name.to_owned();
    let mut keys = loop {
        let Some(found) = profiles.find(&current) else { return Ok(None) };
        match found {
            Found::Keys { id, secret, token } => break static_keys(&id, &secret, token),
            Found::Process(command) => break by_process(line, &command).await?,
            Found::TokenFile { role, file, session } => {
                break by_token_file(line, region, &role, &file, session.as_deref().unwrap_or(SESSION)).await?;
            }
            Found::Role { role, source, session } => {
                roles.push((role, session));
                if roles.len() > DEPTH {
                    return Err(none(format!("the profiles behind `{name}` lead to each other in a circle")));
                }
                // A profile that is its own source has keys beside its role.
                if source == current {
                    let own = profiles.own_keys(&current);
                    let missing = || none(format!("the profile `{current}` is its own source and has no keys"));
                    break own.ok_or_else(missing)?;
                }
                current = source;
            }
            Found::Unsupported(what) => {
                let reason = format!("the profile `{current}` has its credentials by {what}, which is not built here");
                let help = "configure it as an identity below `auth` of `atmos.yaml`, and name that as `identity`";
                return Err(Problem::credentials(reason, help));
            }
        }
    };
    for (role, session) in roles.iter().rev() {
        keys = sts::assume_role(line, &keys, region, role, session.as_deref().unwrap_or(SESSION)).await?;
    }
    Ok(Some(keys))
}

async fn by_token_file(line: &Line, region: &str, role: &str, file: &str, session: &str) -> Result<AwsKeys, Problem> {
    let unreadable =
        |error: std::io::Error| none(format!("the token of the role {role} cannot be read: {file}: {error}"));
    let token = std::fs::read_to_string(file).map_err(unreadable)?;
    line.host.masker.register(&Secret::from(token.trim().to_owned()));
    sts::assume_role_with_web_identity(line, region, role, session, token.trim()).await
}

/// What a `credential_process` prints.
async fn by_process(line: &Line, command: &str) -> Result<AwsKeys, Problem> {
    let failed = |reason: String| {
        let help = "run the command of `credential_process` yourself to see why";
        Problem::credentials(format!("the `credential_process` of the profile gives no credentials: {reason}"), help)
    };
    let child = duct::cmd("sh", ["-c", command]).dir(&line.host.cwd).full_env(line.environment());
    let child = child.stdin_null().stdout_capture().stderr_capture().unchecked();
    let output = tokio::task::spawn_blocking(move || child.run()).await;
    let output = output.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    remote::parsed(&output.stdout).ok_or_else(|| failed("what it prints is not what the SDKs of AWS read".to_owned()))
}
