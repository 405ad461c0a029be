//! The kind and its drivers: how the assertion is got hold of. Row 5.

use std::time::Duration;

use super::super::super::aws::endpoint::check_url;
use super::super::super::error::Error as AuthError;
use super::super::super::identity::credential_process::{Program, run, words};
use super::super::error::Error;
use super::super::module::{Entry, Form, Module, Pending, Proof, Step};
use super::super::network::fit;
use super::super::setting::Setting;
use super::adfs::Adfs;
use super::factor::NAMES;
use super::keycloak::Keycloak;
use super::okta::{self, FACTOR};
use super::person::{self, CODE_PROGRAM, KEEP, PASSWORD_PROGRAM, SignedIn};
use super::settings::{TIMEOUT, URL, patience, url_of};
use super::{Assertion, browser, forms, loopback};
use crate::diag::{Warning, nearest};
use crate::host::lock::FileLock;
use crate::secret::{Secret, without_userinfo};
use crate::span::Span;
use crate::value::{DurationForm, parse_duration};

const COMMAND: &str = "spec.command";
const PORT: &str = "spec.port";
const DURATION: &str = "session.duration";
/// Sessions of roles.
const SHORTEST: Duration = Duration::from_mins(15);
const LONGEST_SESSION: Duration = Duration::from_hours(12);
/// Drivers, as they are written.
const DRIVERS: [&str; 6] = ["ADFS", "Browser", "Keycloak", "Okta", "command", "loopback"];
/// Names that mean one of them elsewhere.
const OLDER: [(&str, Driver); 2] = [("shell", Driver::Command), ("acs", Driver::Loopback)];
/// All of them.
const NAMES_OF_DRIVERS: [&str; 8] = ["ADFS", "Browser", "Keycloak", "Okta", "command", "loopback", "shell", "acs"];
/// Names of the reference whose pages no driver fills in: the browser shows them.
const BY_BROWSER: [&str; 9] =
    ["googleapps", "adfs2", "azuread", "ping", "pingone", "onelogin", "jumpcloud", "auth0", "shibboleth"];
const HELP: &str = "look at what the identity provider sends: one signed assertion for https://signin.aws.amazon.com/saml \
                    with the attribute https://aws.amazon.com/SAML/Attributes/Role";

/// How an assertion is got hold of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    Adfs,
    Browser,
    Keycloak,
    Okta,
    Command,
    Loopback,
}

impl Driver {
    /// It fills the pages of the identity provider in.
    fn fills_in(self) -> bool {
        matches!(self, Driver::Adfs | Driver::Keycloak | Driver::Okta)
    }
}

pub(crate) struct Saml;

impl Module for Saml {
    fn kind(&self) -> &'static str {
        "aws/saml"
    }

    fn settings(&self) -> &'static [Setting] {
        const SETTINGS: [Setting; 16] = [
            Setting::text(URL, "Address of the identity provider at which the sign-in to AWS begins"),
            Setting::text("region", "Region of STS").required(),
            Setting::name("driver", &NAMES_OF_DRIVERS, "How the assertion is got"),
            Setting::name("provider_type", &NAMES_OF_DRIVERS, "Older name of `driver`"),
            Setting::text("username", "Who signs in, with a driver that fills the pages in"),
            Setting::secret("password", "The password; a variable, a program or the terminal are better places"),
            Setting::text("browser_type", "chromium, chrome or msedge"),
            Setting::text("browser_executable_path", "The program of the browser"),
            Setting::text(DURATION, "How long sessions of its roles last"),
            Setting::texts(COMMAND, "Driver command: the program that prints the assertion in base64"),
            Setting::text(TIMEOUT, "How long a program may take"),
            Setting::text(PORT, "Driver loopback: the port to which the identity provider posts"),
            Setting::text(PASSWORD_PROGRAM, "A program that prints the password"),
            Setting::text(CODE_PROGRAM, "A program that prints the code of the second factor"),
            Setting::text(KEEP, "Keep a password that was typed, in the encrypted cache: true or false"),
            Setting::word(FACTOR, NAMES, "Driver Okta: the second factor"),
        ];
        &SETTINGS
    }

    fn gives(&self) -> Form {
        Form::Saml
    }

    fn whose(&self, step: &Step<'_>) -> Option<String> {
        // A person in a browser may be anybody: nobody asks for the name there.
        let fills_in = driver(&step.entry).is_ok_and(Driver::fills_in);
        person::named(step).filter(|_| fills_in).map(|name| person::basis(&name))
    }

    fn folder(&self, entry: &Entry<'_>) -> Option<String> {
        // Also of a provider that has another driver by now.
        Some(browser::profile_name(entry))
    }

    fn kept(&self, entry: &Entry<'_>) -> Option<String> {
        driver(entry).is_ok_and(Driver::fills_in).then(|| person::kept(entry)).flatten()
    }

    fn problems(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        let at = |path: &str| entry.at(path).map_or(entry.span, |node| node.span);
        let driver = match driver(entry) {
            Ok(driver) => driver,
            Err(reason) => return vec![(reason, at("driver"))],
        };
        let mut problems = Vec::new();
        match entry.text(URL) {
            None if driver == Driver::Command => {}
            None => problems.push(("url is required".to_owned(), entry.span)),
            Some(url) => {
                let fits = if driver.fills_in() { fit(&url) } else { check_url(&url).map(drop) };
                if let Err(reason) = fits {
                    problems.push((format!("url `{}`: {reason}", without_userinfo(&url)), at(URL)));
                }
            }
        }
        let own = match driver {
            Driver::Command => program(entry).err().map(|reason| (format!("{COMMAND} {reason}"), at(COMMAND))),
            Driver::Loopback => port(entry).err().map(|reason| (reason, at(PORT))),
            Driver::Browser => browser::problem(entry).map(|reason| (reason, at("browser_type"))),
            Driver::Adfs | Driver::Keycloak | Driver::Okta => person::problem(entry).map(|reason| (reason, at(KEEP))),
        };
        let limit = patience(entry).err().map(|reason| (reason, at(TIMEOUT)));
        problems.into_iter().chain(own).chain(limit).collect()
    }

    fn remarks(&self, entry: &Entry<'_>) -> Vec<(String, Span)> {
        let Ok(driver) = driver(entry) else { return Vec::new() };
        let mut found = Vec::new();
        let unused = [
            (PORT, driver == Driver::Loopback),
            (COMMAND, driver == Driver::Command),
            (FACTOR, driver == Driver::Okta),
            ("browser_type", driver == Driver::Browser),
            ("password", driver.fills_in()),
            (PASSWORD_PROGRAM, driver.fills_in()),
            (CODE_PROGRAM, driver.fills_in()),
            (KEEP, driver.fills_in()),
        ];
        for (path, is_used) in unused {
            if !is_used && entry.at(path).is_some() {
                let message = format!("{path} has no effect with driver {driver:?}");
                found.push((message, entry.span_of(path)));
            }
        }
        let in_windows = matches!(driver, Driver::Browser | Driver::Loopback);
        if in_windows && entry.text(URL).is_some_and(|url| fit(&url).is_err() && check_url(&url).is_ok()) {
            found.push((
                format!("{URL} is not private: whoever listens on the way can sign in too"),
                entry.span_of(URL),
            ));
        }
        if let Some(text) = entry.text(DURATION) {
            let read = parse_duration(&text, DurationForm::Go);
            if read.is_none_or(|read| !(SHORTEST..=LONGEST_SESSION).contains(&read)) {
                let message = format!("{DURATION} `{text}` is no time from 15m to 12h, which AWS wants");
                found.push((message, entry.span_of(DURATION)));
            }
        }
        found
    }

    fn authenticate<'a>(&'a self, step: Step<'a>) -> Pending<'a, Proof> {
        Box::pin(async move {
            let url = url_of(&step.entry);
            let _one_at_a_time = match driver(&step.entry) {
                Ok(Driver::Browser | Driver::Loopback) => Some(turn(&step).await?),
                _ => None,
            };
            let alone = |response| SignedIn { response, user: None };
            let SignedIn { response: text, user } = match driver(&step.entry) {
                Ok(Driver::Command) => alone(by_command(&step).await?),
                Ok(Driver::Loopback) => {
                    let port = port(&step.entry).map_err(|reason| failed(&step.entry, reason))?;
                    alone(loopback::assertion(&step, &url, port).await?)
                }
                Ok(Driver::Keycloak) => asked_once(&step, forms::assertion(&step, &url, &Keycloak)).await?,
                Ok(Driver::Adfs) => asked_once(&step, forms::assertion(&step, &url, &Adfs)).await?,
                Ok(Driver::Okta) => asked_once(&step, okta::assertion(&step, &url)).await?,
                _ => alone(browser::assertion(&step, &url).await?),
            };
            step.context.host.masker.register(&text);
            let assertion = Assertion::read(&text).map_err(|reason| Error::Assertion {
                who: step.entry.shown(),
                reason,
                help: HELP.to_owned(),
            })?;
            if let Some(reason) = assertion.untimely(step.context.now_there()) {
                // The clock of this machine may be wrong, which only the answer of a service shows.
                let message = format!("the assertion for {} may not be taken: {reason}", step.entry.shown());
                step.context.host.talk.warn(Warning::new("atmos::auth::federation::untimely", message));
            }
            Ok(Proof::Saml(Assertion { user, ..assertion }))
        })
    }
}

/// One window, one profile and one port are there for a provider: who comes second waits, and says so.
async fn turn(step: &Step<'_>) -> Result<FileLock, AuthError> {
    let name = step.context.login_name(&format!("saml-sign-in/{}", step.entry.name));
    step.context.lock(&name, &format!("signs in to `{}`", step.entry.name)).await
}

/// A refused sign-in is not tried again by the next of many components: it would lock the account.
async fn asked_once(
    step: &Step<'_>,
    sign_in: impl Future<Output = Result<SignedIn, AuthError>>,
) -> Result<SignedIn, AuthError> {
    step.context.ask_once(&format!("saml/{}", step.entry.name), Box::pin(sign_in)).await
}

/// `driver`, else what the other settings say.
fn driver(entry: &Entry<'_>) -> Result<Driver, String> {
    let Some(word) = entry.text("driver").or_else(|| entry.text("provider_type")) else {
        return Ok(if entry.at(COMMAND).is_some() { Driver::Command } else { Driver::Browser });
    };
    let folded = word.to_lowercase();
    let ours = [Driver::Adfs, Driver::Browser, Driver::Keycloak, Driver::Okta, Driver::Command, Driver::Loopback];
    let known = DRIVERS.iter().zip(ours).find(|(name, _)| name.to_lowercase() == folded).map(|(_, driver)| driver);
    let older = || OLDER.iter().find(|(name, _)| *name == folded).map(|(_, driver)| *driver);
    known.or_else(older).ok_or_else(|| {
        if BY_BROWSER.contains(&folded.as_str()) {
            return format!("driver `{word}` is not built: use Browser, in which a person can do everything");
        }
        let near = nearest(&word, DRIVERS).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        format!("driver `{word}` is not known: use {}{near}", DRIVERS.join(", "))
    })
}

fn failed(entry: &Entry<'_>, reason: String) -> AuthError {
    let help = "run `spec.command` yourself to see what it prints: the response of the identity provider in base64";
    Error::Program { who: entry.shown(), reason, help: help.to_owned() }.into()
}

/// S10 of saml2aws: what a program prints.
async fn by_command(step: &Step<'_>) -> Result<Secret, AuthError> {
    let entry = &step.entry;
    let program = Program {
        words: program(entry).map_err(|reason| failed(entry, format!("{COMMAND} {reason}")))?,
        patience: patience(entry).map_err(|reason| failed(entry, reason))?,
        talks: step.context.may_prompt(),
    };
    let printed = run(step.context, program).await?.map_err(|reason| failed(entry, format!("it {reason}")))?;
    if printed.trim().is_empty() {
        return Err(failed(entry, "it printed nothing".to_owned()));
    }
    Ok(Secret::from(printed.trim().to_owned()))
}

/// A list as it is, a text by the rules of a shell.
fn program(entry: &Entry<'_>) -> Result<Vec<String>, String> {
    let list = entry.at(COMMAND).is_some_and(|node| node.as_list().is_some());
    let written = entry.texts(COMMAND);
    if written.is_empty() {
        return Err("is required for driver command".to_owned());
    }
    if list { Ok(written) } else { words(&written[0]) }
}

fn port(entry: &Entry<'_>) -> Result<u16, String> {
    let Some(text) = entry.text(PORT) else { return Err(format!("{PORT} is required for driver loopback")) };
    let port = text.parse().ok().filter(|port| *port >= 1024);
    port.ok_or_else(|| format!("{PORT} `{text}` is no port from 1024 to 65535"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::super::config::tests::config;
    use super::*;

    #[test]
    fn settings_without_effect_and_sessions_that_aws_does_not_give_are_remarked() {
        let url = "https://idp.example/app";
        for (provider, expected) in [
            (json!({"url": url, "driver": "Okta", "spec": {"port": 8765}}), "spec.port has no effect with driver Okta"),
            (json!({"url": url, "driver": "Okta", "spec": {"command": "x"}}), "spec.command has no effect"),
            (json!({"url": url, "browser_type": "chrome", "driver": "ADFS"}), "browser_type has no effect"),
            (json!({"url": url, "password": "x"}), "password has no effect with driver Browser"),
            (json!({"url": "http://idp.example/app"}), "url is not private"),
            (json!({"url": url, "session": {"duration": "40h"}}), "session.duration `40h` is no time from 15m to 12h"),
            (json!({"url": url, "session": {"duration": "soon"}}), "session.duration `soon`"),
            (json!({"url": url, "session": {"duration": "12h"}, "spec": {"timeout": "1m"}}), ""),
            (json!({"url": "http://127.0.0.1:1/x"}), ""),
        ] {
            let mut provider = provider;
            provider["kind"] = json!("aws/saml");
            let auth = config(&json!({"providers": {"p": provider}}));
            let found = Saml.remarks(&Entry::provider(auth.provider("p").unwrap()));
            let found = found.into_iter().next().map(|(reason, _)| reason).unwrap_or_default();
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{expected}: {found}");
        }
    }

    #[test]
    fn drivers_are_chosen_and_their_settings_checked() {
        let (url, region) = ("https://idp.example/app", "eu-west-1");
        for (provider, expected) in [
            (json!({"url": url, "region": region}), "Browser"),
            (json!({"url": url, "region": region, "driver": "browser"}), "Browser"),
            (json!({"region": region, "spec": {"command": "print it"}}), "Command"),
            (json!({"url": url, "region": region, "provider_type": "Shell", "spec": {"command": ["x"]}}), "Command"),
            (json!({"url": url, "region": region, "driver": "loopback", "spec": {"port": 8765}}), "Loopback"),
            (json!({"region": region}), "url is required"),
            (json!({"url": "idp", "region": region}), "url `idp`: it has no scheme"),
            (json!({"url": url, "region": region, "driver": "okta"}), "Okta"),
            (json!({"url": url, "region": region, "provider_type": "KeyCloak"}), "Keycloak"),
            (json!({"url": "http://idp.example", "region": region, "driver": "ADFS"}), "it must be an https URL"),
            (json!({"url": "http://127.0.0.1:1/x", "region": region, "driver": "ADFS"}), "Adfs"),
            (
                json!({"url": url, "region": region, "driver": "ADFS", "spec": {"keep_password": "yes"}}),
                "spec.keep_password `yes` is neither true nor false",
            ),
            (json!({"url": url, "region": region, "driver": "Ping"}), "driver `Ping` is not built: use Browser"),
            (json!({"url": url, "region": region, "driver": "comand"}), "did you mean `command`?"),
            (json!({"url": url, "region": region, "driver": "command"}), "spec.command is required for driver command"),
            (json!({"url": url, "region": region, "driver": "loopback"}), "spec.port is required for driver loopback"),
            (json!({"url": url, "region": region, "driver": "loopback", "spec": {"port": 80}}), "is no port from 1024"),
            (json!({"url": url, "region": region, "browser_type": "firefox"}), "browser_type `firefox`"),
        ] {
            let mut provider = provider;
            provider["kind"] = json!("aws/saml");
            let auth = config(&json!({"providers": {"p": provider}}));
            let entry = Entry::provider(auth.provider("p").unwrap());
            let found = match Saml.problems(&entry).into_iter().next() {
                Some((reason, _)) => reason,
                None => format!("{:?}", driver(&entry).unwrap()),
            };
            assert!(found.contains(expected), "{expected}: {found}");
        }
    }
}
