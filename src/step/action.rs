//! Kinds of steps that do something themselves: requests, archives, and what must be there.

use regex::Regex;

use super::definition::{Archive, Http, Junit, Require};
use super::read::{Reader, wrong};
use super::{Error, Kind};
use crate::value::Node;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

impl Reader<'_> {
    /// The kind of this name, when it is one of these.
    pub(super) fn action(&self, node: &Node, name: &str) -> Result<Option<Kind>, Error> {
        match name {
            "require" | "assert" => self.require(node).map(Some),
            "http" | "webhook" => self.http(node).map(Some),
            "archive" => self.archive(node).map(Some),
            "junit" => self.junit(node).map(Some),
            _ => Ok(None),
        }
    }

    fn require(&self, node: &Node) -> Result<Kind, Error> {
        let (tools, files, folders) = (self.list(node, "tools")?, self.list(node, "files")?, self.list(node, "dirs")?);
        if tools.is_empty() && files.is_empty() && folders.is_empty() {
            return Err(self.missing("tools` (or `files`, `dirs`)", node));
        }
        Ok(Kind::Require(Require { tools, files, folders, hint: self.filled(node, "hint")? }))
    }

    fn http(&self, node: &Node) -> Result<Kind, Error> {
        self.required(node, "url")?;
        let given = self.word(node, "method")?.to_uppercase();
        let method = METHODS.into_iter().find(|method| *method == given || (given.is_empty() && *method == "GET"));
        let method = method.ok_or_else(|| self.value("method", &given, &METHODS.join(", "), node))?;
        let body = self.text(node, "body")?.filter(|body| !body.is_empty());
        let form = self.texts(node, "form")?;
        if body.is_some() && !form.is_empty() {
            let expected = "left out beside `form`: there is one content";
            return Err(self.value("body", body.as_deref().unwrap_or_default(), expected, node));
        }
        let expect = node.get("expect").filter(|expect| !expect.is_null());
        if let Some(expect) = expect.filter(|expect| expect.as_map().is_none()) {
            return Err(wrong(self.what("expect"), "a map", expect, self.sources));
        }
        let (mut statuses, mut answers) = (Vec::new(), Vec::new());
        if let Some(expect) = expect {
            for text in self.list(expect, "status")? {
                let status = text.parse().ok().filter(|status| (100..600).contains(status));
                statuses.push(status.ok_or_else(|| self.value("expect.status", &text, "numbers such as 200", expect))?);
            }
            for text in self.list(expect, "response")? {
                let bare = text.strip_prefix('/').and_then(|text| text.strip_suffix('/')).unwrap_or(&text);
                if Regex::new(bare).is_err() {
                    return Err(self.value("expect.response", &text, "regular expressions", expect));
                }
                answers.push(bare.to_owned());
            }
        }
        let (query, headers) = (self.texts(node, "query")?, self.texts(node, "headers")?);
        Ok(Kind::Http(Box::new(Http { method, query, headers, body, form, statuses, answers })))
    }

    fn archive(&self, node: &Node) -> Result<Kind, Error> {
        self.required(node, "source")?;
        let destination = self.required(node, "destination")?;
        let action = self.word(node, "action")?;
        let update = match action.as_str() {
            "" | "replace" => false,
            "update" => true,
            other => return Err(self.value("action", other, "replace or update", node)),
        };
        Ok(Kind::Archive(Box::new(Archive {
            destination,
            update,
            format: self.filled(node, "format")?,
            subpath: self.filled(node, "subpath")?.unwrap_or_default(),
            include: self.list(node, "include")?,
            exclude: self.list(node, "exclude")?,
            mtime: self.filled(node, "mtime")?.unwrap_or_default(),
        })))
    }

    fn junit(&self, node: &Node) -> Result<Kind, Error> {
        let files = self.list(node, "files")?;
        if files.is_empty() {
            return Err(self.missing("files", node));
        }
        let action = self.word(node, "action")?;
        let (summary, annotate) = match action.as_str() {
            "" | "all" => (true, true),
            "summary" => (true, false),
            "annotate" => (false, true),
            other => return Err(self.value("action", other, "all, summary or annotate", node)),
        };
        let title = self.filled(node, "title")?.unwrap_or_else(|| "Test results".to_owned());
        Ok(Kind::Junit(Junit { files, title, summary, annotate }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::read::tests::one;
    use super::*;

    #[test]
    fn requests_say_what_goes_and_what_comes_back() {
        let step = one(&json!({"type": "webhook", "url": "https://x", "method": "post", "form": {"a": 1},
            "expect": {"status": [200, "204"], "response": ["/ok/", "fine"]}}));
        let step = step.unwrap();
        let Kind::Http(http) = step.kind else { panic!() };
        assert_eq!((step.command.as_str(), http.method, http.form.len()), ("https://x", "POST", 1));
        assert_eq!((http.statuses, http.answers), (vec![200, 204], vec!["ok".to_owned(), "fine".to_owned()]));
    }

    #[test]
    fn what_is_wrong_with_them_is_named() {
        for (step, phrase) in [
            (json!({"type": "http"}), "`url` of the step `step1`"),
            (json!({"type": "http", "url": "x", "method": "FETCH"}), "must be GET, POST"),
            (json!({"type": "http", "url": "x", "body": "x", "form": {"a": "b"}}), "left out beside `form`"),
            (json!({"type": "http", "url": "x", "expect": {"status": ["fine"]}}), "numbers such as 200"),
            (json!({"type": "http", "url": "x", "expect": {"response": ["("]}}), "regular expressions"),
            (json!({"type": "http", "url": "x", "expect": 200}), "must be a map"),
            (json!({"type": "require", "hint": "x"}), "`tools`"),
            (json!({"type": "archive", "destination": "x.zip"}), "`source`"),
            (json!({"type": "archive", "source": "x"}), "`destination`"),
            (json!({"type": "archive", "source": "x", "destination": "y", "action": "extract"}), "replace or update"),
            (json!({"type": "junit"}), "`files`"),
            (json!({"type": "junit", "files": "x", "action": "y"}), "all, summary or annotate"),
        ] {
            let error = one(&step).unwrap_err().to_string();
            assert!(error.contains(phrase), "{error}");
        }
    }
}
