//! The command table.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, FromArgMatches, Parser, Subcommand};

use super::{
    AtlantisArgs, AuthArgs, AwsArgs, AzureArgs, CompletionArgs, ConfigArgs, DescribeArgs, DocsArgs, DoctorArgs,
    EnvironmentArgs, ExplainArgs, GcpArgs, GlobalArgs, HelmfileArgs, ListArgs, ManArgs, PackerArgs, ProfileArgs,
    StackArgs, TerraformArgs, ThemeArgs, ValidationArgs, VendoringArgs, WorkflowArgs,
};

/// Stacks, cloud identities and isolated runs for Terraform/OpenTofu and Helmfile.
#[derive(Debug, Parser)]
#[command(name = "atmos", disable_version_flag = true, disable_help_subcommand = false, infer_long_args = false)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,

    /// Display the Atmos CLI version
    #[arg(long, help_heading = None)]
    pub version: bool,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Built-in commands that the reference does not have: a command of the configuration with such a name goes first.
pub const OWN: [&str; 2] = ["doctor", "explain"];

/// One line for each command: its sentence in the help, the variant with its arguments, and its names.
///
/// Clap's derive would build the flags of every command on every start, and that was half of a start. Here a command
/// is only its names and its sentence until [`Command::with_flags`] adds the rest to the one that is called.
macro_rules! commands {
    ($(#[doc = $about:literal] $variant:ident $(($args:ty))? = $name:literal $(or $alias:literal)?;)+) => {
        #[derive(Debug)]
        pub enum Command {
            $(#[doc = $about] $variant $(($args))?,)+
            /// Commands of the reference that are not built yet, and unknown ones.
            Other(Vec<OsString>),
        }

        impl Subcommand for Command {
            fn augment_subcommands(root: clap::Command) -> clap::Command {
                root.allow_external_subcommands(true)
                    .external_subcommand_value_parser(clap::value_parser!(OsString))
                    $(.subcommand(
                        clap::Command::new($name).about($about.trim_start())$(.visible_alias($alias))?
                    ))+
            }

            fn augment_subcommands_for_update(root: clap::Command) -> clap::Command {
                Self::augment_subcommands(root)
            }

            /// Every word names a command here, known or not.
            fn has_subcommand(_: &str) -> bool {
                true
            }
        }

        impl FromArgMatches for Command {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                Self::from_arg_matches_mut(&mut matches.clone())
            }

            fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
                let Some((name, mut below)) = matches.remove_subcommand() else {
                    return Err(clap::Error::new(ErrorKind::MissingSubcommand));
                };
                Ok(match name.as_str() {
                    $($name => Self::$variant $((<$args as FromArgMatches>::from_arg_matches_mut(&mut below)?))?,)+
                    _ => {
                        let rest = below.remove_many::<OsString>("").into_iter().flatten();
                        Self::Other(std::iter::once(OsString::from(name)).chain(rest).collect())
                    }
                })
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }

        impl Command {
            /// A command at the top with its flags and the commands below it.
            pub fn with_flags(command: clap::Command) -> clap::Command {
                // Its own sentence goes before the one of the type of its arguments.
                let about = command.get_about().cloned().unwrap_or_default();
                match command.get_name() {
                    $($name => { $(let command = <$args as Args>::augment_args(command);)? command.about(about) })+
                    _ => command,
                }
            }
        }
    };
}

commands! {
    /// Run Terraform or OpenTofu on a component in a stack
    Terraform(TerraformArgs) = "terraform" or "tf";
    /// Run Helmfile on a component in a stack
    Helmfile(HelmfileArgs) = "helmfile" or "hf";
    /// Run Packer on a component in a stack
    Packer(PackerArgs) = "packer" or "pk";
    /// Generate files for Atlantis
    Atlantis(AtlantisArgs) = "atlantis";
    /// Log in to clouds and hand out credentials of the identities in the configuration
    Auth(AuthArgs) = "auth";
    /// Logins of registries, tokens and kubeconfigs of clusters on AWS
    Aws(AwsArgs) = "aws";
    /// Logins of registries, tokens and kubeconfigs of clusters on Azure
    Azure(AzureArgs) = "azure";
    /// Tokens and kubeconfigs of clusters on Google Cloud
    Gcp(GcpArgs) = "gcp";
    /// Show what a component or all stacks amount to
    Describe(DescribeArgs) = "describe";
    /// Show which file and line set a value of a component, and what it overrides
    Explain(ExplainArgs) = "explain";
    /// List stacks and components
    List(ListArgs) = "list";
    /// Run a workflow: steps of atmos and of the shell, one after the other
    Workflow(WorkflowArgs) = "workflow";
    /// Copy components from elsewhere into the repository, and keep them as they were copied
    Vendor(VendoringArgs) = "vendor";
    /// Check the configuration
    Validate(ValidationArgs) = "validate";
    /// Show what is found here: configuration, policies, programs, keyring, stacks; nothing is changed
    Doctor(DoctorArgs) = "doctor";
    /// Read, set and delete values of the configuration, check it, print its JSON Schema
    Config(ConfigArgs) = "config";
    /// Read, set and delete values of components in manifests; print the JSON Schema of manifests
    Stack(StackArgs) = "stack";
    /// Show the profiles of the configuration
    Profile(ProfileArgs) = "profile";
    /// Print the variables of `env` in the configuration
    Env(EnvironmentArgs) = "env";
    /// Show the README of a component, or open the documentation
    Docs(DocsArgs) = "docs";
    /// Show the themes of the terminal
    Theme(ThemeArgs) = "theme";
    /// Print the completion script of a shell
    Completion(CompletionArgs) = "completion";
    /// Write the manual pages
    Man(ManArgs) = "man";
    /// Print the version
    Version(VersionArgs) = "version";
    /// Say what atmos is
    About = "about";
    /// Say where to get help
    Support = "support";
}

#[derive(Debug, Args)]
pub struct VersionArgs {
    /// Accepted: nothing is looked up over the network
    #[arg(short, long)]
    pub check: bool,

    /// json or yaml
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}
