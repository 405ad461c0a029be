//! Arguments of `atmos auth shell | console | user | keyring | saml`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::auth::{AuthScopeArgs, IdentityArgs};

#[derive(Debug, Args)]
pub struct AuthShellArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// The shell [env: ATMOS_SHELL, SHELL] [default: bash, then sh]
    #[arg(long, value_name = "PROGRAM")]
    pub shell: Option<String>,

    /// How the shell gets its credentials: process, files, endpoint or env
    #[arg(long, value_name = "DELIVERY")]
    pub delivery: Option<String>,

    /// What credentials must have left, for example 30m
    #[arg(long, value_name = "DURATION")]
    pub min_ttl: Option<String>,

    /// Arguments of the shell; without any it is a login shell
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct ConsoleArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// Address of the console, or the name of a service (s3, ec2, iam, …)
    #[arg(long, value_name = "PAGE")]
    pub destination: Option<String>,

    /// Length of the session, 15m to 12h [default: of the provider, else 1h]
    #[arg(long, value_name = "DURATION")]
    pub duration: Option<String>,

    /// Who is named as the issuer of the session [default: atmos]
    #[arg(long, value_name = "NAME")]
    pub issuer: Option<String>,

    /// Print the address and nothing else; it is a secret for 15 minutes
    #[arg(long)]
    pub print_only: bool,

    /// Do not open a browser
    #[arg(long)]
    pub no_open: bool,

    /// Use a browser with a profile of its own for this identity
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub isolated: Option<bool>,
}

#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    pub command: UserCommand,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Configure static AWS user credentials: they are asked for, checked, and stored securely in keyring
    Configure(ConfigureArgs),
    /// Store an access key from standard input, a file, the environment, an AWS profile, aws-vault or the Go version of atmos
    Import(ImportArgs),
    /// Make a new access key, check it, use it from now on and remove the old one
    Rotate(RotateArgs),
}

#[derive(Debug, Args)]
pub struct KeyArgs {
    /// ARN of the MFA device
    #[arg(long, value_name = "ARN")]
    pub mfa_arn: Option<String>,

    /// Length of the sessions: seconds, or 8h, 1d
    #[arg(long, value_name = "DURATION")]
    pub session_duration: Option<String>,

    /// Store the key without asking AWS whose it is
    #[arg(long)]
    pub no_verify: bool,
}

#[derive(Debug, Args)]
pub struct ConfigureArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    #[command(flatten)]
    pub key: KeyArgs,

    /// Read JSON from standard input instead of asking
    #[arg(long)]
    pub from_stdin: bool,
}

#[derive(Debug, Args)]
#[group(id = "origin", required = true, multiple = false, args = ["from_stdin", "from_env", "from_file", "from_profile", "from_reference", "from_aws_vault"])]
pub struct ImportArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    #[command(flatten)]
    pub key: KeyArgs,

    /// JSON or CSV on standard input
    #[arg(long)]
    pub from_stdin: bool,

    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long)]
    pub from_env: bool,

    /// JSON, or the CSV file of the console
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,

    /// A profile of ~/.aws/credentials
    #[arg(long, value_name = "NAME")]
    pub from_profile: Option<String>,

    /// What the Go version of atmos keeps in the keyring of the system or of files; it stays there
    #[arg(long)]
    pub from_reference: bool,

    /// What the file keyring of aws-vault has for this profile (AWS_VAULT_FILE_DIR, AWS_VAULT_FILE_PASSPHRASE)
    #[arg(long, value_name = "PROFILE")]
    pub from_aws_vault: Option<String>,
}

#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub scope: AuthScopeArgs,
}

#[derive(Debug, Args)]
pub struct KeyringArgs {
    #[command(subcommand)]
    pub command: KeyringCommand,
}

#[derive(Debug, Subcommand)]
pub enum KeyringCommand {
    /// Move the key of the cache and the access keys of users into another keyring
    Migrate(MigrateArgs),
}

#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// system, kernel or file, or `reference`: access keys that the Go version of atmos keeps [default: the keyring in force]
    #[arg(long, value_name = "TYPE")]
    pub from: Option<String>,

    /// system, kernel or file
    #[arg(long, value_name = "TYPE")]
    pub to: String,

    /// Leave everything in the old keyring too
    #[arg(long)]
    pub keep: bool,

    /// Replace what the new keyring has already
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct SamlArgs {
    #[command(subcommand)]
    pub command: SamlCommand,
}

#[derive(Debug, Subcommand)]
pub enum SamlCommand {
    /// List the roles that the identity provider offers to who signs in
    Roles(SamlRolesArgs),
}

#[derive(Debug, Args)]
pub struct SamlRolesArgs {
    /// Provider of kind aws/saml; needed where there are several
    #[arg(short, long, value_name = "NAME")]
    pub provider: Option<String>,

    #[command(flatten)]
    pub scope: AuthScopeArgs,

    /// table or json [default: table]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// How long to wait for the sign-in, for example 2m
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
}
