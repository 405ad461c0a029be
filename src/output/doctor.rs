//! What `atmos doctor` found, for people.

use std::fmt::Write as _;

use super::printable::printable;
use crate::ops::doctor::{Program, Report};

/// The report in sections, each line a name and what is so.
pub fn doctor(report: &Report) -> String {
    let mut text = String::new();
    let mut section = |title: &str, lines: Vec<(String, String)>| {
        let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let _ = writeln!(text, "{}{title}", if text.is_empty() { "" } else { "\n" });
        for (name, what) in lines {
            // Further lines stand below the first.
            let what = what.trim_end().replace('\n', &format!("\n{:1$}", "", width + 4));
            let line = format!("  {name:width$}  {what}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
    };
    let pair = |name: &str, what: String| (name.to_owned(), what);
    let mut versions = vec![
        pair("atmos", report.version.to_owned()),
        pair("behaves as", format!("{} of the Go version", report.compatible_with)),
    ];
    versions.extend(report.constraint.as_ref().map(|constraint| {
        let met = if constraint.met { "met" } else { "not met" };
        pair("version.constraint", format!("{} ({met})", constraint.require))
    }));
    section("Version", versions);
    let mut files = vec![pair("base path", report.base_path.clone())];
    match report.files.as_slice() {
        [] => files.push(pair("file", "none: the defaults hold".to_owned())),
        all => files.extend(all.iter().map(|file| pair("file", file.clone()))),
    }
    section("Configuration", files);
    let policy = |policy: &crate::config::PolicyInForce| {
        pair(policy.key, format!("{} ({}): {}", policy.value, policy.set_by, policy.about))
    };
    section("What functions of manifests may do", report.policies.iter().map(policy).collect());
    section("Programs", report.programs.iter().map(|one| pair(one.kind, program(one))).collect());
    let keyring = &report.keyring;
    let mut lines = vec![pair("kind", format!("{} ({})", keyring.kind, keyring.set_by))];
    lines.extend(keyring.folder.as_ref().map(|folder| {
        let there = if keyring.exists { "" } else { " (not there yet)" };
        pair("folder", format!("{folder}{there}"))
    }));
    lines.extend(keyring.password_variable.as_ref().map(|variable| {
        let set = if keyring.password_is_set { "set" } else { "not set" };
        pair("password", format!("{variable} ({set})"))
    }));
    section("Keyring", lines);
    let stacks = &report.stacks;
    let counts = format!("{} stacks, {} components in them", stacks.stacks, stacks.components);
    section("Stacks", vec![pair("found", stacks.problem.as_ref().map_or(counts, |problem| format!("✗ {problem}")))]);
    printable(&text).into_owned()
}

fn program(program: &Program) -> String {
    let path = program.path.as_deref().unwrap_or(&program.command);
    match (&program.version, &program.problem) {
        (Some(version), _) => format!("{path}: {version}"),
        (None, Some(problem)) => format!("{path}: ✗ {problem}"),
        (None, None) => path.to_owned(),
    }
}
