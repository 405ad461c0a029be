//! Variables for later jobs, and the form in which files have them.

use std::fmt::Write as _;

use super::many::{Group, Part};
use super::report::{Counts, Report};
use super::settings::Settings;

type Variables = Vec<(String, String)>;

/// What one component gives. Its outputs are given whatever the settings choose.
pub fn of_one(report: &Report, summary: Option<&str>, key: Option<&str>, settings: &Settings) -> Variables {
    let Counts { create, replace, destroy, .. } = report.counts();
    let mut variables = vec![
        ("has_changes", report.has_changes().to_string()),
        ("has_additions", (create > 0 && !report.has_errors()).to_string()),
        ("has_destructions", (destroy + replace > 0 && !report.has_errors()).to_string()),
        ("has_errors", report.has_errors().to_string()),
        ("exit_code", report.code.to_string()),
    ];
    if report.command != "plan" {
        variables.push(("success", (!report.has_errors()).to_string()));
    }
    variables.extend(counts(report.counts()));
    variables.extend([
        ("plan_summary", report.result()),
        ("stack", report.stack.clone()),
        ("component", report.component.clone()),
        ("command", report.command.clone()),
    ]);
    variables.extend(key.map(|key| ("artifact_key", key.to_owned())));
    variables.extend(summary.map(|summary| ("summary", summary.to_owned())));
    let mut chosen = chosen(variables, settings);
    if report.command == "apply" && !report.has_errors() {
        let outputs = report.told.outputs.iter().filter(|(_, value)| value != "<sensitive>");
        chosen.extend(outputs.map(|(name, value)| (format!("output_{name}"), value.clone())));
    }
    chosen
}

/// What a run of many components gives.
pub fn of_many(command: &str, stack: Option<&str>, parts: &[Part], summary: &str, settings: &Settings) -> Variables {
    let count = |group: Group| parts.iter().filter(|part| part.group() == group).count();
    let (failed, changed, unchanged) = (count(Group::Failed), count(Group::Changed), count(Group::Unchanged));
    let sum = parts.iter().map(Part::counts).fold(Counts::default(), |sum, counts| Counts {
        create: sum.create + counts.create,
        change: sum.change + counts.change,
        replace: sum.replace + counts.replace,
        destroy: sum.destroy + counts.destroy,
    });
    let code = match (failed, changed) {
        (0, changed) if changed > 0 && command == "plan" => "2",
        (0, _) => "0",
        _ => "1",
    };
    let mut variables = vec![
        ("has_changes", (changed > 0).to_string()),
        ("has_additions", (sum.create > 0).to_string()),
        ("has_destructions", (sum.destroy + sum.replace > 0).to_string()),
        ("has_errors", (failed > 0).to_string()),
        ("exit_code", code.to_owned()),
    ];
    variables.extend(counts(sum));
    variables.extend([
        ("components_total", parts.len().to_string()),
        ("components_succeeded", (changed + unchanged).to_string()),
        ("components_failed", failed.to_string()),
        ("components_changed", changed.to_string()),
        ("components_no_changes", unchanged.to_string()),
        ("components_skipped", count(Group::Skipped).to_string()),
        ("command", command.to_owned()),
        ("stack", stack.unwrap_or("all").to_owned()),
        ("component", "aggregate".to_owned()),
        ("summary", summary.to_owned()),
    ]);
    chosen(variables, settings)
}

fn counts(counts: Counts) -> [(&'static str, String); 4] {
    [
        ("resources_to_create", counts.create.to_string()),
        ("resources_to_change", counts.change.to_string()),
        ("resources_to_replace", counts.replace.to_string()),
        ("resources_to_destroy", counts.destroy.to_string()),
    ]
}

fn chosen(variables: Vec<(&'static str, String)>, settings: &Settings) -> Variables {
    let wanted = |name: &str| settings.variables.is_empty() || settings.variables.iter().any(|wanted| wanted == name);
    let chosen = variables.into_iter().filter(|(name, _)| wanted(name));
    chosen.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The variables as GitHub reads them from a file: one line each, or a text between two marks.
pub fn written(variables: &[(String, String)]) -> String {
    // Writing into a string cannot fail.
    let mut text = String::new();
    for (name, value) in variables {
        if value.contains(['\n', '\r']) {
            let mut mark = "EOF".to_owned();
            while value.contains(&mark) {
                mark.push('_');
            }
            let _ = write!(text, "{name}<<{mark}\n{value}\n{mark}\n");
        } else {
            let _ = writeln!(text, "{name}={value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::many::tests::parts;
    use super::*;
    use crate::ci::Told;

    fn value<'v>(variables: &'v Variables, name: &str) -> Option<&'v str> {
        variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn one_component_gives_its_changes_and_outputs() {
        let text =
            "Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n\nOutputs:\n\na = \"x\"\ns = <sensitive>\n";
        let told = Told::read("apply", text);
        let report =
            Report { stack: "s".into(), component: "c".into(), command: "apply".into(), told, ..Report::default() };
        let settings = Settings { variables: vec!["has_changes".into(), "artifact_key".into()], ..Settings::default() };
        let given = of_one(&report, Some("md"), Some("k"), &settings);
        let expected = [("has_changes", "true"), ("artifact_key", "k"), ("output_a", "x")];
        assert_eq!(given, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let all = of_one(&report, Some("md"), None, &Settings::default());
        assert_eq!((value(&all, "success"), value(&all, "summary")), (Some("true"), Some("md")));
    }

    #[test]
    fn many_components_are_counted() {
        let given = of_many("plan", None, &parts(), "md", &Settings::default());
        for (name, expected) in [
            ("has_changes", "true"),
            ("exit_code", "1"),
            ("components_total", "4"),
            ("components_skipped", "1"),
            ("resources_to_create", "1"),
            ("stack", "all"),
        ] {
            assert_eq!(value(&given, name), Some(expected), "{name}");
        }
    }

    #[test]
    fn texts_of_several_lines_stand_between_marks_that_they_do_not_contain() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let text = written(&[pair("a", "1"), pair("b", "x\nEOF\ny")]);
        assert_eq!(text, "a=1\nb<<EOF_\nx\nEOF\ny\nEOF_\n");
    }
}
