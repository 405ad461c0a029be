use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::auth::cache::Cache;
use crate::auth::config::tests::config;
use crate::auth::delivery::profile_name;
use crate::auth::run::client::{self, Meant, Question};
use crate::auth::run::{Extras, Parent, SOCKET_VARIABLE};
use crate::auth::store::open::tests::{ear, host, listening_host};
use crate::auth::told::Told;
use crate::auth::{Options, Realm, Session, store};
use crate::secret::Secret;

fn identity(name: &str, delivery: Delivery) -> RunIdentity {
    RunIdentity {
        name: name.to_owned(),
        profile: profile_name(name).unwrap(),
        region: Some("eu-west-1".to_owned()),
        delivery,
        ..RunIdentity::default()
    }
}

/// Credentials that name their identity; `broken` has none.
fn source() -> (Source, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let source: Source = Arc::new(move |name| {
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if name == "broken" {
                return Err("portal says no".to_owned());
            }
            Ok(Credentials::Aws(AwsCredentials {
                access_key_id: format!("ASIA-{name}"),
                secret_access_key: Secret::from("secret-key-of-the-run".to_owned()),
                session_token: Some(Secret::from("session-token".to_owned())),
                expiration: Some("2099-01-01T00:00:00Z".parse().unwrap()),
                issued: Timestamp::UNIX_EPOCH,
                region: None,
            }))
        })
    });
    (source, count)
}

fn settings(own: Option<RunIdentity>, allowed: Vec<RunIdentity>) -> RunSettings {
    let configuration = "/outer".to_owned();
    RunSettings {
        identity: own,
        allowed,
        source: source().0,
        tokens: None,
        configuration,
        announce: false,
        told: Told::default(),
        extras: Extras::default(),
    }
}

async fn ask(socket: PathBuf, identity: &str) -> Result<String, Error> {
    let identity = identity.to_owned();
    tokio::task::spawn_blocking(move || {
        client::request(&socket, &Question::by_name(&identity), Duration::from_secs(5)).map(|answer| answer.to_string())
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn process_delivery_leaves_no_secret_on_disk_and_answers_at_the_socket() {
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &[]);
    let own = identity("net admin", Delivery::Process);
    let run = Run::open(&host, settings(Some(own), vec![identity("other", Delivery::Process)])).await.unwrap();
    let directory = run.directory().unwrap().to_path_buf();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in ["config", "credentials", "s", "lock"] {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
    assert_eq!(std::fs::read(directory.join("credentials")).unwrap(), b"");
    let config = std::fs::read_to_string(directory.join("config")).unwrap();
    let line = format!(
        "credential_process = /usr/local/bin/atmos auth process --identity net' admin' --socket {}",
        directory.join("s").display()
    );
    assert!(config.contains(&line) && config.contains("[profile 'net admin']") && config.contains("[profile other]"));
    assert!(!config.contains("secret-key-of-the-run"));

    let env = run.child_env(&Env::from_iter([("AWS_ACCESS_KEY_ID", "ambient"), ("ATMOS_KEYRING_PASSWORD", "pw")]), &[]);
    assert_eq!(env.get("AWS_PROFILE"), Some("net admin"));
    assert_eq!(env.get("ATMOS_RUN_SOCKET"), directory.join("s").to_str());
    assert!(!env.is_set("AWS_ACCESS_KEY_ID") && !env.is_set("ATMOS_KEYRING_PASSWORD") && !env.is_set("ATMOS_IDENTITY"));

    let answer = ask(run.socket().unwrap(), "net admin").await.unwrap();
    assert!(
        answer.contains(r#""AccessKeyId":"ASIA-net admin""#)
            && answer.contains(r#""Expiration":"2098-12-31T23:55:00Z""#)
    );
    assert!(ask(run.socket().unwrap(), "other").await.is_ok());
    let socket = run.socket().unwrap();
    run.close().unwrap();
    assert!(!directory.exists());
    assert!(matches!(ask(socket, "other").await, Err(Error::Gone { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_outside_the_run_are_refused_and_said() {
    let temp = tempfile::tempdir().unwrap();
    let (talk, heard) = ear();
    let host = listening_host(temp.path(), &[], talk);
    let run = Run::open(
        &host,
        settings(Some(identity("own", Delivery::Process)), vec![identity("broken", Delivery::Process)]),
    )
    .await
    .unwrap();
    let error = ask(run.socket().unwrap(), "admin").await.unwrap_err().to_string();
    assert!(error.contains("`admin`") && error.contains("this run may not use it"), "{error}");
    assert!(heard.lock().unwrap().iter().any(|line| line.contains("may not use")));
    let error = ask(run.socket().unwrap(), "broken").await.unwrap_err().to_string();
    assert!(error.contains("portal says no"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_at_the_socket_gets_an_error_and_harms_nobody() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &[]);
    let run = Run::open(&host, settings(Some(identity("own", Delivery::Process)), Vec::new())).await.unwrap();
    for garbage in [&b"hello\n"[..], b"{\"identity\": 5}\n", b"\xff\xfe\n", b"\n", b"{\"identity\": \"own\""] {
        let mut stream = tokio::net::UnixStream::connect(run.socket().unwrap()).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with("{\"error\":"), "{reply}");
    }
    let silent = tokio::net::UnixStream::connect(run.socket().unwrap()).await.unwrap();
    assert!(ask(run.socket().unwrap(), "own").await.is_ok());
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_helpers_at_once_all_get_their_answer() {
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &[]);
    let run = Run::open(&host, settings(Some(identity("own", Delivery::Process)), Vec::new())).await.unwrap();
    let asked: Vec<_> = (0..50).map(|_| tokio::spawn(ask(run.socket().unwrap(), "own"))).collect();
    for answer in asked {
        assert!(answer.await.unwrap().is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_delivery_writes_keys_of_those_who_have_some() {
    let temp = tempfile::tempdir().unwrap();
    let (talk, heard) = ear();
    let host = listening_host(temp.path(), &[], talk);
    let allowed = vec![
        identity("second", Delivery::Files),
        identity("broken", Delivery::Files),
        identity("third", Delivery::Process),
    ];
    let run = Run::open(&host, settings(Some(identity("own", Delivery::Files)), allowed)).await.unwrap();
    let directory = run.directory().unwrap().to_path_buf();
    let credentials = std::fs::read_to_string(directory.join("credentials")).unwrap();
    assert!(
        credentials.starts_with("; atmos: expiration=2099-01-01T00:00:00Z\n[own]\n")
            && credentials.contains("[second]")
    );
    assert!(!credentials.contains("[broken]") && !credentials.contains("[third]"));
    let config = std::fs::read_to_string(directory.join("config")).unwrap();
    assert_eq!(config.matches("credential_process").count(), 2);
    assert!(config.contains("[profile own]\nregion = eu-west-1\n"));
    assert!(heard.lock().unwrap()[0].contains("no credentials for identity `broken`"));
    drop(run);
    assert!(!directory.exists());
    let failed = Run::open(&host, settings(Some(identity("broken", Delivery::Files)), Vec::new())).await;
    assert!(matches!(failed, Err(Error::NoCredentials { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn env_delivery_puts_keys_into_the_environment_only() {
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &[]);
    let run = Run::open(&host, settings(Some(identity("own", Delivery::Env)), Vec::new())).await.unwrap();
    let env = run.child_env(&Env::from_iter([("AWS_PROFILE", "mine")]), &[]);
    assert_eq!(env.get("AWS_ACCESS_KEY_ID"), Some("ASIA-own"));
    assert!(!env.is_set("AWS_PROFILE"));
    assert_eq!(std::fs::read(run.directory().unwrap().join("credentials")).unwrap(), b"");
}

#[tokio::test]
async fn without_an_identity_and_for_mocks_nothing_is_on_disk() {
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &[]);
    let base = Env::from_iter([("AWS_ACCESS_KEY_ID", "ambient"), ("ATMOS_RUN_SOCKET", "/s")]);
    let run = Run::open(&host, settings(None, vec![identity("other", Delivery::Process)])).await.unwrap();
    assert_eq!((run.child_env(&base, &[]), run.directory(), run.changes()), (base.clone(), None, None));
    let mock = RunIdentity { style: Style::Mock, ..identity("fake", Delivery::Process) };
    let run = Run::open(&host, RunSettings { announce: true, ..settings(Some(mock), Vec::new()) }).await.unwrap();
    let env = run.child_env(&base, &[]);
    assert_eq!((env.get("MOCK_IDENTITY"), env.get("ATMOS_IDENTITY")), (Some("fake"), Some("fake")));
    assert!(run.directory().is_none());
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

/// The source of a run inside another one, as a configuration with one identity of that chain has it.
fn inside(outer: &Run, host: &Host, chain: &Value) -> (Parent, Session, String) {
    let env = Env::from_iter([(SOCKET_VARIABLE, outer.socket().unwrap().to_str().unwrap())]);
    let parent = Parent::of(&env, Path::new("/inner")).unwrap();
    let session = session(host, chain);
    let fingerprint = session.fingerprint_of(&"own".into()).unwrap().as_str().to_owned();
    (parent, session, fingerprint)
}

fn session(host: &Host, role: &Value) -> Session {
    let keyring = store::Settings { kind: Some("memory".to_owned()), ..store::Settings::default() };
    let auth = config(&json!({
        "providers": {"p": {"kind": "mock", "region": "eu-west-1"}},
        "identities": {
            "own": {"kind": "aws/assume-role", "via": {"provider": "p"}, "principal": {"assume_role": role}},
            "admin": {"kind": "aws/assume-role", "via": {"provider": "p"}, "principal": {"assume_role": role}},
        },
    }));
    let cache = Arc::new(Cache::open(host, &keyring, "r"));
    let realm = Realm::resolve(Some("r"), None, None).unwrap();
    Session::new(host, Arc::new(auth), realm, cache, Options::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_run_asks_its_parent() {
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &[]);
    let (source, count) = source();
    let role = json!("arn:aws:iam::111111111111:role/own");
    let fingerprint = session(&host, &role).fingerprint_of(&"own".into()).unwrap().as_str().to_owned();
    let own = RunIdentity { fingerprint: fingerprint.clone(), ..identity("own", Delivery::Process) };
    let outer = Run::open(&host, RunSettings { source, ..settings(Some(own), Vec::new()) }).await.unwrap();
    let (parent, session, meant) = inside(&outer, &host, &role);
    assert_eq!(meant, fingerprint);
    let source = parent.source(session.clone());
    let inner = RunSettings { source: source.clone(), ..settings(Some(identity("own", Delivery::Files)), Vec::new()) };
    let inner = Run::open(&host, inner).await.unwrap();
    let credentials = std::fs::read_to_string(inner.directory().unwrap().join("credentials")).unwrap();
    assert!(credentials.contains("ASIA-own"));
    assert_eq!(count.load(Ordering::SeqCst), 1);
    parent.check(&session, &"own".into()).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1, "a check asks nobody");
    assert!(source("admin".to_owned()).await.unwrap_err().contains("may not use"));
    assert_eq!(host.masker.mask("x secret-key-of-the-run x"), "x <MASKED> x");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_name_of_another_configuration_is_refused_and_said() {
    let temp = tempfile::tempdir().unwrap();
    let (talk, heard) = ear();
    let host = listening_host(temp.path(), &[], talk);
    let (source, count) = source();
    let own = RunIdentity { fingerprint: "the outer chain".to_owned(), ..identity("own", Delivery::Process) };
    let outer = Run::open(&host, RunSettings { source, ..settings(Some(own), Vec::new()) }).await.unwrap();
    let (parent, session, _) = inside(&outer, &host, &json!("arn:aws:iam::222222222222:role/own"));
    let error = parent.credentials(&session, &"own".into()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Differs { .. }) && text.contains("`/inner`") && text.contains("`/outer`"), "{text}");
    assert!(parent.check(&session, &"own".into()).await.is_err());
    assert_eq!(count.load(Ordering::SeqCst), 0, "nobody authenticates for a stranger");
    assert!(heard.lock().unwrap().iter().any(|line| line.contains("/inner")));
    // The lines of the run's own configuration ask by the name in it.
    assert!(ask(outer.socket().unwrap(), "own").await.is_ok());
    let meant = Meant { fingerprint: "the outer chain".to_owned(), configuration: String::new() };
    let question = Question { meant: Some(meant), ..Question::by_name("own") };
    let socket = outer.socket().unwrap();
    let asked = tokio::task::spawn_blocking(move || client::request(&socket, &question, Duration::from_secs(5)));
    assert!(asked.await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_make_room_and_are_sent_away() {
    use tokio::io::AsyncReadExt as _;
    let temp = tempfile::tempdir().unwrap();
    let host = host(temp.path(), &[]);
    let run = Run::open(&host, settings(Some(identity("own", Delivery::Process)), Vec::new())).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(tokio::net::UnixStream::connect(run.socket().unwrap()).await.unwrap());
    }
    let begun = std::time::Instant::now();
    let asked: Vec<_> = (0..100).map(|_| tokio::spawn(ask(run.socket().unwrap(), "own"))).collect();
    for answer in asked {
        assert!(answer.await.unwrap().is_ok());
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "answered after {:?}", begun.elapsed());
    // All of them are sent away: the oldest when others come, the rest when their time is over.
    let mut replies = Vec::new();
    for mut stream in silent {
        let mut reply = String::new();
        while tokio::time::timeout(Duration::from_millis(20), stream.read_to_string(&mut reply)).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "still connected");
            drop(tokio::net::UnixStream::connect(run.socket().unwrap()).await.unwrap());
        }
        replies.push(reply);
    }
    for reason in ["too many others connect", "nothing was asked in time"] {
        assert!(replies.iter().any(|reply| reply.contains(reason)), "{reason}: {replies:?}");
    }
    assert!(replies.iter().all(|reply| reply.starts_with("{\"error\":")), "{replies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_sets_managed_variables_is_warned() {
    let temp = tempfile::tempdir().unwrap();
    let (talk, heard) = ear();
    let host = listening_host(temp.path(), &[], talk);
    let run = Run::open(&host, settings(Some(identity("own", Delivery::Process)), Vec::new())).await.unwrap();
    let env = run.child_env(&Env::default(), &[("AWS_PROFILE".to_owned(), Some("mine".to_owned()))]);
    assert_eq!(env.get("AWS_PROFILE"), Some("own"));
    assert!(heard.lock().unwrap()[0].contains("AWS_PROFILE"));
}

#[tokio::test]
async fn two_identities_with_one_profile_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let allowed = vec![identity("a#b", Delivery::Process)];
    let run = Run::open(&host(temp.path(), &[]), settings(Some(identity("a;b", Delivery::Process)), allowed)).await;
    assert!(matches!(run, Err(Error::SameProfile { .. })));
}
