//! Rows as table, JSON, YAML, CSV or TSV, or each ended by a NUL byte.

use std::borrow::Cow;
use std::str::FromStr;

use super::printable::{on_one_line, printable};

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
    /// Rows alone, as they are, each ended by a NUL byte, as `xargs -0` reads them.
    Nul,
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
            "nul" => TableFormat::Nul,
            _ => return Err(()),
        })
    }
}

/// Named columns and rows of text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// What JSON and YAML show instead of the text of the rows, each value as what it is; usually nothing.
    pub values: Vec<Vec<Node>>,
    /// Rows alone: no header in tables, CSV and TSV.
    pub headless: bool,
}

impl Table {
    /// The text of the table. On a terminal a table has a header and padding; in a pipe it is rows separated by tabs,
    /// without a header, so that scripts can read it.
    pub fn render(&self, format: TableFormat, terminal: bool) -> String {
        self.render_with(format, terminal, None)
    }

    /// The same with another text between the cells of CSV, TSV and rows that end with NUL.
    pub fn render_with(&self, format: TableFormat, terminal: bool, delimiter: Option<&str>) -> String {
        match format {
            TableFormat::Table if terminal => self.padded(),
            TableFormat::Table => self.piped(),
            TableFormat::Csv => self.separated(delimiter.unwrap_or(","), terminal),
            TableFormat::Tsv => self.separated(delimiter.unwrap_or("\t"), terminal),
            TableFormat::Nul => self.ended_by_nul(delimiter.unwrap_or("\t"), terminal),
            TableFormat::Json => yaml::emit_json(&self.records()),
            TableFormat::Yaml => yaml::emit(&self.records(), 2),
        }
    }

    fn records(&self) -> Node {
        let record = |row: Vec<Node>| {
            let cells = self.columns.iter().zip(row).map(|(name, cell)| (name.as_str().into(), cell));
            Node::from(cells.collect::<Map>())
        };
        let texts = |row: &Vec<String>| row.iter().map(|cell| Node::from(cell.as_str())).collect();
        let records: Vec<Node> = if self.values.is_empty() {
            self.rows.iter().map(|row| record(texts(row))).collect()
        } else {
            self.values.iter().cloned().map(record).collect()
        };
        Node::from(records)
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

    fn separated(&self, separator: &str, terminal: bool) -> String {
        let line = |cells: &[String]| {
            let shown = |cell| if terminal { printable(cell) } else { Cow::Borrowed(cell) };
            let cells: Vec<String> = cells.iter().map(|cell| quote(&shown(cell.as_str()), separator)).collect();
            format!("{}\n", cells.join(separator))
        };
        let header = if self.headless { String::new() } else { line(&self.columns) };
        self.rows.iter().fold(header, |out, row| out + &line(row))
    }

    fn ended_by_nul(&self, separator: &str, terminal: bool) -> String {
        let shown = |cell: &String| {
            let cell = if terminal { printable(cell) } else { Cow::Borrowed(cell.as_str()) };
            // One in a value would end the row.
            cell.replace('\0', "")
        };
        let line = |row: &Vec<String>| row.iter().map(shown).collect::<Vec<_>>().join(separator) + "\0";
        self.rows.iter().map(line).collect()
    }

    fn padded(&self) -> String {
        let head = (!self.headless).then_some(&self.columns);
        let lines: Vec<Vec<Cow<'_, str>>> =
            head.into_iter().chain(&self.rows).map(|row| row.iter().map(|cell| on_one_line(cell)).collect()).collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                let cells = lines.iter().filter_map(|row| row.get(index));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        // A width in a format string ends at 65,535.
        let line = |cells: &[Cow<'_, str>]| {
            let mut out = String::new();
            for (cell, width) in cells.iter().zip(&widths) {
                let gap = width.saturating_sub(cell.chars().count()) + 1;
                out.extend([" ", cell, &" ".repeat(gap)]);
            }
            format!("{}\n", out.trim_end())
        };
        let mut out = "\n".to_owned();
        for (index, row) in lines.iter().enumerate() {
            out.push_str(&line(row));
            if index == 0 && !self.headless {
                let rule: usize = widths.iter().map(|width| width + 2).sum();
                out.extend(["─".repeat(rule).as_str(), "\n"]);
            }
        }
        out + "\n"
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
            ..Table::default()
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
            let table = Table {
                columns: all(columns),
                rows: cells.chunks(columns.len()).map(all).collect(),
                ..Table::default()
            };
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
    fn rows_that_end_with_nul_keep_their_line_ends() {
        let mut table = table();
        table.rows[1][0] = "l1\nl2\0".to_owned();
        assert_eq!(table.render(TableFormat::Nul, false), "vpc\tdev\0l1\nl2\tprod\0");
        assert_eq!(table.render_with(TableFormat::Nul, false, Some("/")), "vpc/dev\0l1\nl2/prod\0");
    }

    #[test]
    fn the_delimiter_can_be_another_one() {
        let text = table().render_with(TableFormat::Csv, false, Some(";"));
        assert_eq!(text, "Component;Stack\nvpc;dev\na,b;prod\n");
    }

    #[test]
    fn cells_of_any_length_and_content_stay_in_their_row() {
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let long = "x".repeat(70_000);
        let table = Table {
            columns: cells(&["A", "B"]),
            rows: vec![cells(&["a\u{1b}[31m\u{7}", "1\r\n2"]), cells(&[&long, "\tz"])],
            ..Table::default()
        };
        let text = table.render(TableFormat::Table, true);
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 4);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\r', '\t']));
        assert!(lines[2].starts_with(" a\\u{1b}[31m\\u{7} ") && lines[2].ends_with(" 1\\u{d}\\n2"));
        assert!(lines[3].ends_with("x  \\tz"));
        let text = table.render(TableFormat::Csv, true);
        assert!(!text.contains(['\u{1b}', '\r']), "{}", &text[..40]);
        // Programs get the values as they are.
        assert!(table.render(TableFormat::Csv, false).starts_with("A,B\na\u{1b}[31m\u{7},\"1\r\n2\"\n"));
    }

    #[test]
    fn rows_without_a_header_and_values_as_they_are() {
        let bare = Table { headless: true, ..table() };
        assert_eq!(bare.render(TableFormat::Csv, false), "vpc,dev\n\"a,b\",prod\n");
        assert_eq!(bare.render(TableFormat::Table, true), "\n vpc  dev\n a,b  prod\n\n");
        let typed = Table { values: vec![vec![Node::from(1_i64), Node::from(true)]], ..table() };
        let json = typed.render(TableFormat::Json, false).replace([' ', '\n'], "");
        assert_eq!(json, r#"[{"Component":1,"Stack":true}]"#);
    }

    #[test]
    fn terminal_table_has_header_and_rule() {
        assert_eq!(
            table().render(TableFormat::Table, true),
            "\n Component  Stack\n──────────────────\n vpc        dev\n a,b        prod\n\n"
        );
    }
}
