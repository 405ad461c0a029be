//! Paths into a document, for messages: `components.terraform.vpc.vars.cidrs[0]`.

/// A path of keys and indexes that grows and shrinks while a tree is walked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path {
    text: String,
    marks: Vec<usize>,
}

impl Path {
    pub fn new() -> Path {
        Path::default()
    }

    pub fn push_key(&mut self, key: &str) {
        self.marks.push(self.text.len());
        if !self.text.is_empty() {
            self.text.push('.');
        }
        self.text.push_str(key);
    }

    pub fn push_index(&mut self, index: usize) {
        use std::fmt::Write as _;
        self.marks.push(self.text.len());
        let _ = write!(self.text, "[{index}]");
    }

    /// Whether the first key is this one.
    pub fn begins_with(&self, key: &str) -> bool {
        self.text.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// Removes the last key or index.
    pub fn pop(&mut self) {
        if let Some(mark) = self.marks.pop() {
            self.text.truncate(mark);
        }
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_shrinks() {
        let mut path = Path::new();
        path.push_key("vars");
        path.push_key("a");
        path.push_index(2);
        assert_eq!(path.to_string(), "vars.a[2]");
        assert!(path.begins_with("vars") && !path.begins_with("var"));
        path.pop();
        path.pop();
        assert_eq!(path.to_string(), "vars");
    }
}
