//! Takes terraform's own flags out of a call before clap reads it: `-target x`, `-out=f`, and everything behind `--`.

use std::ffi::OsString;

use crate::exec::argv::{self, Split};

/// Global flags that take their value from the next word.
const VALUED: [&str; 14] = [
    "-C",
    "--chdir",
    "--base-path",
    "--config",
    "--config-path",
    "--profile",
    "--logs-level",
    "--logs-file",
    "--settings-list-merge-strategy",
    "--edition",
    "--error-format",
    "-s",
    "--stack",
    "--identity",
];

/// The words for clap, and what was taken out of them. Other commands than terraform pass untouched.
pub(super) fn separate(words: Vec<OsString>) -> (Vec<OsString>, Split) {
    let untouched = |words| (words, Split::default());
    let Some(text) = words.iter().map(|word| word.to_str().map(str::to_owned)).collect::<Option<Vec<String>>>() else {
        return untouched(words);
    };
    let Some(command) = next_plain(&text, 1) else { return untouched(words) };
    if !matches!(text[command].as_str(), "terraform" | "tf") {
        return untouched(words);
    }
    if let Some("-version" | "--version") = text.get(command + 1).map(String::as_str) {
        let for_clap = text[..=command].iter().map(String::as_str).chain(["version"]).map(OsString::from).collect();
        return (for_clap, argv::split(&["version"], &text[command + 2..]));
    }
    let Some(verb) = next_plain(&text, command + 1) else { return untouched(words) };
    let split = argv::split(&[text[verb].as_str()], &text[verb + 1..]);
    let for_clap = text[..=verb].iter().chain(&split.atmos).map(OsString::from).collect();
    (for_clap, split)
}

/// Index of the next word that is neither a flag nor the value of one; `None` at `--` or the end.
pub(super) fn next_plain(words: &[String], from: usize) -> Option<usize> {
    let mut index = from;
    while let Some(word) = words.get(index) {
        if word == "--" {
            return None;
        }
        if VALUED.contains(&word.as_str()) {
            index += 2;
        } else if word.starts_with('-') {
            index += 1;
        } else {
            return Some(index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn separated(line: &str) -> (String, Vec<String>) {
        let (words, split) = separate(line.split(' ').map(OsString::from).collect());
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        (words.join(" "), split.native(&[]))
    }

    #[test]
    fn native_flags_leave_and_global_flags_stay() {
        for (line, atmos, native) in [
            (
                "atmos -C terraform tf plan vpc -out=x -s dev -- -y",
                "atmos -C terraform tf plan vpc -s dev",
                "-out=x -y",
            ),
            ("atmos helmfile sync web -- --foo", "atmos helmfile sync web -- --foo", ""),
            ("atmos auth exec -- terraform plan -out=x", "atmos auth exec -- terraform plan -out=x", ""),
            (
                "atmos terraform --logs-level Debug apply vpc -auto-approve",
                "atmos terraform --logs-level Debug apply vpc",
                "-auto-approve",
            ),
        ] {
            let (words, flags) = separated(line);
            assert_eq!((words.as_str(), flags.join(" ").as_str()), (atmos, native), "{line}");
        }
    }
}
