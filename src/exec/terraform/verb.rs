//! The sub-commands: what each one needs and what it must not touch.

use crate::exec::Error;

/// Properties of one sub-command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    /// Takes `-var-file`.
    pub varfile: bool,
    /// Refused for abstract components.
    pub provisions: bool,
    /// Refused for locked components.
    pub modifies: bool,
    /// Needs the instance's workspace to be selected.
    pub workspace: bool,
    /// Takes the component alone, never a whole stack.
    pub single: bool,
}

const PLAIN: Verb = Verb { varfile: false, provisions: false, modifies: false, workspace: true, single: false };

/// Sub-commands of `state` that only read.
const STATE_READS: [&str; 3] = ["list", "pull", "show"];

/// Sub-commands that are handed to terraform as they are.
const PASSED: [&str; 13] = [
    "console",
    "fmt",
    "force-unlock",
    "get",
    "graph",
    "login",
    "logout",
    "metadata",
    "modules",
    "output",
    "show",
    "validate",
    "version",
];

impl Verb {
    /// The properties of a sub-command, given as its words.
    ///
    /// # Errors
    /// [`Error::UnknownCommand`]
    pub fn of(words: &[String]) -> Result<Verb, Error> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let single = words.len() > 1;
        Ok(match words.as_slice() {
            ["plan"] | ["migrate", "plan"] => Verb { varfile: true, provisions: true, ..PLAIN },
            ["apply" | "deploy"] | ["migrate", "apply"] => {
                Verb { varfile: true, provisions: true, modifies: true, ..PLAIN }
            }
            // What `refresh` finds it writes into the state.
            ["destroy" | "import" | "refresh"] => Verb { varfile: true, modifies: true, ..PLAIN },
            ["test" | "console"] => Verb { varfile: true, ..PLAIN },
            ["workspace"] => Verb { provisions: true, ..PLAIN },
            // With the workspace its state goes.
            ["workspace", "delete"] => Verb { provisions: true, modifies: true, workspace: false, single, ..PLAIN },
            ["workspace", "list" | "show" | "select" | "new"] => {
                Verb { provisions: true, workspace: false, single, ..PLAIN }
            }
            ["init" | "providers"] | ["providers", "lock" | "mirror" | "schema"] => Verb { workspace: false, ..PLAIN },
            ["state"] => PLAIN,
            ["state", word] if STATE_READS.contains(word) => Verb { single, ..PLAIN },
            ["state", "mv" | "push" | "replace-provider" | "rm"] => Verb { modifies: true, single, ..PLAIN },
            ["taint" | "untaint" | "force-unlock"] => Verb { modifies: true, ..PLAIN },
            // What it really runs is among its arguments (see `Request::verb`).
            ["exec"] => Verb { single: true, ..PLAIN },
            [word] if PASSED.contains(word) => PLAIN,
            _ => {
                return Err(Error::UnknownCommand { command: words.join(" "), tool: "terraform" });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verb(text: &str) -> Result<Verb, Error> {
        Verb::of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn q13_state_changes_and_force_unlock_are_refused_for_locked_components() {
        for (words, modifies) in [
            ("plan", false),
            ("apply", true),
            ("deploy", true),
            ("destroy", true),
            ("import", true),
            ("taint", true),
            ("untaint", true),
            ("state rm", true),
            ("state mv", true),
            ("state push", true),
            ("state replace-provider", true),
            ("force-unlock", true),
            ("refresh", true),
            ("workspace delete", true),
            ("workspace select", false),
            ("state list", false),
            ("state pull", false),
            ("output", false),
            ("migrate plan", false),
            ("migrate apply", true),
        ] {
            assert_eq!(verb(words).unwrap().modifies, modifies, "{words}");
        }
    }

    #[test]
    fn varfiles_and_workspaces_by_subcommand() {
        for (words, varfile, workspace) in [
            ("plan", true, true),
            ("console", true, true),
            ("output", false, true),
            ("providers lock", false, false),
            ("init", false, false),
            ("workspace", false, true),
            ("workspace list", false, false),
            ("fmt", false, true),
        ] {
            let verb = verb(words).unwrap();
            assert_eq!((verb.varfile, verb.workspace), (varfile, workspace), "{words}");
        }
    }

    #[test]
    fn what_is_unknown_says_so() {
        assert!(matches!(verb("frobnicate"), Err(Error::UnknownCommand { .. })));
        assert!(matches!(verb("state list vpc"), Err(Error::UnknownCommand { .. })));
    }
}
