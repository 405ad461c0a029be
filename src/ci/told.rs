//! What terraform and tofu say of a plan or an apply, read from their output.

use super::blocks::blocks;
use crate::exec::changes::Changes;

/// Lines before the part of a plan that people want to see.
const MARKERS: [&str; 3] = [
    "Terraform will perform the following actions:",
    "OpenTofu will perform the following actions:",
    "Changes to Outputs:",
];

/// What becomes of a resource, as the line above it in a plan ends; longer ends first.
const FATES: [(&str, Fate); 7] = [
    (" will be created", Fate::Created),
    (" will be updated in-place", Fate::Updated),
    (" is tainted, so must be replaced", Fate::Replaced),
    (" must be replaced", Fate::Replaced),
    (" will be replaced, as requested", Fate::Replaced),
    (" will be destroyed", Fate::Deleted),
    (" will be imported", Fate::Imported),
];

/// What an apply does to a resource, as its lines begin behind the address.
const DEEDS: [(&str, Fate); 3] =
    [("Creating...", Fate::Created), ("Modifying...", Fate::Updated), ("Destroying...", Fate::Deleted)];

/// Lines of an apply that only say that something goes on.
const PROGRESS: [&str; 11] = [
    "Creating...",
    "Modifying...",
    "Destroying...",
    "Reading...",
    "Still ",
    "Creation complete",
    "Modifications complete",
    "Destruction complete",
    "Read complete",
    "Refreshing state",
    "Provisioning with",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Created,
    Updated,
    Replaced,
    Deleted,
    Imported,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Numbers of resources; `None` where the output says none.
    pub changes: Option<Changes>,
    pub created: Vec<String>,
    pub updated: Vec<String>,
    pub replaced: Vec<String>,
    pub deleted: Vec<String>,
    pub imported: Vec<String>,
    /// Outputs of an apply, as they are shown.
    pub outputs: Vec<(String, String)>,
    pub warnings: Vec<String>,
    pub errors: Vec<String>,
    /// The part that people want to see.
    pub shown: String,
}

impl Told {
    /// Reads the output of a command (`plan`, `apply`, `destroy`), which has no colours.
    pub fn read(command: &str, text: &str) -> Told {
        let mut told = Told { warnings: blocks(text, "Warning"), errors: blocks(text, "Error"), ..Told::default() };
        for line in text.lines() {
            if let Some(now) = Changes::read(line) {
                // A plan is said before the apply, whose numbers are the true ones.
                told.changes = Some(Changes::after(told.changes, now));
            }
        }
        if command == "plan" {
            for line in text.lines() {
                let Some(said) = line.trim_start().strip_prefix("# ") else { continue };
                let found = FATES.iter().find_map(|(words, fate)| Some((said.split_once(words)?.0, *fate)));
                if let Some((address, fate)) = found {
                    told.add(address, fate);
                }
            }
        } else {
            for line in text.lines() {
                let Some((address, deed)) = line.split_once(": ") else { continue };
                let found = DEEDS.iter().find(|(words, _)| deed.starts_with(words));
                if let Some((_, fate)) = found.filter(|_| !address.starts_with(char::is_whitespace)) {
                    told.add(address, *fate);
                }
            }
            told.outputs = outputs(text);
        }
        told.shown = shown(command, text);
        told
    }

    fn add(&mut self, address: &str, fate: Fate) {
        let list = match fate {
            Fate::Created => &mut self.created,
            Fate::Updated => &mut self.updated,
            Fate::Replaced => &mut self.replaced,
            Fate::Deleted => &mut self.deleted,
            Fate::Imported => &mut self.imported,
        };
        if !list.iter().any(|known| known == address) {
            list.push(address.to_owned());
        }
    }
}

/// The values below `Outputs:`; one that goes over several lines is kept as it stands.
fn outputs(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != "Outputs:").skip(1);
    let mut outputs: Vec<(String, String)> = Vec::new();
    let mut depth = 0i64;
    let mut here_document: Option<String> = None;
    for line in &mut lines {
        if let Some(end) = &here_document {
            if line.trim() == end {
                here_document = None;
            } else if let Some((_, value)) = outputs.last_mut() {
                value.push_str(if value.is_empty() { "" } else { "\n" });
                value.push_str(line);
            }
            continue;
        }
        if depth > 0 {
            depth += nesting(line);
            if let Some((_, value)) = outputs.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        let Some((name, value)) = line.split_once(" = ") else { break };
        if name.is_empty() || !name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-')) {
            break;
        }
        let value = value.trim();
        if let Some(end) = value.strip_prefix("<<").map(|end| end.trim_start_matches(['-', '~'])) {
            here_document = Some(end.to_owned());
            outputs.push((name.to_owned(), String::new()));
            continue;
        }
        depth = nesting(value).max(0);
        let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        outputs.push((name.to_owned(), bare.filter(|_| depth == 0).unwrap_or(value).to_owned()));
    }
    outputs
}

/// How much deeper a line leads into lists and maps.
fn nesting(line: &str) -> i64 {
    line.chars().fold(0, |depth, letter| match letter {
        '[' | '{' | '(' => depth + 1,
        ']' | '}' | ')' => depth - 1,
        _ => depth,
    })
}

fn shown(command: &str, text: &str) -> String {
    if command == "plan" && text.lines().any(|line| line.starts_with("No changes.")) {
        return String::new();
    }
    let behind = MARKERS.iter().find_map(|marker| Some(text.split_once(marker)?.1));
    let text = behind.unwrap_or(text);
    let lines = text.lines().filter(|line| {
        let progress = |said: &str| PROGRESS.iter().any(|words| said.starts_with(words));
        let said = line.split_once(": ").filter(|(address, _)| !address.starts_with(char::is_whitespace));
        command == "plan" || !said.is_some_and(|(_, said)| progress(said))
    });
    let mut shown = String::new();
    let mut blank = true;
    for line in lines {
        // Of several empty lines one is enough.
        if line.trim().is_empty() && blank {
            continue;
        }
        blank = line.trim().is_empty();
        shown.push_str(line.trim_end());
        shown.push('\n');
    }
    shown.truncate(shown.trim_end().len());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "\
data.x.y: Reading...

Terraform will perform the following actions:

  # aws_vpc.main will be created
  + resource \"aws_vpc\" \"main\" {}

  # module.a[\"x y\"].b.c will be updated in-place
  # r.t is tainted, so must be replaced
  # r.d will be destroyed

Plan: 2 to add, 1 to change, 2 to destroy.


╷
│ Warning: old
│ 
╵
";

    #[test]
    fn a_plan_names_its_resources() {
        let told = Told::read("plan", PLAN);
        assert_eq!(told.created, ["aws_vpc.main"]);
        assert_eq!(told.updated, ["module.a[\"x y\"].b.c"]);
        assert_eq!((told.replaced, told.deleted), (vec!["r.t".to_owned()], vec!["r.d".to_owned()]));
        assert_eq!(told.changes, Changes::read("Plan: 2 to add, 1 to change, 2 to destroy."));
        assert_eq!(told.warnings, ["Warning: old"]);
        assert!(told.shown.starts_with("  # aws_vpc.main will be created\n") && told.errors.is_empty());
        let none = Told::read("plan", "No changes. Your infrastructure matches the configuration.\n");
        assert_eq!((none.changes, none.shown.as_str()), (Some(Changes::default()), ""));
    }

    #[test]
    fn an_apply_says_what_it_did_and_what_came_out() {
        let text = "Plan: 1 to add, 0 to change, 0 to destroy.\nb.main: Creating...\nb.main: Still creating... [10s elapsed]\n\
                    b.main: Creation complete after 1s [id=x]\n\nApply complete! Resources: 1 added, 0 changed, 0 destroyed.\n\n\
                    Outputs:\n\narn = \"arn:x\"\nlist = [\n  \"a\",\n]\nport = 5\nsecret = <sensitive>\ntext = <<EOT\none\ntwo\n\nEOT\nlast = \"y\"\n";
        let told = Told::read("apply", text);
        assert_eq!(told.created, ["b.main"]);
        assert_eq!(told.changes.map(|changes| changes.to_string()).as_deref(), Some("+1 ~0 -0"));
        let outputs: Vec<(&str, &str)> =
            told.outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("arn", "arn:x"),
            ("list", "[\n  \"a\",\n]"),
            ("port", "5"),
            ("secret", "<sensitive>"),
            ("text", "one\ntwo\n"),
            ("last", "y"),
        ];
        assert_eq!(outputs, expected);
        assert!(told.shown.starts_with("Plan: 1 to add") && !told.shown.contains("Creat"), "{}", told.shown);
    }
}
