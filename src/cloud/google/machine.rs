//! The metadata service of Google's machines.

use std::time::Duration;

use super::super::token::{Desk, Token, Trouble};
use crate::host::HttpRequest;

const MACHINE: &str = "metadata.google.internal";
/// Whoever is not on a machine of Google must not wait.
const SOON: Duration = Duration::from_secs(1);
const LARGEST: usize = 4 * 1024;

fn request(desk: Desk<'_>, path: &str) -> HttpRequest {
    let host = desk.host.env.get("GCE_METADATA_HOST").unwrap_or(MACHINE);
    let request = HttpRequest::get(format!("http://{host}/computeMetadata/v1/{path}"));
    HttpRequest { timeout: Some(SOON), ..request.header("metadata-flavor", "Google") }
}

/// A token of the account that a machine of Google runs as; `None` when nobody answers there.
///
/// # Errors
/// [`Trouble::Refused`]
pub async fn of_machine(desk: Desk<'_>) -> Result<Option<Token>, Trouble> {
    match desk.ask_once(&request(desk, "instance/service-accounts/default/token")).await {
        Ok(answer) => desk.taken(&answer, "access_token").map(Some),
        Err(Trouble::Unreachable { .. }) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// The project that a machine belongs to.
pub async fn project_of_machine(desk: Desk<'_>) -> Option<String> {
    let answer = desk.http.send(&request(desk, "project/project-id"), LARGEST).await.ok()?;
    let text = answer.text().trim().to_owned();
    (answer.status == 200 && !text.is_empty()).then_some(text)
}
