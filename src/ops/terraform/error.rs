//! Errors of the terraform use cases.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error as ThisError;

use crate::diag::{Failure, SourceText};

/// What keeps a terraform command from being carried out, beyond what [`crate::exec`] finds.
#[derive(Debug, ThisError, Diagnostic)]
pub enum Error {
    #[error("stack is required; specify it on the command line using the flag --stack <stack> (shorthand -s)")]
    #[diagnostic(code(atmos::terraform::stack_required), help("`atmos list stacks` shows the stacks"))]
    StackRequired,

    #[error("component is required: command \"{command}\" requires an argument")]
    #[diagnostic(
        code(atmos::terraform::component_required),
        help("name a component: atmos terraform {command} <component> -s <stack>")
    )]
    ComponentRequired { command: String },

    #[error("`provision.data_dir` of {component} in {stack} does not say what it should{place}")]
    #[diagnostic(code(atmos::terraform::data_dir_setting), help("write `data_dir: {{enabled: true}}`, or `false`"))]
    DataDirSetting { component: String, stack: String, place: String },

    #[error("cannot specify both component and --all")]
    #[diagnostic(code(atmos::terraform::component_and_all), help("leave out the component, or --all"))]
    ComponentAndAll,

    #[error("invalid '--format' argument '{format}': valid values are {valid}")]
    #[diagnostic(code(atmos::terraform::format), help("give one of these, or leave the flag away for hcl"))]
    Format { format: String, valid: &'static str },

    #[error("`{file}` of {component} in {stack} cannot be generated{place}: {cause}")]
    #[diagnostic(code(atmos::terraform::generated), help("correct the entry in the `generate` section"))]
    Generated {
        file: String,
        component: String,
        stack: String,
        cause: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("here")]
        at: Option<SourceSpan>,
        place: String,
    },

    #[error("{flag} applies one plan and cannot be used for many components")]
    #[diagnostic(
        code(atmos::terraform::planfile_and_fleet),
        help("name one component; `--from-plan` without a file applies the plan that each component has saved")
    )]
    PlanfileAndFleet { flag: &'static str },

    #[error("nothing was applied, because not every saved plan can be:\n{}", listed(plans))]
    #[diagnostic(
        code(atmos::terraform::plans_unfit),
        help("plan again with the same flags: atmos terraform plan …; `--exclude` leaves components out")
    )]
    PlansUnfit { plans: Vec<super::saved::Unfit> },

    #[error("nothing was applied: some saved plans destroy ({destroying}), others do not ({others})")]
    #[diagnostic(
        code(atmos::terraform::plans_mixed),
        help("what is destroyed goes in the other order: apply them in two runs, with `--components` or `--exclude`")
    )]
    PlansMixed { destroying: String, others: String },

    #[error("what this run applied before it has overtaken the plan of {component} in {stack}: {reason}")]
    #[diagnostic(
        code(atmos::terraform::plan_overtaken),
        help(
            "what was applied stays; plan what is left again, and apply that: its values are now those of what it depends on"
        )
    )]
    PlanOvertaken { component: String, stack: String, reason: String },

    #[error("this --format shows the outputs of one component and cannot be used for many")]
    #[diagnostic(
        code(atmos::terraform::format_and_fleet),
        help("of many components there are `--format json` and `--format yaml`; or name one component")
    )]
    FormatAndFleet,

    #[error("`{what}` is not built yet{place}")]
    #[diagnostic(code(atmos::terraform::not_built), help("{help}"))]
    NotBuilt { what: String, place: String, help: String },

    #[error("unsupported value: {value} at '{path}' of {component} in {stack} cannot be written as JSON{place}")]
    #[diagnostic(
        code(atmos::terraform::not_json),
        help(
            "terraform reads these values as JSON, which has no infinity and no NaN: quote the value, or write a number"
        )
    )]
    NotJson {
        component: String,
        stack: String,
        path: String,
        value: &'static str,
        place: String,
        #[source_code]
        text: Option<SourceText>,
        #[label("this value")]
        at: Option<SourceSpan>,
    },

    #[error("interactive confirmation not available in non-TTY environment")]
    #[diagnostic(code(atmos::terraform::confirmation), help("add `--force` to remove without being asked"))]
    NoConfirmation,

    #[error("could not find component: `clean` of one stack needs a component, and of one component a stack")]
    #[diagnostic(code(atmos::terraform::clean_target), help("atmos terraform clean <component> -s <stack>"))]
    CleanTarget,

    #[error(
        "the data directory of {component} in {stack} cannot be cleaned: `TF_DATA_DIR` names `{directory}`, which is or holds {what}"
    )]
    #[diagnostic(
        code(atmos::terraform::data_dir),
        help("give terraform a directory of its own, for example `TF_DATA_DIR=.terraform`; nothing was removed")
    )]
    DataDir { component: String, stack: String, directory: String, what: String },

    #[error("`components.terraform.rc` cannot be used: {reason}{place}")]
    #[diagnostic(code(atmos::terraform::rc), help("write it as terraform's own CLI configuration, in YAML"))]
    Rc { reason: String, place: String },

    #[error("tflint found {} in {component} ({stack})", counted(*count))]
    #[diagnostic(code(atmos::terraform::lint), help("they are listed above; `.tflint.hcl` says which rules count"))]
    Lint { component: String, stack: String, count: usize },

    #[error("plan file `{}` does not exist", path.display())]
    #[diagnostic(
        code(atmos::terraform::planfile_missing),
        help("give a file that `plan` saved; relative ones are below the component's folder")
    )]
    PlanfileMissing { path: std::path::PathBuf },

    #[error("Output \"{name}\" not found.")]
    #[diagnostic(code(atmos::terraform::output_not_found), help("known outputs: {known}"))]
    OutputNotFound { name: String, known: String },

    #[error("invalid format `{format}`; supported formats: {supported}")]
    #[diagnostic(code(atmos::terraform::output_format))]
    OutputFormat { format: String, supported: String },

    #[error("the output `{name}` is a list or a map, which this format cannot hold")]
    #[diagnostic(code(atmos::terraform::output_not_scalar), help("use `--format json` or `--format yaml`"))]
    OutputNotScalar { name: String },

    #[error("the output `{name}` has several lines, which `--format env` cannot hold")]
    #[diagnostic(code(atmos::terraform::output_lines), help("use `--format dotenv`, `bash`, `github` or `json`"))]
    OutputLines { name: String },

    #[error(
        "{what} of {component} in {stack} has {kib} KiB, and the system takes at most 128 KiB as one variable of the environment"
    )]
    #[diagnostic(code(atmos::terraform::variable_too_large), help("{help}"))]
    VariableTooLarge { what: String, component: String, stack: String, kib: usize, help: &'static str },

    #[error("terraform printed outputs that are not JSON: {reason}")]
    #[diagnostic(code(atmos::terraform::output_unreadable))]
    OutputUnreadable { reason: String },
}

fn listed(plans: &[super::saved::Unfit]) -> String {
    plans.iter().map(|plan| format!("  {}: {}", plan.place, plan.reason)).collect::<Vec<_>>().join("\n")
}

fn counted(count: usize) -> String {
    if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") }
}

impl Failure for Error {}
