use super::*;

const ROLE_A: &str = "arn:aws:iam::111111111111:role/A";
const IDP: &str = "arn:aws:iam::111111111111:saml-provider/idp";

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

/// A response as an identity provider sends it.
fn response() -> String {
    format!(
        r##"<samlp:Response xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" ID="_r">
<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>
<saml:Assertion ID="_a">
<ds:Signature xmlns:ds="{SIGNATURE}"><ds:SignedInfo><ds:Reference URI="#_a"/></ds:SignedInfo><ds:SignatureValue>x</ds:SignatureValue></ds:Signature>
<saml:Subject><saml:NameID>me</saml:NameID><saml:SubjectConfirmation><saml:SubjectConfirmationData Recipient="https://signin.aws.amazon.com/saml" NotOnOrAfter="2026-11-26T12:05:00Z"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="2026-11-26T11:55:00.000Z" NotOnOrAfter="2026-11-26T13:00:00Z"><saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AttributeStatement>
<saml:Attribute Name="{ROLE}"><saml:AttributeValue>{ROLE_A},{IDP}</saml:AttributeValue><saml:AttributeValue> {IDP} , arn:aws:iam::222222222222:role/path/B </saml:AttributeValue><saml:AttributeValue>{ROLE_A},{IDP}</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><saml:AttributeValue>me</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement>
</saml:Assertion></samlp:Response>"##
    )
}

fn read(xml: &str) -> Result<Assertion, String> {
    Assertion::read(&Secret::from(STANDARD.encode(xml)))
}

#[test]
fn roles_are_read_in_either_order_and_once_each() {
    let assertion = read(&response()).unwrap();
    let offers: Vec<_> = assertion.offers.iter().map(|offer| (offer.role.as_str(), offer.account())).collect();
    assert_eq!(offers, [(ROLE_A, "111111111111"), ("arn:aws:iam::222222222222:role/path/B", "222222222222")]);
    assert_eq!(assertion.offers[1].principal, IDP);
    assert_eq!(assertion.ends.unwrap().to_string(), "2026-11-26T12:05:00Z");
    // Lines of mail programs and of shells.
    let encoded = STANDARD.encode(response());
    let lines: Vec<_> = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
    let folded = lines.join("\n");
    let folded = Assertion::read(&Secret::from(folded)).unwrap();
    assert_eq!(folded.text.expose_secret(), assertion.text.expose_secret());
    assert!(!format!("{assertion:?}").contains("PHNhbWxw"), "{assertion:?}");
}

#[test]
fn assertions_that_are_not_what_they_seem_are_refused() {
    let good = response();
    let start = good.find("<saml:Assertion").unwrap();
    let end = good.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    let inner = &good[start..end];
    let wrapped =
        good.replace("<samlp:Status>", &format!("<samlp:Extensions>{inner}</samlp:Extensions><samlp:Status>"));
    let twice = good.replace("</saml:Assertion>", &format!("</saml:Assertion>{}", inner.replace("_a", "_b")));
    let hidden = good.replace("<saml:NameID>me</saml:NameID>", "<saml:NameID ID=\"_a\">me</saml:NameID>");
    let signature = &good[good.find("<ds:Signature").unwrap()..good.find("</ds:Signature>").unwrap() + 15];
    for (xml, reason) in [
        (wrapped, "more than one assertion"),
        (twice, "more than one assertion"),
        (hidden, "two of its parts have one ID"),
        (good.replace(signature, ""), "it is not signed"),
        (good.replace("URI=\"#_a\"", "URI=\"#_other\""), "its signature is about something else"),
        (
            good.replace("<ds:Reference URI=\"#_a\"/>", "<ds:Reference URI=\"#_a\"/><ds:Reference URI=\"#_b\"/>"),
            "about something else",
        ),
        (
            format!(
                "<!DOCTYPE x [<!ENTITY e \"{ROLE_A}\">]>{}",
                good.replace(&format!("{ROLE_A},{IDP}</"), &format!("&e;,{IDP}</"))
            ),
            "document type",
        ),
        (good.replace("saml:Assertion", "saml:EncryptedAssertion"), "it is encrypted"),
        (
            good.replace(SUCCESS, "urn:oasis:names:tc:SAML:2.0:status:Responder"),
            "the identity provider refused: urn:oasis",
        ),
        (
            good.replace(
                &format!("<samlp:StatusCode Value=\"{SUCCESS}\"/>"),
                "<samlp:StatusCode Value=\"x\"/><samlp:StatusMessage>locked\u{1b}[0m out</samlp:StatusMessage>",
            ),
            "the identity provider refused: locked[0m out",
        ),
        (
            good.replace(
                &format!("<samlp:StatusCode Value=\"{SUCCESS}\"/>"),
                "<samlp:StatusCode Value=\"x\"/><samlp:StatusMessage>locked out</samlp:StatusMessage>",
            ),
            "the identity provider refused: locked out",
        ),
        (
            good.replace("https://signin.aws.amazon.com/saml\"", "http://127.0.0.1:1/saml\""),
            "its recipient is `http://127.0.0.1:1/saml`",
        ),
        (
            good.replace("https://signin.aws.amazon.com/saml\"", "https://signin.aws.amazon.com.evil.example/saml\""),
            "its recipient is",
        ),
        (
            good.replace("<saml:Audience>urn:amazon:webservices", "<saml:Audience>https://other"),
            "its audience is `https://other`",
        ),
        (good.replace("12:05:00Z", "noon"), "is no time"),
        (good.replace(&format!("{ROLE_A},{IDP}</"), &format!("{ROLE_A}</")), "is no pair of a role and its provider"),
        (good.replace("samlp:Response", "samlp:LogoutResponse"), "it is no response of SAML 2.0"),
        (good.replace("urn:oasis:names:tc:SAML:2.0:protocol", "urn:other"), "it is no response of SAML 2.0"),
        (good.replace(inner, ""), "it has no assertion"),
        ("<x".to_owned(), "it is no XML"),
    ] {
        let error = read(&xml).map(|assertion| assertion.offers).unwrap_err();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    for (text, reason) in [
        ("%%%".to_owned(), "it is not in base64"),
        ("A".repeat(LONGEST + 1), "longer than 100000"),
        ("/w==".to_owned(), "not UTF-8"),
    ] {
        assert!(Assertion::read(&Secret::from(text)).unwrap_err().contains(reason), "{reason}");
    }
    // A comment in the middle of a name is no way to another name.
    let split = read(&good.replace("role/A,", "role/A<!-- -->dmin,")).unwrap();
    assert_eq!(split.offers[0].role, "arn:aws:iam::111111111111:role/Admin");
}

#[test]
fn clocks_may_differ_by_minutes_and_what_differs_more_is_said() {
    for (begins, ends, reason) in [
        ("12:00:01", "12:10:00", None),
        ("12:05:00", "12:10:00", None),
        ("12:05:01", "12:10:00", Some("it begins at 2026-11-26T12:05:01Z, and it is 2026-11-26T12:00:00Z here")),
        ("11:50:00", "12:00:00", None),
        ("11:50:00", "11:55:01", None),
        ("11:50:00", "11:55:00", Some("it ended at 2026-11-26T11:55:00Z, and it is 2026-11-26T12:00:00Z here")),
    ] {
        let xml = response().replace("12:05:00Z", &format!("{ends}Z")).replace("11:55:00.000", begins);
        let found = read(&xml).unwrap().untimely(now());
        assert_eq!(found.is_some(), reason.is_some(), "{begins} {ends}: {found:?}");
        assert!(found.unwrap_or_default().starts_with(reason.unwrap_or_default()), "{begins} {ends}");
    }
}

#[test]
fn sign_in_pages_of_aws_are_known() {
    for (url, fine) in [
        ("https://signin.aws.amazon.com/saml", true),
        ("https://eu-west-1.signin.aws.amazon.com/saml", true),
        ("https://signin.amazonaws-us-gov.com/saml", true),
        ("https://signin.amazonaws.cn/saml", true),
        ("https://signin.aws.amazon.com/saml/acs/SAMLSP1", true),
        ("http://signin.aws.amazon.com/saml", false),
        ("https://evilsignin.aws.amazon.com/saml", false),
        ("https://signin.aws.amazon.com@evil/saml", false),
        ("https://signin.aws.amazon.com/other", false),
    ] {
        assert_eq!(is_sign_in(url), fine, "{url}");
    }
}
