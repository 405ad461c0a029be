//! Words that name no command of ours: either the reference has them and they are not built yet, or nobody knows them.

use std::ffi::OsString;

use super::super::error::Error;
use crate::diag::nearest;

/// Commands of the reference, by group, that later versions bring.
const LATER: &[(&str, &[&str])] = &[
    (
        "atmos",
        &[
            "ansible",
            "cache",
            "cast",
            "ci",
            "composition",
            "container",
            "devcontainer",
            "emulator",
            "git",
            "helm",
            "init",
            "kubernetes",
            "pro",
            "scaffold",
            "secret",
            "store",
            "toolchain",
        ],
    ),
    ("atmos aws", &["compliance", "security"]),
];

/// Whether the name is that of a command of the reference that is not built yet.
pub(in crate::cli) fn is_later(name: &str) -> bool {
    LATER.iter().any(|(group, names)| *group == "atmos" && names.contains(&name))
}

/// The error for the words of an external subcommand of `group`.
pub(super) fn command(group: &str, words: &[OsString]) -> Error {
    command_beside::<&str>(group, words, &[])
}

/// The same for a group that passes on sub-commands which its table does not have.
pub(super) fn command_beside<T: AsRef<str>>(group: &str, words: &[OsString], passed: &[T]) -> Error {
    let name = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let later = LATER.iter().find(|(known, _)| *known == group).map(|(_, names)| *names).unwrap_or_default();
    if later.contains(&name.as_str()) {
        return Error::NotBuilt {
            command: format!("{group} {name}"),
            help: format!("run `{group} --help` for what is there; docs/status.md says what comes next"),
        };
    }
    let mut built = built(group);
    for name in passed.iter().map(AsRef::as_ref) {
        if !built.iter().any(|known| known == name) {
            built.push(name.to_owned());
        }
    }
    let near = nearest(&name, built.iter().map(String::as_str).chain(later.iter().copied()));
    let help = near.map(|near| format!("did you mean `{near}`?\n")).unwrap_or_default()
        + &format!("valid commands: {}\n", built.join(", "))
        + &format!("run `{group} --help` for usage");
    Error::UnknownCommand { name, group: group.to_owned(), help }
}

/// Sub-commands that clap knows below `group`.
fn built(group: &str) -> Vec<String> {
    let root = super::super::parse::command();
    let group = group.split(' ').skip(1).try_fold(&root, |command, name| command.find_subcommand(name));
    group
        .map(|group| group.get_subcommands().map(|command| command.get_name().to_owned()).collect())
        .unwrap_or_default()
}
