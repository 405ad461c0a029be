//! How credentials of the environment are found.

use super::*;
use crate::host::{Dirs, Host, Http, testing};

/// Gives the arn of the role as the id, and notes by whom and how it was asked.
struct Noted;

impl Roles for Noted {
    type Error = String;

    async fn assume(&self, base: &Keys, role: &NamedRole) -> Result<Keys, String> {
        let how = format!("{}<{}|{}", role.arn, base.access_key_id, role.external_id.as_deref().unwrap_or("-"));
        Ok(keys(&how, "s", None))
    }

    async fn assume_with_token(&self, role: &NamedRole, token: &Secret) -> Result<Keys, String> {
        use crate::secret::Expose as _;
        Err(format!("{} by {}", role.arn, token.expose_secret()))
    }
}

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile keys]
aws_access_key_id = AKIDCONFIG
aws_secret_access_key = config
[profile  role]
role_arn = arn:aws:iam::1:role/r
source_profile = keys
external_id = x
s3 =
  addressing_style = path
[profile again]
role_arn = again
source_profile = role
[profile own]
role_arn = own
source_profile = own
aws_access_key_id = AKIDOWN
aws_secret_access_key = own
[profile variables]
role_arn = variables
credential_source = Environment
[profile process]
credential_process = test -z \"$HIDDEN\" && echo '{\"AccessKeyId\": \"AKIDTOOL\", \"SecretAccessKey\": \"x\", \"Expiration\": \"2099-01-01T00:00:00Z\"}' # a comment
[profile nonsense]
credential_process = echo nonsense
[profile failing]
credential_process = exit 3
[profile portal]
sso_session = corp
[profile machine]
role_arn = arn:aws:iam::1:role/r
credential_source = Ec2InstanceMetadata
[profile device]
role_arn = arn:aws:iam::1:role/r
source_profile = keys
mfa_serial = arn:aws:iam::1:mfa/x
[profile token]
role_arn = with-token
web_identity_token_file = token
[profile one]
role_arn = a
source_profile = two
[profile two]
role_arn = b
source_profile = one
[sso-session corp]
aws_access_key_id = NO
";

fn host(cwd: &Path) -> Host {
    Host { dirs: Dirs::default(), ..testing::host(cwd, Env::default()) }
}

/// What is found for a profile, or without one, in words.
async fn found(env: &[(&str, &str)], profile: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config"), CONFIG).unwrap();
    std::fs::write(folder.path().join("token"), "of somebody\n").unwrap();
    let credentials = "[keys]\naws_access_key_id=AKIDFILE\naws_secret_access_key=file\naws_session_token=t\n";
    std::fs::write(folder.path().join("credentials"), credentials).unwrap();
    let all = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("HIDDEN", "1")];
    let env: Env =
        all.into_iter().chain([("PATH", "/usr/local/bin:/usr/bin:/bin")]).chain(env.iter().copied()).collect();
    env.hide("HIDDEN");
    let host = host(folder.path());
    let (http, profiles) = (Http::new(&env), Profiles::read(&env, &host.cwd));
    let ambient =
        Ambient { desk: Desk::new(&host, &http), env: &env, profiles: &profiles, roles: &Noted, machine: None };
    match ambient.find(profile).await {
        Ok(keys) => format!("{}{}", keys.access_key_id, keys.expiration.map_or("", |_| " until")),
        Err(Lack::Nothing) => "nothing".to_owned(),
        Err(Lack::Profile { name }) => format!("no {name}"),
        Err(Lack::SignsIn { profile }) => format!("{profile} signs in"),
        Err(Lack::Unusable { reason, .. }) => reason,
        Err(Lack::Role(error)) => error,
    }
}

#[tokio::test]
async fn profiles_have_their_credentials_in_many_ways() {
    for (profile, expected) in [
        ("keys", "AKIDFILE"),
        ("role", "arn:aws:iam::1:role/r<AKIDFILE|x"),
        ("again", "again<arn:aws:iam::1:role/r<AKIDFILE|x|-"),
        ("own", "own<AKIDOWN|-"),
        ("process", "AKIDTOOL until"),
        ("token", "with-token by of somebody"),
        ("portal", "portal signs in"),
        ("default", "no default"),
        ("corp", "no corp"),
    ] {
        assert_eq!(found(&[], Some(profile)).await, expected, "{profile}");
    }
    for (profile, phrase) in [
        ("nonsense", "printed something else than credentials"),
        ("failing", "ended with exit status: 3"),
        ("machine", "nothing that could assume it"),
        ("device", "wants an MFA code"),
        ("one", "lead to each other in a circle"),
        ("variables", "nothing that could assume it"),
    ] {
        let seen = found(&[], Some(profile)).await;
        assert!(seen.contains(phrase), "{profile}: {seen}");
    }
}

#[tokio::test]
async fn environment_is_searched_in_the_order_of_the_sdks() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let token = [("AWS_WEB_IDENTITY_TOKEN_FILE", "token"), ("AWS_ROLE_ARN", "arn")];
    let nowhere = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x");
    assert_eq!(found(&[], None).await, "nothing");
    assert_eq!(found(&[keys[0], keys[1], token[0], token[1]], None).await, "AKIDENV");
    assert_eq!(found(&[token[0], token[1], ("AWS_PROFILE", "keys")], None).await, "arn by of somebody");
    assert_eq!(found(&[("AWS_PROFILE", "keys"), nowhere], None).await, "AKIDFILE");
    assert_eq!(found(&[("AWS_PROFILE", "nobody"), nowhere], None).await, "no nobody");
    assert_eq!(found(&[keys[0], keys[1], ("AWS_PROFILE", "nobody")], Some("variables")).await, "variables<AKIDENV|-");
    let gone =
        [nowhere, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "gone"), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t")];
    let seen = found(&gone, None).await;
    assert!(seen.contains("the container gives no credentials: gone"), "no other token is sent: {seen}");
    assert!(found(&[nowhere], None).await.contains("the container gives no credentials"));
}

/// Each byte comes in time, and all of them would take days.
#[tokio::test]
async fn an_answer_that_drips_in_is_none() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
            while client.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path());
    let http = Http::new(&host.env);
    let desk = Desk { patience: Duration::from_millis(300), ..Desk::new(&host, &http) };
    let began = std::time::Instant::now();
    let trouble = desk.ask(&HttpRequest::get(url)).await.unwrap_err();
    assert!(trouble.to_string().contains("no complete answer within"), "{trouble}");
    assert!(began.elapsed() < Duration::from_secs(20));
}
