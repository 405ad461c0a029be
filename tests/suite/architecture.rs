//! Holds the structure of `src/`: directions between modules, length of files, what a `mod.rs` may contain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::repository;

/// Longest source file, tests included.
const LONGEST: usize = 600;

/// Module to row, from the table of ARCHITECTURE.md.
fn rows() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    let line = Regex::new(r"(?m)^\|\s*(\d+)\s*\|\s*`(\w+)`\s*\|").unwrap();
    line.captures_iter(&text).map(|found| (found[2].to_owned(), found[1].parse().unwrap())).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The top-level module that a file belongs to; none for `lib.rs` and `main.rs`.
fn module_of(file: &Path) -> Option<String> {
    let relative = file.strip_prefix(repository().join("src")).unwrap();
    let first = relative.components().next()?.as_os_str().to_string_lossy().into_owned();
    let module = first.trim_end_matches(".rs");
    (!["lib", "main"].contains(&module)).then(|| module.to_owned())
}

/// The code without comments, in which a path would be no dependency.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Top-level modules named by `crate::x` anywhere in a file, also as members of `use crate::{…}`.
fn uses(code: &str) -> BTreeSet<String> {
    let direct = Regex::new(r"\bcrate::(\w+)").unwrap();
    let mut found: BTreeSet<String> = direct.captures_iter(code).map(|found| found[1].to_owned()).collect();
    let mut rest = code;
    while let Some((_, group)) = rest.split_once("crate::{") {
        rest = group;
        let mut depth = 0;
        let mut word = String::new();
        // Only the first name of each member at the outer level is a top-level module.
        let mut first = true;
        for letter in group.chars() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                _ => (),
            }
            match letter {
                letter if depth == 0 && first && (letter.is_alphanumeric() || letter == '_') => word.push(letter),
                ',' if depth == 0 => {
                    found.insert(std::mem::take(&mut word));
                    first = true;
                }
                letter if depth == 0 && !letter.is_whitespace() => first = false,
                _ => (),
            }
        }
        found.insert(word);
    }
    found.remove("");
    found
}

#[test]
fn modules_use_lower_rows_only() {
    let rows = rows();
    assert!(rows.len() > 10, "the table of ARCHITECTURE.md was not understood: {rows:?}");
    let mut violations = Vec::new();
    for file in sources(&repository().join("src")) {
        let Some(module) = module_of(&file) else { continue };
        let name = file.strip_prefix(repository()).unwrap().display().to_string();
        let Some(row) = rows.get(&module) else {
            violations.push(format!("{name}: module `{module}` has no row in ARCHITECTURE.md"));
            continue;
        };
        for used in uses(&code(&std::fs::read_to_string(&file).unwrap())) {
            match rows.get(&used) {
                _ if used == module => (),
                Some(lower) if lower < row => (),
                Some(other) => violations.push(format!("{name}: `{module}` (row {row}) uses `{used}` (row {other})")),
                None => violations.push(format!("{name}: uses `crate::{used}`, which has no row")),
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_module_of_the_table_exists() {
    let modules: BTreeSet<_> = sources(&repository().join("src")).iter().filter_map(|file| module_of(file)).collect();
    let missing: Vec<_> = rows().into_keys().filter(|row| !modules.contains(row)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names modules that are not there: {missing:?}");
}

#[test]
fn files_stay_short() {
    let mut files = sources(&repository().join("src"));
    files.extend(sources(&repository().join("tests")));
    let too_long: Vec<_> = files
        .iter()
        .map(|file| (file, std::fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(too_long.is_empty(), "longer than {LONGEST} lines:\n{}", too_long.join("\n"));
}

#[test]
fn mod_files_hold_documentation_and_exports_only() {
    let item = Regex::new(r"(?m)^\s*(pub(\([a-z]+\))? )?(fn|struct|enum|impl|trait|const|static|type)\b.*$").unwrap();
    let mut violations = Vec::new();
    for file in sources(&repository().join("src")).iter().filter(|file| file.ends_with("mod.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        if !text.starts_with("//!") {
            violations.push(format!("{}: does not open with its purpose", file.display()));
        }
        if let Some(found) = item.find(&code(&text)) {
            violations.push(format!("{}: {}", file.display(), found.as_str().trim()));
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn uses_finds_paths_and_members_of_groups() {
    let text =
        "use crate::{diag::{Failure, Report}, host,\n value};\nuse crate::span::Span; let x = crate::secret::f();";
    let expected: BTreeSet<_> = ["diag", "host", "value", "span", "secret"].map(str::to_owned).into();
    assert_eq!(uses(text), expected);
}

/// A document that lists what holds by which test is worth as much as the tests that are there.
#[test]
fn tests_that_the_table_of_runs_names_exist() {
    let text = std::fs::read_to_string(repository().join("docs/exec-acceptance.md")).unwrap();
    let mut code = String::new();
    for folder in ["src", "tests"] {
        for file in sources(&repository().join(folder)) {
            code.push_str(&std::fs::read_to_string(file).unwrap());
        }
    }
    let name = Regex::new(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`").unwrap();
    let named: BTreeSet<&str> = name.captures_iter(&text).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    let missing: Vec<&&str> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(named.len() > 60 && missing.is_empty(), "no such tests: {missing:?}");
}
