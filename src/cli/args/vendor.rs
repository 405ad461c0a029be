//! `atmos vendor …`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{KeyPathArgs, KeysArgs, LayoutArgs, SetArgs, VendorArgs};

#[derive(Debug, Args)]
pub struct VendoringArgs {
    #[command(subcommand)]
    pub command: VendoringCommand,
}

#[derive(Debug, Subcommand)]
pub enum VendoringCommand {
    /// Copy what vendor.yaml or component.yaml name into the repository, and lock it
    Pull(VendorPullArgs),
    /// List what is vendored, and where to
    List(VendorArgs),
    /// Compare vendored files with the lock file; exit with 1 where one was changed or is missing
    Verify(VendorVerifyArgs),
    /// Remove the files that the lock file owns
    Clean(VendorCleanArgs),
    /// Print the version of a vendored component
    Get(VendorGetArgs),
    /// Set the version of a vendored component; comments, order and layout of the manifest stay
    Set(VendorSetArgs),
    /// Show what changed in a source between two versions
    Diff(VendorDiffArgs),
    /// Look for newer versions in git, and write them into the manifests
    Update(Box<VendorUpdateArgs>),
    /// Read, set and delete values of the vendor manifest
    Config(VendorConfigArgs),
    /// Commands of the reference that are not built yet, and unknown ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// By which components are chosen, beside their names.
#[derive(Debug, Args)]
pub struct VendorSelectArgs {
    /// Only components of this stack
    #[arg(short, long, value_name = "STACK")]
    pub stack: Option<String>,

    /// Only components whose metadata have all these labels: key=value,key:value
    #[arg(long, value_name = "LABELS")]
    pub labels: Option<String>,

    /// Only sources of vendor.yaml with one of these tags
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    pub tags: Vec<String>,

    /// Kind of the components: terraform, helmfile or packer
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub type_: Option<String>,
}

#[derive(Debug, Args)]
pub struct VendorFileArgs {
    /// Manifest, or folder of manifests [default: `vendor.base_path`, else ./vendor.yaml]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// How a pull treats the lock file.
#[derive(Debug, Args)]
pub struct VendorLockArgs {
    /// Pull everything again and renew the lock; ranges of versions are resolved anew
    #[arg(long)]
    pub refresh_lock: bool,

    /// What to do where files are not as the lock has them: strict, warn or silent [default: `vendor.lock.enforcement`, else warn]
    #[arg(long, value_name = "MODE")]
    pub lock_enforcement: Option<String>,
}

#[derive(Debug, Args)]
pub struct VendorPullArgs {
    /// Only this component
    #[arg(short, long, value_name = "COMPONENT")]
    pub component: Vec<String>,

    #[command(flatten)]
    pub select: VendorSelectArgs,

    /// Everything, which is what happens without a choice, too
    #[arg(long)]
    pub everything: bool,

    /// Only say what would be pulled: nothing is fetched or written
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub lock: VendorLockArgs,
}

/// What of the manifests is meant.
#[derive(Debug, Args)]
pub struct VendorWhichArgs {
    /// Only this component
    #[arg(short, long, value_name = "COMPONENT")]
    pub component: Option<String>,

    #[command(flatten)]
    pub select: VendorSelectArgs,
    #[command(flatten)]
    pub manifest: VendorFileArgs,
}

#[derive(Debug, Args)]
pub struct VendorVerifyArgs {
    #[command(flatten)]
    pub which: VendorWhichArgs,

    /// table or json [default: table]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct VendorCleanArgs {
    #[command(flatten)]
    pub which: VendorWhichArgs,

    /// Remove files that were changed, too
    #[arg(long)]
    pub force: bool,

    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct VendorGetArgs {
    /// Component
    #[arg(value_name = "COMPONENT")]
    pub component: String,

    #[command(flatten)]
    pub manifest: VendorFileArgs,
}

#[derive(Debug, Args)]
pub struct VendorSetArgs {
    /// Component
    #[arg(value_name = "COMPONENT")]
    pub component: String,

    /// The new version
    #[arg(value_name = "VERSION", allow_hyphen_values = true)]
    pub version: String,

    #[command(flatten)]
    pub manifest: VendorFileArgs,
}

#[derive(Debug, Args)]
pub struct VendorDiffArgs {
    #[command(flatten)]
    pub which: VendorWhichArgs,

    /// Version to begin with [default: that of the manifest]
    #[arg(long, value_name = "REF")]
    pub from: Option<String>,

    /// Version to end with [default: the newest tag]
    #[arg(long, value_name = "REF")]
    pub to: Option<String>,

    /// Only this file of the component
    #[arg(long, value_name = "PATH")]
    pub diff_file: Option<String>,
}

#[derive(Debug, Args)]
pub struct VendorUpdateArgs {
    /// Only these components; may be given several times
    #[arg(short, long, value_name = "COMPONENT", value_delimiter = ',')]
    pub component: Vec<String>,

    #[command(flatten)]
    pub select: VendorSelectArgs,
    #[command(flatten)]
    pub manifest: VendorFileArgs,

    /// Only show what could be updated
    #[arg(long)]
    pub check: bool,

    /// Show only what can be updated
    #[arg(long)]
    pub outdated: bool,

    /// All sources, which is what happens without a choice, too
    #[arg(long)]
    pub all: bool,

    /// Only the components of this entry of `vendor.update.groups`
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,

    /// Manifests of components, too, where there is a vendor.yaml
    #[arg(long)]
    pub component_manifests: bool,

    /// Pull what was updated
    #[arg(long)]
    pub pull: bool,

    /// Only show what could be updated, as `--check` does: nothing is written or pulled
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    pub lock: VendorLockArgs,

    /// Not built yet
    #[arg(long, hide = true)]
    pub archived: bool,

    /// Not built yet
    #[arg(long, hide = true)]
    pub pull_request: bool,

    /// table or json [default: table]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Debug, Args)]
pub struct VendorConfigArgs {
    #[command(subcommand)]
    pub command: VendorConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum VendorConfigCommand {
    /// Print a value of the manifest, for example `spec.sources[0].version`
    Get {
        #[command(flatten)]
        path: KeyPathArgs,
        #[command(flatten)]
        manifest: VendorFileArgs,
    },
    /// Set a value of the manifest; comments, order and layout of the file stay
    Set {
        #[command(flatten)]
        set: SetArgs,
        #[command(flatten)]
        manifest: VendorFileArgs,
    },
    /// Remove a value from the manifest
    #[command(aliases = ["del", "unset"])]
    Delete {
        #[command(flatten)]
        path: KeyPathArgs,
        #[command(flatten)]
        manifest: VendorFileArgs,
    },
    /// List the paths that the manifest and its imports set
    List {
        #[command(flatten)]
        keys: KeysArgs,
        #[command(flatten)]
        manifest: VendorFileArgs,
    },
    /// Lay the manifest and its imports out anew: indentation and blanks; comments, anchors and order stay
    #[command(alias = "fmt")]
    Format {
        #[command(flatten)]
        layout: LayoutArgs,
        #[command(flatten)]
        manifest: VendorFileArgs,
    },
    /// Unknown commands.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}
