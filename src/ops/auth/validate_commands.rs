//! `auth validate`: identities of custom commands and of their steps that are no names. Whoever wrote them means somebody.

use super::super::App;
use super::validate::ValidateReport;
use crate::auth::Problem;
use crate::auth::validate::exit_code;
use crate::step::text_of;
use crate::value::Node;

/// Adds to a report what is wrong with `identity` of commands and of their steps.
pub fn validate_commands(app: &App, report: &mut ValidateReport) {
    if let Some(list) = app.config.document.get("commands") {
        commands(list, &mut report.problems);
    }
    report.exit_code = exit_code(&report.problems);
}

fn commands(list: &Node, problems: &mut Vec<Problem>) {
    for command in list.as_list().unwrap_or_default() {
        let name = command.get("name").and_then(Node::scalar_text).unwrap_or_default();
        let owner = format!("the command `{}`", name.trim());
        check(command, &owner, problems);
        steps(command, &owner, problems);
        if let Some(inner) = command.get("commands") {
            commands(inner, problems);
        }
    }
}

fn steps(node: &Node, owner: &str, problems: &mut Vec<Problem>) {
    for step in node.get("steps").and_then(Node::as_list).unwrap_or_default() {
        check(step, &format!("a step of {owner}"), problems);
        steps(step, owner, problems);
    }
}

fn check(node: &Node, owner: &str, problems: &mut Vec<Problem>) {
    let Some(identity) = node.get("identity").filter(|identity| !identity.is_null() && text_of(identity).is_none())
    else {
        return;
    };
    let found = identity.value.type_name();
    let message = format!("`identity` of {owner} must be the name of one, but it is a {found}");
    problems.push(Problem::error(message, identity.span));
}
