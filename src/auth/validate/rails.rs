//! Guard rails of a section: what cannot be read would stop every run. Row 5.

use crate::auth::problem::Problem;
use crate::auth::read::unexpected;
use crate::value::{DurationForm, Node, parse_duration};

pub(super) fn rails(section: &Node, problems: &mut Vec<Problem>) {
    if let Some(node) = section.get("expected_account").filter(|node| !node.is_null()) {
        let several = node.as_list().map_or_else(|| vec![node.clone()], <[Node]>::to_vec);
        for entry in several {
            let text = entry.scalar_text().unwrap_or_default();
            if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                let message = format!("auth: expected_account `{text}` is not 12 digits (quote it)");
                problems.push(Problem::error(message, entry.span));
            }
        }
    }
    if let Some(node) = section.get("min_ttl").filter(|node| !node.is_null()) {
        let text = node.scalar_text().unwrap_or_default();
        if parse_duration(&text, DurationForm::DaysAndSeconds).is_none() {
            let message = format!("auth: min_ttl `{text}` is not a duration such as 30m");
            problems.push(Problem::error(message, node.span));
        }
    }
    if let Some(node) = section.get("audit").filter(|node| !node.is_null()) {
        match node.get("file") {
            Some(file) if file.as_str().is_some() => {}
            Some(file) => problems.push(unexpected("auth.audit.file", "a path", file)),
            None => problems.push(Problem::error("auth: audit needs `file`", node.span)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::auth::config::tests::config;
    use crate::auth::validate::validate;
    use crate::span::Sources;

    #[test]
    fn rails_that_cannot_be_read_are_errors() {
        let fine = json!({"expected_account": ["111111111111"], "min_ttl": "30m", "audit": {"file": "x"}});
        assert_eq!(validate(&config(&fine), &Sources::new()), []);
        for (section, phrase) in [
            (json!({"expected_account": 1}), "expected_account `1` is not 12 digits"),
            (json!({"min_ttl": "soon"}), "min_ttl `soon` is not a duration"),
            (json!({"audit": {"path": "x"}}), "audit needs `file`"),
            (json!({"audit": {"file": []}}), "`auth.audit.file` must be a path"),
        ] {
            let problems = validate(&config(&section), &Sources::new());
            assert!(problems.iter().any(|problem| problem.message.contains(phrase)), "{phrase}: {problems:?}");
        }
    }
}
