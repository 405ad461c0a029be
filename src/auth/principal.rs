//! What is wrong with the principals of identities, by their kind. Pure. Row 5.

use super::bounds;
use super::config::{Identity, Principal};
use super::kind::IdentityKind;
use crate::span::Span;

/// The tasks that the root user of a member account can be asked for.
const TASK_PREFIX: &str = "arn:aws:iam::aws:policy/root-task/";
const ROOT_TASKS: [&str; 5] = [
    "IAMAuditRootUserCredentials",
    "IAMCreateRootUserPassword",
    "IAMDeleteRootUserCredentials",
    "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
];

/// What is wrong with the form of a region. Which ones there are is the cloud's business.
pub(crate) fn region_problem(region: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(reason) = bounds::problem("region", region, 32) {
        return Some(reason);
    }
    let fine = region.chars().all(plain) && !region.starts_with('-') && !region.ends_with('-');
    (!fine).then(|| format!("region `{}` is not the name of a region", region.escape_debug()))
}

/// What is missing in the principal of a built kind, with the place to mend.
pub(crate) fn principal_problems(identity: &Identity) -> Vec<(String, Span)> {
    let principal = &identity.principal;
    let span = if principal.span.is_known() { principal.span } else { identity.span };
    let mut problems = principal.faults.clone();
    for region in [&principal.region, &identity.credentials.region].into_iter().flatten() {
        problems.extend(region_problem(region).map(|reason| (reason, span)));
    }
    let too_long = bounds::problems(identity);
    if !too_long.is_empty() {
        problems.extend(too_long.into_iter().map(|reason| (reason, span)));
        return problems;
    }
    match identity.kind {
        IdentityKind::PermissionSet => {
            if principal.name.is_none() {
                problems.push(("permission set name is required in principal".to_owned(), span));
            }
            match (&principal.account_id, &principal.account_name) {
                (None, None) => problems.push(("account specification is required in principal".to_owned(), span)),
                (Some(id), _) if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) => {
                    problems.push((format!("account id `{id}` is not 12 digits (quote it)"), span));
                }
                _ => {}
            }
        }
        IdentityKind::AssumeRole => match principal.assume_role.as_deref() {
            None => problems.push(("assume_role is required in principal".to_owned(), span)),
            Some(arn) if !arn.starts_with("arn:") => {
                problems.push((format!("assume_role `{arn}` is not an ARN"), span));
            }
            Some(_) => {}
        },
        IdentityKind::AssumeRoot => problems.extend(root_problems(principal, span)),
        _ => {}
    }
    problems
}

/// What is wrong with that of `aws/assume-root`.
fn root_problems(principal: &Principal, span: Span) -> Vec<(String, Span)> {
    let mut problems = Vec::new();
    match principal.target_principal.as_deref() {
        None => problems.push(("target_principal is required in principal".to_owned(), span)),
        Some(account) if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) => {
            problems.push((format!("target_principal `{account}` is not 12 digits (quote it)"), span));
        }
        Some(_) => {}
    }
    match principal.task_policy_arn.as_deref() {
        None => problems.push(("task_policy_arn is required in principal".to_owned(), span)),
        Some(arn) if !arn.strip_prefix(TASK_PREFIX).is_some_and(|task| ROOT_TASKS.contains(&task)) => {
            let known = ROOT_TASKS.join(", ");
            problems.push((format!("task_policy_arn `{arn}` is not {TASK_PREFIX} with one of {known}"), span));
        }
        Some(_) => {}
    }
    problems
}
