//! `atmos describe diff`

use super::super::args::DiffArgs;
use super::super::error::Error;
use super::super::setup::Context;
use super::query::Selection;
use super::write::Format;
use super::{describe, write};
use crate::diag::Result;
use crate::ops::diff::{self, DiffRequest, Difference, Side};
use crate::output;
use crate::value::Node;

pub(super) fn run(context: &Context, args: &DiffArgs) -> Result<u8> {
    let format = match args.format.as_deref().unwrap_or("text") {
        "text" => None,
        "yaml" => Some(Format::Yaml),
        "json" => Some(Format::Json),
        other => return Err(Error::Format { format: other.to_owned(), valid: "text, yaml, json" }.into()),
    };
    let query = Selection::parse(args.query.as_deref())?;
    let (from, to) = sides(args)?;
    let app = context.app_with_config()?;
    let processing = describe::described(context, &app, &args.evaluation)?;
    let request = DiffRequest { from, to, sections: args.sections.clone(), processing };
    let differences = diff::diff(&app, &request)?;
    if format.is_some() || query.is_some() {
        let records = Node::from(differences.iter().map(Difference::record).collect::<Vec<_>>());
        describe::print(context, &app, &records, format.unwrap_or(Format::Yaml), query.as_ref(), args.file.as_deref())?;
    } else if differences.is_empty() {
        context.host.talk.success("No differences");
    } else {
        let text = output::differences(&differences, &context.host.masker);
        write::text_to(context, &text, args.file.as_deref())?;
    }
    Ok(u8::from(args.exit_code && !differences.is_empty()))
}

/// One component in two stacks, two components in one or two stacks, or two stacks.
fn sides(args: &DiffArgs) -> Result<(Side, Side)> {
    let side =
        |stack: &String, component: Option<&String>| Side { stack: stack.clone(), component: component.cloned() };
    let wrong = |message: &str| {
        let help = "atmos describe diff -s <stack> -s <stack>\natmos describe diff <component> -s <stack> -s <stack>\n\
                    atmos describe diff <component> <component> -s <stack>";
        Error::Usage { message: message.to_owned(), help: help.to_owned() }
    };
    let (one, other) = (args.components.first(), args.components.get(1).or(args.components.first()));
    match args.stacks.as_slice() {
        [] => Err(Error::FlagMissing { flag: "stack" }.into()),
        [stack] if args.components.len() == 2 => Ok((side(stack, one), side(stack, other))),
        [_] => Err(wrong("two stacks are compared, or two components of one").into()),
        [from, to] => Ok((side(from, one), side(to, other))),
        _ => Err(wrong("more than two stacks cannot be compared").into()),
    }
}
