//! A real Keycloak with a realm of ours: one for all tests, started by the first that wants it, ended with the test process.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::background::{Background, free_port};
use super::{http, parts};

/// Somebody else may take a port between our choice and the start.
const ATTEMPTS: u32 = 3;
/// It takes half a minute where nothing else happens.
const PATIENCE: Duration = Duration::from_mins(4);
const ADMIN: &str = "admin-of-this-keycloak";
/// The secret of the device of `otto`, as it is.
const DEVICE: &str = "12345678901234567890";

/// Where it is. Its users have the password `password-of-NAME`.
pub(crate) struct Keycloak {
    pub(crate) url: String,
    certificate: tempfile::NamedTempFile,
    // Never dropped: the kernel ends the process with ours.
    _process: std::sync::Mutex<Background>,
}

impl Keycloak {
    pub(crate) fn shared() -> &'static Keycloak {
        static SHARED: OnceLock<Keycloak> = OnceLock::new();
        SHARED.get_or_init(|| {
            let started = (0..ATTEMPTS).find_map(|_| Keycloak::attempt());
            let keycloak = started.unwrap_or_else(|| panic!("Keycloak did not start in {ATTEMPTS} attempts"));
            keycloak.make_realm();
            keycloak.write_certificate();
            keycloak
        })
    }

    /// The page at which the sign-in to AWS begins; `aws` offers the roles A and B, `aws-one` A alone.
    pub(crate) fn application(&self, client: &str) -> String {
        format!("{}/realms/acme/protocol/saml/clients/{client}", self.url)
    }

    /// Who its assertions are from.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/realms/acme", self.url)
    }

    /// For the knob `verify` of `federation`: by the certificate that it publishes.
    pub(crate) fn verifier(&self) -> [String; 3] {
        super::samlp::verifier(self.certificate.path())
    }

    /// The code that the device of `otto` shows now (RFC 6238).
    pub(crate) fn code() -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, DEVICE.as_bytes());
        let tag = ring::hmac::sign(&key, &(now / 30).to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes([tag[at] & 127, tag[at + 1], tag[at + 2], tag[at + 3]]);
        format!("{:06}", number % 1_000_000)
    }

    fn attempt() -> Option<Keycloak> {
        let port = free_port();
        let mut command = Background::command(&parts::program("keycloak"));
        command.args(["start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", "--cache=local"]);
        command.arg(format!("--http-port={port}")).arg(format!("--hostname=http://127.0.0.1:{port}"));
        command.env("KC_BOOTSTRAP_ADMIN_USERNAME", "admin").env("KC_BOOTSTRAP_ADMIN_PASSWORD", ADMIN);
        command.env("JAVA_TOOL_OPTIONS", concat!("-Djava.io.tmpdir=", env!("CARGO_TARGET_TMPDIR")));
        let mut process = Background::start("keycloak", command);
        let url = format!("http://127.0.0.1:{port}");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && process.is_alive() {
            if http::exchange("GET", &format!("{url}/realms/master"), "").is_some_and(|(status, _)| status == 200) {
                let certificate = tempfile::NamedTempFile::new().expect("a temporary file");
                return Some(Keycloak { url, certificate, _process: std::sync::Mutex::new(process) });
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        None
    }

    fn write_certificate(&self) {
        let descriptor = http::expect("GET", &format!("{}/realms/acme/protocol/saml/descriptor", self.url), "");
        let (_, rest) = descriptor.split_once("X509Certificate>").expect("a certificate");
        let text = rest.split('<').next().unwrap_or_default();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", text.trim());
        std::fs::write(self.certificate.path(), pem).expect("the certificate is written");
    }

    fn make_realm(&self) {
        let form = format!("grant_type=password&client_id=admin-cli&username=admin&password={ADMIN}");
        let token = format!("{}/realms/master/protocol/openid-connect/token", self.url);
        let answer = curl(&[&token], "application/x-www-form-urlencoded", &form);
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("no token: {answer}"));
        let bearer = format!("authorization: Bearer {}", answer["access_token"].as_str().expect("a token"));
        let realms = format!("{}/admin/realms", self.url);
        let answer = curl(&["-H", &bearer, &realms], "application/json", &realm().to_string());
        assert_eq!(answer, "", "the realm is not made");
    }
}

/// One exchange that may take its time.
fn curl(words: &[&str], kind: &str, body: &str) -> String {
    let mut command = Background::command(&parts::program("curl"));
    command.args(["-s", "--max-time", "240", "--data-binary", "@-", "-H"]).arg(format!("content-type: {kind}"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("curl starts");
    child.stdin.take().expect("a pipe").write_all(body.as_bytes()).expect("curl reads");
    let output = child.wait_with_output().expect("curl ends");
    assert!(output.status.success(), "curl {words:?}: {}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn realm() -> Value {
    let user = |name: &str, more: Value| {
        let mut user = json!({
            "username": name, "enabled": true, "email": format!("{name}@acme.test"), "firstName": name, "lastName": "Acme",
            "credentials": [{"type": "password", "value": format!("password-of-{name}")}],
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            user[key] = value.clone();
        }
        user
    };
    let mut otto = user("otto", json!({}));
    otto["credentials"].as_array_mut().expect("a list").push(json!({
        "type": "otp", "userLabel": "phone", "secretData": json!({"value": DEVICE}).to_string(),
        "credentialData": json!({"subType": "totp", "digits": 6, "period": 30, "counter": 0, "algorithm": "HmacSHA1"}).to_string(),
    }));
    let users = json!([
        user("ana", json!({})),
        otto,
        user("lena", json!({"enabled": false})),
        user("paul", json!({})),
        user("rita", json!({"requiredActions": ["UPDATE_PASSWORD"]})),
        user("toni", json!({"requiredActions": ["CONFIGURE_TOTP"]})),
    ]);
    json!({
        "realm": "acme", "enabled": true, "sslRequired": "none", "users": users,
        // Tests share the device, and its code is the same for half a minute. The policy counts only as a whole.
        "otpPolicyType": "totp", "otpPolicyAlgorithm": "HmacSHA1", "otpPolicyDigits": 6, "otpPolicyPeriod": 30,
        "otpPolicyLookAheadWindow": 1, "otpPolicyInitialCounter": 0, "otpPolicyCodeReusable": true,
        "bruteForceProtected": true, "failureFactor": 3, "waitIncrementSeconds": 3600, "maxFailureWaitSeconds": 3600,
        "quickLoginCheckMilliSeconds": 0,
        "clients": [client("urn:amazon:webservices", "aws", &["A", "B"]), client("urn:amazon:webservices:govcloud", "aws-one", &["A"])],
    })
}

fn client(id: &str, name: &str, roles: &[&str]) -> Value {
    let sign_in = "https://signin.aws.amazon.com/saml";
    let mut mappers: Vec<Value> = roles
        .iter()
        .enumerate()
        .map(|(index, role)| {
            let pair = [format!("arn:aws:iam::111111111111:role/{role}"), "arn:aws:iam::111111111111:saml-provider/kc".to_owned()];
            // Both orders are in use.
            let value = if index % 2 == 0 { pair.join(",") } else { [pair[1].as_str(), &pair[0]].join(",") };
            let config = json!({
                "attribute.name": "https://aws.amazon.com/SAML/Attributes/Role", "attribute.nameformat": "URI Reference",
                "attribute.value": value,
            });
            json!({"name": role, "protocol": "saml", "protocolMapper": "saml-hardcode-attribute-mapper", "config": config})
        })
        .collect();
    mappers.push(json!({
        "name": "session", "protocol": "saml", "protocolMapper": "saml-user-property-mapper",
        "config": {"user.attribute": "username", "attribute.nameformat": "URI Reference",
                   "attribute.name": "https://aws.amazon.com/SAML/Attributes/RoleSessionName"},
    }));
    json!({
        "clientId": id, "protocol": "saml", "enabled": true, "fullScopeAllowed": false, "defaultClientScopes": [],
        "redirectUris": [sign_in], "protocolMappers": mappers,
        "attributes": {
            "saml_idp_initiated_sso_url_name": name, "saml.assertion.signature": "true", "saml.server.signature": "true",
            "saml.client.signature": "false", "saml_name_id_format": "persistent", "saml.force.post.binding": "true",
            "saml_assertion_consumer_url_post": sign_in,
        },
    })
}
