//! Steps from a list in a file.

use std::time::Duration;

use super::condition::{Fault, Style};
use super::error::place;
use super::{Condition, Directory, Error, Kind, Retry, Step, special};
use crate::content;
use crate::span::Sources;
use crate::value::{DurationForm, Node, Value, function_text, parse_duration};

/// Kinds of the reference that later versions bring.
const LATER: [&str; 9] = ["cancel", "cast", "container", "emulator", "store", "tflint", "wait", "wait-all", "workdir"];

/// Keys that change what a step does and that are not built.
const NOT_BUILT: [&str; 7] = ["container", "inputs", "artifacts", "preconditions", "background", "for", "dependencies"];

/// Reads a list of steps. A text is the command of a step of the usual kind. `owner` names the whole in messages.
///
/// # Errors
/// A value of a wrong type, or a key that is not built.
pub fn read(list: &Node, usual: &Kind, owner: &str, sources: &Sources) -> Result<Vec<Step>, Error> {
    let Some(nodes) = list.as_list() else {
        if list.is_null() {
            return Ok(Vec::new());
        }
        return Err(wrong(format!("`steps` of {owner}"), "a list", list, sources));
    };
    let names = names(nodes);
    let mut steps = Vec::with_capacity(nodes.len());
    for (node, name) in nodes.iter().zip(names) {
        let step = Reader { owner, sources, name: &name }.step(node, usual)?;
        if let Some(needs) = node.get("needs").filter(|needs| !needs.is_empty()) {
            let what = format!("the step `{name}` of {owner} has `needs`");
            let problem = "steps that are not below a step of the type parallel run in their order anyway".to_owned();
            let (help, place) =
                ("leave it out, or put the steps below a step of the type parallel", place(sources, needs.span));
            return Err(Error::Children { what, problem, help, place });
        }
        steps.push(step);
    }
    if let Some(step) = steps.iter().rev().skip(1).find(|step| step.kind == Kind::Exec) {
        return Err(Error::ExecNotLast { step: step.name.clone(), place: place(sources, step.span) });
    }
    Ok(steps)
}

/// What is wrong with the steps of a list, each for itself; where that is nothing, what is wrong with them as a whole.
pub fn faults(list: &Node, usual: &Kind, owner: &str, sources: &Sources) -> Vec<Error> {
    let nodes = list.as_list().unwrap_or_default();
    let names = names(nodes);
    let own = nodes.iter().zip(&names);
    let mut found: Vec<Error> =
        own.filter_map(|(node, name)| Reader { owner, sources, name }.step(node, usual).err()).collect();
    if found.is_empty() {
        found.extend(read(list, usual, owner, sources).err());
    }
    found
}

/// The steps of a list that can be read, whatever is wrong with the others.
pub fn readable(list: &Node, usual: &Kind, owner: &str, sources: &Sources) -> Vec<Step> {
    let nodes = list.as_list().unwrap_or_default();
    let names = names(nodes);
    let own = nodes.iter().zip(&names);
    own.filter_map(|(node, name)| Reader { owner, sources, name }.step(node, usual).ok()).collect()
}

/// Steps without a name are called by their number; results go by name, so no two are called the same by that.
pub(super) fn names(nodes: &[Node]) -> Vec<String> {
    let written = |node: &Node| node.get("name").and_then(Node::scalar_text).filter(|name| !name.is_empty());
    let mut used: Vec<String> = nodes.iter().filter_map(written).collect();
    let mut names = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        names.push(written(node).unwrap_or_else(|| {
            let mut name = format!("step{}", index + 1);
            while used.contains(&name) {
                name.push('_');
            }
            used.push(name.clone());
            name
        }));
    }
    names
}

/// A scalar or a function as text.
pub fn text_of(node: &Node) -> Option<String> {
    match &node.value {
        Value::Function(function) => Some(function_text(function)),
        _ => node.scalar_text(),
    }
}

/// The same of a text that is rendered: of what was read (a variable, what a command printed) it is a template that gives
/// just that.
pub fn template_of(node: &Node) -> Option<String> {
    let text = text_of(node)?;
    Some(if node.span.is_data() { content::verbatim(&text) } else { text })
}

/// A map of variables; null unsets one.
///
/// # Errors
/// It is no map, or a value is a list or a map.
pub fn entries(node: &Node, what: &str, sources: &Sources) -> Result<Vec<(String, Option<String>)>, Error> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    let map = node.as_map().ok_or_else(|| wrong(what.to_owned(), "a map", node, sources))?;
    let entry = |(name, value): (&std::sync::Arc<str>, &Node)| match template_of(value) {
        Some(text) => Ok((name.to_string(), Some(text))),
        None if value.is_null() => Ok((name.to_string(), None)),
        None => Err(wrong(format!("`{name}` in {what}"), "a text", value, sources)),
    };
    map.iter().map(entry).collect()
}

/// `working_directory`; blank counts as missing.
///
/// # Errors
/// It is no text, and no function that is known here.
pub fn directory(node: Option<&Node>, owner: &str, sources: &Sources) -> Result<Option<Directory>, Error> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Ok(None) };
    if let Value::Function(function) = &node.value {
        if &*function.tag == "!repo-root" {
            return Ok(Some(Directory::RepositoryRoot));
        }
        let expected = "a path or !repo-root".to_owned();
        let (what, value) = (format!("`working_directory` of {owner}"), function_text(function));
        return Err(Error::Value { what, value, expected, place: place(sources, node.span) });
    }
    let Some(text) = node.scalar_text() else {
        return Err(wrong(format!("`working_directory` of {owner}"), "a path", node, sources));
    };
    let text = text.trim();
    Ok(match text {
        "" => None,
        "!repo-root" => Some(Directory::RepositoryRoot),
        path => Some(Directory::Path(path.to_owned())),
    })
}

pub(super) fn wrong(what: String, expected: &'static str, node: &Node, sources: &Sources) -> Error {
    let found = match node.value.type_name() {
        "list" if node.is_empty() => "list without anything in it",
        "map" if node.is_empty() => "map without anything in it",
        other => other,
    };
    Error::Type { what, expected, found, place: place(sources, node.span) }
}

/// One step at work.
pub(super) struct Reader<'a> {
    pub owner: &'a str,
    pub sources: &'a Sources,
    pub name: &'a str,
}

impl Reader<'_> {
    pub(super) fn what(&self, key: &str) -> String {
        format!("`{key}` of the step `{}` of {}", self.name, self.owner)
    }

    pub(super) fn step(&self, node: &Node, usual: &Kind) -> Result<Step, Error> {
        if let Some(command) = template_of(node) {
            return self.with_work(self.plain(&command, usual.clone(), node), node);
        }
        if node.as_map().is_none() {
            let what = format!("the step `{}` of {}", self.name, self.owner);
            return Err(wrong(what, "a map or a text", node, self.sources));
        }
        self.check_built(node)?;
        let kind = match self.text(node, "type")?.as_deref().map(str::trim).filter(|kind| !kind.is_empty()) {
            None => usual.clone(),
            Some("atmos") => Kind::Atmos,
            Some("shell") => Kind::Shell,
            Some("exec") => Kind::Exec,
            Some("env") => Kind::Env,
            Some(other) if let Some(kind) = self.special(node, other)? => kind,
            Some(other) if LATER.contains(&other) => Kind::NotBuilt(other.to_owned()),
            Some(other) => Kind::Unknown(other.to_owned()),
        };
        let command = self.text(node, special::text_key(&kind))?.unwrap_or_default();
        let mut step = self.plain(&command, kind, node);
        if matches!(step.kind, Kind::Script(_) | Kind::Said(_)) {
            // Blanks at its beginning may matter.
            command.clone_into(&mut step.command);
        }
        step.children = self.children(node, &step.kind, usual)?;
        step.vars = self.texts(node, "vars")?;
        step.outputs = self.texts(node, "outputs")?;
        step.export = node.get("export").and_then(Node::as_bool) != Some(false);
        step.stack = self.filled(node, "stack")?;
        step.identity = self.filled(node, "identity")?;
        let owner = format!("the step `{}` of {}", self.name, self.owner);
        step.working_directory = directory(node.get("working_directory"), &owner, self.sources)?;
        step.env = match node.get("env") {
            Some(env) => entries(env, &self.what("env"), self.sources)?,
            None => Vec::new(),
        };
        step.retry =
            node.get("retry").map(|retry| Retry::read(retry, &self.what("retry"), self.sources)).transpose()?.flatten();
        step.when = self.condition(node, "when", Condition::of(true))?;
        step.forgiven = self.condition(node, "continue", Condition::always())?;
        step.timeout = self.timeout(node)?;
        self.with_work(step, node)
    }

    /// A step that has nothing to do is a mistake: it would seem to have done it.
    fn with_work(&self, step: Step, node: &Node) -> Result<Step, Error> {
        match step.kind {
            Kind::Atmos | Kind::Shell | Kind::Exec if step.command.is_empty() => Err(self.missing("command", node)),
            Kind::Env if step.vars.is_empty() => Err(self.missing("vars", node)),
            _ => Ok(step),
        }
    }

    fn plain(&self, command: &str, kind: Kind, node: &Node) -> Step {
        Step {
            name: self.name.to_owned(),
            kind,
            command: command.trim().to_owned(),
            vars: Vec::new(),
            export: true,
            stack: None,
            working_directory: None,
            env: Vec::new(),
            identity: None,
            retry: None,
            when: Condition::default(),
            forgiven: Condition::default(),
            outputs: Vec::new(),
            timeout: None,
            children: Vec::new(),
            needs: Vec::new(),
            matrix: Vec::new(),
            span: node.span,
        }
    }

    /// The time that a step may take; zero is no limit.
    fn timeout(&self, node: &Node) -> Result<Option<Duration>, Error> {
        let Some(value) = node.get("timeout").filter(|value| !value.is_empty()) else { return Ok(None) };
        let text = text_of(value).unwrap_or_default();
        let read = parse_duration(text.trim(), DurationForm::DaysAndSeconds);
        let read = read.ok_or_else(|| Error::Value {
            what: self.what("timeout"),
            value: text,
            expected: "a duration such as 30s, 10m or 1h".to_owned(),
            place: place(self.sources, value.span),
        })?;
        Ok(Some(read).filter(|duration| !duration.is_zero()))
    }

    /// What would change the step is an error, never passed over.
    fn check_built(&self, node: &Node) -> Result<(), Error> {
        let written =
            |key: &&str| node.get(key).is_some_and(|value| !value.is_empty() && value.as_bool() != Some(false));
        match NOT_BUILT.iter().find(|key| written(key)) {
            None => Ok(()),
            Some(key) => {
                let span = node.get(key).map_or(node.span, |value| value.span);
                Err(self.not_built(key, place(self.sources, span)))
            }
        }
    }

    fn not_built(&self, key: &str, place: String) -> Error {
        let owner = format!("the step `{}` of {}", self.name, self.owner);
        Error::NotBuilt { what: key.to_owned(), owner, place, help: "leave it out, or use the reference".to_owned() }
    }

    pub(super) fn text(&self, node: &Node, key: &str) -> Result<Option<String>, Error> {
        let Some(value) = node.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
        template_of(value).map(Some).ok_or_else(|| wrong(self.what(key), "a text", value, self.sources))
    }

    pub(super) fn filled(&self, node: &Node, key: &str) -> Result<Option<String>, Error> {
        let text = self.text(node, key)?;
        Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    pub(super) fn texts(&self, node: &Node, key: &str) -> Result<Vec<(String, String)>, Error> {
        let Some(value) = node.get(key) else { return Ok(Vec::new()) };
        let entries = entries(value, &self.what(key), self.sources)?;
        Ok(entries.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect())
    }

    fn condition(&self, node: &Node, key: &str, on: Condition) -> Result<Condition, Error> {
        let Some(value) = node.get(key).filter(|value| !value.is_null()) else { return Ok(Condition::default()) };
        if let Some(flag) = value.as_bool() {
            return Ok(if flag { on } else { Condition::of(false) });
        }
        Condition::read(value, Style::Step).map_err(|Fault { node: part, problem }| match problem {
            None => wrong(self.what(key), "a word or an expression", &part, self.sources),
            Some(problem) => Error::Value {
                what: self.what(key),
                value: text_of(&part).unwrap_or_default(),
                expected: format!("one of {}, or an expression ({problem})", Condition::WORDS.join(", ")),
                place: place(self.sources, part.span),
            },
        })
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
pub(super) mod tests;
