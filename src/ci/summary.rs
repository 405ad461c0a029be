//! The summary of one component.

use std::fmt::Write as _;

use super::markdown::{cell, cut, fenced, folded, inline};
use super::report::{Counts, Report};

/// GitHub takes a summary of 1 MiB; the rest of it has to fit, too.
const MOST: usize = 800 * 1024;

/// Renders the summary as Markdown.
pub fn summary(report: &Report) -> String {
    let command = if report.command.is_empty() { "plan" } else { report.command.as_str() };
    let mut text = format!("\n## {} for `{}` in `{}`\n\n", heading(report), report.component, report.stack);
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{}\n", labels(report));
    if report.counts().destroy > 0 && !report.has_errors() {
        let (what, look) = match command {
            "plan" => ("This plan deletes resources.", "Look at it very carefully."),
            _ => ("Resources were deleted.", "Look whether that was meant."),
        };
        let _ = writeln!(text, "> [!CAUTION]\n> **{what}** {look}\n");
    }
    let target = report.target();
    let title = if report.has_errors() { ":warning: Error summary".to_owned() } else { inline(&report.result()) };
    let _ = write!(text, "<details><summary><a id=\"result-{target}\" />{title}</summary>\n\n<br/>\n\n");
    let _ = writeln!(text, "To reproduce this locally, run:\n");
    let _ = writeln!(
        text,
        "{}",
        fenced("shell", &format!("atmos terraform {command} {} -s {}", report.component, report.stack))
    );
    if report.has_errors() {
        text.push_str(&fenced("hcl", cut(&report.errors().join("\n\n"), MOST).0));
    } else {
        text.push_str(&resources(report, command, &target));
    }
    text.push_str("\n</details>\n");
    if report.has_errors() {
        return text;
    }
    if !report.told.shown.is_empty() {
        let (shown, less) = cut(&report.told.shown, MOST);
        let more = if less { "\nThe rest is in the log.\n" } else { "" };
        let title = format!("Terraform <strong>{}</strong> Summary", capital(command));
        text.push_str(&folded(&title, &(fenced("hcl", shown) + more)));
    }
    if !report.told.outputs.is_empty() {
        text.push_str(&folded("Terraform Outputs", &outputs(report)));
    }
    for warning in &report.told.warnings {
        let quoted: Vec<String> = fenced("", warning).lines().map(|line| format!("> {line}")).collect();
        let _ = write!(text, "\n> [!WARNING]\n{}\n", quoted.join("\n"));
    }
    text
}

fn heading(report: &Report) -> &'static str {
    let plan = report.command == "plan";
    if report.has_errors() {
        return match report.command.as_str() {
            "plan" => "Plan Failed",
            "destroy" => "Destroy Failed",
            _ => "Apply Failed",
        };
    }
    match (report.has_resource_changes() || plan && report.code == 2, report.has_output_changes()) {
        (true, _) if plan => "Resource Changes Found",
        (true, _) if report.command == "destroy" => "Destroy Succeeded",
        (true, _) => "Apply Succeeded",
        (false, true) if plan => "Output Changes Found",
        (false, true) => "Output Changes Applied",
        (false, false) if plan => "No Changes",
        (false, false) => "No Changes Applied",
    }
}

/// What changes, at a glance.
fn labels(report: &Report) -> String {
    let verb = report.command.to_uppercase();
    if report.has_errors() {
        return format!("**`{verb} FAILED`**");
    }
    let Counts { create, change, replace, destroy } = report.counts();
    let target = report.target();
    let counts = [("CREATE", create), ("CHANGE", change), ("REPLACE", replace), ("DESTROY", destroy)];
    let labels: Vec<String> = counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("[**`{word} {count}`**](#{}-{target})", word.to_lowercase()))
        .collect();
    if labels.is_empty() {
        return if report.has_output_changes() { "**`OUTPUT CHANGE`**" } else { "`NO CHANGE`" }.to_owned();
    }
    labels.join(" ")
}

/// The addresses, each list behind an anchor.
fn resources(report: &Report, command: &str, target: &str) -> String {
    let done = command != "plan";
    let told = &report.told;
    let lists = [
        ("create", if done { "Created" } else { "Create" }, "+", &told.created),
        ("change", if done { "Changed" } else { "Change" }, "~", &told.updated),
        ("replace", if done { "Replaced" } else { "Replace" }, "-/+", &told.replaced),
        ("destroy", if done { "Destroyed" } else { "Destroy" }, "-", &told.deleted),
        ("import", if done { "Imported" } else { "Import" }, "<=", &told.imported),
    ];
    let mut text = String::new();
    for (anchor, title, mark, addresses) in lists.into_iter().filter(|(.., addresses)| !addresses.is_empty()) {
        let lines: Vec<String> = addresses.iter().map(|address| format!("{mark} {address}")).collect();
        let _ = write!(text, "\n### <a id=\"{anchor}-{target}\" />{title}\n\n");
        text.push_str(&fenced("diff", cut(&lines.join("\n"), MOST / 8).0));
    }
    text
}

fn outputs(report: &Report) -> String {
    let mut table = "| Output | Value |\n|--------|-------|\n".to_owned();
    for (name, value) in &report.told.outputs {
        let value = if value == "<sensitive>" { "*(sensitive)*".to_owned() } else { format!("`{}`", cell(value)) };
        let _ = writeln!(table, "| `{}` | {value} |", cell(name));
    }
    table
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::Told;

    fn report(command: &str, text: &str) -> Report {
        let told = Told::read(command, text);
        Report { stack: "prod".into(), component: "net/vpc".into(), command: command.into(), told, ..Report::default() }
    }

    #[test]
    fn a_plan_shows_what_changes_and_warns_of_deletions() {
        let text = "Terraform will perform the following actions:\n\n  # a.b will be created\n  # a.c will be destroyed\n\n\
                    Plan: 1 to add, 0 to change, 1 to destroy.\n";
        let summary = summary(&report("plan", text));
        for part in [
            "## Resource Changes Found for `net/vpc` in `prod`",
            "[!CAUTION]",
            "<a id=\"result-prod-net_vpc\" />Plan: 1 to add, 0 to change, 1 to destroy.</summary>",
            "atmos terraform plan net/vpc -s prod",
            "### <a id=\"create-prod-net_vpc\" />Create\n\n```diff\n+ a.b\n```",
            "- a.c",
            "Terraform <strong>Plan</strong> Summary",
        ] {
            assert!(summary.contains(part), "{part}: {summary}");
        }
    }

    #[test]
    fn nothing_to_change_and_failures_say_so() {
        let none = summary(&report("plan", "No changes. Your infrastructure matches the configuration.\n"));
        assert!(none.contains("## No Changes for") && !none.contains("Summary</summary>"), "{none}");
        let failed =
            Report { code: 1, failure: Some("exit 1".into()), ..report("plan", "╷\n│ Error: bad ```\n╵\n") };
        let text = summary(&failed);
        assert!(text.contains("## Plan Failed for") && text.contains("````hcl\nError: bad ```\n````"), "{text}");
        let early = summary(&Report { told: Told::default(), ..failed });
        assert!(early.contains("exit 1"), "{early}");
    }

    #[test]
    fn an_apply_shows_its_outputs() {
        let text =
            "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n\nOutputs:\n\na = \"x|y\"\ns = <sensitive>\n";
        let summary = summary(&report("apply", text));
        for part in ["## Apply Succeeded for", "| `a` | `x\\|y` |", "| `s` | *(sensitive)* |"] {
            assert!(summary.contains(part), "{part}: {summary}");
        }
    }
}
