//! Commands that show something small: the configuration, its variables, profiles and themes, documentation.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ColumnArgs, FormatArgs, PlainListArgs};

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
    /// Component whose README is shown; without it the documentation is opened
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
pub struct KeysArgs {
    /// Only keys that match this pattern
    #[arg(value_name = "GLOB")]
    pub pattern: Option<String>,
}

#[derive(Debug, Args)]
pub struct StackArgs {
    #[command(subcommand)]
    pub command: StackCommand,
}

#[derive(Debug, Subcommand)]
pub enum StackCommand {
    /// Print the JSON Schema of stack manifests, with the identities and components of this repository
    Schema,
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
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
