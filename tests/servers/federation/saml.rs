//! An identity provider of SAML: a page that posts its response to AWS or to a listener, and the response itself.
//!
//! Its signature is a number that STS knows; whoever changes a letter of the response has another one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::state::{State, now};
use crate::wire::{Answer, Asked};

const AWS: &str = "https://signin.aws.amazon.com/saml";

/// `GET /idp/app`: somebody is signed in, and the browser carries the response on. `?to=` names another place.
pub(crate) fn page(state: &State, asked: &Asked) -> Answer {
    state.note("idp/app");
    let to = asked.query.strip_prefix("to=").map_or_else(|| AWS.to_owned(), crate::form::decoded);
    page_to(state, &to)
}

/// A page that carries the response on to an address.
pub(crate) fn page_to(state: &State, to: &str) -> Answer {
    let response = response(state, &state.knobs().saml);
    let html = format!(
        "<!doctype html><body onload='document.forms[0].submit()'><form method=post action='{to}'>\
         <input type=hidden name=RelayState value=''><input type=hidden name=SAMLResponse value='{response}'></form>"
    );
    Answer::new(200, html).header("content-type", "text/html")
}

/// A response with what `wanted` says: `roles`, `recipient`, `audience`, `begins` in so many seconds, `seconds` of life, `status`, `raw`.
pub(crate) fn response(state: &State, wanted: &Json) -> String {
    if let Some(raw) = wanted["raw"].as_str() {
        return state.issue(STANDARD.encode(raw));
    }
    let time = |seconds: i64| jiff::Timestamp::from_second(now() + seconds).unwrap().to_string();
    let text = |key: &str, usual: &str| wanted[key].as_str().unwrap_or(usual).to_owned();
    let usual = json!(["A", "B", "C"]);
    let roles = if wanted["roles"].is_array() { &wanted["roles"] } else { &usual };
    let values: Vec<String> = roles
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .map(|role| {
            format!(
                "<saml:AttributeValue>arn:aws:iam::111111111111:role/{role},arn:aws:iam::111111111111:saml-provider/idp\
                 </saml:AttributeValue>"
            )
        })
        .collect();
    let values = values.concat();
    let (recipient, audience) = (text("recipient", AWS), text("audience", "urn:amazon:webservices"));
    let status = text("status", "urn:oasis:names:tc:SAML:2.0:status:Success");
    let begins = time(wanted["begins"].as_i64().unwrap_or(-60));
    let ends = time(wanted["seconds"].as_i64().unwrap_or(300));
    let number = state.log.lock().unwrap().len();
    let xml = format!(
        r##"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r{number}" Version="2.0" Destination="{recipient}"><samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status><saml:Assertion ID="_a{number}" Version="2.0"><saml:Issuer>{issuer}</saml:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:Reference URI="#_a{number}"/></ds:SignedInfo><ds:SignatureValue>{signature}</ds:SignatureValue></ds:Signature><saml:Subject><saml:NameID>me@acme.test</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="{recipient}" NotOnOrAfter="{ends}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{begins}" NotOnOrAfter="{ends}"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AttributeStatement><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>me@acme.test</saml:AttributeValue></saml:Attribute><saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/Role">{values}</saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"##,
        issuer = state.url,
        signature = crate::state::opaque(""),
    );
    state.issue(STANDARD.encode(xml))
}
