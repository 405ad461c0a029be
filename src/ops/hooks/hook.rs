//! One hook, read from its section.

use super::error::Error;
use super::event::Event;
use super::report::Report;
use crate::component::Instance;
use crate::diag::nearest;
use crate::span::{Sources, Span};
use crate::step::{self, Condition, Fault, Step, Style, text_of};
use crate::value::Node;

/// What a hook does.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Command(Command),
    Store(Store),
    Steps(Steps),
    Git(Publish),
    Migrate(Migrate),
    /// Of no use outside of the commercial service; the reference does nothing, too.
    Nothing,
}

/// A program that is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub program: String,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// What is shown of what the program leaves in its output file.
    pub report: Option<Report>,
    /// The program has no flag for its output file: what it prints goes there.
    pub prints: bool,
}

/// Steps as a workflow has them.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    pub list: Vec<Step>,
    pub env: Vec<(String, String)>,
}

/// What is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publish {
    /// One of `git.repositories`; without it the one around the component.
    pub repository: Option<String>,
    pub message: Option<String>,
    /// Without any, what is staged already.
    pub paths: Vec<String>,
    pub push: bool,
}

/// A migration of the state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Migrate {
    /// `dynamic`, which is meant without one, `plan` or `apply`.
    pub mode: String,
    pub file: Option<String>,
    pub config: Option<String>,
    pub backend_config: Vec<String>,
}

/// Values that go into a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Store {
    pub name: String,
    /// Key in the store, and the output (with a dot in front) or the value itself.
    pub outputs: Vec<(String, String)>,
}

/// What becomes of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    Warn,
    Fail,
    Ignore,
}

#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub name: String,
    pub kind: Kind,
    pub when: Condition,
    pub on_failure: OnFailure,
    pub span: Span,
    events: Option<Vec<String>>,
}

const BUILT: [&str; 11] =
    ["command", "store", "git", "step", "steps", "infracost", "trivy", "checkov", "kics", "tflint", "tfmigrate"];

/// Programs that look at the component, each with its usual arguments and how its output is read.
fn scanner(kind: &str) -> Option<(&'static str, Report)> {
    let findings = |file: Option<&str>| Report::Findings { file: file.map(str::to_owned) };
    Some(match kind {
        "infracost" => (
            "breakdown --path $ATMOS_COMPONENT_PATH --format json --out-file $ATMOS_OUTPUT_FILE --no-color",
            Report::Cost,
        ),
        "trivy" => ("config --format sarif --output $ATMOS_OUTPUT_FILE --quiet $ATMOS_COMPONENT_PATH", findings(None)),
        "checkov" => (
            "-d $ATMOS_COMPONENT_PATH -o sarif --output-file-path $ATMOS_OUTPUT_DIR --quiet --soft-fail --skip-path \
             providers_override.tf.json",
            findings(Some("results_sarif.sarif")),
        ),
        "kics" => (
            "scan -p $ATMOS_COMPONENT_PATH -o $ATMOS_OUTPUT_DIR --report-formats sarif --no-progress",
            findings(Some("results.sarif")),
        ),
        "tflint" => ("--format=sarif --chdir=$ATMOS_COMPONENT_PATH", findings(None)),
        _ => return None,
    })
}

/// What the events of a hook are, before anything else of it is looked at.
pub(super) fn events(node: &Node) -> Option<Vec<String>> {
    let events = node.get("events").filter(|events| !events.is_empty())?;
    let list = events.as_list().unwrap_or(std::slice::from_ref(events));
    Some(list.iter().filter_map(text_of).collect())
}

/// Whether a hook with these events runs at this one.
pub(super) fn concerns(events: Option<&[String]>, event: Event<'_>) -> bool {
    event.exists()
        && match events {
            None => event.is_usual(),
            Some(names) => names.iter().any(|name| event.is_named(name)),
        }
}

impl Hook {
    pub(super) fn concerns(&self, event: Event<'_>) -> bool {
        concerns(self.events.as_deref(), event)
    }

    /// Reads a hook of the instance.
    ///
    /// # Errors
    /// A kind or a value that is none.
    pub(super) fn read(name: &str, node: &Node, instance: &Instance, sources: &Sources) -> Result<Hook, Error> {
        Reader { name, node, instance, sources }.hook()
    }
}

struct Reader<'a> {
    name: &'a str,
    node: &'a Node,
    instance: &'a Instance,
    sources: &'a Sources,
}

impl Reader<'_> {
    fn hook(&self) -> Result<Hook, Error> {
        if self.node.as_map().is_none() {
            return Err(self.invalid(self.node, "it is no map", "a hook has `events`, `kind` and what its kind needs"));
        }
        let (kind, program) = match (self.text("kind")?, self.text("command")?) {
            (None, None) => return Err(self.invalid(self.node, "it has no `kind`", "say `kind: command` or `store`")),
            // The older spelling: `command` names the kind.
            (None, Some(kind)) => (kind, None),
            (Some(kind), program) => (kind, program),
        };
        let usual =
            if matches!(kind.as_str(), "store" | "git" | "tfmigrate") { OnFailure::Fail } else { OnFailure::Warn };
        let kind = match kind.as_str() {
            "command" => Kind::Command(self.command(program)?),
            tool if scanner(tool).is_some() => Kind::Command(self.scanner(tool, program)?),
            "store" => Kind::Store(self.store()?),
            "git" => Kind::Git(self.publish()?),
            "tfmigrate" => Kind::Migrate(self.migrate()?),
            "step" => Kind::Steps(self.step()?),
            "steps" => Kind::Steps(self.steps()?),
            other if other.starts_with("ci.") => Kind::Nothing,
            other => return Err(self.unknown(other)),
        };
        Ok(Hook {
            name: self.name.to_owned(),
            kind,
            when: self.when()?,
            on_failure: self.on_failure(usual)?,
            span: self.node.span,
            events: events(self.node),
        })
    }

    fn command(&self, program: Option<String>) -> Result<Command, Error> {
        let program = program.ok_or_else(|| self.invalid(self.node, "it has no `command`", "name a program"))?;
        Ok(Command { program, args: self.args()?, env: self.texts("env")?, report: self.report()?, prints: false })
    }

    /// A program that is known; what the hook says goes before its usual words.
    fn scanner(&self, tool: &str, program: Option<String>) -> Result<Command, Error> {
        let Some((usual, report)) = scanner(tool) else { return Err(self.unknown(tool)) };
        let mut args = self.args()?;
        if args.is_empty() {
            args = usual.split_whitespace().map(str::to_owned).collect();
        }
        let program = program.unwrap_or_else(|| tool.to_owned());
        Ok(Command { program, args, env: self.texts("env")?, report: Some(report), prints: tool == "tflint" })
    }

    fn report(&self) -> Result<Option<Report>, Error> {
        match self.text("format")?.as_deref() {
            None => Ok(None),
            Some("markdown") => Ok(Some(Report::Text)),
            Some("sarif") => Ok(Some(Report::Findings { file: self.text("results")? })),
            Some(other) => {
                let node = self.node.get("format").unwrap_or(self.node);
                Err(self.invalid(node, &format!("`format: {other}` is none"), "valid are markdown, sarif"))
            }
        }
    }

    fn migrate(&self) -> Result<Migrate, Error> {
        Ok(Migrate {
            mode: self.text("mode")?.unwrap_or_default(),
            file: self.text("migration")?,
            config: self.text("config")?,
            backend_config: self.list_of_texts("backend_config")?,
        })
    }

    fn args(&self) -> Result<Vec<String>, Error> {
        self.list_of_texts("args")
    }

    fn list_of_texts(&self, key: &str) -> Result<Vec<String>, Error> {
        Ok(match self.node.get(key).filter(|args| !args.is_null()) {
            None => Vec::new(),
            Some(args) => {
                let reason = format!("`{key}` must be a list of texts");
                let wrong = || self.invalid(args, &reason, &format!("write `{key}: [one, two]`"));
                let texts: Option<Vec<String>> = args.as_list().ok_or_else(wrong)?.iter().map(text_of).collect();
                texts.ok_or_else(wrong)?
            }
        })
    }

    fn publish(&self) -> Result<Publish, Error> {
        let commit = self.node.get("commit").filter(|commit| !commit.is_null());
        if let Some(commit) = commit.filter(|commit| commit.as_map().is_none()) {
            return Err(self.invalid(commit, "`commit` must be a map", "write `commit: {message: …, paths: […]}`"));
        }
        let part = |key: &str| commit.and_then(|commit| commit.get(key)).filter(|node| !node.is_empty());
        let wrong = |node: &Node, key: &str| {
            self.invalid(
                node,
                &format!("`commit.{key}` must be a text or a list of texts"),
                "write `paths: [one, two]`",
            )
        };
        let mut paths = Vec::new();
        if let Some(node) = part("paths") {
            for item in node.as_list().unwrap_or(std::slice::from_ref(node)) {
                paths.push(text_of(item).ok_or_else(|| wrong(item, "paths"))?);
            }
        }
        let message = part("message").map(|node| text_of(node).ok_or_else(|| wrong(node, "message"))).transpose()?;
        let push = self.node.get("push").and_then(Node::as_bool).unwrap_or_default();
        Ok(Publish { repository: self.text("repository")?, message, paths, push })
    }

    /// `type` names the step, `with` is the rest of it.
    fn step(&self) -> Result<Steps, Error> {
        let Some(kind) = self.text("type")? else {
            return Err(self.invalid(self.node, "it has no `type`", "say which step it is, such as `type: shell`"));
        };
        let empty = Node::empty_map();
        let with = self.node.get("with").filter(|with| !with.is_null()).unwrap_or(&empty);
        let Some(map) = with.as_map() else {
            return Err(self.invalid(with, "`with` must be a map", "the keys of the step stand there"));
        };
        let mut map = map.clone();
        map.insert("type".into(), Node::from(kind));
        if let Some(retry) = self.node.get("retry") {
            map.insert("retry".into(), retry.clone());
        }
        self.list(&Node::from(vec![Node::new(Node::from(map).value, with.span)]))
    }

    fn steps(&self) -> Result<Steps, Error> {
        if let Some(retry) = self.node.get("retry").filter(|retry| !retry.is_empty()) {
            return Err(self.not_built("`retry` around several steps".to_owned(), retry));
        }
        match self.node.get("with").filter(|with| !with.is_empty()) {
            Some(with) => self.list(with),
            None => Err(self.invalid(self.node, "it has no steps", "`with` is a list of them")),
        }
    }

    fn list(&self, list: &Node) -> Result<Steps, Error> {
        let owner = format!("the hook `{}`", self.name);
        let read = step::read(list, &step::Kind::Shell, &owner, self.sources);
        let list = read.map_err(|error| {
            let help = miette::Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default();
            Error::Step { message: error.to_string(), help, hook: self.name.to_owned() }
        })?;
        for step in &list {
            match &step.kind {
                step::Kind::NotBuilt(kind) => {
                    return Err(self.not_built(format!("a step of the type `{kind}`"), self.node));
                }
                step::Kind::Unknown(kind) => {
                    let reason = format!("`{kind}` is no type of a step");
                    return Err(self.invalid(self.node, &reason, "valid are atmos, shell, exec, env and script"));
                }
                step::Kind::Atmos | step::Kind::Shell | step::Kind::Exec | step::Kind::Env | step::Kind::Script(_) => {}
                _ => {
                    return Err(self.not_built(format!("in a hook the type of the step `{}`", step.name), self.node));
                }
            }
            if step.identity.is_some() {
                let help = "the steps of a hook run as the identity of its component: leave it out";
                return Err(self.invalid(self.node, &format!("the step `{}` has an identity", step.name), help));
            }
        }
        Ok(Steps { list, env: self.texts("env")? })
    }

    fn store(&self) -> Result<Store, Error> {
        let outputs = self.texts("outputs")?;
        let name = match self.text("name")? {
            Some(name) => name,
            None if outputs.is_empty() => String::new(),
            None => return Err(self.invalid(self.node, "it has no `name`", "name a store of `stores`")),
        };
        Ok(Store { name, outputs })
    }

    fn when(&self) -> Result<Condition, Error> {
        let Some(node) = self.node.get("when") else { return Ok(Condition::default()) };
        Condition::read(node, Style::Hook).map_err(|Fault { node: part, problem }| {
            let shown = text_of(&part).unwrap_or_else(|| part.value.type_name().to_owned());
            let problem = problem.map(|problem| format!(": {problem}")).unwrap_or_default();
            let help = format!("valid are {}, expressions, lists, `all`, `any` and `not`", Condition::WORDS.join(", "));
            self.invalid(&part, &format!("`when: {shown}` is no condition{problem}"), &help)
        })
    }

    fn on_failure(&self, usual: OnFailure) -> Result<OnFailure, Error> {
        match self.text("on_failure")?.as_deref() {
            None => Ok(usual),
            Some("warn") => Ok(OnFailure::Warn),
            Some("fail") => Ok(OnFailure::Fail),
            Some("ignore") => Ok(OnFailure::Ignore),
            Some(other) => {
                let near = nearest(other, ["warn", "fail", "ignore"]);
                let help = near.map_or_else(
                    || "valid are warn, fail, ignore".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let node = self.node.get("on_failure").unwrap_or(self.node);
                Err(self.invalid(node, &format!("`on_failure: {other}` is none"), &help))
            }
        }
    }

    /// A text that is not empty.
    fn text(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(node) = self.node.get(key).filter(|node| !node.is_null()) else { return Ok(None) };
        let text =
            text_of(node).ok_or_else(|| self.invalid(node, &format!("`{key}` must be a text"), "write a text"))?;
        let text = text.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// A map of texts, in its order.
    fn texts(&self, key: &str) -> Result<Vec<(String, String)>, Error> {
        let Some(node) = self.node.get(key).filter(|node| !node.is_null()) else { return Ok(Vec::new()) };
        let wrong = |node: &Node| self.invalid(node, &format!("`{key}` must be a map of texts"), "write `name: text`");
        let map = node.as_map().ok_or_else(|| wrong(node))?;
        let text = |value: &Node| text_of(value).ok_or_else(|| wrong(value));
        map.iter().map(|(name, value)| Ok((name.to_string(), text(value)?))).collect()
    }

    fn unknown(&self, kind: &str) -> Error {
        let node = self.node.get("kind").unwrap_or(self.node);
        let help = match nearest(kind, BUILT) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("valid kinds: {}", BUILT.join(", ")),
        };
        self.invalid(node, &format!("unknown kind `{kind}`"), &help)
    }

    fn place(&self, node: &Node) -> String {
        let place = self.sources.place(node.span).or_else(|| self.sources.place(self.node.span));
        place.map(|place| format!(" ({place})")).unwrap_or_default()
    }

    fn invalid(&self, node: &Node, reason: &str, help: &str) -> Error {
        Error::Invalid {
            hook: self.name.to_owned(),
            component: self.instance.name.clone(),
            stack: self.instance.stack.clone(),
            reason: reason.to_owned(),
            place: self.place(node),
            help: help.to_owned(),
        }
    }

    fn not_built(&self, what: String, node: &Node) -> Error {
        Error::NotBuilt {
            hook: self.name.to_owned(),
            component: self.instance.name.clone(),
            stack: self.instance.stack.clone(),
            what,
            place: self.place(node),
        }
    }
}
