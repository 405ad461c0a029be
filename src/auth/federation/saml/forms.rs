//! Drivers that fill in the pages of an identity provider, as a browser without scripts would. Read [`assertion`]. Row 5.

use std::time::{Duration, Instant};

use url::Url;

use super::super::super::error::Error as AuthError;
use super::super::module::Step;
use super::assertion::is_sign_in;
use super::page::{Form, Page};
use super::person::{Person, SignedIn};
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
pub(super) async fn assertion(step: &Step<'_>, url: &str, pages: &dyn Pages) -> Result<SignedIn, AuthError> {
    let (web, person) = (Web::new(step, url)?, Person::of(step).await?);
    let patience = step.context.options.timeout.map_or(PATIENCE, |timeout| timeout.min(PATIENCE));
    let mut sign_in = SignIn { step, pages, web, person, patience, answered: Answered::default(), told: None };
    let start = pages.start(sign_in.web.home().clone());
    let mut page = sign_in.web.open(start).await?;
    let mut left = PAGES;
    let mut until = None;
    loop {
        if let Some(response) = response(&page) {
            return sign_in.person.accepted(response).await;
        }
        let wanted = pages.look(&page);
        if !matches!(wanted, Wants::Patience { .. }) {
            left = left.checked_sub(1).ok_or_else(|| sign_in.web.odd("it shows one page after the other"))?;
        }
        page = match wanted {
            Wants::Password { form, username, password } => {
                sign_in.answer_password(&page, form, username, password).await?
            }
            Wants::Code { form, field } => sign_in.answer_code(&page, form, field).await?,
            Wants::Patience { form, told } => {
                let until = *until.get_or_insert_with(|| Instant::now() + patience);
                sign_in.wait(&page, form, told, until).await?
            }
            Wants::Person(what) => return Err(sign_in.person.first(&what, sign_in.web.home())),
            Wants::Refusal(reason) => {
                let help = "sign in at the identity provider in a browser to see more, or ask who runs it";
                return Err(sign_in.person.failed(format!("it was refused: {reason}"), help));
            }
            Wants::Unknown => return Err(sign_in.unknown(&page)),
        };
    }
}

/// A sign-in under way.
struct SignIn<'a> {
    step: &'a Step<'a>,
    pages: &'a dyn Pages,
    web: Web<'a>,
    person: Person<'a>,
    patience: Duration,
    answered: Answered,
    /// What a page that waits said last.
    told: Option<String>,
}

impl SignIn<'_> {
    async fn answer_password(
        &mut self,
        page: &Page,
        form: &Form,
        username: &'static str,
        password: &'static str,
    ) -> Result<Page, AuthError> {
        let fields = Fields { username: form.field(username).is_some(), password: form.field(password).is_some() };
        if self.answered.has(&fields) {
            let complaint = self.pages.complaint(page).unwrap_or_else(|| "user name or password is wrong".to_owned());
            self.person.password_refused(&complaint).await?;
        }
        self.web.check_home(&page.address)?;
        let mut answers = Vec::new();
        if fields.username {
            answers.push((username, Secret::from(self.person.username().await?)));
        }
        if fields.password {
            answers.push((password, self.person.password().await?));
        }
        self.answered.add(&fields);
        let answers: Vec<(&str, &Secret)> = answers.iter().map(|(name, value)| (*name, value)).collect();
        self.web.submit(page, form, &answers).await
    }

    async fn answer_code(&mut self, page: &Page, form: &Form, field: &str) -> Result<Page, AuthError> {
        if self.answered.code {
            let complaint = self.pages.complaint(page).unwrap_or_else(|| "it was not accepted".to_owned());
            self.person.code_refused(&complaint)?;
        }
        self.web.check_home(&page.address)?;
        let code = self.person.code("of your second factor").await?;
        self.answered.code = true;
        self.web.submit(page, form, &[(field, &code)]).await
    }

    /// Somebody is asked elsewhere: after a moment it is looked whether there is an answer.
    async fn wait(
        &mut self,
        page: &Page,
        form: &Form,
        told: Option<String>,
        until: Instant,
    ) -> Result<Page, AuthError> {
        if !self.step.context.options.interactive {
            return Err(nobody(self.step));
        }
        if let Some(text) = told.filter(|text| self.told.as_ref() != Some(text)) {
            self.step.context.host.talk.attention(format!("`{}`: {text}", self.step.entry.name));
            self.told = Some(text);
        }
        if Instant::now() >= until {
            let reason = format!("nobody confirmed it within {} s", self.patience.as_secs());
            return Err(self.person.failed(reason, "confirm the sign-in on your device in time"));
        }
        self.web.moment(MOMENT).await;
        self.web.submit(page, form, &[]).await
    }

    /// A page that the driver does not know: what it says of itself.
    fn unknown(&self, page: &Page) -> AuthError {
        if page.form_with("SAMLResponse").is_some() {
            return self.web.odd("its assertion is for somebody else than AWS");
        }
        let says = self.pages.complaint(page).map(|text| format!(", and says: {text}")).unwrap_or_default();
        self.web.odd(&format!("it shows a page that the driver does not know ({}){says}", page.shown()))
    }
}

/// Somebody would have to confirm something, and this command asks nobody.
pub(super) fn nobody(step: &Step<'_>) -> AuthError {
    let provider = step.entry.name.to_owned();
    let help = format!(
        "the identity provider asks a person to confirm the sign-in: run `atmos auth login --provider {}`",
        crate::diag::hint::word(&provider)
    );
    AuthError::NeedsTerminal { provider, help }
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
