//! The workspace of Leapp: sessions, named profiles, portals and addresses of identity providers. Row 5.

use std::collections::HashMap;

use miette::Diagnostic;
use serde_json::Value as Json;

use super::aws_config::{permission_set, seconds, user};
use super::draft::{Draft, Fields, IDENTITY, account_of, host_name, role_of};
use super::known::Known;
use super::leapp_seal::{is_sealed, open};
use crate::diag::Failure;

/// The named profile of whoever does not name one.
const DEFAULT: &str = "default";
/// What Leapp calls sessions of roles where nobody says it.
const ROLE_SESSION: &str = "assumed-from-leapp";
/// Where the address of a provider of kind aws/saml has no region, and no session neither.
const REGION: &str = "us-east-1";
/// What AWS gives where nobody asks for a length.
const USUAL_LENGTH: u64 = 3600;

/// Why there is no workspace.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum LeappError {
    #[error("the workspace is sealed with the id of the machine that wrote it")]
    #[diagnostic(code(atmos::auth::import::sealed), help("{}", HELP))]
    Sealed,

    #[error("this machine id does not open the workspace")]
    #[diagnostic(code(atmos::auth::import::wrong_machine), help("{}", HELP))]
    WrongMachine,

    #[error("it is no workspace of Leapp: {reason}")]
    #[diagnostic(
        code(atmos::auth::import::leapp),
        help("give Leapp-lock.json, or its content as JSON with the keys `_sessions` and `_awsSsoIntegrations`")
    )]
    Form { reason: String },
}

impl Failure for LeappError {}

const HELP: &str = "give --machine-id: on Linux the content of /etc/machine-id (or /var/lib/dbus/machine-id), on macOS IOPlatformUUID of \
                    `ioreg -rd1 -c IOPlatformExpertDevice`, on Windows MachineGuid of HKLM\\SOFTWARE\\Microsoft\\Cryptography";

/// The sessions of a workspace as identities.
///
/// # Errors
/// A seal without the right id, a text of another form.
pub fn leapp(text: &str, machine_id: Option<&str>, known: &Known) -> Result<Draft, LeappError> {
    let opened;
    let text = if is_sealed(text) {
        opened = open(text, machine_id.ok_or(LeappError::Sealed)?).ok_or(LeappError::WrongMachine)?;
        opened.as_str()
    } else {
        text
    };
    // The message of the parser could repeat what stands there.
    let form = |reason: &str| LeappError::Form { reason: reason.to_owned() };
    let json: Json = serde_json::from_str(text).map_err(|_| form("it is not valid JSON"))?;
    let sessions = list(&json, "sessions");
    if get(&json, "sessions").is_none() && get(&json, "awsSsoIntegrations").is_none() {
        return Err(form("it has neither sessions nor integrations"));
    }
    let mut mapper = Mapper::new(&json, sessions, known);
    mapper.portals();
    mapper.names();
    for index in 0..mapper.sessions.len() {
        mapper.session(index);
    }
    Ok(mapper.draft.settled())
}

/// A value of the workspace, whose keys have an underscore in front in the file.
fn get<'a>(json: &'a Json, key: &str) -> Option<&'a Json> {
    json.get(format!("_{key}")).or_else(|| json.get(key)).filter(|value| !value.is_null())
}

fn text<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    get(json, key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    get(json, key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

struct Mapper<'a> {
    workspace: &'a Json,
    sessions: &'a [Json],
    draft: Draft,
    /// Providers of portals by the id of the integration.
    portals: HashMap<&'a str, String>,
    /// What each session is to be called.
    names: Vec<String>,
    done: HashMap<usize, Option<String>>,
    open: Vec<usize>,
}

impl<'a> Mapper<'a> {
    fn new(workspace: &'a Json, sessions: &'a [Json], known: &Known) -> Mapper<'a> {
        Mapper {
            workspace,
            sessions,
            draft: Draft::beside(known),
            portals: HashMap::new(),
            names: Vec::new(),
            done: HashMap::new(),
            open: Vec::new(),
        }
    }

    fn portals(&mut self) {
        for portal in list(self.workspace, "awsSsoIntegrations") {
            let about = text(portal, "alias").unwrap_or("portal");
            let (Some(id), Some(url), Some(region)) =
                (text(portal, "id"), text(portal, "portalUrl"), text(portal, "region"))
            else {
                self.draft.skip(about, "the integration has no id, portalUrl or region");
                continue;
            };
            let name = self.draft.portal(about, url, region);
            self.portals.insert(id, name);
        }
    }

    /// Named profiles become names. One that several sessions share names none of them alone: each gets its account, and those of the
    /// default profile keep the names of their sessions.
    fn names(&mut self) {
        let profiles: HashMap<&str, &str> = list(self.workspace, "profiles")
            .iter()
            .filter_map(|profile| Some((text(profile, "id")?, text(profile, "name")?)))
            .collect();
        let profile = |session: &Json| text(session, "profileId").and_then(|id| profiles.get(id).copied());
        let mut shared: Vec<(&str, Vec<&str>)> = Vec::new();
        for session in self.sessions {
            let Some(name) = profile(session) else { continue };
            match shared.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sessions)) => sessions.push(title(session)),
                None => shared.push((name, vec![title(session)])),
            }
        }
        shared.retain(|(_, sessions)| sessions.len() > 1);
        for session in self.sessions {
            let name = match profile(session) {
                None => title(session).to_owned(),
                Some(name) if shared.iter().any(|(known, _)| *known == name) => match account(session) {
                    Some(account) if name != DEFAULT => format!("{name}-{account}"),
                    _ => title(session).to_owned(),
                },
                Some(name) => name.to_owned(),
            };
            self.names.push(name);
        }
        for (name, sessions) in shared {
            let text = format!(
                "the named profile of {} sessions ({}): each is an identity of its own",
                sessions.len(),
                sessions.join(", ")
            );
            self.draft.note(name, text);
        }
    }

    /// The identity of a session.
    fn session(&mut self, index: usize) -> Option<String> {
        if let Some(done) = self.done.get(&index) {
            return done.clone();
        }
        self.open.push(index);
        let found = self.identity(index);
        self.open.pop();
        let sessions = self.sessions;
        let about = title(&sessions[index]);
        let found = found.map_err(|reason| self.draft.skip(about, reason)).ok();
        self.done.insert(index, found.clone());
        found
    }

    fn identity(&mut self, index: usize) -> Result<String, String> {
        let sessions = self.sessions;
        let session = &sessions[index];
        let wanted = self.names[index].clone();
        let region = text(session, "region");
        let kind = text(session, "type").unwrap_or_default();
        let fields = match kind {
            "awsSsoRole" => self.of_portal(session)?.maybe("principal.region", region),
            "awsIamUser" => {
                let text_ = format!(
                    "its key stays in Leapp's entry of the system's keychain; store it: `atmos auth user configure -i {IDENTITY}`"
                );
                self.draft.note(&wanted, text_);
                user(region).maybe("credentials.mfa_arn", text(session, "mfaDevice"))
            }
            "awsIamRoleChained" => {
                let before = self.parent(session)?;
                let own = text(session, "roleSessionName").filter(|name| *name != ROLE_SESSION);
                role(session)?
                    .maybe("principal.session_name", own)
                    .maybe("principal.region", region)
                    .with("via.identity", before)
            }
            "awsIamRoleFederated" => {
                let provider = self.identity_provider(session)?;
                role(session)?.maybe("principal.region", region).with("via.provider", provider)
            }
            "azure" => self.of_azure(session)?,
            "localstack" => {
                let url = text(session, "endPointUrl").ok_or("it has no endPointUrl")?;
                let hint = format!("LocalStack takes any key: `atmos auth user configure -i {IDENTITY} --no-verify`");
                self.draft.note(&wanted, hint);
                user(region).with("spec.endpoint_url", url)
            }
            other => return Err(format!("there is no kind for sessions of type `{other}`")),
        };
        let fields = if wanted == DEFAULT { fields.with("default", true) } else { fields };
        Ok(self.draft.identity(&wanted, account(session), fields))
    }

    fn of_portal(&mut self, session: &Json) -> Result<Fields, String> {
        let arn = text(session, "roleArn").ok_or("it has no roleArn")?;
        let portal = text(session, "awsSsoConfigurationId").and_then(|id| self.portals.get(id));
        let provider = portal.ok_or("its portal is not among the integrations")?;
        let (Some(account), Some(name)) = (account_of(arn), role_of(arn)) else {
            return Err(format!("its roleArn `{arn}` names no account and permission set"));
        };
        Ok(permission_set(provider, account, name))
    }

    fn parent(&mut self, session: &Json) -> Result<String, String> {
        let wanted = text(session, "parentSessionId").ok_or("it has no parent")?;
        let sessions = self.sessions;
        let parent = sessions.iter().position(|session| text(session, "sessionId") == Some(wanted));
        let parent = parent.ok_or("its parent is not in the workspace")?;
        if let Some(at) = self.open.iter().position(|open| *open == parent) {
            let circle: Vec<&str> = self.open[at..].iter().map(|open| title(&sessions[*open])).collect();
            return Err(format!("its parents form a circle: {} → {}", circle.join(" → "), title(&sessions[parent])));
        }
        let shown = title(&sessions[parent]);
        if text(&sessions[parent], "type") == Some("azure") {
            return Err(format!("its parent `{shown}` is of another cloud"));
        }
        self.session(parent).ok_or_else(|| format!("its parent `{shown}` was skipped"))
    }

    fn identity_provider(&mut self, session: &Json) -> Result<String, String> {
        let wanted = text(session, "idpUrlId").ok_or("it names no identity provider")?;
        let urls = list(self.workspace, "idpUrls");
        let url = urls.iter().find(|known| text(known, "id") == Some(wanted)).and_then(|known| text(known, "url"));
        let url = url.ok_or("the address of its identity provider is not in the workspace")?;
        let region = text(session, "region").or_else(|| text(self.workspace, "defaultRegion")).unwrap_or(REGION);
        let length = get(self.workspace, "samlRoleSessionDuration")
            .and_then(Json::as_u64)
            .filter(|length| *length != USUAL_LENGTH);
        let fields = Fields::kind("aws/saml")
            .with("url", url)
            .with("region", region)
            .maybe("session.duration", length.and_then(|length| seconds(&length.to_string())));
        Ok(self.draft.shared_provider(&host_name(url), fields))
    }

    fn of_azure(&mut self, session: &Json) -> Result<Fields, String> {
        let subscription = text(session, "subscriptionId").ok_or("it has no subscriptionId")?;
        let tenant = text(session, "tenantId").ok_or("it has no tenantId")?;
        let of_tenant = |known: &&Json| text(known, "tenantId") == Some(tenant);
        let alias =
            list(self.workspace, "azureIntegrations").iter().find(of_tenant).and_then(|known| text(known, "alias"));
        let fields = Fields::kind("azure/device-code").with("spec.tenant_id", tenant);
        let provider = self.draft.shared_provider(alias.unwrap_or("azure"), fields);
        Ok(Fields::kind("azure/subscription")
            .with("via.provider", provider)
            .with("principal.subscription_id", subscription)
            .maybe("principal.location", text(session, "region")))
    }
}

fn role(session: &Json) -> Result<Fields, String> {
    let arn = text(session, "roleArn").ok_or("it has no roleArn")?;
    Ok(Fields::kind("aws/assume-role").with("principal.assume_role", arn))
}

/// What people call a session.
fn title(session: &Json) -> &str {
    text(session, "sessionName").or_else(|| text(session, "sessionId")).unwrap_or("session")
}

fn account(session: &Json) -> Option<&str> {
    account_of(text(session, "roleArn").or_else(|| text(session, "mfaDevice"))?)
}
