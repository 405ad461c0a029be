//! The stores of a run.

use std::sync::{Arc, OnceLock};

use super::identity::Identity;
use super::key::Key;
use super::kind::Kind;
use super::line::Line;
use super::problem::{Fault, Problem};
use super::settings::{Settings, Spec};
use super::{artifactory, aws, azure, google, redis, value};
use crate::config::Config;
use crate::content::register_secrets;
use crate::diag::Warning;
use crate::host::{Host, Once, threads};
use crate::secret::{Expose as _, Secret};
use crate::value::Node;

/// What makes two requests one: the store, the name of the value in it, and who reads.
type Question = (String, String, String);
type Outcome = Result<Node, Problem>;

/// Reads and writes values. Each is asked for once in a run, and requests do not wait for each other.
#[derive(Debug)]
pub struct Stores {
    settings: Settings,
    line: Arc<Line>,
    answers: Once<Question, Outcome>,
    /// Made at the first request; gone with the stores, without waiting for what nobody wants any more.
    runtime: OnceLock<Result<tokio::runtime::Runtime, Problem>>,
}

impl Stores {
    /// The stores of the configuration.
    pub fn new(host: &Host, config: &Config) -> Stores {
        Stores {
            settings: Settings::read(&config.document, &host.sources),
            line: Arc::new(Line::new(host)),
            answers: Once::default(),
            runtime: OnceLock::new(),
        }
    }

    /// A store by its name.
    ///
    /// # Errors
    /// No store has this name, or its settings cannot be used.
    pub fn spec(&self, name: &str) -> Result<&Spec, Problem> {
        self.settings.get(name)
    }

    pub fn is_empty(&self) -> bool {
        self.settings.names().next().is_none()
    }

    /// Forgets what was read: hooks may have written since.
    pub fn forget(&self) {
        self.answers.forget(|_| true);
    }

    /// Begins to read a value, unless that was begun already. `identity` is who reads; without one it is whoever the
    /// environment says.
    ///
    /// # Errors
    /// A key that is none, a kind of store that is not built.
    pub fn start(&self, spec: &Spec, key: Key<'_>, identity: Option<Arc<dyn Identity>>) -> Result<Pending, Problem> {
        if !spec.kind.is_built() {
            let reason = format!("stores of the kind `{}` are not built yet", spec.kind.name());
            let help = "use another kind of store, or leave the function as text with `--skip`";
            return Err(Problem::new(Fault::NotBuilt, reason, help).of(&spec.name));
        }
        if spec.identity.is_some() && spec.kind.is_open() {
            let message =
                format!("`identity` of the store `{}` has no effect: `{}` has none", spec.name, spec.kind.name());
            self.line.host.talk.warn(Warning::new("atmos::store::identity", message));
        }
        let name = key.name(spec).map_err(|problem| problem.of(&spec.name))?;
        let identity = identity.filter(|_| spec.kind.is_aws());
        let who = identity.as_ref().map_or_else(String::new, |identity| identity.fingerprint().to_owned());
        let (slot, new) = self.answers.place((spec.name.clone(), name.clone(), who));
        if new {
            let direct = matches!(key, Key::Direct(_));
            let request = Request { line: self.line.clone(), spec: spec.clone(), name, direct, identity };
            let promise = Promise(slot.clone());
            match self.runtime() {
                Ok(runtime) => drop(runtime.spawn(async move { promise.keep(request.run().await) })),
                Err(problem) => promise.keep(Err(problem)),
            }
        }
        Ok(Pending(slot))
    }

    /// A value.
    ///
    /// # Errors
    /// Those of [`Stores::start`] and [`Pending::wait`].
    pub fn read(&self, spec: &Spec, key: Key<'_>, identity: Option<Arc<dyn Identity>>) -> Outcome {
        self.start(spec, key, identity)?.wait()
    }

    /// Writes a value; whatever was there is replaced. Who reads it afterwards gets it.
    ///
    /// # Errors
    /// A key that is none, a value of null, a kind of store that is not built, and what the store says.
    pub async fn write(
        &self,
        spec: &Spec,
        key: Key<'_>,
        value: &Node,
        identity: Option<Arc<dyn Identity>>,
    ) -> Result<(), Problem> {
        if !spec.kind.is_built() {
            let reason = format!("stores of the kind `{}` are not built yet", spec.kind.name());
            let help = "use another kind of store";
            return Err(Problem::new(Fault::NotBuilt, reason, help).of(&spec.name));
        }
        let name = key.name(spec).map_err(|problem| problem.of(&spec.name))?;
        if value.is_null() {
            let reason = format!("the value of `{name}` cannot be null");
            return Err(Problem::new(Fault::Settings, reason, "write another value").of(&spec.name));
        }
        if spec.secret {
            register_secrets(value, &self.line.host.masker);
        }
        let text = value::encoded(spec, value);
        let identity = identity.filter(|_| spec.kind.is_aws());
        let write = Write { line: self.line.clone(), spec: spec.clone(), name: name.clone(), text, identity };
        // Connections belong to the runtime in which they were made.
        let done = self.runtime()?.spawn(async move { write.run().await }).await;
        self.answers.forget(|(store, known, _)| *store == spec.name && *known == name);
        done.unwrap_or_else(|error| Err(Problem::unreachable(error.to_string())))
            .map_err(|problem| problem.of(&spec.name))
    }

    fn runtime(&self) -> Result<&tokio::runtime::Runtime, Problem> {
        let make = || {
            let runtime = threads::runtime_with_thread();
            runtime.map_err(|error| Problem::unreachable(format!("no thread for requests: {error}")))
        };
        self.runtime.get_or_init(make).as_ref().map_err(Clone::clone)
    }
}

impl Drop for Stores {
    fn drop(&mut self) {
        if let Some(Ok(runtime)) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A value that is on its way.
#[derive(Debug)]
pub struct Pending(Arc<OnceLock<Outcome>>);

impl Pending {
    /// The value.
    ///
    /// # Errors
    /// It is missing, or the store cannot be read.
    pub fn wait(&self) -> Outcome {
        self.0.wait().clone()
    }
}

/// Fills the slot, whatever happens: somebody waits for it.
struct Promise(Arc<OnceLock<Outcome>>);

impl Promise {
    fn keep(&self, outcome: Outcome) {
        let _ = self.0.set(outcome);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.keep(Err(Problem::unreachable("the request was given up")));
    }
}

/// One request under way.
struct Request {
    line: Arc<Line>,
    spec: Spec,
    name: String,
    direct: bool,
    identity: Option<Arc<dyn Identity>>,
}

impl Request {
    async fn run(&self) -> Outcome {
        // It is never closed: without a place there is no limit.
        let _place = self.line.places.acquire().await.ok();
        tracing::debug!(store = self.spec.name, key = self.name, "reading from the store");
        let outcome = self.text().await.and_then(|text| value::decoded(&self.spec, self.direct, text));
        let node = outcome.map_err(|problem| problem.of(&self.spec.name))?;
        if self.spec.secret {
            register_secrets(&node, &self.line.host.masker);
        }
        Ok(node)
    }

    async fn text(&self) -> Result<String, Problem> {
        let (line, spec, name) = (&self.line, &self.spec, self.name.as_str());
        match spec.kind {
            Kind::Ssm | Kind::SecretsManager => aws::read(line, spec, name, self.identity.as_deref()).await,
            Kind::KeyVault => azure::read(line, spec, name).await,
            Kind::SecretManager => google::read(line, spec, name).await,
            Kind::Artifactory => artifactory::read(line, spec, name).await,
            Kind::Redis => redis::read(line, spec, name).await,
            Kind::Vault | Kind::OnePassword | Kind::Keychain | Kind::GitHubActions => Err(Problem::missing(name)),
        }
    }
}

/// One value on its way into a store.
struct Write {
    line: Arc<Line>,
    spec: Spec,
    name: String,
    text: Secret,
    identity: Option<Arc<dyn Identity>>,
}

impl Write {
    async fn run(&self) -> Result<(), Problem> {
        // It is never closed: without a place there is no limit.
        let _place = self.line.places.acquire().await.ok();
        let (line, spec, name) = (&self.line, &self.spec, self.name.as_str());
        tracing::debug!(store = spec.name, key = name, "writing to the store");
        let text = self.text.expose_secret();
        match spec.kind {
            Kind::Ssm | Kind::SecretsManager => aws::write(line, spec, name, text, self.identity.as_deref()).await,
            Kind::KeyVault => azure::write(line, spec, name, text).await,
            Kind::SecretManager => google::write(line, spec, name, text).await,
            Kind::Artifactory => artifactory::write(line, spec, name, text).await,
            Kind::Redis => redis::write(line, spec, name, text).await,
            Kind::Vault | Kind::OnePassword | Kind::Keychain | Kind::GitHubActions => Err(Problem::missing(name)),
        }
    }
}
