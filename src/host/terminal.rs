//! Facts about the terminal. Nothing is ever asked of the terminal itself.

use std::io::IsTerminal;

use super::Env;

/// Which standard streams are terminals, and whether a person can be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    /// A CI system runs us: no prompts, no browser, no progress display.
    pub ci: bool,
    /// `--force-tty` / `ATMOS_FORCE_TTY`.
    pub forced: bool,
}

/// Variables that CI systems set, beside `CI` itself.
const CI_VARIABLES: [&str; 9] = [
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BITBUCKET_BUILD_NUMBER",
    "BUILDKITE",
    "CIRCLECI",
    "TF_BUILD",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "CODEBUILD_BUILD_ID",
];

impl Terminal {
    pub fn from_env(env: &Env) -> Terminal {
        let flag = |name: &str| env.get(name).is_some_and(|value| !matches!(value, "false" | "0" | "no" | "off"));
        Terminal {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
            ci: flag("CI") || CI_VARIABLES.iter().any(|name| env.get(name).is_some()),
            forced: flag("ATMOS_FORCE_TTY"),
        }
    }

    /// Questions can be asked and answered: terminal on stdin and stderr, and no CI.
    pub fn can_prompt(&self) -> bool {
        self.stdin && self.stderr && !self.ci
    }

    /// Lines of the screen that stdout is; as many as most have where nobody says.
    pub fn height(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).map(|size| usize::from(size.ws_row));
        size.ok().filter(|rows| *rows > 0).unwrap_or(24)
    }

    /// Columns of the screen that stdout is; as many as most have where nobody says.
    pub fn width(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).map(|size| usize::from(size.ws_col));
        size.ok().filter(|columns| *columns > 0).unwrap_or(80)
    }

    /// A device code can be shown to somebody: stderr is a terminal (also in CI), or it was forced.
    pub fn can_show_device_code(&self) -> bool {
        self.stderr || self.forced
    }
}
