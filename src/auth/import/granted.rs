//! Granted: its profiles live in the files of the AWS CLI, its portals in a configuration of its own. Row 5.

use super::aws_config::{Habits, drafted};
use super::aws_profiles::AwsFiles;
use super::draft::Draft;
use super::known::Known;
use crate::host::ini_sections;

/// Every profile as an identity, and every portal as a provider. `settings` is the text of `~/.granted/config`.
pub fn granted(files: &AwsFiles, settings: &str, known: &Known) -> Draft {
    let (mut draft, _) = drafted(files, Habits::Granted, known);
    for table in tables(settings) {
        let path: Vec<&str> = table.path.iter().map(String::as_str).collect();
        match path[..] {
            ["SSO", name] => portal(&mut draft, name, &table),
            ["ProfileRegistry", ..] if !table.is_empty() => {
                draft.skip(
                    "ProfileRegistry",
                    "profiles of a team: `import:` of atmos.yaml takes a file from a repository",
                );
            }
            _ => {}
        }
    }
    draft.settled()
}

fn portal(draft: &mut Draft, name: &str, table: &Table) {
    let (Some(url), Some(region)) = (table.get("StartURL"), table.get("SSORegion")) else {
        draft.skip(name, "the portal has no StartURL or SSORegion");
        return;
    };
    let provider = draft.portal(name, url, region);
    draft.note(
        name,
        format!("what `granted sso populate` does, provider `{provider}` does with `auto_provision_identities: true`"),
    );
}

/// Whether a text is this configuration, and no file of the AWS CLI.
pub fn is_settings(text: &str) -> bool {
    let of_aws =
        |header: &str| header == "default" || header.starts_with("profile ") || header.starts_with("sso-session ");
    !ini_sections(text).iter().any(|section| of_aws(&section.header))
        && text
            .lines()
            .any(|line| line.trim_start().starts_with("[SSO") || line.trim_start().starts_with("DefaultBrowser"))
}

/// A table of the configuration, with its texts.
#[derive(Debug, Default)]
struct Table {
    path: Vec<String>,
    texts: Vec<(String, String)>,
    others: usize,
}

impl Table {
    fn get(&self, key: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// It has no values, or only those that its writer puts there anyway.
    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.others == 0
    }
}

/// The tables of TOML as Granted writes it: headers, and texts on a line of their own. Values of other types are only counted.
fn tables(text: &str) -> Vec<Table> {
    let mut tables = vec![Table::default()];
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            let inner = header.trim_start_matches('[').split(']').next().unwrap_or_default();
            tables.push(Table { path: path(inner), ..Table::default() });
            continue;
        }
        let (Some((key, value)), Some(table)) = (line.split_once('='), tables.last_mut()) else { continue };
        match value_of(value.trim()) {
            Some(value) => table.texts.push((key.trim().trim_matches('"').to_owned(), value)),
            None if matches!(value.trim(), "true" | "false") => {}
            None => table.others += 1,
        }
    }
    tables
}

/// `SSO."a b"`
fn path(header: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for letter in header.trim().chars() {
        match (letter, quote) {
            (letter, Some(mark)) if letter == mark => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            ('.', None) => parts.push(String::new()),
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.push(letter);
                }
            }
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// A text in quotes of one line: a basic one is JSON but for escapes that no address has.
fn value_of(value: &str) -> Option<String> {
    if let Some(literal) = value.strip_prefix('\'') {
        return literal.split('\'').next().map(str::to_owned);
    }
    let end = value.strip_prefix('"')?.find('"')? + 2;
    serde_json::from_str(&value[..end]).ok()
}
