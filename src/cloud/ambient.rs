//! The AWS credentials that the environment itself has, in the order of the SDKs: keys, a token, a profile, a container, a
//! machine.
//!
//! Read [`Ambient::find`]. How roles are assumed is the caller's: stores and identities have each their own way to STS.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use super::aws::{Keys, of_machine};
use super::token::Desk;
use crate::host::{Env, HttpRequest, ProfileSettings, Profiles, chosen_profile, threads};
use crate::secret::Secret;

/// Profiles that lead to each other deeper than this are a circle.
const DEPTH: usize = 8;
/// Where containers ask for their credentials.
const CONTAINER: &str = "http://169.254.170.2";
/// Largest answer with credentials.
const LIMIT: usize = 64 * 1024;

/// Where credentials are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Ambient<'a, R> {
    pub desk: Desk<'a>,
    /// The environment that counts.
    pub env: &'a Env,
    pub profiles: &'a Profiles,
    pub roles: &'a R,
    /// How long the metadata service of the machine is waited for; `None`: it is never asked.
    pub machine: Option<Duration>,
}

/// A role as profiles and variables name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedRole {
    pub arn: String,
    pub session_name: Option<String>,
    pub external_id: Option<String>,
    /// In seconds.
    pub duration: Option<i32>,
}

/// How roles are assumed.
pub trait Roles: Sync {
    type Error: Send;

    fn assume(&self, base: &Keys, role: &NamedRole) -> impl Future<Output = Result<Keys, Self::Error>> + Send;

    /// With a token that somebody else gave out.
    fn assume_with_token(
        &self,
        role: &NamedRole,
        token: &Secret,
    ) -> impl Future<Output = Result<Keys, Self::Error>> + Send;
}

/// Why there are no credentials. No text holds a secret.
#[derive(Debug)]
pub enum Lack<E> {
    /// Nothing here has any.
    Nothing,
    /// The profile does not exist, or it was asked for by name and says nothing of credentials.
    Profile { name: String },
    /// The profile has its credentials by a sign-in at a portal.
    SignsIn { profile: String },
    /// Something is there and cannot be used: what, and what to do.
    Unusable { reason: String, help: &'static str },
    /// The role was not given.
    Role(E),
}

type Found<E> = Result<Option<Keys>, Lack<E>>;

impl<R: Roles> Ambient<'_, R> {
    /// The credentials of `profile`, or without one what the environment offers first.
    ///
    /// # Errors
    /// There are none, or the way to them fails.
    pub async fn find(&self, profile: Option<&str>) -> Result<Keys, Lack<R::Error>> {
        let keys = match profile {
            Some(name) => self.profile(name, 0).await?.ok_or_else(|| Lack::Profile { name: name.to_owned() })?,
            None => self.first().await?.ok_or(Lack::Nothing)?,
        };
        self.mask(&keys);
        Ok(keys)
    }

    async fn first(&self) -> Found<R::Error> {
        let env = |name: &str| self.env.get(name).map(str::to_owned);
        if let Some(keys) = self.of_variables() {
            return Ok(Some(keys));
        }
        if let (Some(file), Some(arn)) = (env("AWS_WEB_IDENTITY_TOKEN_FILE"), env("AWS_ROLE_ARN")) {
            let role = NamedRole { arn, session_name: env("AWS_ROLE_SESSION_NAME"), ..NamedRole::default() };
            return self.with_token(&role, &file).await.map(Some);
        }
        let name = chosen_profile(self.env);
        if let Some(keys) = self.profile(name, 0).await? {
            return Ok(Some(keys));
        }
        // One that was named has to be there. It may say nothing of credentials; then those of the place are meant.
        if name != "default" && self.profiles.get(name).is_none() {
            return Err(Lack::Profile { name: name.to_owned() });
        }
        if let Some(keys) = self.container().await? {
            return Ok(Some(keys));
        }
        match self.machine {
            Some(patience) => Ok(of_machine(self.desk, patience).await),
            None => Ok(None),
        }
    }

    fn of_variables(&self) -> Option<Keys> {
        let env = |name: &str| self.env.get(name);
        Some(keys(env("AWS_ACCESS_KEY_ID")?, env("AWS_SECRET_ACCESS_KEY")?, env("AWS_SESSION_TOKEN")))
    }

    /// `None` for a profile that is not there or has no credentials.
    async fn profile(&self, name: &str, depth: usize) -> Found<R::Error> {
        let Some(settings) = self.profiles.get(name) else { return Ok(None) };
        if depth > DEPTH {
            let reason = format!("the profiles behind `{name}` lead to each other in a circle");
            return Err(Lack::Unusable { reason, help: "correct `source_profile` in the AWS configuration" });
        }
        if let Some(arn) = text(settings, "role_arn") {
            return self.role(name, arn, settings, depth).await.map(Some);
        }
        if let Some(keys) = of_profile_itself(settings) {
            return Ok(Some(keys));
        }
        if let Some(command) = text(settings, "credential_process") {
            return self.process(name, command).await.map(Some);
        }
        if ["sso_session", "sso_start_url", "login_session"].iter().any(|key| text(settings, key).is_some()) {
            return Err(Lack::SignsIn { profile: name.to_owned() });
        }
        Ok(None)
    }

    async fn role(
        &self,
        name: &str,
        arn: &str,
        settings: &ProfileSettings,
        depth: usize,
    ) -> Result<Keys, Lack<R::Error>> {
        let get = |key: &str| text(settings, key).map(str::to_owned);
        let role = NamedRole {
            arn: arn.to_owned(),
            session_name: get("role_session_name"),
            external_id: get("external_id"),
            duration: get("duration_seconds").and_then(|text| text.parse().ok()),
        };
        if let Some(file) = get("web_identity_token_file") {
            return self.with_token(&role, &file).await;
        }
        if get("mfa_serial").is_some() {
            let reason = format!("the role of the AWS profile `{name}` wants an MFA code");
            return Err(Lack::Unusable {
                reason,
                help: "define an identity for it, or export credentials of the role",
            });
        }
        let base = match (get("source_profile"), get("credential_source").as_deref()) {
            // One that is its own source has keys beside its role.
            (Some(source), _) if source == name => of_profile_itself(settings),
            (Some(source), _) => self.boxed(&source, depth + 1).await?,
            (None, Some("EcsContainer")) => self.container().await?,
            (None, Some("Environment")) => self.of_variables(),
            (None, Some("Ec2InstanceMetadata")) => match self.machine {
                Some(patience) => of_machine(self.desk, patience).await,
                None => None,
            },
            _ => None,
        };
        let base = base.ok_or_else(|| Lack::Unusable {
            reason: format!("the AWS profile `{name}` has a role, but nothing that could assume it"),
            help: "give it a `source_profile` with credentials",
        })?;
        self.mask(&base);
        self.roles.assume(&base, &role).await.map_err(Lack::Role)
    }

    /// The way to the next profile, in a box, since it leads here again.
    fn boxed<'b>(&'b self, name: &'b str, depth: usize) -> Pin<Box<dyn Future<Output = Found<R::Error>> + Send + 'b>> {
        Box::pin(self.profile(name, depth))
    }

    async fn with_token(&self, role: &NamedRole, file: &str) -> Result<Keys, Lack<R::Error>> {
        let path = self.desk.host.absolute(Path::new(file));
        let token = std::fs::read_to_string(path).map_err(|error| Lack::Unusable {
            reason: format!("the token of the role {} cannot be read: {file}: {error}", role.arn),
            help: "correct AWS_WEB_IDENTITY_TOKEN_FILE, or `web_identity_token_file` of the profile",
        })?;
        let token = self.desk.register(token.trim());
        self.roles.assume_with_token(role, &token).await.map_err(Lack::Role)
    }

    /// What the program of a profile prints. As for terraform a shell reads the line.
    async fn process(&self, name: &str, command: &str) -> Result<Keys, Lack<R::Error>> {
        let failed = |reason: String| Lack::Unusable {
            reason: format!("`credential_process` of the AWS profile `{name}` {reason}"),
            help: "run the command of `credential_process` yourself to see why",
        };
        let child = duct::cmd("sh", ["-c", command]).full_env(self.env.iter()).dir(&self.desk.host.cwd);
        let child = child.stdin_null().stdout_capture().stderr_capture().unchecked();
        let output = threads::blocking(move || child.run()).await;
        let output = output.map_err(|reason| failed(format!("cannot be started: {reason}")))?;
        let output = output.map_err(|error| failed(format!("cannot be started: {error}")))?;
        if !output.status.success() {
            return Err(failed(format!("ended with {}", output.status)));
        }
        Keys::read(&output.stdout).ok_or_else(|| failed("printed something else than credentials".to_owned()))
    }

    /// The role of a container; `None` outside of one.
    async fn container(&self) -> Found<R::Error> {
        let relative = self.env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{CONTAINER}{path}"));
        let full = || self.env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(str::to_owned);
        let Some(url) = relative.or_else(full) else { return Ok(None) };
        let failed = |reason: String| Lack::Unusable {
            reason: format!("the container gives no credentials: {reason}"),
            help: "correct the AWS_CONTAINER_ variables, or name an identity",
        };
        let mut request = HttpRequest::get(url);
        // A file that is named and cannot be read is no reason to send another token, or none.
        let token = match self.env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => {
                let path = self.desk.host.absolute(Path::new(file));
                Some(std::fs::read_to_string(path).map_err(|error| failed(format!("{file}: {error}")))?)
            }
            None => self.env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
        };
        if let Some(token) = token {
            self.desk.register(token.trim());
            request = request.header("authorization", token.trim());
        }
        let answer = self.desk.http.send_patiently(&request, LIMIT).await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        if answer.status != 200 {
            return Err(failed(format!("HTTP status {}", answer.status)));
        }
        Keys::read(&answer.body).map(Some).ok_or_else(|| failed("the answer has no keys".to_owned()))
    }

    fn mask(&self, keys: &Keys) {
        let masker = &self.desk.host.masker;
        masker.register(&keys.secret_access_key);
        keys.session_token.iter().for_each(|token| masker.register(token));
    }
}

fn text<'a>(settings: &'a ProfileSettings, key: &str) -> Option<&'a str> {
    settings.get(key).map(String::as_str).filter(|value| !value.is_empty())
}

/// The keys that stand in a profile.
fn of_profile_itself(settings: &ProfileSettings) -> Option<Keys> {
    let get = |key: &str| text(settings, key);
    Some(keys(get("aws_access_key_id")?, get("aws_secret_access_key")?, get("aws_session_token")))
}

fn keys(id: &str, secret: &str, token: Option<&str>) -> Keys {
    Keys {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::from(secret.to_owned()),
        session_token: token.filter(|token| !token.is_empty()).map(|token| Secret::from(token.to_owned())),
        expiration: None,
    }
}

#[cfg(test)]
#[path = "ambient_tests.rs"]
mod tests;
