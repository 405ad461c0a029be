//! `atmos auth doctor`: looks at everything that authentication stands on, and says what is wrong and what to do.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::access::Access;
use crate::auth::cache::KEY_NAME;
use crate::auth::realm::RealmSource;
use crate::auth::store::{Kind, Store};
use crate::auth::validate as rules;
use crate::auth::{IdentityName, ProviderName, Severity};
use crate::diag::hint::word;
use crate::host::{Http, HttpRequest, fs, trust};

/// A clock that is off by more is named.
const NOTABLE: SignedDuration = SignedDuration::from_secs(30);
/// Services refuse signatures that are off by more.
const REFUSED: SignedDuration = SignedDuration::from_mins(5);
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_ANSWER: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, Default)]
pub struct DoctorRequest {
    /// Ask nobody outside, so that the clock is not compared.
    pub offline: bool,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Good,
    /// Worth knowing.
    Note,
    Warning,
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub state: State,
    /// `clock`, `keyring`, …
    pub about: &'static str,
    pub text: String,
    pub help: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct DoctorReport {
    pub findings: Vec<Finding>,
}

impl DoctorReport {
    /// 1 when something is bad.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.findings.iter().any(|finding| finding.state == State::Bad))
    }

    fn add(&mut self, state: State, about: &'static str, text: impl Into<String>, help: Option<String>) {
        self.findings.push(Finding { state, about, text: text.into(), help });
    }
}

/// Looks. Nothing is changed, nobody is asked to sign in.
pub async fn doctor(access: &Access, request: DoctorRequest) -> DoctorReport {
    let mut report = DoctorReport::default();
    // It has a line of its own below.
    access.cache.store().keep_quiet();
    configuration(access, &mut report);
    // Before anything is opened: what lets others in is narrowed then.
    modes(access, &mut report);
    realm(access, &mut report).await;
    keyring(access, &mut report);
    directories(access, &mut report);
    way(access, &mut report);
    endpoints(access, &mut report);
    ambient(access, &mut report);
    if access.parent.is_none() {
        sessions(access, &mut report).await;
    } else {
        report.add(State::Note, "run", "inside a run, which gives the credentials (ATMOS_RUN_SOCKET)", None);
    }
    if request.offline {
        report.add(State::Note, "clock", "not compared (--offline)", None);
    } else {
        clock(access, &mut report).await;
    }
    report
}

fn configuration(access: &Access, report: &mut DoctorReport) {
    let problems = rules::validate(&access.settings, &access.host.sources);
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let (providers, identities) = (access.settings.providers.len(), access.settings.identities.len());
    let text = format!("{providers} providers, {identities} identities, {errors} errors, {warnings} warnings");
    let help = || Some("`atmos auth validate` names them".to_owned());
    match (errors, warnings) {
        (0, 0) => report.add(State::Good, "configuration", text, None),
        (0, _) => report.add(State::Warning, "configuration", text, help()),
        _ => report.add(State::Bad, "configuration", text, help()),
    }
}

async fn realm(access: &Access, report: &mut DoctorReport) {
    let realm = &access.realm;
    report.add(State::Good, "realm", format!("{realm} ({})", realm.source().as_str()), None);
    let others = if access.parent.is_none() { access.session.other_realms().await } else { Ok(Vec::new()) };
    // A keyring that stays closed has its own line.
    if let Ok(others) = others
        && !others.is_empty()
    {
        let text = format!("sessions are kept under other realms too: {}", others.join(", "));
        let help = "`auth.realm` in atmos.yaml makes the realm independent of the path".to_owned();
        report.add(State::Note, "realm", text, Some(help).filter(|_| realm.source() == RealmSource::Auto));
    }
}

fn keyring(access: &Access, report: &mut DoctorReport) {
    if access.parent.is_some() {
        return;
    }
    let store = access.cache.store();
    // Without entries nobody would ask it anything.
    let asked = store.get(KEY_NAME).map_err(crate::auth::cache::Error::from);
    let entries = asked.and_then(|_| access.cache.entries());
    let kind = store.kind().name();
    match entries {
        Err(error) => {
            let help = "`atmos auth logout --all` removes what cannot be opened any more".to_owned();
            report.add(State::Bad, "keyring", format!("{kind}: {error}"), Some(help));
        }
        Ok(_) if !store.is_persistent() => {
            let help = "set ATMOS_KEYRING_TYPE=file and ATMOS_KEYRING_PASSWORD to stay logged in".to_owned();
            let what = store.lost_because().unwrap_or(kind);
            report.add(State::Warning, "keyring", format!("{what}: logins end with the process"), Some(help));
        }
        Ok(entries) => {
            report.add(State::Good, "keyring", format!("{kind}, {} entries open", entries.len()), None);
            if store.kind() == Kind::File
                && let Err(why) = Store::quickness(&access.host)
            {
                let text = format!("file: every command derives the key anew, about 50 ms ({why})");
                report.add(State::Note, "keyring", text, None);
            }
        }
    }
}

/// Files of the cache and the keyring that others may read or write.
fn modes(access: &Access, report: &mut DoctorReport) {
    if access.parent.is_some() {
        return;
    }
    for directory in std::iter::once(access.cache.directory()).chain(access.cache.store().directory()) {
        let mut wide = wide_files(directory);
        wide.sort();
        for (path, mode) in wide {
            let text = format!("`{path}` lets others in (mode {mode:o}); whoever uses it narrows it");
            report.add(State::Warning, "modes", text, Some(format!("chmod 600 '{path}'")));
        }
    }
}

#[cfg(unix)]
fn wide_files(directory: &Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let wide = entries.filter_map(|entry| {
        let metadata = std::fs::symlink_metadata(entry.path()).ok().filter(std::fs::Metadata::is_file)?;
        let mode = metadata.mode() & 0o777;
        (mode & 0o077 != 0).then(|| (entry.path().display().to_string(), mode))
    });
    wide.collect()
}

#[cfg(not(unix))]
fn wide_files(_directory: &Path) -> Vec<(String, u32)> {
    Vec::new()
}

fn directories(access: &Access, report: &mut DoctorReport) {
    let dirs = &access.host.dirs;
    // Where nothing is kept, commands go on without.
    let keeps = access.parent.is_none() && access.cache.store().is_persistent();
    let unwritable = if keeps { State::Bad } else { State::Warning };
    for (about, directory) in [("cache", dirs.cache.join("atmos/auth")), ("config", dirs.config.join("atmos"))] {
        if let Err(error) = trust::check(&directory) {
            report.add(State::Bad, about, error.to_string(), error.mend().map(str::to_owned));
        } else if let Err(error) = fs::try_writing(&directory) {
            let variable = format!("ATMOS_XDG_{}_HOME", about.to_uppercase());
            let help = format!("make it writable, with free space; {variable} chooses another one");
            report.add(unwritable, about, format!("{} cannot be written: {error}", directory.display()), Some(help));
        } else {
            report.add(State::Good, about, directory.display().to_string(), None);
        }
    }
}

fn way(access: &Access, report: &mut DoctorReport) {
    let terminal = &access.host.terminal;
    if !terminal.can_show_device_code() {
        let help = "sign in at a terminal, or set ATMOS_FORCE_TTY=true where somebody reads the output".to_owned();
        report.add(State::Note, "sign-in", "not possible here: there is no terminal", Some(help));
    } else if access.session.signs_in_by_browser() {
        report.add(State::Good, "sign-in", "by the browser of this machine", None);
    } else {
        report.add(State::Good, "sign-in", "by a code that any browser confirms", None);
    }
}

fn endpoints(access: &Access, report: &mut DoctorReport) {
    let variables = access.host.env.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    let mut found: Vec<String> = variables
        .filter(|(name, value)| name.starts_with("AWS_ENDPOINT_URL") && !value.is_empty())
        .map(|(name, value)| format!("{name}={}", crate::secret::without_userinfo(value)))
        .collect();
    let settings = &access.settings;
    let providers = settings.providers.values().map(|known| ("provider", known.name.to_string(), &known.spec));
    let identities = settings.identities.values().map(|known| ("identity", known.name.to_string(), &known.spec));
    for (what, name, spec) in providers.chain(identities) {
        let urls = spec.endpoint_url.iter().chain(spec.endpoint_urls.iter().map(|(_, url)| url));
        found.extend(urls.map(|url| format!("{what} {name}: {}", crate::secret::without_userinfo(url))));
    }
    found.sort();
    for text in found {
        report.add(State::Note, "endpoint", text, None);
    }
}

/// Credentials of the shell, which identities do not use.
fn ambient(access: &Access, report: &mut DoctorReport) {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_VAULT", "AWS_WEB_IDENTITY_TOKEN_FILE"];
    let set: Vec<&str> = names.into_iter().filter(|name| access.host.env.is_set(name)).collect();
    if !set.is_empty() {
        let text = format!("{} of this shell: set, and taken away where an identity is in force", set.join(", "));
        report.add(State::Note, "environment", text, None);
    }
}

async fn sessions(access: &Access, report: &mut DoctorReport) {
    let now = access.host.now();
    let mut providers: Vec<ProviderName> = access.settings.providers.keys().cloned().collect();
    providers.sort();
    for name in providers {
        if let Ok(Some(ends)) = access.session.provider_token(&name).await {
            let (state, text) = left(ends, now);
            let login = word(name.as_str());
            let help =
                format!("`atmos auth login --provider {login}` signs in; where there is a refresh token it is used");
            report.add(state, "portal", format!("{name}: {text}"), (state != State::Good).then_some(help));
        }
    }
    let mut identities: Vec<IdentityName> = access.settings.identities.keys().cloned().collect();
    identities.sort();
    for name in identities {
        let Ok(known) = access.session.describe(&name).await else { continue };
        if let Some(ends) = known.expiration.filter(|_| !known.kind.starts_with("mock")) {
            let (state, text) = left(ends, now);
            let help = format!("`atmos auth refresh -i {}` renews it", word(name.as_str()));
            report.add(state, "session", format!("{name}: {text}"), (state != State::Good).then_some(help));
        }
    }
}

fn left(ends: Timestamp, now: Timestamp) -> (State, String) {
    if ends <= now { (State::Note, format!("over since {ends}")) } else { (State::Good, format!("until {ends}")) }
}

async fn clock(access: &Access, report: &mut DoctorReport) {
    let http = Http::new(&access.host.env);
    for (provider, url) in access.session.sign_in_addresses() {
        let mut request = HttpRequest::get(url.clone());
        request.timeout = Some(PATIENCE);
        let asked = access.host.now();
        let answer = http.send(&request, LONGEST_ANSWER).await;
        let shown = crate::secret::without_userinfo(&url);
        let told = match &answer {
            Ok(answer) => answer.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok()),
            Err(error) => {
                let help = "check the network, the proxy variables and the endpoint overrides in force".to_owned();
                report.add(State::Bad, "network", format!("{provider}: cannot reach {shown}: {error}"), Some(help));
                continue;
            }
        };
        let Some(told) = told else { continue };
        let answered = access.host.now();
        report.findings.push(skew(&shown, told.timestamp(), asked, answered));
    }
}

/// How far this clock is from that of a service which was asked between two moments.
fn skew(who: &str, told: Timestamp, asked: Timestamp, answered: Timestamp) -> Finding {
    // The header has whole seconds, and the answer was on its way.
    let ahead = asked.duration_since(told) - SignedDuration::from_secs(1);
    let behind = told.duration_since(answered);
    let (off, word) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    let help = Some("set the clock of this machine right: signatures and expiry depend on it".to_owned());
    let text = format!("{} s {word} {who}", off.as_secs());
    match off {
        off if off > REFUSED => Finding { state: State::Bad, about: "clock", text, help },
        off if off > NOTABLE => Finding { state: State::Warning, about: "clock", text, help },
        _ => Finding { state: State::Good, about: "clock", text: format!("agrees with {who}"), help: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_with_room_for_the_way() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (told, state, part) in [
            (1000, State::Good, "agrees"),
            (990, State::Good, "agrees"),
            (900, State::Warning, "ahead of"),
            (500, State::Bad, "ahead of"),
            (1100, State::Warning, "behind"),
            (2000, State::Bad, "behind"),
        ] {
            let finding = skew("x", at(told), at(1000), at(1002));
            assert_eq!(finding.state, state, "{told} {finding:?}");
            assert!(finding.text.contains(part), "{finding:?}");
        }
    }
}
