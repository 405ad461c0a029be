//! Flags that every command takes.

use std::path::PathBuf;

use clap::Args;

use super::SELECT;

/// Global flags. Each beats its environment variable, which beats `atmos.yaml`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "GLOBAL FLAGS")]
pub struct GlobalArgs {
    /// Work in this directory, as if started there [env: ATMOS_CHDIR]
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,

    /// Base path of the project [env: ATMOS_BASE_PATH]
    #[arg(long, global = true, value_name = "DIR")]
    pub base_path: Option<String>,

    /// Configuration file instead of discovery; may be repeated, later wins [env: ATMOS_CONFIG]
    #[arg(long, global = true, value_name = "FILE", value_delimiter = ',')]
    pub config: Vec<PathBuf>,

    /// Directory with configuration, merged after all --config files [env: ATMOS_CONFIG_PATH]
    #[arg(long, global = true, value_name = "DIR", value_delimiter = ',')]
    pub config_path: Vec<PathBuf>,

    /// As ATMOS_CLI_CONFIG_PATH says it, for lines in files that outlive the variable
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    pub cli_config_path: Option<PathBuf>,

    /// Configuration profiles, later wins; without a value choose from a list [env: ATMOS_PROFILE]
    #[arg(long, global = true, value_name = "NAME", value_delimiter = ',', num_args = 0..=1, default_missing_value = SELECT)]
    pub profile: Vec<String>,

    /// Trace, Debug, Info, Warning, Error or Off [env: ATMOS_LOGS_LEVEL]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub logs_level: Option<String>,

    /// Where logs go [env: ATMOS_LOGS_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub logs_file: Option<String>,

    /// No colour [env: ATMOS_NO_COLOR, NO_COLOR]
    #[arg(long, global = true)]
    pub no_color: Option<bool>,

    /// Colour even when the output is no terminal [env: ATMOS_FORCE_COLOR, CLICOLOR_FORCE]
    #[arg(long, global = true)]
    pub force_color: Option<bool>,

    /// Behave as on a terminal where a device code has to be shown [env: ATMOS_FORCE_TTY]
    #[arg(long, global = true)]
    pub force_tty: bool,

    /// Mask known secrets in output [env: ATMOS_MASK] [default: true]
    #[arg(long, global = true)]
    pub mask: Option<bool>,

    /// Ask questions where a person can answer [env: ATMOS_INTERACTIVE] [default: true]
    #[arg(long, global = true)]
    pub interactive: Option<bool>,

    /// Show long data through this program, or `less`; `=false` for none [env: ATMOS_PAGER, PAGER, NO_PAGER]
    #[arg(long, global = true, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub pager: Option<String>,

    /// Merge lists by replace, append or merge [env: ATMOS_SETTINGS_LIST_MERGE_STRATEGY]
    #[arg(long, global = true, value_name = "STRATEGY")]
    pub settings_list_merge_strategy: Option<String>,

    /// Defaults as they were on this date, for example 2025-11 [env: ATMOS_EDITION]
    #[arg(long, global = true, value_name = "DATE")]
    pub edition: Option<String>,

    /// Send the standard error of terraform and helmfile here: a file, /dev/stdout, /dev/null [env: ATMOS_REDIRECT_STDERR]
    #[arg(long, global = true, value_name = "FILE")]
    pub redirect_stderr: Option<String>,

    /// How long to wait for a component folder that another atmos works in, for example 10m
    /// [env: ATMOS_FOLDER_LOCK_TIMEOUT] [default: as long as it takes]
    #[arg(long, global = true, value_name = "TIME")]
    pub folder_lock_timeout: Option<String>,

    /// Errors as text, or as json: one line for programs [env: ATMOS_ERROR_FORMAT] [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub error_format: Option<String>,

    /// More detail in errors: the stable code and every cause [env: ATMOS_VERBOSE]
    #[arg(short = 'v', long, global = true)]
    pub verbose: Option<bool>,

    /// The command needs no directory, so that it works in one that has been removed.
    #[arg(skip)]
    pub needs_no_directory: bool,
}
