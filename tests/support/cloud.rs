//! A portal, an STS and a sandbox with the `identity-center` scenario that knows both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{IdentityCenter, Outcome, Sandbox, Scanner, Sts};

/// The AWS account of [`Cloud`]'s caller, as the environment of the shell would have it. Must change nothing.
pub(crate) const AMBIENT_KEY: &str = "AKIAAMBIENTAMBIENT00";

/// Everything that a test of real identity kinds needs.
pub(crate) struct Cloud {
    pub(crate) portal: IdentityCenter,
    pub(crate) sts: Sts,
    pub(crate) sandbox: Sandbox,
}

impl Cloud {
    /// With further flags for the portal. Device codes are approved at once; logins outlive a process.
    pub(crate) fn start(flags: &[&str]) -> Cloud {
        let mut all = vec!["--auto-approve"];
        all.extend(flags);
        Cloud::unattended(&all)
    }

    /// Nobody approves anything unless the flags say so.
    pub(crate) fn unattended(flags: &[&str]) -> Cloud {
        let sts = Sts::start();
        let unrecorded = sts.unrecorded();
        let portal = IdentityCenter::start(&[&["--sts-endpoint", &unrecorded], flags].concat());
        let mut sandbox = Sandbox::scenario("identity-center").with_file_keyring();
        for (name, url) in [
            ("AWS_ENDPOINT_URL_SSO", &portal.url),
            ("AWS_ENDPOINT_URL_SSO_OIDC", &portal.url),
            ("AWS_ENDPOINT_URL_STS", &sts.url),
        ] {
            sandbox.set(name, url);
        }
        let probe = sandbox.root().join("probe");
        std::fs::create_dir(&probe).expect("a new folder");
        sandbox.set("PROBE", &probe);
        Cloud { portal, sts, sandbox }
    }

    /// `auth login` as a person at a terminal would do it, without the browser.
    pub(crate) fn login(&self, identity: &str) -> Outcome {
        self.sandbox
            .atmos_with(&[("ATMOS_FORCE_TTY", "true")], &["auth", "login", "--no-browser", "--identity", identity])
    }

    /// A terraform command with everything after `--` that makes it go through without questions.
    pub(crate) fn apply(&self, args: &[&str]) -> Outcome {
        let all = [&["terraform", "apply"], args, &["--", "-auto-approve"]].concat();
        self.sandbox.atmos(&all)
    }

    /// States lie in a bucket of moto, by the backend of terraform: a second witness of who somebody is.
    pub(crate) fn keep_states_in_s3(&self, bucket: &str) {
        let created = super::exchange("PUT", &format!("{}/{bucket}", self.sts.unrecorded()), "");
        assert!(created.is_some_and(|(status, _)| status == 200), "moto makes the bucket");
        let url = &self.sts.url;
        let catalog = self.sandbox.read("stacks/catalog/all.yaml");
        let backend = format!(
            "terraform:\n  backend_type: s3\n  backend:\n    s3:\n      bucket: {bucket}\n      key: terraform.tfstate\n      region: \
             eu-west-1\n      use_path_style: true\n      skip_credentials_validation: true\n      skip_requesting_account_id: true\n      \
             skip_region_validation: true\n      skip_metadata_api_check: true\n      endpoints: {{s3: \"{url}\", sts: \"{url}\"}}\n"
        );
        self.sandbox.write("stacks/catalog/all.yaml", &format!("{backend}{catalog}"));
    }

    /// How children get their credentials from now on.
    pub(crate) fn deliver_by(&self, delivery: &str) {
        let text = self.sandbox.read("atmos.yaml");
        let own: Vec<&str> = text.lines().filter(|line| !line.starts_with("  delivery:")).collect();
        let text = own.join("\n").replace("realm: scenario", &format!("realm: scenario\n  delivery: {delivery}"));
        self.sandbox.write("atmos.yaml", &(text + "\n"));
    }

    /// Requests that the portal and the STS saw while something was done.
    pub(crate) fn requests_during<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        let before = (self.portal.operations().len(), self.sts.calls().len());
        let result = work();
        let portal = self.portal.operations().split_off(before.0);
        let sts = self.sts.calls().split_off(before.1).into_iter().map(|call| call.action);
        (result, portal.into_iter().chain(sts).collect())
    }

    /// What the probe of a component saw, for example `dev-vpc`.
    pub(crate) fn probe(&self, name: &str) -> Probe {
        Probe { folder: self.probes().join(name) }
    }

    pub(crate) fn probes(&self) -> PathBuf {
        self.sandbox.root().join("probe")
    }

    /// The last key id that the portal gave out for a permission set.
    pub(crate) fn last_key_of(&self, role: &str) -> String {
        let mut issued = self.portal.issued();
        issued.retain(|issued| issued["role"] == json!(role));
        issued.last().and_then(|issued| issued["access_key_id"].as_str()).unwrap_or_default().to_owned()
    }

    /// Fails if a secret that was given out so far rests anywhere in the sandbox, or if a private folder of a run does.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        self.assert_no_secret_rests();
        assert_eq!(self.run_folders(), Vec::<PathBuf>::new(), "a private folder of a run is left");
    }

    /// Fails if a secret that was given out so far rests anywhere in the sandbox.
    #[track_caller]
    pub(crate) fn assert_no_secret_rests(&self) {
        Scanner::of(&self.portal, &self.sts).assert_absent_below(self.sandbox.root());
    }

    /// Private folders of runs that are there now.
    pub(crate) fn run_folders(&self) -> Vec<PathBuf> {
        let bases = [self.sandbox.runtime(), self.sandbox.home().join(".cache"), self.sandbox.root().join("tmp")];
        let mut found: Vec<PathBuf> = bases.iter().flat_map(|base| configs_below(base)).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// Folders that hold a file called `config`: what a child gets, wherever it lies.
fn configs_below(base: &Path) -> Vec<PathBuf> {
    let files = Sandbox::files_below(base);
    let configs = files.iter().filter(|file| file.file_name().is_some_and(|name| name == "config"));
    configs.filter_map(|file| base.join(file).parent().map(Path::to_owned)).collect()
}

/// What `bin/probe` of the scenario wrote.
pub(crate) struct Probe {
    folder: PathBuf,
}

impl Probe {
    #[track_caller]
    pub(crate) fn text(&self, file: &str) -> String {
        let path = self.folder.join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    #[track_caller]
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        variables(&self.text("environ"))
    }

    /// The ARN that STS named.
    #[track_caller]
    pub(crate) fn caller(&self) -> String {
        let answer: Value = serde_json::from_str(&self.text("caller")).unwrap_or_else(|error| {
            panic!("no caller: {error}\n{}\n{}", self.text("caller-error"), self.text("config"))
        });
        answer["Arn"].as_str().unwrap_or_default().to_owned()
    }
}

/// Lines of `env`; a value of several lines keeps its first.
pub(crate) fn variables(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
