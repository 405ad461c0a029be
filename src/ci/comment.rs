//! A comment on a pull request, which a later run finds by its mark and brings up to date. Pure.

/// GitHub takes 65536 characters; a few are kept for what closes a text that was cut.
const LONGEST: usize = 65_000;

/// What becomes of a comment that is there already: `ci.comments.behavior`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behavior {
    /// Always one more.
    Create,
    /// Only one that is there.
    Update,
    /// One that is there, else a new one.
    Upsert,
    /// None of these words.
    Unknown(String),
}

impl Behavior {
    pub fn parse(text: &str) -> Behavior {
        match text {
            "" | "upsert" => Behavior::Upsert,
            "create" => Behavior::Create,
            "update" => Behavior::Update,
            other => Behavior::Unknown(other.to_owned()),
        }
    }
}

/// The mark of the comment about one component. It is that of the reference, so that its comments are found.
pub fn mark(command: &str, component: &str, stack: &str) -> String {
    format!("<!-- atmos:ci:{command}:{component}:{stack} -->")
}

/// The mark of the comment about many components of a stack, or of all stacks.
pub fn mark_of_many(command: &str, stack: Option<&str>) -> String {
    format!("<!-- atmos:ci:{command}:aggregate:{} -->", stack.unwrap_or("all"))
}

/// Mark and text, as long as a comment may be.
pub fn body(mark: &str, text: &str) -> String {
    let whole = format!("{mark}\n{text}");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let end = whole.char_indices().nth(LONGEST).map_or(whole.len(), |(at, _)| at);
    let end = whole[..end].rfind('\n').unwrap_or(end);
    let mut body = whole[..end].to_owned();
    if body.lines().filter(|line| line.trim_start().starts_with("```")).count() % 2 == 1 {
        body.push_str("\n```");
    }
    let open = body.matches("<details").count().saturating_sub(body.matches("</details>").count());
    for _ in 0..open {
        body.push_str("\n</details>");
    }
    body.push_str("\n\n*The rest is too long for a comment. The summary of the job has it.*\n");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_closed() {
        let mark = mark("plan", "vpc", "dev");
        assert_eq!(body(&mark, "short"), "<!-- atmos:ci:plan:vpc:dev -->\nshort");
        let text = format!("<details><summary>x</summary>\n\n```hcl\n{}```\n</details>\n", "line ä\n".repeat(20_000));
        let cut = body(&mark, &text);
        assert!(cut.starts_with(&mark) && cut.chars().count() < 65_536, "{}", cut.chars().count());
        assert!(cut.contains("line ä\n```\n</details>\n\n*The rest"), "{}", &cut[cut.len() - 200..]);
    }

    #[test]
    fn behaviours_have_names() {
        assert_eq!((Behavior::parse(""), Behavior::parse("update")), (Behavior::Upsert, Behavior::Update));
        assert_eq!(Behavior::parse("never"), Behavior::Unknown("never".to_owned()));
        assert_eq!(mark_of_many("plan", None), "<!-- atmos:ci:plan:aggregate:all -->");
    }
}
