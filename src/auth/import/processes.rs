//! Lines of `credential_process` that other tools write: whose they are, and what stands in their place. Row 5.

use std::fmt::Write as _;

use super::draft::usable;
use crate::host::ini_sections;
use crate::secret::is_secret_name;

/// Lines around a change in a diff.
const AROUND: usize = 3;

/// Who prints the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Maker {
    Leapp,
    Saml2aws,
    AwsSso,
    /// The profile that it is asked for.
    Granted(Option<String>),
    AwsVault(Option<String>),
    /// This program, with the identity.
    Atmos,
    /// A program of somebody's own.
    Other,
}

impl Maker {
    pub(super) fn of(command: &str) -> Maker {
        let Ok(words) = shell_words::split(command) else { return Maker::Other };
        let Some((program, rest)) = words.split_first() else { return Maker::Other };
        let program = program.rsplit(['/', '\\']).next().unwrap_or_default();
        let is = |sub: &[&str]| rest.windows(sub.len()).any(|some| some.iter().eq(sub));
        match program.strip_suffix(".exe").unwrap_or(program) {
            "leapp" if is(&["session", "generate"]) => Maker::Leapp,
            "saml2aws" if is(&["login"]) => Maker::Saml2aws,
            "aws-sso" if is(&["process"]) => Maker::AwsSso,
            "granted" if is(&["credential-process"]) => Maker::Granted(flag(rest, "--profile")),
            "aws-vault" if is(&["export"]) || is(&["exec"]) => Maker::AwsVault(profile_of_vault(rest)),
            "atmos" if is(&["auth", "process"]) => Maker::Atmos,
            _ => Maker::Other,
        }
    }

    fn is_replaced(&self) -> bool {
        !matches!(self, Maker::Atmos | Maker::Other)
    }
}

fn flag(words: &[String], name: &str) -> Option<String> {
    let joined = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let next = || words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)).map(String::as_str);
    joined.or_else(next).map(str::to_owned)
}

/// The first word behind the sub-command of aws-vault that is neither a flag nor the value of one.
fn profile_of_vault(words: &[String]) -> Option<String> {
    const WITH_VALUES: [&str; 9] =
        ["--format", "--prompt", "--duration", "-d", "--region", "--mfa-token", "-t", "--backend", "--keychain"];
    let begin = words.iter().position(|word| matches!(word.as_str(), "exec" | "export"))?;
    let is_value = |at: usize| WITH_VALUES.contains(&words[at - 1].as_str());
    (begin + 1..words.len()).find(|at| !words[*at].starts_with('-') && !is_value(*at)).map(|at| words[at].clone())
}

/// Whether an argument looks like a secret, by its name or by its form.
pub(super) fn holds_secret(command: &str) -> bool {
    let Ok(words) = shell_words::split(command) else { return true };
    let is_key = |word: &str| {
        let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        word.len() == 20 && (word.starts_with("AKIA") || word.starts_with("ASIA")) && word.chars().all(is_plain)
    };
    words.iter().enumerate().any(|(at, word)| {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let is_flag = name.starts_with('-');
        let next = words.get(at + 1).filter(|next| is_flag && !next.starts_with('-'));
        let has_value = value.is_some_and(|value| !value.is_empty()) || (value.is_none() && next.is_some());
        let inner = value.unwrap_or(word);
        let is_named = has_value && is_secret_name(name.trim_start_matches('-'));
        is_named || is_key(inner) || (inner.contains("://") && inner.contains('@'))
    })
}

/// A file with lines of this program in the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// What would change, for `patch`; empty where nothing would.
    pub diff: String,
    pub count: usize,
}

/// What the file would be with `atmos auth process` in place of the tools that are left behind.
pub fn replace(path: &str, text: &str) -> Replaced {
    let lines: Vec<&str> = text.lines().collect();
    let mut new: Vec<Option<String>> = vec![None; lines.len()];
    for section in ini_sections(text) {
        let Some(profile) = section.profile().or((section.header == "default").then_some("default")) else { continue };
        let theirs = |key: &str, value: &str| key == "credential_process" && Maker::of(value).is_replaced();
        for setting in section.settings.iter().filter(|setting| theirs(&setting.key, &setting.value)) {
            let name = usable(profile);
            let name = shell_words::quote(&name);
            new[setting.line - 1] = Some(format!("credential_process = atmos auth process -i {name}"));
        }
    }
    let count = new.iter().flatten().count();
    Replaced { diff: if count == 0 { String::new() } else { diff(path, &lines, &new) }, count }
}

/// Lines that are exchanged one for one, as a unified diff.
fn diff(path: &str, lines: &[&str], new: &[Option<String>]) -> String {
    let mut text = format!("--- {path}\n+++ {path}\n");
    let changed: Vec<usize> = new.iter().enumerate().filter_map(|(at, line)| line.is_some().then_some(at)).collect();
    let mut rest = changed.as_slice();
    while let Some(first) = rest.first() {
        let near = rest.windows(2).take_while(|pair| pair[1] - pair[0] <= 2 * AROUND).count();
        let (begin, end) = (first.saturating_sub(AROUND), (rest[near] + AROUND + 1).min(lines.len()));
        let length = end - begin;
        let _ = writeln!(text, "@@ -{},{length} +{},{length} @@", begin + 1, begin + 1);
        for at in begin..end {
            match &new[at] {
                Some(line) => {
                    let _ = writeln!(text, "-{}\n+{line}", lines[at]);
                }
                None => {
                    let _ = writeln!(text, " {}", lines[at]);
                }
            }
        }
        rest = &rest[near + 1..];
    }
    text
}
