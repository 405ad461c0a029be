//! `atmos terraform planfile …`

use std::path::PathBuf;

use super::super::args::{PlanfileCommand, PlanfilePlace};
use super::super::error::Error;
use super::super::setup::{Context, flag};
use super::terraform::stack;
use super::write::Format;
use super::{auth, write};
use crate::diag::{Result, Warning};
use crate::host::prompt;
use crate::ops::planfiles::{self, PlanfileQuery, Row, Shown};
use crate::output::{Table, TableFormat};
use crate::value::{Map, Node, from_json};

pub(super) fn run(context: &Context, command: PlanfileCommand) -> Result<u8> {
    let env = &context.host.env;
    let variable = |name: &str| env.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    match command {
        PlanfileCommand::Upload { component, place, planfile, lockfile, sha } => {
            let mut query = query(context, Some(component), place);
            query.sha = sha.or_else(|| variable("ATMOS_PLANFILE_SHA"));
            let planfile = planfile.or_else(|| variable("ATMOS_PLANFILE_PATH").map(PathBuf::from));
            let lockfile = lockfile.or_else(|| variable("ATMOS_PLANFILE_LOCKFILE").map(PathBuf::from));
            let app = context.app_with_config()?;
            let put = planfiles::upload(&app, &query, planfile.as_deref(), lockfile.as_deref());
            let Shown { key, store, .. } = context.block_on(put)??;
            context.host.talk.success(format!("Uploaded planfile to {store}: {key}"));
        }
        PlanfileCommand::Download { component, place, output } => {
            let query = query(context, Some(component), place);
            let app = context.app_with_config()?;
            let taken = planfiles::download(&app, &query, output.as_deref());
            let Shown { key, store, path, note } = context.block_on(taken)??;
            let shown = path.strip_prefix(&context.host.cwd).unwrap_or(&path).display();
            context.host.talk.success(format!("Downloaded planfile from {store}: {key} -> {shown}"));
            if !note.stack.is_empty() {
                let text = format!("Stack: {}, Component: {}, SHA: {}", note.stack, note.component, note.sha);
                context.host.talk.info(text);
            }
        }
        PlanfileCommand::List { component, place, format, all } => {
            let format = match format.or_else(|| variable("ATMOS_PLANFILE_FORMAT")) {
                None => TableFormat::Table,
                Some(text) => {
                    let valid = "table, json, yaml, csv, tsv, nul";
                    text.parse().map_err(|()| Error::Format { format: text, valid })?
                }
            };
            let query = PlanfileQuery { all, ..query(context, component, place) };
            let app = context.app_with_config()?;
            let rows = context.block_on(planfiles::list(&app, &query))??;
            write::data(context, &table(rows).render(format, context.host.terminal.stdout))?;
        }
        PlanfileCommand::Show { component, place, format } => {
            let format = Format::parse(format.or_else(|| variable("ATMOS_PLANFILE_SHOW_FORMAT")).as_deref())?;
            let query = query(context, Some(component), place);
            let app = context.app_with_config()?;
            let shown = context.block_on(planfiles::show(&app, &query))??;
            let note = from_json(&serde_json::to_value(&shown.note).unwrap_or_default());
            let document = match format {
                Format::Json => note,
                Format::Yaml => {
                    [("key", Node::from(shown.key)), ("store", Node::from(shown.store)), ("metadata", note)]
                        .into_iter()
                        .map(|(key, node)| (key.into(), node))
                        .collect::<Map>()
                        .into()
                }
            };
            write::document(context, &document, format, 2, None)?;
        }
        PlanfileCommand::Delete { component, place, force, all } => {
            let force = flag(force, env, "ATMOS_PLANFILE_DELETE_FORCE")?;
            return delete(context, &PlanfileQuery { all, ..query(context, component, place) }, force);
        }
    }
    Ok(0)
}

fn query(context: &Context, component: Option<String>, place: PlanfilePlace) -> PlanfileQuery {
    let env = &context.host.env;
    let store = place.store.or_else(|| env.get("ATMOS_PLANFILE_STORE").map(str::to_owned));
    PlanfileQuery {
        component,
        stack: stack(place.stack, env).filter(|stack| !stack.is_empty()),
        store: store.filter(|store| !store.is_empty()),
        identity: auth::flag(&place.identity),
        ..PlanfileQuery::default()
    }
}

fn table(rows: Vec<Row>) -> Table {
    let row = |row: Row| {
        let note = row.note.unwrap_or_default();
        vec![note.stack, note.component, note.sha, row.size.to_string(), row.modified]
    };
    Table {
        columns: ["stack", "component", "sha", "size", "modified"].map(str::to_owned).to_vec(),
        rows: rows.into_iter().map(row).collect(),
        ..Table::default()
    }
}

fn delete(context: &Context, query: &PlanfileQuery, force: bool) -> Result<u8> {
    let talk = &context.host.talk;
    let app = context.app_with_config()?;
    let rows = context.block_on(planfiles::matching(&app, query))??;
    if rows.is_empty() {
        talk.warn(Warning::new("atmos::planfile::none", "no matching planfiles found"));
        return Ok(0);
    }
    talk.attention(format!("{} planfile(s) will be deleted:", rows.len()));
    for row in &rows {
        talk.attention(format!("  {}", row.key));
    }
    if !force {
        if !context.host.terminal.can_prompt() {
            return Err(Error::Unconfirmed { what: "deleting planfiles" }.into());
        }
        match prompt::agreed("Delete these planfiles?") {
            Ok(true) => {}
            Ok(false) => return Ok(0),
            Err(_) => return Err(crate::auth::Error::Aborted.into()),
        }
    }
    let store = context.block_on(planfiles::delete(&app, query, &rows))??;
    talk.success(format!("Deleted {} planfile(s) from {store}", rows.len()));
    Ok(0)
}
