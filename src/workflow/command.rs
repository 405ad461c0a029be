//! The stack of a step and the words of its command.

use crate::step::Step;

/// Flags of the call that steps of this program get.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepFlags<'a> {
    pub stack: Option<&'a str>,
    pub tags: Option<&'a str>,
    pub labels: Option<&'a str>,
}

/// The stack of a step: that of the call goes before the step's own, which goes before the workflow's. Without any of
/// them the command says for itself.
pub fn stack_of<'a>(call: Option<&'a str>, step: &'a Step, workflow: Option<&'a str>) -> Option<&'a str> {
    [call, step.stack.as_deref(), workflow].into_iter().flatten().map(str::trim).find(|stack| !stack.is_empty())
}

/// The words of a command of this program, with the flags before a `--` that hands the rest on. The stack takes the place
/// of one in the command.
pub fn atmos_words(command: &str, flags: StepFlags<'_>) -> Vec<String> {
    let plain = || command.split_whitespace().map(str::to_owned).collect();
    let mut words: Vec<String> = shell_words::split(command).unwrap_or_else(|_| plain());
    if words.first().is_some_and(|word| word == "atmos") {
        // Nobody means a sub-command of this name; people paste what they type elsewhere.
        words.remove(0);
    }
    let mut added = Vec::new();
    if let Some(stack) = flags.stack {
        words = without_stack(words);
        added.extend(["-s".to_owned(), stack.to_owned()]);
    }
    added.extend(flags.tags.map(|tags| format!("--tags={tags}")));
    added.extend(flags.labels.map(|labels| format!("--labels={labels}")));
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, added);
    words
}

/// The words without a stack before `--`.
fn without_stack(words: Vec<String>) -> Vec<String> {
    let mut kept = Vec::with_capacity(words.len());
    let mut rest = words.into_iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--" => {
                kept.push(word);
                kept.extend(rest);
                break;
            }
            "-s" | "--stack" => drop(rest.next()),
            joined if joined.starts_with("--stack=") || joined.starts_with("-s=") => {}
            _ => kept.push(word),
        }
    }
    kept
}

/// Words as they could be typed.
pub fn shown_words(words: &[String]) -> String {
    shell_words::join(words)
}

/// The command that goes on at a step that failed. `file` is the file as `--file` takes it.
pub fn resume_hint(workflow: &str, file: &str, step: &str, stack: Option<&str>) -> String {
    let file = file.strip_suffix(".yaml").unwrap_or(file);
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let stack = stack.map(|stack| format!(" -s {}", quoted(stack))).unwrap_or_default();
    let (workflow, file) = (shell_words::quote(workflow), shell_words::quote(file));
    format!("atmos workflow {workflow} -f {file} --from-step {}{stack}", quoted(step))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::span::Sources;
    use crate::step::{self, Kind};
    use crate::value::from_json;

    #[test]
    fn the_stack_of_the_call_goes_before_the_steps_and_that_before_the_workflows() {
        let with = |stack: &str| {
            let list = from_json(&json!([{"command": "x", "stack": stack}]));
            step::read(&list, &Kind::Atmos, "it", &Sources::new()).unwrap().remove(0)
        };
        for (call, own, workflow, expected) in [
            (Some("a"), "b", Some("c"), Some("a")),
            (None, "b", Some("c"), Some("b")),
            (None, " ", Some("c"), Some("c")),
            (None, "", None, None),
            (Some(""), "b", None, Some("b")),
        ] {
            assert_eq!(stack_of(call, &with(own), workflow), expected);
        }
    }

    #[test]
    fn flags_go_before_the_words_for_somebody_else() {
        let stack = StepFlags { stack: Some("prod"), ..StepFlags::default() };
        for (command, flags, expected) in [
            ("terraform plan vpc", StepFlags::default(), vec!["terraform", "plan", "vpc"]),
            ("terraform plan vpc", stack, vec!["terraform", "plan", "vpc", "-s", "prod"]),
            (
                "terraform plan vpc -- -x -- y",
                stack,
                vec!["terraform", "plan", "vpc", "-s", "prod", "--", "-x", "--", "y"],
            ),
            (
                "terraform plan vpc -s dev --stack=x --stack y -- -s z",
                StepFlags { tags: Some("a,b"), labels: Some("k=v"), ..stack },
                vec!["terraform", "plan", "vpc", "-s", "prod", "--tags=a,b", "--labels=k=v", "--", "-s", "z"],
            ),
            (
                r#"terraform plan --query '.a == "b c"' -var="x=1""#,
                StepFlags::default(),
                vec!["terraform", "plan", "--query", r#".a == "b c""#, "-var=x=1"],
            ),
            ("atmos terraform plan it's", StepFlags::default(), vec!["terraform", "plan", "it's"]),
        ] {
            assert_eq!(atmos_words(command, flags), expected, "{command}");
        }
    }

    #[test]
    fn the_hint_can_be_typed() {
        assert_eq!(
            resume_hint("fail", "sub/test.yaml", "step1", None),
            "atmos workflow fail -f sub/test --from-step 'step1'"
        );
        assert_eq!(
            resume_hint("a b", "x.yml", "it's", Some("prod")),
            r"atmos workflow 'a b' -f x.yml --from-step 'it'\''s' -s 'prod'"
        );
    }
}
