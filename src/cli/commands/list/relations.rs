//! `atmos list dependencies`

use std::sync::Arc;

use super::super::super::args::DependenciesArgs;
use super::super::super::error::Error;
use super::super::super::setup::Context;
use super::super::write;
use super::{evaluation, given, select};
use crate::diag::Result;
use crate::ops::list::{self, Entry, Relations, View};
use crate::output::{Table, TableFormat, dependency_trees};
use crate::value::{Map, Node};
use crate::yaml;

pub(super) fn dependencies(context: &Context, args: &DependenciesArgs) -> Result<u8> {
    let env = &context.host.env;
    let format = given(args.format.clone(), env, "ATMOS_LIST_DEPENDENCIES_FORMAT").unwrap_or_else(|| "tree".to_owned());
    if !matches!(format.as_str(), "tree" | "json" | "yaml" | "levels") {
        return Err(Error::Format { format, valid: "tree, json, yaml, levels" }.into());
    }
    let direction = given(args.direction.clone(), env, "ATMOS_LIST_DIRECTION");
    let direction = direction.map(|text| text.parse()).transpose()?.unwrap_or_default();
    let app = context.app_with_config()?;
    let request = list::DependenciesRequest {
        component: args.component.clone(),
        stack: given(args.stack.clone(), env, "ATMOS_STACK"),
        direction,
        view: select(env, View::default(), args.select.clone()),
        processing: evaluation(context, &app, &args.evaluation, None)?,
    };
    let relations = list::dependencies(&app, &request)?;
    if relations.is_empty() {
        context.host.talk.info("▶ No components found");
        return Ok(0);
    }
    let text = match format.as_str() {
        "json" => yaml::emit_json_record(&document(&relations)),
        "yaml" => yaml::emit_record(&document(&relations), app.config.settings.tab_width),
        "levels" => levels(&relations, context.host.terminal.stdout),
        _ => dependency_trees(&relations),
    };
    write::data(context, &text)?;
    Ok(0)
}

/// The records in the order of their declaration.
fn document(relations: &Relations) -> Node {
    let text = |text: &str| Node::from(text);
    let record = |fields: Vec<(&str, Node)>| {
        Node::from(fields.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
    };
    let places = |places: Vec<(String, String)>| {
        let one = |(component, stack): (String, String)| {
            record(vec![("component", text(&component)), ("stack", text(&stack))])
        };
        Node::from(places.into_iter().map(one).collect::<Vec<_>>())
    };
    let entry = |entry: Entry| {
        let mut fields = vec![("component", text(&entry.component)), ("stack", text(&entry.stack))];
        fields.extend(entry.depends_on.map(|found| ("depends_on", places(found))));
        fields.extend(entry.required_by.map(|found| ("required_by", places(found))));
        record(fields)
    };
    Node::from(relations.entries().into_iter().map(entry).collect::<Vec<_>>())
}

fn levels(relations: &Relations, terminal: bool) -> String {
    let row = |level: list::Level| vec![level.level.to_string(), level.stack, level.component, "terraform".to_owned()];
    let rows = relations.levels().into_iter().map(row).collect();
    let columns = ["Level", "Stack", "Component", "Type"].map(str::to_owned).to_vec();
    Table { columns, rows, ..Table::default() }.render(TableFormat::Table, terminal)
}
