//! `atmos describe component` and `atmos describe stacks`

use std::mem::ManuallyDrop;

use super::super::args::{
    ComponentArgs, DescribeArgs, DescribeCommand, DescribeEvaluationArgs, EvaluationArgs, ProcessingArgs, StacksArgs,
};
use super::super::error::Error;
use super::super::setup::{Context, boolean};
use super::query::Selection;
use super::write::{self, Format};
use super::{affected, auth, config, dependents, diff, inspect, unknown};
use crate::content::Names;
use crate::diag::{Result, Warning};
use crate::host::Env;
use crate::ops::{App, describe};
use crate::output;
use crate::resolve::{self, ErrorMode};
use crate::state::Wish;
use crate::value::Node;
use crate::yaml::{self, Texts};

pub(super) fn run(context: &Context, args: DescribeArgs) -> Result<u8> {
    match args.command {
        DescribeCommand::Component(args) => component(context, &args),
        DescribeCommand::Stacks(args) => stacks(context, args),
        DescribeCommand::Affected(args) => affected::describe(context, args),
        DescribeCommand::Diff(args) => diff::run(context, &args),
        DescribeCommand::Dependents(args) => dependents::run(context, &args),
        DescribeCommand::Config(args) => config::describe(context, &args),
        DescribeCommand::Workflows(args) => inspect::describe_workflows(context, &args),
        DescribeCommand::Locals(args) => inspect::describe_locals(context, &args),
        DescribeCommand::Edition(args) => inspect::describe_edition(context, &args),
        DescribeCommand::Other(words) => Err(unknown::command("atmos describe", &words).into()),
    }
}

fn component(context: &Context, args: &ComponentArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let query = Selection::parse(args.query.as_deref())?;
    let stack = args.stack.clone().or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.ok_or(Error::FlagMissing { flag: "stack" })?;
    if stack.is_empty() {
        return Err(Error::NoStack.into());
    }
    let app = context.app_with_config()?;
    let mut processing = described(context, &app, &args.evaluation)?;
    processing.mocks = args.use_mocks.unwrap_or(false);
    if processing.mocks && !processing.process_functions {
        let valid = "true, with `--process-functions`";
        return Err(Error::FlagValue { flag: "use-mocks", value: "true".to_owned(), valid }.into());
    }
    let request = describe::ComponentRequest {
        component: args.component.clone(),
        stack,
        kind: args.kind.clone(),
        processing,
        full: query.is_some(),
        query: query.as_ref().map(|query| query.text().to_owned()),
        // Queries look at the form of YAML, whatever is printed.
        names: if query.is_none() && format == Format::Json { Names::Json } else { Names::Yaml },
    };
    if wants_provenance(context, &app, args, format) {
        let (document, provenance) = describe::component_with_provenance(&app, &request)?;
        let document = output::masked(&document, &context.host.masker);
        let text = output::with_provenance(&document, &provenance, app.config.settings.tab_width);
        write::masked_to(context, &text, Some(format), args.file.as_deref())?;
        return Ok(0);
    }
    let document = describe::component(&app, &request)?;
    if request.names == Names::Json {
        let document = output::component_in_order(&document);
        let document = output::masked(&document, &context.host.masker);
        write::masked_to(context, &yaml::try_emit_json_record(&document)?, Some(format), args.file.as_deref())?;
        return Ok(0);
    }
    print(context, &app, &document, format, query.as_ref(), args.file.as_deref())
}

/// Whether YAML gets comments: when asked for, else on a terminal unless the configuration is against it. Results of
/// `--query` and JSON have no place for them.
fn wants_provenance(context: &Context, app: &App, args: &ComponentArgs, format: Format) -> bool {
    let whole = args.query.as_deref().is_none_or(str::is_empty) && format == Format::Yaml;
    if args.provenance == Some(true) && !whole {
        let message = "`--provenance` adds comments to whole YAML documents only; it does nothing here";
        context.host.talk.warn(Warning::new("atmos::describe::provenance", message));
    }
    let terminal = context.host.terminal.stdout || context.host.terminal.forced;
    whole && args.provenance.unwrap_or(app.config.describe.provenance && terminal && args.file.is_none())
}

fn stacks(context: &Context, args: StacksArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let query = Selection::parse(args.query.as_deref())?;
    let app = context.app_with_config()?;
    let processing = described(context, &app, &args.evaluation)?;
    let request = describe::StacksRequest {
        stack: args.stack,
        components: args.components,
        component_types: args.component_types,
        sections: args.sections,
        include_empty_stacks: args.include_empty_stacks.unwrap_or(false),
        keeps_secrets: false,
        processing,
    };
    if query.is_some() {
        let document = describe::stacks(&app, &request)?;
        return print(context, &app, &document, format, query.as_ref(), args.file.as_deref());
    }
    let form = format.form(app.config.settings.tab_width);
    let masker = &context.host.masker;
    loop {
        let known = masker.known();
        // Never dropped, nor is the document: the process ends when it is printed.
        let texts = ManuallyDrop::new(Texts::default());
        let stacks = describe::stacks_as(&app, &request, |[stack, kind, name], node| {
            let node = output::masked(&node, masker);
            Ok(form.part(&texts, &[stack, "components", kind, name], &node)?)
        })?;
        let document = ManuallyDrop::new(output::stacks(stacks));
        // A secret that one component learned may stand in the values of another, which was written before. Keys are
        // never masked, and in the finished text nobody can tell the two apart: so it is written once more.
        let is_late = masker.is_on() && masker.known() > known && write::holds_secret(context, &document, form)?;
        if !is_late {
            write::parts(context, &document, form, args.file.as_deref())?;
            return Ok(0);
        }
    }
}

pub(super) fn print(
    context: &Context,
    app: &App,
    document: &Node,
    format: Format,
    query: Option<&Selection>,
    file: Option<&std::path::Path>,
) -> Result<u8> {
    let indent = app.config.settings.tab_width;
    match query {
        Some(query) => {
            let text = query.apply(document, format, indent, &context.host.masker)?;
            write::masked_to(context, &text, Some(format), file)?;
        }
        None => write::document(context, document, format, indent, file)?,
    }
    Ok(0)
}

/// What is evaluated by commands of this group.
pub(super) fn described(context: &Context, app: &App, args: &DescribeEvaluationArgs) -> Result<resolve::Options> {
    let mode = error_mode(args.error_mode.as_deref(), &app.config.describe.error_mode)?;
    only_shown(context, &args.shown, mode)
}

/// For commands that show values and do nothing with them: secrets need not be known.
pub(super) fn only_shown(context: &Context, args: &EvaluationArgs, error_mode: ErrorMode) -> Result<resolve::Options> {
    let processing = processing(&context.host.env, &args.processing)?;
    let identity = Wish { flag: auth::flag(&args.identity), runs: false };
    Ok(resolve::Options { masks_secrets: context.host.masker.is_on(), identity, error_mode, ..processing })
}

/// Flags beat variables beat the default: everything is evaluated.
pub(super) fn processing(env: &Env, args: &ProcessingArgs) -> Result<resolve::Options> {
    let either = |flag: Option<bool>, name: &str| match flag {
        Some(flag) => Ok(flag),
        None => boolean(env, name).map(|value| value.unwrap_or(true)),
    };
    let skip = if args.skip.is_empty() {
        env.get("ATMOS_SKIP").map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
    } else {
        args.skip.clone()
    };
    Ok(resolve::Options {
        process_templates: either(args.process_templates, "ATMOS_PROCESS_TEMPLATES")?,
        process_functions: either(args.process_functions, "ATMOS_PROCESS_FUNCTIONS")?,
        skip,
        ..resolve::Options::default()
    })
}

/// The flag beats the configuration, in which the variable stands already.
pub(super) fn error_mode(flag: Option<&str>, configured: &str) -> Result<ErrorMode> {
    let text = flag.unwrap_or(configured);
    Ok(text.parse().map_err(|cause| Error::Mode { cause })?)
}
