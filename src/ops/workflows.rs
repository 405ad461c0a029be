//! The files of workflows: which there are, and what stands in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;

use super::App;
use crate::diag::{Failure, Result, Warning};
use crate::value::{Map, Node};
use crate::yaml;

/// What keeps workflows from being described.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Error {
    #[error("the base path of workflows is not configured")]
    #[diagnostic(code(atmos::workflow::base_path), help("set `workflows.base_path` in atmos.yaml"))]
    BasePath,

    #[error("workflow directory does not exist: '{path}'")]
    #[diagnostic(code(atmos::workflow::directory), help("create it, or correct `workflows.base_path` in atmos.yaml"))]
    Directory { path: String },

    #[error("invalid workflow file extension: '{path}'")]
    #[diagnostic(code(atmos::workflow::extension), help("files of workflows end in .yaml or .yml"))]
    Extension { path: String },

    #[error("workflow file not found: '{path}'")]
    #[diagnostic(code(atmos::workflow::file_not_found), help("`atmos list workflows` shows the files there are"))]
    File { path: String },

    #[error("the workflow file '{path}' cannot be used: {cause}")]
    #[diagnostic(code(atmos::workflow::file), help("correct the file"))]
    Unusable { path: String, cause: String },

    #[error("the file has no `workflows:` key, and is passed over")]
    #[diagnostic(code(atmos::workflow::passed_over), help("put the workflows below a top-level `workflows:` key"))]
    NoWorkflows,

    #[error("invalid output type specified. Valid values are 'list', 'map', and 'all'")]
    #[diagnostic(code(atmos::workflow::output), help("`{output}` is none of them; the flag is `-o` or `--output`"))]
    Output { output: String },
}

impl Failure for Error {}

/// One file with workflows.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Path below the directory of workflows.
    pub name: String,
    pub document: Node,
}

impl Manifest {
    /// The workflows, sorted by name.
    pub fn workflows(&self) -> Vec<(&Arc<str>, &Node)> {
        let mut found: Vec<_> = self.document.get("workflows").and_then(Node::as_map).into_iter().flatten().collect();
        found.sort_by(|left, right| left.0.cmp(right.0));
        found
    }
}

/// Whether the configuration says where workflows lie.
pub fn is_configured(app: &App) -> bool {
    !app.config.workflows.base_path_setting.is_empty()
}

/// The files in the directory of workflows that have workflows, sorted by path. Others are passed over with a warning.
///
/// # Errors
/// [`Error::BasePath`] and [`Error::Directory`].
pub fn files(app: &App) -> Result<Vec<Manifest>, Error> {
    let settings = &app.config.workflows;
    let mut found = Vec::new();
    for path in paths(app)? {
        let name = path.strip_prefix(&settings.base_path).unwrap_or(&path).to_string_lossy().into_owned();
        let skip = |why: &str| {
            let message = format!("the workflow file '{name}' is passed over: {why}");
            app.host.talk.warn(Warning::new("atmos::workflow::passed_over", message));
        };
        match read(app, &path) {
            Err(cause) => skip(&cause),
            Ok(document) if document.get("workflows").and_then(Node::as_map).is_none() => {
                skip("it has no `workflows:` key");
            }
            Ok(document) => found.push(Manifest { name, document }),
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

/// Every YAML file in the directory of workflows, sorted by path.
///
/// # Errors
/// [`Error::BasePath`] and [`Error::Directory`].
pub fn paths(app: &App) -> Result<Vec<PathBuf>, Error> {
    let settings = &app.config.workflows;
    if !is_configured(app) {
        return Err(Error::BasePath);
    }
    if !settings.base_path.is_dir() {
        return Err(Error::Directory { path: settings.base_path.display().to_string() });
    }
    let mut found = below(&settings.base_path);
    found.sort();
    Ok(found)
}

/// One file, by its path below the working directory.
///
/// # Errors
/// It is no YAML, does not exist, or cannot be used.
pub fn file(app: &App, file: &Path) -> Result<Manifest, Error> {
    let name = crate::host::fs::clean(file).display().to_string();
    if !is_yaml(file) {
        return Err(Error::Extension { path: name });
    }
    let path = app.host.absolute(file);
    if !path.exists() {
        return Err(Error::File { path: name });
    }
    let document = read(app, &path).map_err(|cause| Error::Unusable { path: name.clone(), cause })?;
    Ok(Manifest { name, document })
}

/// Which form `describe workflows` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// File and name of each workflow.
    List,
    /// The names by file.
    Map,
    /// The whole files.
    All,
}

impl std::str::FromStr for Output {
    type Err = Error;

    fn from_str(text: &str) -> Result<Output, Error> {
        match text {
            "list" => Ok(Output::List),
            "map" => Ok(Output::Map),
            "all" => Ok(Output::All),
            _ => Err(Error::Output { output: text.to_owned() }),
        }
    }
}

/// What `describe workflows` shows.
///
/// # Errors
/// Those of [`files`].
pub fn describe(app: &App, output: Output) -> Result<Node, Error> {
    let files = files(app)?;
    let by_file = |content: &dyn Fn(&Manifest) -> Node| {
        Node::from(files.iter().map(|file| (Arc::from(file.name.as_str()), content(file))).collect::<Map>())
    };
    Ok(match output {
        Output::List => {
            let item = |file: &str, name: &Arc<str>| {
                Node::from(Map::from_iter([
                    (Arc::from("file"), Node::from(file)),
                    (Arc::from("workflow"), Node::from(&**name)),
                ]))
            };
            let items =
                files.iter().flat_map(|file| file.workflows().into_iter().map(|(name, _)| item(&file.name, name)));
            Node::from(items.collect::<Vec<_>>())
        }
        Output::Map => by_file(&|file| {
            Node::from(file.workflows().into_iter().map(|(name, _)| Node::from(&**name)).collect::<Vec<_>>())
        }),
        Output::All => by_file(&with_step_names),
    })
}

/// The file with a name for each step that has none. What is null says nothing and is left out.
fn with_step_names(file: &Manifest) -> Node {
    let mut document = without_nulls(&file.document);
    if let Some(workflows) = document.make_map().get_mut("workflows") {
        for workflow in
            workflows.make_map().values_mut().filter(|workflow| workflow.as_map().is_some() || workflow.is_null())
        {
            let map = workflow.make_map();
            map.retain(|_, value| !value.is_null());
            let steps = map.get("steps").map_or_else(|| Node::from(Vec::new()), |steps| named(steps, ""));
            map.insert(Arc::from("steps"), steps);
        }
    }
    document
}

/// The map without the keys whose value is null.
fn without_nulls(node: &Node) -> Node {
    let entries = node.as_map().into_iter().flatten().filter(|(_, value)| !value.is_null());
    Node::from(entries.map(|(key, value)| (key.clone(), value.clone())).collect::<Map>())
}

/// Steps in steps are named after the one that holds them.
fn named(steps: &Node, parent: &str) -> Node {
    let Some(list) = steps.as_list() else { return steps.clone() };
    let step = |(index, step): (usize, &Node)| {
        if step.as_map().is_none() {
            return step.clone();
        }
        let usual =
            if parent.is_empty() { format!("step{}", index + 1) } else { format!("{parent}_step{}", index + 1) };
        let name = step.get("name").and_then(Node::scalar_text).filter(|name| !name.is_empty()).unwrap_or(usual);
        let mut step = without_nulls(step);
        let map = step.make_map();
        map.insert(Arc::from("name"), Node::from(name.as_str()));
        if let Some(inner) = map.get_mut("steps") {
            *inner = named(inner, &name);
        }
        step
    };
    Node::from(list.iter().filter(|step| !step.is_null()).enumerate().map(step).collect::<Vec<_>>())
}

fn read(app: &App, path: &Path) -> Result<Node, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    yaml::parse(&app.host.sources, path, &app.host.cwd, Arc::from(text)).map_err(|error| error.to_string())
}

/// Every YAML file below a directory. Links to directories are not followed: they may lead in circles.
fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                _ if is_yaml(&path) => found.push(path),
                _ => {}
            }
        }
    }
    found
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}
