//! What is read of an assertion: which roles it offers, for whom it is and until when. Who trusts it checks its signature;
//! here is only looked whether there is one over what is read. Row 5.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::super::module::LEEWAY;
use super::document::{self, Element};
use super::person::basis;
use crate::secret::{Expose as _, Secret};

/// Longest assertion that STS takes.
const LONGEST: usize = 100_000;
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";
/// Longest text of others in a message.
const SHOWN: usize = 300;

/// An assertion as the identity provider sent it, in base64, and what it says.
#[derive(Debug, Clone)]
pub(crate) struct Assertion {
    pub(crate) text: Secret,
    /// In the order of the document.
    pub(crate) offers: Vec<Offer>,
    /// From when on it is good.
    pub(super) begins: Option<Timestamp>,
    /// When it is over.
    pub(crate) ends: Option<Timestamp>,
    /// Whose sign-in gave it, where a driver asked for the name.
    pub(crate) user: Option<String>,
}

/// A role, and the provider by which it trusts the assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) role: String,
    pub(crate) principal: String,
}

impl Offer {
    /// The account of the role.
    pub(crate) fn account(&self) -> &str {
        self.role.split(':').nth(4).unwrap_or_default()
    }
}

impl Assertion {
    /// What sessions know of whose sign-in it was.
    pub(crate) fn basis(&self) -> Option<String> {
        self.user.as_deref().map(basis)
    }

    /// Why it is not good at the time `now`, if the clocks agree.
    pub(crate) fn untimely(&self, now: Timestamp) -> Option<String> {
        let later = |other: Timestamp| now.duration_since(other) >= LEEWAY;
        if let Some(begins) = self.begins.filter(|begins| begins.duration_since(now) > LEEWAY) {
            return Some(format!("it begins at {begins:.0}, and it is {now:.0} here: compare the clocks"));
        }
        let end = self.ends.filter(|end| later(*end))?;
        Some(format!("it ended at {end:.0}, and it is {now:.0} here: sign in again, or compare the clocks"))
    }

    /// Reads what was posted or printed. Whether it is good now is another question.
    ///
    /// # Errors
    /// In words: it is none, has failed, is for somebody else, or is not what it seems.
    pub(crate) fn read(text: &Secret) -> Result<Assertion, String> {
        let compact: String = text.expose_secret().chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if compact.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} characters, which AWS does not take"));
        }
        let bytes = STANDARD.decode(&compact).map_err(|_| "it is not in base64".to_owned())?;
        let xml = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let root = document::parse(&xml)?;
        if !root.is(PROTOCOL, "Response") {
            return Err("it is no response of SAML 2.0".to_owned());
        }
        check_status(&root)?;
        let assertion = only(&root)?;
        check_signature(&root, assertion)?;
        let (begins, ends) = check_conditions(assertion)?;
        Ok(Assertion { text: Secret::from(compact), offers: offers(assertion)?, begins, ends, user: None })
    }
}

fn check_status(root: &Element) -> Result<(), String> {
    let status = root.all(PROTOCOL, "Status").next();
    let code = status.and_then(|status| status.all(PROTOCOL, "StatusCode").next());
    let value = code.and_then(|code| code.attribute("Value")).unwrap_or_default();
    if value == SUCCESS {
        return Ok(());
    }
    let inner = code.and_then(|code| code.all(PROTOCOL, "StatusCode").next()).and_then(|code| code.attribute("Value"));
    let message = status.and_then(|status| status.all(PROTOCOL, "StatusMessage").next()).map(|message| &message.text);
    let reason = message.map(|text| text.trim()).filter(|text| !text.is_empty()).or(inner).unwrap_or(value);
    Err(format!("the identity provider refused: {}", shown(reason)))
}

/// The one assertion, where it belongs. A second one, or one elsewhere, is an attempt to have another one read than was signed.
fn only(root: &Element) -> Result<&Element, String> {
    let tree = root.tree();
    if tree.iter().any(|element| element.is(ASSERTION, "EncryptedAssertion")) {
        return Err("it is encrypted, which AWS takes only at its own sign-in page".to_owned());
    }
    let everywhere = tree.iter().filter(|element| element.is(ASSERTION, "Assertion")).count();
    let mut here = root.all(ASSERTION, "Assertion");
    let first = here.next().ok_or("it has no assertion")?;
    if everywhere != 1 {
        return Err("it has more than one assertion, so that nobody knows which one was signed".to_owned());
    }
    let mut ids: Vec<&str> = tree.iter().filter_map(|element| element.attribute("ID")).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != all {
        return Err("two of its parts have one ID, so that nobody knows which one was signed".to_owned());
    }
    Ok(first)
}

/// That what is read is what the signature is about: the assertion, or the response around it.
fn check_signature(root: &Element, assertion: &Element) -> Result<(), String> {
    let about = |owner: &Element| {
        let signed = owner.all(SIGNATURE, "Signature").next()?;
        let info = signed.all(SIGNATURE, "SignedInfo").next()?;
        let mut references = info.all(SIGNATURE, "Reference");
        let reference = references.next()?.attribute("URI").unwrap_or_default();
        // An empty one is about the whole document.
        let fits = reference.is_empty() || reference.strip_prefix('#') == owner.attribute("ID");
        Some(fits && references.next().is_none())
    };
    match (about(assertion), about(root)) {
        (None, None) => Err("it is not signed".to_owned()),
        (Some(false), _) | (None, Some(false)) => Err("its signature is about something else".to_owned()),
        _ => Ok(()),
    }
}

/// From when on something is good, and until when.
type Times = (Option<Timestamp>, Option<Timestamp>);

/// That it is for AWS. The latest of its beginnings, and the earliest of its ends.
fn check_conditions(assertion: &Element) -> Result<Times, String> {
    let subject = assertion.all(ASSERTION, "Subject").next().ok_or("it is about nobody")?;
    let confirmed: Vec<&Element> = subject
        .all(ASSERTION, "SubjectConfirmation")
        .flat_map(|confirmation| confirmation.all(ASSERTION, "SubjectConfirmationData"))
        .collect();
    let recipients: Vec<&str> = confirmed.iter().filter_map(|data| data.attribute("Recipient")).collect();
    if !recipients.iter().any(|recipient| is_sign_in(recipient)) {
        let recipients = recipients.iter().map(|recipient| shown(recipient)).collect::<Vec<_>>().join("`, `");
        return Err(format!(
            "its recipient is `{recipients}`, and AWS wants its sign-in page, https://signin.aws.amazon.com/saml"
        ));
    }
    let conditions: Vec<&Element> = assertion.all(ASSERTION, "Conditions").collect();
    let audiences: Vec<&str> = conditions
        .iter()
        .flat_map(|conditions| conditions.all(ASSERTION, "AudienceRestriction"))
        .flat_map(|restriction| restriction.all(ASSERTION, "Audience"))
        .map(|audience| audience.text.trim())
        .collect();
    if !audiences.is_empty() && !audiences.iter().any(|audience| is_audience(audience)) {
        let audiences = audiences.iter().map(|audience| shown(audience)).collect::<Vec<_>>().join("`, `");
        return Err(format!("its audience is `{audiences}`, not `urn:amazon:webservices`"));
    }
    let times = |name: &str| -> Result<Vec<Timestamp>, String> {
        let texts = conditions.iter().chain(&confirmed).filter_map(|element| element.attribute(name));
        texts.map(|text| text.parse().map_err(|_| format!("`{}` is no time", shown(text)))).collect()
    };
    Ok((times("NotBefore")?.into_iter().max(), times("NotOnOrAfter")?.into_iter().min()))
}

/// The page of one of the partitions or regions.
pub(super) fn is_sign_in(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let known = ["signin.aws.amazon.com", "signin.amazonaws-us-gov.com", "signin.amazonaws.cn"];
    let is_host =
        known.iter().any(|known| host == *known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')));
    is_host && (path == "saml" || path.starts_with("saml/") || path.starts_with("saml?"))
}

fn is_audience(audience: &str) -> bool {
    ["urn:amazon:webservices", "urn:amazon:webservices:govcloud", "urn:amazon:webservices:cn-north-1"]
        .contains(&audience)
        || is_sign_in(audience)
}

fn offers(assertion: &Element) -> Result<Vec<Offer>, String> {
    let attributes = assertion.all(ASSERTION, "AttributeStatement").flat_map(|all| all.all(ASSERTION, "Attribute"));
    let values = attributes
        .filter(|attribute| attribute.attribute("Name") == Some(ROLE))
        .flat_map(|attribute| attribute.all(ASSERTION, "AttributeValue"));
    let mut offers = Vec::new();
    for value in values {
        let parts: Vec<&str> = value.text.split(',').map(str::trim).collect();
        let of = |kind: &str| parts.iter().find(|part| part.starts_with("arn:") && part.contains(kind));
        // Either order is in use.
        let (Some(role), Some(principal)) = (of(":role/"), of(":saml-provider/")) else {
            return Err(format!("`{}` is no pair of a role and its provider", shown(&value.text)));
        };
        let offer = Offer { role: (*role).to_owned(), principal: (*principal).to_owned() };
        if !offers.contains(&offer) {
            offers.push(offer);
        }
    }
    Ok(offers)
}

/// Text of others: nothing in it steers the terminal, and nothing of it fills the screen.
fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
