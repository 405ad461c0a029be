//! A real Kubernetes API: etcd and kube-apiserver on loopback, without nodes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::background::{Background, free_port};
use super::parts;
use super::sandbox::Sandbox;

const TOKEN: &str = "test-token";

/// Somebody else may take a port between our choice and the start.
const ATTEMPTS: u32 = 3;

/// A cluster of one API server. Objects are stored and served; nothing runs them.
pub(crate) struct Kube {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) url: String,
    apiserver: Background,
    etcd: Background,
    folder: tempfile::TempDir,
}

impl Kube {
    pub(crate) fn start() -> Kube {
        Kube::start_with(None)
    }

    /// One that asks a web hook at this address who has a token.
    pub(crate) fn start_with(hook: Option<&str>) -> Kube {
        for _ in 0..ATTEMPTS {
            if let Some(kube) = Kube::attempt(hook) {
                return kube;
            }
        }
        panic!("the Kubernetes API did not start in {ATTEMPTS} attempts");
    }

    fn attempt(hook: Option<&str>) -> Option<Kube> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (etcd, clients) = etcd(folder.path());
        let (apiserver, port) = apiserver(folder.path(), &clients, hook);
        let kubeconfig = folder.path().join("kubeconfig");
        let authority = folder.path().join("certs/apiserver.crt");
        std::fs::write(&kubeconfig, kubeconfig_text(port, &authority)).expect("a new file");
        let url = format!("https://127.0.0.1:{port}");
        let mut kube = Kube { kubeconfig, url, apiserver, etcd, folder };
        let deadline = Instant::now() + Duration::from_secs(90);
        while Instant::now() < deadline && kube.apiserver.is_alive() && kube.etcd.is_alive() {
            if kube.kubectl(&["get", "--raw", "/readyz"]).is_some_and(|answer| answer == "ok") {
                return Some(kube);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        None
    }

    /// The certificate of who vouches for it.
    pub(crate) fn authority(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("certs/apiserver.crt")).expect("the API server made it")
    }

    /// Stdout of kubectl, if it succeeds.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Option<String> {
        let mut command = Command::new(parts::program("kubectl"));
        command.env_clear().env("PATH", parts::path()).env("HOME", self.folder.path());
        let output = command.arg("--kubeconfig").arg(&self.kubeconfig).args(args).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn etcd(folder: &Path) -> (Background, String) {
    let (clients, peers) = (url(free_port()), url(free_port()));
    let mut command = Background::command(&parts::program("etcd"));
    command.arg("--name=default").arg(format!("--data-dir={}", folder.join("etcd").display()));
    command.arg(format!("--listen-client-urls={clients}")).arg(format!("--advertise-client-urls={clients}"));
    command.arg(format!("--listen-peer-urls={peers}")).arg(format!("--initial-advertise-peer-urls={peers}"));
    command.arg(format!("--initial-cluster=default={peers}"));
    (Background::start("etcd", command), clients)
}

fn apiserver(folder: &Path, etcd: &str, hook: Option<&str>) -> (Background, u16) {
    let key = folder.join("sa.key");
    let mut openssl = Command::new(parts::program("openssl"));
    openssl.arg("genrsa").arg("-out").arg(&key).arg("2048").stderr(Stdio::null());
    assert!(openssl.status().expect("openssl starts").success(), "openssl genrsa failed");
    let tokens = folder.join("tokens.csv");
    std::fs::write(&tokens, format!("{TOKEN},admin,admin,system:masters\n")).expect("a new file");
    let port = free_port();
    let mut command = Background::command(&parts::program("kube-apiserver"));
    command.args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--authorization-mode=RBAC"]);
    command.args(["--disable-admission-plugins=ServiceAccount", "--service-cluster-ip-range=10.0.0.0/24"]);
    command.arg("--endpoint-reconciler-type=none");
    let shown = |path: &Path| path.display().to_string();
    for (flag, value) in [
        ("etcd-servers", etcd.to_owned()),
        ("secure-port", port.to_string()),
        ("cert-dir", shown(&folder.join("certs"))),
        ("service-account-issuer", format!("https://127.0.0.1:{port}")),
        ("service-account-key-file", shown(&key)),
        ("service-account-signing-key-file", shown(&key)),
        ("token-auth-file", shown(&tokens)),
    ] {
        command.arg(format!("--{flag}={value}"));
    }
    if let Some(url) = hook {
        let file = folder.join("hook");
        std::fs::write(&file, hook_text(url)).expect("a new file");
        command.arg(format!("--authentication-token-webhook-config-file={}", file.display()));
        command.args(["--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=0s"]);
    }
    (Background::start("kube-apiserver", command), port)
}

/// The user that an API server takes kubectl for, with the kubeconfig that everybody uses, from a folder that has nothing to do
/// with the repository: the plug-in finds its configuration by itself.
pub(crate) fn who_kubectl_is(sandbox: &Sandbox) -> String {
    let file = sandbox.home().join(".config/atmos/kube/config");
    let mut command = sandbox.command(parts::program("kubectl"));
    command.current_dir("/").env("KUBECONFIG", &file);
    let output = command.args(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]).output();
    let output = output.expect("kubectl starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn hook_text(url: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters: [{{name: hook, cluster: {{server: '{url}'}}}}]
users: [{{name: hook}}]
contexts: [{{name: hook, context: {{cluster: hook, user: hook}}}}]
current-context: hook
"
    )
}

fn kubeconfig_text(port: u16, authority: &Path) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters:
  - name: test
    cluster: {{server: 'https://127.0.0.1:{port}', certificate-authority: '{}'}}
users:
  - name: test
    user: {{token: {TOKEN}}}
contexts:
  - name: test
    context: {{cluster: test, user: test}}
current-context: test
",
        authority.display()
    )
}
