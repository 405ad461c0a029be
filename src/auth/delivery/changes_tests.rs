use super::super::helper::tests::credentials;
use super::*;

fn wiring<'a>() -> Wiring<'a> {
    Wiring {
        identity: "net",
        profile: "net",
        region: Some("eu-west-1"),
        style: Style::Aws,
        config_file: Path::new("/run/config"),
        credentials_file: Path::new("/run/credentials"),
        socket: Some(Path::new("/run/s")),
        keys: None,
        given: None,
        endpoint: None,
        env: &[],
        announce: false,
    }
}

fn show(env: &Env) -> Vec<String> {
    env.iter().map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy())).collect()
}

/// Everything that could lead elsewhere, set by the caller.
fn polluted() -> Env {
    let prefixed = ["AWS_BEARER_TOKEN_OTHER", "AWS_ROLE_DURATION", "AWS_SSO_ROLE_NAME"];
    let ambient = AMBIENT.into_iter().chain(prefixed).map(|name| (name, "ambient"));
    ambient.chain([("PATH", "/bin"), ("AWS_CA_BUNDLE", "/ca")]).collect()
}

#[test]
fn an_identity_replaces_everything_ambient() {
    let (env, overruled) = child_env(&polluted(), &[], Some(&changes(&wiring())));
    assert_eq!(
        show(&env),
        [
            "ATMOS_RUN_SOCKET=/run/s",
            "AWS_CA_BUNDLE=/ca",
            "AWS_CONFIG_FILE=/run/config",
            "AWS_DEFAULT_REGION=eu-west-1",
            "AWS_EC2_METADATA_DISABLED=true",
            "AWS_PROFILE=net",
            "AWS_REGION=eu-west-1",
            "AWS_SDK_LOAD_CONFIG=1",
            "AWS_SHARED_CREDENTIALS_FILE=/run/credentials",
            "PATH=/bin",
        ]
    );
    assert!(overruled.is_empty());
}

#[test]
fn delivery_env_sets_keys_and_no_profile() {
    let keys = credentials(Some("2026-11-24T13:00:00Z"));
    let (env, _) = child_env(&polluted(), &[], Some(&changes(&Wiring { keys: Some(&keys), ..wiring() })));
    assert_eq!(env.get("AWS_ACCESS_KEY_ID"), Some("ASIAEXAMPLE"));
    assert_eq!(env.get("AWS_SESSION_TOKEN"), Some("to+ken=="));
    assert_eq!(env.get("AWS_CREDENTIAL_EXPIRATION"), Some("2026-11-24T13:00:00Z"));
    assert!(!env.is_set("AWS_PROFILE"));
    let lasting = credentials(None);
    let (env, _) = child_env(&polluted(), &[], Some(&changes(&Wiring { keys: Some(&lasting), ..wiring() })));
    assert!(!env.is_set("AWS_SESSION_TOKEN") && !env.is_set("AWS_CREDENTIAL_EXPIRATION"));
}

#[test]
fn a_component_cannot_override_the_identity_and_is_told() {
    let component = [
        ("AWS_PROFILE".to_owned(), Some("mine".to_owned())),
        ("AWS_REGION".to_owned(), None),
        ("AWS_ACCESS_KEY_ID".to_owned(), Some("AKIA".to_owned())),
        ("AWS_BEARER_TOKEN_BEDROCK".to_owned(), Some("x".to_owned())),
        ("STAGE".to_owned(), Some("prod".to_owned())),
        ("PATH".to_owned(), None),
    ];
    let (env, overruled) = child_env(&polluted(), &component, Some(&changes(&wiring())));
    assert_eq!(overruled, ["AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_REGION"]);
    assert_eq!((env.get("AWS_PROFILE"), env.get("AWS_REGION")), (Some("net"), Some("eu-west-1")));
    assert_eq!((env.get("STAGE"), env.is_set("PATH")), (Some("prod"), false));
    let region = changes(&Wiring { region: None, ..wiring() });
    assert!(!region.manages("AWS_REGION"));
}

#[test]
fn without_an_identity_only_what_opens_the_keyring_is_not_there() {
    let mut base = polluted();
    base.set("ATMOS_KEYRING_PASSWORD", "pw");
    base.set("MY_PW", "pw");
    base.hide("MY_PW");
    let component = [("MY_PW".to_owned(), Some("again".to_owned()))];
    let (env, overruled) = child_env(&base, &component, None);
    assert_eq!((env.iter().collect(), overruled), (polluted().iter().collect::<Vec<_>>(), Vec::new()));
}

#[test]
fn entries_of_the_identity_lie_between_component_and_identity() {
    let own = [("STAGE", Some("own")), ("AWS_SECRET_ACCESS_KEY", Some("x")), ("OF_THE_JOB", None)];
    let own = own.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
    let identity = changes(&Wiring { env: &own, ..wiring() });
    let component = [("STAGE".to_owned(), Some("component".to_owned()))];
    let base = Env::from_iter([("OF_THE_JOB", "token")]);
    let (env, _) = child_env(&base, &component, Some(&identity));
    assert_eq!((env.get("STAGE"), env.is_set("AWS_SECRET_ACCESS_KEY")), (Some("own"), false));
    assert!(!env.is_set("OF_THE_JOB"), "null takes a variable away");
}

#[test]
fn children_of_mock_kinds_get_private_files_and_only_auth_env_prints_the_values_of_the_reference() {
    let names = |changes: &Changes| {
        changes.set.iter().map(|(name, value)| format!("{name}={}", value.display())).collect::<Vec<_>>()
    };
    let mock = Wiring { style: Style::MockAws, announce: true, ..wiring() };
    let child = changes(&mock);
    for line in ["ATMOS_IDENTITY=net", "AWS_CONFIG_FILE=/run/config", "ATMOS_RUN_SOCKET=/run/s", "MOCK_IDENTITY=net"] {
        assert!(names(&child).contains(&line.to_owned()), "{line}: {child:?}");
    }
    assert!(!names(&child).iter().any(|line| line.contains("/tmp/")), "anybody can make files there");
    assert!(child.manages("AWS_SECRET_ACCESS_KEY"));
    let (printed, unset) =
        printable(&Wiring { style: Style::MockAws, region: None, ..wiring() }, &Env::default()).unwrap();
    let printed: Vec<String> = printed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        printed,
        [
            "AWS_CONFIG_FILE=/tmp/mock-config",
            "AWS_DEFAULT_REGION=us-east-1",
            "AWS_PROFILE=net",
            "AWS_REGION=us-east-1",
            "AWS_SHARED_CREDENTIALS_FILE=/tmp/mock-credentials",
            "MOCK_IDENTITY=net",
        ]
    );
    assert!(unset.is_empty());
    let plain = changes(&Wiring { style: Style::Mock, ..wiring() });
    assert_eq!((names(&plain), plain.remove.len()), (vec!["MOCK_IDENTITY=net".to_owned()], 0));
}

#[test]
fn printable_has_what_a_child_would_get() {
    let own = [("STAGE".to_owned(), Some("own".to_owned()))];
    let (set, unset) = printable(&Wiring { socket: None, env: &own, ..wiring() }, &polluted()).unwrap();
    let names: Vec<&str> = set.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "AWS_CONFIG_FILE",
            "AWS_DEFAULT_REGION",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_PROFILE",
            "AWS_REGION",
            "AWS_SDK_LOAD_CONFIG",
            "AWS_SHARED_CREDENTIALS_FILE",
            "STAGE",
        ]
    );
    assert!(unset.contains(&"AWS_ACCESS_KEY_ID".to_owned()) && unset.contains(&"ATMOS_RUN_SOCKET".to_owned()));
    assert!(unset.contains(&"AWS_BEARER_TOKEN_OTHER".to_owned()) && unset.is_sorted());
    let (set, unset) = printable(&Wiring { style: Style::MockAws, ..wiring() }, &polluted()).unwrap();
    assert_eq!((set.len(), unset.len()), (6, 0));
}

#[test]
fn debug_shows_no_value() {
    let keys = credentials(Some("2026-11-24T13:00:00Z"));
    let shown = format!("{:?}", changes(&Wiring { keys: Some(&keys), ..wiring() }));
    assert!(shown.contains("AWS_SECRET_ACCESS_KEY") && !shown.contains("cret/key") && !shown.contains("to+ken"));
}

#[test]
fn another_cloud_gets_its_variables_and_files_and_loses_only_its_own() {
    use crate::auth::delivery::parse_environment;

    let text = r#"{"Version":1,"Variables":{"HCLOUD_TOKEN":"t0ken-of-it"},"Files":{"k/c":"x"},"Paths":{"KUBECONFIG":"k/c"},"Remove":["HCLOUD_*","OTHER"]}"#;
    let given = parse_environment(text, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let directory = Path::new("/run/files");
    let cloud = changes(&Wiring { style: Style::Environment, given: Some((&given, directory)), ..wiring() });
    let base = Env::from_iter([
        ("HCLOUD_TOKEN", "old"),
        ("HCLOUD_CONTEXT", "old"),
        ("OTHER", "old"),
        ("AWS_PROFILE", "stays"),
        ("ATMOS_RUN_SOCKET", "/outer"),
        ("PATH", "/bin"),
    ]);
    let component = [("HCLOUD_TOKEN".to_owned(), Some("mine".to_owned()))];
    let (env, overruled) = child_env(&base, &component, Some(&cloud));
    let expected = [
        "ATMOS_RUN_SOCKET=/run/s",
        "AWS_PROFILE=stays",
        "HCLOUD_TOKEN=t0ken-of-it",
        "KUBECONFIG=/run/files/k/c",
        "PATH=/bin",
    ];
    assert_eq!(show(&env), expected);
    assert_eq!(overruled, ["HCLOUD_TOKEN"]);
    assert!(!format!("{cloud:?}").contains("t0ken"), "{cloud:?}");
    let (set, unset) = printable(
        &Wiring { style: Style::Environment, given: Some((&given, directory)), socket: None, ..wiring() },
        &base,
    )
    .unwrap();
    assert_eq!(set.len(), 2, "{set:?}");
    assert_eq!(unset, ["ATMOS_RUN_SOCKET", "HCLOUD_CONTEXT", "OTHER"]);
}
