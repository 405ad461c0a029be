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
