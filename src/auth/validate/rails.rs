//! Guard rails of a section. One that cannot be read guards nothing, so that whatever it was to guard is refused.
//!
//! [`rails`] is what `auth validate` lists; [`check_rails`] is the same for everything that runs. Row 5.

use super::names::name_list;
use crate::auth::error::{Error, Mark};
use crate::auth::problem::Problem;
use crate::auth::read::{flag, unexpected};
use crate::span::Sources;
use crate::value::{DurationForm, Node, parse_duration};

/// That all guard rails of a section can be read.
///
/// # Errors
/// [`Error::Malformed`], the first finding that `auth validate` has, with its place.
pub fn check_rails(section: &Node, sources: &Sources) -> Result<(), Error> {
    let mut problems = Vec::new();
    rails(section, &mut problems);
    refuse(problems.into_iter().next(), sources)
}

/// The path of `audit.file` as written.
///
/// # Errors
/// [`Error::Malformed`]: there is an `audit` from which no path can be read.
pub fn audit_file<'a>(section: &'a Node, sources: &Sources) -> Result<Option<&'a str>, Error> {
    let mut problems = Vec::new();
    audit(section, &mut problems);
    refuse(problems.into_iter().next(), sources)?;
    Ok(section.get_path(["audit", "file"]).and_then(Node::as_str))
}

fn refuse(problem: Option<Problem>, sources: &Sources) -> Result<(), Error> {
    let Some(problem) = problem else { return Ok(()) };
    let Mark { place, text, at } = Mark::of(sources, problem.span);
    Err(Error::Malformed { reason: problem.message, place, text, at })
}

pub(super) fn rails(section: &Node, problems: &mut Vec<Problem>) {
    accounts(section, problems);
    if let Some(node) = section.get("min_ttl").filter(|node| !node.is_null()) {
        let message = match node.scalar_text() {
            Some(text) if parse_duration(&text, DurationForm::DaysAndSeconds).is_some() => None,
            Some(text) => Some(format!("auth: min_ttl `{text}` is not a duration such as 30m")),
            None => Some(format!("auth: min_ttl must be a duration such as 30m, not {}", node.value.type_name())),
        };
        problems.extend(message.map(|message| Problem::error(message, node.span)));
    }
    audit(section, problems);
    name_list("auth", section, problems);
    flag(section, "require_identity", problems);
}

fn accounts(section: &Node, problems: &mut Vec<Problem>) {
    let Some(node) = section.get("expected_account").filter(|node| !node.is_null()) else { return };
    let several = node.as_list().map_or_else(|| vec![node.clone()], <[Node]>::to_vec);
    if several.is_empty() {
        problems
            .push(Problem::error("auth: expected_account `[]` names no account, so that nothing would run", node.span));
    }
    for entry in several {
        let text = entry.scalar_text().unwrap_or_default();
        if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("auth: expected_account `{text}` is not 12 digits (quote it)");
            problems.push(Problem::error(message, entry.span));
        }
    }
}

fn audit(section: &Node, problems: &mut Vec<Problem>) {
    let Some(node) = section.get("audit").filter(|node| !node.is_null()) else { return };
    match node.get("file") {
        Some(file) if file.as_str().is_some_and(|path| !path.trim().is_empty()) => {}
        Some(file) if file.as_str().is_some() => {
            problems.push(Problem::error("auth: audit.file is empty: give a path, or take `audit` away", file.span));
        }
        Some(file) => problems.push(unexpected("auth.audit.file", "a path", file)),
        None => problems.push(Problem::error("auth: audit needs `file`", node.span)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check_rails;
    use crate::auth::config::tests::config;
    use crate::auth::validate::validate;
    use crate::span::Sources;
    use crate::value::from_json;

    #[test]
    fn rails_that_cannot_be_read_are_errors() {
        let fine = json!({"expected_account": ["111111111111"], "min_ttl": "30m", "audit": {"file": "x"}});
        assert_eq!(validate(&config(&fine), &Sources::new()), []);
        assert!(check_rails(&from_json(&fine), &Sources::new()).is_ok());
        assert!(check_rails(&from_json(&json!({"require_identity": "true", "audit": null})), &Sources::new()).is_ok());
        for (section, phrase) in [
            (json!({"expected_account": 1}), "expected_account `1` is not 12 digits"),
            (json!({"min_ttl": "soon"}), "min_ttl `soon` is not a duration"),
            (json!({"audit": {"path": "x"}}), "audit needs `file`"),
            (json!({"audit": {"file": []}}), "`auth.audit.file` must be a path"),
            (json!({"expected_account": []}), "expected_account `[]` names no account"),
            (json!({"expected_account": {}}), "expected_account `` is not 12 digits"),
            (json!({"min_ttl": ["30m"]}), "min_ttl must be a duration such as 30m, not list"),
            (json!({"audit": "/tmp/x.log"}), "audit needs `file`"),
            (json!({"audit": ["x"]}), "audit needs `file`"),
            (json!({"audit": {"file": ""}}), "audit.file is empty"),
            (json!({"allowed_identities": "reader"}), "allowed_identities must be a list of names"),
            (json!({"allowed_identities": ""}), "allowed_identities must be a list of names"),
            (json!({"allowed_identities": {"reader": true}}), "allowed_identities must be a list of names"),
            (json!({"allowed_identities": [1]}), "allowed_identities must be a list of names"),
            (json!({"require_identity": 1}), "`require_identity` must be a boolean"),
            (json!({"require_identity": "yes"}), "`require_identity` must be a boolean"),
        ] {
            let problems = validate(&config(&section), &Sources::new());
            let found = problems.iter().filter(|problem| problem.message.contains(phrase)).count();
            assert_eq!(found, 1, "{phrase}: {problems:?}");
            // What `auth validate` calls an error nothing runs with.
            let refused = check_rails(&from_json(&section), &Sources::new()).unwrap_err().to_string();
            assert!(refused.contains(phrase), "{phrase}: {refused}");
        }
    }
}
