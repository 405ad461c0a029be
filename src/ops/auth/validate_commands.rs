//! `auth validate`: identities of workflows, of custom commands and of their steps. Whoever wrote one means somebody.

use super::super::{App, workflows};
use super::validate::ValidateReport;
use crate::auth::resolution::Flag;
use crate::auth::validate::exit_code;
use crate::auth::{AuthConfig, IdentityName, Problem};
use crate::diag::nearest;
use crate::step::text_of;
use crate::value::Node;

/// Adds to a report what is wrong with `identity` of commands, of the workflows in files, and of the steps of both.
pub fn validate_commands(app: &App, report: &mut ValidateReport) {
    let auth = AuthConfig::read(&app.config.auth);
    let mut check = Check { auth: &auth, problems: &mut report.problems };
    if let Some(list) = app.config.document.get("commands") {
        check.commands(list);
    }
    // Without a directory of workflows there are none; files that cannot be read are named by a warning.
    for file in workflows::is_configured(app).then(|| workflows::files(app).ok()).flatten().unwrap_or_default() {
        for (name, workflow) in file.workflows() {
            check.workflow(workflow, &format!("the workflow `{name}` ({})", file.name));
        }
    }
    report.exit_code = exit_code(&report.problems);
}

/// What was found so far.
struct Check<'a> {
    auth: &'a AuthConfig,
    problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    fn commands(&mut self, list: &Node) {
        for command in list.as_list().unwrap_or_default() {
            let name = command.get("name").and_then(Node::scalar_text).unwrap_or_default();
            let owner = format!("the command `{}`", name.trim());
            self.identity(command, &owner);
            self.steps(command, &owner);
            if let Some(inner) = command.get("commands") {
                self.commands(inner);
            }
        }
    }

    fn workflow(&mut self, workflow: &Node, owner: &str) {
        if let Some(identity) = workflow.get("identity").filter(|identity| !identity.is_null()) {
            let message = format!("a workflow has no `identity`, and {owner} has one: write it at its steps");
            // A warning: such a workflow starts nothing, and `validate workflows` makes an error of it.
            self.problems.push(Problem::warning(message, identity.span));
        }
        self.steps(workflow, owner);
    }

    fn steps(&mut self, node: &Node, owner: &str) {
        for step in node.get("steps").and_then(Node::as_list).unwrap_or_default() {
            let name = step.get("name").and_then(Node::scalar_text).filter(|name| !name.trim().is_empty());
            let step_of = name.map_or_else(|| "a step".to_owned(), |name| format!("the step `{}`", name.trim()));
            self.identity(step, &format!("{step_of} of {owner}"));
            self.steps(step, owner);
        }
    }

    fn identity(&mut self, node: &Node, owner: &str) {
        let Some(identity) = node.get("identity").filter(|identity| !identity.is_null()) else { return };
        let Some(text) = text_of(identity) else {
            let found = identity.value.type_name();
            let message = format!("`identity` of {owner} must be the name of one, but it is a {found}");
            self.problems.push(Problem::error(message, identity.span));
            return;
        };
        let Flag::Name(name) = Flag::parse(Some(&text)) else { return };
        if self.auth.identity(&name).is_some() {
            return;
        }
        let known = self.auth.identities.keys().map(IdentityName::as_str);
        let aliases = self.auth.identities.values().filter_map(|known| known.alias.as_ref().map(|(alias, _)| &**alias));
        let next = match nearest(&name, known.chain(aliases)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`atmos auth list` shows them".to_owned(),
        };
        // Only a warning: a profile that is not loaded here may bring it.
        let message = format!("`identity` of {owner} names `{name}`, which is no identity; {next}");
        self.problems.push(Problem::warning(message, identity.span));
    }
}
