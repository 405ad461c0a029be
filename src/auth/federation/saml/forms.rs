//! Drivers that fill in the pages of an identity provider, as a browser without scripts would. Read [`assertion`]. Row 5.

use std::time::{Duration, Instant};

use url::Url;

use super::super::super::error::Error as AuthError;
use super::super::module::Step;
use super::assertion::is_sign_in;
use super::page::{Form, Page};
use super::person::Person;
use super::web::Web;
use crate::secret::{Expose as _, Secret};

/// Pages of one sign-in, without those that only wait.
const PAGES: usize = 20;
/// How often a page that waits is looked at, and how long a person has.
const MOMENT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_mins(5);

/// Pages of one kind of identity provider.
pub(super) trait Pages: Sync {
    /// The page on which a sign-in begins.
    fn start(&self, url: Url) -> Url {
        url
    }

    /// What a page wants.
    fn look<'p>(&self, page: &'p Page) -> Wants<'p>;

    /// What a page says is wrong.
    fn complaint(&self, page: &Page) -> Option<String>;
}

/// What a page wants.
pub(super) enum Wants<'p> {
    /// User name and password; on some pages only one of them.
    Password {
        form: &'p Form,
        username: &'static str,
        password: &'static str,
    },
    /// A code, in this field.
    Code {
        form: &'p Form,
        field: &'p str,
    },
    /// A person is asked elsewhere; the form says whether the person has answered.
    Patience {
        form: &'p Form,
        told: Option<String>,
    },
    /// Something that only a person can do, in a browser.
    Person(String),
    /// It is over.
    Refusal(String),
    Unknown,
}

/// The response in a page that sends it on to AWS.
pub(super) fn response(page: &Page) -> Option<Secret> {
    let form = page.form_with("SAMLResponse")?;
    if !form.posts || !is_sign_in(page.target(form)?.as_str()) {
        return None;
    }
    form.field("SAMLResponse").map(|field| field.value.clone()).filter(|value| !value.expose_secret().is_empty())
}

/// Signs in.
///
/// # Errors
/// Wrong answers, nobody to ask, pages that want something else, an identity provider that does not answer.
pub(super) async fn assertion(step: &Step<'_>, url: &str, pages: &dyn Pages) -> Result<Secret, AuthError> {
    let mut web = Web::new(step, url)?;
    let mut person = Person::of(step).await?;
    let start = pages.start(web.home().clone());
    let mut page = web.open(start).await?;
    let mut answered = Answered::default();
    let mut told = None;
    let until = Instant::now() + step.context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let mut left = PAGES;
    loop {
        if let Some(response) = response(&page) {
            person.accepted().await?;
            return Ok(response);
        }
        left = left.checked_sub(1).ok_or_else(|| web.odd("it shows one page after the other"))?;
        page = match pages.look(&page) {
            Wants::Password { form, username, password } => {
                let complaint =
                    || pages.complaint(&page).unwrap_or_else(|| "user name or password is wrong".to_owned());
                let fields =
                    Fields { username: form.field(username).is_some(), password: form.field(password).is_some() };
                if answered.has(&fields) {
                    person.password_refused(&complaint()).await?;
                }
                web.check_home(&page.address)?;
                let mut answers = Vec::new();
                if fields.username {
                    answers.push((username, Secret::from(person.username().await?)));
                }
                if fields.password {
                    answers.push((password, person.password().await?));
                }
                answered.add(&fields);
                let answers: Vec<(&str, &Secret)> = answers.iter().map(|(name, value)| (*name, value)).collect();
                web.submit(&page, form, &answers).await?
            }
            Wants::Code { form, field } => {
                if answered.code {
                    let complaint = pages.complaint(&page).unwrap_or_else(|| "it was not accepted".to_owned());
                    person.code_refused(&complaint)?;
                }
                web.check_home(&page.address)?;
                let code = person.code("of your second factor").await?;
                answered.code = true;
                web.submit(&page, form, &[(field, &code)]).await?
            }
            Wants::Patience { form, told: text } => {
                if text.is_some() && text != told {
                    told.clone_from(&text);
                    let text = text.unwrap_or_default();
                    step.context.host.talk.attention(format!("`{}`: {text}", step.entry.name));
                }
                if !step.context.options.interactive {
                    return Err(nobody(step));
                }
                if Instant::now() >= until {
                    return Err(person.failed(
                        format!("nobody confirmed it within {} s", PATIENCE.as_secs().min(waited(step))),
                        "confirm the sign-in on your device in time",
                    ));
                }
                left += 1;
                web.moment(MOMENT).await;
                web.submit(&page, form, &[]).await?
            }
            Wants::Person(what) => {
                let help = format!(
                    "sign in at {} in a browser once, and do it there",
                    web.home().origin().ascii_serialization()
                );
                return Err(person.failed(format!("it wants something from you first: {what}"), &help));
            }
            Wants::Refusal(reason) => {
                return Err(person.failed(
                    format!("it was refused: {reason}"),
                    "sign in at the identity provider in a browser to see more, or ask who runs it",
                ));
            }
            Wants::Unknown => return Err(unknown(&web, &page, pages)),
        };
    }
}

fn waited(step: &Step<'_>) -> u64 {
    step.context.options.timeout.map_or(u64::MAX, |timeout| timeout.as_secs())
}

/// Somebody would have to confirm something, and this command asks nobody.
pub(super) fn nobody(step: &Step<'_>) -> AuthError {
    let provider = step.entry.name.to_owned();
    let help = format!(
        "the identity provider asks a person to confirm the sign-in: run `atmos auth login --provider {provider}`"
    );
    AuthError::NeedsTerminal { provider, help }
}

/// A page that the driver does not know: what it says of itself.
fn unknown(web: &Web<'_>, page: &Page, pages: &dyn Pages) -> AuthError {
    let says = pages.complaint(page).map(|text| format!(", and says: {text}")).unwrap_or_default();
    if page.form_with("SAMLResponse").is_some() {
        return web.odd("its assertion is for somebody else than AWS");
    }
    let title = if page.title().is_empty() { "without a title".to_owned() } else { format!("`{}`", page.title()) };
    web.odd(&format!("it shows a page that the driver does not know ({title}, HTTP status {}){says}", page.status))
}

struct Fields {
    username: bool,
    password: bool,
}

/// What was answered so far: a page that wants it again did not take it.
#[derive(Default)]
struct Answered {
    username: bool,
    password: bool,
    code: bool,
}

impl Answered {
    fn has(&self, fields: &Fields) -> bool {
        if fields.password { self.password } else { self.username }
    }

    fn add(&mut self, fields: &Fields) {
        self.username |= fields.username;
        self.password |= fields.password;
    }
}
