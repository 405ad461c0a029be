//! The loopback services of `tests/servers/federation`, and a sandbox that knows them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::stores::openssl;
use super::{Sandbox, Scanner, http};

/// Ten seconds are what a service gets; what takes no answer at all takes none of them.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(5);

/// A sign-in that fails: its name, the identity, knobs, variables, what is said, how many requests are made.
pub(crate) type Refusal =
    (&'static str, &'static str, Value, Vec<(&'static str, &'static str)>, Vec<&'static str>, usize);

/// Running services.
pub(crate) struct Federation {
    pub(crate) url: String,
    pub(crate) sandbox: Sandbox,
    process: Child,
}

impl Federation {
    /// With this `auth` section below the rest of a configuration; `URL` in it is the address of the services.
    pub(crate) fn start(auth: &str) -> Federation {
        let mut command = std::process::Command::new(binary());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the services start");
        let mut port = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut port).expect("the port");
        let url = format!("http://127.0.0.1:{}", port.trim());
        let mut sandbox = Sandbox::empty().with_file_keyring();
        sandbox.set("AWS_ENDPOINT_URL_STS", &url);
        sandbox.write("stacks/dev.yaml", "vars: {stage: dev}\ncomponents: {terraform: {app: {}}}\n");
        let federation = Federation { url, sandbox, process };
        federation.configure(auth);
        federation
    }

    /// Another `auth` section.
    pub(crate) fn configure(&self, auth: &str) {
        let text = format!("{HEAD}{}", auth.replace("URL", &self.url));
        self.sandbox.write("atmos.yaml", &text);
    }

    /// As in a job of GitHub Actions that may ask for tokens.
    pub(crate) fn as_job(&mut self) {
        let url = format!("{}/github/token?api-version=2.0", self.url);
        for (name, value) in [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token-of-this-job"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
        ] {
            self.sandbox.set(name, value);
        }
    }

    pub(crate) fn control(&self, knobs: &Value) {
        http::expect("POST", &format!("{}/_control", self.url), &knobs.to_string());
    }

    /// A token of the issuer with further claims.
    pub(crate) fn mint(&self, claims: &Value) -> String {
        http::expect("POST", &format!("{}/_mint", self.url), &claims.to_string())
    }

    /// A response of the identity provider of SAML.
    pub(crate) fn assert(&self, wanted: &Value) -> String {
        http::expect("POST", &format!("{}/_assert", self.url), &wanted.to_string())
    }

    /// Credentials of a service account of Google in a file of the repository, and the knob with its public key.
    pub(crate) fn service_account(&self) -> (PathBuf, Value) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"], &at("key.pem"));
        let key = at("key.pem").display().to_string();
        openssl(&["rsa", "-in", &key, "-RSAPublicKey_out", "-outform", "DER", "-out"], &at("public.der"));
        let document = json!({
            "type": "service_account", "client_email": "ci@keyed.iam.gserviceaccount.com", "project_id": "keyed",
            "private_key": std::fs::read_to_string(&key).expect("the key"), "private_key_id": "1",
            "token_uri": format!("{}/google/token", self.url),
        });
        let file = self.sandbox.repo().join("account.json");
        std::fs::write(&file, document.to_string()).expect("a new file");
        let public = std::fs::read(at("public.der")).expect("the public key");
        (file, json!({"google_key": STANDARD.encode(public)}))
    }

    /// Requests so far, in their order.
    pub(crate) fn log(&self) -> Vec<String> {
        serde_json::from_str(&http::expect("GET", &format!("{}/_log", self.url), "")).expect("a JSON list")
    }

    /// Requests while something was done.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        let before = self.log().len();
        let result = work();
        (result, self.log().split_off(before))
    }

    /// That each of these sign-ins fails at once, says what it should, and asks no more than it must. The knobs are back
    /// where they were afterwards.
    #[track_caller]
    pub(crate) fn assert_refused(&self, refusals: Vec<Refusal>) {
        for (name, identity, knobs, variables, phrases, calls) in refusals {
            self.control(&knobs);
            let login = ["auth", "login", "-i", identity];
            let (seen, log) = self.during(|| self.sandbox.atmos_with(&variables, &login));
            assert!(seen.elapsed < AT_ONCE, "{name}: {seen}");
            let seen = seen.exits(1);
            // What services say for their own people only.
            assert!(!seen.stderr.contains("Trace ID"), "{name}: {seen}");
            for phrase in phrases {
                assert!(seen.mentions(phrase), "{name}: {phrase}\n{seen}");
            }
            assert_eq!(log.len(), calls, "{name}: {log:?}");
            self.control(&json!({}));
        }
    }

    /// Fails if a secret that was given out so far rests in the sandbox.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        let issued: Vec<String> =
            serde_json::from_str(&http::expect("GET", &format!("{}/_issued", self.url), "")).expect("a JSON list");
        let secrets = issued.into_iter().map(|secret| ("secret of the services".to_owned(), secret));
        let password = ("keyring password".to_owned(), Sandbox::KEYRING_PASSWORD.to_owned());
        Scanner::new(secrets.chain([password])).assert_absent_below(self.sandbox.root());
    }
}

impl Drop for Federation {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const HEAD: &str = r#"base_path: "."
stacks: {base_path: stacks, included_paths: ["**/*"], name_pattern: "{stage}"}
components: {terraform: {base_path: components/terraform}}
"#;

/// Cargo puts examples beside the folder of the test binaries.
fn binary() -> PathBuf {
    let suite = std::env::current_exe().expect("the path of this test binary");
    let profile = suite.parent().and_then(Path::parent).expect("target/<profile>/deps/<test binary>");
    let binary = profile.join("examples/federation");
    assert!(
        binary.exists(),
        "missing part federation: run `cargo build --example federation` (looked for {})",
        binary.display()
    );
    binary
}
