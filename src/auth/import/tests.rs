//! What becomes of the files of other tools.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;
use crate::auth::config::AuthConfig;
use crate::auth::validate::{exit_code, validate};
use crate::span::Sources;
use crate::value::{Node, to_json};
use crate::yaml;

pub(super) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn parsed(text: &str) -> Node {
    let folder = std::path::Path::new("/");
    yaml::parse(&Sources::new(), &folder.join("auth.yaml"), folder, Arc::from(text)).unwrap()
}

/// A configuration that says so.
pub(super) fn has(auth: &str) -> Known {
    Known::read(&parsed(auth), &Sources::new(), &|_| false)
}

pub(super) fn aws_config(files: &AwsFiles, habits: Habits) -> Draft {
    super::aws_config(files, habits, &Known::default())
}

fn leapp(text: &str, machine_id: Option<&str>) -> Result<Draft, LeappError> {
    super::leapp(text, machine_id, &Known::default())
}

/// The section as the program reads what is printed; it has to be in order.
#[track_caller]
pub(super) fn section(draft: &Draft) -> Json {
    let text = draft.render("x");
    assert!(!text.contains(SECRET) && !text.contains("AKIA"), "{text}");
    let node = parsed(&text);
    let auth = node.get("auth").cloned().unwrap_or_default();
    let problems = validate(&AuthConfig::read(&auth), &Sources::new());
    assert_eq!(exit_code(&problems), 0, "{text}\n{problems:?}");
    to_json(&auth)
}

#[track_caller]
pub(super) fn said(draft: &Draft, about: &str, phrase: &str, is_skipped: bool) {
    let found = draft
        .remarks
        .iter()
        .any(|remark| remark.about == about && remark.text.contains(phrase) && remark.is_skipped == is_skipped);
    assert!(found, "{about}: {phrase} {is_skipped}: {:#?}", draft.remarks);
}

pub(super) fn config(text: &str) -> AwsFiles {
    AwsFiles { config: text.to_owned(), credentials: String::new() }
}

const VAULT: &str = "\
[default]
region = eu-west-1
output = json

[profile work]
mfa_serial = arn:aws:iam::111111111111:mfa/me

[profile shared]
external_id = x-1
mfa_serial = arn:aws:iam::111111111111:mfa/me
region = eu-central-1

[profile middle]
source_profile = work
role_arn = arn:aws:iam::222222222222:role/Middle
include_profile = shared

[profile Prod/Admin]
source_profile = middle
role_arn = arn:aws:iam::333333333333:role/path/Admin
duration_seconds = 7200
role_session_name = me
session_tags = team=net, cost = 7
transitive_session_tags = team
parent_profile = x

[sso-session corp]
sso_start_url = https://acme.awsapps.com/start/
sso_region = eu-west-1
sso_registration_scopes = sso:account:access

[profile reader]
sso_session = corp
sso_account_id = 444444444444
sso_role_name = ReadOnly
region = us-east-1

[profile old]
sso_start_url = https://acme.awsapps.com/start#/
sso_region = eu-west-1
sso_account_id = 012345678901
sso_role_name = Admin

[profile pod]
role_arn = arn:aws:iam::555555555555:role/Pod
web_identity_token_file = /var/run/token

[profile program]
credential_process = /opt/bin/print \"one two\"
region = eu-west-3

[profile machine]
role_arn = arn:aws:iam::666666666666:role/Machine
credential_source = Ec2InstanceMetadata
";

#[test]
fn profiles_of_aws_vault_are_identities_one_each() {
    let draft = aws_config(&config(VAULT), Habits::AwsVault);
    let auth = section(&draft);
    let identities = &auth["identities"];
    let names = ["default", "work", "shared", "middle", "Prod/Admin", "reader", "old", "pod", "program", "machine"];
    for name in names {
        assert!(identities[name].is_object(), "{name}: {auth:#}");
    }
    assert_eq!(
        identities["default"],
        json!({"kind": "aws/user", "credentials": {"region": "eu-west-1"}, "default": true})
    );
    assert_eq!(identities["work"]["credentials"]["mfa_arn"], "arn:aws:iam::111111111111:mfa/me");
    // What is included is flattened; what the source has is not inherited.
    let middle = json!({"kind": "aws/assume-role", "via": {"identity": "work"}, "principal": {
        "assume_role": "arn:aws:iam::222222222222:role/Middle", "external_id": "x-1",
        "mfa_arn": "arn:aws:iam::111111111111:mfa/me", "region": "eu-central-1"}});
    assert_eq!(identities["middle"], middle);
    let admin = json!({"kind": "aws/assume-role", "via": {"identity": "middle"}, "principal": {
        "assume_role": "arn:aws:iam::333333333333:role/path/Admin", "duration": "7200s", "session_name": "me",
        "session_tags": {"team": "net", "cost": "7"}, "transitive_tag_keys": ["team"]}});
    assert_eq!(identities["Prod/Admin"], admin);
    // One portal, whoever names it.
    let portal = json!({"kind": "aws/iam-identity-center", "start_url": "https://acme.awsapps.com/start", "region": "eu-west-1"});
    assert_eq!(auth["providers"]["corp"], portal);
    assert_eq!(auth["providers"].as_object().unwrap().len(), 2);
    let reader = json!({"kind": "aws/permission-set", "via": {"provider": "corp"},
        "principal": {"name": "ReadOnly", "account": {"id": "444444444444"}, "region": "us-east-1"}});
    assert_eq!(identities["reader"], reader);
    assert_eq!(identities["old"]["principal"]["account"]["id"], "012345678901");
    assert_eq!(identities["pod"]["via"]["provider"], "pod-token");
    let source = json!({"type": "file", "file_path": "/var/run/token"});
    assert_eq!(auth["providers"]["pod-token"]["spec"]["token_source"], source);
    assert_eq!(
        identities["program"]["credentials"],
        json!({"process": "/opt/bin/print \"one two\"", "region": "eu-west-3"})
    );
    assert_eq!(identities["machine"]["via"]["identity"], "ambient-aws");
    said(&draft, "default", "left out, since there is nothing like it here: output", false);
    said(&draft, "Prod/Admin", "parent_profile", false);
    said(
        &draft,
        "work",
        "aws-vault export --no-session --format=json work | atmos auth user import -i work --from-stdin",
        false,
    );
    assert_eq!(draft.render("x"), aws_config(&config(VAULT), Habits::AwsVault).render("x"));
}

#[test]
fn profiles_that_cannot_be_taken_over_say_why_and_hurt_nobody_else() {
    let text = "\
[profile a]
role_arn = arn:aws:iam::111111111111:role/A
source_profile = b
[profile b]
role_arn = arn:aws:iam::111111111111:role/B
source_profile = c
[profile c]
role_arn = arn:aws:iam::111111111111:role/C
source_profile = a
[profile lost]
role_arn = arn:aws:iam::111111111111:role/D
source_profile = nobody
[profile alone]
role_arn = arn:aws:iam::111111111111:role/E
[profile empty]
region = eu-west-1
[profile self]
include_profile = self
[profile odd]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 12
sso_role_name = X
[profile signed]
sso_session = none
sso_account_id = 111111111111
sso_role_name = X
[profile telling]
credential_process = print --password hunter22
[profile leapp]
credential_process = leapp session generate 123
[profile ours]
credential_process = /usr/bin/atmos auth process -i x
[profile printer]
role_arn = arn:aws:iam::111111111111:role/F
web_identity_token_process = print-token
[services local]
[profile fine]
credential_process = print
";
    let credentials = format!(
        "[keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\n\
         [session]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = {SECRET}\naws_session_token = {SECRET}\n"
    );
    let draft = aws_config(&AwsFiles { config: text.to_owned(), credentials }, Habits::AwsCli);
    let auth = section(&draft);
    let names: Vec<&String> = auth["identities"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["fine", "keys"]);
    for (about, phrase) in [
        ("c", "its source profiles form a circle: a → b → c → a"),
        ("b", "its source profile `c` was skipped"),
        ("lost", "its source profile `nobody` is in neither file"),
        ("alone", "nobody who assumes it"),
        ("empty", "names no credentials"),
        ("self", "includes itself: self → self"),
        ("identity odd", "is not 12 digits"),
        ("signed", "[sso-session none] is not there"),
        ("telling", "may hold a secret"),
        ("leapp", "`atmos auth import leapp`"),
        ("ours", "atmos prints its credentials already"),
        ("printer", "web_identity_token_process"),
        ("[services local]", "another kind"),
        ("session", "that of a session"),
    ] {
        said(&draft, about, phrase, true);
    }
    said(&draft, "keys", "atmos auth user import -i keys --from-profile keys", false);
    assert!(!format!("{:?}", draft.remarks).contains("hunter22"));
}

fn workspace() -> Json {
    let sso = |id: &str, name: &str, profile: &str, portal: &str, arn: &str| {
        json!({"sessionId": id, "sessionName": name, "type": "awsSsoRole", "region": "eu-west-1", "status": 0,
            "profileId": profile, "awsSsoConfigurationId": portal, "roleArn": arn, "email": "me@acme.test"})
    };
    let chained = |id: &str, name: &str, profile: &str, parent: &str| {
        json!({"sessionId": id, "sessionName": name, "type": "awsIamRoleChained", "region": "eu-west-1", "profileId": profile,
            "parentSessionId": parent, "roleSessionName": "assumed-from-leapp", "roleArn": "arn:aws:iam::777777777777:role/Deploy"})
    };
    json!({
        "_workspaceVersion": 7, "_defaultRegion": "eu-west-1",
        "_profiles": [{"id": "p0", "name": "default"}, {"id": "p1", "name": "Prod"}, {"id": "p2", "name": "twice"},
            {"id": "p3", "name": "chain"}, {"id": "p4", "name": "me"}, {"id": "p5", "name": "adfs"}, {"id": "p6", "name": "dev"}],
        "_idpUrls": [{"id": "u1", "url": "https://idp.acme.test/saml"}],
        "_awsSsoIntegrations": [
            {"id": "i1", "alias": "corp", "portalUrl": "https://acme.awsapps.com/start", "region": "eu-west-1", "type": "AWS-SSO"},
            {"id": "i2", "alias": "labs", "portalUrl": "https://labs.awsapps.com/start/", "region": "us-east-1"}],
        "_azureIntegrations": [{"id": "z1", "alias": "azure corp", "tenantId": "11111111-1111-1111-1111-111111111111"}],
        "_proxyConfiguration": {"username": "me", "password": SECRET},
        "_sessions": [
            sso("s1", "main", "p0", "i1", "arn:aws:iam::111111111111/AdministratorAccess"),
            sso("s2", "prod", "p1", "i1", "arn:aws:iam::222222222222/ReadOnly"),
            sso("s3", "a", "p2", "i2", "arn:aws:iam::333333333333/ReadOnly"),
            sso("s4", "b", "p2", "i2", "arn:aws:iam::444444444444/ReadOnly"),
            sso("s5", "dev", "p6", "i1", "arn:aws:iam::555555555555/Dev"),
            chained("c2", "chain of chain", "", "c1"),
            chained("c1", "chain", "p3", "s2"),
            {"sessionId": "u", "sessionName": "user", "type": "awsIamUser", "region": "eu-west-1", "profileId": "p4",
                "mfaDevice": "arn:aws:iam::666666666666:mfa/me"},
            {"sessionId": "f", "sessionName": "fed", "type": "awsIamRoleFederated", "region": "eu-west-1", "profileId": "p5",
                "idpUrlId": "u1", "idpArn": "arn:aws:iam::888888888888:saml-provider/adfs",
                "roleArn": "arn:aws:iam::888888888888:role/Fed"},
            chained("x1", "round", "", "x2"), chained("x2", "about", "", "x1"), chained("x3", "orphan", "", "gone"),
            {"sessionId": "az", "sessionName": "subscription", "type": "azure", "region": "westeurope",
                "subscriptionId": "22222222-2222-2222-2222-222222222222", "tenantId": "11111111-1111-1111-1111-111111111111"},
            {"sessionId": "ls", "sessionName": "local", "type": "localstack", "region": "us-east-1", "endPointUrl": "http://localhost:4566"},
            {"sessionId": "g", "sessionName": "cloud", "type": "google"},
        ],
    })
}

#[test]
fn workspace_of_leapp_becomes_providers_and_identities() {
    let draft = leapp(&workspace().to_string(), None).unwrap();
    let auth = section(&draft);
    let (providers, identities) = (&auth["providers"], auth["identities"].as_object().unwrap());
    assert_eq!(providers["corp"]["start_url"], "https://acme.awsapps.com/start");
    assert_eq!(
        providers["labs"],
        json!({"kind": "aws/iam-identity-center", "start_url": "https://labs.awsapps.com/start", "region": "us-east-1"})
    );
    let names: Vec<&str> = identities.keys().map(String::as_str).collect();
    let expected = [
        "Prod",
        "adfs",
        "chain",
        "chain of chain",
        "default",
        "dev",
        "local",
        "me",
        "subscription",
        "twice-333333333333",
        "twice-444444444444",
    ];
    assert_eq!(names, expected);
    let main = json!({"kind": "aws/permission-set", "default": true, "via": {"provider": "corp"}, "principal": {
        "name": "AdministratorAccess", "account": {"id": "111111111111"}, "region": "eu-west-1"}});
    assert_eq!(identities["default"], main);
    assert_eq!(identities["chain"]["via"]["identity"], "Prod");
    assert_eq!(identities["chain of chain"]["via"]["identity"], "chain");
    assert_eq!(identities["chain"]["principal"].get("session_name"), None);
    let user = json!({"kind": "aws/user", "credentials": {"region": "eu-west-1", "mfa_arn": "arn:aws:iam::666666666666:mfa/me"}});
    assert_eq!(identities["me"], user);
    assert_eq!(identities["adfs"]["via"]["provider"], "idp");
    assert_eq!(
        providers["idp"],
        json!({"kind": "aws/saml", "url": "https://idp.acme.test/saml", "region": "eu-west-1"})
    );
    assert_eq!(providers["azure corp"]["kind"], "azure/device-code");
    assert_eq!(identities["subscription"]["principal"]["location"], "westeurope");
    assert_eq!(identities["local"]["spec"]["endpoint_url"], "http://localhost:4566");
    said(&draft, "twice", "of 2 sessions (a, b)", false);
    said(&draft, "me", "atmos auth user configure -i me", false);
    said(&draft, "about", "its parents form a circle: round → about → round", true);
    said(&draft, "round", "its parent `about` was skipped", true);
    said(&draft, "orphan", "its parent is not in the workspace", true);
    said(&draft, "cloud", "sessions of type `google`", true);
    assert!(!format!("{:?}", draft.remarks).contains(SECRET));
}

#[test]
fn sealed_workspace_is_the_same_with_the_id_of_its_machine() {
    const SEALED: &str = include_str!("../../../fixtures/import/Leapp-lock.json");
    let plain = include_str!("../../../fixtures/import/leapp.json");
    let expected = leapp(plain, None).unwrap();
    assert_eq!(
        leapp(SEALED, Some("0123456789abcdef0123456789abcdef")).unwrap().render("leapp"),
        expected.render("leapp")
    );
    assert_eq!(expected.counts(), (1, 2));
    section(&expected);
    let help = |error: &LeappError| miette::Diagnostic::help(error).map(|help| help.to_string()).unwrap_or_default();
    for (text, id, phrase) in
        [(SEALED, None, "sealed with the id of the machine"), (SEALED, Some("another"), "does not open the workspace")]
    {
        let error = leapp(text, id).unwrap_err();
        assert!(error.to_string().contains(phrase) && help(&error).contains("--machine-id"), "{error}");
    }
    for text in ["", "{", "[]", "{}", "U2FsdGVkX1"] {
        assert!(leapp(text, Some("x")).is_err(), "{text}");
    }
}

#[test]
fn sessions_of_the_default_profile_keep_their_own_names() {
    let mut workspace = workspace();
    for session in workspace["_sessions"].as_array_mut().unwrap().iter_mut().take(5) {
        session["profileId"] = json!("p0");
    }
    let draft = leapp(&workspace.to_string(), None).unwrap();
    let auth = section(&draft);
    for name in ["main", "prod", "a", "b", "dev"] {
        assert_eq!(auth["identities"][name]["kind"], "aws/permission-set", "{name}");
        assert_eq!(auth["identities"][name].get("default"), None, "{name}");
    }
    assert_eq!(draft.remarks.iter().filter(|remark| remark.about == "default").count(), 1);
}

#[test]
fn accounts_of_saml2aws_become_providers_and_roles() {
    let text = "\
[default]
name                 = default
url                  = https://idp.acme.test/realms/x/protocol/saml/clients/aws
username             = me
provider             = KeyCloak
mfa                  = Auto
skip_verify          = true
aws_urn              = urn:amazon:webservices
aws_session_duration = 7200
aws_profile          = saml
region               =

[prod]
url          = `https://acme.okta.com/home/amazon_aws/0/1;x`
provider     = Okta
mfa          = PUSH
role_arn     = arn:aws:iam::111111111111:role/Admin
aws_profile  = production
resource_id  = r-1

[gov]
url      = https://adfs.acme.test
provider = ADFS2
aws_urn  = urn:amazon:webservices:govcloud
role_arn = arn:aws-us-gov:iam::222222222222:role/Gov
browser_type = firefox

[shell]
url = print-assertion --for aws
provider = Shell
region = eu-west-1

[plain]
url = http://idp.acme.test
provider = ADFS
[nothing]
provider = Okta
";
    let draft = saml2aws(text, &Known::default());
    let auth = section(&draft);
    let providers = &auth["providers"];
    let first = json!({"kind": "aws/saml", "url": "https://idp.acme.test/realms/x/protocol/saml/clients/aws", "driver": "Keycloak",
        "region": "us-east-1", "username": "me", "session": {"duration": "7200s"}});
    assert_eq!(providers["default"], first);
    let okta = json!({"kind": "aws/saml", "url": "https://acme.okta.com/home/amazon_aws/0/1;x", "driver": "Okta",
        "region": "us-east-1", "spec": {"factor": "push"}});
    assert_eq!(providers["prod"], okta);
    assert_eq!(
        (&providers["gov"]["driver"], &providers["gov"]["region"]),
        (&json!("Browser"), &json!("us-gov-west-1"))
    );
    assert_eq!(providers["shell"]["spec"]["command"], json!(["sh", "-c", "print-assertion --for aws"]));
    assert_eq!(providers["plain"]["driver"], "Browser");
    let names: Vec<&String> = auth["identities"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["gov", "production"]);
    let rendered = draft.render("saml2aws");
    assert!(rendered.contains("\n      # skip_verify: true"), "{rendered}");
    said(&draft, "default", "skip_verify was left out", false);
    said(&draft, "default", "atmos auth saml roles -p default", false);
    said(&draft, "prod", "resource_id", false);
    said(&draft, "gov", "`ADFS2` became driver Browser", false);
    said(&draft, "gov", "aws_urn `urn:amazon:webservices:govcloud`", false);
    said(&draft, "gov", "browser_type `firefox`", false);
    said(&draft, "plain", "over https alone", false);
    said(&draft, "nothing", "it has no url", true);
}

#[test]
fn profiles_and_portals_of_granted_are_taken_over() {
    let files = "\
[profile Sandbox/Admin]
granted_sso_start_url = https://acme.awsapps.com/start
granted_sso_region = eu-west-1
granted_sso_account_id = 111111111111
granted_sso_role_name = Admin
common_fate_generated_from = aws-sso
credential_process = granted credential-process --profile Sandbox/Admin
[profile keys]
credential_process = granted credential-process --profile keys
";
    let settings = "\
DefaultBrowser = \"CHROME\"
[SSO]
  [SSO.corp]
    StartURL = \"https://acme.awsapps.com/start\"
    SSORegion = \"eu-west-1\"
  [SSO.\"the labs\"]
    StartURL = \"https://labs.awsapps.com/start\"
    SSORegion = \"us-east-1\"
    NoCredentialProcess = false
  [SSO.broken]
    StartURL = \"https://x.awsapps.com/start\"
[ProfileRegistry]
  PrefixAllProfiles = false
  [[ProfileRegistry.Registries]]
    name = \"team\"
";
    assert!(is_granted_settings(settings) && !is_granted_settings(files));
    let draft = granted(&config(files), settings, &Known::default());
    let auth = section(&draft);
    let names: Vec<&String> = auth["providers"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["acme", "the labs"]);
    let admin = json!({"kind": "aws/permission-set", "via": {"provider": "acme"},
        "principal": {"name": "Admin", "account": {"id": "111111111111"}}});
    assert_eq!(auth["identities"]["Sandbox/Admin"], admin);
    assert_eq!(auth["identities"]["keys"], json!({"kind": "aws/user"}));
    said(&draft, "keys", "granted credentials export-plaintext keys", false);
    said(&draft, "broken", "no StartURL or SSORegion", true);
    said(&draft, "ProfileRegistry", "profiles of a team", true);
    assert_eq!(draft.remarks.iter().filter(|remark| remark.about == "Sandbox/Admin").count(), 0);
}

/// As the program reads the file.
fn read_aws_sso(text: &str) -> Draft {
    let folder = std::path::Path::new("/");
    let settings = yaml::parse_texts(&Sources::new(), &folder.join("config.yaml"), folder, Arc::from(text)).unwrap();
    aws_sso(&settings, &Known::default())
}

#[test]
fn accounts_are_the_digits_that_are_written() {
    for (written, account) in [
        ("012345670123", "012345670123"),
        ("000000000012", "000000000012"),
        ("012345678901", "012345678901"),
        ("'012345678901'", "012345678901"),
        ("12345678901", "012345678901"),
        ("111111111111", "111111111111"),
    ] {
        let text = format!(
            "SSOConfig: {{D: {{SSORegion: us-east-1, StartUrl: https://x.awsapps.com/start, Accounts: {{{written}: \
             {{Roles: {{Read: ~, Admin: {{Via: 'arn:aws:iam::012345670123:role/X'}}}}}}}}}}}}"
        );
        let auth = section(&read_aws_sso(&text));
        let read = &auth["identities"][format!("{account}/Read")];
        assert_eq!(read["principal"]["account"]["id"], account, "{written}: {auth}");
    }
    for written in ["1.2345678901e+10", "0x12", "1_000", "0o17", "1234567890123"] {
        let text = format!(
            "SSOConfig: {{D: {{SSORegion: us-east-1, StartUrl: https://x.awsapps.com/start, Accounts: {{{written}: {{Roles: {{Read: ~}}}}}}}}}}"
        );
        said(&read_aws_sso(&text), &format!("identity {written}/Read"), "is not 12 digits", true);
    }
}

#[test]
fn roles_of_aws_sso_go_by_way_of_others() {
    let text = "\
DefaultRegion: us-west-2
SecureStore: json
SSOConfig:
  Default:
    SSORegion: us-east-1
    StartUrl: https://acme.awsapps.com/start
    Accounts:
      12345678901:
        Name: Log archive
        DefaultRegion: eu-west-1
        Roles:
          Admin: {}
          Reader: {Profile: logs-reader, DefaultRegion: ca-central-1}
          Deep: {Via: 'arn:aws:iam::012345678901:role/Deploy'}
          Deploy: {Via: 'arn:aws:iam::012345678901:role/Admin', ExternalId: x}
          Other: {Via: 'arn:aws:iam::222222222222:role/Hub'}
          One: {Via: 'arn:aws:iam::012345678901:role/Two'}
          Two: {Via: 'arn:aws:iam::012345678901:role/One'}
      333333333333:
        Roles:
          Odd: {Via: hello}
  Broken: {SSORegion: us-east-1}
";
    let draft = read_aws_sso(text);
    let auth = section(&draft);
    let provider = json!({"kind": "aws/iam-identity-center", "start_url": "https://acme.awsapps.com/start", "region": "us-east-1",
        "auto_provision_identities": true});
    assert_eq!(auth["providers"], json!({"Default": provider}));
    let identities = &auth["identities"];
    let reader = json!({"kind": "aws/permission-set", "via": {"provider": "Default"},
        "principal": {"name": "Reader", "account": {"id": "012345678901"}, "region": "ca-central-1"}});
    assert_eq!(identities["logs-reader"], reader);
    let deploy = json!({"kind": "aws/assume-role", "via": {"identity": "Log archive/Admin"}, "principal": {
        "assume_role": "arn:aws:iam::012345678901:role/Deploy", "external_id": "x", "region": "eu-west-1"}});
    assert_eq!(identities["Log archive/Deploy"], deploy);
    assert_eq!(identities["Log archive/Deep"]["via"]["identity"], "Log archive/Deploy");
    assert_eq!(identities["Log archive/Other"]["via"]["identity"], "222222222222/Hub");
    assert_eq!(identities["222222222222/Hub"]["principal"]["name"], "Hub");
    said(&draft, "Log archive/One", "form a circle", true);
    said(&draft, "333333333333/Odd", "`hello` is not the ARN of a role", true);
    said(&draft, "Broken", "no StartUrl or SSORegion", true);
}
