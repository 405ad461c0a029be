//! Runs the steps of a workflow or of a custom command: identity, environment, working directory, attempts.
//!
//! Read [`Runner`] first. Row 12.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use miette::Diagnostic;

use super::folds::{Fold, fold};
use super::identity::{Choice, Question};
use super::{Access, App, child};
use crate::auth::Options;
use crate::auth::resolution::{Flag, Need, Source};
use crate::ci::{FOLDED, Folded, Groups};
use crate::component::Instance;
use crate::config;
use crate::diag::{Failure, Report, Result, Warning};
use crate::exec::environment;
use crate::exec::relay::Relay;
use crate::exec::signals::Signals;
use crate::exec::{Error as ExecError, Hangup, Launch, Output, process};
use crate::host::{Env, Host, fs};
use crate::span::Span;
use crate::step::{self, Directory, Retry};

/// Exit status of a step that took too long, as `timeout` of other systems has it.
const LATE: u8 = 124;

/// Deepest nesting of steps that start this program again.
const DEEPEST: u32 = 10;

/// Variables by which a call says where its configuration is, each with the flag that goes before it.
const PLACES: [(&str, &str); 3] =
    [("--config", "ATMOS_CONFIG"), ("--config-path", "ATMOS_CONFIG_PATH"), ("--profile", "ATMOS_PROFILE")];

/// What can go wrong around a step.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("{place}working directory does not exist: `{path}`")]
    #[diagnostic(
        code(atmos::step::working_directory),
        help("Check that the working_directory path exists; relative ones begin at {base}")
    )]
    WorkingDirectory { path: String, base: String, place: String },

    #[error("{place}`!repo-root` is not known here: this is no git repository")]
    #[diagnostic(code(atmos::step::no_repository), help("write the path instead"))]
    NoRepository { place: String },

    #[error("ATMOS_SHLVL exceeds maximum allowed depth. Infinite recursion? current={level}, max={DEEPEST}")]
    #[diagnostic(code(atmos::step::recursion), help("a step of {owner} probably runs it again"))]
    Recursion { level: u32, owner: String },

    #[error("authentication failed for identity \"{identity}\" in {owner}: {cause}")]
    #[diagnostic(code(atmos::step::identity), help("{help}"))]
    Identity { identity: String, owner: String, cause: String, help: String, code: u8 },
}

impl Failure for Error {
    fn exit_code(&self) -> u8 {
        match self {
            Error::Identity { code, .. } => *code,
            _ => 1,
        }
    }

    fn title(&self) -> Option<&'static str> {
        matches!(self, Error::WorkingDirectory { .. }).then_some("Invalid working_directory")
    }
}

/// What a program is that a step starts.
#[derive(Debug, Clone)]
pub(super) enum Program {
    /// A text for a shell.
    Shell(String),
    /// Words for this program.
    Atmos(Vec<String>),
    /// A text for another interpreter.
    Script { interpreter: String, text: String },
}

/// How a step ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub outcome: step::Outcome,
    /// Attempts that were allowed, when all of them were used and there was more than one.
    pub exhausted: Option<u64>,
    /// No further attempt could begin in time.
    pub late: Option<Duration>,
}

/// Everything that steps of one run share.
pub(super) struct Runner<'a> {
    pub app: &'a App,
    /// What the steps belong to, for messages.
    pub owner: String,
    /// `--identity`.
    pub identity: Flag,
    /// `--base-path` was given.
    pub base_path: bool,
    /// Output is kept for later steps.
    pub keep: bool,
    /// Places of the steps that are headings, which are counted.
    pub stages: Vec<Span>,
    pub signals: Signals,
    /// Where output goes in a run of many components.
    pub relay: Option<&'a Relay>,
    /// Standard output belongs to somebody else.
    pub aside: bool,
    /// The component that the steps are for, evaluated as far as that says who it is, and what is done to it: each step
    /// is who the component is, within its guard rails.
    pub subject: Option<(Arc<Instance>, String)>,
    access: Option<Access>,
}

impl<'a> Runner<'a> {
    /// # Errors
    /// Too deep in steps that start this program, or no signals.
    pub(super) fn new(app: &'a App, owner: String, identity: Flag, base_path: bool) -> Result<Runner<'a>> {
        let level = app.host.env.get("ATMOS_SHLVL").and_then(|level| level.parse().ok()).unwrap_or(0u32);
        if level >= DEEPEST {
            return Err(Error::Recursion { level: level.saturating_add(1), owner }.into());
        }
        let signals = Signals::listen()?;
        Ok(Runner {
            app,
            owner,
            identity,
            base_path,
            keep: false,
            stages: Vec::new(),
            signals,
            relay: None,
            aside: false,
            subject: None,
            access: None,
        })
    }

    /// What is said about the identity of a step: by the flag, else by the step itself.
    fn wanted(&self, own: Option<&str>) -> Flag {
        if self.identity == Flag::NotGiven { Flag::parse(own) } else { self.identity.clone() }
    }

    /// Authenticates as the identity of a step: the flag's, else the step's own, else none. `ATMOS_IDENTITY` is left to the
    /// programs inside.
    ///
    /// # Errors
    /// The identity is unknown, or authentication fails: then nothing has been started.
    pub(super) async fn hold(&mut self, own: Option<&str>) -> Result<child::Held> {
        let flag = self.wanted(own);
        let is_for_component = self.subject.is_some();
        match flag {
            _ if is_for_component => {}
            Flag::NotGiven => return Ok(child::Held::default()),
            Flag::Disabled => return Ok(child::Held::switched_off()),
            Flag::Name(_) | Flag::Select => {}
        }
        let name = match &flag {
            Flag::Name(name) => name.clone(),
            _ => String::new(),
        };
        let source = if self.identity == Flag::NotGiven { Source::Step } else { Source::Flag };
        match self.held(&flag, source).await {
            Ok(held) => {
                if let Some(summary) = held.summary() {
                    self.app.host.talk.info(summary);
                }
                Ok(held)
            }
            Err(report) if report.code().as_deref() == Some("atmos::exec::interrupted") || name.is_empty() => {
                Err(report)
            }
            Err(report) => Err(self.refused(name, &report)),
        }
    }

    async fn held(&mut self, flag: &Flag, source: Source) -> Result<child::Held> {
        if self.access.is_none() {
            self.access = Some(Access::open(self.app, Options::default())?.sound()?);
        }
        let Some(access) = &self.access else { return Ok(child::Held::default()) };
        if let Some((instance, operation)) = &self.subject {
            let asked = child::Asked { flag, need: Need::Steps, operation, by: Some(source) };
            return self.signals.guard(child::hold_as(self.app, access, instance, asked)).await;
        }
        let question = Question {
            flag: flag.clone(),
            auth: &access.settings,
            defaults: &[],
            setting: None,
            need: Need::Identity,
            instance: None,
        };
        match access.choose(&question)? {
            Choice::Identity { name, .. } => {
                let wish = child::Wish { event: "step", ..child::Wish::default() };
                self.signals.guard(child::hold_chosen(access, name, source, wish)).await
            }
            Choice::Disabled(_) | Choice::None => Ok(child::Held::default()),
        }
    }

    fn refused(&self, identity: String, report: &Report) -> Report {
        let help = report.diagnostic().help().map(|help| help.to_string());
        let help = help.unwrap_or_else(|| "`atmos auth list` shows the identities there are".to_owned());
        let (owner, cause) = (self.owner.clone(), report.to_string());
        Error::Identity { identity, owner, cause, help, code: report.exit_code() }.into()
    }

    /// The working directory of a step. `base` is where relative ones begin, `usual` what holds without one.
    ///
    /// # Errors
    /// There is no such directory.
    pub(super) fn directory(
        &self,
        wanted: Option<&Directory>,
        base: &Path,
        usual: &Path,
        span: Span,
    ) -> Result<PathBuf, Error> {
        let place = || self.app.host.sources.place(span).map(|place| format!("{place}: ")).unwrap_or_default();
        let path = match wanted {
            None => return Ok(usual.to_path_buf()),
            Some(Directory::RepositoryRoot) => {
                config::git_root(&self.app.host.cwd).ok_or_else(|| Error::NoRepository { place: place() })?
            }
            Some(Directory::Path(path)) => fs::clean(&base.join(path)),
        };
        if path.is_dir() {
            return Ok(path);
        }
        let (path, base) = (path.display().to_string(), base.display().to_string());
        Err(Error::WorkingDirectory { path, base, place: place() })
    }

    /// Makes a step one part of the log, where the CI system folds them.
    pub(super) fn folded(&self, step: &str) -> Option<Fold> {
        let alone = self.relay.is_none() && !self.aside;
        alone.then(|| fold(self.app, Folded::Step, step, true)).flatten()
    }

    /// The complete environment of a step.
    pub(super) fn environment(
        &self,
        layers: &[(String, Option<String>)],
        held: &child::Held,
        program: &Program,
        cwd: &Path,
    ) -> Env {
        let own = matches!(program, Program::Atmos(_));
        let mut env = child::step_environment(self.app, layers, held, own);
        if Groups::of(&self.app.host.env, &self.app.config.document, Folded::Step).is_some() {
            env.set(FOLDED, "1");
        }
        self.lead_home(&mut env, cwd);
        env
    }

    /// An environment for a program of ours in a hook.
    pub(super) fn nested(&self, mut env: Env, cwd: &Path) -> Env {
        self.lead_home(&mut env, cwd);
        env
    }

    /// Makes an atmos inside find the configuration that this one has, as far as the call named one.
    fn lead_home(&self, env: &mut Env, cwd: &Path) {
        let host = &self.app.host;
        // The directory is changed already.
        env.remove("ATMOS_CHDIR");
        for (flag, variable) in PLACES {
            let pairs = self.app.locate.chunks_exact(2).filter(|pair| pair[0] == flag);
            let named: Vec<&str> = pairs.map(|pair| pair[1].as_str()).collect();
            if !named.is_empty() {
                env.set(variable, named.join(","));
            }
        }
        if let Some(path) = host.env.get("ATMOS_CLI_CONFIG_PATH") {
            env.set("ATMOS_CLI_CONFIG_PATH", host.absolute(Path::new(path)));
        }
        if self.base_path || (host.env.get("ATMOS_BASE_PATH").is_some() && cwd != host.cwd) {
            env.set("ATMOS_BASE_PATH", &self.app.config.base_path);
        }
        environment::add_level(env);
    }

    /// Runs a program until it succeeds or may not be tried again.
    ///
    /// # Errors
    /// It cannot be started, or somebody asked for the end.
    pub(super) async fn run(
        &mut self,
        program: &Program,
        cwd: &Path,
        env: &Env,
        retry: Option<&Retry>,
        limit: Option<Duration>,
    ) -> Result<Ended> {
        let keep = self.keep || retry.is_some_and(Retry::looks_at_output);
        let (relay, aside) = (self.relay, self.aside);
        let work = Work { host: &self.app.host, program, cwd, env, retry, limit, keep, relay, aside };
        work.run(&mut self.signals).await
    }

    /// What a shell command prints, without the line ends behind it; its code when it fails.
    ///
    /// # Errors
    /// It cannot be started, or somebody asked for the end.
    pub(super) async fn output_of(
        &mut self,
        text: &str,
        cwd: &Path,
        env: &Env,
    ) -> Result<std::result::Result<String, u8>> {
        let program = Program::Shell(text.to_owned());
        let prepared = Prepared::new(&self.app.host.exe, &program, env, &self.app.host)?;
        let launch = Launch {
            program: prepared.program.clone(),
            configured: "`valueCommand`".to_owned(),
            args: prepared.args.clone(),
            cwd: cwd.to_path_buf(),
            env: env.clone(),
            // What it prints becomes a variable, so nothing of it is masked.
            output: Output::Value,
            stderr: None,
            hangup: Hangup::Shells,
        };
        let done = process::run(&launch, child::surroundings(&self.app.host), &mut self.signals).await?;
        if let Some(stop) = done.stop {
            return Err(ExecError::Interrupted { stop }.into());
        }
        let text = String::from_utf8_lossy(&done.captured).trim_end_matches(['\r', '\n']).to_owned();
        Ok(if done.code == 0 { Ok(text) } else { Err(done.code) })
    }
}

/// One program that is to run until it succeeds or may not be tried again.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub host: &'a Host,
    pub program: &'a Program,
    pub cwd: &'a Path,
    pub env: &'a Env,
    pub retry: Option<&'a Retry>,
    /// Each attempt may take so long.
    pub limit: Option<Duration>,
    /// What it says is kept.
    pub keep: bool,
    /// Where its output goes when others run beside it.
    pub relay: Option<&'a Relay>,
    /// Standard output belongs to somebody else.
    pub aside: bool,
}

impl Work<'_> {
    /// # Errors
    /// It cannot be started, or somebody asked for the end.
    pub(super) async fn run(self, signals: &mut Signals) -> Result<Ended> {
        let Work { host, retry, .. } = self;
        let prepared = Prepared::new(&host.exe, self.program, self.env, host)?;
        let launch = Launch {
            program: prepared.program.clone(),
            configured: "a step".to_owned(),
            args: prepared.args.clone(),
            cwd: self.cwd.to_path_buf(),
            env: self.env.clone(),
            output: match (self.keep, self.aside) {
                (true, false) => Output::Shared,
                (true, true) => Output::SharedStderr,
                (false, true) => Output::Stderr,
                (false, false) => Output::Inherit,
            },
            stderr: None,
            hangup: Hangup::Shells,
        };
        let begun = Instant::now();
        let mut attempt = 1u32;
        loop {
            let around = process::Surroundings { relay: self.relay, ..child::surroundings(host) };
            let done = match process::run_within(&launch, around, signals, self.limit).await {
                Err(ExecError::Late { limit }) => {
                    let message = format!("the step took longer than {limit:?} and was ended");
                    host.talk.warn(Warning::new("atmos::step::late", message));
                    process::Outcome { code: LATE, ..process::Outcome::default() }
                }
                other => other?,
            };
            if let Some(stop) = done.stop {
                return Err(ExecError::Interrupted { stop }.into());
            }
            if let Some(error) = done.unwritten.filter(|_| done.code != 0) {
                return Err(ExecError::unwritten(error, done.code).into());
            }
            let stdout = String::from_utf8_lossy(&done.captured).into_owned();
            let stderr = String::from_utf8_lossy(&done.errors).into_owned();
            let value = stdout.trim().to_owned();
            let outcome = step::Outcome { value, stdout, stderr, code: done.code, ..step::Outcome::default() };
            let Some(retry) = retry.filter(|_| done.code != 0) else {
                return Ok(Ended { outcome, ..Ended::default() });
            };
            if !retry.concerns(&format!("{}\n{}", outcome.stdout, outcome.stderr)) {
                return Ok(Ended { outcome, ..Ended::default() });
            }
            if let Some(most) = retry.max_attempts.filter(|most| u64::from(attempt) >= *most) {
                return Ok(Ended { outcome, exhausted: (most > 1).then_some(most), late: None });
            }
            let delay = retry.delay(attempt, chance());
            if let Some(most) = retry.max_elapsed.filter(|most| begun.elapsed() + delay > *most) {
                return Ok(Ended { outcome, exhausted: None, late: Some(most) });
            }
            attempt = attempt.saturating_add(1);
            host.talk.info(format!("The step failed with code {}; attempt {attempt} begins", done.code));
            pause(signals, delay).await?;
        }
    }
}

/// Waits, unless somebody asks for the end.
///
/// # Errors
/// Somebody did.
pub(super) async fn pause(signals: &mut Signals, time: Duration) -> Result<()> {
    let sleep = async {
        tokio::time::sleep(time).await;
        Ok::<_, ExecError>(())
    };
    Ok(signals.guard(sleep).await?)
}

/// A program with its arguments. A text that holds a secret goes through a private file, since everybody on the machine
/// sees arguments.
struct Prepared {
    program: String,
    args: Vec<OsString>,
    _file: Option<tempfile::NamedTempFile>,
}

impl Prepared {
    fn new(exe: &Path, program: &Program, env: &Env, host: &crate::host::Host) -> Result<Prepared, ExecError> {
        let text = match program {
            Program::Atmos(words) => {
                let args = words.iter().map(OsString::from).collect();
                return Ok(Prepared { program: exe.display().to_string(), args, _file: None });
            }
            Program::Script { interpreter, text } => return Prepared::script(interpreter, text, &host.dirs.temp),
            Program::Shell(text) => text,
        };
        // The reference has a shell of its own that knows the words of bash.
        let path = env.get_raw("PATH").map(std::ffi::OsStr::to_os_string);
        let shell = if which::which_in("bash", path, &host.cwd).is_ok() { "bash" } else { "sh" };
        if !host.masker.is_on() || host.masker.mask(text) == text.as_str() {
            return Ok(Prepared { program: shell.to_owned(), args: vec!["-c".into(), text.into()], _file: None });
        }
        let file = private_file(text, &host.dirs.temp)?;
        let args = vec![file.path().as_os_str().to_owned()];
        Ok(Prepared { program: shell.to_owned(), args, _file: Some(file) })
    }

    /// The text as a file, which every interpreter takes. It may hold a secret, so only this user can read it.
    fn script(interpreter: &str, text: &str, folder: &Path) -> Result<Prepared, ExecError> {
        let mut words = shell_words::split(interpreter).unwrap_or_else(|_| vec![interpreter.to_owned()]).into_iter();
        let program = words.next().unwrap_or_default();
        let file = private_file(text, folder)?;
        let args = words.map(OsString::from).chain([file.path().as_os_str().to_owned()]).collect();
        Ok(Prepared { program, args, _file: Some(file) })
    }
}

/// A file in the temporary folder that only this user can read; it goes with the value.
fn private_file(text: &str, folder: &Path) -> Result<tempfile::NamedTempFile, ExecError> {
    use std::io::Write as _;
    let file = tempfile::NamedTempFile::with_prefix_in("atmos-step-", folder);
    let mut file = file.map_err(ExecError::file("create", folder))?;
    file.write_all(text.as_bytes()).map_err(ExecError::file("write", folder))?;
    Ok(file)
}

/// A number between -1 and 1.
pub(super) fn chance() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX) * 2.0 - 1.0,
        Err(_) => 0.0,
    }
}
