//! `atmos auth env`: the variables of an identity for other tools, and the standing configuration that they point to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::Diagnostic;

use super::super::access::{Access, refused};
use super::super::child::command_identity;
use super::super::identity::Choice;
use super::everywhere;
use super::gate::Gate;
use super::integrations;
use crate::auth::delivery::{
    Delivery, Format, Helper, Printable, Profile, Style, Wiring, printable, profile_name, render, same_profile,
};
use crate::auth::given::Credentials;
use crate::auth::kind::IdentityKind;
use crate::auth::realm::RealmSource;
use crate::auth::resolution::Flag;
use crate::auth::run::standing::Standing;
use crate::auth::run::{Call, Error as RunError, Parent};
use crate::auth::{Description, Gives, IdentityName, Logins};
use crate::diag::hint::word;
use crate::diag::{Failure, Result, Warning};
use crate::host::fs;
use crate::secret::{Expose as _, MASK};

const EVENT: &str = "env";

#[derive(Debug, Clone, Default)]
pub struct EnvRequest {
    pub identity: Flag,
    /// Name of a [`Format`]; bash without one.
    pub format: Option<String>,
    pub output_file: Option<PathBuf>,
    /// Authenticate when nothing valid is cached.
    pub login: bool,
    /// `--min-ttl`: what credentials must have left.
    pub min_ttl: Option<std::time::Duration>,
    /// `process` or `env`.
    pub delivery: Option<String>,
}

/// What goes to stdout; nothing when a file took it.
#[derive(Debug)]
pub struct EnvReport {
    pub text: Option<String>,
}

/// Variables of the identity as text. Without `login` nobody is asked for anything: paths are printed, and the helper
/// behind them authenticates nobody either.
///
/// # Errors
/// No identity, an unknown format, keys that are wanted (`--delivery env`) and not there.
pub async fn env(access: &Access, request: &EnvRequest) -> Result<EnvReport> {
    let Choice::Identity { name, source } = command_identity(access, EVENT, &request.identity)? else {
        return Ok(EnvReport { text: Some(String::new()) });
    };
    let gate = Gate::open(access, (&name, source), EVENT, request.min_ttl)?;
    let format: Format = request.format.as_deref().unwrap_or("bash").parse()?;
    let delivery = match &request.delivery {
        Some(word) => Delivery::parse(word, None)?,
        None => Delivery::Process,
    };
    match &access.parent {
        _ if request.login => drop(gate.given().await?),
        Some(parent) => parent.check(&access.session, &name).await.map_err(refused)?,
        None => {}
    }
    let known = access.describe(&access.session, &name).await?;
    gate.check_known(known.account.as_deref())?;
    // The helper behind the variables would refuse each time.
    gate.check_lifetime(known.lifetime)?;
    let (set, unset) = match delivery {
        Delivery::Env => with_keys(access, &gate, &name, &known).await?,
        Delivery::Process => match of_another_cloud(access, &name, request.delivery.is_some()).await? {
            Some(given) => wire(access, &name, &known, Some(&given))?,
            None => pointing(access, &name, &known)?,
        },
        Delivery::Files => return Err(EnvError::NoFiles.into()),
        Delivery::Endpoint => return Err(EnvError::NoEndpoint.into()),
    };
    let text = render(format, &set, &unset)?;
    write(access, request, format, text)
}

/// What an identity gives whose kind does not say whether that is keys of AWS; nothing for the others.
async fn held_by_module(access: &Access, name: &IdentityName) -> Result<Option<Credentials>> {
    let kind = access.settings.identity(name.as_str()).map(|identity| &identity.kind);
    match (kind, &access.parent) {
        (Some(IdentityKind::Federated(_)), Some(_)) => Ok(Some(access.given(&access.session, name).await?)),
        (Some(IdentityKind::Federated(_)), None) => Ok(access.session.cached(name).await?),
        _ => Ok(None),
    }
}

/// What of an identity of another cloud than AWS is no secret: there is no configuration that could stand for the rest.
/// `asked`: somebody wants that configuration.
async fn of_another_cloud(access: &Access, name: &IdentityName, asked: bool) -> Result<Option<Credentials>> {
    let outline = match access.session.gives(name)? {
        Gives::Aws => return Ok(None),
        Gives::Elsewhere(outline) if !asked => outline,
        Gives::Elsewhere(_) => return Err(EnvError::NoConfiguration { name: name.to_string() }.into()),
        Gives::Unknown => {
            return match held_by_module(access, name).await? {
                Some(Credentials::Aws(_)) => Ok(None),
                Some(Credentials::Environment(_)) => Err(EnvError::NoConfiguration { name: name.to_string() }.into()),
                None => Err(EnvError::NothingCached { name: name.to_string() }.into()),
            };
        }
    };
    if !outline.is_all {
        let message = format!("the credentials of identity `{name}` are not among these variables: they are secret");
        let help = format!("run the command through `atmos auth exec -i {}`", word(name.as_str()));
        access.host.talk.warn(Warning::new("atmos::auth::env_without_credentials", message).help(help));
    }
    Ok(Some(Credentials::Environment(outline.given)))
}

/// The variables of the standing configuration, for `whoami`.
pub(super) async fn standing_environment(access: &Access, name: &IdentityName) -> Result<Vec<(String, String)>> {
    let held = held_by_module(access, name).await?;
    let nothing_held = held.is_none();
    if let Some(Credentials::Environment(given)) = held {
        // What they hold is the business of who runs as the identity.
        let shown = given.variables.iter().map(|variable| {
            let value = if variable.is_public { variable.value.expose_secret() } else { MASK };
            (variable.name.clone(), value.to_owned())
        });
        return Ok(shown.collect());
    }
    let known = access.describe(&access.session, name).await?;
    let given = match access.session.gives(name)? {
        Gives::Elsewhere(outline) => Some(Credentials::Environment(outline.given)),
        Gives::Unknown if nothing_held => return Ok(Vec::new()),
        Gives::Aws | Gives::Unknown => None,
    };
    Ok(wire(access, name, &known, given.as_ref())?.0)
}

/// Writes the standing configuration and returns the variables that point to it.
fn pointing(access: &Access, name: &IdentityName, known: &Description) -> Result<Printable> {
    // A run has a configuration of its own, which knows the run's socket.
    if access.parent.is_none() && style(&known.kind) == Style::Aws {
        let profile = Profile {
            name: profile_name(name.as_str())?,
            identity: name.to_string(),
            region: known.region.clone(),
            has_keys: false,
        };
        refuse_shared(access, name, &profile.name)?;
        let mut helper = standing_helper(access);
        helper.arguments.extend(["--chain".to_owned(), chain_word(access, name)?]);
        standing(access, name, &known.provider)?.write(&[profile], &helper)?;
    }
    wire(access, name, known, None)
}

/// No other identity may have the same profile: who asked for it later would change the account of who asked first.
fn refuse_shared(access: &Access, name: &IdentityName, profile: &str) -> Result<()> {
    let others = access.settings.identities.keys().filter(|other| *other != name);
    for other in others {
        if profile_name(other.as_str()).is_ok_and(|theirs| same_profile(profile, &theirs)) {
            let (first, second) = (name.to_string(), other.to_string());
            return Err(RunError::SameProfile { profile: profile.to_owned(), first, second }.into());
        }
    }
    Ok(())
}

/// The program as it is called where nothing of this environment may be left: what counted here goes along.
fn standing_helper(access: &Access) -> Helper {
    let mut arguments = access.helper_arguments.clone();
    arguments.extend(access.scope_arguments());
    if access.realm.source() == RealmSource::Env {
        arguments.extend(["--realm".to_owned(), access.realm.to_string()]);
    }
    Helper { exe: access.host.exe.clone(), arguments, socket: None }
}

/// As much of the fingerprint of a chain as a line in a file needs.
fn chain_word(access: &Access, name: &IdentityName) -> Result<String> {
    Ok(access.session.fingerprint_of(name)?.as_str().chars().take(32).collect())
}

/// Keys in the environment, for tools that cannot do otherwise.
async fn with_keys(access: &Access, gate: &Gate<'_>, name: &IdentityName, known: &Description) -> Result<Printable> {
    let kind = access.settings.identity(name.as_str()).map(|identity| &identity.kind);
    let credentials = match &access.parent {
        Some(_) => Some(gate.given().await?),
        // What the program prints may have no end, and is kept nowhere then. It may not ask anybody.
        None if kind == Some(&IdentityKind::CredentialProcess) => Some(gate.given().await?),
        None => gate.cached().await?,
    };
    let Some(credentials) = credentials else {
        return Err(EnvError::NothingCached { name: name.to_string() }.into());
    };
    gate.write_down(Some(Delivery::Env)).await?;
    wire(access, name, known, Some(&credentials))
}

fn wire(
    access: &Access,
    name: &IdentityName,
    known: &Description,
    credentials: Option<&Credentials>,
) -> Result<Printable> {
    let (config_file, credentials_file, style) = if let Some(run) = &access.parent {
        (run.config_file(), run.credentials_file(), Style::Aws)
    } else {
        let files = standing(access, name, &known.provider)?;
        (files.config(), files.credentials(), style(&known.kind))
    };
    let (keys, given, style) = match credentials {
        Some(Credentials::Environment(given)) if given.files.is_empty() => {
            (None, Some((given, Path::new(""))), Style::Environment)
        }
        Some(Credentials::Environment(_)) => return Err(EnvError::HasFiles { name: name.to_string() }.into()),
        Some(Credentials::Aws(keys)) => (Some(keys), None, style),
        None => (None, None, style),
    };
    let identity = access.settings.identity(name.as_str());
    let wiring = Wiring {
        identity: name.as_str(),
        profile: &profile_name(name.as_str())?,
        region: known.region.as_deref(),
        style,
        config_file: &config_file,
        credentials_file: &credentials_file,
        socket: access.parent.as_ref().map(Parent::socket),
        keys,
        given,
        endpoint: None,
        env: identity.map(|identity| identity.env.as_slice()).unwrap_or_default(),
        announce: false,
    };
    let (mut set, unset) = printable(&wiring, &access.host.env)?;
    // A run has given them to its children already.
    if access.parent.is_none() {
        set.extend(integrations::variables(access, name));
        set.sort();
    }
    Ok((set, unset))
}

/// The files that the profile of an identity goes to.
fn standing(access: &Access, name: &IdentityName, provider: &str) -> Result<Standing> {
    let base = access.settings.provider(provider).and_then(|provider| provider.spec.files_base_path.as_deref());
    let chain = chain_word(access, name)?;
    Ok(Standing::new(&access.host, base.map(Path::new), access.realm.as_str(), provider, &chain))
}

pub(crate) fn style(kind: &str) -> Style {
    match kind {
        "mock" => Style::Mock,
        "mock/aws" => Style::MockAws,
        "ambient" | "aws/ambient" => Style::Ambient,
        _ => Style::Aws,
    }
}

/// Removes the standing profiles of a logout; returns what went or would. Theirs are those of the chains that the names stand
/// for, whoever wrote them, and those that this configuration wrote, whatever the names stood for then.
pub(super) fn forget_standing(access: &Access, whose: &Logins, dry_run: bool) -> Result<Vec<String>> {
    let mut meant: BTreeMap<&str, Option<String>> = BTreeMap::new();
    let mut gone = Vec::new();
    for identity in access.settings.identities.values() {
        let chain = access.session.chain(&identity.name).ok();
        let concerned = match whose {
            Logins::Identity(name) => *name == identity.name,
            Logins::Provider(name) => chain.as_ref().is_some_and(|chain| chain.root() == name.as_str()),
            Logins::All => true,
        };
        if !concerned {
            continue;
        }
        let mut word = None;
        if let Some(chain) = chain {
            let profile = profile_name(identity.name.as_str())?;
            let keys = standing(access, &identity.name, chain.root())?.forget_keys(&profile, dry_run)?;
            gone.extend(keys.map(|path| format!("keys of profile {profile} in {}", path.display())));
            word = Some(chain_word(access, &identity.name)?);
        }
        meant.insert(identity.name.as_str(), word);
    }
    let configuration = standing_helper(access).arguments;
    let is_meant = |call: &Call| {
        let chain = meant.get(call.identity.as_str());
        chain.is_some_and(|chain| call.configuration == configuration || (chain.is_some() && call.chain == *chain))
    };
    gone.extend(everywhere::forget_profiles(access, dry_run, is_meant)?);
    gone.sort();
    Ok(gone)
}

/// To the output file, to GitHub's, or back for stdout.
fn write(access: &Access, request: &EnvRequest, format: Format, text: String) -> Result<EnvReport> {
    let target = request.output_file.as_deref().map(|path| access.host.absolute(path));
    if format == Format::Github {
        let github = access.host.env.get("GITHUB_ENV").map(PathBuf::from);
        let path = target.or(github).ok_or(EnvError::NoGithubFile)?;
        let old = match std::fs::read_to_string(&path) {
            Ok(old) => old,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(cause) => return Err(EnvError::Write { path: path.display().to_string(), cause }.into()),
        };
        append(&path, &old, &text)?;
        return Ok(EnvReport { text: None });
    }
    match target {
        None => Ok(EnvReport { text: Some(text) }),
        Some(path) => {
            fs::write_named(&path, text.as_bytes(), 0o600)
                .map_err(|cause| EnvError::Write { path: path.display().to_string(), cause })?;
            Ok(EnvReport { text: None })
        }
    }
}

/// GitHub reads the file itself, so it is appended to in place rather than replaced.
fn append(path: &Path, old: &str, text: &str) -> Result<()> {
    use std::io::Write as _;
    let failed = |cause| EnvError::Write { path: path.display().to_string(), cause };
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    file.write_all(format!("{gap}{text}").as_bytes()).map_err(failed)?;
    Ok(())
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum EnvError {
    #[error("no valid credentials of `{name}` are cached")]
    #[diagnostic(
        code(atmos::auth::nothing_cached),
        help("add `--login`, or run `atmos auth login -i {}` first", word(name))
    )]
    NothingCached { name: String },

    #[error("delivery files is not possible here: nothing would remove the keys again")]
    #[diagnostic(code(atmos::auth::no_files), help("use `process`, or `env` for the keys themselves"))]
    NoFiles,

    #[error("identity `{name}` gives variables, not keys of AWS: there is no configuration that would stand for them")]
    #[diagnostic(
        code(atmos::auth::no_configuration),
        help(
            "run the command through `atmos auth exec -i {}`, or add `--delivery env` for the variables themselves",
            word(name)
        )
    )]
    NoConfiguration { name: String },

    #[error("identity `{name}` gives files as well, which nobody would remove again")]
    #[diagnostic(code(atmos::auth::has_files), help("run the command through `atmos auth exec -i {}`", word(name)))]
    HasFiles { name: String },

    #[error("delivery endpoint is not possible here: nobody would be there to answer")]
    #[diagnostic(
        code(atmos::auth::no_endpoint),
        help("use `process`, or run the command through `atmos auth exec --delivery endpoint`")
    )]
    NoEndpoint,

    #[error("format github needs a file to append to")]
    #[diagnostic(code(atmos::auth::no_github_file), help("give `--output-file FILE`, or run where GITHUB_ENV is set"))]
    NoGithubFile,

    #[error("cannot write {path}: {cause}")]
    #[diagnostic(code(atmos::auth::write), help("check that the directory exists and may be written to"))]
    Write { path: String, cause: std::io::Error },
}

impl Failure for EnvError {}
