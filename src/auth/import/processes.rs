//! Lines of `credential_process` that other tools write: whose they are, and what stands in their place. Row 5.

use std::fmt::Write as _;

use super::aws_config::{Habits, drafted};
use super::aws_profiles::AwsFiles;
use super::draft::{Remark, usable};
use super::known::Known;
use super::suspects::{in_command, is_open, is_open_line, is_uuid, program_name};
use crate::host::ini_sections;

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
        let is = |sub: &[&str]| rest.windows(sub.len()).any(|some| some.iter().eq(sub));
        // What is named here is shown.
        let shown = |name: Option<String>| name.filter(|name| is_open(name));
        match program_name(program) {
            "leapp" if is(&["session", "generate"]) => Maker::Leapp,
            "saml2aws" if is(&["login"]) => Maker::Saml2aws,
            "aws-sso" if is(&["process"]) => Maker::AwsSso,
            "granted" if is(&["credential-process"]) => Maker::Granted(shown(flag(rest, "--profile"))),
            "aws-vault" if is(&["export"]) || is(&["exec"]) => Maker::AwsVault(shown(profile_of_vault(rest))),
            "atmos" if is(&["auth", "process"]) => Maker::Atmos,
            _ => Maker::Other,
        }
    }

    fn is_replaced(&self) -> bool {
        !matches!(self, Maker::Atmos | Maker::Other)
    }

    /// Whether a line of it may be shown. Sessions of Leapp have ids that look like much.
    fn may_show(&self, command: &str) -> bool {
        match self {
            Maker::Leapp => {
                in_command(&command.split(' ').filter(|word| !is_uuid(word)).collect::<Vec<_>>().join(" ")).is_none()
            }
            _ => in_command(command).is_none(),
        }
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

/// A file with lines of this program in the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// What would change, for `patch`; empty where nothing would.
    pub diff: String,
    pub count: usize,
    /// The lines that stay, and why.
    pub remarks: Vec<Remark>,
}

/// What the file would be with `atmos auth process` in place of the tools that are left behind: where an identity of the import, or
/// of the configuration, stands for the profile.
pub fn replace(path: &str, files: &AwsFiles, habits: Habits, known: &Known) -> Replaced {
    let (draft, stands) = drafted(files, habits, known);
    let draft = draft.settled();
    let names = draft.identity_names();
    let lines: Vec<&str> = files.config.lines().collect();
    let mut new: Vec<Option<String>> = vec![None; lines.len()];
    let mut remarks = Vec::new();
    for section in ini_sections(&files.config) {
        let Some(profile) = section.profile().or((section.header == "default").then_some("default")) else { continue };
        for setting in section.settings.iter().filter(|setting| setting.key == "credential_process") {
            let maker = Maker::of(&setting.value);
            if !maker.is_replaced() {
                continue;
            }
            let here = stands.get(profile).map(String::as_str).filter(|identity| names.contains(identity));
            let identity = here.or_else(|| known.identity(&usable(profile)));
            let command = identity.map(|identity| format!("atmos auth process -i {}", shell_words::quote(identity)));
            let text = match command {
                None => {
                    let why = draft.why_skipped(profile).unwrap_or("it is no identity of the section");
                    format!("its line stays, since no identity stands for it: {why}")
                }
                Some(command) if !maker.may_show(&setting.value) => {
                    format!("its line may hold a secret, which a diff would show: put `{command}` in its place by hand")
                }
                Some(command) => {
                    new[setting.line - 1] = Some(format!("credential_process = {command}"));
                    continue;
                }
            };
            remarks.push(Remark { about: profile.to_owned(), text, is_skipped: true });
        }
    }
    let count = new.iter().flatten().count();
    Replaced { diff: if count == 0 { String::new() } else { diff(path, &lines, &new) }, count, remarks }
}

/// Lines that are exchanged one for one, as a unified diff. Nothing that may be a secret is among the lines around them.
fn diff(path: &str, lines: &[&str], new: &[Option<String>]) -> String {
    let mut text = format!("--- {path}\n+++ {path}\n");
    let changed: Vec<usize> = new.iter().enumerate().filter_map(|(at, line)| line.is_some().then_some(at)).collect();
    let is_open = |at: usize| new[at].is_some() || is_open_line(lines[at]);
    let mut rest = changed.as_slice();
    while let Some(first) = rest.first() {
        let is_near = |pair: &&[usize]| pair[1] - pair[0] <= 2 * AROUND && (pair[0]..pair[1]).all(is_open);
        let near = rest.windows(2).take_while(is_near).count();
        // As many before as behind: `patch` takes a hunk with fewer before for the beginning of the file.
        let range = |around: usize| first.saturating_sub(around)..(rest[near] + around + 1).min(lines.len());
        let around = (0..=AROUND).rev().find(|around| range(*around).all(is_open)).unwrap_or_default();
        let range = range(around);
        let _ =
            writeln!(text, "@@ -{},{length} +{},{length} @@", range.start + 1, range.start + 1, length = range.len());
        for at in range {
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
