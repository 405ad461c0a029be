//! What the last word of a line stands for.

use clap::{Arg, ArgAction, Command};

use super::candidate::Candidate;

/// What is completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The name of a sub-command.
    Command,
    /// The name of a flag.
    Flag,
    /// The value of a flag, by its long name.
    Value(String),
    /// A word, by its place among the words of the command.
    Word(usize),
    /// Words that are not ours.
    Nothing,
}

/// A line up to the word that is completed.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// Names of the commands, `atmos` left out.
    pub(super) path: Vec<String>,
    pub(super) command: &'t Command,
    /// Words that are neither commands nor flags.
    pub(super) words: Vec<String>,
    /// Flags that have a value, by their long names.
    pub(super) given: Vec<(String, String)>,
    pub(super) target: Target,
    /// What is there of the word; of a value behind `=` only that.
    pub(super) start: String,
}

impl<'t> Line<'t> {
    /// Reads the words behind the program's name; the last one is completed.
    pub(super) fn read(root: &'t Command, words: &[String]) -> Line<'t> {
        let (last, before) = words.split_last().map_or(("", [].as_slice()), |(last, before)| (last.as_str(), before));
        let mut line = Line {
            path: Vec::new(),
            command: root,
            words: Vec::new(),
            given: Vec::new(),
            target: Target::Nothing,
            start: last.to_owned(),
        };
        let mut pending: Option<String> = None;
        for word in before {
            if let Some(flag) = pending.take() {
                line.given.push((flag, word.clone()));
            } else if word == "--" {
                return line;
            } else if word.starts_with('-') && word.len() > 1 {
                pending = line.flag(root, word);
            } else {
                line.plain(word);
            }
        }
        line.target = line.aim(root, last, pending);
        if let Target::Value(_) = line.target
            && last.starts_with('-')
            && let Some((_, value)) = last.split_once('=')
        {
            value.clone_into(&mut line.start);
        }
        line
    }

    fn aim(&self, root: &Command, last: &str, pending: Option<String>) -> Target {
        if let Some(flag) = pending {
            return Target::Value(flag);
        }
        if last.starts_with('-') {
            let named = last.split_once('=').and_then(|(name, _)| find(self.command, root, name));
            return named.map_or(Target::Flag, |arg| Target::Value(long(arg)));
        }
        if self.words.is_empty() && self.command.has_subcommands() {
            Target::Command
        } else {
            Target::Word(self.words.len())
        }
    }

    /// Reads a flag; gives its name when the value is the next word.
    fn flag(&mut self, root: &Command, word: &str) -> Option<String> {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let arg = find(self.command, root, name)?;
        if let Some(value) = value {
            self.given.push((long(arg), value.to_owned()));
            return None;
        }
        takes_next(arg).then(|| long(arg))
    }

    fn plain(&mut self, word: &str) {
        match self.command.find_subcommand(word).filter(|_| self.words.is_empty()) {
            Some(below) => {
                self.path.push(below.get_name().to_owned());
                self.command = below;
            }
            None => self.words.push(word.to_owned()),
        }
    }

    /// The value of a flag that stands on the line.
    pub(super) fn value(&self, flag: &str) -> Option<&str> {
        self.given.iter().rev().find(|(name, _)| name == flag).map(|(_, value)| value.as_str())
    }

    /// Candidates for the last of several values with commas between them: those that are there are not offered again.
    pub(super) fn listed(&self, root: &Command, found: Vec<Candidate>) -> Vec<Candidate> {
        let Target::Value(flag) = &self.target else { return found };
        let is_list =
            find(self.command, root, &format!("--{flag}")).is_some_and(|arg| arg.get_value_delimiter().is_some());
        let Some((before, _)) = self.start.rsplit_once(',').filter(|_| is_list) else { return found };
        let given: Vec<&str> = before.split(',').collect();
        let new = found.into_iter().filter(|(value, _)| !given.contains(&value.as_str()));
        new.map(|(value, about)| (format!("{before},{value}"), about)).collect()
    }

    /// Every flag that may stand here.
    pub(super) fn flags(&self, root: &'t Command) -> Vec<&'t Arg> {
        let own = self.command.get_arguments();
        let global = root.get_arguments().filter(|arg| arg.is_global_set());
        let mut flags: Vec<&Arg> =
            own.chain(global).filter(|arg| arg.get_long().is_some() && !arg.is_hide_set()).collect();
        let mut seen = Vec::new();
        flags.retain(|arg| {
            let name = arg.get_long();
            let new = !seen.contains(&name);
            seen.push(name);
            new
        });
        flags
    }
}

fn long(arg: &Arg) -> String {
    arg.get_long().unwrap_or(arg.get_id().as_str()).to_owned()
}

/// A flag of the command or of all, by what was typed.
fn find<'t>(command: &'t Command, root: &'t Command, name: &str) -> Option<&'t Arg> {
    let is_meant = |arg: &&Arg| match name.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long) || arg.get_all_aliases().unwrap_or_default().contains(&long),
        None => name.chars().nth(1).is_some_and(|letter| arg.get_short() == Some(letter)) && name.chars().count() == 2,
    };
    let global = || root.get_arguments().filter(|arg| arg.is_global_set()).find(is_meant);
    command.get_arguments().find(is_meant).or_else(global)
}

/// Whether the value of the flag is the next word.
fn takes_next(arg: &Arg) -> bool {
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    // A value that may be missing is the next word all the same when there is one.
    let some = arg.get_num_args().is_none_or(|number| number.max_values() > 0);
    takes && some && !arg.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use super::super::super::parse;
    use super::*;

    fn aims(line: &str) -> (String, Target, String) {
        let table = parse::command();
        let words: Vec<String> = line.split(' ').skip(1).map(str::to_owned).collect();
        let line = Line::read(&table, &words);
        (line.path.join(" "), line.target, line.start)
    }

    #[test]
    fn the_last_word_stands_for_one_thing() {
        let value = |flag: &str| Target::Value(flag.to_owned());
        for (line, path, target, start) in [
            ("atmos ", "", Target::Command, ""),
            ("atmos ter", "", Target::Command, "ter"),
            ("atmos tf pl", "terraform", Target::Command, "pl"),
            ("atmos tf plan ", "terraform plan", Target::Word(0), ""),
            ("atmos tf plan vpc --stack=de", "terraform plan", value("stack"), "de"),
            ("atmos tf plan vpc -s ", "terraform plan", value("stack"), ""),
            ("atmos tf plan vpc -s dev --i", "terraform plan", Target::Flag, "--i"),
            ("atmos -C /x describe component ", "describe component", Target::Word(0), ""),
            ("atmos terraform plan --dry-run v", "terraform plan", Target::Word(0), "v"),
            ("atmos terraform plan vpc -- -x", "terraform plan", Target::Nothing, "-x"),
            ("atmos nothing of ours", "", Target::Word(2), "ours"),
        ] {
            assert_eq!(aims(line), (path.to_owned(), target, start.to_owned()), "{line}");
        }
    }
}
