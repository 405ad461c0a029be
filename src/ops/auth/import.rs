//! `atmos auth import`: identities that other tools know, as an `auth` section. Their files are only read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;

use crate::auth::import::{
    AwsFiles, Draft, Habits, Known, Remark, aws_config, aws_sso, granted, is_granted_settings, leapp,
    replace_processes, saml2aws,
};
use crate::diag::{Failure, Result};
use crate::host::{Host, fs};
use crate::value::Node;
use crate::yaml;

/// Longest file of another tool.
const LONGEST: u64 = 16 * 1024 * 1024;
const NOT_A_FILE: &str = "it is not a regular file of at most 16 MiB";
/// What is written holds no secret, and a team may share it.
const MODE: u32 = 0o644;

/// Whose files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    AwsConfig,
    AwsVault,
    Granted,
    AwsSso,
    Saml2aws,
    Leapp,
}

impl Tool {
    pub const ALL: [Tool; 6] =
        [Tool::AwsConfig, Tool::AwsVault, Tool::Granted, Tool::AwsSso, Tool::Saml2aws, Tool::Leapp];

    pub fn parse(name: &str) -> Option<Tool> {
        Tool::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Tool::AwsConfig => "aws-config",
            Tool::AwsVault => "aws-vault",
            Tool::Granted => "granted",
            Tool::AwsSso => "aws-sso",
            Tool::Saml2aws => "saml2aws",
            Tool::Leapp => "leapp",
        }
    }

    /// How it reads the files of the AWS CLI, if it does.
    fn habits(self) -> Option<Habits> {
        match self {
            Tool::AwsConfig => Some(Habits::AwsCli),
            Tool::AwsVault => Some(Habits::AwsVault),
            Tool::Granted => Some(Habits::Granted),
            Tool::AwsSso | Tool::Saml2aws | Tool::Leapp => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct ImportRequest {
    pub tool: Tool,
    /// A file, or the folder with the files, in place of the usual ones.
    pub from: Option<PathBuf>,
    /// The file that gets the section; it is printed without one.
    pub output: Option<PathBuf>,
    /// Nothing is written.
    pub dry_run: bool,
    /// A file that says something else is replaced.
    pub force: bool,
    pub machine_id: Option<String>,
    /// A diff of the AWS configuration in place of the section.
    pub replace_processes: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    New,
    Replaced,
    Unchanged,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// The section as YAML, or the diff.
    pub text: String,
    pub is_diff: bool,
    /// The files that were read.
    pub sources: Vec<PathBuf>,
    pub providers: usize,
    pub identities: usize,
    /// Lines of the AWS configuration that the diff exchanges.
    pub replaced: usize,
    pub remarks: Vec<Remark>,
    /// The file that was to be written, and what became of it or would.
    pub file: Option<(PathBuf, Written)>,
    pub dry_run: bool,
}

/// Reads the files of a tool, and writes the section where a file is named for it. `auth` is the section of the configuration beside
/// which it is to stand.
///
/// # Errors
/// Nothing can be read, or nothing of it can be taken over; a file that says something else already.
pub fn import(host: &Host, auth: &Node, request: &ImportRequest) -> Result<ImportReport> {
    if request.machine_id.is_some() && request.tool != Tool::Leapp {
        return Err(ImportFailure::NoEffect { flag: "--machine-id", tools: "leapp" }.into());
    }
    let habits = request.tool.habits().filter(|_| request.replace_processes);
    if request.replace_processes && habits.is_none() {
        return Err(ImportFailure::NoEffect {
            flag: "--replace-processes",
            tools: "aws-config, aws-vault and granted",
        }
        .into());
    }
    let output = request.output.as_deref().map(|path| host.absolute(path));
    let is_output = |path: &Path| output.as_deref().is_some_and(|output| is_one_file(path, output));
    let known = Known::read(auth, &host.sources, &is_output);
    let mut found = Found { host, request, known, sources: Vec::new() };
    let mut report = match habits {
        Some(habits) => found.diff(habits)?,
        None => found.section()?,
    };
    report.sources = found.sources;
    if let Some(path) = output {
        if let Some(source) = report.sources.iter().find(|source| is_one_file(source, &path)) {
            return Err(ImportFailure::Source { path: source.display().to_string() }.into());
        }
        let written = write(&path, &report.text, request)?;
        report.file = Some((path, written));
    }
    Ok(report)
}

/// Whether two paths lead to one file.
fn is_one_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| Some(one) == real(other))
}

fn write(path: &Path, text: &str, request: &ImportRequest) -> Result<Written, ImportFailure> {
    let written = match std::fs::metadata(path) {
        Ok(about) if about.is_file() => match fs::read_regular(path, LONGEST, NOT_A_FILE) {
            Ok(there) if there == text.as_bytes() => return Ok(Written::Unchanged),
            _ if request.force => Written::Replaced,
            _ => return Err(ImportFailure::Exists { path: path.display().to_string() }),
        },
        Ok(about) if about.is_dir() => return Err(ImportFailure::Folder { path: path.display().to_string() }),
        _ => Written::New,
    };
    if !request.dry_run {
        let failed = |cause| ImportFailure::Write { path: path.display().to_string(), cause };
        fs::write_named(path, text.as_bytes(), MODE).map_err(failed)?;
    }
    Ok(written)
}

/// The files that were found so far.
struct Found<'a> {
    host: &'a Host,
    request: &'a ImportRequest,
    /// What the configuration has already.
    known: Known,
    sources: Vec<PathBuf>,
}

impl Found<'_> {
    fn section(&mut self) -> Result<ImportReport> {
        let tool = self.request.tool;
        let draft = match tool {
            Tool::AwsConfig => aws_config(&self.aws_files()?.0, Habits::AwsCli, &self.known),
            Tool::AwsVault => aws_config(&self.aws_files()?.0, Habits::AwsVault, &self.known),
            Tool::Granted => {
                let (files, settings) = self.aws_files()?;
                granted(&files, &settings, &self.known)
            }
            Tool::AwsSso => self.aws_sso()?,
            Tool::Saml2aws => {
                let usual = self.named("SAML2AWS_CONFIGFILE", ".saml2aws");
                saml2aws(&self.one(usual, ".saml2aws")?.1, &self.known)
            }
            Tool::Leapp => {
                let (_, text) = self.one(self.host.dirs.home.join(".Leapp/Leapp-lock.json"), "Leapp-lock.json")?;
                leapp(&text, self.request.machine_id.as_deref(), &self.known)?
            }
        };
        let (providers, identities) = draft.counts();
        if draft.is_empty() {
            return Err(self.nothing(&draft));
        }
        Ok(ImportReport {
            text: draft.render(tool.name()),
            is_diff: false,
            sources: Vec::new(),
            providers,
            identities,
            replaced: 0,
            remarks: draft.remarks,
            file: None,
            dry_run: self.request.dry_run,
        })
    }

    fn nothing(&self, draft: &Draft) -> crate::diag::Report {
        let line = |remark: &Remark| format!("{}: {}", remark.about, remark.text);
        let reasons: Vec<String> = draft.remarks.iter().map(line).collect();
        let help = if reasons.is_empty() {
            "there is no profile, account or session in it".to_owned()
        } else {
            reasons.join("\n")
        };
        ImportFailure::Nothing { shown: self.shown(), help }.into()
    }

    fn shown(&self) -> String {
        self.sources.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    fn diff(&mut self, habits: Habits) -> Result<ImportReport> {
        let (files, _) = self.aws_files()?;
        let path = self.sources.first().map(|path| path.display().to_string()).unwrap_or_default();
        let replaced = replace_processes(&path, &files, habits, &self.known);
        Ok(ImportReport {
            text: replaced.diff,
            is_diff: true,
            sources: Vec::new(),
            providers: 0,
            identities: 0,
            replaced: replaced.count,
            remarks: replaced.remarks,
            file: None,
            dry_run: self.request.dry_run,
        })
    }

    /// The files of the AWS CLI, and the configuration of Granted.
    fn aws_files(&mut self) -> Result<(AwsFiles, String), ImportFailure> {
        let is_granted = self.request.tool == Tool::Granted;
        let (mut files, mut settings) = (AwsFiles::default(), String::new());
        let Some(from) = self.request.from.clone() else {
            let config = self.named("AWS_CONFIG_FILE", ".aws/config");
            let credentials = self.named("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
            files.config = self.optional(&config)?;
            files.credentials = self.optional(&credentials)?;
            let mut tried = vec![config, credentials];
            if is_granted {
                let usual = self.in_homes(&[".granted/config"], "XDG_CONFIG_HOME", "granted/config");
                tried.extend(usual.first().cloned());
                for path in usual {
                    if settings.is_empty() {
                        settings = self.optional(&path)?;
                    }
                }
            }
            return if self.sources.is_empty() { Err(self.missing(&tried)) } else { Ok((files, settings)) };
        };
        let from = self.absolute(&from);
        if from.is_dir() {
            let (config, credentials) = (from.join("config"), from.join("credentials"));
            files.config = self.optional(&config)?;
            files.credentials = self.optional(&credentials)?;
            if self.sources.is_empty() {
                return Err(self.missing(&[config, credentials]));
            }
        } else {
            let text = self.read(&from)?;
            let is_credentials = from.file_name().is_some_and(|name| name == "credentials");
            *(if is_credentials { &mut files.credentials } else { &mut files.config }) = text;
        }
        if is_granted && is_granted_settings(&files.config) {
            settings = std::mem::take(&mut files.config);
        }
        Ok((files, settings))
    }

    fn aws_sso(&mut self) -> Result<Draft> {
        let usual = match self.host.env.get("AWS_SSO_CONFIG") {
            Some(path) => vec![self.absolute(Path::new(path))],
            None => self.in_homes(
                &[".config/aws-sso/config.yaml", ".aws-sso/config.yaml"],
                "XDG_CONFIG_HOME",
                "aws-sso/config.yaml",
            ),
        };
        let there = usual.iter().find(|path| path.exists()).or(usual.first()).cloned().unwrap_or_default();
        let (path, text) = self.one(there, "config.yaml")?;
        // The file is another tool's: what stands at the place is not shown.
        let read = yaml::parse_texts(&self.host.sources, &path, &self.host.cwd, Arc::from(text));
        let settings = read.map_err(|error| ImportFailure::Yaml { place: error.place().to_owned() })?;
        Ok(aws_sso(&settings, &self.known))
    }

    /// The one file of a tool.
    fn one(&mut self, usual: PathBuf, name: &str) -> Result<(PathBuf, String), ImportFailure> {
        let path = match &self.request.from {
            Some(from) => {
                let from = self.absolute(from);
                if from.is_dir() { from.join(name) } else { from }
            }
            None => usual,
        };
        let text = self.read(&path)?;
        Ok((path, text))
    }

    fn read(&mut self, path: &Path) -> Result<String, ImportFailure> {
        match fs::read_text(path, LONGEST, NOT_A_FILE) {
            Ok(text) => {
                self.sources.push(path.to_owned());
                Ok(text)
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(self.missing(&[path.to_owned()])),
            Err(cause) => Err(ImportFailure::Read { path: path.display().to_string(), cause }),
        }
    }

    /// A file that need not be there.
    fn optional(&mut self, path: &Path) -> Result<String, ImportFailure> {
        match self.read(path) {
            Err(ImportFailure::Missing { .. }) => Ok(String::new()),
            other => other,
        }
    }

    fn missing(&self, tried: &[PathBuf]) -> ImportFailure {
        let paths = tried.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        ImportFailure::Missing { tool: self.request.tool.name(), paths }
    }

    /// The file that a variable names, else one below the home.
    fn named(&self, variable: &str, below_home: &str) -> PathBuf {
        match self.host.env.get(variable) {
            Some(path) => self.absolute(Path::new(path)),
            None => self.host.dirs.home.join(below_home),
        }
    }

    /// Places below the home, and one below a folder that a variable names, which goes first.
    fn in_homes(&self, below_home: &[&str], variable: &str, below: &str) -> Vec<PathBuf> {
        let by_variable =
            self.host.env.get(variable).filter(|folder| !folder.is_empty()).map(|folder| Path::new(folder).join(below));
        by_variable.into_iter().chain(below_home.iter().map(|path| self.host.dirs.home.join(path))).collect()
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("~") {
            Ok(rest) => self.host.dirs.home.join(rest),
            Err(_) => self.host.absolute(path),
        }
    }
}

#[derive(Debug, thiserror::Error, Diagnostic)]
enum ImportFailure {
    #[error("{flag} has no effect with this tool: it is for {tools}")]
    #[diagnostic(code(atmos::auth::import::no_effect), help("leave it out"))]
    NoEffect { flag: &'static str, tools: &'static str },

    #[error("there is nothing of {tool} to read: {paths}")]
    #[diagnostic(code(atmos::auth::import::missing), help("name its file with --from PATH"))]
    Missing { tool: &'static str, paths: String },

    #[error("{path} cannot be read: {cause}")]
    #[diagnostic(code(atmos::auth::import::read), help("name a file that you may read with --from PATH"))]
    Read { path: String, cause: io::Error },

    #[error("nothing in {shown} can be taken over")]
    #[diagnostic(code(atmos::auth::import::nothing), help("{help}"))]
    Nothing { shown: String, help: String },

    #[error("{path} is there, and says something else")]
    #[diagnostic(
        code(atmos::auth::import::exists),
        help("--force replaces it; without --output the section is printed, to be compared")
    )]
    Exists { path: String },

    #[error("{path} is what was just read")]
    #[diagnostic(
        code(atmos::auth::import::source),
        help("files of other tools stay as they are: name another file, such as atmos.d/auth.yaml")
    )]
    Source { path: String },

    #[error("{place}: it is not valid YAML")]
    #[diagnostic(code(atmos::auth::import::yaml), help("correct it there; its own tool says what it is"))]
    Yaml { place: String },

    #[error("{path} is a folder")]
    #[diagnostic(code(atmos::auth::import::folder), help("name a file, such as atmos.d/auth.yaml"))]
    Folder { path: String },

    #[error("{path} cannot be written: {cause}")]
    #[diagnostic(code(atmos::auth::import::write), help("name a file that you may write, in a folder that is there"))]
    Write { path: String, cause: io::Error },
}

impl Failure for ImportFailure {}
