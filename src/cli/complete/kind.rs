//! What may stand at a place of the line.

use super::line::{Line, Target};
use crate::custom::Definition;

/// Kinds of candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Components of a kind, or of all.
    Components(Option<&'static str>),
    Stacks,
    Identities,
    Providers,
    Profiles,
    Workflows,
    WorkflowFiles,
    WorkflowSteps,
    Schemas,
    /// Keys of the configuration, one level after the other.
    Keys,
    Fixed(Vec<String>),
    Files,
    Folders,
    Nothing,
}

impl Kind {
    fn words(words: &[&str]) -> Kind {
        Kind::Fixed(words.iter().map(|word| (*word).to_owned()).collect())
    }
}

/// What completes the line.
pub(super) fn of(line: &Line<'_>, definitions: &[Definition]) -> Kind {
    let own = find(definitions, &line.path);
    match &line.target {
        Target::Value(flag) => own.and_then(|own| of_own_flag(own, flag)).unwrap_or_else(|| of_flag(line, flag)),
        Target::Word(index) => match own {
            Some(own) => of_own_argument(own, *index),
            None => of_word(line, *index),
        },
        _ => Kind::Nothing,
    }
}

fn find<'d>(definitions: &'d [Definition], path: &[String]) -> Option<&'d Definition> {
    let (first, rest) = path.split_first()?;
    let command = definitions.iter().find(|command| command.name == *first)?;
    if rest.is_empty() { Some(command) } else { find(&command.commands, rest) }
}

fn of_own_flag(command: &Definition, name: &str) -> Option<Kind> {
    let flag = command.flags.iter().find(|flag| flag.name == name)?;
    Some(meant(flag.meaning.as_deref(), &flag.values).unwrap_or(Kind::Files))
}

fn of_own_argument(command: &Definition, index: usize) -> Kind {
    let Some(argument) = command.arguments.get(index) else { return Kind::Files };
    meant(argument.meaning.as_deref(), &argument.values).unwrap_or(Kind::Files)
}

fn meant(meaning: Option<&str>, values: &[String]) -> Option<Kind> {
    match meaning {
        _ if !values.is_empty() => Some(Kind::Fixed(values.to_vec())),
        Some("component") => Some(Kind::Components(None)),
        Some("stack") => Some(Kind::Stacks),
        _ => None,
    }
}

/// The kind of components that a command is about.
fn kind_of(line: &Line<'_>) -> Option<&'static str> {
    match line.path.first().map(String::as_str) {
        Some("terraform") => Some("terraform"),
        Some("helmfile") => Some("helmfile"),
        _ => None,
    }
}

fn of_flag(line: &Line<'_>, flag: &str) -> Kind {
    match flag {
        "stack" => Kind::Stacks,
        "component" | "components" => Kind::Components(kind_of(line)),
        "identity" => Kind::Identities,
        "provider" => Kind::Providers,
        "profile" => Kind::Profiles,
        "logs-level" => Kind::words(&["Trace", "Debug", "Info", "Warning", "Error", "Off"]),
        "error-mode" | "lock-enforcement" => Kind::words(&["strict", "warn", "silent"]),
        "error-format" => Kind::words(&["text", "json"]),
        "schema-type" => Kind::words(&["jsonschema", "opa"]),
        "settings-list-merge-strategy" => Kind::words(&["replace", "append", "merge"]),
        "component-types" => Kind::words(&["terraform", "helmfile", "packer", "kubernetes", "helm", "ansible"]),
        "sections" => Kind::words(&["vars", "settings", "env", "backend", "metadata", "providers", "hooks"]),
        "type" if line.path == ["list", "components"] => Kind::words(&["real", "abstract", "all"]),
        "type" if line.path.first().is_some_and(|name| name == "vendor") => {
            Kind::words(&["terraform", "helmfile", "packer"])
        }
        "direction" => Kind::words(&["both", "forward", "reverse"]),
        "output" if line.path == ["describe", "workflows"] => Kind::words(&["list", "map", "all"]),
        "delivery" => Kind::words(&["process", "files", "env"]),
        "skip" => Kind::words(&[
            "env",
            "exec",
            "include",
            "store",
            "store.get",
            "template",
            "terraform.output",
            "terraform.state",
        ]),
        "format" => Kind::words(formats(line)),
        "from-step" => Kind::WorkflowSteps,
        "file" if line.path.first().is_some_and(|name| name == "workflow") => Kind::WorkflowFiles,
        "columns" | "sort" if line.path.first().is_some_and(|name| name == "list") => {
            let name = line.path.get(1).map(String::as_str).unwrap_or_default();
            Kind::words(crate::ops::list::fields(name))
        }
        "chdir" | "base-path" | "config-path" | "repo-path" => Kind::Folders,
        "query" | "filter" | "tags" | "labels" | "base" | "delimiter" | "edition" | "from" | "to" | "diff-file"
        | "group" => Kind::Nothing,
        _ if is_boolean(line, flag) => Kind::words(&["true", "false"]),
        _ => Kind::Files,
    }
}

fn is_boolean(line: &Line<'_>, flag: &str) -> bool {
    line.command.get_arguments().any(|arg| {
        arg.get_long() == Some(flag)
            && arg.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "BOOL"))
    })
}

fn formats(line: &Line<'_>) -> &'static [&'static str] {
    let path: Vec<&str> = line.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["describe", "affected"] => &["json", "yaml", "matrix"],
        ["list", "stacks"] => &["table", "json", "yaml", "csv", "tsv", "nul", "tree"],
        ["list", "instances"] => &["table", "json", "yaml", "csv", "tsv", "nul", "tree", "matrix"],
        ["list", "affected"] => &["table", "json", "yaml", "csv", "tsv", "nul", "matrix"],
        ["list", "dependencies"] => &["tree", "json", "yaml", "levels"],
        ["vendor", "verify" | "update"] => &["table", "json"],
        ["list", ..] | ["vendor", "list"] => &["table", "json", "yaml", "csv", "tsv", "nul"],
        ["validate", "editorconfig"] => &["default", "gcc", "github-actions", "codeclimate", "sarif", "rich", "json"],
        ["validate", ..] => &["text", "rich", "json"],
        ["auth", "list"] => &["table", "tree", "json", "yaml", "graphviz", "mermaid", "markdown"],
        ["env"] | ["auth", "env"] => &["bash", "json", "dotenv", "github"],
        ["terraform", "output"] => &["json", "yaml", "env", "dotenv", "bash"],
        _ => &["yaml", "json"],
    }
}

fn of_word(line: &Line<'_>, index: usize) -> Kind {
    let path: Vec<&str> = line.path.iter().map(String::as_str).collect();
    match (path.as_slice(), index) {
        // Files of plans, addresses: terraform's own words.
        (["terraform", "login" | "logout" | "version" | "fmt"] | ["auth", "exec"], _) | (["terraform", _], 1..) => {
            Kind::Files
        }
        (["terraform", "generate", "varfile" | "backend"] | ["terraform", _], 0) => Kind::Components(Some("terraform")),
        (["helmfile", "generate", _] | ["helmfile", _], 0) => Kind::Components(Some("helmfile")),
        (
            ["describe", "component" | "dependents" | "locals"]
            | ["validate", "component"]
            | ["explain" | "docs"]
            | ["vendor", "get" | "set"]
            | ["list", "values" | "vars" | "settings" | "sources" | "dependencies"],
            0,
        )
        | (["describe", "diff"], 0 | 1) => Kind::Components(None),
        (["workflow"], 0) => Kind::Workflows,
        (["validate", "schema"], 0) => Kind::Schemas,
        (["profile", "show"], 0) => Kind::Profiles,
        (["config", "get"], 0) => Kind::Keys,
        (["completion"], 0) => Kind::words(&super::script::SHELLS),
        (["theme", "show"], 0) => {
            Kind::Fixed(crate::config::THEMES.iter().map(|theme| theme.name.to_owned()).collect())
        }
        _ => Kind::Nothing,
    }
}
