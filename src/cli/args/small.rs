//! Commands that show something small: the configuration, its variables, profiles and themes, documentation.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ColumnArgs, FormatArgs, PlainListArgs, ValidateStacksArgs};

#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// bash, zsh, fish or powershell
    #[arg(value_name = "SHELL")]
    pub shell: String,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for a page per command; without it the page of `atmos` goes to stdout
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DocsArgs {
    /// Component whose README is shown, or `generate` and an entry of `docs.generate`; alone it opens the documentation
    #[arg(value_name = "COMPONENT", num_args = 0..)]
    pub words: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct EnvironmentArgs {
    /// bash, json, dotenv or github [default: bash]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Append to this file instead of printing [default with github: $GITHUB_ENV]
    #[arg(short, long, value_name = "FILE")]
    pub output_file: Option<PathBuf>,

    /// With bash: `export` before each variable [default: true]
    #[arg(long)]
    pub export: Option<bool>,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a value of the configuration that is in force, for example `logs.level`
    Get(PathArgs),
    /// Set a value in atmos.yaml; comments, order and layout of the file stay
    Set(SetArgs),
    /// Remove a value from atmos.yaml
    #[command(aliases = ["del", "unset"])]
    Delete(KeyPathArgs),
    /// Lay atmos.yaml out anew: indentation and blanks; comments, anchors and order stay
    #[command(alias = "fmt")]
    Format(LayoutArgs),
    /// List the keys that the files of the configuration set
    List(KeysArgs),
    /// Print the JSON Schema of atmos.yaml
    Schema,
    /// Check the files of the configuration against their JSON Schema
    Validate,
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct PathArgs {
    /// Path of the key, with dots between its parts
    #[arg(value_name = "PATH")]
    pub path: String,

    /// yaml or json [default: yaml]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct KeyPathArgs {
    /// Path of the key, with dots between its parts: `logs.level`, `stacks.included_paths[0]`
    #[arg(value_name = "PATH")]
    pub path: String,
}

#[derive(Debug, Args)]
pub struct SetArgs {
    /// Path of the key, with dots between its parts: `logs.level`, `stacks.included_paths[0]`
    #[arg(value_name = "PATH")]
    pub path: String,

    /// The new value
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub value: String,

    /// string, int, bool, float, null or yaml; auto goes by schema or declaration, the present value, the text
    #[arg(long = "type", value_name = "TYPE", default_value = "auto")]
    pub type_: String,
}

#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Only keys that match this pattern
    #[arg(value_name = "GLOB")]
    pub pattern: Option<String>,

    /// paths, table, json, yaml, csv, tsv or nul [default: paths]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,

    /// Text between the cells of csv and tsv
    #[arg(long, value_name = "TEXT")]
    pub delimiter: Option<String>,
}

#[derive(Debug, Args)]
pub struct LayoutArgs {
    /// Write nothing; exit with 1 where a file would change
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct StackArgs {
    #[command(subcommand)]
    pub command: StackCommand,
}

#[derive(Debug, Subcommand)]
pub enum StackCommand {
    #[command(flatten)]
    Value(StackValueCommand),
    /// The same commands under the name that the reference gives them
    Config(StackConfigArgs),
    /// Print the JSON Schema of stack manifests, with the identities and components of this repository
    Schema,
    /// Check all stack manifests, as `atmos validate stacks` does
    Validate(ValidateStacksArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// What `stack` and `stack config` have in common.
#[derive(Debug, Subcommand)]
pub enum StackValueCommand {
    /// Print a value of a component as it is written, and say where that is
    Get(StackGetArgs),
    /// Set a value of a component in the manifest that has it; comments, order and layout of the file stay
    Set(StackSetArgs),
    /// Remove a value of a component from the manifest that has it
    #[command(aliases = ["del", "unset"])]
    Delete(StackGetArgs),
    /// Lay the manifests of a component out anew: indentation and blanks; comments, anchors and order stay
    #[command(alias = "fmt")]
    Format(StackLayoutArgs),
    /// List the values that a component has in manifests of its own
    List(StackKeysArgs),
}

#[derive(Debug, Args)]
pub struct StackConfigArgs {
    #[command(subcommand)]
    pub command: StackConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum StackConfigCommand {
    #[command(flatten)]
    Value(StackValueCommand),
    /// Unknown commands.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct StackLayoutArgs {
    #[command(flatten)]
    pub layout: LayoutArgs,

    #[command(flatten)]
    pub place: StackPlaceArgs,
}

#[derive(Debug, Args)]
pub struct StackKeysArgs {
    #[command(flatten)]
    pub keys: KeysArgs,

    #[command(flatten)]
    pub place: StackPlaceArgs,
}

/// Which value of which component.
#[derive(Debug, Args)]
pub struct StackPlaceArgs {
    /// Stack
    #[arg(short, long, value_name = "STACK")]
    pub stack: String,

    /// Component
    #[arg(short, long, value_name = "COMPONENT")]
    pub component: String,

    /// Manifest, instead of the one that has the value now
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct StackGetArgs {
    /// Path in the component: `vars.cidr`
    #[arg(value_name = "PATH")]
    pub path: String,

    #[command(flatten)]
    pub place: StackPlaceArgs,
}

#[derive(Debug, Args)]
pub struct StackSetArgs {
    #[command(flatten)]
    pub set: SetArgs,

    #[command(flatten)]
    pub place: StackPlaceArgs,
}

#[derive(Debug, Args)]
pub struct ProfileArgs {
    #[command(subcommand)]
    pub command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// List the profiles that `--profile` can ask for
    List(PlainListArgs),
    /// Show where a profile is, and its files
    Show(ProfileShowArgs),
    /// Unknown commands.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct ProfileShowArgs {
    /// Name of the profile
    #[arg(value_name = "PROFILE")]
    pub name: String,

    /// text, json or yaml [default: text]
    #[arg(short, long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct ThemeArgs {
    #[command(subcommand)]
    pub command: ThemeCommand,
}

#[derive(Debug, Subcommand)]
pub enum ThemeCommand {
    /// List the themes
    List(ThemeListArgs),
    /// Show the colours of a theme
    Show(ThemeShowArgs),
    /// Unknown commands.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub struct ThemeListArgs {
    /// Accepted: all themes are shown
    #[arg(long)]
    pub all: bool,

    /// Accepted: all themes are shown
    #[arg(long)]
    pub recommended: bool,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
}

#[derive(Debug, Args)]
pub struct ThemeShowArgs {
    /// Name of the theme
    #[arg(value_name = "THEME")]
    pub name: String,
}
