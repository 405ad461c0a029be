//! The summary of a run of many components.

use std::fmt::Write as _;

use super::markdown::{cell, cut, fenced, folded, inline};
use super::report::{Counts, Report};
use super::summary::capital;

/// GitHub takes 1 MiB for the summary of a step.
const MOST: usize = 900 * 1024;
/// What is kept for the line that says how much is left out.
const NOTICE: usize = 512;
/// Of one component.
const MOST_OF_ONE: usize = 60 * 1024;

/// One component of the run.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its command was started, or failed before it could be.
    pub report: Report,
    /// It never ran, for this reason.
    pub skipped: Option<String>,
    pub milliseconds: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Failed,
    Changed,
    Unchanged,
    Skipped,
}

impl Part {
    pub(super) fn group(&self) -> Group {
        match self {
            Part { skipped: Some(_), .. } => Group::Skipped,
            Part { report, .. } if report.has_errors() => Group::Failed,
            Part { report, .. } if report.has_changes() => Group::Changed,
            _ => Group::Unchanged,
        }
    }

    fn result(&self) -> String {
        match &self.skipped {
            Some(reason) => reason.clone(),
            None if self.report.has_errors() => {
                self.report.errors().first().and_then(|error| error.lines().next()).unwrap_or("failed").to_owned()
            }
            None => self.report.result(),
        }
    }

    /// Resources that count: those of what did not fail.
    pub(super) fn counts(&self) -> Counts {
        match self.group() {
            Group::Changed | Group::Unchanged => self.report.counts(),
            Group::Failed | Group::Skipped => Counts::default(),
        }
    }

    fn name(&self) -> String {
        format!("{}/{}", self.report.stack, self.report.component)
    }
}

impl Group {
    pub(super) const ALL: [Group; 4] = [Group::Failed, Group::Changed, Group::Unchanged, Group::Skipped];

    fn title(self) -> &'static str {
        match self {
            Group::Failed => "Failed",
            Group::Changed => "Changed",
            Group::Unchanged => "No changes",
            Group::Skipped => "Skipped",
        }
    }
}

/// Renders the summary as Markdown, in the order of stacks and components.
pub fn many(command: &str, parts: &[Part]) -> String {
    let mut sorted: Vec<&Part> = parts.iter().collect();
    sorted.sort_by(|one, two| {
        (&one.report.stack, &one.report.component).cmp(&(&two.report.stack, &two.report.component))
    });
    let of = |group: Group| sorted.iter().filter(move |part| part.group() == group);
    // Writing into a string cannot fail.
    let mut text = format!("\n## Terraform {} Summary\n\n", capital(command));
    let (changed, failed) = (of(Group::Changed).count(), of(Group::Failed).count());
    let skipped = of(Group::Skipped).count();
    let _ = writeln!(text, "{} components: {changed} changed, {failed} failed, {skipped} skipped\n", parts.len());
    text.push_str("| Result | Components | |\n| --- | ---: | --- |\n");
    for group in Group::ALL {
        let names: Vec<String> = of(group).map(|part| cell(&part.name())).collect();
        let shown = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        let _ = writeln!(text, "| {} | {} | {shown} |", group.title(), names.len());
    }
    text.push_str("\n| Stack | Component | Result | Add | Change | Replace | Destroy | Duration |\n");
    text.push_str("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for part in &sorted {
        let Counts { create, change, replace, destroy } = part.counts();
        let time = part.milliseconds.map_or_else(|| "-".to_owned(), |time| format!("{time}ms"));
        let (stack, component) = (cell(&part.report.stack), cell(&part.report.component));
        let result = cell(&part.result());
        let _ = writeln!(
            text,
            "| {stack} | {component} | {result} | {create} | {change} | {replace} | {destroy} | {time} |"
        );
    }
    let mut left_out = 0;
    for (group, title) in [(Group::Failed, "Failed Components"), (Group::Changed, "Changed Components")] {
        let mut heading = Some(format!("\n### {title}\n"));
        for part in of(group) {
            let detail = detail(part);
            if text.len() + detail.len() + NOTICE > MOST {
                left_out += 1;
                continue;
            }
            text.extend(heading.take());
            text.push_str(&detail);
        }
    }
    if left_out > 0 {
        let _ = write!(text, "\n> [!WARNING]\n> {left_out} more would not fit here; their logs have them.\n");
    }
    cut(&text, MOST).0.to_owned()
}

fn detail(part: &Part) -> String {
    let body = match part.group() {
        Group::Failed => part.report.errors().join("\n\n"),
        _ => part.report.told.shown.clone(),
    };
    let title = format!("{} - {}", inline(&part.name()), inline(&part.result()));
    folded(&title, &fenced("hcl", cut(&body, MOST_OF_ONE).0))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ci::Told;

    pub(in crate::ci) fn parts() -> Vec<Part> {
        let part = |component: &str, text: &str, failure: Option<&str>, skipped: Option<&str>| Part {
            report: Report {
                stack: "prod".into(),
                component: component.into(),
                command: "plan".into(),
                code: u8::from(failure.is_some()),
                failure: failure.map(str::to_owned),
                told: Told::read("plan", text),
            },
            skipped: skipped.map(str::to_owned),
            milliseconds: Some(5),
        };
        vec![
            part("b", "  # r.x will be created\n\nPlan: 1 to add, 0 to change, 0 to destroy.\n", None, None),
            part("a", "No changes. Your infrastructure matches the configuration.\n", None, None),
            part("c", "╷\n│ Error: oh | no\n╵\n", Some("exit 1"), None),
            part("d", "", None, Some("skipped: c in prod did not succeed")),
        ]
    }

    #[test]
    fn components_are_counted_listed_and_shown() {
        let text = many("plan", &parts());
        for piece in [
            "## Terraform Plan Summary\n\n4 components: 1 changed, 1 failed, 1 skipped\n",
            "| Failed | 1 | prod/c |",
            "| prod | a | No changes. Your infrastructure matches the configuration. | 0 | 0 | 0 | 0 | 5ms |\n| prod | b |",
            "| prod | c | Error: oh \\| no | 0 |",
            "### Failed Components\n\n<details><summary>prod/c - Error: oh | no</summary>",
            "### Changed Components",
        ] {
            assert!(text.contains(piece), "{piece}\n{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said_to_be_left_out() {
        let long = "x".repeat(MOST_OF_ONE - 1);
        let mut parts = parts();
        parts[0].report.told.shown = long;
        let many_parts: Vec<Part> = (0..20).map(|_| parts[0].clone()).collect();
        let text = many("plan", &many_parts);
        assert!(text.len() <= MOST && text.contains("more would not fit here"), "{}", text.len());
    }
}
