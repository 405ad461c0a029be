//! What a driver that fills pages in asks an identity provider: pages and JSON, with cookies, bounded in size, number and time.
//!
//! Nothing that a person answered goes anywhere but to the host that the provider names. Row 5.

use std::time::{Duration, Instant};

use serde_json::Value as Json;
use url::Url;

use super::super::super::error::Error as AuthError;
use super::super::error::Error;
use super::super::module::Step;
use super::super::network::fit;
use super::cookies::Cookies;
use super::page::{Form, Page};
use crate::host::{HttpError, HttpRequest, HttpResponse, percent_encode};
use crate::secret::{Expose as _, Secret};

/// One exchange, and all of them together.
const EXCHANGE: Duration = Duration::from_secs(30);
const WHOLE: Duration = Duration::from_mins(2);
/// Exchanges of one sign-in, questions whether a person has confirmed aside.
const EXCHANGES: u32 = 40;
const REDIRECTS: u32 = 10;
/// Largest page.
const LARGEST: usize = 2 << 20;
const FORM: &str = "application/x-www-form-urlencoded";
const HELP: &str = "check `url`, the network and the proxy variables; the identity provider may be down";

pub(super) struct Web<'a> {
    step: &'a Step<'a>,
    home: Url,
    cookies: Cookies,
    spent: Duration,
    exchanges: u32,
}

impl<'a> Web<'a> {
    /// At the identity provider of this address.
    ///
    /// # Errors
    /// Somebody could listen on the way there.
    pub(super) fn new(step: &'a Step<'a>, url: &str) -> Result<Web<'a>, AuthError> {
        let home = fit(url).map_err(str::to_owned).and_then(|()| Url::parse(url).map_err(|error| error.to_string()));
        let home = home.map_err(|reason| unanswered(step, format!("cannot be asked: `url`: {reason}")))?;
        Ok(Web { step, home, cookies: Cookies::default(), spent: Duration::ZERO, exchanges: 0 })
    }

    pub(super) fn home(&self) -> &Url {
        &self.home
    }

    /// A page, wherever it leads.
    pub(super) async fn open(&mut self, url: Url) -> Result<Page, AuthError> {
        let answer = self.send(HttpRequest::get(url.clone())).await?;
        self.follow(url, answer).await
    }

    /// Sends a form as it stands, with these fields in place of its own, and follows where that leads.
    pub(super) async fn submit(
        &mut self,
        page: &Page,
        form: &Form,
        answers: &[(&str, &Secret)],
    ) -> Result<Page, AuthError> {
        let target = page.target(form).filter(|_| form.posts);
        let target = target.ok_or_else(|| self.odd("its form goes nowhere"))?;
        self.check_home(&target)?;
        let own = form.filled().filter(|(name, _)| !answers.iter().any(|(known, _)| known == name));
        let pairs: Vec<String> = own
            .chain(answers.iter().copied())
            .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value.expose_secret())))
            .collect();
        let request = HttpRequest::post(target.clone(), FORM, pairs.join("&"));
        let answer = self.send(request).await?;
        self.follow(target, answer).await
    }

    /// Posts JSON; the answer of any status, if it is JSON.
    pub(super) async fn ask(&mut self, url: &Url, body: &Json) -> Result<(u16, Json), AuthError> {
        self.check_home(url)?;
        let request = HttpRequest::post(url.clone(), "application/json", body.to_string());
        let answer = self.send(request.header("accept", "application/json")).await?;
        let json = serde_json::from_slice(&answer.body);
        let json = json
            .map_err(|_| self.odd(&format!("it answered with something else than JSON, status {}", answer.status)))?;
        Ok((answer.status, json))
    }

    /// The same address as the provider's: only there go answers of a person.
    pub(super) fn check_home(&self, url: &Url) -> Result<(), AuthError> {
        if url.origin() == self.home.origin() {
            return Ok(());
        }
        Err(self.odd(&format!(
            "it wants the answers to go to {}, and `url` names {}",
            url.origin().ascii_serialization(),
            self.home.origin().ascii_serialization()
        )))
    }

    /// An identity provider that does not do what is expected.
    pub(super) fn odd(&self, reason: &str) -> AuthError {
        let help = "the drivers Browser and loopback can do whatever a person can".to_owned();
        Error::SignIn { who: self.step.entry.shown(), reason: reason.to_owned(), help }.into()
    }

    async fn follow(&mut self, mut url: Url, mut answer: HttpResponse) -> Result<Page, AuthError> {
        let mut left = REDIRECTS;
        while matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            left = left.checked_sub(1).ok_or_else(|| self.odd("it leads from one address to the next"))?;
            // A form is never sent once more, whatever the status says: it would go to somebody else.
            let next = answer.header("location").and_then(|to| url.join(to).ok());
            let next = next.filter(|next| fit(next.as_str()).is_ok());
            url = next.ok_or_else(|| self.odd("it leads to no address that can be asked"))?;
            answer = self.send(HttpRequest::get(url.clone())).await?;
        }
        if answer.status >= 500 || answer.status == 429 {
            return Err(unanswered(self.step, format!("answered with HTTP status {}", answer.status)));
        }
        Ok(Page::read(url, answer.status, answer.text()))
    }

    async fn send(&mut self, request: HttpRequest) -> Result<HttpResponse, AuthError> {
        let context = self.step.context;
        let url = Url::parse(&request.url).map_err(|error| self.odd(&error.to_string()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let budget = context.options.timeout.map_or(WHOLE, |timeout| timeout.min(WHOLE));
        let left = budget.saturating_sub(self.spent);
        self.exchanges += 1;
        if left.is_zero() || self.exchanges > EXCHANGES {
            return Err(unanswered(self.step, format!("did not end the sign-in within {} s", budget.as_secs())));
        }
        let cookies = self.cookies.header(&url);
        let request = if cookies.is_empty() { request } else { request.header("cookie", cookies) };
        let request = HttpRequest { timeout: Some(left.min(EXCHANGE)), ..request };
        let began = Instant::now();
        let answer = context.ask(&host, context.http.send(&request, LARGEST)).await;
        self.spent += began.elapsed();
        let answer = answer.map_err(|error| {
            let reason = match error {
                HttpError::Late { .. } => format!("gives {error}"),
                HttpError::Large { .. } => format!("cannot be read: {error}"),
                _ => format!("does not answer: {error}"),
            };
            unanswered(self.step, format!("({host}) {reason}"))
        })?;
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.cookies.take(&url, line);
        }
        Ok(answer)
    }

    /// A moment in which a person may confirm something elsewhere. It is no exchange.
    pub(super) async fn moment(&mut self, length: Duration) {
        tokio::time::sleep(length).await;
        self.exchanges = self.exchanges.saturating_sub(1);
    }
}

fn unanswered(step: &Step<'_>, reason: String) -> AuthError {
    Error::IdentityProvider { who: step.entry.shown(), reason, help: HELP.to_owned() }.into()
}
