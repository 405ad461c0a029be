//! `atmos auth validate`

use super::super::App;
use super::super::access::mask_section;
use crate::auth::realm::{REALM_VARIABLE, Realm};
use crate::auth::validate as rules;
use crate::auth::{AuthConfig, Problem, Severity};
use crate::span::Span;

/// Every finding, errors and warnings, in the order of file and line.
#[derive(Debug, Clone)]
pub struct ValidateReport {
    pub problems: Vec<Problem>,
    /// 0 when there is no error, 2 when a principal is at fault, else 1.
    pub exit_code: u8,
}

impl ValidateReport {
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }
}

/// Checks the section; never asks the network or the keyring. Without a realm nobody could sign in, which is one finding
/// among the others.
pub fn validate(app: &App) -> ValidateReport {
    let settings = AuthConfig::read(&app.config.auth);
    mask_section(&app.host, &settings.node);
    let mut problems = Vec::new();
    if let Err(reason) = Realm::resolve(app.host.env.get(REALM_VARIABLE), None, None) {
        problems.push(Problem::error(reason.to_string(), Span::default()));
    }
    problems.extend(rules::validate(&settings, &app.host.sources));
    ValidateReport { exit_code: rules::exit_code(&problems), problems }
}
