//! The CI system that runs us, and what it says of the commit.

use std::path::PathBuf;

use crate::host::Env;

/// Variables of the commit, the first one that is set counts. Those of GitHub count only there.
const COMMIT: [&str; 4] = ["ATMOS_CI_SHA", "GIT_COMMIT", "CI_COMMIT_SHA", "COMMIT_SHA"];
const BRANCH: [&str; 4] = ["ATMOS_CI_BRANCH", "GIT_BRANCH", "CI_COMMIT_REF_NAME", "BRANCH_NAME"];

/// Where summaries and variables go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    pub name: &'static str,
    /// Without a file they are said on standard error, but for GitHub, which always has one.
    pub output: Option<PathBuf>,
    pub summary: Option<PathBuf>,
}

/// What a plan was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Empty where nobody says; then git knows.
    pub commit: String,
    pub branch: String,
    pub run: String,
    pub repository: String,
    pub pull_request: Option<u64>,
}

fn text(env: &Env, name: &str) -> Option<String> {
    env.get(name).filter(|value| !value.is_empty()).map(str::to_owned)
}

impl Platform {
    /// GitHub Actions runs us.
    pub fn is_github(env: &Env) -> bool {
        env.get("GITHUB_ACTIONS") == Some("true")
    }

    /// The one that runs us. `asked` is `--ci` or its variable; without it only a system that is known counts.
    pub fn of(env: &Env, asked: bool) -> Option<Platform> {
        let file = |name: &str| text(env, name).map(PathBuf::from);
        if Platform::is_github(env) {
            return Some(Platform {
                name: "GitHub Actions",
                output: file("GITHUB_OUTPUT"),
                summary: file("GITHUB_STEP_SUMMARY"),
            });
        }
        asked.then(|| Platform { name: "CI", output: file("ATMOS_CI_OUTPUT"), summary: file("ATMOS_CI_SUMMARY") })
    }

    /// What has no file is shown to people.
    pub fn shows(&self) -> bool {
        self.name != "GitHub Actions"
    }
}

impl Origin {
    pub fn of(env: &Env) -> Origin {
        let first = |names: &[&str]| names.iter().find_map(|name| text(env, name));
        let github = |name: &str| text(env, name).filter(|_| Platform::is_github(env));
        let pull =
            github("GITHUB_REF").and_then(|name| name.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok());
        Origin {
            commit: text(env, COMMIT[0])
                .or_else(|| github("GITHUB_SHA"))
                .or_else(|| first(&COMMIT[1..]))
                .unwrap_or_default(),
            branch: text(env, BRANCH[0])
                .or_else(|| github("GITHUB_HEAD_REF"))
                .or_else(|| github("GITHUB_REF_NAME"))
                .or_else(|| first(&BRANCH[1..]))
                .unwrap_or_default(),
            run: github("GITHUB_RUN_ID").or_else(|| first(&["CI_PIPELINE_ID", "BUILD_ID"])).unwrap_or_default(),
            repository: first(&["ATMOS_CI_REPOSITORY"])
                .or_else(|| github("GITHUB_REPOSITORY"))
                .or_else(|| first(&["CI_PROJECT_PATH"]))
                .unwrap_or_default(),
            pull_request: pull.or_else(|| first(&["CI_MERGE_REQUEST_IID"])?.parse().ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn github_is_known_and_others_have_to_be_asked_for() {
        let github = Env::from_iter([
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_OUTPUT", "/o"),
            ("GITHUB_STEP_SUMMARY", "/s"),
            ("GITHUB_SHA", "abc"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_HEAD_REF", "topic"),
            ("CI_COMMIT_SHA", "other"),
        ]);
        let platform = Platform::of(&github, false).unwrap();
        assert_eq!((platform.output, platform.summary), (Some("/o".into()), Some("/s".into())));
        let origin = Origin::of(&github);
        assert_eq!((origin.commit.as_str(), origin.branch.as_str(), origin.pull_request), ("abc", "topic", Some(7)));
        let gitlab = Env::from_iter([("CI", "true"), ("CI_COMMIT_SHA", "def"), ("CI_COMMIT_REF_NAME", "main")]);
        assert_eq!(Platform::of(&gitlab, false), None);
        assert!(Platform::of(&gitlab, true).unwrap().shows());
        assert_eq!((Origin::of(&gitlab).commit.as_str(), Origin::of(&gitlab).branch.as_str()), ("def", "main"));
    }
}
