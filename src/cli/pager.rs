//! The program that shows data which is longer than the screen.

use crate::host::{Env, Host};
use crate::value::{Node, parse_bool};

/// What shows pages where nobody names a program.
const USUAL: &str = "less";

/// The words of the program, when one is wanted: the flag beats `NO_PAGER`, which beats variables and configuration (both
/// are in the document already).
pub(super) fn asked(env: &Env, flag: Option<&str>, document: &Node) -> Option<Vec<String>> {
    if flag.is_none() && env.is_set("NO_PAGER") {
        return None;
    }
    let setting = || document.get_path(["settings", "terminal", "pager"]).and_then(Node::scalar_text);
    let text = flag.map(str::to_owned).or_else(setting)?;
    match text.trim() {
        "" | "off" | "none" | "cat" => None,
        "on" => Some(vec![USUAL.to_owned()]),
        text => match parse_bool(text) {
            Some(true) => Some(vec![USUAL.to_owned()]),
            Some(false) => None,
            None => shell_words::split(text).ok().filter(|words| !words.is_empty()),
        },
    }
}

/// Shows a text.
///
/// # Errors
/// The program cannot be started.
pub(super) fn show(host: &Host, program: &[String], text: &str) -> std::io::Result<()> {
    let (name, arguments) = program.split_first().ok_or_else(|| std::io::Error::other("no pager"))?;
    let mut env = host.env.clone();
    if !env.is_set("LESS") {
        // Colours as they are, and no page for what fits the screen after all.
        env.set("LESS", "FRX");
    }
    // Whoever leaves before the end has seen enough.
    duct::cmd(name, arguments)
        .full_env(env.iter())
        .dir(&host.cwd)
        .stdin_bytes(text.as_bytes())
        .unchecked()
        .run()
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    #[test]
    fn the_flag_beats_no_pager_beats_the_rest() {
        let document = |pager: &str| from_json(&serde_json::json!({"settings": {"terminal": {"pager": pager}}}));
        let none = Env::default();
        let off = Env::from_iter([("NO_PAGER", "")]);
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(asked(&none, None, &document("false")), None);
        assert_eq!(asked(&none, None, &document("true")), words(&["less"]));
        assert_eq!(asked(&none, None, &document("most -s")), words(&["most", "-s"]));
        assert_eq!(asked(&off, None, &document("true")), None);
        assert_eq!(asked(&off, Some("more"), &document("false")), words(&["more"]));
        assert_eq!(asked(&none, Some("false"), &document("true")), None);
    }
}
