//! What a scanner found, as a part of the summary.

use std::fmt::Write as _;

use super::markdown::cell;

/// Most rows of the table.
const MOST: usize = 200;

/// A table of findings, each of severity, rule, place and message, the worst first.
pub fn findings(heading: &str, rows: &[[String; 4]]) -> String {
    let mut text = format!("\n## {heading}\n\n");
    if rows.is_empty() {
        text.push_str("No findings.\n");
        return text;
    }
    text.push_str("| Severity | Rule | Place | Finding |\n|---|---|---|---|\n");
    for row in rows.iter().take(MOST) {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        // Writing into a string cannot fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if rows.len() > MOST {
        let _ = writeln!(text, "\n{} more are in the log.", rows.len() - MOST);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_and_an_end() {
        assert_eq!(findings("x", &[]), "\n## x\n\nNo findings.\n");
        let row = ["error", "R|1", "a.tf:1", "one\ntwo"].map(str::to_owned);
        let text = findings("x", &vec![row; MOST + 5]);
        assert!(text.contains("| error | R\\|1 | a.tf:1 | one two |\n") && text.ends_with("5 more are in the log.\n"));
    }
}
