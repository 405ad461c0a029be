//! Active Directory Federation Services with forms authentication, as its pages are: a login form, adapters for a second
//! factor, and a form that carries the response on.

use crate::saml;
use crate::state::{State, opaque};
use crate::wire::{Answer, Asked};

/// What one needs to get in; signs that a form has to encode.
const USER: &str = "ACME\\ana";
const PASSWORD: &str = "pw of ana+1&=%ü";
const CODE: &str = "314159";
const PATH: &str = "/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices";

pub(crate) fn answer(state: &State, asked: &Asked) -> Answer {
    let idp = state.knobs().idp;
    let cookie = |name: &str| asked.header("cookie").split("; ").any(|pair| pair.starts_with(&format!("{name}=")));
    let field = asked.field("AuthMethod");
    state.note(format!("adfs {} {field}", asked.method).trim());
    if asked.path != "/adfs/ls/IdpInitiatedSignOn.aspx" || !asked.query.starts_with("loginToRp=urn:amazon:webservices")
    {
        return page(404, "Error", "<div id=\"errorMessage\">An error occurred</div>");
    }
    if let Some(status) = idp["status"].as_u64().and_then(|status| u16::try_from(status).ok()) {
        return page(status, "Unauthorized", "");
    }
    if let Some(other) = idp["other_page"].as_str() {
        return page(200, "Something else", other);
    }
    if let Some(to) = idp["redirect"].as_str() {
        return Answer::new(302, "").header("location", to);
    }
    if asked.method == "GET" {
        if cookie("MSISAuthenticated") {
            return saml::page_to(state, "https://signin.aws.amazon.com:443/saml");
        }
        return login(&idp, "").header("set-cookie", "MSISSamlRequest=abc; path=/adfs; HttpOnly; Secure");
    }
    if !cookie("MSISSamlRequest") {
        return page(200, "Error", "<div id=\"errorMessage\">Cookies are off</div>");
    }
    match field.as_str() {
        "FormsAuthentication" => first_factor(state, asked, &idp),
        "VIPAuthenticationProviderUPN" => {
            if asked.field("Context").is_empty() || asked.field("security_code") != CODE {
                return second_factor(
                    "VIPAuthenticationProviderUPN",
                    CODE_FIELD,
                    "The verification code is not correct.",
                );
            }
            done()
        }
        "AzureMfaAuthentication" => match state.next_confirmation().as_deref() {
            None => done(),
            Some("denied") => second_factor(&field, PHONE, "The sign-in was denied."),
            Some(_) => second_factor(&field, PHONE, ""),
        },
        _ => page(200, "Error", "<div id=\"errorMessage\">No such method</div>"),
    }
}

const CODE_FIELD: &str = "<input type=\"text\" name=\"security_code\" autocomplete=\"off\"/>";
const PHONE: &str = "<p id=\"instructions\">Open your Authenticator app</p><div id=\"validEntropyNumber\">42</div>";

fn first_factor(state: &State, asked: &Asked, idp: &serde_json::Value) -> Answer {
    let user = asked.field("UserName");
    if user != USER || asked.field("Password") != PASSWORD {
        return login(idp, "Incorrect user ID or password. Type the correct user ID and password, and try again.");
    }
    state.issue(PASSWORD.to_owned());
    match idp["factor"].as_str() {
        Some("locked") => login(idp, "The referenced account is currently locked out and may not be logged on to."),
        Some("code") => second_factor("VIPAuthenticationProviderUPN", CODE_FIELD, ""),
        Some("phone") => second_factor("AzureMfaAuthentication", PHONE, ""),
        Some("choice") => page(200, "Sign In", "<form method=post><input type=hidden name=optionSelection></form>"),
        Some("expired") => Answer::new(302, "").header("location", "/adfs/portal/updatepassword/"),
        _ => done(),
    }
}

/// The browser comes back with a cookie.
fn done() -> Answer {
    let cookie = format!("MSISAuthenticated={}; path=/adfs; HttpOnly; Secure", opaque(""));
    Answer::new(302, "").header("location", PATH).header("set-cookie", &cookie)
}

fn login(idp: &serde_json::Value, error: &str) -> Answer {
    let action = idp["action"].as_str().map_or_else(|| format!("{PATH}&amp;client-request-id=1"), str::to_owned);
    page(
        200,
        "Sign In",
        &format!(
            "<div class=\"fieldMargin error\"><span id=\"errorText\" for=\"\">{error}</span></div>\
             <form method=\"post\" id=\"loginForm\" autocomplete=\"off\" novalidate=\"novalidate\" action=\"{action}\">\
             <input id=\"userNameInput\" name=\"UserName\" type=\"email\" value=\"\" spellcheck=\"false\"/>\
             <input id=\"passwordInput\" name=\"Password\" type=\"password\"/>\
             <input id=\"kmsiInput\" type=\"checkbox\" name=\"Kmsi\" value=\"true\"/>\
             <span id=\"submitButton\" class=\"submit\">Sign in</span>\
             <input id=\"optionForms\" type=\"hidden\" name=\"AuthMethod\" value=\"FormsAuthentication\"/></form>"
        ),
    )
}

fn second_factor(method: &str, fields: &str, error: &str) -> Answer {
    let error = if error.is_empty() { String::new() } else { format!("<label id=\"errorText\">{error}</label>") };
    page(
        200,
        "Sign In",
        &format!(
            "{error}<form method=\"post\" id=\"options\" action=\"{PATH}\">{fields}\
             <input type=\"hidden\" name=\"AuthMethod\" value=\"{method}\"/>\
             <input type=\"hidden\" name=\"Context\" value=\"ctx+/=\"/></form>"
        ),
    )
}

fn page(status: u16, title: &str, body: &str) -> Answer {
    let html = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>");
    Answer::new(status, html).header("content-type", "text/html; charset=utf-8")
}
