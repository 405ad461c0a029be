//! `azure/device-code`: a person who confirms a code in any browser. Row 5.

use super::super::super::error::Error as AuthError;
use super::super::super::provider::{Poll, open_browser, plain};
use super::super::error::Error;
use super::super::module::{Pending, Step};
use super::super::network::{asked, desk, host};
use super::person::ByPerson;
use crate::cloud::azure::{Application, Device, Granted, Progress, device, progress};

const HELP: &str = "try again, and confirm the code in time; the tenant may forbid sign-ins by codes";

pub(crate) const DEVICE_CODE: ByPerson = ByPerson { kind: "azure/device-code", sign_in };

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
