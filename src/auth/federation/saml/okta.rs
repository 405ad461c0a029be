//! Driver `Okta`: the authentication API, which says after each step what it wants next, and then the page of the application.
//!
//! Read [`assertion`], then [`Okta::advance`]. Row 5.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use url::Url;

use super::super::super::error::Error as AuthError;
use super::super::module::{Entry, Step};
use super::factor::{self, Factor};
use super::forms::{nobody, response};
use super::page::{Page, single_line};
use super::person::{Person, SignedIn};
use super::web::Web;
use crate::secret::{Expose as _, Secret};

pub(super) const FACTOR: &str = "spec.factor";
/// Answers of one sign-in, without those to the question whether a person has confirmed.
const ANSWERS: u32 = 20;
/// How often it is asked whether a person has confirmed, and how long a person has.
const MOMENT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_mins(5);

/// Signs in.
///
/// # Errors
/// Wrong answers, a refusal on the phone, nobody to ask, states that only a person can leave.
pub(super) async fn assertion(step: &Step<'_>, url: &str) -> Result<SignedIn, AuthError> {
    let web = Web::new(step, url)?;
    let person = Person::of(step).await?;
    let patience = step.context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let mut okta = Okta { step, web, person, factor: None, patience, answers: 0 };
    let application = okta.web.home().clone();
    let done = okta.sign_in().await?;
    let mut page = okta.web.open(okta.redirect(&done, &application)?).await?;
    if let Some(response) = response(&page) {
        return okta.person.accepted(response).await;
    }
    // The application wants more than the organisation does: the page has the token of another round.
    let Some(token) = step_up(&page) else { return Err(okta.unknown(&page)) };
    step.context.host.masker.register(&token);
    let authn = okta.endpoint()?;
    let answer = okta.web.ask(&authn, &json!({"stateToken": token.expose_secret()})).await?;
    let done = okta.advance(answer).await?;
    page = okta.web.open(okta.redirect(&done, &application)?).await?;
    let Some(response) = response(&page) else { return Err(okta.unknown(&page)) };
    okta.person.accepted(response).await
}

struct Okta<'a> {
    step: &'a Step<'a>,
    web: Web<'a>,
    person: Person<'a>,
    /// The factor that is being asked.
    factor: Option<Factor>,
    patience: Duration,
    answers: u32,
}

type Answer = (u16, Json);

impl Okta<'_> {
    fn endpoint(&self) -> Result<Url, AuthError> {
        self.web.home().join("/api/v1/authn").map_err(|error| self.web.odd(&error.to_string()))
    }

    /// User name and password, until they are taken.
    async fn sign_in(&mut self) -> Result<Json, AuthError> {
        let authn = self.endpoint()?;
        loop {
            let username = self.person.username().await?;
            let password = self.person.password().await?;
            let body = json!({"username": username, "password": password.expose_secret()});
            let (status, answer) = self.web.ask(&authn, &body).await?;
            if status == 401 {
                self.person.password_refused(&summary(&answer)).await?;
                continue;
            }
            return self.advance((status, answer)).await;
        }
    }

    /// From answer to answer, until the sign-in is done.
    async fn advance(&mut self, mut answer: Answer) -> Result<Json, AuthError> {
        loop {
            self.answers += 1;
            if self.answers > ANSWERS {
                return Err(self.web.odd("it asks again and again"));
            }
            let (status, body) = answer;
            if status >= 400 {
                answer = self.after_refusal(status, &body).await?;
                continue;
            }
            let secrets = ["sessionToken", "stateToken"].into_iter().filter_map(|key| body[key].as_str());
            secrets.for_each(|text| self.step.context.host.masker.register(&Secret::from(text.to_owned())));
            answer = match body["status"].as_str().unwrap_or_default() {
                "SUCCESS" => return Ok(body),
                "MFA_REQUIRED" => self.challenge(&body).await?,
                "MFA_CHALLENGE" => self.respond(&body).await?,
                "PASSWORD_WARN" => self.go_on(&body, "skip", &json!({})).await?,
                "LOCKED_OUT" => {
                    return Err(
                        self.over("the account is locked", "unlock it at the identity provider, or ask who runs it")
                    );
                }
                "PASSWORD_EXPIRED" | "PASSWORD_RESET" => return Err(self.first("a new password")),
                "MFA_ENROLL" | "MFA_ENROLL_ACTIVATE" => return Err(self.first("a second factor to be set up")),
                "" => return Err(self.web.odd("its answer does not say what comes next")),
                other => {
                    return Err(self.first(&format!("a step that this driver does not know ({})", single_line(other))));
                }
            };
        }
    }

    /// A code that was wrong may be typed once more; everything else is over.
    async fn after_refusal(&mut self, status: u16, body: &Json) -> Result<Answer, AuthError> {
        let reason = summary(body);
        match (status, self.factor.clone()) {
            (401 | 403, Some(factor)) if factor.wants_code() => {
                self.person.code_refused(&reason)?;
                self.answer_code(&factor).await
            }
            (429, _) => Err(self.over(&reason, "wait a minute: there were too many attempts")),
            _ => Err(self.over(
                &reason,
                "sign in at the identity provider in a browser to see more; its policy may forbid this API",
            )),
        }
    }

    /// Chooses a factor and has it asked.
    async fn challenge(&mut self, body: &Json) -> Result<Answer, AuthError> {
        let offered = factor::offered(body);
        let wanted = wanted(&self.step.entry);
        let chosen = factor::choose(&offered, wanted.as_deref(), self.person.has_code());
        let factor = chosen.map_err(|reason| {
            self.over(&reason, "choose one with `spec.factor`, or use the driver Browser, which knows all of them")
        })?;
        if factor.waits() && !self.step.context.options.interactive {
            return Err(nobody(self.step));
        }
        let factor = factor.with(text(body, "stateToken"));
        self.factor = Some(factor.clone());
        if factor.is_device() {
            return self.answer_code(&factor).await;
        }
        self.verify(&factor, &json!({})).await
    }

    /// What was chosen has been asked, on a phone or by a message.
    async fn respond(&mut self, body: &Json) -> Result<Answer, AuthError> {
        let Some(factor) = self.factor.clone() else { return Err(self.web.odd("it asks a factor that nobody chose")) };
        if factor.wants_code() {
            return self.answer_code(&factor).await;
        }
        let talk = &self.step.context.host.talk;
        talk.attention(format!("`{}`: confirm the sign-in on your device ({})", self.step.entry.name, factor.shown));
        let until = Instant::now() + self.patience;
        let mut body = body.clone();
        let mut number = None;
        loop {
            match body["factorResult"].as_str().unwrap_or("WAITING") {
                "WAITING" => {}
                "REJECTED" => {
                    return Err(self.over("it was denied on your device", "confirm the sign-in on your device"));
                }
                "TIMEOUT" => {
                    return Err(
                        self.over("it waited in vain for an answer of your device", "confirm the sign-in in time")
                    );
                }
                other => {
                    return Err(self.over(
                        &format!("the factor answered {}", single_line(other)),
                        "try another one with `spec.factor`",
                    ));
                }
            }
            let correct = body.pointer("/_embedded/factor/_embedded/challenge/correctAnswer").map(Json::to_string);
            if let Some(shown) = correct.filter(|shown| number.as_ref() != Some(shown)) {
                talk.attention(format!("`{}`: the number is {}", self.step.entry.name, shown.trim_matches('"')));
                number = Some(shown);
            }
            if Instant::now() >= until {
                return Err(self.late());
            }
            self.web.moment(MOMENT).await;
            let (status, next) = self.go_on(&body, "next", &json!({})).await?;
            if status >= 400 || next["status"] != "MFA_CHALLENGE" {
                return Ok((status, next));
            }
            body = next;
        }
    }

    async fn answer_code(&mut self, factor: &Factor) -> Result<Answer, AuthError> {
        let code = self.person.code(&format!("of {}", factor.shown)).await?;
        self.verify(factor, &json!({"passCode": code.expose_secret()})).await
    }

    async fn verify(&mut self, factor: &Factor, more: &Json) -> Result<Answer, AuthError> {
        let url = self.url(&factor.verify)?;
        let mut body = more.clone();
        body["stateToken"] = json!(factor.token.expose_secret());
        self.web.ask(&url, &body).await
    }

    /// Follows a link of an answer.
    async fn go_on(&mut self, body: &Json, link: &str, more: &Json) -> Result<Answer, AuthError> {
        let href = body["_links"][link]["href"].as_str().unwrap_or_default();
        let url = self.url(href)?;
        let mut sent = more.clone();
        sent["stateToken"] = body["stateToken"].clone();
        self.web.ask(&url, &sent).await
    }

    fn url(&self, href: &str) -> Result<Url, AuthError> {
        Url::parse(href).map_err(|_| self.web.odd("its answer leads nowhere"))
    }

    /// Where the session begins that the application then sees.
    fn redirect(&self, done: &Json, application: &Url) -> Result<Url, AuthError> {
        if let Some(token) = done["sessionToken"].as_str() {
            let url = self.web.home().join("/login/sessionCookieRedirect");
            let mut url = url.map_err(|error| self.web.odd(&error.to_string()))?;
            let pairs =
                [("checkAccountSetupComplete", "true"), ("token", token), ("redirectUrl", application.as_str())];
            url.query_pairs_mut().extend_pairs(pairs);
            return Ok(url);
        }
        let url = self.url(done["_links"]["next"]["href"].as_str().unwrap_or_default())?;
        self.web.check_home(&url)?;
        Ok(url)
    }

    fn over(&self, reason: &str, help: &str) -> AuthError {
        self.person.failed(format!("it was refused: {reason}"), help)
    }

    fn first(&self, what: &str) -> AuthError {
        self.person.first(what, self.web.home())
    }

    fn late(&self) -> AuthError {
        let reason = format!("nobody confirmed it within {} s", self.patience.as_secs());
        self.person.failed(reason, "confirm the sign-in on your device in time")
    }

    fn unknown(&self, page: &Page) -> AuthError {
        let shown = page.shown();
        self.web.odd(&format!("the application's page has no assertion for AWS ({shown}): is `url` its embed link?"))
    }
}

pub(super) fn wanted(entry: &Entry<'_>) -> Option<String> {
    entry.text(FACTOR)
}

fn text(body: &Json, key: &str) -> Secret {
    Secret::from(body[key].as_str().unwrap_or_default().to_owned())
}

/// What an error of the API says of itself.
fn summary(body: &Json) -> String {
    let code = single_line(body["errorCode"].as_str().unwrap_or("no code"));
    let text = single_line(body["errorSummary"].as_str().unwrap_or("no reason"));
    let cause = body["errorCauses"].get(0).and_then(|cause| cause["errorSummary"].as_str()).map(single_line);
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{text}{cause} ({code})")
}

/// The token of another round in the script of a page, where signs may stand as `\x2D`.
fn step_up(page: &Page) -> Option<Secret> {
    let source = page.source().expose_secret();
    let mut rest = source;
    while let Some(at) = rest.find("stateToken") {
        rest = &rest[at + "stateToken".len()..];
        let value = rest.trim_start_matches(['"', '\'', ' ']);
        let Some(value) = value.strip_prefix([':', '=']) else { continue };
        let value = value.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '\'' | '"')) else { continue };
        let Some((token, _)) = value[1..].split_once(quote) else { continue };
        let token = unescaped(token);
        if !token.is_empty() {
            return Some(Secret::from(token));
        }
    }
    None
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        plain.push_str(&rest[..at]);
        let sign = rest.get(at + 2..at + 4).and_then(|code| u8::from_str_radix(code, 16).ok()).filter(u8::is_ascii);
        if let Some(sign) = sign {
            plain.push(char::from(sign));
            rest = &rest[at + 4..];
        } else {
            plain.push_str("\\x");
            rest = &rest[at + 2..];
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_of_another_round_is_found_in_scripts() {
        for (source, expected) in [
            (r"<script>var stateToken = '00abc\x2Ddef';</script>", Some("00abc-def")),
            (r#"<script>config = {"stateToken":"00x"}</script>"#, Some("00x")),
            (r"<script>var stateToken = '';</script>", None),
            (r"<script>stateToken = other; stateToken='1\x'</script>", Some("1\\x")),
            ("<p>stateToken", None),
        ] {
            let page = Page::read(Url::parse("https://x.okta.com").unwrap(), 200, source.to_owned());
            assert_eq!(step_up(&page).as_ref().map(Secret::expose_secret), expected, "{source}");
        }
    }

    #[test]
    fn errors_say_what_the_service_says_and_nothing_steers_a_terminal() {
        let error =
            json!({"errorCode": "E1", "errorSummary": "No\x1b[2J", "errorCauses": [{"errorSummary": "Because"}]});
        assert_eq!(summary(&error), "No[2J: Because (E1)");
        assert_eq!(summary(&json!({})), "no reason (no code)");
    }
}
