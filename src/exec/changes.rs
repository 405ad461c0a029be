//! How much a plan or an apply changes, as terraform and tofu say in their last lines.

use super::process::without_colours;

/// Numbers of resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    pub add: u64,
    pub change: u64,
    pub destroy: u64,
    pub import: u64,
    /// Something that is no resource, such as an output.
    pub other: bool,
}

impl Changes {
    /// Nothing changes at all.
    pub fn is_none(&self) -> bool {
        *self == Changes::default()
    }

    /// Reads one line of output; most say nothing about it.
    pub fn read(line: &str) -> Option<Changes> {
        if line.starts_with('{') {
            return Changes::event(line);
        }
        let plain = without_colours(line);
        let line = plain.trim();
        if line.starts_with("No changes.") {
            return Some(Changes::default());
        }
        if line.starts_with("Changes to Outputs:") {
            return Some(Changes { other: true, ..Changes::default() });
        }
        let counts = ["Plan: ", "Apply complete! Resources: ", "Destroy complete! Resources: "]
            .iter()
            .find_map(|start| line.strip_prefix(start))?;
        let mut changes = Changes::default();
        for count in counts.trim_end_matches('.').split(", ") {
            let (number, what) = count.split_once(' ')?;
            let number = number.parse().ok()?;
            match what {
                "to add" | "added" => changes.add = number,
                "to change" | "changed" => changes.change = number,
                "to destroy" | "destroyed" => changes.destroy = number,
                "to import" | "imported" => changes.import = number,
                _ => {}
            }
        }
        Some(changes)
    }

    /// Reads one line of `-json`: the summary, or the outputs of a plan.
    fn event(line: &str) -> Option<Changes> {
        // Most events are about something else.
        if !line.contains("\"change_summary\"") && !line.contains("\"outputs\"") {
            return None;
        }
        let event: serde_json::Value = serde_json::from_str(line).ok()?;
        match event["type"].as_str()? {
            "change_summary" => {
                let count = |name: &str| event["changes"][name].as_u64().unwrap_or_default();
                Some(Changes {
                    add: count("add"),
                    change: count("change"),
                    destroy: count("remove"),
                    import: count("import"),
                    other: false,
                })
            }
            // Only a plan says what becomes of each.
            "outputs" => {
                let changes = |output: &serde_json::Value| output["action"].as_str().is_some_and(|it| it != "noop");
                let any = event["outputs"].as_object()?.values().any(changes);
                any.then(|| Changes { other: true, ..Changes::default() })
            }
            _ => None,
        }
    }

    /// What a later line adds to what an earlier one said: outputs are told apart from resources.
    pub fn after(before: Option<Changes>, now: Changes) -> Changes {
        match before {
            Some(before) if now == (Changes { other: true, ..Changes::default() }) => Changes { other: true, ..before },
            _ => now,
        }
    }
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        write!(f, "+{} ~{} -{}", self.add, self.change, self.destroy)?;
        if self.import > 0 {
            write!(f, " ←{}", self.import)?;
        }
        if self.other {
            f.write_str(" outputs")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_are_read() {
        for (line, shown) in [
            ("Plan: 1 to add, 0 to change, 2 to destroy.", Some("+1 ~0 -2")),
            ("Plan: 1 to import, 1 to add, 0 to change, 0 to destroy.", Some("+1 ~0 -0 ←1")),
            (
                "\u{1b}[0m\u{1b}[1m\u{1b}[32mApply complete! Resources: 2 added, 1 changed, 0 destroyed.",
                Some("+2 ~1 -0"),
            ),
            ("Destroy complete! Resources: 3 destroyed.", Some("+0 ~0 -3")),
            ("No changes. Your infrastructure matches the configuration.", Some("none")),
            ("Changes to Outputs:", Some("+0 ~0 -0 outputs")),
            (
                r#"{"@level":"info","changes":{"add":1,"change":2,"import":0,"remove":3,"operation":"plan"},"type":"change_summary"}"#,
                Some("+1 ~2 -3"),
            ),
            (
                r#"{"changes":{"add":0,"change":0,"import":0,"remove":0,"operation":"apply"},"type":"change_summary"}"#,
                Some("none"),
            ),
            (r#"{"outputs":{"a":{"sensitive":false,"action":"create"}},"type":"outputs"}"#, Some("+0 ~0 -0 outputs")),
            (r#"{"outputs":{"a":{"sensitive":false,"action":"noop"}},"type":"outputs"}"#, None),
            (r#"{"outputs":{"a":{"sensitive":false,"type":"string","value":"b"}},"type":"outputs"}"#, None),
            (r#"{"@message":"Plan: 1 to add","type":"log"}"#, None),
            ("{ \"outputs\"", None),
            ("Plan: something else", None),
            ("the plan", None),
        ] {
            assert_eq!(Changes::read(line).map(|changes| changes.to_string()).as_deref(), shown, "{line}");
        }
        let plan = Changes::read("Plan: 1 to add, 0 to change, 0 to destroy.");
        let both = Changes::after(plan, Changes::read("Changes to Outputs:").unwrap());
        assert_eq!(both.to_string(), "+1 ~0 -0 outputs");
    }
}
