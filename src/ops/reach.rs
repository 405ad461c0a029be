//! What values ask for outside of the repository: states, outputs that terraform prints, facts of an identity. Each
//! distinct question is answered once for a command, whoever asks, and with the identity that the asker has a right to.
//!
//! Read the implementation of [`Reach`]. Row 12.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::runtime::Runtime;

use super::access::Access;
use super::auth::scope::lead;
use super::child::{self, Held};
use super::choice;
use super::identity::Choice;
use super::{App, provision, reading, terraform};
use crate::auth::aws::ambient::Ambient;
use crate::auth::aws::client::Clients;
use crate::auth::aws::endpoint::{Endpoints, Service};
use crate::auth::aws::organizations;
use crate::auth::aws::sts::{Caller, Sts};
use crate::auth::creds::AwsCredentials;
use crate::auth::given::Credentials;
use crate::auth::resolution::Need;
use crate::auth::{AuthConfig, Error as AuthError, IdentityName, Session, setting};
use crate::component::Instance;
use crate::diag::{Report, Result, Shared};
use crate::exec::Error as ExecError;
use crate::host::{Env, Http, Once, Profiles, chosen_profile, threads};
use crate::secret::Expose as _;
use crate::state::keeper::{self, Keeper};
use crate::state::{self, AwsFact, Failure, Outputs, Reach, Reader, Wish};
use crate::value::{Node, to_json};

/// Where AWS is asked when nobody says it.
const DEFAULT_REGION: &str = "us-east-1";

/// What waits for a service.
const WAITS: [&str; 5] = ["!terraform.state", "!aws.", "!store", "!secret", "atmos.Store"];
/// How many components may wait at once.
const WAITING: usize = 16;

type Answer<T> = std::result::Result<T, Failure>;

/// What was asked already, and what asking needs.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// Made by the first question: a command that asks nothing has none.
    runtime: OnceLock<Runtime>,
    ways: OnceLock<Ways>,
    states: Once<String, Answer<Arc<Outputs>>>,
    printed: Once<String, Answer<Arc<Outputs>>>,
    callers: Once<String, Answer<Caller>>,
    organizations: Once<String, Answer<String>>,
    /// Guard rails that hold for one component and who reads it.
    guarded: Once<String, Answer<()>>,
    owners: Mutex<HashMap<(String, String), Arc<Owner>>>,
    /// One terraform at a time, as in runs of many components.
    turn: tokio::sync::Mutex<()>,
}

impl Outside {
    /// Forgets the outputs of a component.
    pub(super) fn forget(&self, component: &str, stack: &str) {
        let prefix = format!("{stack}\0{component}\0");
        self.states.forget(|key| key.starts_with(&prefix));
        self.printed.forget(|key| key.starts_with(&prefix));
    }
}

#[derive(Debug)]
struct Ways {
    http: Http,
    clients: Clients,
}

/// Who somebody is.
#[derive(Debug)]
struct Owner {
    instance: Instance,
    session: Session,
    settings: Arc<AuthConfig>,
    /// `None`: nobody, the environment is as it is.
    name: Option<IdentityName>,
    /// The same for equal chains, whatever they are called.
    fingerprint: String,
}

/// A bucket that is no backend.
pub(super) struct Shelf<'s> {
    app: &'s App,
    around: Surroundings,
    settings: &'s Node,
    folder: PathBuf,
}

impl Shelf<'_> {
    pub(super) fn reader(&self) -> Reader<'_> {
        let ways = self.app.ways();
        Reader {
            host: &self.app.host,
            http: &ways.http,
            clients: &ways.clients,
            env: &self.around.env,
            credentials: self.around.credentials.as_ref(),
            s3_endpoint: self.around.s3.as_deref(),
            sts_endpoint: self.around.sts.as_deref(),
            folder: &self.folder,
            workspace: "",
            kind: "s3",
            settings: self.settings,
        }
    }
}

/// An environment with credentials, and where the services of AWS are reached by it.
struct Surroundings {
    env: Env,
    credentials: Option<AwsCredentials>,
    region: Option<String>,
    s3: Option<String>,
    sts: Option<String>,
    organizations: Option<String>,
}

impl Reach for App {
    fn state(&self, component: &Instance, owner: &Instance, wish: &Wish) -> Answer<Arc<Outputs>> {
        // The other backends know nothing of identities.
        let owner = if is_of_aws(component) {
            self.guard(component, owner, wish, setting::READ)?;
            if !is_same(component, owner) {
                self.guard(owner, owner, wish, setting::READ)?;
            }
            Some(self.owner(owner, wish)?)
        } else {
            None
        };
        let sections = &component.sections;
        let who = owner.as_ref().map_or("", |owner| &owner.fingerprint);
        let key = format!(
            "{}\0{}\0{}\0{}\0{}\0{who}",
            component.stack,
            component.name,
            component.workspace,
            sections.backend_type,
            to_json(&sections.backend)
        );
        self.outside.states.get(key, || self.wait(|| abortable(self.read(component, owner.as_deref()))))
    }

    fn terraform(&self, component: &Instance, owner: &Instance, wish: &Wish, what: &str) -> Answer<Arc<Outputs>> {
        if !component.enabled || component.abstract_ {
            return Ok(Arc::default());
        }
        if !is_same(component, owner) {
            // Those of the owner hold when terraform is started.
            self.guard(component, owner, wish, "output")?;
        }
        let known = self.owner(owner, wish)?;
        let key = format!("{}\0{}\0{}", component.stack, component.name, known.fingerprint);
        self.outside.printed.get(key, || {
            self.wait(|| async {
                let _turn = self.outside.turn.lock().await;
                self.host.talk.info(format!("Fetching {what} from {} in {}", component.name, component.stack));
                let outputs = Box::pin(terraform::printed_outputs(self, component, owner, wish)).await?;
                Ok(Arc::new(outputs))
            })
        })
    }

    fn aws(&self, fact: AwsFact, owner: &Instance, wish: &Wish) -> Answer<String> {
        // The region is known without credentials; whoever asks for the rest does so as somebody.
        if fact != AwsFact::Region {
            self.guard(owner, owner, wish, setting::READ)?;
        }
        let owner = self.owner(owner, wish)?;
        let key = owner.fingerprint.clone();
        let caller = || {
            self.outside.callers.get(key.clone(), || self.wait(|| abortable(async { Ok(self.caller(&owner).await?) })))
        };
        match fact {
            AwsFact::Region => Ok(self.region(&owner)?),
            AwsFact::AccountId => caller().map(|caller| caller.account),
            AwsFact::Arn => caller().map(|caller| caller.arn),
            AwsFact::UserId => caller().map(|caller| caller.user_id),
            AwsFact::OrganizationId => {
                let ask = || self.wait(|| abortable(async { Ok(self.organization(&owner).await?) }));
                self.outside.organizations.get(key.clone(), ask)
            }
        }
    }
}

/// What is done to what keeps states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Look,
    Make,
    Remove,
}

/// Whether both are one component of one stack.
pub(super) fn is_same(one: &Instance, other: &Instance) -> bool {
    (&one.name, &one.stack) == (&other.name, &other.stack)
}

fn is_of_aws(component: &Instance) -> bool {
    component.sections.backend_type == "s3"
}

impl App {
    /// Evaluates many components: on more threads than there are processors where values may wait for somebody.
    pub(super) fn evaluate_many<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if self.host.sources.mention(&WAITS)
            && let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(WAITING).build()
        {
            return pool.install(work);
        }
        work()
    }

    /// Runs work that waits, on a thread of its own: the caller may be inside of a runtime already, or be one of the
    /// threads that evaluate.
    fn wait<T, F>(&self, work: impl FnOnce() -> F + Send) -> Answer<T>
    where
        T: Send,
        F: Future<Output = Answer<T>>,
    {
        let runtime = self.runtime().map_err(|cause| ExecError::Signals { source: cause })?;
        let run = || runtime.block_on(work());
        let stopped = || AuthError::Worker { reason: "a question to the outside ended early".to_owned() };
        let done = threads::aside(run).map_err(|cause| ExecError::Signals { source: cause })?;
        done.unwrap_or_else(|| Err(stopped().into()))
    }

    /// The same for work whose failure is an error of its own.
    pub(super) fn aside<T, E, F>(&self, work: impl FnOnce() -> F + Send) -> Result<T>
    where
        T: Send,
        E: Into<Report>,
        F: Future<Output = std::result::Result<T, E>>,
    {
        let runtime = self.runtime().map_err(|cause| ExecError::Signals { source: cause })?;
        let run = || runtime.block_on(async { work().await.map_err(Into::into) });
        let stopped = || AuthError::Worker { reason: "work on a thread of its own ended early".to_owned() };
        let done = threads::aside(run).map_err(|cause| ExecError::Signals { source: cause })?;
        done.unwrap_or_else(|| Err(stopped().into()))
    }

    fn runtime(&self) -> std::io::Result<&Runtime> {
        if let Some(runtime) = self.outside.runtime.get() {
            return Ok(runtime);
        }
        let runtime = threads::runtime()?;
        Ok(self.outside.runtime.get_or_init(|| runtime))
    }

    fn ways(&self) -> &Ways {
        self.outside.ways.get_or_init(|| Ways { http: Http::new(&self.host.env), clients: Clients::new(&self.host) })
    }

    /// That a component may be read as whoever `owner` is, found out once.
    fn guard(&self, component: &Instance, owner: &Instance, wish: &Wish, operation: &str) -> Answer<()> {
        let key = [&*component.stack, &*component.name, &*owner.stack, &*owner.name, operation].join("\0");
        let check =
            || self.wait(|| abortable(async { Ok(self.check_reading(component, owner, wish, operation).await?) }));
        self.outside.guarded.get(key, check)
    }

    async fn check_reading(&self, component: &Instance, owner: &Instance, wish: &Wish, operation: &str) -> Result<()> {
        let checked = reading::check(self, component, owner, wish, operation).await;
        let access = self.access()?;
        checked.map_err(|report| lead(self, &access, owner, report))
    }

    /// That somebody may do something beside a run as a component, within its guard rails.
    ///
    /// # Errors
    /// As [`reading::check`].
    pub(super) fn may_act_as(&self, component: &Instance, wish: &Wish) -> Result<()> {
        match self.guard(component, component, wish, setting::READ) {
            Ok(()) | Err(Failure::NotProvisioned) => Ok(()),
            Err(Failure::Failed(report)) => Err(Shared(report).into()),
        }
    }

    /// Who a component is, found out once.
    fn owner(&self, instance: &Instance, wish: &Wish) -> Result<Arc<Owner>> {
        let key = (instance.name.clone(), instance.stack.clone());
        let known = || self.outside.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = known().get(&key) {
            return Ok(owner.clone());
        }
        let access = self.access()?;
        let settings = Arc::new(AuthConfig::read(choice::auth_section(self, instance)));
        let need = need(wish);
        let choice = choice::choose(&access, instance, &settings, &wish.flag, need, setting::READ)?;
        let session = access.session.with_settings(settings.clone());
        let (name, fingerprint) = match choice {
            Choice::Disabled(_) | Choice::None => (None, String::new()),
            Choice::Identity { name, .. } => {
                let fingerprint = session.fingerprint_of(&name)?.as_str().to_owned();
                (Some(name), fingerprint)
            }
        };
        let owner = Arc::new(Owner { instance: instance.clone(), session, settings, name, fingerprint });
        Ok(known().entry(key).or_insert(owner).clone())
    }

    /// What keeps the states of a component, as whoever the component runs as: what there was, and how many versions of
    /// objects have gone.
    pub(super) async fn keeper(
        &self,
        component: &Instance,
        wish: &Wish,
        deed: Deed,
    ) -> Result<(Keeper, Option<usize>)> {
        self.may_act_as(component, wish)?;
        let owner = self.owner(component, wish)?;
        let access = self.access()?;
        let around = self.surroundings(&access, &component.sections.env, Some(&owner), true).await?;
        let folder = self.state_folder(component);
        let reader = self.reader(component, &around, &folder);
        Ok(match deed {
            Deed::Look => (keeper::look(&reader).await?, None),
            Deed::Make => (keeper::make(&reader).await?, None),
            Deed::Remove => keeper::remove(&reader).await?,
        })
    }

    /// What a question to a bucket that is no backend needs: the way to it as a component's identity, or as whoever the
    /// environment names.
    ///
    /// # Errors
    /// Nobody can tell as whom, or signing in fails.
    pub(super) async fn shelf<'s>(
        &'s self,
        component: Option<(&Instance, &Wish)>,
        settings: &'s Node,
    ) -> Result<Shelf<'s>> {
        let owner = match component {
            Some((instance, wish)) => {
                self.may_act_as(instance, wish)?;
                Some(self.owner(instance, wish)?)
            }
            None => None,
        };
        let access = self.access()?;
        let env = component.map(|(instance, _)| &instance.sections.env);
        let nothing = Node::default();
        let around = self.surroundings(&access, env.unwrap_or(&nothing), owner.as_deref(), true).await?;
        Ok(Shelf { app: self, around, settings, folder: PathBuf::new() })
    }

    fn reader<'a>(&'a self, component: &'a Instance, around: &'a Surroundings, folder: &'a PathBuf) -> Reader<'a> {
        Reader {
            host: &self.host,
            http: &self.ways().http,
            clients: &self.ways().clients,
            env: &around.env,
            credentials: around.credentials.as_ref(),
            s3_endpoint: around.s3.as_deref(),
            sts_endpoint: around.sts.as_deref(),
            folder,
            workspace: &component.workspace,
            kind: &component.sections.backend_type,
            settings: &component.sections.backend,
        }
    }

    /// Reads the state of a component, whose backend is evaluated.
    async fn read(&self, component: &Instance, owner: Option<&Owner>) -> Answer<Arc<Outputs>> {
        let access = self.access()?;
        let around = self.surroundings(&access, &component.sections.env, owner, is_of_aws(component)).await?;
        let folder = self.state_folder(component);
        let reader = self.reader(component, &around, &folder);
        tracing::debug!(
            component = component.name,
            stack = component.stack,
            place = state::place(&reader),
            "reading a state"
        );
        match state::read(reader).await? {
            Some(outputs) => Ok(Arc::new(outputs)),
            None => Err(Failure::NotProvisioned),
        }
    }

    /// Where terraform would run: the folder of the component, or the one that is made for the instance.
    fn state_folder(&self, component: &Instance) -> PathBuf {
        if provision::wants_workdir(component) {
            return provision::path(&self.config, component.kind.key(), &component.name, &component.stack);
        }
        component.path(&self.config).unwrap_or_default()
    }

    async fn surroundings(
        &self,
        access: &Access,
        component_env: &Node,
        owner: Option<&Owner>,
        with_credentials: bool,
    ) -> Result<Surroundings> {
        let mut env = child::environment(self, component_env, &Held::default());
        let mut credentials = None;
        let mut identity = None;
        let mut chain = None;
        if let Some((owner, name)) = owner.and_then(|owner| Some((owner, owner.name.as_ref()?))) {
            if with_credentials {
                let given = access.given(&owner.session, name).await;
                match given.map_err(|report| lead(self, access, &owner.instance, report))? {
                    Credentials::Aws(keys) => credentials = Some(keys),
                    // What reads a state of another cloud looks there, as terraform does.
                    Credentials::Environment(given) => {
                        for variable in &given.variables {
                            env.set(&variable.name, variable.value.expose_secret());
                        }
                    }
                }
            }
            identity = owner.settings.identity(name.as_str());
            for (name, value) in identity.into_iter().flat_map(|identity| &identity.env) {
                env.change(name, value.as_deref());
            }
            chain = Some(owner.session.chain(name)?);
        }
        let provider = chain.as_ref().and_then(|chain| chain.provider.as_ref()).map(|provider| &provider.spec);
        let endpoints = Endpoints::new(&env);
        let endpoint =
            |service| endpoints.resolve(service, identity.map(|identity| &identity.spec), provider, &self.host.talk);
        let own = credentials.as_ref().and_then(|credentials| credentials.region.clone());
        let configured = || chain.as_ref()?.region(chain.as_ref()?.identities.len() - 1).map(str::to_owned);
        let variable = || env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION")).map(str::to_owned);
        let by_profile = || Profiles::read(&env, &self.host.cwd).region(chosen_profile(&env)).map(str::to_owned);
        let found = own.or_else(configured).or_else(variable);
        let region = if identity.is_none() { found.or_else(by_profile) } else { found };
        let (s3, sts, organizations) =
            (endpoint(Service::S3)?, endpoint(Service::Sts)?, endpoint(Service::Organizations)?);
        Ok(Surroundings { env, credentials, region, s3, sts, organizations })
    }

    /// Environment and credentials of an identity for questions to AWS.
    async fn signer(&self, owner: &Owner) -> Result<(Surroundings, AwsCredentials, String)> {
        let access = self.access()?;
        let around = self.surroundings(&access, &Node::default(), Some(owner), true).await?;
        let region = around.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned());
        if let Some(credentials) = around.credentials.clone() {
            return Ok((around, credentials, region));
        }
        let profiles = Profiles::read(&around.env, &self.host.cwd);
        let ambient = Ambient {
            host: &self.host,
            env: &around.env,
            http: &self.ways().http,
            clients: &self.ways().clients,
            region: &region,
            sts_endpoint: around.sts.as_deref(),
            profiles: &profiles,
            machine: None,
        };
        let credentials = ambient.credentials(None).await?;
        Ok((around, credentials, region))
    }

    async fn caller(&self, owner: &Owner) -> Result<Caller> {
        let (around, credentials, region) = self.signer(owner).await?;
        let clients = &self.ways().clients;
        let sts = Sts { host: &self.host, clients, region: &region, endpoint: around.sts.as_deref() };
        Ok(sts.caller(&credentials).await?)
    }

    async fn organization(&self, owner: &Owner) -> Result<String> {
        let (around, credentials, region) = self.signer(owner).await?;
        let endpoint = around.organizations.as_deref();
        Ok(organizations::id(&self.host, &self.ways().http, endpoint, &region, &credentials).await?)
    }

    /// The region that the tools of an identity would use. Nobody is asked for that.
    fn region(&self, owner: &Owner) -> Result<String> {
        let none = || state::Error::Refused {
            place: "the AWS region".to_owned(),
            answer: "nobody says which one is meant".to_owned(),
            help: "set `region` of the identity, or AWS_REGION".to_owned(),
        };
        if let Some(name) = &owner.name
            && let Some(region) = owner.session.outline(name)?.region
        {
            return Ok(region);
        }
        let env = &self.host.env;
        let variable = env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION")).map(str::to_owned);
        let by_profile = || Profiles::read(env, &self.host.cwd).region(chosen_profile(env)).map(str::to_owned);
        variable.or_else(by_profile).ok_or_else(none).map_err(Report::from)
    }
}

/// Ctrl-C ends the work, which has no child.
async fn abortable<T>(work: impl Future<Output = Answer<T>>) -> Answer<T> {
    tokio::select! {
        answer = work => answer,
        Ok(()) = tokio::signal::ctrl_c() => Err(AuthError::Aborted.into()),
    }
}

/// Whether somebody has to be somebody.
pub(super) fn need(wish: &Wish) -> Need {
    if wish.runs { Need::Run } else { Need::Optional }
}
