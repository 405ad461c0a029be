//! The functions that are built, and the names of all.

use super::arguments::words;
use super::error::Error;
use super::evaluate::Evaluation;
use crate::config::git_root;
use crate::value::{Node, Value, to_json};

/// Every tag that manifests may have.
pub(crate) const SUPPORTED: [&str; 41] = [
    "!append",
    "!aws.account_id",
    "!aws.caller_identity_arn",
    "!aws.caller_identity_user_id",
    "!aws.organization_id",
    "!aws.region",
    "!cel",
    "!cwd",
    "!emulator",
    "!env",
    "!exec",
    "!git.branch",
    "!git.host",
    "!git.name",
    "!git.owner",
    "!git.ref",
    "!git.repository",
    "!git.root",
    "!git.sha",
    "!git.url",
    "!include",
    "!include.raw",
    "!labels",
    "!labels.keys",
    "!labels.values",
    "!literal",
    "!random",
    "!repo-root",
    "!secret",
    "!store",
    "!store.get",
    "!tags",
    "!template",
    "!terraform.output",
    "!terraform.state",
    "!unset",
    "!version",
    // Tags of YAML itself that reach this place when they say nothing about the type.
    "!!str",
    "!!map",
    "!!seq",
    "!",
];

/// The tag at the start of a text that is written like a function, and what follows it.
pub(crate) fn written_as_function(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with('!') {
        return None;
    }
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = text[1..].find(|c| !name(c)).map_or(text.len(), |end| end + 1);
    let (tag, rest) = text.split_at(end);
    // Those of manifests that are plain text in a string, as in the reference.
    let runs = SUPPORTED.contains(&tag) && !matches!(tag, "!" | "!append" | "!cwd" | "!random" | "!cel" | "!literal");
    runs.then_some((tag, rest.trim()))
}

impl Evaluation<'_> {
    /// The value of a function, `None` when it stays as it is written.
    pub(crate) fn call(&self, tag: &str, argument: &Node, node: &Node) -> Result<Option<Value>, Error> {
        if !SUPPORTED.contains(&tag) {
            let located = self.located(node);
            return Err(Error::UnsupportedTag {
                tag: tag.to_owned(),
                path: self.path.to_string(),
                supported: SUPPORTED
                    .iter()
                    .filter(|tag| tag.len() > 1 && !tag.starts_with("!!"))
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", "),
                place: located.text,
                source_code: located.source,
                at: located.at,
            });
        }
        if tag == "!literal" {
            return Ok(Some(argument.value.clone()));
        }
        let name = tag.trim_start_matches('!');
        if !self.options.process_functions || self.options.skip.iter().any(|skip| skip.trim_start_matches('!') == name)
        {
            return Ok(None);
        }
        let text = argument_text(argument);
        let value = match tag {
            "!env" => Value::String(self.env(tag, &text, node)?.into()),
            "!repo-root" | "!git.root" => Value::String(self.repo_root(tag, &text, node)?.into()),
            _ => {
                let located = self.located(node);
                return Err(Error::FunctionNotBuilt {
                    tag: tag.to_owned(),
                    name: name.to_owned(),
                    path: self.path.to_string(),
                    component: self.instance.name.clone(),
                    stack: self.instance.stack.clone(),
                    place: located.text,
                    source_code: located.source,
                    at: located.at,
                });
            }
        };
        Ok(Some(value))
    }

    /// `!env NAME [default]`: the component's `env` section, the process environment, the default, or nothing.
    fn env(&self, tag: &str, text: &str, node: &Node) -> Result<String, Error> {
        let fail = |message: String| {
            let located = self.located(node);
            Err(Error::Arguments {
                tag: tag.to_owned(),
                text: format!("{tag} {text}").trim_end().to_owned(),
                message,
                place: located.text,
                source_code: located.source,
                at: located.at,
            })
        };
        let words = match words(text) {
            Ok(words) => words,
            Err(message) => return fail(format!("invalid function arguments: {message}")),
        };
        let (name, default) = match words.as_slice() {
            [name] => (name, ""),
            [name, default] => (name, default.as_str()),
            [] => return fail("expected arguments".to_owned()),
            _ => return fail("env function accepts 1 or 2 arguments".to_owned()),
        };
        if let Some(own) = self.instance.sections.env.get(name).filter(|value| !value.is_null()) {
            return Ok(match to_json(own) {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            });
        }
        let ambient = self.host.env.get_raw(name).and_then(|value| value.to_str());
        let promoted = || self.config.promoted.get(name).map(String::as_str);
        Ok(ambient.or_else(promoted).unwrap_or(default).to_owned())
    }

    /// `!repo-root [default]`: the root of the git repository of the working directory.
    fn repo_root(&self, tag: &str, text: &str, node: &Node) -> Result<String, Error> {
        if let Some(root) = git_root(&self.host.cwd) {
            return Ok(root.display().to_string());
        }
        if !text.is_empty() {
            return Ok(text.to_owned());
        }
        let located = self.located(node);
        Err(Error::NoRepository {
            tag: tag.to_owned(),
            path: self.path.to_string(),
            component: self.instance.name.clone(),
            stack: self.instance.stack.clone(),
            place: located.text,
            source_code: located.source,
            at: located.at,
        })
    }
}

/// The text after the tag.
fn argument_text(argument: &Node) -> String {
    argument.scalar_text().map(|text| text.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_begin_like_a_function_are_functions() {
        for (text, expected) in [
            ("!env HOME", Some(("!env", "HOME"))),
            ("!env", Some(("!env", ""))),
            ("!environment x", None),
            ("!template[1]", Some(("!template", "[1]"))),
            ("!store.get a b", Some(("!store.get", "a b"))),
            ("!bogus x", None),
            ("! x", None),
            ("env HOME", None),
        ] {
            assert_eq!(written_as_function(text), expected, "{text}");
        }
    }
}
