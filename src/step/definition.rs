//! A step as its file says it.

use std::time::Duration;

use super::{Condition, Retry};
use crate::span::Span;

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A command of this program.
    Atmos,
    /// A text for a shell.
    Shell,
    /// The same, as the last step.
    Exec,
    /// Variables for the steps that follow.
    Env,
    /// A program of its own, by what reads it: `python3`, `bash`.
    Script(String),
    /// Text for people, or for standard output.
    Said(Said),
    /// Something that a person is asked.
    Asked(Asked),
    /// A wait.
    Sleep,
    /// The end of the run, with this status.
    Exit(u8),
    /// Steps that run at once.
    Parallel(Parallel),
    /// Something that the machine must have.
    Require(Require),
    /// A request over http. The address is the command of the step.
    Http(Box<Http>),
    /// An archive of a folder or file, which is the command of the step.
    Archive(Box<Archive>),
    /// Results of tests, told to people and to the CI system.
    Junit(Junit),
    /// The reference has it, this program does not yet.
    NotBuilt(String),
    /// Nobody has it.
    Unknown(String),
}

/// `working_directory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directory {
    /// Absolute, or below the base path.
    Path(String),
    /// `!repo-root`
    RepositoryRoot,
}

/// What becomes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Info,
    Success,
    Warning,
    Error,
    Hint,
    /// As it is, on standard error.
    Plain,
    /// As it is, on standard output.
    Data,
    /// Nothing: the text is only a value for the steps that follow.
    Value,
    /// A heading with its number among all of its kind.
    Stage,
    /// A line in the log.
    Log(Level),
    /// So many empty lines.
    Blank(usize),
}

/// How much a line in the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warning,
    Error,
}

/// A step that says something. The text is the command of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub form: Form,
    /// Further texts: parts that are joined, cells of a table, fields of a line in the log.
    pub parts: Vec<(String, String)>,
    /// What joins the parts.
    pub separator: String,
    /// Columns of a table, whose cells are the parts, row by row.
    pub columns: usize,
}

/// How a person answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Line,
    /// Several lines, up to an empty one.
    Lines,
    /// Not shown.
    Password,
    YesOrNo,
    OneOf(Vec<String>),
    SomeOf(Vec<String>, usize),
    /// A file below this folder whose name ends in one of these.
    File(String, Vec<String>),
}

/// A step that asks. The question is the command of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub answer: Answer,
    /// What counts where nobody can be asked.
    pub default: Option<String>,
    pub placeholder: String,
}

/// Programs, files and folders that must be there. Texts may be templates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Require {
    pub tools: Vec<String>,
    pub files: Vec<String>,
    pub folders: Vec<String>,
    /// What to do where something is missing.
    pub hint: Option<String>,
}

/// What is sent, and what must come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    pub method: &'static str,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    pub form: Vec<(String, String)>,
    /// None: every success.
    pub statuses: Vec<u16>,
    /// Expressions of which the answer must match one, if there are any.
    pub answers: Vec<String>,
}

/// What goes into an archive, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    pub destination: String,
    /// What is there stays, unless it is among what is packed.
    pub update: bool,
    /// Without it the name of the destination decides.
    pub format: Option<String>,
    pub subpath: String,
    pub include: Vec<String>,
    pub exclude: Vec<String>,
    pub mtime: String,
}

/// Which files of results, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Junit {
    pub files: Vec<String>,
    pub title: String,
    pub summary: bool,
    pub annotate: bool,
}

/// How steps run at once. The steps are the children of the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parallel {
    /// None: all at once.
    pub max_concurrency: Option<usize>,
    pub mode: FailMode,
    /// Failures after which [`FailMode::Fast`] starts nothing any more.
    pub max_failures: usize,
    pub output: Outputs,
    pub summary: bool,
}

/// What the failure of one of several steps means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailMode {
    /// All that do not need it run, then the whole has failed.
    WaitAll,
    /// Nothing is started any more.
    Fast,
    /// Nothing.
    BestEffort,
}

/// What becomes of the output of steps that run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    Grouped,
    Prefixed,
    None,
}

/// One step. Texts may be templates.
#[derive(Debug, Clone)]
pub struct Step {
    /// As written, else `step` and its number.
    pub name: String,
    pub kind: Kind,
    pub command: String,
    /// Variables that a step of the kind env sets.
    pub vars: Vec<(String, String)>,
    /// Those variables reach processes too, and not only templates.
    pub export: bool,
    pub stack: Option<String>,
    pub working_directory: Option<Directory>,
    /// `None` unsets the variable.
    pub env: Vec<(String, Option<String>)>,
    pub identity: Option<String>,
    pub retry: Option<Retry>,
    pub when: Condition,
    /// `continue`
    pub forgiven: Condition,
    pub outputs: Vec<(String, String)>,
    /// Every attempt may take so long; a step that sleeps does it so long.
    pub timeout: Option<Duration>,
    /// Steps that run at once.
    pub children: Vec<Step>,
    /// Those beside this one that must have succeeded before.
    pub needs: Vec<String>,
    /// The values that this step was made for, by axis.
    pub matrix: Vec<(String, String)>,
    pub span: Span,
}

impl Archive {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let Archive { destination, format, subpath, include, exclude, mtime, .. } = self;
        let lists = include.iter().chain(exclude).chain(format).map(String::as_str);
        [destination, subpath, mtime].map(String::as_str).into_iter().chain(lists)
    }
}

impl Step {
    /// The texts that are rendered.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let env = self.env.iter().filter_map(|(_, value)| value.as_deref());
        let vars = self.vars.iter().chain(&self.outputs).map(|(_, value)| value.as_str());
        let more: Vec<&str> = match &self.kind {
            Kind::Said(said) => said.parts.iter().map(|(_, text)| text.as_str()).collect(),
            Kind::Asked(asked) => {
                let options = match &asked.answer {
                    Answer::OneOf(options) | Answer::SomeOf(options, _) => options.as_slice(),
                    _ => &[],
                };
                options.iter().map(String::as_str).chain(asked.default.as_deref()).collect()
            }
            Kind::Require(Require { tools, files, folders, hint }) => {
                tools.iter().chain(files).chain(folders).chain(hint).map(String::as_str).collect()
            }
            Kind::Http(http) => {
                let pairs = http.query.iter().chain(&http.headers).chain(&http.form);
                pairs.map(|(_, text)| text.as_str()).chain(http.body.as_deref()).collect()
            }
            Kind::Archive(archive) => archive.texts().collect(),
            Kind::Junit(junit) => junit.files.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        std::iter::once(self.command.as_str()).chain(env).chain(vars).chain(more)
    }

    /// Whether it starts a program, so that it can run beside others.
    pub fn is_process(&self) -> bool {
        matches!(self.kind, Kind::Atmos | Kind::Shell | Kind::Script(_))
    }
}

/// Places of the steps that are headings, in their order.
pub fn stages(steps: &[Step]) -> Vec<Span> {
    let is_stage = |step: &&Step| matches!(&step.kind, Kind::Said(said) if said.form == Form::Stage);
    steps.iter().filter(is_stage).map(|step| step.span).collect()
}

/// Whether some text asks for what another step gave: only then is the output of steps kept.
pub fn uses_results<'a>(steps: &'a [Step], more: impl IntoIterator<Item = &'a str>) -> bool {
    let asks = |text: &str| text.contains("{{") && text.contains("steps");
    let of = |step: &Step| {
        !step.outputs.is_empty() || step.texts().any(asks) || uses_results(&step.children, std::iter::empty())
    };
    steps.iter().any(of) || more.into_iter().any(asks)
}
