//! What happens, and how hooks call it. Pure.

/// Before or after the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    After,
}

impl Moment {
    pub(super) fn word(self) -> &'static str {
        match self {
            Moment::Before => "before",
            Moment::After => "after",
        }
    }
}

/// One event of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event<'a> {
    pub moment: Moment,
    /// `terraform` or `helmfile`.
    pub kind: &'a str,
    /// Sub-command.
    pub verb: &'a str,
}

impl std::fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.moment.word(), self.kind, self.verb)
    }
}

/// Sub-commands that have events.
const TERRAFORM: [&str; 8] = ["init", "plan", "apply", "deploy", "test", "output", "refresh", "destroy"];
const HELMFILE: [&str; 6] = ["template", "diff", "apply", "sync", "deploy", "destroy"];

/// Events of the reference that are of other kinds of components, or come once after many.
const OTHER: [(&str, &[&str]); 4] = [
    ("terraform", &["plan.aggregate", "apply.aggregate", "destroy.aggregate"]),
    ("kubernetes", &["render", "plan", "diff", "apply", "deploy", "delete", "validate"]),
    ("helm", &["template", "diff", "apply", "deploy", "delete"]),
    ("scaffold", &["generate"]),
];

/// The names of all events.
pub(super) fn names() -> Vec<String> {
    let own: [(&str, &[&str]); 2] = [("terraform", &TERRAFORM), ("helmfile", &HELMFILE)];
    let verbs = own.into_iter().chain(OTHER).flat_map(|(kind, verbs)| verbs.iter().map(move |verb| (kind, *verb)));
    verbs.flat_map(|(kind, verb)| ["before", "after"].map(|moment| format!("{moment}.{kind}.{verb}"))).collect()
}

/// Whether an event has this name. Hyphens may stand for dots.
pub(super) fn is_known(name: &str) -> bool {
    let name = name.trim().replace('-', ".");
    names().contains(&name)
}

impl Event<'_> {
    /// Whether hooks can hear of the sub-command at all.
    pub(super) fn exists(self) -> bool {
        match self.kind {
            "terraform" => TERRAFORM.contains(&self.verb),
            "helmfile" => HELMFILE.contains(&self.verb),
            _ => false,
        }
    }

    /// Whether a hook that names no event runs at this one. Nobody who wrote such a hook has seen it run at a
    /// `terraform destroy`, where it would look for outputs that are gone.
    pub(super) fn is_usual(self) -> bool {
        !(self.kind == "terraform" && self.verb == "destroy")
    }

    /// Whether a hook means this event by a name. Hyphens may stand for dots; `deploy` and `sync` are other words for
    /// `apply`.
    pub(super) fn is_named(self, name: &str) -> bool {
        let name = name.trim().replace('-', ".");
        let mut parts = name.splitn(3, '.');
        let (moment, kind, verb) = (parts.next(), parts.next(), parts.next());
        moment == Some(self.moment.word())
            && kind == Some(self.kind)
            && verb.is_some_and(|verb| self.plain(verb) == self.plain(self.verb))
    }

    fn plain(self, verb: &str) -> &str {
        match verb {
            "deploy" => "apply",
            "sync" if self.kind == "helmfile" => "apply",
            other => other,
        }
    }
}

/// `--skip-hooks`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Skip {
    #[default]
    None,
    All,
    /// These.
    Named(Vec<String>),
}

impl Skip {
    /// Reads the flag or its variable: nothing and `false` skip none, `true` and `*` all, else names with commas.
    pub fn parse(text: &str) -> Skip {
        match text.trim() {
            "" => Skip::None,
            "*" => Skip::All,
            text if text.eq_ignore_ascii_case("false") => Skip::None,
            text if text.eq_ignore_ascii_case("true") => Skip::All,
            text => Skip::Named(text.split(',').map(|name| name.trim().to_owned()).collect()),
        }
    }

    pub(super) fn skips(&self, name: &str) -> bool {
        match self {
            Skip::None => false,
            Skip::All => true,
            Skip::Named(names) => names.iter().any(|skipped| skipped == name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_named_with_dots_or_hyphens_and_aliases_are_one() {
        let event = |kind, verb| Event { moment: Moment::After, kind, verb };
        for (event, name, named) in [
            (event("terraform", "apply"), "after.terraform.apply", true),
            (event("terraform", "apply"), "after-terraform-apply", true),
            (event("terraform", "deploy"), "after.terraform.apply", true),
            (event("terraform", "apply"), "after.terraform.deploy", true),
            (event("terraform", "apply"), "before.terraform.apply", false),
            (event("terraform", "plan"), "after.terraform.apply", false),
            (event("terraform", "apply"), "after.helmfile.apply", false),
            (event("terraform", "apply"), "after.terraform.apply.aggregate", false),
            (event("helmfile", "sync"), "after.helmfile.apply", true),
            (event("helmfile", "apply"), "after-helmfile-sync", true),
            (event("terraform", "destroy"), "after.terraform.destroy", true),
        ] {
            assert_eq!(event.is_named(name), named, "{event} {name}");
        }
        assert!(event("terraform", "plan").exists() && !event("terraform", "validate").exists());
        assert!(!event("terraform", "destroy").is_usual());
    }

    #[test]
    fn hooks_are_skipped_all_or_by_name() {
        for (text, name, skipped) in [
            ("", "a", false),
            ("false", "a", false),
            ("true", "a", true),
            ("*", "a", true),
            ("a, b", "b", true),
            ("a,b", "c", false),
        ] {
            assert_eq!(Skip::parse(text).skips(name), skipped, "{text}");
        }
    }
}
