//! Finding the real programs: the test bed's folder first, then PATH.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folder of links that `scripts/testbed install` fills; the same rule as in that script.
fn testbed() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let root = variable("ATMOS_TESTBED").or_else(|| {
        let cache = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))?;
        Some(cache.join("atmos-testbed/v1"))
    })?;
    let bin = root.join("bin");
    bin.is_dir().then_some(bin)
}

/// PATH for everything that a test starts: the test bed and the system, nothing of the caller's; without a test bed the
/// caller's.
pub(crate) fn path() -> OsString {
    match testbed() {
        None => std::env::var_os("PATH").unwrap_or_default(),
        Some(bin) => {
            let folders = [bin, "/usr/bin".into(), "/bin".into()];
            std::env::join_paths(folders).expect("a folder of PATH contains no separator")
        }
    }
}

/// The program of a part, or a failure that says how to get it.
pub(crate) fn program(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| panic!("missing part {name}: run scripts/testbed install"))
}

pub(crate) fn find(name: &str) -> Option<PathBuf> {
    which::which_in(name, Some(path()), "/").ok()
}

/// Does it with every implementation of terraform that is here, by the names of their programs.
pub(crate) fn each_terraform(test: impl Fn(&str)) {
    terraform();
    ["terraform", "tofu"].into_iter().filter(|name| find(name).is_some()).for_each(test);
}

/// `terraform`, or OpenTofu where only that is there, or `ATMOS_TEST_TERRAFORM=tofu` asks for it.
pub(crate) fn terraform() -> &'static str {
    if std::env::var_os("ATMOS_TEST_TERRAFORM").is_some_and(|wanted| wanted == "tofu") {
        program("tofu");
        return "tofu";
    }
    match (find("terraform"), find("tofu")) {
        (Some(_), _) => "terraform",
        (None, Some(_)) => "tofu",
        (None, None) => panic!("missing part terraform: run scripts/testbed install"),
    }
}
