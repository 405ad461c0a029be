//! Findings as the services take them that keep them: paths of the repository, one analysis for each thing that was checked.

use serde_json::{Value as Json, json};

use super::report::file_of;

/// What was checked, and what its findings mean.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Analysis<'a> {
    /// Stack, component and who checked: what is sent later of the same takes the place of what was sent before.
    pub name: &'a [&'a str],
    /// Nothing of it stops the run: nothing is more than a warning.
    pub is_mild: bool,
}

/// The report for a service, by `place` with the paths of the repository. `None` for what is no SARIF.
pub(in crate::ops) fn prepared(
    content: &str,
    analysis: &Analysis<'_>,
    place: impl Fn(&str) -> Option<String>,
) -> Option<Json> {
    let mut document: Json = serde_json::from_str(content).ok()?;
    let runs = document.get_mut("runs")?.as_array_mut()?;
    for (at, run) in runs.iter_mut().enumerate().filter(|(_, run)| run.is_object()) {
        // The service takes no two runs of one name in one file.
        let more = if at == 0 { String::new() } else { format!("/{}", at + 1) };
        run["automationDetails"] = json!({"id": format!("{}{more}/", analysis.name.join("/"))});
        let bases = json!({"originalUriBaseIds": run["originalUriBaseIds"]});
        let results = run.get_mut("results").and_then(Json::as_array_mut).into_iter().flatten();
        for result in results.filter(|result| result.is_object()) {
            for location in result.get_mut("locations").and_then(Json::as_array_mut).into_iter().flatten() {
                if let Some(artifact) = location.pointer_mut("/physicalLocation/artifactLocation")
                    && let Some(path) = file_of(&bases, artifact).as_deref().and_then(&place)
                {
                    *artifact = json!({"uri": crate::host::percent_encode_path(&path)});
                }
            }
            if analysis.is_mild {
                result["level"] = Json::from("warning");
                soften(result);
            }
        }
        if analysis.is_mild {
            let rules = run.pointer_mut("/tool/driver/rules").and_then(Json::as_array_mut);
            for rule in rules.into_iter().flatten().filter(|rule| rule.is_object()) {
                rule["defaultConfiguration"] = json!({"level": "warning"});
                soften(rule);
            }
        }
    }
    Some(document)
}

/// Levels of security would make an error of a warning.
fn soften(node: &mut Json) {
    if let Some(severity) = node.pointer_mut("/properties/security-severity") {
        *severity = Json::from("0.0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_name_files_of_the_repository_and_what_was_checked() {
        let location = |artifact: Json| json!({"physicalLocation": {"artifactLocation": artifact}});
        let document = json!({"runs": [
            {
                "originalUriBaseIds": {"ROOT": {"uri": "file:///top/"}},
                "tool": {"driver": {"name": "scan", "rules": [{"id": "R", "properties": {"security-severity": "9.1"}}]}},
                "results": [
                    {"level": "error", "locations": [location(json!({"uri": "main.tf", "uriBaseId": "ROOT"}))]},
                    {"level": "note", "locations": [location(json!({"uri": "elsewhere"}))]},
                ],
            },
            {"results": []},
        ]});
        let place = |path: &str| (path == "/top/main.tf").then(|| "components/a b/main.tf".to_owned());
        let ready = |is_mild: bool| {
            prepared(&document.to_string(), &Analysis { name: &["dev", "app", "scan"], is_mild }, place).unwrap()
        };
        let hard = ready(false);
        let uri =
            |at: usize| hard["runs"][0]["results"][at]["locations"][0]["physicalLocation"]["artifactLocation"].clone();
        assert_eq!((uri(0), uri(1)), (json!({"uri": "components/a%20b/main.tf"}), json!({"uri": "elsewhere"})));
        assert_eq!(hard["runs"][0]["automationDetails"]["id"], "dev/app/scan/");
        assert_eq!(hard["runs"][1]["automationDetails"]["id"], "dev/app/scan/2/");
        assert_eq!(hard["runs"][0]["results"][0]["level"], "error");
        let mild = ready(true);
        assert_eq!(mild["runs"][0]["results"][0]["level"], "warning");
        let rule = &mild["runs"][0]["tool"]["driver"]["rules"][0];
        let told = (&rule["properties"]["security-severity"], &rule["defaultConfiguration"]["level"]);
        assert_eq!(told, (&json!("0.0"), &json!("warning")));
        let odd = r#"{"runs": ["x", {"results": ["y", {"locations": 1}], "tool": {"driver": {"rules": [2]}}}]}"#;
        assert!(prepared(odd, &Analysis { name: &["x"], is_mild: true }, place).is_some());
        for broken in ["", "no", "{}", "[]"] {
            assert_eq!(prepared(broken, &Analysis { name: &[], is_mild: true }, place), None, "{broken}");
        }
    }
}
