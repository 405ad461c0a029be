//! Profiles of the AWS CLI, of aws-vault and of Granted: what stands in `~/.aws/config` and `~/.aws/credentials`. Row 5.

use std::collections::HashMap;

use super::aws_profiles::{AwsFiles, Settings, Shared};
use super::draft::{Draft, Fields, IDENTITY, account_of, host_name};
use super::known::Known;
use super::processes::Maker;
use super::suspects::{in_command, program_name};
use crate::value::{Map, Node};

/// Whose files they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habits {
    /// Keys stand in the files.
    AwsCli,
    /// A profile that names no credentials has its key in the keyring of aws-vault.
    AwsVault,
    /// Keys may be in the keyring of Granted.
    Granted,
}

/// Every profile as an identity.
pub fn aws_config(files: &AwsFiles, habits: Habits, known: &Known) -> Draft {
    drafted(files, habits, known).0.settled()
}

/// What each profile is, by its name: an identity of the section, or none.
pub(super) type Stands = HashMap<String, String>;

/// The same before the last look at it, with the identity that each profile stands for.
pub(super) fn drafted(files: &AwsFiles, habits: Habits, known: &Known) -> (Draft, Stands) {
    let shared = Shared::read(files);
    let mut mapper = Mapper {
        shared: &shared,
        habits,
        draft: Draft::beside(known),
        done: HashMap::new(),
        open: Vec::new(),
        aliases: Vec::new(),
    };
    for name in shared.names() {
        mapper.profile(&name);
    }
    for header in &shared.others {
        mapper.draft.skip(&format!("[{header}]"), "a section of another kind than profiles and portals");
    }
    let Mapper { draft, done, aliases, .. } = mapper;
    let mut stands: Stands = done.into_iter().filter_map(|(name, identity)| Some((name, identity?))).collect();
    for (name, other) in aliases {
        if let Some(identity) = stands.get(&other).cloned() {
            stands.insert(name, identity);
        }
    }
    (draft, stands)
}

struct Mapper<'a> {
    shared: &'a Shared,
    habits: Habits,
    draft: Draft,
    /// What became of a profile: the name of its identity.
    done: HashMap<String, Option<String>>,
    /// The profiles that wait for their sources.
    open: Vec<String>,
    /// Profiles that are others by way of a tool.
    aliases: Vec<(String, String)>,
}

/// First credentials, before any role.
struct Base {
    fields: Fields,
    account: Option<String>,
}

impl Mapper<'_> {
    /// The identity of a profile.
    fn profile(&mut self, name: &str) -> Option<String> {
        if let Some(done) = self.done.get(name) {
            return done.clone();
        }
        self.open.push(name.to_owned());
        let found = self.identity(name);
        self.open.pop();
        let found = found.map_err(|reason| self.draft.skip(name, reason)).ok();
        self.done.insert(name.to_owned(), found.clone());
        found
    }

    fn identity(&mut self, name: &str) -> Result<String, String> {
        let mut own = self.shared.flattened(name)?;
        if let Some(reason) = own.get("mfa_process").and_then(|command| in_command(command)) {
            let text = format!(
                "mfa_process was left out, since it may hold a secret: {reason}. Put it into a script of your own and name that; \
                 without it the code is asked for"
            );
            self.draft.note(name, text);
            own.shift_remove("mfa_process");
        }
        let region = own.shift_remove("region");
        let (fields, account) = match own.shift_remove("role_arn") {
            Some(role) => self.role(name, &role, region.as_deref(), &mut own)?,
            None => match self.base(name, region.as_deref(), &mut own)? {
                Some(base) => (base.fields, base.account),
                None => (self.plain(name, region.as_deref(), &mut own)?, None),
            },
        };
        let fields = if name == "default" { fields.with("default", true) } else { fields };
        let identity = self.draft.identity(name, account.as_deref(), fields);
        if !own.is_empty() {
            let left: Vec<&str> = own.keys().map(String::as_str).collect();
            self.draft.note(name, format!("left out, since there is nothing like it here: {}", left.join(", ")));
        }
        Ok(identity)
    }

    fn role(
        &mut self,
        name: &str,
        role: &str,
        region: Option<&str>,
        own: &mut Settings,
    ) -> Result<(Fields, Option<String>), String> {
        let mut take = |key: &str| own.shift_remove(key);
        let duration = take("duration_seconds");
        let fields = Fields::kind("aws/assume-role");
        let principal = Fields::default()
            .with("assume_role", role)
            .maybe("external_id", take("external_id"))
            .maybe("session_name", take("role_session_name"))
            .maybe("duration", duration.as_deref().and_then(seconds))
            .maybe("mfa_arn", take("mfa_serial"))
            .maybe("mfa_process", take("mfa_process"))
            .maybe("source_identity", take("source_identity"))
            .maybe("session_tags", take("session_tags").map(|tags| pairs(&tags)))
            .maybe("transitive_tag_keys", take("transitive_session_tags").map(|keys| list(&keys)))
            .maybe("region", region);
        if let Some(text) = duration.filter(|text| seconds(text).is_none()) {
            self.draft.note(name, format!("duration_seconds `{text}` is no number of seconds, and was left out"));
        }
        let (path, before) = self.before(name, region, own)?;
        let fields = fields.with(path, before).with("principal", principal.node());
        Ok((endpoint(fields, own), account_of(role).map(str::to_owned)))
    }

    /// Whom a role is assumed as: the path of the setting, and the name.
    fn before(
        &mut self,
        name: &str,
        region: Option<&str>,
        own: &mut Settings,
    ) -> Result<(&'static str, String), String> {
        const IDENTITY: &str = "via.identity";
        if let Some(source) = own.shift_remove("source_profile") {
            let before = if source == name { self.own_base(name, region, own)? } else { self.source(&source)? };
            return Ok((IDENTITY, before));
        }
        if let Some(source) = own.shift_remove("credential_source") {
            self.draft
                .note(name, format!("credential_source {source} became `aws/ambient`, which looks at all such places"));
            return Ok((IDENTITY, self.ambient()));
        }
        if let Some(path) = own.shift_remove("web_identity_token_file") {
            let fields =
                Fields::kind("oidc").with("spec.token_source.type", "file").with("spec.token_source.file_path", path);
            return Ok(("via.provider", self.draft.shared_provider(&format!("{name}-token"), fields)));
        }
        if own.contains_key("web_identity_token_process") {
            return Err(
                "its token is printed by a program (web_identity_token_process), and kind oidc takes a token from a \
                        variable, a file or an address"
                    .to_owned(),
            );
        }
        Ok((IDENTITY, self.own_base(name, region, own)?))
    }

    fn source(&mut self, source: &str) -> Result<String, String> {
        if let Some(at) = self.open.iter().position(|open| open == source) {
            return Err(format!("its source profiles form a circle: {} → {source}", self.open[at..].join(" → ")));
        }
        if !self.shared.has(source) && self.habits != Habits::AwsVault {
            return Err(format!("its source profile `{source}` is in neither file"));
        }
        self.profile(source).ok_or_else(|| format!("its source profile `{source}` was skipped"))
    }

    /// An identity of the credentials that stand beside a role.
    fn own_base(&mut self, name: &str, region: Option<&str>, own: &mut Settings) -> Result<String, String> {
        let wanted = format!("{name}-source");
        let base = match self.base(name, region, own)? {
            Some(base) => base,
            None if self.habits == Habits::AwsVault => {
                self.in_vault(&wanted, name);
                Base { fields: user(region), account: None }
            }
            None => return Err("a role, and nobody who assumes it (no source_profile, no key, no portal)".to_owned()),
        };
        let identity = self.draft.identity(&wanted, base.account.as_deref(), base.fields);
        // What was said of a key is about this one, not about the role.
        self.draft.fill(name, &identity);
        Ok(identity)
    }

    fn ambient(&mut self) -> String {
        const NAME: &str = "ambient-aws";
        let key = format!("\0{NAME}");
        if let Some(Some(known)) = self.done.get(&key) {
            return known.clone();
        }
        let name = self.draft.identity(NAME, None, Fields::kind("aws/ambient"));
        self.done.insert(key, Some(name.clone()));
        name
    }

    /// First credentials that a profile names: a portal, a program, a key.
    fn base(&mut self, name: &str, region: Option<&str>, own: &mut Settings) -> Result<Option<Base>, String> {
        if let Some(base) = self.portal(region, own)? {
            return Ok(Some(base));
        }
        if let Some(command) = own.shift_remove("credential_process") {
            return self.process(name, region, &command, own).map(Some);
        }
        let [id, secret, token] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]
            .map(|key| own.shift_remove(key).is_some());
        if token || own.shift_remove("aws_security_token").is_some() {
            return Err("its key is that of a session, which ends by itself".to_owned());
        }
        if !id || !secret {
            return Ok(None);
        }
        self.draft.note(
            name,
            format!(
                "its key stays where it is; store it: `atmos auth user import -i {IDENTITY} --from-profile {}`",
                shell_words::quote(name)
            ),
        );
        Ok(Some(Base { fields: with_device(region, own), account: None }))
    }

    /// A permission set: settings of the AWS CLI, or of Granted.
    fn portal(&mut self, region: Option<&str>, own: &mut Settings) -> Result<Option<Base>, String> {
        let is_granted = own.contains_key("granted_sso_start_url");
        let prefix = if is_granted { "granted_" } else { "" };
        let mut take = |key: &str| own.shift_remove(&format!("{prefix}{key}"));
        let (account, role) = (take("sso_account_id"), take("sso_role_name"));
        let (mut url, mut portal_region, session) = (take("sso_start_url"), take("sso_region"), take("sso_session"));
        take("sso_registration_scopes");
        if is_granted {
            own.shift_remove("common_fate_generated_from");
            own.shift_remove("credential_process");
        }
        if let Some(session) = &session {
            let Some(known) = self.shared.portal(session) else {
                return Err(format!("its portal [sso-session {session}] is not there"));
            };
            url = known.get("sso_start_url").cloned().or(url);
            portal_region = known.get("sso_region").cloned().or(portal_region);
        }
        let Some(url) = url else {
            return if account.is_some() || role.is_some() {
                Err("an account or a role of a portal, and no address of the portal".to_owned())
            } else {
                Ok(None)
            };
        };
        let portal_region = portal_region.ok_or("it names a portal without its region (sso_region)")?;
        let wanted = session.unwrap_or_else(|| host_name(&url));
        let (Some(account), Some(role)) = (account, role) else {
            self.draft.portal(&wanted, &url, &portal_region);
            return Err(
                "it signs in at a portal, and names no account and role; `auto_provision_identities: true` at the \
                        provider lists all of them"
                    .to_owned(),
            );
        };
        let provider = self.draft.portal(&wanted, &url, &portal_region);
        let fields = permission_set(&provider, &account, &role).maybe("principal.region", region);
        Ok(Some(Base { fields: endpoint(fields, own), account: Some(account) }))
    }

    fn process(&mut self, name: &str, region: Option<&str>, command: &str, own: &mut Settings) -> Result<Base, String> {
        let by = |tool: &str| {
            Err(format!("{tool} prints its credentials: `atmos auth import {tool}` brings what is behind it"))
        };
        match Maker::of(command) {
            Maker::Atmos => return Err("atmos prints its credentials already".to_owned()),
            Maker::Leapp => return by("leapp"),
            Maker::Saml2aws => return by("saml2aws"),
            Maker::AwsSso => return by("aws-sso"),
            Maker::AwsVault(Some(other)) if other != name && self.shared.has(&other) => {
                self.aliases.push((name.to_owned(), other.clone()));
                return Err(format!("it is profile `{other}` by way of aws-vault: use that name"));
            }
            Maker::AwsVault(other) => {
                self.in_vault(name, other.as_deref().unwrap_or(name));
                return Ok(Base { fields: with_device(region, own), account: None });
            }
            Maker::Granted(other) => {
                let other = other.as_deref().unwrap_or(name);
                self.draft.note(
                    name,
                    format!(
                        "its key is in the keyring of Granted: `granted credentials export-plaintext {other}`, then `atmos auth \
                         user import -i {IDENTITY} --from-profile {other}`",
                        other = shell_words::quote(other)
                    ),
                );
                return Ok(Base { fields: with_device(region, own), account: None });
            }
            Maker::Other => {}
        }
        if is_printed_key(command) {
            if command.contains("SessionToken") {
                return Err("its key is that of a session, which ends by itself".to_owned());
            }
            let text = format!(
                "its credential_process prints a key that stands in it; store it: `aws configure export-credentials --profile {name} \
                 | atmos auth user import -i {IDENTITY} --from-stdin`, then take it out of the file",
                name = shell_words::quote(name)
            );
            self.draft.note(name, text);
            return Ok(Base { fields: with_device(region, own), account: None });
        }
        if let Some(reason) = in_command(command) {
            return Err(format!(
                "its credential_process may hold a secret, which no configuration should: {reason}. Put it into a script of your \
                 own and name that, or let the program read the secret from a variable or a keyring; then import again"
            ));
        }
        let fields = Fields::kind("aws/credential-process")
            .with("credentials.process", command)
            .maybe("credentials.region", region);
        Ok(Base { fields: endpoint(fields, own), account: None })
    }

    /// A profile without any credentials: its key lies in the keyring of the tool.
    fn plain(&mut self, name: &str, region: Option<&str>, own: &mut Settings) -> Result<Fields, String> {
        let is_user = own.contains_key("mfa_serial") || self.shared.is_source(name) || self.habits == Habits::AwsVault;
        if !is_user {
            return Err(
                "it names no credentials (a key in the keyring of aws-vault: `atmos auth import aws-vault`)".to_owned()
            );
        }
        self.in_vault(name, name);
        Ok(with_device(region, own))
    }

    fn in_vault(&mut self, name: &str, profile: &str) {
        let text = format!(
            "its key is in no file; one of aws-vault: `aws-vault export --no-session --format=json {profile} | atmos auth user \
             import -i {IDENTITY} --from-stdin`",
            profile = shell_words::quote(profile)
        );
        self.draft.note(name, text);
    }
}

/// Whether a command does nothing but print a key.
fn is_printed_key(command: &str) -> bool {
    let program = command.split_whitespace().next().unwrap_or_default();
    matches!(program_name(program), "echo" | "printf") && command.contains("SecretAccessKey")
}

/// A permission set in an account.
pub(super) fn permission_set(provider: &str, account: &str, role: &str) -> Fields {
    Fields::kind("aws/permission-set")
        .with("via.provider", provider)
        .with("principal.name", role)
        .with("principal.account.id", account)
}

/// Keys that last, which are stored elsewhere.
pub(super) fn user(region: Option<&str>) -> Fields {
    Fields::kind("aws/user").maybe("credentials.region", region)
}

/// The same with the device that the profile names.
fn with_device(region: Option<&str>, own: &mut Settings) -> Fields {
    let fields = user(region)
        .maybe("credentials.mfa_arn", own.shift_remove("mfa_serial"))
        .maybe("credentials.mfa_process", own.shift_remove("mfa_process"));
    endpoint(fields, own)
}

fn endpoint(fields: Fields, own: &mut Settings) -> Fields {
    fields.maybe("spec.endpoint_url", own.shift_remove("endpoint_url"))
}

/// A number of seconds as a duration.
pub(super) fn seconds(text: &str) -> Option<String> {
    text.parse::<u32>().ok().filter(|seconds| *seconds > 0).map(|seconds| format!("{seconds}s"))
}

/// `a=1,b=2`
fn pairs(text: &str) -> Node {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=')?;
        Some((std::sync::Arc::from(key.trim()), Node::from(value.trim())))
    };
    Node::from(text.split(',').filter_map(pair).collect::<Map>())
}

/// `a,b`
pub(super) fn list(text: &str) -> Node {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    Node::from(parts.map(Node::from).collect::<Vec<_>>())
}
