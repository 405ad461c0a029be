//! Commands of this program in what it advises: they lead to where the call was, and a shell reads their names back.
//!
//! A help names a command between backticks, beginning with `atmos`. Whoever wrote it knows neither the flags of the call
//! nor the stack that an identity belongs to: [`with_flags`] and [`with_scope`] add those, and [`word`] quotes a name.

use std::borrow::Cow;

/// Commands of `auth` that look for identities in a stack where they are told to.
const SCOPED: [&str; 13] = [
    "login",
    "whoami",
    "env",
    "exec",
    "process",
    "list",
    "shell",
    "console",
    "refresh",
    "doctor",
    "user configure",
    "user import",
    "user rotate",
];

/// A name as a word of a command line.
pub fn word(text: &str) -> Cow<'_, str> {
    shell_words::quote(text)
}

/// The text with every command in it changed.
fn each(text: &str, change: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    const OPENING: &str = "`atmos ";
    let mut out = String::new();
    let (mut rest, mut is_changed) = (text, false);
    while let Some(at) = rest.find(OPENING) {
        let (before, from) = rest.split_at(at + 1);
        let Some(end) = from.find('`') else { break };
        out.push_str(before);
        if let Some(changed) = change(&from[..end]) {
            out.push_str(&changed);
            is_changed = true;
        } else {
            out.push_str(&from[..end]);
        }
        out.push('`');
        rest = &from[end + 1..];
    }
    if !is_changed {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The text with these flags of the whole program in every command, quoted as they are to be.
pub fn with_flags<'t>(text: &'t str, flags: &str) -> Cow<'t, str> {
    if flags.is_empty() {
        return Cow::Borrowed(text);
    }
    each(text, |command| Some(format!("atmos {flags}{}", command.strip_prefix("atmos")?)))
}

/// The text with the flags of a stack in those commands of `auth` that take them. `flags_of` has them for the identity or
/// provider that a command names, as it stands there, or for a command that names none.
pub fn with_scope(text: &str, flags_of: impl Fn(Option<&str>) -> Option<String>) -> Cow<'_, str> {
    each(text, |command| {
        let below = command.strip_prefix("atmos auth ")?;
        let ends =
            |name: &&&str| below.strip_prefix(**name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        let name = SCOPED.iter().find(ends)?;
        let rest = &below[name.len()..];
        let own = rest.split(" -- ").next().unwrap_or_default();
        if [" -s ", " --stack "].iter().any(|flag| own.contains(flag)) {
            return None;
        }
        let flags = flags_of(named(own))?;
        Some(format!("atmos auth {name} {flags}{rest}"))
    })
}

/// The identity or provider in the flags of a command.
fn named(flags: &str) -> Option<&str> {
    let value = [" -i ", " --identity ", " --provider "].iter().find_map(|flag| Some(flags.split_once(flag)?.1))?;
    let end = match value.strip_prefix('\'') {
        Some(quoted) => quoted.find('\'').map_or(value.len(), |at| at + 2),
        None => value.find(' ').unwrap_or(value.len()),
    };
    Some(&value[..end])
}

/// What the commands that one call advises lack.
#[derive(Debug, Clone, Default)]
pub struct Advice {
    /// Flags of the whole program, quoted.
    pub flags: String,
    /// Flags of the stack that an `auth` command was asked about, quoted.
    pub scope: Option<String>,
}

impl Advice {
    /// The text with commands that can be typed as they are.
    pub fn of<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(scope) = &self.scope else { return with_flags(text, &self.flags) };
        let scoped = with_scope(text, |_| Some(scope.clone()));
        Cow::Owned(with_flags(&scoped, &self.flags).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_call_go_into_every_command_and_nowhere_else() {
        let text =
            "run `atmos auth login -i x`, or `atmos auth list`; `terraform plan` and `atmos.yaml` stay, `atmos too";
        assert_eq!(
            with_flags(text, "--profile p"),
            "run `atmos --profile p auth login -i x`, or `atmos --profile p auth list`; `terraform plan` and `atmos.yaml` \
             stay, `atmos too"
        );
        assert_eq!(with_flags(text, ""), text);
    }

    #[test]
    fn a_stack_goes_into_commands_that_name_what_is_its_own() {
        let flags = |name: Option<&str>| match name {
            None | Some("'dev user'" | "own") => Some("-s prod".to_owned()),
            Some(_) => None,
        };
        for (command, expected) in [
            ("atmos auth login --provider own", "atmos auth login -s prod --provider own"),
            ("atmos auth user configure -i 'dev user'", "atmos auth user configure -s prod -i 'dev user'"),
            ("atmos auth login -i own --force", "atmos auth login -s prod -i own --force"),
            ("atmos auth login -i other", "atmos auth login -i other"),
            ("atmos auth list", "atmos auth list -s prod"),
            ("atmos auth validate", "atmos auth validate"),
            ("atmos auth listing", "atmos auth listing"),
            ("atmos auth exec -i own -- aws -s x", "atmos auth exec -s prod -i own -- aws -s x"),
            ("atmos auth login -s dev -i own", "atmos auth login -s dev -i own"),
        ] {
            assert_eq!(with_scope(&format!("try `{command}`"), flags), format!("try `{expected}`"));
        }
    }
}
