//! `atmos auth …`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::auth_look::{AuthDoctorArgs, AuthExplainArgs, RefreshArgs};

/// Stands for `--identity` without a value: let the user choose.
pub const SELECT: &str = "\u{1}select";

/// `--identity`, wherever a command takes it.
#[derive(Debug, Clone, Default, Args)]
pub struct IdentityArgs {
    /// Identity; without a value choose from a list, `false` switches authentication off [env: ATMOS_IDENTITY]
    #[arg(short, long, value_name = "NAME", num_args = 0..=1, default_missing_value = SELECT)]
    pub identity: Option<String>,
}

/// `--stack` and `--component` of `auth` commands.
#[derive(Debug, Clone, Default, Args)]
pub struct AuthScopeArgs {
    /// Stack whose `auth` section counts too, as in a run there
    #[arg(short, long, value_name = "NAME")]
    pub stack: Option<String>,

    /// Component of that stack whose `auth` section and setting count too
    #[arg(short, long, value_name = "NAME", requires = "stack")]
    pub component: Option<String>,
}

#[derive(Debug, Args)]
pub struct AuthArgs {
    #[command(subcommand)]
    pub command: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Authenticate to cloud providers using an identity defined in atmos.yaml
    Login(LoginArgs),
    #[command(about = "Display information about the current effective authentication principal.")]
    Whoami(WhoamiArgs),
    /// Outputs environment variables for the assumed identity
    Env(EnvArgs),
    #[command(
        about = "Execute a command with the authenticated identity's environment variables set.",
        long_about = "Execute a command with the authenticated identity's environment variables set.\n\nIt gets \
                      ATMOS_IDENTITY too, so that an atmos inside runs everything as this identity, whatever the \
                      components say."
    )]
    Exec(ExecArgs),
    /// Print credentials in the form that `credential_process` of an AWS config wants
    Process(ProcessArgs),
    /// List providers, identities and integrations, as a tree unless told otherwise
    #[command(visible_alias = "tree")]
    List(ListArgs),
    /// Validate the authentication configuration in atmos.yaml: exit 0 without errors (warnings do not count), 2 when the
    /// principal of an identity is among what is wrong, else 1
    Validate(ValidateArgs),
    /// Remove cached credentials and tell the portal
    Logout(LogoutArgs),
    /// Start a shell in the environment of an identity
    Shell(super::AuthShellArgs),
    /// Open the web console of AWS as an identity
    Console(super::ConsoleArgs),
    /// Store, import and rotate the access keys of identities of kind aws/user
    User(super::UserArgs),
    #[command(
        about = "Make an `auth` section of what another tool knows: its files are read, and stay as they are",
        long_about = "Make an `auth` section of what another tool knows: its files are read, and stay as they are.\n\nThe section is \
                      printed as YAML without any secret; what is skipped, and what is left to be done, goes to standard \
                      error."
    )]
    Import(super::AuthImportArgs),
    /// Move what a keyring holds into another one
    Keyring(super::KeyringArgs),
    /// What an identity provider of kind aws/saml offers
    Saml(super::SamlArgs),
    /// Say who a component is, which file and line chose that, what it overrides, and how credentials get to it
    Explain(AuthExplainArgs),
    #[command(
        about = "Answer git when it wants a password: for the hosts of integrations of kind git/credentials",
        long_about = "Answer git when it wants a password: for the hosts of integrations of kind git/credentials, and for no \
                      others.\n\nGit calls it, with its question on standard input. Runs as an identity have it set up already; \
                      elsewhere: git config --global credential.https://HOST.helper '!atmos auth git-credential' (and \
                      credential.https://HOST.useHttpPath true)."
    )]
    GitCredential(GitCredentialArgs),
    /// Renew cached credentials now; signs nobody in
    Refresh(RefreshArgs),
    /// Look at everything that authentication needs here, and say what is wrong
    Doctor(AuthDoctorArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct LoginArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// Log in to this provider only
    #[arg(short, long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Log in to every identity, or to every one of the provider or tags; one sign-in for each portal
    #[arg(long, conflicts_with = "identity")]
    pub all: bool,

    /// Log in to the identity that carries one of these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,

    /// Ignore what is cached
    #[arg(long)]
    pub force: bool,

    /// List again what the portal offers, where the provider has `auto_provision_identities`
    #[arg(long)]
    pub refresh: bool,

    /// Do not open a browser: show a code that any browser confirms
    #[arg(long)]
    pub no_browser: bool,

    /// Sign in by the browser, for identities of kind aws/user
    #[arg(long, conflicts_with = "provider")]
    pub webflow: bool,
    /// Longest time to wait for the sign-in, for example 2m
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
}

#[derive(Debug, Args)]
pub struct WhoamiArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// json for a machine
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,

    /// Every identity, as the cache knows it; signs nobody in
    #[arg(long, conflicts_with = "identity")]
    pub all: bool,

    /// Ask the cloud even when the answer is cached
    #[arg(long)]
    pub verify: bool,

    /// Exit 1 when the credentials are not valid, or when there are none
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Debug, Args)]
pub struct EnvArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// bash, zsh, fish, powershell, cmd, dotenv, env, github or json [env: ATMOS_AUTH_ENV_FORMAT] [default: bash]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Write to this file, mode 0600 [env: ATMOS_AUTH_ENV_OUTPUT_FILE]
    #[arg(short, long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,

    /// Authenticate first when nothing valid is cached
    #[arg(long)]
    pub login: bool,

    /// With --login: what credentials must have left, for example 30m
    #[arg(long, value_name = "DURATION", requires = "login")]
    pub min_ttl: Option<String>,

    /// process (paths to a config without keys) or env (the keys themselves)
    #[arg(long, value_name = "DELIVERY")]
    pub delivery: Option<String>,
}

#[derive(Debug, Args)]
pub struct ExecArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// How the child gets its credentials: process, files, endpoint or env
    #[arg(long, value_name = "DELIVERY")]
    pub delivery: Option<String>,

    /// What credentials must have left, for example 30m
    #[arg(long, value_name = "DURATION")]
    pub min_ttl: Option<String>,

    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct ProcessArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// Ask the run that listens here instead of the cache
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// The realm, for a line in a file that outlives this environment; like ATMOS_AUTH_REALM
    #[arg(long, value_name = "REALM")]
    pub realm: Option<String>,

    /// Fingerprint of the chain that is meant, for a line in a file: nobody else is given out by that line
    #[arg(long, value_name = "FINGERPRINT")]
    pub chain: Option<String>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// tree, table, json, yaml, graphviz, mermaid or markdown [default: tree]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Only providers, or only these
    #[arg(long, value_name = "NAMES", num_args = 0..=1, default_missing_value = "", require_equals = true, conflicts_with = "identities")]
    pub providers: Option<String>,

    /// Only identities, or only these
    #[arg(long, value_name = "NAMES", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub identities: Option<String>,

    /// Only what carries one of these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub tags: Vec<String>,
}

#[derive(Debug, Args)]
pub struct GitCredentialArgs {
    /// get; git says store and erase too, which change nothing
    #[arg(value_name = "OPERATION")]
    pub operation: String,

    #[command(flatten)]
    pub identity: IdentityArgs,

    /// Realm of who wrote the settings of git
    #[arg(long, hide = true)]
    pub realm: Option<String>,
}

#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Check the identity of every component of every stack too
    #[arg(long)]
    pub stacks: bool,

    /// text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// Identity to forget
    #[arg(value_name = "IDENTITY")]
    pub name: Option<String>,

    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// Forget this provider, its token and all its identities
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Forget the identities that carry one of these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',', conflicts_with_all = ["name", "identity", "provider", "all"])]
    pub tags: Vec<String>,

    /// Forget everything of this realm
    #[arg(long)]
    pub all: bool,

    /// Forget everything of this user, whatever the project
    #[arg(long)]
    pub all_realms: bool,

    /// Remove keys of users from the keyring too; asks first
    #[arg(long)]
    pub keychain: bool,

    /// Do not ask
    #[arg(long)]
    pub force: bool,

    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
}
