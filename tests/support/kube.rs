//! A real Kubernetes API: etcd and kube-apiserver on loopback, without nodes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::background::{Background, free_port, wait_until};
use super::parts;

/// A cluster of one API server. Objects are stored and served; nothing runs them.
pub(crate) struct Kube {
    pub(crate) kubeconfig: PathBuf,
    _apiserver: Background,
    _etcd: Background,
    _folder: tempfile::TempDir,
}

impl Kube {
    pub(crate) fn start() -> Kube {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (etcd, clients) = etcd(folder.path());
        let token = "loopback-cluster-admin-token";
        let (apiserver, port) = apiserver(folder.path(), &clients, token);
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, kubeconfig_text(port, token)).expect("a new file");
        let kube = Kube { kubeconfig, _apiserver: apiserver, _etcd: etcd, _folder: folder };
        wait_until("kube-apiserver is ready", Duration::from_secs(90), || {
            kube.kubectl(&["get", "--raw", "/readyz"]).filter(|answer| answer == "ok")
        });
        kube
    }

    /// Stdout of kubectl, if it succeeds.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Option<String> {
        let mut command = Command::new(parts::program("kubectl"));
        command.env_clear().env("PATH", parts::path()).env("HOME", self._folder.path());
        let output = command.arg("--kubeconfig").arg(&self.kubeconfig).args(args).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn etcd(folder: &Path) -> (Background, String) {
    let (clients, peers) = (url(free_port()), url(free_port()));
    let mut command = Command::new(parts::program("etcd"));
    command.arg("--data-dir").arg(folder.join("etcd"));
    command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
    command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
    command.args(["--initial-cluster", &format!("default={peers}")]);
    (Background::start("etcd", quiet(&mut command, &folder.join("etcd.log"))), clients)
}

fn apiserver(folder: &Path, etcd: &str, token: &str) -> (Background, u16) {
    let key = folder.join("service-account.key");
    let mut openssl = Command::new(parts::program("openssl"));
    openssl.arg("genrsa").arg("-out").arg(&key).arg("2048").stderr(Stdio::null());
    assert!(openssl.status().expect("openssl starts").success(), "openssl genrsa failed");
    let tokens = folder.join("tokens.csv");
    std::fs::write(&tokens, format!("{token},admin,admin,\"system:masters\"\n")).expect("a new file");
    let port = free_port();
    let mut command = Command::new(parts::program("kube-apiserver"));
    command.args(["--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", &port.to_string()]);
    command.arg("--cert-dir").arg(folder.join("certificates")).arg("--token-auth-file").arg(tokens);
    command.arg("--service-account-key-file").arg(&key).arg("--service-account-signing-key-file").arg(&key);
    command.args(["--service-account-issuer", "https://kubernetes.default.svc", "--authorization-mode", "RBAC"]);
    command.args(["--disable-admission-plugins", "ServiceAccount", "--service-cluster-ip-range", "10.0.0.0/24"]);
    (Background::start("kube-apiserver", quiet(&mut command, &folder.join("apiserver.log"))), port)
}

fn quiet<'a>(command: &'a mut Command, log: &Path) -> &'a mut Command {
    let file = std::fs::File::create(log).expect("a new file");
    command.env_clear().env("PATH", parts::path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file)
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn kubeconfig_text(port: u16, token: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters:
  - name: loopback
    cluster: {{server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true}}
users:
  - name: admin
    user: {{token: {token}}}
contexts:
  - name: loopback
    context: {{cluster: loopback, user: admin}}
current-context: loopback
"
    )
}
