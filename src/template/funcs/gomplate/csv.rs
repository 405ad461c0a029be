//! Comma-separated values, read and written as Go's `encoding/csv` does.

/// Reads records. All have as many fields as the first one.
///
/// # Errors
/// Go's error text.
pub(super) fn read(text: &str, delimiter: char) -> Result<Vec<Vec<String>>, String> {
    if matches!(delimiter, '\0' | '"' | '\r' | '\n' | char::REPLACEMENT_CHARACTER) {
        return Err("csv: invalid field or comment delimiter".to_owned());
    }
    let mut records: Vec<Vec<String>> = Vec::new();
    let mut reader = Reader { rest: text, line: 0, delimiter };
    while let Some(record) = reader.record()? {
        let (start, record) = record;
        if records.first().is_some_and(|first| first.len() != record.len()) {
            return Err(format!("record on line {start}: wrong number of fields"));
        }
        records.push(record);
    }
    Ok(records)
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    delimiter: char,
}

impl<'t> Reader<'t> {
    /// The next line without its break, and whether it had one.
    fn next_line(&mut self) -> Option<(&'t str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, rest, broken) = match self.rest.split_once('\n') {
            Some((line, rest)) => (line.strip_suffix('\r').unwrap_or(line), rest, true),
            None => (self.rest.strip_suffix('\r').unwrap_or(self.rest), "", false),
        };
        self.rest = rest;
        Some((line, broken))
    }

    fn record(&mut self) -> Result<Option<(usize, Vec<String>)>, String> {
        let (mut line, mut broken) = loop {
            match self.next_line() {
                None => return Ok(None),
                Some(("", _)) => {}
                Some(line) => break line,
            }
        };
        let start = self.line;
        let mut whole = line;
        let mut fields = Vec::new();
        loop {
            let Some(quoted) = line.strip_prefix('"') else {
                let (field, rest) = match line.split_once(self.delimiter) {
                    Some((field, rest)) => (field, Some(rest)),
                    None => (line, None),
                };
                if let Some(column) = field.find('"') {
                    let column = whole.len() - line.len() + column + 1;
                    return Err(self.error(start, column, "bare \" in non-quoted-field"));
                }
                fields.push(field.to_owned());
                match rest {
                    Some(rest) => line = rest,
                    None => return Ok(Some((start, fields))),
                }
                continue;
            };
            line = quoted;
            let mut field = String::new();
            loop {
                let Some((part, after)) = line.split_once('"') else {
                    field.push_str(line);
                    let end = whole.len() + usize::from(broken) + 1;
                    let Some((next, next_broken)) = self.next_line().filter(|_| broken) else {
                        return Err(self.error(start, end, "extraneous or missing \" in quoted-field"));
                    };
                    field.push('\n');
                    (line, whole, broken) = (next, next, next_broken);
                    continue;
                };
                field.push_str(part);
                if let Some(rest) = after.strip_prefix('"') {
                    field.push('"');
                    line = rest;
                } else if let Some(rest) = after.strip_prefix(self.delimiter) {
                    line = rest;
                    fields.push(field);
                    break;
                } else if after.is_empty() {
                    fields.push(field);
                    return Ok(Some((start, fields)));
                } else {
                    let column = whole.len() - after.len();
                    return Err(self.error(start, column, "extraneous or missing \" in quoted-field"));
                }
            }
        }
    }

    fn error(&self, start: usize, column: usize, what: &str) -> String {
        if start == self.line {
            format!("parse error on line {start}, column {column}: {what}")
        } else {
            format!("record on line {start}; parse error on line {}, column {column}: {what}", self.line)
        }
    }
}

/// Writes records with the line breaks of RFC 4180.
pub(super) fn write(records: &[Vec<String>], delimiter: char) -> Result<String, String> {
    if matches!(delimiter, '\0' | '"' | '\r' | '\n' | char::REPLACEMENT_CHARACTER) {
        return Err("csv: invalid field or comment delimiter".to_owned());
    }
    let mut out = String::new();
    for record in records {
        for (index, field) in record.iter().enumerate() {
            if index > 0 {
                out.push(delimiter);
            }
            let special = |letter: char| matches!(letter, '"' | '\r' | '\n') || letter == delimiter;
            let quoted = field == r"\." || field.contains(special) || field.starts_with(char::is_whitespace);
            if quoted {
                // Line breaks inside a field become those of the file.
                let field = field.replace('"', "\"\"").replace('\r', "").replace('\n', "\r\n");
                out.push('"');
                out.push_str(&field);
                out.push('"');
            } else {
                out.push_str(field);
            }
        }
        out.push_str("\r\n");
    }
    Ok(out)
}
