//! `azure/interactive`: a person who signs in by the browser of this machine, which comes back to a listener on it. Row 5.

use std::time::Duration;

use super::super::super::error::Error as AuthError;
use super::super::super::provider::callback::{Answer, Callback, Page, Place};
use super::super::super::provider::{challenge, open_browser, plain, random};
use super::super::error::Error;
use super::super::module::{Pending, Step};
use super::super::network::{asked, desk, host};
use super::person::{ByPerson, HELP};
use crate::cloud::azure::{Application, Brought, Granted, redeemed, sign_in_address};

/// How long the person has; as long as for a code.
const PATIENCE: Duration = Duration::from_mins(15);
const WITHOUT_BROWSER: &str = "sign in on a machine with a browser, or use a provider of kind azure/device-code, whose code any \
                               browser can confirm";

pub(crate) const INTERACTIVE: ByPerson = ByPerson { kind: "azure/interactive", sign_in };

fn sign_in<'a>(step: &'a Step<'a>, application: &'a Application<'a>) -> Pending<'a, Granted> {
    Box::pin(browse(step, application))
}

async fn browse(step: &Step<'_>, application: &Application<'_>) -> Result<Granted, AuthError> {
    let context = step.context;
    let failed = |reason: String, help: &str| -> AuthError {
        Error::Browser { who: step.entry.shown(), reason, help: help.to_owned() }.into()
    };
    let (Some(state), Some(verifier)) = (random(), random()) else {
        return Err(failed("the system has no random numbers".to_owned(), HELP));
    };
    let callback = Callback::listen_at(Place::LOCALHOST, state.clone()).await;
    let callback = callback.map_err(|error| failed(format!("nothing can listen here: {error}"), WITHOUT_BROWSER))?;
    context.host.masker.register(&verifier);
    let redirect = callback.address();
    let url = sign_in_address(application, &redirect, &state, &challenge(&verifier));
    if !open_browser(&context.host, &url, context.options.no_browser) {
        return Err(failed("no browser can be opened here".to_owned(), WITHOUT_BROWSER));
    }
    show(step, &url);
    let limit = context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let answered = tokio::time::timeout(limit, callback.wait()).await;
    let answered = answered.map_err(|_| failed("nobody came back from the browser in time".to_owned(), HELP))?;
    let (answer, visitor) = answered.map_err(|error| failed(format!("listener: {error}"), HELP))?;
    let outcome = match answer {
        Answer::Refused(reason) => Err(failed(format!("it was denied: {reason}"), HELP)),
        Answer::Code(code) => {
            context.host.masker.register(&code);
            let brought = Brought { code, redirect, verifier };
            asked(step, host(application.authority), redeemed(desk(step), application, &brought), HELP).await
        }
    };
    // The page says what became of it, not what was hoped for.
    match &outcome {
        Ok(_) => visitor.tell(&Page::SignedIn { provider: step.entry.name }).await,
        Err(error) => visitor.tell(&Page::Failed { reason: &error.to_string() }).await,
    }
    outcome
}

/// The state in the address is no secret for who sits here: it proves that the answer belongs to this sign-in.
fn show(step: &Step<'_>, url: &str) {
    step.context.host.talk.attention(format!(
        "sign in to `{}` in the window of your browser that opens now; if none does, open this address on this machine\n  {}",
        step.entry.name,
        plain(url)
    ));
}
