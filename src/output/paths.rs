//! The paths that files set.

use super::{Table, TableFormat};
use crate::ops::edit::PathRow;
use crate::value::{Value, to_json};

/// The paths below the names of their files.
pub fn paths(rows: &[PathRow]) -> String {
    let blocks: Vec<String> = rows
        .chunk_by(|one, next| one.file == next.file)
        .filter_map(|rows| Some((rows.first()?, rows)))
        .map(|(first, rows)| {
            rows.iter().fold(format!("{}\n", first.file), |text, row| text + &format!("  {}\n", row.path))
        })
        .collect();
    blocks.join("\n")
}

/// The same in another format, with types and short values.
pub fn path_table(rows: &[PathRow], format: TableFormat, terminal: bool, delimiter: Option<&str>) -> String {
    let row = |row: &PathRow| vec![row.file.clone(), row.path.clone(), row.type_name().to_owned(), preview(row)];
    let columns = ["file", "path", "type", "value"].map(str::to_owned).to_vec();
    Table { columns, rows: rows.iter().map(row).collect(), ..Table::default() }.render_with(format, terminal, delimiter)
}

fn preview(row: &PathRow) -> String {
    let text = match &row.value.value {
        Value::Map(map) => format!("{{{} keys}}", map.len()),
        Value::List(list) => format!("[{} items]", list.len()),
        Value::Null => "null".to_owned(),
        Value::Function(_) => to_json(&row.value).as_str().unwrap_or_default().to_owned(),
        _ => row.value.scalar_text().unwrap_or_default(),
    };
    match (text.lines().next(), text.lines().count()) {
        (Some(first), lines @ 2..) => format!("{first} ... ({lines} lines)"),
        _ => text.trim_end_matches(['\r', '\n']).to_owned(),
    }
}
