//! Driver `ADFS`: the pages of Active Directory Federation Services with forms authentication. Row 5.

use url::Url;

use super::forms::{Pages, Wants};
use super::page::{Form, Page};
use crate::secret::Expose as _;

pub(super) struct Adfs;

/// Where the sign-in to AWS begins, if only the server is named.
const START: &str = "/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices";
/// Fields for codes, of the adapters that have one.
const CODES: [&str; 2] = ["VerificationCode", "security_code"];
/// Adapters that ask on the person's phone.
const ELSEWHERE: [&str; 2] = ["AzureMfaAuthentication", "AzureMfaServerAuthentication"];

impl Pages for Adfs {
    fn start(&self, url: Url) -> Url {
        if url.path() == "/" && url.query().is_none() { url.join(START).unwrap_or(url) } else { url }
    }

    fn look<'p>(&self, page: &'p Page) -> Wants<'p> {
        if page.status == 401 {
            return Wants::Refusal("it wants the sign-in of Windows, and forms authentication is off".to_owned());
        }
        if page.address.path().to_ascii_lowercase().contains("updatepassword") {
            return Wants::Person("a new password".to_owned());
        }
        if let Some(form) = page.form_with("Password") {
            return Wants::Password { form, username: "UserName", password: "Password" };
        }
        if let Some((form, field)) = CODES.iter().find_map(|field| Some((page.form_with(field)?, *field))) {
            return Wants::Code { form, field };
        }
        let elsewhere = |form: &&Form| {
            form.field("AuthMethod").is_some_and(|field| ELSEWHERE.contains(&field.value.expose_secret()))
        };
        if let Some(form) = page.forms.iter().find(elsewhere) {
            // It asks on a page of its own once more what was refused.
            if let Some(reason) = self.complaint(page) {
                return Wants::Refusal(reason);
            }
            let number = page.says(|id, _| id == "validEntropyNumber").map(|number| format!("the number is {number}"));
            let text = page.says(|id, _| id == "instructions" || id == "mfaGreetingDescription");
            let told: Vec<String> = text.into_iter().chain(number).collect();
            let told = if told.is_empty() { "confirm the sign-in on your device".to_owned() } else { told.join(": ") };
            return Wants::Patience { form, told: Some(told) };
        }
        if page.form_with("optionSelection").is_some() {
            return Wants::Person("a choice among several factors: set one as your default".to_owned());
        }
        match self.complaint(page) {
            Some(reason) => Wants::Refusal(reason),
            None => Wants::Unknown,
        }
    }

    fn complaint(&self, page: &Page) -> Option<String> {
        page.says(|id, _| id == "errorText").or_else(|| page.says(|id, _| id == "errorMessage"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, status: u16, source: &str) -> Page {
        Page::read(Url::parse("https://sts.example").unwrap().join(path).unwrap(), status, source.to_owned())
    }

    #[test]
    fn pages_are_told_apart() {
        let azure = "<form><input type=hidden name=AuthMethod value=AzureMfaAuthentication></form>";
        for (path, status, source, expected) in [
            ("/adfs/ls/", 200, "<form id=loginForm><input name=UserName><input name=Password></form>", "password"),
            ("/adfs/ls/", 200, "<form><input name=VerificationCode></form>", "VerificationCode"),
            (
                "/adfs/ls/",
                200,
                &format!("<p id=instructions>Look</p><b id=validEntropyNumber>42</b>{azure}"),
                "Look: the number is 42",
            ),
            ("/adfs/ls/", 200, azure, "confirm the sign-in on your device"),
            ("/adfs/ls/", 200, &format!("<label id=errorText>Denied</label>{azure}"), "Denied"),
            (
                "/adfs/ls/",
                200,
                "<form><input type=hidden name=optionSelection></form>",
                "a choice among several factors",
            ),
            ("/adfs/ls/", 401, "", "forms authentication is off"),
            ("/adfs/portal/updatepassword/", 200, "<form><input name=Password></form>", "a new password"),
            ("/adfs/ls/", 200, "<div id=errorMessage>An error occurred</div>", "An error occurred"),
            ("/adfs/ls/", 200, "<p>hello", "unknown"),
        ] {
            let page = page(path, status, source);
            let found = match Adfs.look(&page) {
                Wants::Password { .. } => "password".to_owned(),
                Wants::Code { field, .. } => field.to_owned(),
                Wants::Patience { told, .. } => told.unwrap_or_default(),
                Wants::Person(what) | Wants::Refusal(what) => what,
                Wants::Unknown => "unknown".to_owned(),
            };
            assert!(found.contains(expected), "{source}: {found}");
        }
    }

    #[test]
    fn server_alone_is_enough() {
        let start = |url: &str| Adfs.start(Url::parse(url).unwrap()).to_string();
        assert_eq!(start("https://sts.example"), format!("https://sts.example{START}"));
        let own = "https://sts.example/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices:govcloud";
        assert_eq!(start(own), own);
    }
}
