//! What can be done with a component: commands of this program.

use super::model::Target;

/// A command with the key that stands for it in the menu.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Action {
    pub key: char,
    /// The words before the name of the component.
    pub words: &'static [&'static str],
    /// The key works without the menu, too: nothing is changed by the command.
    pub direct: bool,
}

const fn action(key: char, direct: bool, words: &'static [&'static str]) -> Action {
    Action { key, words, direct }
}

const TERRAFORM: &[Action] = &[
    action('p', true, &["terraform", "plan"]),
    action('a', false, &["terraform", "apply"]),
    action('x', false, &["terraform", "destroy"]),
    action('i', false, &["terraform", "init"]),
    action('o', false, &["terraform", "output"]),
    action('t', false, &["terraform", "show"]),
    action('w', false, &["terraform", "workspace"]),
    action('f', false, &["terraform", "refresh"]),
    action('v', false, &["terraform", "validate"]),
    action('c', false, &["terraform", "clean"]),
    action('s', true, &["terraform", "shell"]),
    DESCRIBE,
    DEPENDENTS,
    VALIDATE,
];

const HELMFILE: &[Action] = &[
    action('p', true, &["helmfile", "diff"]),
    action('a', false, &["helmfile", "apply"]),
    action('y', false, &["helmfile", "sync"]),
    action('x', false, &["helmfile", "destroy"]),
    DESCRIBE,
    DEPENDENTS,
    VALIDATE,
];

const PACKER: &[Action] = &[
    action('i', false, &["packer", "init"]),
    action('v', false, &["packer", "validate"]),
    action('t', false, &["packer", "inspect"]),
    action('b', false, &["packer", "build"]),
    action('o', false, &["packer", "output"]),
    DESCRIBE,
    DEPENDENTS,
    VALIDATE,
];

const OTHERS: &[Action] = &[DESCRIBE, DEPENDENTS];

/// The same of something abstract, which never runs.
const ABSTRACT: &[Action] = &[DESCRIBE];

const DESCRIBE: Action = action('d', true, &["describe", "component"]);
const DEPENDENTS: Action = action('u', false, &["describe", "dependents"]);
const VALIDATE: Action = action('V', false, &["validate", "component"]);

/// The commands for a component.
pub(super) fn actions(target: &Target) -> &'static [Action] {
    match target.kind.as_str() {
        _ if target.abstract_ => ABSTRACT,
        "terraform" => TERRAFORM,
        "helmfile" => HELMFILE,
        "packer" => PACKER,
        _ => OTHERS,
    }
}

impl Action {
    /// The words of the call behind the program's name.
    pub(super) fn call(&self, target: &Target) -> Vec<String> {
        let words = self.words.iter().copied();
        let words = words.chain([target.component.as_str(), "-s", target.stack.as_str()]);
        words.map(str::to_owned).collect()
    }

    pub(super) fn label(&self) -> String {
        self.words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_for_one_command() {
        for list in [TERRAFORM, HELMFILE, PACKER, OTHERS, ABSTRACT] {
            let keys: std::collections::BTreeSet<char> = list.iter().map(|action| action.key).collect();
            assert_eq!(keys.len(), list.len());
            // The menu itself is left and moved through by these.
            assert!(!keys.contains(&'q') && !keys.contains(&'j') && !keys.contains(&'k'));
        }
    }
}
