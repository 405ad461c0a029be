//! `atmos terraform backend …`

use super::super::args::{BackendCommand, BackendTarget};
use super::super::error::Error;
use super::super::setup::Context;
use super::terraform::stack as given_stack;
use super::write::Format;
use super::{auth, describe, write};
use crate::diag::Result;
use crate::ops::state_bucket::{self, BackendRequest};
use crate::output::{Table, TableFormat};

pub(super) fn run(context: &Context, command: BackendCommand) -> Result<u8> {
    let env = &context.host.env;
    let app = context.app_with_config()?;
    match command {
        BackendCommand::Create { target } => {
            let request = request(context, target, false)?;
            context.block_on(state_bucket::create(&app, &request, "create"))??;
        }
        BackendCommand::Update { target } => {
            let request = request(context, target, false)?;
            context.block_on(state_bucket::create(&app, &request, "update"))??;
        }
        BackendCommand::Delete { target, force } => {
            let request = request(context, target, force)?;
            context.block_on(state_bucket::delete(&app, &request))??;
        }
        BackendCommand::Describe { target, format } => {
            let request = request(context, target, false)?;
            let format = format.or_else(|| env.get("ATMOS_FORMAT").map(str::to_owned));
            let format = Format::parse(format.as_deref())?;
            let document = context.block_on(state_bucket::describe(&app, &request))??;
            write::document(context, &document, format, 2, None)?;
        }
        BackendCommand::List { stack, format, processing } => {
            let format = format.or_else(|| env.get("ATMOS_FORMAT").map(str::to_owned));
            let format = match format.as_deref().filter(|format| !format.is_empty()) {
                None => TableFormat::Table,
                Some(text) => text.parse().map_err(|()| Error::Format {
                    format: text.to_owned(),
                    valid: "table, json, yaml, csv, tsv, nul",
                })?,
            };
            let evaluation = describe::processing(env, &processing)?;
            let rows = state_bucket::list(&app, given_stack(stack, env).as_deref(), &evaluation)?;
            let table = Table {
                columns: ["stack", "component", "backend_type", "name", "provisioned"].map(str::to_owned).to_vec(),
                rows: rows
                    .into_iter()
                    .map(|row| vec![row.stack, row.component, row.kind, row.name, row.provisioned.to_string()])
                    .collect(),
                ..Table::default()
            };
            write::data(context, &table.render(format, context.host.terminal.stdout))?;
        }
    }
    Ok(0)
}

fn request(context: &Context, target: BackendTarget, force: bool) -> Result<BackendRequest> {
    let env = &context.host.env;
    Ok(BackendRequest {
        component: target.component,
        stack: given_stack(target.stack, env),
        identity: auth::flag(&target.identity),
        force,
        evaluation: describe::processing(env, &target.processing)?,
    })
}
