//! What templates of a repository see (`ci.templates`).

use std::sync::Arc;

use super::platform::Origin;
use super::report::{Counts, Report};
use crate::value::{Map, Node};

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
}

fn number(number: u64) -> Node {
    Node::from(i64::try_from(number).unwrap_or(i64::MAX))
}

fn texts(texts: &[String]) -> Node {
    Node::from(texts.iter().map(|text| Node::from(text.as_str())).collect::<Vec<_>>())
}

/// The report under the names that templates of the reference use.
pub fn data(report: &Report, origin: &Origin, version: &str) -> Node {
    let Counts { create, change, replace, destroy } = report.counts();
    let told = &report.told;
    let outputs = told.outputs.iter().map(|(name, value)| {
        let output = map([
            ("Value", Node::from(value.as_str())),
            ("Sensitive", Node::from(value == "<sensitive>")),
            ("Type", Node::from("")),
        ]);
        (Arc::from(name.as_str()), output)
    });
    let quoted = told.warnings.iter().map(|warning| {
        let lines: Vec<String> = warning.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
        lines.join("\n")
    });
    let result = map([
        ("ExitCode", Node::from(i64::from(report.code))),
        ("HasChanges", Node::from(report.has_changes())),
        ("HasErrors", Node::from(report.has_errors())),
        ("Errors", texts(&report.errors())),
    ]);
    let commit = map([
        ("SHA", Node::from(origin.commit.as_str())),
        ("Branch", Node::from(origin.branch.as_str())),
        ("RunID", Node::from(origin.run.as_str())),
        ("Repository", Node::from(origin.repository.as_str())),
    ]);
    map([
        ("Component", Node::from(report.component.as_str())),
        ("ComponentType", Node::from("terraform")),
        ("Stack", Node::from(report.stack.as_str())),
        ("Command", Node::from(report.command.as_str())),
        ("Target", Node::from(report.target())),
        ("AtmosVersion", Node::from(version)),
        ("CI", commit),
        ("Custom", map([])),
        ("Result", result),
        ("Output", Node::from(told.shown.as_str())),
        (
            "Resources",
            map([
                ("Create", number(create)),
                ("Change", number(change)),
                ("Replace", number(replace)),
                ("Destroy", number(destroy)),
            ]),
        ),
        ("CreatedResources", texts(&told.created)),
        ("UpdatedResources", texts(&told.updated)),
        ("ReplacedResources", texts(&told.replaced)),
        ("DeletedResources", texts(&told.deleted)),
        ("ImportedResources", texts(&told.imported)),
        ("MovedResources", texts(&[])),
        ("Outputs", Node::from(outputs.collect::<Map>())),
        ("ChangedResult", Node::from(report.result())),
        ("HasDestroy", Node::from(destroy > 0)),
        ("HasChanges", Node::from(report.has_changes())),
        ("HasResourceChanges", Node::from(report.has_resource_changes())),
        ("HasOutputChanges", Node::from(report.has_output_changes())),
        ("TotalChanges", number(create + change + replace + destroy)),
        ("Warnings", texts(&quoted.collect::<Vec<_>>())),
    ])
}
