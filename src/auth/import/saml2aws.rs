//! Accounts of saml2aws: sections of `~/.saml2aws`. Row 5.

use super::aws_config::{list, seconds};
use super::draft::{Draft, Fields, account_of};
use super::known::Known;
use super::suspects::in_command;
use crate::auth::federation::endpoint_problem;
use crate::host::{IniSection, ini_sections};

/// What its identity providers are called here. Pages of the others are shown by the browser.
const DRIVERS: [(&str, &str); 5] =
    [("browser", "Browser"), ("keycloak", "Keycloak"), ("okta", "Okta"), ("adfs", "ADFS"), ("shell", "command")];
/// Ways of a second factor of Okta.
const FACTORS: [(&str, &str); 6] =
    [("push", "push"), ("totp", "totp"), ("okta", "totp"), ("google", "totp"), ("sms", "sms"), ("call", "call")];
/// Browsers that can be led.
const BROWSERS: [&str; 3] = ["chromium", "chrome", "msedge"];
/// The name of whom it trusts, in the cloud that is usual.
const URN: &str = "urn:amazon:webservices";
/// The profile that it writes where nobody names one.
const PROFILE: &str = "saml";
/// Settings that say nothing, or that this program has no use for.
const SILENT: [&str; 11] = [
    "name",
    "app_id",
    "timeout",
    "http_attempts_count",
    "http_retry_delay",
    "saml_cache",
    "saml_cache_file",
    "credentials_file",
    "download_browser_driver",
    "browser_driver_dir",
    "disable_sessions",
];
/// What it writes for settings that nobody made.
const UNSET: [&str; 4] = ["", "0", "false", "Auto"];

/// Every account as a provider, with an identity where it names a role.
pub fn saml2aws(text: &str, known: &Known) -> Draft {
    let mut draft = Draft::beside(known);
    for section in ini_sections(text) {
        account(&mut draft, Account::read(section));
    }
    draft.settled()
}

/// One section.
struct Account {
    name: String,
    settings: Vec<(String, String)>,
}

impl Account {
    fn read(section: IniSection) -> Account {
        // Its library puts values with `#` or `;` into quotes.
        let bare = |value: String| {
            let inner = ['`', '"'].iter().find_map(|mark| value.strip_prefix(*mark)?.strip_suffix(*mark));
            inner.map_or(value.clone(), str::to_owned)
        };
        let settings = section.settings.into_iter().map(|setting| (setting.key, bare(setting.value)));
        Account { name: section.header, settings: settings.filter(|(_, value)| !value.is_empty()).collect() }
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let at = self.settings.iter().position(|(known, _)| known == key)?;
        let (_, value) = self.settings.remove(at);
        Some(value).filter(|value| !UNSET.contains(&value.as_str()))
    }
}

fn account(draft: &mut Draft, mut account: Account) {
    let about = account.name.clone();
    let Some(url) = account.take("url") else {
        draft.skip(&about, "it has no url");
        return;
    };
    let is_command =
        account.settings.iter().any(|(key, value)| key == "provider" && value.eq_ignore_ascii_case("shell"));
    if let Some(reason) = in_command(&url).filter(|_| is_command) {
        let text = format!(
            "its url is a command that may hold a secret: {reason}. Put it into a script of your own and name that, then import again"
        );
        draft.skip(&about, text);
        return;
    }
    let urn = account.take("aws_urn").filter(|urn| urn != URN);
    let region = account.take("region").unwrap_or_else(|| usual_region(urn.as_deref()).to_owned());
    let fields = provider(draft, &mut account, &url, region);
    let provider = draft.provider(&about, fields);
    if let Some(urn) = urn {
        let text = format!("aws_urn `{urn}` has no setting here: the page at `url` has to be the one for that cloud");
        draft.note(&about, text);
    }
    if account.take("skip_verify").is_some_and(|value| value == "true") {
        draft.comment(
            &provider,
            "skip_verify: true   # certificates are always verified; trust a private CA by AWS_CA_BUNDLE",
        );
        draft.note(
            &about,
            "skip_verify was left out: certificates are always verified (AWS_CA_BUNDLE names a CA of your own)",
        );
    }
    let (role, profile) = (account.take("role_arn"), account.take("aws_profile").filter(|name| name != PROFILE));
    let policies = account.take("policy_arn_list");
    if let Some(role) = role {
        let fields = Fields::kind("aws/assume-role")
            .with("via.provider", provider.as_str())
            .with("principal.assume_role", role.as_str())
            .maybe("principal.policy_arns", policies.map(|arns| list(&arns)));
        let fields = if about == "default" { fields.with("default", true) } else { fields };
        draft.identity(profile.as_deref().unwrap_or(&about), account_of(&role), fields);
    } else {
        let text = format!("it names no role: `atmos auth saml roles -p {provider}` lists those that there are");
        draft.note(&about, text);
    }
    let left = account.settings.iter().filter(|(_, value)| !UNSET.contains(&value.as_str()));
    let left: Vec<&str> = left.map(|(key, _)| key.as_str()).filter(|key| !SILENT.contains(key)).collect();
    if !left.is_empty() {
        draft.note(&about, format!("left out, since there is nothing like it here: {}", left.join(", ")));
    }
}

fn provider(draft: &mut Draft, account: &mut Account, url: &str, region: String) -> Fields {
    let about = account.name.clone();
    let wanted = account.take("provider").unwrap_or_default();
    let known = DRIVERS.iter().find(|(name, _)| wanted.eq_ignore_ascii_case(name)).map(|(_, driver)| *driver);
    let mut driver = known.unwrap_or_else(|| {
        draft.note(&about, format!("provider `{wanted}` became driver Browser: a browser shows its pages"));
        "Browser"
    });
    if matches!(driver, "Keycloak" | "Okta" | "ADFS") && endpoint_problem(url).is_some() {
        draft.note(&about, format!("driver {driver} sends a password over https alone: it became Browser"));
        driver = "Browser";
    }
    let factor = account.take("mfa");
    let (browser, program) = (account.take("browser_type"), account.take("browser_executable_path"));
    let length = account.take("aws_session_duration");
    let fields = Fields::kind("aws/saml");
    // Its shell runs the address.
    let fields = match driver {
        "command" => {
            let words = ["sh", "-c", url].map(crate::value::Node::from);
            fields.with("driver", driver).with("spec.command", words.to_vec())
        }
        _ => fields.with("url", url).with("driver", driver),
    };
    let fields = fields
        .with("region", region)
        .maybe("username", account.take("username"))
        .maybe("session.duration", length.as_deref().and_then(seconds));
    if driver == "Okta" {
        let found = factor.as_deref().map(|text| FACTORS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)));
        if let (Some(None), Some(text)) = (found, &factor) {
            draft.note(&about, format!("mfa `{text}` is no factor that driver Okta knows: it takes what the user has"));
        }
        return fields.maybe("spec.factor", found.flatten().map(|(_, factor)| *factor));
    }
    if driver != "Browser" {
        return fields;
    }
    let is_led = |name: &String| BROWSERS.contains(&name.as_str());
    if let Some(name) = browser.as_ref().filter(|name| !is_led(name)) {
        draft.note(&about, format!("browser_type `{name}` was left out: {} can be led", BROWSERS.join(", ")));
    }
    fields.maybe("browser_type", browser.filter(is_led)).maybe("browser_executable_path", program)
}

/// Where STS of a cloud is.
fn usual_region(urn: Option<&str>) -> &'static str {
    match urn {
        Some(urn) if urn.contains("gov") => "us-gov-west-1",
        Some(urn) if urn.contains("cn-") => "cn-north-1",
        _ => "us-east-1",
    }
}
