//! Takes terraform's own flags out of a call before clap reads it: `-target x`, `-out=f`, and everything behind `--`.

use std::ffi::OsString;

use crate::exec::argv::{self, Raw, Split};

/// Global flags that take their value from the next word.
const VALUED: [&str; 17] = [
    "-C",
    "--chdir",
    "--base-path",
    "--config",
    "--config-path",
    "--cli-config-path",
    "--profile",
    "--logs-level",
    "--logs-file",
    "--settings-list-merge-strategy",
    "--edition",
    "--error-format",
    "--redirect-stderr",
    "--folder-lock-timeout",
    "-s",
    "--stack",
    "--identity",
];

/// Flags of every sub-command of terraform or helmfile that may also stand before it, and those of them that take the next
/// word.
const SHARED: [&str; 13] = [
    "--dry-run",
    "--skip-init",
    "--init-pass-vars",
    "--quiet-init",
    "--skip-hooks",
    "--upload-status",
    "--process-templates",
    "--process-functions",
    "--use-mocks",
    "--include-dependents",
    "--include-dependencies",
    "--clone-target-ref",
    "--ci",
];
const SHARED_VALUED: [&str; 17] = [
    "-s",
    "--stack",
    "-i",
    "--identity",
    "--append-user-agent",
    "--skip",
    "-q",
    "--query",
    "--components",
    "--exclude",
    "--tags",
    "--labels",
    "--repo-path",
    "--ref",
    "--sha",
    "--ssh-key",
    "--ssh-key-password",
];

/// Sub-commands that are groups of others.
const GROUPS: [&str; 8] = ["generate", "source", "backend", "planfile", "workdir", "write", "cache", "migrate"];

/// Puts the flags of sub-commands that stand before the sub-command behind it: `terraform -s dev plan vpc`.
pub(super) fn behind_subcommand(words: Vec<OsString>) -> Vec<OsString> {
    let known: Vec<String> = words.iter().map_while(|word| word.to_str().map(str::to_owned)).collect();
    let Some(group) = next_plain(&known, 1) else { return words };
    if known[group] == "auth" {
        return behind_auth(words, &known, group);
    }
    if !matches!(known[group].as_str(), "terraform" | "tf" | "helmfile" | "hf") {
        return words;
    }
    let name = |word: &str| word.split_once('=').map_or(word, |(name, _)| name).to_owned();
    let (mut at, mut moved) = (group + 1, Vec::new());
    while let Some(word) = known.get(at).filter(|word| word.starts_with('-') && *word != "--") {
        let valued = SHARED_VALUED.contains(&name(word).as_str());
        let count = if (valued || VALUED.contains(&word.as_str())) && !word.contains('=') { 2 } else { 1 };
        if valued || SHARED.contains(&name(word).as_str()) {
            moved.extend(at..at + count);
        }
        at += count;
    }
    let Some(mut verb) = Some(at).filter(|at| !moved.is_empty() && known.get(*at).is_some_and(|word| word != "--"))
    else {
        return words;
    };
    if GROUPS.contains(&known[verb].as_str()) {
        verb = next_plain(&known, verb + 1).unwrap_or(verb);
    }
    let stay = (0..=verb).filter(|at| !moved.contains(at));
    let order = stay.chain(moved.iter().copied()).chain(verb + 1..words.len());
    order.map(|at| words[at].clone()).collect()
}

/// Flags of sub-commands of `auth` that may stand before them.
const OF_AUTH: [&str; 6] = ["-i", "--identity", "-s", "--stack", "-c", "--component"];

/// The same for `auth -i reader whoami`. `-i` before the last word is one without a value.
fn behind_auth(words: Vec<OsString>, known: &[String], group: usize) -> Vec<OsString> {
    let is_plain = |at: usize| known.get(at).is_some_and(|word| !word.starts_with('-'));
    let (mut at, mut moved) = (group + 1, Vec::new());
    while let Some(word) = known.get(at).filter(|word| word.starts_with('-') && *word != "--") {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        let is_own = OF_AUTH.contains(&name) || word.starts_with("-i") && !word.starts_with("--");
        let takes_next = match name {
            "-i" | "--identity" => is_plain(at + 1) && (is_plain(at + 2) || !is_auth_command(&known[at + 1])),
            _ => OF_AUTH.contains(&name) || VALUED.contains(&name),
        };
        let count = if takes_next && !word.contains('=') { 2 } else { 1 };
        if is_own {
            moved.extend(at..(at + count).min(known.len()));
        }
        at += count;
    }
    if moved.is_empty() || !is_plain(at) {
        return words;
    }
    let is_group = matches!(known[at].as_str(), "user" | "keyring" | "saml");
    let verb = if is_group { next_plain(known, at + 1).unwrap_or(at) } else { at };
    let stay = (0..=verb).filter(|at| !moved.contains(at));
    let order = stay.chain(moved.iter().copied()).chain(verb + 1..words.len());
    order.map(|at| words[at].clone()).collect()
}

fn is_auth_command(word: &str) -> bool {
    let table = super::parse::full();
    table.find_subcommand("auth").is_some_and(|auth| auth.find_subcommand(word).is_some())
}

/// The words for clap, and what was taken out of them. Other commands than terraform pass untouched.
pub(super) fn separate(words: Vec<OsString>) -> (Vec<OsString>, Split) {
    let untouched = |words| (words, Split::default());
    let mut raw = Raw::default();
    let text: Vec<String> = words.iter().map(|word| raw.named(word)).collect();
    let Some(command) = next_plain(&text, 1) else { return untouched(words) };
    if !matches!(text[command].as_str(), "terraform" | "tf") {
        return untouched(words);
    }
    let (globals, at) = globals(&text, command + 1);
    // Terraform's own flags without a sub-command are for terraform itself, and so are its versions. No word at all is a
    // mistake, as in the reference.
    let word = text.get(at).map(String::as_str);
    let version = matches!(word, Some("-version" | "--version" | "version"));
    if version || word.is_none() && !globals.is_empty() {
        let split = argv::split(&["version"], text.get(at + 1..).unwrap_or_default());
        let version_word = "version".to_owned();
        let for_clap = text[..=command].iter().chain([&version_word]).chain(&split.atmos);
        let for_clap = for_clap.map(|word| raw.word(word.clone())).collect();
        return (for_clap, Split { raw, globals, bare: !version, ..split });
    }
    let Some(verb) = next_plain(&text, command + 1) else { return untouched(words) };
    let split = argv::split(&[text[verb].as_str()], &text[verb + 1..]);
    let for_clap = text[..=verb].iter().chain(&split.atmos).map(|word| raw.word(word.clone())).collect();
    (for_clap, Split { raw, ..split })
}

/// Terraform's own flags that stand before a sub-command, and where they end.
fn globals(words: &[String], from: usize) -> (Vec<String>, usize) {
    let mut at = from;
    while let Some(word) = words.get(at) {
        at += match word.as_str() {
            "-chdir" if at + 1 < words.len() => 2,
            word if word.starts_with("-chdir=") => 1,
            _ => break,
        };
    }
    (words[from.min(at)..at].to_vec(), at)
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
        let (words, split) = separate(behind_subcommand(line.split(' ').map(OsString::from).collect()));
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        (words.join(" "), split.native(&[]))
    }

    #[test]
    fn the_identity_before_a_command_of_auth_comes_behind_it() {
        for (line, atmos) in [
            ("atmos auth -i reader whoami", "atmos auth whoami -i reader"),
            ("atmos auth --identity=reader -v exec -- aws -i x", "atmos auth -v exec --identity=reader -- aws -i x"),
            ("atmos auth -s prod -c vpc -i reader login --force", "atmos auth login -s prod -c vpc -i reader --force"),
            ("atmos auth -i whoami", "atmos auth whoami -i"),
            ("atmos auth -i exec -- env", "atmos auth exec -i -- env"),
            ("atmos auth -i me user rotate", "atmos auth user rotate -i me"),
            ("atmos --chdir x auth --profile p -i reader env", "atmos --chdir x auth --profile p env -i reader"),
            ("atmos auth whoami -i reader", "atmos auth whoami -i reader"),
            ("atmos auth -i reader", "atmos auth -i reader"),
        ] {
            assert_eq!(separated(line).0, atmos, "{line}");
        }
    }

    #[test]
    fn flags_before_the_subcommand_come_behind_it() {
        for (line, atmos, native) in [
            ("atmos terraform -s dev plan app", "atmos terraform plan -s dev app", ""),
            ("atmos tf --stack=dev --dry-run plan app -out=x", "atmos tf plan --stack=dev --dry-run app", "-out=x"),
            (
                "atmos terraform --logs-level Debug --identity a plan app -- -s x",
                "atmos terraform --logs-level Debug plan --identity a app",
                "-s x",
            ),
            ("atmos terraform -s dev generate varfile app", "atmos terraform generate varfile -s dev app", ""),
            ("atmos terraform -s dev state rm app a.b", "atmos terraform state -s dev rm app a.b", ""),
            ("atmos helmfile -s dev diff web", "atmos helmfile diff -s dev web", ""),
            // What no sub-command has stays where it is, and is refused there.
            ("atmos terraform -x dev plan", "atmos terraform -x dev plan", ""),
        ] {
            let (words, flags) = separated(line);
            assert_eq!((words.as_str(), flags.join(" ").as_str()), (atmos, native), "{line}");
        }
    }

    #[test]
    fn terraforms_own_flags_before_the_subcommand_are_terraforms() {
        for (line, atmos, globals, native, bare) in [
            ("atmos terraform", "atmos terraform", "", "", false),
            ("atmos terraform -chdir=x", "atmos terraform version", "-chdir=x", "", true),
            ("atmos terraform -chdir=x version -json", "atmos terraform version", "-chdir=x", "-json", false),
            ("atmos terraform -chdir x -version", "atmos terraform version", "-chdir x", "", false),
            ("atmos terraform --version", "atmos terraform version", "", "", false),
        ] {
            let (words, split) = separate(line.split(' ').map(OsString::from).collect());
            let words: Vec<_> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            let found = (words.join(" "), split.globals.join(" "), split.native(&[]).join(" "), split.bare);
            assert_eq!(found, (atmos.to_owned(), globals.to_owned(), native.to_owned(), bare), "{line}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn bytes_that_are_no_text_stay_with_their_flag() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = OsString::from_vec(b"name=a\xff".to_vec());
        let mut words: Vec<OsString> =
            ["atmos", "terraform", "plan", "vpc", "-no-color", "-var"].map(Into::into).to_vec();
        words.push(odd.clone());
        let (for_clap, split) = separate(words);
        assert_eq!(for_clap, ["atmos", "terraform", "plan", "vpc"].map(OsString::from));
        let native: Vec<OsString> = split.native(&[]).into_iter().map(|word| split.raw.word(word)).collect();
        assert_eq!(native, ["-no-color".into(), "-var".into(), odd]);
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
