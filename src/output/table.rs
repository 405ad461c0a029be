//! Rows as table, JSON, YAML, CSV or TSV.

use std::str::FromStr;

use crate::value::{Map, Node};
use crate::yaml;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    Table,
    Json,
    Yaml,
    Csv,
    Tsv,
}

impl FromStr for TableFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<TableFormat, ()> {
        Ok(match text {
            "table" => TableFormat::Table,
            "json" => TableFormat::Json,
            "yaml" => TableFormat::Yaml,
            "csv" => TableFormat::Csv,
            "tsv" => TableFormat::Tsv,
            _ => return Err(()),
        })
    }
}

/// Named columns and rows of text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The text of the table. On a terminal a table has a header and padding; in a pipe it is rows separated by tabs,
    /// without a header, so that scripts can read it.
    pub fn render(&self, format: TableFormat, terminal: bool) -> String {
        self.render_with(format, terminal, None)
    }

    /// The same with another text between the cells of CSV and TSV.
    pub fn render_with(&self, format: TableFormat, terminal: bool, delimiter: Option<&str>) -> String {
        match format {
            TableFormat::Table if terminal => self.padded(),
            TableFormat::Table => self.piped(),
            TableFormat::Csv => self.separated(delimiter.unwrap_or(","), true),
            TableFormat::Tsv => self.separated(delimiter.unwrap_or("\t"), true),
            TableFormat::Json => yaml::emit_json(&self.records()),
            TableFormat::Yaml => yaml::emit(&self.records(), 2),
        }
    }

    fn records(&self) -> Node {
        let record = |row: &Vec<String>| {
            Node::from(
                self.columns
                    .iter()
                    .zip(row)
                    .map(|(name, cell)| (name.as_str().into(), Node::from(cell.as_str())))
                    .collect::<Map>(),
            )
        };
        Node::from(self.rows.iter().map(record).collect::<Vec<_>>())
    }

    /// Rows for scripts, as they are: only a cell that would be taken for two is quoted.
    fn piped(&self) -> String {
        let alone = self.columns.len() < 2;
        let cell = |cell: &String| {
            let is_plain = !cell.contains(['\n', '\r']) && (alone || !cell.contains('\t'));
            if is_plain { cell.clone() } else { quote(cell, "\t") }
        };
        let line = |cells: &Vec<String>| format!("{}\n", cells.iter().map(cell).collect::<Vec<_>>().join("\t"));
        self.rows.iter().map(line).collect()
    }

    fn separated(&self, separator: &str, header: bool) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| quote(cell, separator)).collect();
            format!("{}\n", cells.join(separator))
        };
        let header = if header { line(&self.columns) } else { String::new() };
        self.rows.iter().fold(header, |out, row| out + &line(row))
    }

    fn padded(&self) -> String {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                let cells = self.rows.iter().filter_map(|row| row.get(index));
                cells.chain([&self.columns[index]]).map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let line = |cells: &[String]| {
            let cells: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, &width)| format!(" {cell:<width$} ")).collect();
            format!("{}\n", cells.concat().trim_end())
        };
        let rule: usize = widths.iter().map(|width| width + 2).sum();
        let head = format!("\n{}{}\n", line(&self.columns), "─".repeat(rule));
        self.rows.iter().fold(head, |out, row| out + &line(row)) + "\n"
    }
}

/// A CSV cell, quoted where its content demands it. Tab-separated cells with a tab are quoted alike.
fn quote(cell: &str, separator: &str) -> String {
    if cell.contains(separator) || cell.contains(['"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            columns: vec!["Component".into(), "Stack".into()],
            rows: vec![vec!["vpc".into(), "dev".into()], vec!["a,b".into(), "prod".into()]],
        }
    }

    #[test]
    fn piped_table_is_rows_with_tabs() {
        assert_eq!(table().render(TableFormat::Table, false), "vpc\tdev\na,b\tprod\n");
    }

    #[test]
    fn rows_for_scripts_are_as_they_are() {
        let rows = |columns: &[&str], cells: &[&str]| {
            let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            let table = Table { columns: all(columns), rows: cells.chunks(columns.len()).map(all).collect() };
            table.render(TableFormat::Table, false)
        };
        assert_eq!(rows(&["Stack"], &["c \"d\"", "a,b", "x\ty", "l\nm"]), "c \"d\"\na,b\nx\ty\n\"l\nm\"\n");
        assert_eq!(rows(&["A", "B"], &["c \"d\"", "x\ty"]), "c \"d\"\t\"x\ty\"\n");
    }

    #[test]
    fn csv_quotes_where_needed() {
        assert_eq!(table().render(TableFormat::Csv, false), "Component,Stack\nvpc,dev\n\"a,b\",prod\n");
    }

    #[test]
    fn the_delimiter_can_be_another_one() {
        let text = table().render_with(TableFormat::Csv, false, Some(";"));
        assert_eq!(text, "Component;Stack\nvpc;dev\na,b;prod\n");
    }

    #[test]
    fn terminal_table_has_header_and_rule() {
        assert_eq!(
            table().render(TableFormat::Table, true),
            "\n Component  Stack\n──────────────────\n vpc        dev\n a,b        prod\n\n"
        );
    }
}
