//! `azure/device-code`: a person who confirms a code in any browser. Row 5.

use super::super::super::error::Error as AuthError;
use super::super::super::provider::{Poll, open_browser, plain};
use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::{asked, desk, host};
use super::super::setting::Setting;
use super::person::{self, SETTINGS};
use crate::cloud::Token;
use crate::cloud::azure::{Application, Device, Granted, Progress, device, progress};
use crate::span::Span;

const WAY: &str = "azure-device-code";
const HELP: &str = "try again, and confirm the code in time; the tenant may forbid sign-ins by codes";

pub(crate) struct DeviceCode;

impl Module for DeviceCode {
    fn kind(&self) -> &'static str {
        "azure/device-code"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Azure
    }

    fn kept(&self, entry: &Entry<'_>) -> Option<String> {
        Some(person::kept(WAY, entry))
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        person::problems(entry)
    }

    fn token_for<'a>(&'a self, step: Step<'a>, resource: &'a str) -> Pending<'a, Token> {
        Box::pin(async move { person::token_for(&step, WAY, sign_in, resource).await })
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move { person::authenticate(&step, WAY, sign_in).await })
    }
}

fn sign_in<'a>(step: &'a Step<'a>, application: &'a Application<'a>) -> Pending<'a, Granted> {
    Box::pin(confirm(step, application))
}

async fn confirm(step: &Step<'_>, application: &Application<'_>) -> Result<Granted, AuthError> {
    let (context, place) = (step.context, host(application.authority));
    let begun = asked(step, place, device(desk(step), application), HELP).await?;
    show(step, &begun);
    let mut poll = Poll::new(begun.interval, begun.lifetime, context.options.timeout);
    let since = tokio::time::Instant::now();
    let ended = |reason: &str| -> AuthError {
        Error::Browser { who: step.entry.shown(), reason: reason.to_owned(), help: HELP.to_owned() }.into()
    };
    loop {
        let Some(pause) = poll.next(since.elapsed()) else { return Err(ended("nobody confirmed the code in time")) };
        tokio::time::sleep(pause).await;
        match asked(step, place, progress(desk(step), application, &begun), HELP).await? {
            Progress::Granted(granted) => return Ok(granted),
            Progress::Pending => {}
            Progress::SlowDown => poll.slow_down(),
            Progress::Declined => return Err(ended("it was denied")),
            Progress::Expired => return Err(ended("the code expired before it was confirmed")),
        }
    }
}

fn show(step: &Step<'_>, device: &Device) {
    let (url, code) = (plain(&device.url), plain(&device.user_code));
    step.context.host.talk.attention(format!(
        "sign in to `{}`: open the address below and enter the code\n  Verification URL: {url}\n  Code: {code}",
        step.entry.name
    ));
    open_browser(&step.context.host, &url, step.context.options.no_browser);
}
