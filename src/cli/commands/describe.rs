//! `atmos describe component` and `atmos describe stacks`

use super::super::args::{ComponentArgs, DescribeArgs, DescribeCommand, ProcessingArgs, StacksArgs};
use super::super::error::Error;
use super::super::setup::{Context, boolean};
use super::write::{self, Format};
use super::{config, unknown};
use crate::diag::Result;
use crate::host::Env;
use crate::ops::describe;
use crate::resolve::{self, ErrorMode};
use crate::value::Node;

pub(super) fn run(context: &Context, args: DescribeArgs) -> Result<u8> {
    match args.command {
        DescribeCommand::Component(args) => component(context, args),
        DescribeCommand::Stacks(args) => stacks(context, args),
        DescribeCommand::Config(args) => config::describe(context, &args),
        DescribeCommand::Other(words) => Err(unknown::command("atmos describe", &words).into()),
    }
}

fn component(context: &Context, args: ComponentArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    if args.provenance == Some(true) {
        return Err(Error::NotBuilt {
            command: "describe component --provenance".to_owned(),
            help: "leave the flag away, or give `--provenance=false`".to_owned(),
        }
        .into());
    }
    let stack = args.stack.or_else(|| context.host.env.get("ATMOS_STACK").map(str::to_owned));
    let stack = stack.ok_or(Error::FlagMissing { flag: "stack" })?;
    let mut processing = processing(&context.host.env, &args.processing)?;
    let app = context.app_with_config()?;
    processing.error_mode = error_mode(args.error_mode.as_deref(), &app.config.describe.error_mode)?;
    let request = describe::ComponentRequest {
        component: args.component,
        stack,
        processing,
        full: args.query.is_some(),
        query: args.query.clone(),
    };
    let document = describe::component(&app, &request)?;
    print(context, &app, &document, format, args.query.as_deref(), args.file.as_deref())
}

fn stacks(context: &Context, args: StacksArgs) -> Result<u8> {
    let format = Format::parse(args.format.as_deref())?;
    let mut processing = processing(&context.host.env, &args.processing)?;
    let app = context.app_with_config()?;
    processing.error_mode = error_mode(args.error_mode.as_deref(), &app.config.describe.error_mode)?;
    let request = describe::StacksRequest {
        stack: args.stack,
        components: args.components,
        component_types: args.component_types,
        sections: args.sections,
        include_empty_stacks: args.include_empty_stacks.unwrap_or(false),
        processing,
    };
    let document = describe::stacks(&app, &request)?;
    print(context, &app, &document, format, args.query.as_deref(), args.file.as_deref())
}

pub(super) fn print(
    context: &Context,
    app: &crate::ops::App,
    document: &Node,
    format: Format,
    query: Option<&str>,
    file: Option<&std::path::Path>,
) -> Result<u8> {
    let result = match query {
        Some(query) => select(document, query)?,
        None => document.clone(),
    };
    write::document(context, &result, format, app.config.settings.tab_width, file)?;
    Ok(0)
}

/// A plain path such as `.`, `.vars.name` or `.list[0]`. The whole expression language comes later and says so.
fn select(document: &Node, expression: &str) -> Result<Node> {
    let not_built = |cause: &str| Error::Query {
        expression: expression.to_owned(),
        cause: cause.to_owned(),
        help: "only plain paths such as `.vars.name` are built yet; use `--format json` with jq for the rest"
            .to_owned(),
    };
    let Some(mut rest) = expression.trim().strip_prefix('.') else { return Err(not_built("expected `.`").into()) };
    let mut node = document.clone();
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(index) = rest.strip_prefix('[') {
            let (number, after) = index.split_once(']').ok_or_else(|| not_built("missing `]`"))?;
            let number: usize = number.parse().map_err(|_| not_built("an index is a number"))?;
            node = node.as_list().and_then(|list| list.get(number)).cloned().unwrap_or_default();
            rest = after;
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let key = &rest[..end];
        if key.is_empty() || !key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/')) {
            return Err(not_built("operators are not built yet").into());
        }
        node = node.get(key).cloned().unwrap_or_default();
        rest = &rest[end..];
    }
    Ok(node)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    #[test]
    fn plain_paths_select() {
        let document = from_json(&serde_json::json!({"vars": {"a-b": [{"c": 5}]}}));
        for (expression, json) in [(".vars.a-b[0].c", "5"), (".nope.x", "null"), (".vars.a-b[3]", "null")] {
            assert_eq!(crate::value::to_json(&select(&document, expression).unwrap()).to_string(), json);
        }
        assert!(select(&document, ".vars | keys").is_err());
    }
}
