//! Whole sign-ins against a loopback responder: who is asked how often, and what is kept.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::super::cache::Cache;
use super::super::config::tests::config;
use super::super::context::Options;
use super::super::name::{IdentityName, ProviderName};
use super::super::realm::Realm;
use super::super::session::{Session, Validity};
use super::super::{Error, Logins};
use super::server::{PROXIED, Server};
use crate::diag::{Failure, Message, Talk};
use crate::host::{Dirs, Env, Host, Terminal};
use crate::secret::Expose;

/// One machine: a cache that outlives sessions, a responder, a listener for messages.
pub(super) struct Bed {
    pub(super) server: Server,
    pub(super) host: Host,
    pub(super) cache: Arc<Cache>,
    heard: Arc<Mutex<Vec<String>>>,
    _temp: tempfile::TempDir,
}

impl Bed {
    pub(super) async fn new() -> Bed {
        let server = Server::start().await;
        let temp = tempfile::tempdir().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = heard.clone();
        let env = Env::from_iter([
            ("HOME", temp.path().to_str().unwrap()),
            ("AWS_ENDPOINT_URL", &server.url),
            ("ATMOS_KEYRING_TYPE", "memory"),
            ("ATMOS_NO_BROWSER", "1"),
        ]);
        let host = Host {
            guard: Arc::default(),
            dirs: Dirs::from_env(&env),
            env,
            cwd: temp.path().to_path_buf(),
            terminal: Terminal { forced: true, ..Terminal::default() },
            exe: "atmos".into(),
            talk: Talk::new(move |message| match message {
                Message::Attention(line) => sink.lock().unwrap().push(line),
                Message::Warning(warning) => sink.lock().unwrap().push(warning.message),
                _ => {}
            }),
            masker: Arc::default(),
            sources: Arc::default(),
        };
        let cache = Arc::new(cache(&host));
        Bed { server, host, cache, heard, _temp: temp }
    }

    /// A session as a new process has it: nothing in memory.
    fn session(&self, options: Options) -> Session {
        let auth = config(&json!({
            "providers": {
                "corp": {"kind": "aws/iam-identity-center", "region": "eu-west-1", "start_url": "https://x.example/start"},
                "fake": {"kind": "mock"},
            },
            "identities": {
                "base": {"kind": "aws/permission-set", "via": {"provider": "corp"},
                         "principal": {"name": "Ops", "account": {"name": "Network"}}},
                "admin": {"kind": "aws/assume-role", "via": {"identity": "base"},
                          "principal": {"assume_role": "arn:aws:iam::333333333333:role/Admin", "external_id": "e-1",
                                        "duration": "30m", "session_name": "s"}},
                "dev": {"kind": "aws/permission-set", "via": {"provider": "corp"},
                        "principal": {"name": "Dev", "account": {"id": "111111111111"}}},
                "nowhere": {"kind": "aws/permission-set", "via": {"provider": "corp"},
                            "principal": {"name": "Dev", "account": {"name": "netwrk"}}},
                "mocked": {"kind": "mock/aws", "via": {"provider": "fake"}},
            },
        }));
        let realm = Realm::resolve(Some("test"), None, None).unwrap();
        Session::new(&self.host, Arc::new(auth), realm, self.cache.clone(), options)
    }

    fn in_realm(&self, realm: &str) -> Session {
        let realm = Realm::resolve(Some(realm), None, None).unwrap();
        let session = self.fresh();
        Session::new(&self.host, session.settings, realm, self.cache.clone(), Options::default())
    }

    fn fresh(&self) -> Session {
        self.session(Options::default())
    }
}

/// A self-signed certificate whose key was thrown away.
const ROOT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBgTCCASegAwIBAgIUUWb77rkTSJ3wzecEIXd3fOfiHwkwCgYIKoZIzj0EAwIw\n\
FTETMBEGA1UEAwwKYXRtb3MtdGVzdDAgFw0yNjExMjQwMzA5NTZaGA8yMDgxMDgy\n\
NzAzMDk1NlowFTETMBEGA1UEAwwKYXRtb3MtdGVzdDBZMBMGByqGSM49AgEGCCqG\n\
SM49AwEHA0IABAWmv7NdoXRewtE/pbispdGPstm1TeIckXAP2Yf/+Dq+CdlY1OhS\n\
FIoh8soeU7RtJZ5+2LHrf9pLNq7gH4Dc+VGjUzBRMB0GA1UdDgQWBBS5FbUPQ+Xh\n\
Q0vUEwAyWQZBp/4mWjAfBgNVHSMEGDAWgBS5FbUPQ+XhQ0vUEwAyWQZBp/4mWjAP\n\
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDWLZKKm1FbYlIyIKd6\n\
bBS2FGdkmOpBnlzFvFTTVZ+IrwIgKyh+TTnSUtOYuYyDoDt7EszOnsrHmfPpp0K+\n\
7IKWR0w=\n\
-----END CERTIFICATE-----\n";

fn cache(host: &Host) -> Cache {
    Cache::open(host, &super::super::store::Settings::default(), "test")
}

fn name(name: &str) -> IdentityName {
    IdentityName::from(name)
}

async fn key(session: &Session, identity: &str) -> Result<String, Error> {
    Ok(session.credentials(&name(identity)).await?.access_key_id)
}

/// A configuration of somebody else names the same portal and sends its requests elsewhere.
#[tokio::test]
async fn token_of_a_portal_never_goes_to_other_endpoints() {
    let bed = Bed::new().await;
    bed.fresh().credentials(&name("base")).await.unwrap();
    let thief = Server::start().await;
    for (provider, identity) in
        [(json!({"endpoint_url": thief.url}), json!({})), (json!({}), json!({"endpoint_url": thief.url}))]
    {
        let auth = config(&json!({
            "providers": {"corp": {
                "kind": "aws/iam-identity-center", "region": "eu-west-1", "start_url": "https://x.example/start", "spec": provider,
            }},
            "identities": {"base": {
                "kind": "aws/permission-set", "via": {"provider": "corp"}, "spec": identity,
                "principal": {"name": "Ops", "account": {"id": "999999999999"}},
            }},
        }));
        let options = Options { interactive: false, ..Options::default() };
        let realm = Realm::resolve(Some("thief"), None, None).unwrap();
        let session = Session::new(&bed.host, Arc::new(auth), realm, bed.cache.clone(), options);
        session.credentials(&name("base")).await.unwrap_err();
    }
    assert_eq!(thief.script.lock().unwrap().log, Vec::<String>::new());
}

#[tokio::test]
async fn credentials_that_are_over_on_arrival_are_none() {
    let bed = Bed::new().await;
    bed.server.script.lock().unwrap().role_lifetime = -60;
    let error = bed.fresh().credentials(&name("base")).await.unwrap_err();
    assert!(error.to_string().contains("before they arrived"), "{error}");
    bed.server.script.lock().unwrap().role_lifetime = 3600;
    bed.fresh().credentials(&name("base")).await.unwrap();
}

#[tokio::test]
async fn ends_are_those_of_the_clock_here_whatever_that_of_the_portal_says() {
    for clock in [-7200, 7200] {
        let bed = Bed::new().await;
        bed.server.script.lock().unwrap().clock = clock;
        let credentials = bed.fresh().credentials(&name("base")).await.unwrap();
        let left = credentials.expiration.unwrap().duration_since(jiff::Timestamp::now()).as_secs();
        assert!((3500..=3610).contains(&left), "{clock}: {left} s are left");
        let script = || bed.server.script.lock().unwrap();
        script().role_lifetime = -60;
        let over = bed.session(Options { renew: true, ..Options::default() });
        let error = over.credentials(&name("base")).await.unwrap_err();
        assert!(error.to_string().contains("before they arrived"), "{clock}: {error}");
    }
}

#[tokio::test]
async fn chain_signs_in_once_and_a_second_process_asks_nobody() {
    let bed = Bed::new().await;
    let session = bed.fresh();
    let credentials = session.credentials(&name("admin")).await.unwrap();
    assert_eq!(credentials.access_key_id, "ASIAROLE");
    assert_eq!(credentials.secret_access_key.expose_secret(), "role-secret-key");
    assert_eq!(credentials.region.as_deref(), Some("eu-west-1"));
    let expected = [
        "POST /client/register",
        "POST /device_authorization",
        "POST /token",
        "GET /assignment/accounts",
        "GET /assignment/accounts",
        "GET /federation/credentials",
        "POST /",
    ];
    let log = bed.server.script.lock().unwrap().log.clone();
    assert_eq!(log.len(), expected.len(), "{log:?}");
    for (line, start) in log.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(log[5].contains("account_id=222222222222"), "{}", log[5]);
    let call = bed.server.script.lock().unwrap().sts[0].clone();
    for part in
        ["Credential=ASIABASE/", "/eu-west-1/sts/", "ExternalId=e-1", "DurationSeconds=1800", "RoleSessionName=s"]
    {
        assert!(call.contains(part), "{part}: {call}");
    }
    let heard = bed.heard.lock().unwrap().join("\n");
    assert!(heard.contains("Verification URL: http://127.0.0.1/d?c=1") && heard.contains("ABCD-EFGH"), "{heard}");
    for secret in ["role-secret-key", "role-session-token", "base-secret-key", "access-token-1", "client-secret-1"] {
        assert!(!bed.host.masker.mask(secret).contains(secret), "{secret} is not masked");
    }
    assert_eq!(key(&session, "admin").await.unwrap(), "ASIAROLE");
    let second = bed.fresh();
    assert_eq!(key(&second, "admin").await.unwrap(), "ASIAROLE");
    let (caller, validity) = second.caller(&name("admin"), false).await.unwrap();
    assert_eq!((caller.unwrap().account.as_str(), validity), ("333333333333", Validity::Valid));
    assert_eq!(bed.server.total(), expected.len());
    // Another account of the same portal: no sign-in.
    assert_eq!(key(&bed.fresh(), "dev").await.unwrap(), "ASIABASE");
    assert_eq!(bed.server.total(), expected.len() + 1);
}

/// The same flow in a process whose environment is full of traps.
#[test]
fn ambient_aws_variables_are_not_read() {
    #[expect(clippy::disallowed_methods, reason = "a test that needs another process environment")]
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let flow = "auth::flow_tests::flows::chain_signs_in_once_and_a_second_process_asks_nobody";
    child.args(["--exact", flow]);
    for (variable, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIAAMBIENT"),
        ("AWS_SECRET_ACCESS_KEY", "ambient"),
        ("AWS_SESSION_TOKEN", "ambient"),
        ("AWS_REGION", "ap-south-1"),
        ("AWS_DEFAULT_REGION", "ap-south-1"),
        ("AWS_PROFILE", "ambient"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ] {
        child.env(variable, value);
    }
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
async fn parallel_callers_make_one_sign_in_and_one_call_per_chain() {
    let bed = Bed::new().await;
    let session = bed.fresh();
    let calls = (0..8).map(|_| {
        let session = session.clone();
        tokio::spawn(async move { key(&session, "admin").await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap(), "ASIAROLE");
    }
    assert_eq!(bed.server.total(), 7);
}

#[tokio::test]
async fn processes_at_the_same_time_make_one_sign_in() {
    let bed = Bed::new().await;
    bed.server.script.lock().unwrap().token_errors = ["AuthorizationPendingException"].into();
    let (a, b) = (bed.fresh(), bed.fresh());
    let (dev, admin) = (name("dev"), name("admin"));
    let (first, second) = tokio::join!(a.credentials(&dev), b.credentials(&admin));
    assert_eq!((first.unwrap().access_key_id, second.unwrap().access_key_id), ("ASIABASE".into(), "ASIAROLE".into()));
    assert_eq!(bed.server.count("/device_authorization"), 1);
    assert_eq!(bed.server.count("/token"), 2);
    assert!(bed.heard.lock().unwrap().iter().any(|line| line.contains("waiting for another process")));
}

#[tokio::test]
async fn a_denied_sign_in_is_not_repeated_for_those_who_waited() {
    let bed = Bed::new().await;
    bed.server.script.lock().unwrap().token_errors = ["AccessDeniedException"].into();
    let session = bed.fresh();
    let (dev, admin) = (name("dev"), name("admin"));
    let (first, second) = tokio::join!(session.credentials(&dev), session.credentials(&admin));
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert!(error.to_string().starts_with("aws sso token creation failed"), "{error}");
    }
    assert_eq!(bed.server.count("/device_authorization"), 1);
}

#[tokio::test]
async fn nobody_there_is_exit_2_with_the_command_and_without_a_request() {
    let mut bed = Bed::new().await;
    bed.host.terminal.forced = false;
    for (interactive, phrase) in
        [(true, "atmos auth login --provider corp"), (false, "atmos auth login --provider corp")]
    {
        let session = bed.session(Options { interactive, ..Options::default() });
        let error = session.credentials(&name("dev")).await.unwrap_err();
        assert!(error.to_string().contains("requires an interactive terminal"), "{error}");
        let help = miette::Diagnostic::help(&error).unwrap().to_string();
        assert!(help.contains(phrase), "{help}");
        assert_eq!(error.exit_code(), 2);
    }
    assert_eq!(bed.server.total(), 0);
}

#[tokio::test]
async fn an_expired_token_is_refreshed_with_one_request() {
    let bed = Bed::new().await;
    bed.server.script.lock().unwrap().token_lifetime = 60;
    key(&bed.fresh(), "dev").await.unwrap();
    bed.server.script.lock().unwrap().log.clear();
    bed.server.script.lock().unwrap().token_lifetime = 28_800;
    key(&bed.fresh(), "base").await.unwrap();
    assert_eq!((bed.server.count("/token"), bed.server.count("/client/register")), (1, 0));
    // A refresh that is refused leads to a new sign-in.
    bed.server.script.lock().unwrap().token_errors = ["InvalidGrantException"].into();
    bed.server.script.lock().unwrap().role_errors = [401].into();
    let session = bed.session(Options::default());
    session.forget(&Logins::Identity(name("dev"))).await.unwrap();
    bed.server.script.lock().unwrap().log.clear();
    key(&session, "dev").await.unwrap();
    assert_eq!((bed.server.count("/token"), bed.server.count("/client/register")), (2, 1));
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once() {
    let bed = Bed::new().await;
    key(&bed.fresh(), "dev").await.unwrap();
    bed.server.script.lock().unwrap().log.clear();
    bed.server.script.lock().unwrap().role_errors = [401].into();
    key(&bed.fresh(), "base").await.unwrap();
    assert_eq!((bed.server.count("/token"), bed.server.count("/federation")), (1, 2));
    assert_eq!(bed.server.count("/client/register"), 0);
    bed.server.script.lock().unwrap().role_errors = [401, 401].into();
    let session = bed.session(Options::default());
    session.forget(&Logins::All).await.unwrap();
    let error = session.credentials(&name("dev")).await.unwrap_err();
    assert!(error.to_string().contains("authentication failed"), "{error}");
    assert!(error.to_string().contains("UnauthorizedException: no"), "{error}");
}

#[tokio::test]
async fn busy_services_are_asked_again_and_refusals_are_shown() {
    let bed = Bed::new().await;
    bed.server.script.lock().unwrap().role_errors = [429, 500].into();
    key(&bed.fresh(), "dev").await.unwrap();
    assert_eq!(bed.server.count("/federation"), 3);
    bed.server.script.lock().unwrap().role_errors = [403].into();
    let error = bed.fresh().credentials(&name("base")).await.unwrap_err();
    assert!(error.to_string().ends_with("ForbiddenException: No access"), "{error}");
    assert_eq!(error.exit_code(), 1);
    let error = bed.fresh().credentials(&name("nowhere")).await.unwrap_err();
    assert_eq!(error.to_string(), "aws auth error: account \"netwrk\" not found at provider `corp`");
    assert!(miette::Diagnostic::help(&error).unwrap().to_string().contains("did you mean `network`?"));
}

#[tokio::test]
async fn an_unreachable_portal_is_named() {
    let mut bed = Bed::new().await;
    bed.host.env.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let error = bed.fresh().credentials(&name("dev")).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot reach http://127.0.0.1:9 (RegisterClient"), "{error}");
}

#[tokio::test]
async fn whoami_asks_once_and_keeps_the_answer() {
    let bed = Bed::new().await;
    let session = bed.fresh();
    let before = session.describe(&name("base")).await.unwrap();
    assert_eq!((before.account, before.is_live, before.chain), (None, false, vec!["corp".into(), "base".into()]));
    assert!(session.cached(&name("base")).await.unwrap().is_none());
    let (caller, _) = session.caller(&name("base"), false).await.unwrap();
    assert_eq!(caller.unwrap().arn, "arn:aws:sts::222222222222:assumed-role/Ops/x");
    let asked = bed.server.total();
    let next = bed.fresh();
    next.caller(&name("base"), false).await.unwrap();
    let known = next.describe(&name("base")).await.unwrap();
    assert_eq!((known.account.as_deref(), known.is_live), (Some("222222222222"), true));
    assert!(next.cached(&name("base")).await.unwrap().is_some());
    assert_eq!(bed.server.total(), asked);
    next.caller(&name("base"), true).await.unwrap();
    assert_eq!(bed.server.total(), asked + 1);
}

#[tokio::test]
async fn logout_forgets_what_was_kept_and_signs_out() {
    let bed = Bed::new().await;
    let session = bed.fresh();
    key(&session, "admin").await.unwrap();
    let corp = Logins::Provider(ProviderName::from("corp"));
    let kept = bed.fresh().kept(&corp).await.unwrap();
    assert_eq!((kept.identities.as_slice(), kept.portals.len()), (&["admin".to_owned(), "base".to_owned()][..], 1));
    let gone = session.forget(&Logins::Identity(name("admin"))).await.unwrap();
    assert_eq!((gone.identities, gone.portals.len()), (vec!["admin".to_owned()], 0));
    assert!(bed.fresh().cached(&name("admin")).await.unwrap().is_none());
    assert!(session.cached(&name("base")).await.unwrap().is_some());
    let gone = session.forget(&corp).await.unwrap();
    assert_eq!((gone.identities, gone.portals), (vec!["base".to_owned()], vec![("corp".to_owned(), Some(true))]));
    assert_eq!(bed.server.count("POST /logout"), 1);
    let nothing = bed.fresh().kept(&Logins::All).await.unwrap();
    assert_eq!((nothing.sessions, nothing.portals.len()), (0, 0));
    assert_eq!(session.cached(&name("base")).await.unwrap().map(|found| found.issued()), None);
}

#[tokio::test]
async fn forced_sessions_ignore_what_is_kept_once() {
    let bed = Bed::new().await;
    key(&bed.fresh(), "dev").await.unwrap();
    bed.server.script.lock().unwrap().log.clear();
    // The clock has to move: what was issued in this very instant counts as the session's own.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let forced = bed.session(Options { force: true, ..Options::default() });
    key(&forced, "dev").await.unwrap();
    key(&forced, "dev").await.unwrap();
    assert_eq!((bed.server.count("/device_authorization"), bed.server.count("/federation")), (1, 1));
}

#[tokio::test]
async fn what_is_kept_on_disk_is_sealed_and_opens_in_the_next_process() {
    let mut bed = Bed::new().await;
    bed.host.env.set("ATMOS_KEYRING_TYPE", "file");
    bed.host.env.set("ATMOS_KEYRING_PASSWORD", "correct horse battery");
    bed.cache = Arc::new(cache(&bed.host));
    key(&bed.fresh(), "admin").await.unwrap();
    let asked = bed.server.total();
    bed.cache = Arc::new(cache(&bed.host));
    assert_eq!(key(&bed.fresh(), "admin").await.unwrap(), "ASIAROLE");
    assert_eq!(bed.server.total(), asked);
    let mut folders = vec![bed.host.cwd.clone()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            files += 1;
            let text = String::from_utf8_lossy(&std::fs::read(&entry).unwrap()).into_owned();
            for secret in ["role-secret-key", "base-session-token", "access-token", "refresh-token", "client-secret"] {
                assert!(!text.contains(secret), "{secret} in {}", entry.display());
            }
        }
    }
    assert!(files >= 5, "{files}");
    bed.host.env.remove("ATMOS_KEYRING_PASSWORD");
    bed.cache = Arc::new(cache(&bed.host));
    let error = bed.fresh().credentials(&name("dev")).await.unwrap_err();
    assert_eq!((bed.server.total(), error.exit_code()), (asked, 1), "{error}");
}

#[tokio::test]
async fn realms_share_the_sign_in_but_not_the_sessions() {
    let bed = Bed::new().await;
    key(&bed.fresh(), "dev").await.unwrap();
    let warned = |bed: &Bed| bed.heard.lock().unwrap().iter().any(|line| line.contains("under another realm (`test`)"));
    assert!(!warned(&bed));
    key(&bed.in_realm("other"), "dev").await.unwrap();
    assert_eq!((bed.server.count("/device_authorization"), bed.server.count("/federation")), (1, 2));
    assert!(warned(&bed));
}

#[tokio::test]
async fn another_endpoint_needs_a_sign_in_of_its_own() {
    let mut bed = Bed::new().await;
    bed.server.script.lock().unwrap().token_lifetime = 60;
    key(&bed.fresh(), "dev").await.unwrap();
    bed.host.terminal.forced = false;
    bed.host.env.set("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1:9");
    let error = bed.fresh().credentials(&name("base")).await.unwrap_err();
    assert_eq!(error.exit_code(), 2, "the refresh token stays where it was issued: {error}");
}

#[tokio::test]
async fn proxies_of_the_environment_are_used_but_not_for_loopback() {
    let mut bed = Bed::new().await;
    bed.host.env.set("HTTP_PROXY", bed.server.url.trim_start_matches("http://"));
    bed.host.env.set("AWS_ENDPOINT_URL", PROXIED);
    key(&bed.fresh(), "admin").await.unwrap();
    assert_eq!(bed.server.script.lock().unwrap().proxied, 7);
    bed.host.env.set("AWS_ENDPOINT_URL", &bed.server.url);
    bed.host.env.set("HTTP_PROXY", "http://127.0.0.1:9");
    key(&bed.fresh(), "dev").await.unwrap();
}

#[tokio::test]
async fn a_bad_bundle_or_a_server_without_tls_is_an_error_not_a_panic() {
    let mut bed = Bed::new().await;
    bed.host.env.set("AWS_ENDPOINT_URL", bed.server.url.replace("http:", "https:"));
    let error = bed.fresh().credentials(&name("dev")).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot reach https://127.0.0.1"), "{error}");
    let bundle = bed.host.cwd.join("ca.pem");
    bed.host.env.set("AWS_CA_BUNDLE", &bundle);
    for content in [
        None,
        Some("not a bundle"),
        Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        Some("-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n"),
    ] {
        if let Some(content) = content {
            std::fs::write(&bundle, content).unwrap();
        }
        let error = bed.fresh().credentials(&name("dev")).await.unwrap_err();
        assert!(error.to_string().starts_with("the CA bundle "), "{content:?}: {error}");
    }
    std::fs::write(&bundle, ROOT).unwrap();
    let error = bed.fresh().credentials(&name("dev")).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot reach https://127.0.0.1"), "{error}");
}

#[tokio::test]
async fn mock_kinds_need_nothing() {
    let mut bed = Bed::new().await;
    bed.host.terminal.forced = false;
    let session = bed.fresh();
    let credentials = session.cached(&name("mocked")).await.unwrap().unwrap();
    assert_eq!(credentials.aws().unwrap().access_key_id, "MOCK_ACCESS_KEY_ID");
    let (caller, validity) = session.caller(&name("mocked"), true).await.unwrap();
    assert_eq!((caller.unwrap().arn.as_str(), validity), ("arn:aws:iam::123456789012:user/mock-user", Validity::Valid));
    assert_eq!(session.login_provider(&ProviderName::from("FAKE")).await.unwrap(), None);
    assert_eq!(bed.server.total(), 0);
}

#[tokio::test]
async fn provider_login_gives_the_end_of_the_token() {
    let bed = Bed::new().await;
    let corp = ProviderName::from("corp");
    assert_eq!(bed.fresh().provider_token(&corp).await.unwrap(), None);
    let end = bed.fresh().login_provider(&corp).await.unwrap().unwrap();
    assert_eq!(bed.fresh().provider_token(&corp).await.unwrap(), Some(end));
    let error = bed.fresh().login_provider(&ProviderName::from("crop")).await.unwrap_err();
    assert_eq!(error.to_string(), "provider not found: `crop`");
}
