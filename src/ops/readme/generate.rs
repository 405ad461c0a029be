//! From an entry of `docs.generate` to a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;

use super::module_tables::tables;
use crate::content::Names;
use crate::diag::{Failure, Report, Result, Warning, nearest};
use crate::host::fs;
use crate::merge::merge_into;
use crate::ops::App;
use crate::resolve::describe_module;
use crate::stack::Machine;
use crate::template::{FileKind, Functions, Lookup, MissingKey, Options, Problem, Source, Template, Val, World};
use crate::value::{Map, Node};
use crate::yaml;

#[derive(Debug, thiserror::Error, Diagnostic)]
enum Error {
    #[error("`docs.generate` of atmos.yaml has no entry `{name}`")]
    #[diagnostic(code(atmos::docs::entry), help("{help}"))]
    Entry { name: String, help: String },

    #[error("`docs.generate.{name}.{key}` must be {expected}")]
    #[diagnostic(code(atmos::docs::setting), help("correct it in atmos.yaml"))]
    Setting { name: String, key: &'static str, expected: &'static str },

    #[error("cannot {act} {path}: {cause}")]
    #[diagnostic(
        code(atmos::docs::file),
        help("the paths of `docs.generate` begin at its base-dir, those with ./ here")
    )]
    File { act: &'static str, path: String, cause: std::io::Error },

    #[error("the template {path} cannot be rendered")]
    #[diagnostic(code(atmos::docs::template), help("the data is in `ds \"config\"`"))]
    Template {
        path: String,
        #[source]
        cause: crate::template::Error,
    },
}

impl Failure for Error {}

/// Settings that the reference reads and does not heed; files that are checked in must not change by that.
const SHOWN: [&str; 3] = ["show_providers", "show_inputs", "show_outputs"];

/// Where no template is named.
const TEMPLATE: &str = "# {{ index (ds \"config\") \"name\" | default \"Project\" }}\n\n\
    {{ index (ds \"config\") \"description\" | default \"No description.\" }}\n\n\
    {{ index (ds \"config\") \"terraform_docs\" | default \"\" }}";

/// Writes the document of an entry and returns its path.
///
/// # Errors
/// No such entry, data that cannot be had, a template that cannot be rendered.
pub fn generate(app: &App, name: &str) -> Result<PathBuf> {
    let entries = app.config.document.get_path(["docs", "generate"]);
    let entry = entries.and_then(|entries| entries.get(name)).ok_or_else(|| unknown(entries, name))?;
    let text = |key: &str| entry.get(key).and_then(Node::scalar_text).filter(|text| !text.is_empty());
    let base = fs::clean(&app.host.cwd.join(text("base-dir").unwrap_or_default()));
    let place = Place { app, base: &base, name };
    let mut data = place.data(entry.get("input"))?;
    let tables = place.module(entry.get("terraform"))?;
    data.make_map().insert(Arc::from("terraform_docs"), Node::from(tables));
    let (shown, template) = match text("template") {
        Some(path) => (path.clone(), place.read(&path)?),
        None => ("of its own".to_owned(), TEMPLATE.to_owned()),
    };
    let rendered = place.render(&shown, &template, data)?;
    let output = place.path(&text("output").unwrap_or_else(|| "./README.md".to_owned()));
    fs::write_named(&output, rendered.as_bytes(), 0o644).map_err(|cause| failed("write", &output, cause))?;
    Ok(output)
}

fn unknown(entries: Option<&Node>, name: &str) -> Error {
    let known: Vec<&str> = entries.and_then(Node::as_map).into_iter().flatten().map(|(key, _)| &**key).collect();
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "an entry has `input`, `template` and `output`".to_owned(),
        None => format!("there is: {}", known.join(", ")),
    };
    Error::Entry { name: name.to_owned(), help }
}

fn failed(act: &'static str, path: &Path, cause: std::io::Error) -> Error {
    Error::File { act, path: path.display().to_string(), cause }
}

/// An entry at its place.
struct Place<'a> {
    app: &'a App,
    base: &'a Path,
    name: &'a str,
}

impl Place<'_> {
    fn setting(&self, key: &'static str, expected: &'static str) -> Error {
        Error::Setting { name: self.name.to_owned(), key, expected }
    }

    /// Paths with dots before them begin here, others at the base.
    fn path(&self, text: &str) -> PathBuf {
        let dotted = text.starts_with("./") || text.starts_with("../");
        fs::clean(&if dotted { self.app.host.cwd.join(text) } else { self.base.join(text) })
    }

    /// The text of a file here, or of one that is fetched.
    fn read(&self, text: &str) -> Result<String> {
        let remote =
            ["http://", "https://", "git::", "github.com/", "git@"].iter().any(|start| text.starts_with(start));
        let path = if remote {
            let config = &self.app.config;
            let found = config.fetcher.resolve(&self.app.host, &config.remote, text, None)?;
            found.files.first().map(|file| file.path.clone()).unwrap_or_default()
        } else {
            self.path(text)
        };
        Ok(std::fs::read_to_string(&path).map_err(|cause| failed("read", &path, cause))?)
    }

    /// All inputs merged, later ones over earlier ones.
    fn data(&self, inputs: Option<&Node>) -> Result<Node> {
        let mut data = Node::empty_map();
        let Some(inputs) = inputs.filter(|inputs| !inputs.is_null()) else { return Ok(data) };
        let inputs = inputs.as_list().ok_or_else(|| self.setting("input", "a list of files and maps"))?;
        for input in inputs {
            let node = match input.scalar_text() {
                Some(path) => {
                    let text = self.read(&path)?;
                    yaml::parse(&self.app.host.sources, &self.path(&path), &self.app.host.cwd, text.into())?
                }
                None if input.as_map().is_some() => input.clone(),
                None => return Err(self.setting("input", "a list of files and maps").into()),
            };
            if !node.is_null() {
                merge_into(&mut data, &node, self.app.config.settings.list_merge_strategy);
            }
        }
        Ok(data)
    }

    /// The tables of the module, where they are wanted.
    fn module(&self, section: Option<&Node>) -> Result<String> {
        let flag = |key: &str| section.and_then(|section| section.get(key)).and_then(Node::as_bool);
        if flag("enabled") != Some(true) {
            return Ok(String::new());
        }
        if let Some(key) = SHOWN.into_iter().find(|key| flag(key) == Some(false)) {
            let message =
                format!("`terraform.{key}` of docs.generate.{} has no effect: every part is shown", self.name);
            self.app.host.talk.warn(Warning::new("atmos::docs::no_effect", message));
        }
        let source = section.and_then(|section| section.get("source")).and_then(Node::scalar_text).unwrap_or_default();
        let folder = fs::clean(&self.base.join(source));
        let described = describe_module(&folder, Names::Json)?;
        Ok(if described.is_null() { String::new() } else { tables(&described) })
    }

    fn render(&self, path: &str, text: &str, data: Node) -> Result<String> {
        let source = Source { functions: Functions::Gomplate, ..Source::new("document", text) };
        let options = Options { missing_key: MissingKey::Zero, ..Options::default() };
        let variables = self.app.host.env.iter();
        let variables =
            variables.map(|(name, value)| (Arc::from(&*name.to_string_lossy()), Node::from(&*value.to_string_lossy())));
        let root = Node::from(Map::from_iter([(Arc::from("Env"), Node::from(variables.collect::<Map>()))]));
        let mut outside = Outside { machine: Machine(&self.app.host), app: self.app, data };
        let rendered =
            Template::parse(&source).and_then(|template| template.render(Val::from(root), &options, &mut outside));
        Ok(rendered.map_err(|cause| Error::Template { path: path.to_owned(), cause })?)
    }
}

/// What the template reaches: the machine, and its data.
struct Outside<'a> {
    machine: Machine<'a>,
    app: &'a App,
    data: Node,
}

impl World for Outside<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.app.host.env.get(name).map(str::to_owned)
    }

    fn variables(&self) -> Vec<(String, String)> {
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        self.app.host.env.iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn now(&self) -> jiff::ZonedDateTime {
        self.machine.now()
    }

    fn random(&mut self, buffer: &mut [u8]) -> std::result::Result<(), Problem> {
        self.machine.random(buffer)
    }

    fn read_file(&mut self, path: &str) -> std::result::Result<Vec<u8>, Problem> {
        self.machine.read_file(path)
    }

    fn file_kind(&mut self, path: &str) -> std::result::Result<Option<FileKind>, Problem> {
        self.machine.file_kind(path)
    }

    fn read_dir(&mut self, path: &str) -> std::result::Result<Vec<String>, Problem> {
        self.machine.read_dir(path)
    }

    fn lookup(&mut self) -> &mut dyn Lookup {
        self
    }
}

impl Lookup for Outside<'_> {
    fn data(&mut self, alias: &str, _arguments: &[Val]) -> std::result::Result<Node, Problem> {
        match alias {
            "config" => Ok(self.data.clone()),
            other => Err(Problem::from(Report::from(Alias { alias: other.to_owned() }))),
        }
    }
}

#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("there is no data source `{alias}`")]
#[diagnostic(code(atmos::docs::data_source), help("the data of a document is `config`"))]
struct Alias {
    alias: String,
}

impl Failure for Alias {}
