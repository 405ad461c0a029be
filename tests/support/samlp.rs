//! An identity provider of SAML that is not ours: the package samlp, in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::background::Background;
use super::{http, parts, sandbox, stores};

/// A running one. Its key is one of its own.
pub(crate) struct Samlp {
    pub(crate) url: String,
    _process: Background,
    folder: tempfile::TempDir,
}

/// What asks xml-crypto whether an assertion is signed by the key of a certificate.
pub(crate) fn verifier(certificate: &Path) -> [String; 3] {
    let script = sandbox::repository().join("tests/servers/samlp/verify.js");
    [parts::program("samlp"), script, certificate.to_owned()].map(|path| path.display().to_string())
}

impl Samlp {
    /// It offers these pairs of a role and its provider, in this order.
    pub(crate) fn start(roles: &[&str]) -> Samlp {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("certificate.pem"));
        let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=samlp", "-keyout"];
        stores::openssl(&[&made[..], &[&key.display().to_string(), "-out"]].concat(), &certificate);
        let mut command = Background::command(&parts::program("samlp"));
        command.arg(sandbox::repository().join("tests/servers/samlp/server.js")).arg(&key).arg(&certificate);
        command.args(roles).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Background::start("samlp", command);
        let mut port = String::new();
        let stdout = process.child().stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut port).expect("the port");
        Samlp { url: format!("http://127.0.0.1:{}", port.trim()), _process: process, folder }
    }

    /// For the knob `verify` of `federation`.
    pub(crate) fn verifier(&self) -> [String; 3] {
        verifier(&self.folder.path().join("certificate.pem"))
    }

    /// A response that lives for so many seconds, in base64.
    pub(crate) fn response(&self, seconds: u32) -> String {
        http::expect("GET", &format!("{}/response?seconds={seconds}", self.url), "")
    }

    /// How many responses it gave so far.
    pub(crate) fn count(&self) -> u32 {
        http::expect("GET", &format!("{}/count", self.url), "").parse().expect("a number")
    }
}
