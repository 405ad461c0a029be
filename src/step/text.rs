//! Templates of steps: what they see, and what they give.
//!
//! A text is rendered once. What came out of a template, an argument or another step is never read as a template again.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use super::Error;
use super::error::place;
use crate::content::is_made;
use crate::diag::Report;
use crate::host::{Env, Host};
use crate::span::Span;
use crate::stack::Machine;
use crate::template::{FileKind, Functions, Lookup, MissingKey, Options, Problem, Source, Template, Val, World};
use crate::value::{Map, Node};

/// What a step left for those that follow.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Its standard output without the blanks around it.
    pub value: String,
    pub stdout: String,
    pub stderr: String,
    pub code: u8,
    /// Further entries of `.metadata`.
    pub more: Vec<(&'static str, Node)>,
}

/// Gives the document of a component in a stack.
type Components<'a> = dyn Fn(&str, &str) -> Result<Node, Report> + 'a;

/// Renders the texts of one workflow or command.
pub struct Texts<'a> {
    host: &'a Host,
    components: &'a Components<'a>,
    /// What is always there: arguments, flags.
    roots: Map,
    steps: Map,
    /// Variables that only templates see.
    variables: BTreeMap<String, String>,
}

impl std::fmt::Debug for Texts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Texts").field("steps", &self.steps.keys()).finish_non_exhaustive()
    }
}

/// A template, with what it is called in messages and where it stands.
#[derive(Debug, Clone, Copy)]
struct Site<'a> {
    what: &'a str,
    span: Span,
}

impl<'a> Texts<'a> {
    pub fn new(host: &'a Host, components: &'a Components<'a>) -> Texts<'a> {
        Texts { host, components, roots: Map::default(), steps: Map::default(), variables: BTreeMap::new() }
    }

    /// Makes a value known at the top: `{{ .Arguments.x }}`.
    pub fn set(&mut self, root: &str, node: Node) {
        self.roots.insert(Arc::from(root), node);
    }

    /// Makes the values known that a step was made for: `{{ .matrix.axis }}`.
    pub fn set_matrix(&mut self, step: &super::Step) {
        if step.matrix.is_empty() {
            self.roots.shift_remove("matrix");
            return;
        }
        let values = step.matrix.iter().map(|(axis, value)| (Arc::from(axis.as_str()), Node::from(value.as_str())));
        let values = Node::from(values.collect::<Map>());
        self.set("matrix", values);
    }

    /// A variable for templates, which the environment of processes does not have.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// The variables that a step of the type `env` sets; those that it exports come back, for the environment of later
    /// steps.
    ///
    /// # Errors
    /// A variable that cannot be rendered.
    pub fn set_variables(&mut self, step: &super::Step, env: &Env) -> Result<Vec<(String, Option<String>)>, Error> {
        let mut exported = Vec::new();
        for (name, text) in &step.vars {
            let what = format!("the variable `{name}` of the step `{}`", step.name);
            let value = self.render(&what, step.span, text, env)?;
            self.set_variable(name, &value);
            if step.export {
                exported.push((name.clone(), Some(value)));
            }
        }
        Ok(exported)
    }

    /// Keeps what a step left, and evaluates its `outputs`.
    ///
    /// # Errors
    /// A template of `outputs` that cannot be rendered.
    pub fn keep(&mut self, step: &super::Step, outcome: &Outcome, env: &Env) -> Result<(), Error> {
        let metadata = [
            ("stdout", Node::from(outcome.stdout.as_str())),
            ("stderr", Node::from(outcome.stderr.as_str())),
            ("exit_code", Node::from(i64::from(outcome.code))),
        ];
        let mut metadata = map(metadata);
        metadata.extend(outcome.more.iter().map(|(key, node)| (Arc::from(*key), node.clone())));
        let own = [("value", Node::from(outcome.value.as_str())), ("metadata", Node::from(metadata.clone()))];
        let mut entry = metadata;
        entry.extend(map(own));
        let mut outputs = Map::default();
        for (name, text) in &step.outputs {
            let what = format!("the output `{name}` of the step `{}`", step.name);
            let value = self.render_beside(Site { what: &what, span: step.span }, text, env, &entry)?;
            outputs.insert(Arc::from(name.as_str()), Node::from(value));
        }
        entry.insert(Arc::from("outputs"), Node::from(outputs));
        entry.insert(Arc::from("skipped"), Node::from(false));
        self.steps.insert(Arc::from(step.name.as_str()), Node::from(entry));
        Ok(())
    }

    /// The text with its templates rendered. `env` is what `.env` shows.
    ///
    /// # Errors
    /// The text is no template, or names what is not there.
    pub fn render(&self, what: &str, span: Span, text: &str, env: &Env) -> Result<String, Error> {
        self.render_beside(Site { what, span }, text, env, &Map::default())
    }

    fn render_beside(&self, site: Site<'_>, text: &str, env: &Env, beside: &Map) -> Result<String, Error> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        // The text does not stand in its file letter by letter (block scalars), so the place is that of the whole.
        let place = place(&self.host.sources, site.span);
        let failed = |cause| Error::Template { what: site.what.to_owned(), cause, help: self.help(text), place };
        let indexed = self.index_dashes(text);
        let source = Source { functions: Functions::All, ..Source::new("step", &indexed) };
        let options = Options { missing_key: MissingKey::Error, ..Options::default() };
        let mut outside = Outside { machine: Machine(self.host), env, components: self.components, text: &indexed };
        Template::parse(&source)
            .and_then(|template| template.render(Val::from(self.data(env, beside)), &options, &mut outside))
            .map_err(failed)
    }

    fn data(&self, env: &Env, beside: &Map) -> Node {
        let text = |value: &std::ffi::OsStr| Node::from(&*value.to_string_lossy());
        let mut variables: Map =
            self.variables.iter().map(|(name, value)| (Arc::from(name.as_str()), Node::from(value.as_str()))).collect();
        variables.extend(env.iter().map(|(name, value)| (Arc::from(&*name.to_string_lossy()), text(value))));
        let mut data = beside.clone();
        let variables = Node::from(variables);
        data.insert(Arc::from("env"), variables.clone());
        data.insert(Arc::from("Env"), variables);
        data.insert(Arc::from("steps"), Node::from(self.steps.clone()));
        data.extend(self.roots.clone());
        Node::from(data)
    }

    /// `.Flags.my-flag` is no template of Go; here it means the flag of that name.
    fn index_dashes(&self, text: &str) -> String {
        let flags = ["Flags", "flags", "Arguments"].iter().filter_map(|root| self.roots.get(*root));
        let names = flags.filter_map(Node::as_map).flat_map(Map::keys).chain(self.steps.keys());
        let mut names: Vec<String> = names.filter(|name| name.contains('-')).map(|name| regex::escape(name)).collect();
        if names.is_empty() {
            return text.to_owned();
        }
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        let pattern = format!(r"(\$?)\.(Flags|flags|Arguments|steps)\.({})(?P<end>[^\w-]|$)", names.join("|"));
        let Ok(pattern) = Regex::new(&pattern) else { return text.to_owned() };
        // Only inside of actions.
        let mut result = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let end = rest[start..].find("}}").map_or(rest.len(), |end| start + end);
            result.push_str(&rest[..start]);
            result.push_str(&pattern.replace_all(&rest[start..end], r#"(index $1.$2 "$3")${end}"#));
            rest = &rest[end..];
        }
        result + rest
    }

    fn help(&self, text: &str) -> String {
        let mut roots: Vec<&str> = self.roots.keys().map(|key| &**key).chain(["env", "steps"]).collect();
        roots.sort_unstable();
        let shown: Vec<String> = roots.iter().map(|root| format!(".{root}")).collect();
        let first = text.lines().next().unwrap_or_default();
        format!("templates here know {}; the text begins with `{first}`", shown.join(", "))
    }
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Map {
    entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect()
}

/// What the templates of steps reach outside.
struct Outside<'a> {
    machine: Machine<'a>,
    env: &'a Env,
    components: &'a Components<'a>,
    /// The template.
    text: &'a str,
}

impl World for Outside<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.env.get_raw(name).map(|value| value.to_string_lossy().into_owned())
    }

    fn variables(&self) -> Vec<(String, String)> {
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        self.env.iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn now(&self) -> jiff::ZonedDateTime {
        self.machine.now()
    }

    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        self.machine.random(buffer)
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        self.machine.read_file(path)
    }

    fn file_kind(&mut self, path: &str) -> Result<Option<FileKind>, Problem> {
        self.machine.file_kind(path)
    }

    /// Nothing that a step sees is a template.
    fn may_render(&self, text: &str) -> Result<(), Problem> {
        if is_made(text, self.text) {
            return Err(Problem::new("a text that was put together is data and is not rendered")
                .help("write the template into the step and give it the data"));
        }
        Ok(())
    }

    fn read_dir(&mut self, path: &str) -> Result<Vec<String>, Problem> {
        self.machine.read_dir(path)
    }

    fn lookup(&mut self) -> &mut dyn Lookup {
        self
    }
}

impl Lookup for Outside<'_> {
    fn component(&mut self, component: &str, stack: &str) -> Result<Node, Problem> {
        Ok((self.components)(component, stack)?)
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
