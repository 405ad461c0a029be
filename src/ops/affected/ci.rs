//! The commit to compare with, as a CI system knows it: GitHub Actions by its variables and the payload of the event,
//! others by `ATMOS_CI_BASE_REF`.

use serde_json::Value as Json;

use crate::diag::Warning;
use crate::host::Host;

/// Where the commit may be found, the best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Candidate {
    /// Where the history of this branch of `origin` and ours part.
    MergeBase(String),
    /// A commit; the branch is where it can be fetched from.
    Commit { commit: String, branch: Option<String> },
    /// The commit before the one that is checked out.
    Parent,
    /// The tip of this branch of `origin`.
    Tip(String),
}

/// The candidates of the event that is being handled; none outside of CI.
pub(super) fn candidates(host: &Host) -> Vec<Candidate> {
    let env = &host.env;
    if env.get("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        let payload =
            env.get("GITHUB_EVENT_PATH").filter(|path| !path.is_empty()).map_or(Json::Null, |path| event(host, path));
        return github(env.get("GITHUB_EVENT_NAME").unwrap_or_default(), &payload, env.get("GITHUB_BASE_REF"));
    }
    match env.get("ATMOS_CI_BASE_REF") {
        Some(name) if is_commit(name) => vec![Candidate::Commit { commit: name.to_owned(), branch: None }],
        Some(name) => vec![Candidate::Tip(name.to_owned())],
        None => Vec::new(),
    }
}

/// What GitHub says of the event. Without it the comparison is with something else than was meant, so that is said.
fn event(host: &Host, path: &str) -> Json {
    let read = std::fs::read(host.absolute(path.as_ref())).map_err(|error| error.to_string());
    let payload = read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| format!("no JSON: {error}")));
    payload.unwrap_or_else(|problem| {
        let message = format!("the event of GitHub Actions in `GITHUB_EVENT_PATH` ({path}) cannot be read: {problem}");
        let warning = Warning::new("atmos::affected::event", message);
        host.talk.warn(warning.help("what to compare with is guessed without it; name it with --base"));
        Json::Null
    })
}

/// The candidates of an event of GitHub Actions.
fn github(event: &str, payload: &Json, base_ref: Option<&str>) -> Vec<Candidate> {
    let text = |path: &str| payload.pointer(path).and_then(Json::as_str).filter(|text| !text.is_empty());
    let commit = |path: &str, branch: Option<&str>| {
        let commit = text(path).filter(|commit| commit.bytes().any(|digit| digit != b'0'))?.to_owned();
        Some(Candidate::Commit { commit, branch: branch.map(str::to_owned) })
    };
    let mut found = Vec::new();
    match event {
        "pull_request" | "pull_request_target" => {
            let branch = text("/pull_request/base/ref").or(base_ref);
            found.extend(branch.map(|branch| Candidate::MergeBase(branch.to_owned())));
            found.extend((text("/action") == Some("closed")).then_some(Candidate::Parent));
            found.extend(commit("/pull_request/base/sha", branch));
            found.extend(branch.map(|branch| Candidate::Tip(branch.to_owned())));
        }
        "push" if payload.get("forced").and_then(Json::as_bool) == Some(true) => found.push(Candidate::Parent),
        "push" => found.extend(commit("/before", None)),
        "merge_group" => {
            let branch = text("/merge_group/base_ref").map(|name| name.strip_prefix("refs/heads/").unwrap_or(name));
            let branch = branch.or(base_ref);
            found.extend(commit("/merge_group/base_sha", branch));
            found.extend(branch.map(|branch| Candidate::Tip(branch.to_owned())));
        }
        _ => {}
    }
    found
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(event: &str, payload: &Json, base_ref: Option<&str>) -> String {
        let name = |candidate: Candidate| match candidate {
            Candidate::MergeBase(branch) => format!("merge-base:{branch}"),
            Candidate::Commit { commit, branch } => format!("commit:{commit}@{}", branch.unwrap_or_default()),
            Candidate::Parent => "parent".to_owned(),
            Candidate::Tip(branch) => format!("tip:{branch}"),
        };
        github(event, payload, base_ref).into_iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn events_name_their_base() {
        let request = json!({"action": "opened", "pull_request": {"base": {"ref": "dev", "sha": "abc"}}});
        let closed = json!({"action": "closed", "pull_request": {"base": {"ref": "dev", "sha": "abc"}}});
        let group = json!({"merge_group": {"base_sha": "abc", "base_ref": "refs/heads/dev"}});
        for (event, payload, base_ref, expected) in [
            ("pull_request", &request, Some("main"), "merge-base:dev commit:abc@dev tip:dev"),
            ("pull_request_target", &closed, None, "merge-base:dev parent commit:abc@dev tip:dev"),
            ("pull_request", &Json::Null, Some("main"), "merge-base:main tip:main"),
            ("push", &json!({"before": "abc"}), None, "commit:abc@"),
            ("push", &json!({"before": "0000000"}), None, ""),
            ("push", &json!({"before": "abc", "forced": true}), None, "parent"),
            ("merge_group", &group, None, "commit:abc@dev tip:dev"),
            ("merge_group", &Json::Null, Some("main"), "tip:main"),
            ("workflow_dispatch", &Json::Null, None, ""),
        ] {
            assert_eq!(shown(event, payload, base_ref), expected, "{event} {payload}");
        }
    }
}
