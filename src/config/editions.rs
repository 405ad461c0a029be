//! Editions: the days on which defaults changed, and what they were before.

use super::constant::Constant::{self, Flag, Text};
use crate::value::Node;

/// A default that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct DefaultChange {
    /// `YYYY-MM-DD`.
    pub date: &'static str,
    pub key: &'static str,
    pub old: Node,
    pub new: Node,
    pub description: &'static str,
}

/// Date, key, the value before and after, and what it means to the user.
pub(super) const JOURNAL: &[(&str, &str, Constant, Constant, &str)] = &[
    ("2025-02-11", "logs.file", Text("/dev/stdout"), Text("/dev/stderr"), "logs go to standard error, away from data"),
    ("2025-09-23", "logs.level", Text("Info"), Text("Warning"), "logs of the level Info are shown on request only"),
    ("2025-10-16", "settings.terminal.pager", Text("true"), Text("false"), "long output goes straight to the terminal"),
    (
        "2025-12-06",
        "stacks.inherit.metadata",
        Flag(false),
        Flag(true),
        "metadata is inherited from base components like other sections",
    ),
    (
        "2026-02-10",
        "components.helmfile.use_eks",
        Flag(true),
        Flag(false),
        "helmfile gets a kubeconfig of EKS only where that is asked for",
    ),
    (
        "2026-07-06",
        "settings.terminal.help.filter",
        Flag(false),
        Flag(true),
        "help leaves the global flags out unless all of it is asked for",
    ),
    (
        "2026-07-13",
        "describe.error_mode",
        Text("strict"),
        Text("warn"),
        "descriptions show (computed) for values that cannot be known yet",
    ),
    (
        "2026-07-13",
        "list.error_mode",
        Text("strict"),
        Text("warn"),
        "lists show (computed) for values that cannot be known yet",
    ),
    (
        "2026-07-16",
        "describe.provenance",
        Flag(false),
        Flag(true),
        "descriptions of components say where values come from",
    ),
    (
        "2026-07-17",
        "describe.component.filter",
        Text("full"),
        Text("schema"),
        "descriptions of components show what manifests can define, and no more",
    ),
];

/// The changes of defaults, oldest first.
pub fn default_changes() -> Vec<DefaultChange> {
    let change =
        |(date, key, old, new, description): &(&'static str, &'static str, Constant, Constant, &'static str)| {
            DefaultChange { date, key, old: old.node(), new: new.node(), description }
        };
    JOURNAL.iter().map(change).collect()
}

/// Last day of an edition as `YYYY-MM-DD`, which compares as text; of a month it is the 31st, of February too. A day that
/// is written has to be one of the calendar.
pub fn edition_day(edition: &str) -> Option<String> {
    let parts: Vec<&str> = edition.split('-').collect();
    let number = |text: &str, digits: usize, limit: u32| {
        let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<u32>().ok()).flatten().filter(|value| (1..=limit).contains(value))
    };
    let year = number(parts.first()?, 4, 9999)?;
    let month = parts.get(1).map_or(Some(12), |text| number(text, 2, 12))?;
    let day = parts.get(2).map_or(Some(31), |text| number(text, 2, 31))?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    (parts.len() < 3 || parts.len() == 3 && date.parse::<jiff::civil::Date>().is_ok()).then_some(date)
}

/// The day of [`edition_day`] as the calendar has it: never after the end of its month.
pub fn last_day(day: &str) -> String {
    let parts: Vec<i16> = day.split('-').filter_map(|part| part.parse().ok()).collect();
    let [year, month, wanted] = parts[..] else { return day.to_owned() };
    let (Ok(month), Ok(wanted)) = (i8::try_from(month), i8::try_from(wanted)) else { return day.to_owned() };
    match jiff::civil::Date::new(year, month, 1) {
        Ok(first) => format!("{year:04}-{month:02}-{:02}", wanted.min(first.days_in_month())),
        Err(_) => day.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_end_with_their_period() {
        for (edition, day) in
            [("2026", "2026-12-31"), ("2026-02", "2026-02-28"), ("2024-02", "2024-02-29"), ("2026-07-06", "2026-07-06")]
        {
            assert_eq!(last_day(&edition_day(edition).unwrap()), day);
        }
        assert_eq!(edition_day("latest"), None);
    }

    #[test]
    fn the_journal_ends_with_the_defaults() {
        let defaults = super::super::defaults::layer(true, None).unwrap();
        for change in default_changes() {
            assert_eq!(defaults.get_path(change.key.split('.')), Some(&change.new), "{}", change.key);
        }
    }
}
