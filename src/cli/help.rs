//! Help pages as they are shown: without the flags that every command has, unless somebody wants all.

use std::ffi::OsString;

use super::examples;
use crate::host::Env;
use crate::value::parse_bool;

/// How much of a page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Without the global flags.
    Short,
    /// Everything.
    All,
    /// Usage and examples alone.
    Usage,
}

impl Wish {
    /// What the words of a call ask for.
    pub(super) fn of(words: &[OsString], env: &Env) -> Wish {
        let values =
            words.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str()?.strip_prefix("--help="));
        match values.last() {
            Some("all") => Wish::All,
            Some("usage") => Wish::Usage,
            _ if env.get("ATMOS_HELP_FILTER").and_then(parse_bool) == Some(false) => Wish::All,
            _ => Wish::Short,
        }
    }
}

/// What stands where a switch could have a value; everyone knows that.
const SWITCH: &str = "[=<BOOL>]";
const GLOBAL: &str = "GLOBAL FLAGS:";
const MORE: &str = "`--help=all` shows the flags that every command has.\n";

/// The page of clap in the form that is wanted.
pub(super) fn shown(text: &str, wish: Wish) -> String {
    let text = text.replace(SWITCH, &" ".repeat(SWITCH.len()));
    let text = text.replace("\nOptions:\n", "\nFLAGS:\n").replace("\nArguments:\n", "\nARGUMENTS:\n");
    match wish {
        Wish::All => text,
        Wish::Usage => usage(&text),
        Wish::Short => short(&text),
    }
}

/// The page without the section of global flags.
fn short(text: &str) -> String {
    let Some(start) = text.find(GLOBAL) else { return text.to_owned() };
    let rest = &text[start..];
    // The section ends where a line stands at the margin.
    let end = rest.match_indices('\n').map(|(at, _)| at + 1).find(|at| {
        let next = &rest[*at..];
        !next.is_empty() && !next.starts_with([' ', '\n'])
    });
    let after = end.map_or("", |end| &rest[end..]);
    let gap =
        if after.is_empty() || after.ends_with("\n\n") || !after.starts_with(examples::HEADING) { "" } else { "\n" };
    format!("{}{after}{gap}{MORE}", &text[..start])
}

/// What the command is, how it is called, and examples.
fn usage(text: &str) -> String {
    let mut shown = String::new();
    let mut keep = true;
    for line in text.lines() {
        if !line.starts_with(' ') && !line.is_empty() {
            keep = !line.ends_with(':') || line == examples::HEADING;
        }
        if keep {
            shown.push_str(line);
            shown.push('\n');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "About\n\nUSAGE\n\n  atmos x\n\nFLAGS:\n  --a  A\n\nGLOBAL FLAGS:\n  -C  Chdir\n\n  --no-color[=<BOOL>]  None\n\nEXAMPLES:\n  $ atmos x\n\nUse more.\n";

    #[test]
    fn pages_are_shown_in_three_forms() {
        let short = shown(PAGE, Wish::Short);
        assert!(short.contains("--a  A") && !short.contains("-C  Chdir") && short.contains("EXAMPLES:"), "{short}");
        assert!(short.ends_with("Use more.\n\n`--help=all` shows the flags that every command has.\n"), "{short}");
        let all = shown(PAGE, Wish::All);
        assert!(all.contains("-C  Chdir") && all.contains("--no-color           "), "{all}");
        let usage = shown(PAGE, Wish::Usage);
        assert!(usage.contains("atmos x") && usage.contains("$ atmos x") && !usage.contains("--a"), "{usage}");
    }

    #[test]
    fn wishes_stand_before_the_double_dash() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let none = Env::default();
        assert_eq!(Wish::of(&words("atmos list --help"), &none), Wish::Short);
        assert_eq!(Wish::of(&words("atmos list --help=all"), &none), Wish::All);
        assert_eq!(Wish::of(&words("atmos list --help=usage"), &none), Wish::Usage);
        assert_eq!(Wish::of(&words("atmos x -- --help=all"), &none), Wish::Short);
        assert_eq!(Wish::of(&words("atmos --help"), &Env::from_iter([("ATMOS_HELP_FILTER", "false")])), Wish::All);
    }
}
