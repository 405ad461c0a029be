//! `atmos auth validate`

use super::super::access::Access;
use crate::auth::validate as rules;
use crate::auth::{Problem, Severity};

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

/// Checks the section; never asks the network or the keyring.
pub fn validate(access: &Access) -> ValidateReport {
    let problems = rules::validate(&access.settings, &access.host.sources);
    ValidateReport { exit_code: rules::exit_code(&problems), problems }
}
