//! From global flags and environment to the [`Host`] and the [`Screen`] of a call.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::args::{GlobalArgs, SELECT};
use super::error::Error;
use super::pager;
use crate::auth::run;
use crate::ci::{Folded, Groups};
use crate::config;
use crate::diag::{Result, Warning, hint, nearest};
use crate::exec::argv::Split;
use crate::exec::folder_lock;
use crate::host::{Dirs, Env, Host, Terminal, fs, prompt, threads};
use crate::ops::App;
use crate::ops::auth::Brokered;
use crate::output::{self, Level, Screen};
use crate::secret::Masker;
use crate::span::Sources;
use crate::value::{Node, parse_bool};

/// Everything that a command function needs. The configuration is loaded when the first command asks for it.
pub(super) struct Context {
    pub host: Host,
    pub screen: Screen,
    pub global: GlobalArgs,
    /// Terraform's own flags and the words behind `--`.
    pub native: Split,
    runtime: OnceLock<tokio::runtime::Runtime>,
    /// The program that long data goes through, once the configuration is known.
    pub pager: OnceLock<Option<Vec<String>>>,
    /// Whether documents have colours at a terminal, once the configuration is known.
    pub highlights: OnceLock<bool>,
    /// What this call is called in the log of a CI system.
    label: String,
    /// All that this call says is one part of that log.
    folded: OnceLock<Groups>,
    /// Tokens of GitHub for what was fetched.
    brokered: Mutex<Vec<Arc<Brokered>>>,
}

impl Context {
    pub(super) fn new(
        global: GlobalArgs,
        (native, label): (Split, String),
        mut env: Env,
        mut terminal: Terminal,
    ) -> Result<Context> {
        if let Some(limit) = &global.folder_lock_timeout {
            // An atmos inside waits no longer either.
            env.set(folder_lock::LIMIT, limit);
        }
        if let Some(directory) = &global.cli_config_path {
            env.set("ATMOS_CLI_CONFIG_PATH", directory);
        }
        terminal.forced |= global.force_tty;
        let interactive = match global.interactive {
            Some(flag) => flag,
            None => boolean(&env, "ATMOS_INTERACTIVE")?.unwrap_or(true),
        };
        // Without leave to ask nobody can be prompted, whatever the streams are.
        terminal.stdin &= interactive;
        let masker = Arc::new(Masker::default());
        masker.switch(asked_mask(&global, &env)?.unwrap_or(true));
        let level = talk_level(&global, &env);
        let screen = Screen::new(masker.is_on().then(|| masker.clone()), level, colour(&global, &env, terminal))
            .with_json_errors(json_errors(&global, &env)?)
            .with_flags(&typed(&global, &env));
        let cwd = working_directory(&global, &env)?;
        let exe = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("atmos"));
        let host = Host {
            guard: Arc::default(),
            dirs: Dirs::from_env(&env),
            cwd,
            terminal,
            exe,
            talk: screen.talk(),
            masker,
            sources: Arc::new(Sources::new()),
            env,
        };
        let (runtime, pager, highlights) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Ok(Context {
            host,
            screen,
            global,
            native,
            runtime,
            pager,
            highlights,
            label,
            folded: OnceLock::new(),
            brokered: Mutex::default(),
        })
    }

    /// Begins the part of the log that this call is, where the CI system is to fold whole calls. One inside of another does
    /// not.
    fn fold(&self, configuration: &Node) {
        let inside = self.host.env.get("ATMOS_SHLVL").is_some_and(|level| !matches!(level, "" | "0"));
        let Some(groups) = Groups::of(&self.host.env, configuration, Folded::Invocation).filter(|_| !inside) else {
            return;
        };
        if self.folded.set(groups).is_ok() {
            let title = self.host.masker.mask(&self.label);
            self.host.talk.output(true, groups.begin(&title, "call", self.host.now()).as_bytes());
        }
    }

    /// Gives back what the call was lent.
    pub(super) fn give_back(&self) {
        for brokered in self.brokered.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            brokered.give_back();
        }
    }

    /// What the call is called: its words up to the first flag.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Ends it.
    pub(super) fn unfold(&self) {
        if let Some(groups) = self.folded.get() {
            self.host.talk.output(true, groups.end("call", self.host.now()).as_bytes());
        }
    }

    /// Loads the configuration and starts the log. What killed runs left goes first: it may be keys.
    pub(super) fn app(&self) -> Result<App> {
        run::sweep(&self.host, run::Sweep::Quick);
        let app = self.app_as_it_is()?;
        self.fold(&app.config.document);
        Ok(app)
    }

    /// The same for what must be quick and change nothing: versions, and helpers that are called all the time.
    pub(super) fn app_as_it_is(&self) -> Result<App> {
        let mut flags = self.config_flags();
        self.choose_profile(&mut flags)?;
        let config = config::load(&self.host, &flags)?;
        if asked_mask(&self.global, &self.host.env)?.is_none() {
            let setting = config.document.get_path(["settings", "terminal", "mask", "enabled"]);
            self.host.masker.switch(setting.and_then(Node::as_bool).unwrap_or(true));
        }
        self.host.guard.set(config.settings.functions.clone());
        self.choose_theme(&config);
        let highlights = config.document.get_path(["settings", "terminal", "syntax_highlighting", "enabled"]);
        let _ = self.highlights.set(highlights.and_then(Node::as_bool).unwrap_or(true));
        let _ = self.pager.set(pager::asked(&self.host.env, self.global.pager.as_deref(), &config.document));
        let level: Level =
            config.logs.level.parse().map_err(|()| Error::LogLevel { level: config.logs.level.clone() })?;
        output::start_log(level, &config.logs.file, logs_as_json(&self.host.env, &config), self.host.masker.clone())
            .map_err(|cause| Error::Write { path: config.logs.file.clone(), cause })?;
        warn_of_logs_format(&self.host);
        let shown = config.logs.level.to_lowercase();
        tracing::debug!(target: "atmos", "Set logs-level={shown} logs-file={}", config.logs.file);
        for file in &config.files {
            tracing::trace!(file = %file.display(), "configuration file");
        }
        let locate = self.locate(&config);
        let mut host = self.host.clone();
        if !flags.profiles.is_empty() {
            // An atmos inside finds the same configuration by the flag as by the variable.
            host.env.set("ATMOS_PROFILE", config.profiles.join(","));
        }
        let app = App::new(host, config, locate);
        self.brokered.lock().unwrap_or_else(PoisonError::into_inner).extend(app.brokered());
        Ok(app)
    }

    /// The colours that the configuration asks for. That they are unknown matters to who sees colours.
    fn choose_theme(&self, config: &config::Config) {
        let named = config.document.get_path(["settings", "terminal", "theme"]).and_then(Node::as_str);
        let Some(name) = named.filter(|name| !name.is_empty()) else { return };
        if let Some(theme) = config::find_theme(name) {
            self.screen.set_theme(theme);
        } else if colour(&self.global, &self.host.env, self.host.terminal) {
            let near = nearest(name, config::THEMES.iter().map(|theme| theme.name));
            let help = near.map_or_else(
                || "`atmos theme list` shows the themes".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("there is no theme '{name}': the colours of the terminal are used");
            self.host.talk.warn(Warning::new("atmos::cli::unknown_theme", message).help(help));
        }
    }

    /// Flags that lead another process, in whatever directory, to the same configuration.
    fn locate(&self, config: &config::Config) -> Vec<String> {
        let env = &self.host.env;
        let absolute = |path: &std::path::Path| self.host.absolute(path).display().to_string();
        let listed = |given: &[PathBuf], name: &str| -> Vec<PathBuf> {
            if !given.is_empty() {
                return given.to_vec();
            }
            env.get(name).map(|list| list.split(',').map(PathBuf::from).collect()).unwrap_or_default()
        };
        let mut words = Vec::new();
        for file in listed(&self.global.config, "ATMOS_CONFIG") {
            words.extend(["--config".to_owned(), absolute(&file)]);
        }
        for directory in listed(&self.global.config_path, "ATMOS_CONFIG_PATH") {
            words.extend(["--config-path".to_owned(), absolute(&directory)]);
        }
        if words.is_empty() {
            let named = env.get("ATMOS_CLI_CONFIG_PATH").map(PathBuf::from);
            // Below a directory that the variable names lies what stands here; else the configuration's own place is
            // steadier than the one that somebody happened to be in.
            let is_here = config.files.iter().any(|file| file.parent() == Some(self.host.cwd.as_path()));
            let here = !config.found || named.is_some() && is_here;
            let place = if here { &self.host.cwd } else { &config.directory };
            words.extend(["--chdir".to_owned(), absolute(place)]);
            // The other process may not have the variable, or another value of it.
            if let Some(named) = &named {
                words.extend(["--cli-config-path".to_owned(), absolute(named)]);
            }
        }
        for profile in &config.profiles {
            words.extend(["--profile".to_owned(), profile.clone()]);
        }
        words
    }

    /// The same, for commands that make no sense without any configuration file.
    pub(super) fn app_with_config(&self) -> Result<App> {
        let app = self.app()?;
        if app.config.found { Ok(app) } else { Err(Error::NoConfiguration.into()) }
    }

    /// Runs a future to its end. The runtime is made by the first command that waits for something.
    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        if self.runtime.get().is_none() {
            let runtime = threads::runtime().map_err(|cause| Error::Runtime { cause })?;
            #[cfg(target_os = "linux")]
            runtime.spawn(crate::host::reap_orphans());
            let _ = self.runtime.set(runtime);
        }
        match self.runtime.get() {
            Some(runtime) => Ok(runtime.block_on(future)),
            None => Err(Error::Runtime { cause: std::io::Error::other("the runtime is gone") }.into()),
        }
    }

    /// Has a person choose where `--profile` stands without a name.
    fn choose_profile(&self, flags: &mut config::Flags) -> Result<()> {
        if !flags.profiles.iter().any(|name| name == SELECT) {
            return Ok(());
        }
        flags.profiles.retain(|name| name != SELECT);
        let names = config::profile_names(&self.host, flags)?;
        if names.is_empty() || !self.host.terminal.can_prompt() {
            let available = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Error::ProfileChoice { available }.into());
        }
        let chosen = prompt::pick("Choose a profile", names.clone()).map_err(|_| Error::Aborted)?;
        flags.profiles.extend(names.into_iter().nth(chosen));
        Ok(())
    }

    pub(super) fn config_flags(&self) -> config::Flags {
        config::Flags {
            config_files: self.global.config.clone(),
            config_paths: self.global.config_path.clone(),
            base_path: self.global.base_path.clone(),
            profiles: self.global.profile.clone(),
            logs_level: self.global.logs_level.clone(),
            logs_file: self.global.logs_file.clone(),
            pager: self.global.pager.clone(),
            list_merge_strategy: self.global.settings_list_merge_strategy.clone(),
            edition: self.global.edition.clone(),
            ..config::Flags::default()
        }
    }
}

/// The flags that lead the same person, in the same directory, to the same configuration, as words of a command line.
/// Variables of the shell are still there then; a profile may have been set for this call alone.
fn typed(global: &GlobalArgs, env: &Env) -> String {
    let path = |path: &PathBuf| path.display().to_string();
    let mut words: Vec<(&str, String)> = Vec::new();
    words.extend(global.chdir.as_ref().map(|directory| ("--chdir", path(directory))));
    words.extend(global.base_path.clone().map(|directory| ("--base-path", directory)));
    words.extend(global.config.iter().map(|file| ("--config", path(file))));
    words.extend(global.config_path.iter().map(|directory| ("--config-path", path(directory))));
    words.extend(global.cli_config_path.as_ref().map(|directory| ("--cli-config-path", path(directory))));
    let variable = env.get("ATMOS_PROFILE").filter(|names| !names.is_empty() && global.profile.is_empty());
    let profiles = global.profile.iter().map(String::as_str).filter(|name| *name != SELECT).chain(variable);
    words.extend(profiles.map(|name| ("--profile", name.to_owned())));
    let words: Vec<String> = words.iter().map(|(flag, value)| format!("{flag} {}", hint::word(value))).collect();
    words.join(" ")
}

/// The level below which talk is quiet: only flag and variable count, since talk begins before the configuration.
fn talk_level(global: &GlobalArgs, env: &Env) -> Level {
    let text = global.logs_level.as_deref().or_else(|| env.get("ATMOS_LOGS_LEVEL"));
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// What flag or variable say about masking. Where both are silent, the configuration decides.
fn asked_mask(global: &GlobalArgs, env: &Env) -> Result<Option<bool>> {
    match global.mask {
        Some(flag) => Ok(Some(flag)),
        None => boolean(env, "ATMOS_MASK"),
    }
}

fn working_directory(global: &GlobalArgs, env: &Env) -> Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the working directory")]
    let cwd = std::env::current_dir();
    if global.needs_no_directory {
        return Ok(cwd.unwrap_or_else(|_| PathBuf::from("/")));
    }
    let cwd = cwd.map_err(|cause| Error::Cwd { cause })?;
    let chdir = global.chdir.clone().or_else(|| env.get("ATMOS_CHDIR").map(PathBuf::from));
    let Some(chdir) = chdir else { return Ok(cwd) };
    let target = fs::clean(&cwd.join(&chdir));
    if target.is_dir() { Ok(target) } else { Err(Error::Chdir { path: chdir.display().to_string() }.into()) }
}

/// Whether stderr gets colour: never into a pipe unless forced.
pub(super) fn colour(global: &GlobalArgs, env: &Env, terminal: Terminal) -> bool {
    let on = |name: &str| env.get(name).is_some_and(|value| value != "0" && value != "false");
    let by_variable = || env.is_set("NO_COLOR") || on("ATMOS_NO_COLOR") || env.get("CLICOLOR") == Some("0");
    if global.no_color.unwrap_or_else(by_variable) {
        return false;
    }
    if global.force_color.unwrap_or_else(|| on("ATMOS_FORCE_COLOR") || on("CLICOLOR_FORCE")) {
        return true;
    }
    terminal.stderr && env.get("TERM") != Some("dumb")
}

/// Whether data on stdout may have colour.
pub(super) fn colour_of_stdout(context: &Context) -> bool {
    let terminal = Terminal { stderr: context.host.terminal.stdout, ..context.host.terminal };
    colour(&context.global, &context.host.env, terminal)
}

/// Whether errors are JSON.
///
/// # Errors
/// Another format.
pub(super) fn json_errors(global: &GlobalArgs, env: &Env) -> Result<bool> {
    match global.error_format.as_deref().or_else(|| env.get("ATMOS_ERROR_FORMAT")) {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(Error::Format { format: other.to_owned(), valid: "text, json" }.into()),
    }
}

/// The same of a line that may not be understood at all.
pub(super) fn wants_json_errors(words: &[std::ffi::OsString], env: &Env) -> bool {
    let typed: Vec<&str> = words.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let typed = &typed[..typed.iter().position(|word| *word == "--").unwrap_or(typed.len())];
    let joined = typed.contains(&"--error-format=json");
    let apart = typed.windows(2).any(|pair| pair == ["--error-format", "json"]);
    let flagged = typed.iter().any(|word| word.starts_with("--error-format"));
    joined || apart || (!flagged && env.get("ATMOS_ERROR_FORMAT") == Some("json"))
}

fn logs_as_json(env: &Env, config: &config::Config) -> bool {
    let setting = config.document.get_path(["logs", "format"]).and_then(Node::as_str);
    env.get("ATMOS_LOGS_FORMAT").or(setting) == Some("json")
}

/// Says that the variable with the format of the log has no effect. What a file says the schema of the configuration checks.
fn warn_of_logs_format(host: &Host) {
    let format = host.env.get("ATMOS_LOGS_FORMAT").filter(|format| !matches!(*format, "" | "text" | "json" | "logfmt"));
    if let Some(format) = format {
        let message = format!("the log format `{format}` of ATMOS_LOGS_FORMAT is unknown: the log is text");
        host.talk.warn(Warning::new("atmos::config::logs_format", message).help("the formats are text and json"));
    }
}

/// A switch: given as flag, else the environment variable.
///
/// # Errors
/// The variable is set to something that is not a boolean: guessing could start what was meant to be a dry run.
pub(super) fn flag(given: Option<bool>, env: &Env, name: &str) -> Result<bool> {
    match given {
        Some(value) => Ok(value),
        None => Ok(boolean(env, name)?.unwrap_or(false)),
    }
}

/// A boolean environment variable, in the spellings that the reference accepts.
pub(super) fn boolean(env: &Env, name: &str) -> Result<Option<bool>> {
    match env.get(name) {
        None => Ok(None),
        Some(value) => match parse_bool(value) {
            Some(flag) => Ok(Some(flag)),
            None => Err(Error::Boolean { name: name.to_owned(), value: value.to_owned() }.into()),
        },
    }
}
