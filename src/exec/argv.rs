//! Splits what was typed after a terraform sub-command into what atmos reads and what terraform gets.
//!
//! Terraform's own flags have one hyphen, which a parser of double-hyphen flags cannot read, so they are taken out before
//! it sees the words. Double-hyphen flags always stay: an unknown one is the parser's to refuse.

use std::ffi::{OsStr, OsString};

use crate::host::Env;

/// The words of one command, by who reads them. Each list keeps the order of typing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// For the flag parser: atmos flags and positional words.
    pub atmos: Vec<String>,
    /// Terraform's flags that stood before `--`, each with its value.
    pub flags: Vec<String>,
    /// Everything after the first `--`, untouched.
    pub after: Vec<String>,
    /// Whether there was a `--` at all.
    pub separated: bool,
    /// Words that are no text, under the names that they have here.
    pub raw: Raw,
    /// Terraform's flags that stood before the sub-command.
    pub globals: Vec<String>,
    /// There was no sub-command: terraform itself says what it thinks of that.
    pub bare: bool,
}

/// Words that are no text, each with the text that stands for it. Nobody but the child reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw(Vec<(String, OsString)>);

impl Raw {
    /// The text that stands for a word.
    pub fn named(&mut self, word: &OsStr) -> String {
        if let Some(text) = word.to_str() {
            return text.to_owned();
        }
        let name = word.to_string_lossy().into_owned();
        self.0.push((name.clone(), word.to_owned()));
        name
    }

    /// The word that a text stands for.
    pub fn word(&self, text: String) -> OsString {
        match self.0.iter().find(|(name, _)| *name == text) {
            Some((_, word)) => word.clone(),
            None => text.into(),
        }
    }
}

impl Split {
    /// What terraform gets, in its order: flags, then the positional words behind the component, then the words behind
    /// `--`. (Terraform reads no flag after a positional word.)
    pub fn native(&self, positionals: &[String]) -> Vec<String> {
        [&self.flags, positionals, &self.after].into_iter().flatten().cloned().collect()
    }
}

/// Flags that take no value, or one joined by `=` (`-lock=false`).
const BOOLEAN: [&str; 47] = [
    "-allow-missing",
    "-allow-missing-config",
    "-auto-approve",
    "-backend",
    "-check",
    "-cloud",
    "-compact-warnings",
    "-concise",
    "-consolidate-errors",
    "-consolidate-warnings",
    "-deprecation",
    "-destroy",
    "-detailed-exitcode",
    "-diff",
    "-draw-cycles",
    "-enable-plugin-cache",
    "-force",
    "-force-copy",
    "-get",
    "-help",
    "-ignore-remote-version",
    "-input",
    "-json",
    "-list",
    "-lock",
    "-migrate-state",
    "-no-color",
    "-no-tests",
    "-or-create",
    "-raw",
    "-reconfigure",
    "-recursive",
    "-refresh",
    "-refresh-only",
    "-require-lockfile",
    "-show-sensitive",
    "-suppress-forget-errors",
    "-test",
    "-update",
    "-upgrade",
    "-verbose",
    "-verify-plugins",
    "-version",
    "-with-deps",
    "-write",
    "-allow-deferral",
    "-cloud-run-wait",
];

/// Flags whose value may be the next word (`-target aws_vpc.a`).
const VALUED: [&str; 33] = [
    "-backend-config",
    "-backup",
    "-backup-out",
    "-chdir",
    "-cloud-run",
    "-config",
    "-exclude",
    "-exclude-file",
    "-filter",
    "-from-module",
    "-fs-mirror",
    "-generate-config-out",
    "-id",
    "-junit-xml",
    "-lock-timeout",
    "-lockfile",
    "-module",
    "-module-depth",
    "-net-mirror",
    "-out",
    "-parallelism",
    "-plan",
    "-platform",
    "-plugin-dir",
    "-replace",
    "-state",
    "-state-out",
    "-target",
    "-target-file",
    "-test-directory",
    "-type",
    "-var",
    "-var-file",
];

/// Sub-commands that are atmos' own: single-hyphen words are not terraform's there.
const OWN: [&str; 13] = [
    "clean", "generate", "varfile", "write", "backend", "source", "workdir", "planfile", "cache", "migrate", "lint",
    "shell", "env",
];

/// The words that are neither flags nor the value of one.
pub fn positionals(native: &[String]) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = native.iter();
    while let Some(word) = rest.next() {
        if VALUED.contains(&word.as_str()) {
            rest.next();
        } else if !word.starts_with('-') {
            found.push(word.as_str());
        }
    }
    found
}

/// Splits the raw words after `words`, the sub-command (`["plan"]`, `["state", "rm"]`).
pub fn split(words: &[&str], raw: &[String]) -> Split {
    let mut split = Split::default();
    let own = words.first().is_some_and(|word| OWN.contains(word));
    let mut rest = raw.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            split.separated = true;
            split.after.extend(rest.cloned());
            break;
        }
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        if own || word.starts_with("--") {
            split.atmos.push(word.clone());
        } else if (BOOLEAN.contains(&name) && !help(name)) || is_dry_run(words, name) {
            split.flags.push(word.clone());
        } else if VALUED.contains(&name) {
            split.flags.push(word.clone());
            if name.len() == word.len() {
                split.flags.extend(rest.next().cloned());
            }
        } else {
            split.atmos.push(word.clone());
        }
    }
    split
}

/// `state rm` and `state mv` only show what they would do. Elsewhere the word is a mistyped flag of ours.
fn is_dry_run(words: &[&str], name: &str) -> bool {
    words.first() == Some(&"state") && name == "-dry-run"
}

/// `-help` before `--` is ours, as `--help` is.
fn help(name: &str) -> bool {
    name == "-help"
}

/// What terraform itself puts behind the words of a sub-command, before what was typed: `TF_CLI_ARGS`, and the variable of
/// the sub-command. What cannot be split is for terraform to refuse.
pub(crate) fn of_environment(words: &[&str], env: &Env) -> Vec<String> {
    let words: Vec<&str> = words.iter().map(|word| if *word == "deploy" { "apply" } else { word }).collect();
    let own = format!("TF_CLI_ARGS_{}", words.join("_").replace('-', "_"));
    let texts = [own.as_str(), "TF_CLI_ARGS"].into_iter().filter_map(|name| env.get(name));
    texts.flat_map(|text| shell_words::split(text).unwrap_or_default()).collect()
}

/// True when one of terraform's flags is among the words, in either of its forms.
pub(crate) fn has_flag(words: &[String], flag: &str) -> bool {
    words.iter().any(|word| {
        let word = word.strip_prefix('-').filter(|word| word.starts_with('-')).unwrap_or(word);
        word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='))
    })
}

/// The value of one of terraform's flags; the last occurrence counts.
pub(crate) fn flag_value<'w>(words: &'w [String], flag: &str) -> Option<&'w str> {
    let place = words.iter().rposition(|word| has_flag(std::slice::from_ref(word), flag))?;
    match words[place].split_once('=') {
        Some((_, value)) => Some(value),
        None => words.get(place + 1).map(String::as_str),
    }
}

/// A boolean flag that is on: present without a value or with a true one; the last occurrence counts.
pub(crate) fn is_on(words: &[String], flag: &str) -> bool {
    let last = words.iter().rev().find(|word| has_flag(std::slice::from_ref(*word), flag));
    last.is_some_and(|word| {
        word.split_once('=').is_none_or(|(_, value)| matches!(value, "true" | "1" | "t" | "T" | "TRUE" | "True"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn flags_are_sorted_by_reader() {
        for (line, atmos, flags, after) in [
            ("vpc -s dev -out=foo -target x.y -var a=b", "vpc -s dev", "-out=foo -target x.y -var a=b", ""),
            ("-no-color vpc -s dev", "vpc -s dev", "-no-color", ""),
            ("-destroy vpc --stack=dev", "vpc --stack=dev", "-destroy", ""),
            ("vpc ADDR ID -s dev -lock=false", "vpc ADDR ID -s dev", "-lock=false", ""),
            ("vpc -s dev -- --from-plan -h -s x", "vpc -s dev", "", "--from-plan -h -s x"),
            ("vpc --unknown -s dev", "vpc --unknown -s dev", "", ""),
            ("vpc -h", "vpc -h", "", ""),
            ("vpc -help", "vpc -help", "", ""),
            ("vpc -i admin -s=dev -- -- x", "vpc -i admin -s=dev", "", "-- x"),
            ("-target", "", "-target", ""),
        ] {
            let split = split(&["plan"], &words(line));
            assert_eq!((split.atmos, split.flags, split.after), (words(atmos), words(flags), words(after)), "{line}");
        }
    }

    #[test]
    fn own_subcommands_keep_their_short_flags() {
        let split = split(&["generate", "varfile"], &words("vpc -s dev -f out.json"));
        assert_eq!(split.atmos, words("vpc -s dev -f out.json"));
    }

    #[test]
    fn native_words_are_flags_then_positionals_then_the_rest() {
        let split = split(&["state", "rm"], &words("vpc A -lock=false -s dev -- -backup=x"));
        assert_eq!(split.native(&words("A")), words("-lock=false A -backup=x"));
    }

    #[test]
    fn a_dry_run_of_the_state_is_terraforms() {
        assert_eq!(split(&["state"], &words("rm vpc -dry-run A -s dev")).flags, words("-dry-run"));
        assert_eq!(split(&["plan"], &words("vpc -dry-run")).atmos, words("vpc -dry-run"));
    }

    #[test]
    fn values_of_flags_are_no_positionals() {
        assert_eq!(positionals(&words("-lock=false -lock-timeout 5s other -force")), ["other"]);
        assert!(positionals(&words("-state x -force")).is_empty());
    }

    #[test]
    fn variables_give_flags_to_their_sub_command() {
        let env = Env::from_iter([
            ("TF_CLI_ARGS", "-no-color"),
            ("TF_CLI_ARGS_apply", "-destroy -var 'a=b c'"),
            ("TF_CLI_ARGS_workspace_delete", "-force"),
            ("TF_CLI_ARGS_plan", "-out 'open"),
        ]);
        for (words, expected) in [
            (&["apply"][..], &["-destroy", "-var", "a=b c", "-no-color"][..]),
            (&["deploy"], &["-destroy", "-var", "a=b c", "-no-color"]),
            (&["workspace", "delete"], &["-force", "-no-color"]),
            (&["plan"], &["-no-color"]),
        ] {
            assert_eq!(of_environment(words, &env), expected, "{words:?}");
        }
    }

    #[test]
    fn values_are_found_behind_the_flag() {
        for (line, value) in
            [("-out=a", Some("a")), ("-x -out b -y", Some("b")), ("-out=a --out=c", Some("c")), ("-y", None)]
        {
            assert_eq!(flag_value(&words(line), "-out"), value, "{line}");
        }
    }

    #[test]
    fn flags_are_found_in_all_their_forms() {
        for (line, flag, has, on) in [
            ("-out=foo", "-out", true, false),
            ("--out foo", "-out", true, true),
            ("-output", "-out", false, false),
            ("-auto-approve", "-auto-approve", true, true),
            ("-auto-approve=false", "-auto-approve", true, false),
            // As Go reads flags.
            ("-auto-approve=True", "-auto-approve", true, true),
            ("-auto-approve -auto-approve=false", "-auto-approve", true, false),
        ] {
            assert_eq!((has_flag(&words(line), flag), is_on(&words(line), flag)), (has, on), "{line}");
        }
    }
}
