//! What may be a secret stays behind.

use serde_json::json;

use super::tests::{SECRET, aws_config, config, has, said, section};
use super::{Habits, Known, replace_processes, saml2aws};

#[test]
fn commands_with_secrets_stay_behind_and_say_what_to_do() {
    let text = format!(
        "\
[profile printed]
credential_process = echo {{\"Version\":1,\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"{SECRET}\"}}
[profile ended]
credential_process = echo {{\"SecretAccessKey\":\"{SECRET}\",\"SessionToken\":\"{SECRET}\"}}
[profile bare]
credential_process = prog {SECRET}
[profile web]
credential_process = curl -H \"Authorization: Bearer hunter22\" https://h/x
[profile coded]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = plain
mfa_serial = arn:aws:iam::111111111111:mfa/me
mfa_process = oathtool -b --totp HUNTER22
[profile plain]
mfa_process = ykman oath accounts code acme
[profile local]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = plain
endpoint_url = https://me:hunter22@h
[profile behind]
role_arn = arn:aws:iam::111111111111:role/x
source_profile = local
[profile vault]
credential_process = aws-vault exec --unknown {SECRET} --json
"
    );
    let draft = aws_config(&config(&text), Habits::AwsVault);
    let auth = section(&draft);
    let names: Vec<&String> = auth["identities"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["coded", "plain", "printed", "vault"]);
    assert_eq!(auth["identities"]["printed"], json!({"kind": "aws/user"}));
    assert_eq!(auth["identities"]["coded"]["principal"].get("mfa_process"), None);
    assert_eq!(auth["identities"]["plain"]["credentials"]["mfa_process"], "ykman oath accounts code acme");
    said(
        &draft,
        "printed",
        "aws configure export-credentials --profile printed | atmos auth user import -i printed",
        false,
    );
    said(&draft, "ended", "that of a session", true);
    said(&draft, "bare", "looks like a key or a token. Put it into a script of your own", true);
    said(&draft, "web", "may hold a secret", true);
    said(&draft, "coded", "mfa_process was left out", false);
    said(&draft, "identity local", "`spec.endpoint_url` may hold a secret", true);
    said(&draft, "identity behind", "`local`", true);
    let all = format!("{:?}{}", draft.remarks, draft.render("x")).to_lowercase();
    assert!(!all.contains("hunter22") && !all.contains(&SECRET.to_lowercase()), "{all}");
    // What is known, and no more, is said above the section.
    assert!(draft.render("x").contains("see to it that none of them holds a secret"));
    let keys = aws_config(&config("[profile a]\nmfa_serial = x\n"), Habits::AwsVault).render("x");
    assert!(keys.starts_with("# What `atmos auth import x` found. Keys stay where they are.\n"), "{keys}");
}

#[test]
fn addresses_and_commands_of_saml2aws_with_secrets_stay_behind() {
    let text = "\
[a]
url = https://idp.acme.test/x?token=hunter22&sid=1
provider = KeyCloak
role_arn = arn:aws:iam::111111111111:role/x
[b]
url = print --password hunter22
provider = Shell
[c]
url = https://idp.acme.test/x?idpid=C01abc
provider = Browser
";
    let draft = saml2aws(text, &Known::default());
    let auth = section(&draft);
    let names: Vec<&String> = auth["providers"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["c"]);
    said(&draft, "provider a", "`url` may hold a secret", true);
    said(&draft, "provider a", "!env NAME", true);
    said(&draft, "identity a", "`a`", true);
    said(&draft, "b", "a command that may hold a secret", true);
    assert!(!format!("{:?}", draft.remarks).contains("hunter22"));
}

#[test]
fn a_diff_shows_no_secret() {
    let text = format!(
        "\
[profile a]
region = eu-west-1
credential_process = granted credential-process --profile a
aws_secret_access_key = {SECRET}
# password: {SECRET}
[profile b]
credential_process = saml2aws login --password hunter22 --credential-process
[profile c]
credential_process = prog {SECRET}

credential_process = granted credential-process --profile c
region = eu-west-1
"
    );
    let replaced =
        replace_processes("config", &config(&text), Habits::Granted, &has("identities: {b: {kind: aws/user}}"));
    assert_eq!(replaced.count, 2, "{replaced:?}");
    let all = format!("{replaced:?}");
    assert!(!all.contains("hunter22") && !all.contains(SECRET), "{all}");
    assert_eq!(replaced.remarks[0].about, "b");
    assert!(replaced.remarks[0].text.contains("put `atmos auth process -i b` in its place by hand"), "{all}");
}
