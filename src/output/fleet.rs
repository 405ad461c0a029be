//! What became of many components: a table for people, JSON and JUnit for others.

use serde_json::json;

use super::printable::printable;
use crate::ops::many::{Fleet, NodeResult, Status};

/// Rows for standard error, with a line that counts.
pub fn fleet_table(fleet: &Fleet) -> String {
    let results = &fleet.results;
    let head = ["Component", "Stack", "Identity", "Result", "Changes", "Time"].map(str::to_owned);
    let mut rows = vec![head.to_vec()];
    rows.extend(results.iter().map(|result| row(fleet, result)));
    let count = rows[0].len();
    let widths: Vec<usize> =
        (0..count).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * (count - 1));
    let body: String = rows[1..].iter().map(line).collect();
    format!("\n{}{rule}\n{body}\n{}\n", line(&rows[0]), counted(fleet))
}

/// Whether something may have changed, and nobody knows it.
fn is_unknown(fleet: &Fleet, result: &NodeResult) -> bool {
    fleet.changes && result.status != Status::Skipped && result.changed.is_none()
}

fn row(fleet: &Fleet, result: &NodeResult) -> Vec<String> {
    let changes = match (&result.changes, result.changed) {
        (Some(changes), _) => changes.to_string(),
        (None, Some(true)) => "yes".to_owned(),
        (None, Some(false)) => "none".to_owned(),
        (None, None) if result.status == Status::Succeeded && is_unknown(fleet, result) => "?".to_owned(),
        (None, None) => "-".to_owned(),
    };
    let status = match (result.status, result.code) {
        (Status::Failed, Some(code)) => format!("failed ({code})"),
        (status, _) => status.name().to_owned(),
    };
    [
        result.component.as_str(),
        &result.stack,
        result.identity.as_deref().unwrap_or("-"),
        &status,
        &changes,
        &result.milliseconds().map_or_else(|| "-".to_owned(), |time| format!("{} s", seconds(time, 1))),
    ]
    .map(|cell| printable(cell).into_owned())
    .to_vec()
}

fn counted(fleet: &Fleet) -> String {
    let results = &fleet.results;
    let count = |status: Status| results.iter().filter(|result| result.status == status).count();
    let changed = results.iter().filter(|result| result.changed == Some(true)).count();
    let succeeded = results.iter().filter(|result| result.status == Status::Succeeded);
    let unknown = succeeded.filter(|result| is_unknown(fleet, result)).count();
    let changes = match unknown {
        _ if !fleet.changes => String::new(),
        0 => format!("; {changed} with changes"),
        unknown if unknown == count(Status::Succeeded) => "; changes unknown".to_owned(),
        unknown => format!("; {changed} with changes, {unknown} unknown"),
    };
    format!(
        "{} succeeded, {} failed, {} skipped{changes}",
        count(Status::Succeeded),
        count(Status::Failed),
        count(Status::Skipped)
    )
}

/// Milliseconds as seconds.
fn seconds(milliseconds: i64, digits: usize) -> String {
    let time = std::time::Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    format!("{:.digits$}", time.as_secs_f64())
}

/// The summary that other programs read.
pub fn fleet_json(fleet: &Fleet) -> String {
    let records: Vec<_> = fleet
        .results
        .iter()
        .map(|result| {
            json!({
                "node_id": format!("{}-{}", result.component, result.stack),
                "stack": result.stack,
                "component": result.component,
                "identity": result.identity,
                "status": result.status.name(),
                "processed": result.started.is_some(),
                "changed": if is_unknown(fleet, result) { None } else { Some(result.changed.unwrap_or(false)) },
                "changes": result.changes.map(|changes| json!({
                    "add": changes.add,
                    "change": changes.change,
                    "destroy": changes.destroy,
                    "import": changes.import,
                })),
                "exit_code": result.code.unwrap_or(0),
                "started_at": result.started.map(|time| time.to_string()),
                "finished_at": result.finished.map(|time| time.to_string()),
                "duration_ms": result.milliseconds().unwrap_or(0),
                "log_files": result.log_files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
                "error": result.error,
            })
        })
        .collect();
    format!("{:#}\n", json!({"results": records}))
}

/// The same as a suite of JUnit: a component is a test case, its stack the class.
pub fn fleet_junit(fleet: &Fleet) -> String {
    let results = &fleet.results;
    let count = |status: Status| results.iter().filter(|result| result.status == status).count();
    let total: i64 = results.iter().filter_map(NodeResult::milliseconds).sum();
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" \
         errors=\"0\" skipped=\"{}\" time=\"{}\">\n",
        escaped(&format!("atmos {}", fleet.command)),
        results.len(),
        count(Status::Failed),
        count(Status::Skipped),
        seconds(total, 3)
    );
    let cases: String = results.iter().map(case).collect();
    head + &cases + "  </testsuite>\n</testsuites>\n"
}

fn case(result: &NodeResult) -> String {
    let time = seconds(result.milliseconds().unwrap_or(0), 3);
    let (name, stack) = (escaped(&result.component), escaped(&result.stack));
    let why = escaped(result.error.as_deref().unwrap_or_default());
    let end = match result.status {
        Status::Succeeded => "/>\n".to_owned(),
        Status::Failed => format!(">\n      <failure message=\"{why}\"/>\n    </testcase>\n"),
        Status::Skipped => format!(">\n      <skipped message=\"{why}\"/>\n    </testcase>\n"),
    };
    format!("    <testcase classname=\"{stack}\" name=\"{name}\" time=\"{time}\"{end}")
}

/// Text inside of an attribute. Characters that XML 1.0 does not have are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' => out += "&#10;",
            '\t' => out += "&#9;",
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::exec::changes::Changes;

    fn fleet() -> Fleet {
        Fleet { results: results(), failure: None, command: "terraform plan".to_owned(), changes: true }
    }

    fn results() -> Vec<NodeResult> {
        let time = |second| Some(Timestamp::from_second(second).unwrap());
        let one = |component: &str, status| NodeResult {
            component: component.to_owned(),
            stack: "dev".to_owned(),
            identity: None,
            status,
            changed: None,
            changes: None,
            code: None,
            started: None,
            finished: None,
            log_files: Vec::new(),
            error: None,
        };
        vec![
            NodeResult {
                identity: Some("admin".to_owned()),
                changed: Some(true),
                changes: Some(Changes { add: 1, ..Changes::default() }),
                code: Some(0),
                started: time(10),
                finished: time(12),
                ..one("vpc", Status::Succeeded)
            },
            NodeResult { code: Some(3), error: Some("a < \"b\"".to_owned()), ..one("db", Status::Failed) },
            NodeResult { error: Some("skipped".to_owned()), ..one("app", Status::Skipped) },
        ]
    }

    #[test]
    fn the_table_has_a_row_for_each_and_counts() {
        assert_eq!(
            fleet_table(&fleet()),
            "\nComponent  Stack  Identity  Result      Changes   Time\n\
             ───────────────────────────────────────────────────────\n\
             vpc        dev    admin     succeeded   +1 ~0 -0  2.0 s\n\
             db         dev    -         failed (3)  -         -\n\
             app        dev    -         skipped     -         -\n\n\
             1 succeeded, 1 failed, 1 skipped; 1 with changes\n"
        );
    }

    #[test]
    fn summaries_say_the_same_to_programs() {
        let json: serde_json::Value = serde_json::from_str(&fleet_json(&fleet())).unwrap();
        assert_eq!(json["results"][0]["duration_ms"], 2000);
        assert_eq!(json["results"][0]["node_id"], "vpc-dev");
        assert_eq!(json["results"][1]["exit_code"], 3);
        assert_eq!(json["results"][2]["processed"], false);
        assert_eq!((&json["results"][0]["changed"], &json["results"][2]["changed"]), (&json!(true), &json!(false)));
        let xml = fleet_junit(&fleet());
        assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"2.000\""), "{xml}");
        assert!(xml.contains("<failure message=\"a &lt; &quot;b&quot;\"/>"), "{xml}");
    }

    #[test]
    fn what_nobody_knows_is_not_nothing() {
        let mut fleet = fleet();
        fleet.results.truncate(1);
        let unknown = NodeResult { changed: None, changes: None, ..fleet.results[0].clone() };
        fleet.results.push(unknown.clone());
        let table = fleet_table(&fleet);
        assert!(table.contains("succeeded  ?"), "{table}");
        assert!(table.ends_with("2 succeeded, 0 failed, 0 skipped; 1 with changes, 1 unknown\n"), "{table}");
        let json: serde_json::Value = serde_json::from_str(&fleet_json(&fleet)).unwrap();
        assert_eq!((&json["results"][1]["changed"], &json["results"][1]["changes"]), (&json!(null), &json!(null)));
        fleet.results = vec![unknown];
        assert!(fleet_table(&fleet).ends_with("1 succeeded, 0 failed, 0 skipped; changes unknown\n"));
        // Nothing that `validate` says is about changes.
        fleet.changes = false;
        assert!(fleet_table(&fleet).ends_with("1 succeeded, 0 failed, 0 skipped\n"));
        let json: serde_json::Value = serde_json::from_str(&fleet_json(&fleet)).unwrap();
        assert_eq!(json["results"][0]["changed"], false);
    }
}
