//! Driver `Keycloak`: the pages of its usual theme. Row 5.

use super::forms::{Pages, Wants};
use super::page::Page;

pub(super) struct Keycloak;

/// What it wants done at a sign-in, by its own names.
const ACTIONS: [(&str, &str); 8] = [
    ("UPDATE_PASSWORD", "a new password"),
    ("CONFIGURE_TOTP", "a second factor to be set up"),
    ("UPDATE_PROFILE", "your profile to be filled in"),
    ("VERIFY_PROFILE", "your profile to be checked"),
    ("VERIFY_EMAIL", "your e-mail address to be confirmed"),
    ("TERMS_AND_CONDITIONS", "its terms to be accepted"),
    ("webauthn-register", "a security key to be registered"),
    ("CONFIGURE_RECOVERY_AUTHN_CODES", "recovery codes to be set up"),
];

impl Pages for Keycloak {
    fn look<'p>(&self, page: &'p Page) -> Wants<'p> {
        // These come first: some have the fields of other pages.
        if page.address.path().contains("/login-actions/required-action") {
            return Wants::Person(action(page));
        }
        let form = |id: &str| page.forms.iter().find(|form| form.id == id);
        if let Some(form) = form("kc-form-login") {
            return Wants::Password { form, username: "username", password: "password" };
        }
        if let Some(form) = form("kc-otp-login-form").or_else(|| form("kc-totp-login-form")) {
            let field = ["otp", "totp"].into_iter().find(|name| form.field(name).is_some());
            return field.map_or(Wants::Unknown, |field| Wants::Code { form, field });
        }
        if form("webauth").is_some() {
            return Wants::Person("a security key, which only a browser can ask".to_owned());
        }
        match page.says(|id, _| id == "kc-error-message") {
            Some(reason) => Wants::Refusal(reason),
            None => Wants::Unknown,
        }
    }

    fn complaint(&self, page: &Page) -> Option<String> {
        let text = page.says(|id, classes| {
            id.starts_with("input-error") && !id.contains("container") || classes.contains(&"kc-feedback-text")
        });
        text.or_else(|| page.says(|id, classes| id.starts_with("input-error") || classes.contains(&"alert-error")))
    }
}

fn action(page: &Page) -> String {
    let name = page.address.query_pairs().find(|(key, _)| key == "execution").map(|(_, value)| value.into_owned());
    let name = name.unwrap_or_default();
    let known = ACTIONS.iter().find(|(known, _)| *known == name).map(|(_, what)| *what);
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(60).collect();
    format!("{} ({name})", known.unwrap_or("a step of its own"))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn look(path: &str, source: &str) -> &'static str {
        let page = Page::read(Url::parse("https://kc.example").unwrap().join(path).unwrap(), 200, source.to_owned());
        match Keycloak.look(&page) {
            Wants::Password { .. } => "password",
            Wants::Code { field: "otp", .. } => "otp",
            Wants::Code { .. } => "totp",
            Wants::Person(what) if what.contains("CONFIGURE_TOTP") => "set up",
            Wants::Person(_) => "person",
            Wants::Refusal(_) => "refusal",
            Wants::Patience { .. } | Wants::Unknown => "unknown",
        }
    }

    #[test]
    fn pages_are_told_apart() {
        let login = "/realms/x/login-actions/authenticate?execution=1";
        for (path, source, expected) in [
            (login, "<form id=kc-form-login><input name=username></form>", "password"),
            (login, "<form id=kc-otp-login-form><input name=otp></form>", "otp"),
            (login, "<form id=kc-totp-login-form><input name=totp></form>", "totp"),
            (login, "<form id=kc-otp-login-form></form>", "unknown"),
            (login, "<form id=webauth></form>", "person"),
            (login, "<div id=kc-error-message><p>Expired</p></div>", "refusal"),
            (login, "<p>hello", "unknown"),
            (
                "/realms/x/login-actions/required-action?execution=CONFIGURE_TOTP",
                "<form id=kc-totp-settings-form><input name=totp></form>",
                "set up",
            ),
        ] {
            assert_eq!(look(path, source), expected, "{source}");
        }
    }
}
