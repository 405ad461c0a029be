//! The accounts of the organisation and the permission sets that the user may take in each.

use std::path::Path;

use serde::Deserialize;

/// One account. `roles` are names of permission sets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Directory {
    pub(crate) accounts: Vec<Account>,
}

impl Directory {
    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }
}

/// The directory of a file, or the built-in one of seven accounts: four pages at two per page.
pub(crate) fn load(file: Option<&Path>) -> Result<Directory, String> {
    let Some(file) = file else { return Ok(built_in()) };
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

fn built_in() -> Directory {
    let every = ["ReadOnly", "PowerUser"].as_slice();
    let accounts = [
        ("111111111111", "management", every),
        ("222222222222", "audit", &["ReadOnly"]),
        ("333333333333", "network", &["ReadOnly", "PowerUser", "NetOps"]),
        ("444444444444", "data", &["ReadOnly", "PowerUser", "DataOps"]),
        ("555555555555", "development", every),
        ("666666666666", "staging", every),
        ("777777777777", "production", every),
    ];
    let account = |(id, name, roles): (&str, &str, &[&str])| Account {
        id: id.to_owned(),
        name: name.to_owned(),
        email: format!("aws+{name}@acme.test"),
        roles: roles.iter().map(ToString::to_string).collect(),
    };
    Directory { accounts: accounts.into_iter().map(account).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_accounts_have_ids_of_twelve_digits_and_no_equal_names() {
        let directory = built_in();
        let mut names: Vec<_> = directory.accounts.iter().map(|account| account.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), directory.accounts.len());
        assert!(directory.accounts.iter().all(|account| account.id.len() == 12));
        assert_eq!(directory.account("333333333333").map(|account| account.name.as_str()), Some("network"));
    }

    #[test]
    fn load_reports_a_member_that_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("directory.json");
        std::fs::write(&file, r#"{"accounts": [{"id": "1", "name": "a", "rolls": []}]}"#).unwrap();
        assert!(load(Some(&file)).unwrap_err().contains("rolls"));
    }
}
