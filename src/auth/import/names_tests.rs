//! Names of what is imported, beside those of the configuration, and in the place of other tools.

use serde_json::json;

use super::tests::{aws_config, config, has, said, section};
use super::{Habits, Known, replace_processes};

const KNOWN: &str = "identities: {default: {kind: aws/user}, my prod: {kind: aws/user}}";

#[test]
fn names_are_usable_and_differ() {
    let text = "\
[profile off]
credential_process = a
[profile a#b]
credential_process = a
[profile a;b]
credential_process = a
[profile -x]
credential_process = a
";
    let draft = aws_config(&config(text), Habits::AwsCli);
    let auth = section(&draft);
    let names: Vec<&String> = auth["identities"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 4, "{auth:#}");
    assert!(auth["identities"]["off-identity"].is_object() && auth["identities"]["x"].is_object(), "{auth:#}");
    said(&draft, "off", "is called `off-identity` here", false);
}

#[test]
fn lines_of_other_tools_are_replaced_in_a_diff_only() {
    let text = "\
[default]
credential_process = leapp session generate 1

[profile own]
credential_process = /opt/print
[profile my prod]
region = eu-west-1
credential_process=saml2aws login --credential-process --role arn:x
[profile done]
credential_process = atmos auth process -i done
";
    let replaced = replace_processes("/home/me/.aws/config", &config(text), Habits::AwsCli, &has(KNOWN));
    assert_eq!(replaced.count, 2);
    let expected = "\
--- /home/me/.aws/config
+++ /home/me/.aws/config
@@ -1,10 +1,10 @@
 [default]
-credential_process = leapp session generate 1
+credential_process = atmos auth process -i default
 
 [profile own]
 credential_process = /opt/print
 [profile my prod]
 region = eu-west-1
-credential_process=saml2aws login --credential-process --role arn:x
+credential_process = atmos auth process -i 'my prod'
 [profile done]
 credential_process = atmos auth process -i done
";
    assert_eq!(replaced.diff, expected);
    let none = replace_processes(
        "x",
        &config("[profile own]\ncredential_process = /opt/print\n"),
        Habits::AwsCli,
        &Known::default(),
    );
    assert_eq!((none.count, none.diff.as_str()), (0, ""));
    let far = format!(
        "[a]\n[profile a]\ncredential_process = leapp session generate 1\n{}[profile b]\ncredential_process = granted credential-process --profile b\n",
        "\n".repeat(20)
    );
    assert_eq!(
        replace_processes("x", &config(&far), Habits::Granted, &has("identities: {a: {kind: aws/user}}"))
            .diff
            .matches("@@ -")
            .count(),
        2
    );
}

#[test]
fn names_that_differ_only_in_case_get_the_account() {
    let text = "\
[profile base]
mfa_serial = x
[profile prod]
role_arn = arn:aws:iam::222222222222:role/X
source_profile = base
[profile Prod]
role_arn = arn:aws:iam::333333333333:role/Y
source_profile = base
[profile BASE]
mfa_serial = y
[profile behind]
role_arn = arn:aws:iam::333333333333:role/Z
source_profile = Prod
";
    let draft = aws_config(&config(text), Habits::AwsVault);
    let auth = section(&draft);
    let names: Vec<&String> = auth["identities"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["BASE-2", "Prod-333333333333", "base", "behind", "prod"]);
    assert_eq!(auth["identities"]["behind"]["via"]["identity"], "Prod-333333333333");
    said(&draft, "Prod", "is called `Prod-333333333333` here", false);
    // What is left to be done names the identity as it is called.
    said(&draft, "BASE", "--format=json BASE | atmos auth user import -i BASE-2", false);
}

const TEAM: &str = "
providers:
  Corp: {kind: aws/iam-identity-center, region: eu-west-1, start_url: 'https://acme.awsapps.com/start/', session: {duration: 8h}}
identities:
  reader: {kind: aws/permission-set, default: true, via: {provider: corp}, principal: {name: ReadOnly, account: {id: 111111111111}}}
  Same: {kind: aws/permission-set, via: {provider: corp}, principal: {name: Admin, account: {id: 111111111111}}}
";

const MINE: &str = "\
[sso-session corp]
sso_start_url = https://PORTAL.awsapps.com/start
sso_region = eu-west-1
[default]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = ReadOnly
[profile reader]
sso_session = corp
sso_account_id = 333333333333
sso_role_name = ReadOnly
[profile same]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
";

#[test]
fn names_of_the_configuration_keep_their_meaning() {
    let other = super::aws_config(&config(&MINE.replace("PORTAL", "other")), Habits::AwsCli, &has(TEAM));
    let auth = section(&other);
    let portal = json!({"kind": "aws/iam-identity-center", "start_url": "https://other.awsapps.com/start", "region": "eu-west-1"});
    assert_eq!(auth["providers"], json!({"corp-2": portal}));
    let names: Vec<&String> = auth["identities"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["default", "reader-333333333333", "same-111111111111"]);
    assert_eq!(auth["identities"]["reader-333333333333"]["via"]["provider"], "corp-2");
    assert_eq!(auth["identities"]["default"].get("default"), None);
    said(
        &other,
        "corp",
        "is called `corp-2` here: the configuration has a provider `corp` that says something else",
        false,
    );
    said(&other, "reader", "has an identity `reader` that says something else", false);
    said(&other, "default", "is not the default: that is `reader` of the configuration", false);

    let same = super::aws_config(&config(&MINE.replace("PORTAL", "acme")), Habits::AwsCli, &has(TEAM));
    let auth = section(&same);
    let providers: Vec<&String> = auth["providers"].as_object().unwrap().keys().collect();
    let identities: Vec<&String> = auth["identities"].as_object().unwrap().keys().collect();
    assert_eq!(
        (providers.as_slice(), identities),
        (&[&"Corp".to_owned()][..], vec![&"Same".to_owned(), &"default".to_owned(), &"reader-333333333333".to_owned()])
    );
    assert_eq!(auth["identities"]["Same"]["via"]["provider"], "Corp");
    // The same portal under another name is that one.
    let renamed = MINE.replace("PORTAL", "acme").replace("corp", "mine");
    let draft = super::aws_config(&config(&renamed), Habits::AwsCli, &has(TEAM));
    assert_eq!(section(&draft)["providers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Corp"]);
    said(&draft, "mine", "is provider `Corp` of the configuration", false);
}

#[test]
fn lines_without_an_identity_stay() {
    let text = "\
[profile base]
region = eu-west-1
[profile prod]
role_arn = arn:aws:iam::444444444444:role/Y
source_profile = base
[profile prod-ide]
credential_process = aws-vault exec prod --json
[profile viasso]
credential_process = aws-sso process --arn arn:aws:iam::111111111111:role/Read
[profile old]
credential_process = leapp session generate 9d2b8f0e-5c1a-4f6e-9a7b-3c8d1e2f4a5b
[profile lost]
credential_process = aws-vault exec broken
[profile broken]
role_arn = arn:aws:iam::444444444444:role/Y
source_profile = lost
include_profile = nobody
";
    let replaced =
        replace_processes("config", &config(text), Habits::AwsVault, &has("identities: {Old: {kind: aws/user}}"));
    let lines: Vec<&str> = replaced.diff.lines().filter(|line| line.starts_with("+cred")).collect();
    assert_eq!(
        lines,
        ["+credential_process = atmos auth process -i prod", "+credential_process = atmos auth process -i Old"]
    );
    let said: Vec<&str> = replaced.remarks.iter().map(|remark| remark.about.as_str()).collect();
    assert_eq!(said, ["viasso", "lost"]);
    assert!(replaced.remarks[0].text.contains("`atmos auth import aws-sso` brings what is behind it"), "{replaced:?}");
}

#[test]
fn key_beside_a_role_is_stored_for_the_user_and_not_for_the_role() {
    let mut files = config("[profile selfie]\nrole_arn = arn:aws:iam::222222222222:role/S\nsource_profile = selfie\n");
    files.credentials = "[selfie]\naws_access_key_id = a\naws_secret_access_key = b\n".to_owned();
    let draft = aws_config(&files, Habits::AwsCli);
    assert_eq!(section(&draft)["identities"]["selfie-source"]["kind"], "aws/user");
    said(&draft, "selfie", "`atmos auth user import -i selfie-source --from-profile selfie`", false);
}

#[test]
fn time_of_an_import_grows_with_its_profiles_and_no_faster() {
    let text = (0..8000).fold(String::new(), |text, number| {
        let key = if number % 2 == 0 { "credential_process = aws-vault exec x\n" } else { "sso_account_id = 111111111111\nsso_role_name = R\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\n" };
        format!("{text}[profile p{number}]\n{key}")
    });
    let begun = std::time::Instant::now();
    let draft = aws_config(&config(&text), Habits::AwsVault);
    assert_eq!(draft.counts(), (1, 8000));
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}
