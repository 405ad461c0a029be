//! What a program left in its output file, for people.

use serde_json::Value as Json;

use crate::ci;
use crate::host::percent_decode;

/// How the file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) enum Report {
    /// Text, shown as it is.
    Text,
    /// Findings in SARIF; the file's name in the output folder where it is not the usual one.
    Findings { file: Option<String> },
    /// What infracost says.
    Cost,
}

/// Most findings that are named one by one.
const NAMED: usize = 20;
const LEVELS: [&str; 4] = ["error", "warning", "note", "none"];

impl Report {
    /// Name of the file in the output folder.
    pub(super) fn file(&self) -> &str {
        match self {
            Report::Findings { file: Some(file) } => file,
            _ => "output",
        }
    }

    /// What speaks against what the program left (`None`: nothing), where a run may depend on it: a check that has said
    /// nothing has found nothing out.
    pub(super) fn objection(&self, content: Option<&str>) -> Option<String> {
        let Report::Findings { .. } = self else { return None };
        let Some(content) = content.filter(|content| !content.trim().is_empty()) else {
            return Some("it wrote no findings".to_owned());
        };
        match serde_json::from_str::<Json>(content) {
            Err(error) => Some(format!("its findings are no SARIF: {error}")),
            Ok(document) if !document["runs"].is_array() => {
                Some("its findings are no SARIF: it has no `runs`".to_owned())
            }
            Ok(_) => None,
        }
    }

    /// The text for people; `None` where there is nothing to say.
    pub(super) fn render(&self, hook: &str, content: &str) -> Option<String> {
        let text = match self {
            Report::Text => content.trim_end().to_owned(),
            Report::Findings { .. } => findings(hook, &serde_json::from_str(content).ok()?),
            Report::Cost => cost(hook, &serde_json::from_str(content).ok()?),
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// The same as a part of a summary in Markdown.
    pub(in crate::ops) fn summary(&self, hook: &str, subject: &str, content: &str) -> Option<String> {
        let heading = format!("{hook} of {subject}");
        match self {
            Report::Text => Some(content.trim_end()).filter(|text| !text.is_empty()).map(|text| format!("\n{text}\n")),
            Report::Cost => Some(format!("\n## {heading}\n\n{}\n", self.render(hook, content)?)),
            Report::Findings { .. } => {
                serde_json::from_str::<Json>(content).ok()?;
                let mut all = self.findings(content);
                all.sort_by(Found::by_weight);
                Some(ci::findings(&heading, &all.iter().map(Found::row).collect::<Vec<_>>()))
            }
        }
    }

    /// The findings one by one.
    pub(in crate::ops) fn findings(&self, content: &str) -> Vec<Found> {
        let Report::Findings { .. } = self else { return Vec::new() };
        let Ok(document) = serde_json::from_str::<Json>(content) else { return Vec::new() };
        let runs = document["runs"].as_array().into_iter().flatten();
        let all = runs.flat_map(|run| run["results"].as_array().into_iter().flatten().map(move |result| (run, result)));
        all.map(|(run, result)| found(run, result)).collect()
    }
}

/// One finding for other programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Found {
    level: usize,
    pub rule: String,
    /// As the program named it, its folder in front where it has one of its own.
    pub file: Option<String>,
    pub line: Option<u64>,
    pub message: String,
}

impl Found {
    pub(in crate::ops) fn is_error(&self) -> bool {
        LEVELS[self.level] == "error"
    }

    pub(in crate::ops) fn level(&self) -> &'static str {
        LEVELS[self.level]
    }

    /// File and line, as far as they are known.
    pub(in crate::ops) fn place(&self) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        self.file.as_ref().map(|file| format!("{file}{line}")).unwrap_or_default()
    }

    /// Level, rule, place and message, for a table.
    pub(in crate::ops) fn row(&self) -> [String; 4] {
        [self.level().to_owned(), self.rule.clone(), self.place(), self.message.clone()]
    }

    /// The worst come first.
    pub(in crate::ops) fn by_weight(left: &Found, right: &Found) -> std::cmp::Ordering {
        (left.level, &left.file, left.line).cmp(&(right.level, &right.file, right.line))
    }
}

fn found(run: &Json, result: &Json) -> Found {
    let known = finding(result);
    let location = &result["locations"][0]["physicalLocation"];
    Found {
        level: known.level,
        rule: known.rule.to_owned(),
        file: file_of(run, &location["artifactLocation"]),
        line: location["region"]["startLine"].as_u64(),
        message: known.message.to_owned(),
    }
}

/// The file that is meant by a place of a run.
pub(super) fn file_of(run: &Json, artifact: &Json) -> Option<String> {
    let path = |uri: &str| {
        let path = percent_decode(uri.strip_prefix("file://").unwrap_or(uri));
        String::from_utf8(path).unwrap_or_else(|_| uri.to_owned())
    };
    let base = artifact["uriBaseId"].as_str().and_then(|id| run["originalUriBaseIds"][id]["uri"].as_str());
    let base = base.filter(|base| base.starts_with("file://")).map(path).unwrap_or_default();
    artifact["uri"].as_str().map(|uri| format!("{base}{}", path(uri)))
}

struct Finding<'j> {
    level: usize,
    rule: &'j str,
    place: String,
    message: &'j str,
}

fn findings(hook: &str, document: &Json) -> String {
    let runs = document["runs"].as_array().into_iter().flatten();
    let mut found: Vec<Finding<'_>> =
        runs.flat_map(|run| run["results"].as_array().into_iter().flatten()).map(finding).collect();
    if found.is_empty() {
        return format!("{hook}: no findings");
    }
    found.sort_by(|left, right| (left.level, &left.place, left.rule).cmp(&(right.level, &right.place, right.rule)));
    let counts: Vec<String> = LEVELS
        .iter()
        .enumerate()
        .map(|(level, name)| (found.iter().filter(|finding| finding.level == level).count(), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let mut lines = vec![format!("{hook}: {} finding(s): {}", found.len(), counts.join(", "))];
    lines.extend(found.iter().take(NAMED).map(|finding| {
        let message = finding.message.lines().next().unwrap_or_default();
        format!("  {} {} {}: {message}", LEVELS[finding.level], finding.rule, finding.place)
    }));
    if found.len() > NAMED {
        lines.push(format!("  … and {} more", found.len() - NAMED));
    }
    lines.join("\n")
}

fn finding(result: &Json) -> Finding<'_> {
    let level = result["level"].as_str().unwrap_or("warning");
    let location = &result["locations"][0]["physicalLocation"];
    let file = location["artifactLocation"]["uri"].as_str().unwrap_or("-");
    let place = match location["region"]["startLine"].as_u64() {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    };
    Finding {
        level: LEVELS.iter().position(|known| *known == level).unwrap_or(1),
        rule: result["ruleId"].as_str().unwrap_or("-"),
        place,
        message: result["message"]["text"].as_str().unwrap_or_default(),
    }
}

fn cost(hook: &str, document: &Json) -> String {
    let text = |key: &str| document[key].as_str().filter(|text| !text.is_empty());
    let Some(total) = text("totalMonthlyCost") else { return format!("{hook}: no priced resources") };
    let currency = text("currency").unwrap_or("USD");
    let difference = text("diffTotalMonthlyCost").filter(|text| text.parse() != Ok(0.0));
    let difference = difference.map(|text| format!(", difference {text}")).unwrap_or_default();
    format!("{hook}: {total} {currency} a month{difference}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn findings_are_counted_and_named_the_worst_first() {
        let result = |level: &str, rule: &str, line: u64| {
            json!({
                "level": level, "ruleId": rule, "message": {"text": "bad\nmore"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": "main.tf"}, "region": {"startLine": line}}}],
            })
        };
        let document = json!({"runs": [{"results": [result("note", "N", 1), result("error", "E", 2), json!({})]}]});
        let report = Report::Findings { file: None };
        assert_eq!(
            report.render("scan", &document.to_string()).unwrap(),
            "scan: 3 finding(s): 1 error, 1 warning, 1 note\n  error E main.tf:2: bad\n  warning - -: \n  note N main.tf:1: bad"
        );
        assert_eq!(report.render("scan", "{\"runs\": []}").unwrap(), "scan: no findings");
        assert_eq!(report.render("scan", "no"), None);
        for (content, phrase) in [
            (None, "no findings"),
            (Some(" \n"), "no findings"),
            (Some("bad"), "no SARIF"),
            (Some("{}"), "no `runs`"),
            (Some("[]"), "no `runs`"),
        ] {
            assert!(report.objection(content).unwrap().contains(phrase), "{content:?}");
        }
        assert_eq!(report.objection(Some("{\"runs\": []}")), None);
        assert_eq!(Report::Text.objection(None), None);
        let many: Vec<Json> = (0..25).map(|line| result("error", "E", line)).collect();
        let text = report.render("scan", &json!({"runs": [{"results": many}]}).to_string()).unwrap();
        assert!(text.ends_with("… and 5 more"), "{text}");
    }

    #[test]
    fn summaries_have_a_table_the_worst_first() {
        let result = |level: &str, line: u64| json!({"level": level, "ruleId": "R", "message": {"text": "bad|one"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.tf"}, "region": {"startLine": line}}}]});
        let document = json!({"runs": [{"results": [result("note", 1), result("error", 2)]}]}).to_string();
        let findings = Report::Findings { file: None };
        let text = findings.summary("scan", "`app` in `dev`", &document).unwrap();
        assert!(text.starts_with("\n## scan of `app` in `dev`\n"), "{text}");
        assert!(text.contains("| error | R | a.tf:2 | bad\\|one |\n| note | R | a.tf:1 |"), "{text}");
        assert_eq!(findings.summary("scan", "x", "no"), None);
        assert_eq!(Report::Text.summary("x", "y", "# Mine\n").as_deref(), Some("\n# Mine\n"));
        assert!(Report::Cost.summary("cost", "x", "{}").unwrap().contains("## cost of x"));
    }

    #[test]
    fn findings_for_others_have_the_path_that_the_program_means() {
        let result = |artifact: Json| json!({"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": artifact}}]});
        let document = json!({"runs": [{
            "originalUriBaseIds": {"ROOT": {"uri": "file:///top/"}},
            "results": [
                result(json!({"uri": "a%20b.tf", "uriBaseId": "ROOT"})),
                result(json!({"uri": "file:///x/c.tf"})),
                result(json!({"uri": "d.tf", "uriBaseId": "NONE"})),
                {},
            ],
        }]});
        let found = Report::Findings { file: None }.findings(&document.to_string());
        let files: Vec<Option<&str>> = found.iter().map(|one| one.file.as_deref()).collect();
        assert_eq!(files, [Some("/top/a b.tf"), Some("/x/c.tf"), Some("d.tf"), None]);
        assert!(Report::Text.findings("{}").is_empty() && Report::Findings { file: None }.findings("no").is_empty());
    }

    #[test]
    fn costs_and_texts_are_short() {
        let cost = |json: Json| Report::Cost.render("cost", &json.to_string()).unwrap();
        assert_eq!(
            cost(json!({"totalMonthlyCost": "47.2", "diffTotalMonthlyCost": "3"})),
            "cost: 47.2 USD a month, difference 3"
        );
        assert_eq!(
            cost(json!({"totalMonthlyCost": "47.2", "currency": "EUR", "diffTotalMonthlyCost": "0"})),
            "cost: 47.2 EUR a month"
        );
        assert_eq!(cost(json!({})), "cost: no priced resources");
        assert_eq!(Report::Text.render("x", "hello\n").unwrap(), "hello");
        assert_eq!(Report::Text.render("x", " \n"), None);
    }
}
