//! What stores are read from: a real Redis, parameters and secrets in moto, the loopback services of other clouds.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::background::{Background, free_port, wait_until};
use super::{Sts, http, parts};

/// A Redis server with a password.
pub(crate) struct Redis {
    port: u16,
    _process: Background,
    _folder: tempfile::TempDir,
}

impl Redis {
    pub(crate) const PASSWORD: &str = "redis/pass word";

    pub(crate) fn start() -> Redis {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let mut command = Background::command(&parts::program("redis-server"));
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
        command.args(["--requirepass", Redis::PASSWORD, "--dir"]).arg(folder.path());
        let mut process = Background::start("redis-server", command);
        wait_until("redis-server listens", Duration::from_secs(20), || {
            process.assert_alive();
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Redis { port, _process: process, _folder: folder }
    }

    /// The address with the password, or with another one.
    pub(crate) fn url(&self, password: &str, database: u32) -> String {
        let password = password.replace('/', "%2F").replace(' ', "%20");
        format!("redis://:{password}@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn set(&self, database: u32, key: &str, value: &str) {
        self.run(database, &["SET", key, value]);
    }

    /// How often a key was read: of all `GET`s that the server saw.
    pub(crate) fn reads(&self) -> usize {
        let statistics = self.run(0, &["INFO", "commandstats"]);
        let line = statistics.lines().find_map(|line| line.strip_prefix("cmdstat_get:calls="));
        line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or(0)
    }

    fn run(&self, database: u32, words: &[&str]) -> String {
        use std::fmt::Write as _;

        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        let database = database.to_string();
        for words in [&["AUTH", Redis::PASSWORD][..], &["SELECT", &database], words, &["QUIT"]] {
            let mut command = format!("*{}\r\n", words.len());
            for word in words {
                let _ = write!(command, "${}\r\n{word}\r\n", word.len());
            }
            stream.write_all(command.as_bytes()).expect("a command is sent");
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        assert!(!answer.contains("-ERR") && !answer.contains("-WRONG"), "{answer}");
        answer
    }
}

/// Calls an operation of a JSON service of AWS in moto as whoever has this key. moto checks no signatures.
fn aws(sts: &Sts, key: &str, service: &str, target: &str, body: &Value) -> Value {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let headers =
        [("Authorization", scope.as_str()), ("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.1")];
    let answer = http::exchange_with("POST", &format!("{}/", sts.unrecorded()), &headers, &body.to_string());
    let (status, answer) = answer.expect("moto answers");
    assert_eq!(status, 200, "{target}: {answer}");
    serde_json::from_str(&answer).unwrap_or_default()
}

/// Writes a parameter as whoever has this key.
pub(crate) fn put_parameter(sts: &Sts, key: &str, name: &str, value: &str) {
    let body = json!({"Name": name, "Value": value, "Type": "SecureString", "Overwrite": true});
    aws(sts, key, "ssm", "AmazonSSM.PutParameter", &body);
}

/// Writes a secret as whoever has this key.
pub(crate) fn put_secret(sts: &Sts, key: &str, name: &str, value: &str) {
    let body = json!({"Name": name, "SecretString": value, "ClientRequestToken": "0123456789-0123456789-0123456789"});
    aws(sts, key, "secretsmanager", "secretsmanager.CreateSecret", &body);
}

/// The services of Azure, Google and Artifactory, as a process of its own.
pub(crate) struct Services {
    pub(crate) url: String,
    _process: Background,
    folder: tempfile::TempDir,
}

impl Services {
    pub(crate) fn start(values: &Value) -> Services {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("values"), values.to_string()).expect("a new file");
        openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"], &at("key.pem"));
        let key = at("key.pem").display().to_string();
        openssl(&["rsa", "-in", &key, "-RSAPublicKey_out", "-outform", "DER", "-out"], &at("public.der"));
        let mut command = Background::command(&binary());
        command.arg(at("values")).arg(at("public.der")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Background::start("store-services", command);
        let stdout = process.child().stdout.take().expect("a pipe");
        let mut port = String::new();
        BufReader::new(stdout).read_line(&mut port).expect("the port");
        Services { url: format!("http://127.0.0.1:{}", port.trim()), _process: process, folder }
    }

    /// A file of credentials of the service account that the token service knows.
    pub(crate) fn service_account(&self) -> PathBuf {
        let key = std::fs::read_to_string(self.folder.path().join("key.pem")).expect("the key");
        let document = json!({
            "type": "service_account", "client_email": "reader@project.iam.gserviceaccount.com", "private_key_id": "1",
            "private_key": key, "token_uri": format!("{}/google/token", self.url),
        });
        let file = self.folder.path().join("account.json");
        std::fs::write(&file, document.to_string()).expect("a new file");
        file
    }

    /// Requests so far, oldest first.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = http::expect("GET", &format!("{}/_log", self.url), "");
        serde_json::from_str::<Value>(&text).expect("JSON").as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn count(&self, path: &str) -> usize {
        self.log().iter().filter(|entry| entry["path"] == path).count()
    }
}

pub(super) fn openssl(words: &[&str], out: &Path) {
    let mut command = Background::command(&parts::program("openssl"));
    command.args(words).arg(out);
    assert!(command.status().expect("openssl starts").success(), "openssl {words:?}");
}

fn binary() -> PathBuf {
    let suite = std::env::current_exe().expect("the path of this test binary");
    let profile = suite.parent().and_then(Path::parent).expect("target/<profile>/deps/<test binary>");
    let binary = profile.join("examples/store-services");
    assert!(binary.exists(), "missing part store-services: run `cargo build --example store-services`");
    binary
}
