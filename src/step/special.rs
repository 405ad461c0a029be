//! Kinds of steps that start no program of their own: texts, questions, waits, and steps that run at once.

use super::definition::{Answer, Asked, FailMode, Form, Level, Outputs, Parallel, Said};
use super::error::place;
use super::keys::mistyped;
use super::read::{Reader, template_of, text_of, wrong};
use super::{Error, Kind};
use crate::value::Node;

/// The key under which the main text of a step stands.
pub(super) fn text_key(kind: &Kind) -> &'static str {
    match kind {
        Kind::Script(_) => "script",
        Kind::Said(Said { form: Form::Stage, .. }) => "title",
        Kind::Said(_) | Kind::Exit(_) => "content",
        Kind::Asked(_) => "prompt",
        Kind::Http(_) => "url",
        Kind::Archive(_) => "source",
        _ => "command",
    }
}

impl Reader<'_> {
    /// The kind of this name, when it is one of these.
    pub(super) fn special(&self, node: &Node, name: &str) -> Result<Option<Kind>, Error> {
        let said = |form| Ok(Some(Kind::Said(Said { form, parts: Vec::new(), separator: String::new(), columns: 0 })));
        let with_text = |form| {
            self.required(node, "content")?;
            said(form)
        };
        match name {
            "script" => {
                if node.get("command").is_some_and(|command| !command.is_empty()) {
                    let what = format!("the step `{}` of {}", self.name, self.owner);
                    let problem = "it has `command`, but its text stands in `script`".to_owned();
                    let help = "move the text to `script`, or make it a step of the type shell";
                    return Err(Error::Children { what, problem, help, place: place(self.sources, node.span) });
                }
                self.required(node, "script")?;
                Ok(Some(Kind::Script(self.required(node, "interpreter")?)))
            }
            // The title is for a spinner; the command is what counts.
            "spin" => {
                self.required(node, "command")?;
                Ok(Some(Kind::Shell))
            }
            "toast" => with_text(match self.word(node, "level")?.as_str() {
                "success" => Form::Success,
                "warning" | "warn" => Form::Warning,
                "error" => Form::Error,
                _ => Form::Info,
            }),
            "success" => with_text(Form::Success),
            "warn" => with_text(Form::Warning),
            "error" => with_text(Form::Error),
            "hint" => with_text(Form::Hint),
            "markdown" | "style" => with_text(Form::Plain),
            "say" => with_text(if self.word(node, "print")? == "never" { Form::Value } else { Form::Info }),
            "alert" => said(Form::Plain),
            "clear" | "title" => said(Form::Value),
            "format" | "pager" => with_text(Form::Data),
            "stage" => said(Form::Stage),
            "linebreak" => said(Form::Blank(self.number(node, "count")?.unwrap_or(1).max(1))),
            "log" => {
                let level = match self.word(node, "level")?.as_str() {
                    "trace" => Level::Trace,
                    "debug" => Level::Debug,
                    "warn" | "warning" => Level::Warning,
                    "error" => Level::Error,
                    _ => Level::Info,
                };
                self.required(node, "content")?;
                let parts = self.texts(node, "fields")?;
                Ok(Some(Kind::Said(Said { form: Form::Log(level), parts, separator: String::new(), columns: 0 })))
            }
            "join" => self.join(node).map(Some),
            "table" => self.table(node).map(Some),
            "input" | "write" | "confirm" | "choose" | "filter" | "file" => self.asked(node, name).map(Some),
            "sleep" => Ok(Some(Kind::Sleep)),
            "exit" => {
                let code = self.number(node, "code")?.unwrap_or(0);
                Ok(Some(Kind::Exit(u8::try_from(code).unwrap_or(1))))
            }
            "parallel" | "matrix" => self.parallel(node).map(Some),
            _ => self.action(node, name),
        }
    }

    fn join(&self, node: &Node) -> Result<Kind, Error> {
        let parts = self.list(node, "options")?;
        if parts.is_empty() {
            self.required(node, "content")?;
        }
        let separator =
            self.text(node, "separator")?.filter(|text| !text.is_empty()).unwrap_or_else(|| "\n".to_owned());
        let parts = parts.into_iter().map(|text| (String::new(), text)).collect();
        Ok(Kind::Said(Said { form: Form::Value, parts, separator, columns: 0 }))
    }

    /// Cells row by row, the row of names first.
    fn table(&self, node: &Node) -> Result<Kind, Error> {
        let rows = node.get("data").and_then(Node::as_list).unwrap_or_default();
        if rows.is_empty() {
            self.required(node, "content")?;
        }
        let mut columns = self.list(node, "columns")?;
        if columns.is_empty() {
            let first = rows.first().and_then(Node::as_map).into_iter().flatten();
            columns = first.map(|(key, _)| key.to_string()).collect();
        }
        let mut parts: Vec<(String, String)> = Vec::new();
        if !rows.is_empty() {
            parts.extend(columns.iter().map(|name| (name.clone(), name.clone())));
        }
        for row in rows {
            let cell = |name: &String| (name.clone(), row.get(name).and_then(template_of).unwrap_or_default());
            parts.extend(columns.iter().map(cell));
        }
        Ok(Kind::Said(Said { form: Form::Data, parts, separator: String::new(), columns: columns.len() }))
    }

    fn asked(&self, node: &Node, name: &str) -> Result<Kind, Error> {
        self.required(node, "prompt")?;
        let options = || {
            let options = self.list(node, "options")?;
            if options.is_empty() { Err(self.missing("options", node)) } else { Ok(options) }
        };
        let limit = self.number(node, "limit")?;
        let several = node.get("multiple").and_then(Node::as_bool) == Some(true) || limit.is_some_and(|most| most > 1);
        let answer = match name {
            "input" if node.get("password").and_then(Node::as_bool) == Some(true) => Answer::Password,
            "input" => Answer::Line,
            "write" => Answer::Lines,
            "confirm" => Answer::YesOrNo,
            "filter" if several => Answer::SomeOf(options()?, limit.filter(|most| *most > 0).unwrap_or(usize::MAX)),
            "choose" | "filter" => Answer::OneOf(options()?),
            _ => {
                let path = self.filled(node, "path")?.unwrap_or_else(|| ".".to_owned());
                Answer::File(path, self.list(node, "extensions")?)
            }
        };
        let placeholder = self.text(node, "placeholder")?.unwrap_or_default();
        Ok(Kind::Asked(Asked { answer, default: self.filled(node, "default")?, placeholder }))
    }

    fn parallel(&self, node: &Node) -> Result<Kind, Error> {
        let output = node.get("output");
        let mode = output.and_then(|output| output.get("mode").and_then(text_of).or_else(|| output.scalar_text()));
        let fail = node.get("fail");
        let fail = |key: &str| fail.and_then(|fail| fail.get(key)).and_then(text_of).unwrap_or_default();
        Ok(Kind::Parallel(Parallel {
            max_concurrency: self.number(node, "max_concurrency")?.filter(|most| *most > 0),
            mode: match fail("mode").as_str() {
                "" | "wait_all" => FailMode::WaitAll,
                "fail_fast" => FailMode::Fast,
                "best_effort" => FailMode::BestEffort,
                other => return Err(self.value("fail.mode", other, "wait_all, fail_fast or best_effort", node)),
            },
            max_failures: fail("max_failures").parse().unwrap_or(0),
            output: match mode.as_deref().unwrap_or_default() {
                "" | "grouped" => Outputs::Grouped,
                "prefixed" => Outputs::Prefixed,
                "none" => Outputs::None,
                other => return Err(self.value("output.mode", other, "grouped, prefixed or none", node)),
            },
            summary: output.and_then(|output| output.get("show_summary")).and_then(Node::as_bool) != Some(false),
        }))
    }

    pub(super) fn required(&self, node: &Node, key: &str) -> Result<String, Error> {
        self.text(node, key)?.filter(|text| !text.is_empty()).ok_or_else(|| self.missing(key, node))
    }

    pub(super) fn missing(&self, key: &str, node: &Node) -> Error {
        let help = match mistyped(node, key) {
            Some(mistyped) => format!("did you mean `{key}` where `{mistyped}` is written?"),
            None => "a step of this type needs it".to_owned(),
        };
        Error::Missing { what: self.what(key), help, place: place(self.sources, node.span) }
    }

    pub(super) fn value(&self, key: &str, value: &str, expected: &str, node: &Node) -> Error {
        let (value, expected) = (value.to_owned(), expected.to_owned());
        Error::Value { what: self.what(key), value, expected, place: place(self.sources, node.span) }
    }

    pub(super) fn word(&self, node: &Node, key: &str) -> Result<String, Error> {
        Ok(self.text(node, key)?.unwrap_or_default().trim().to_lowercase())
    }

    pub(super) fn number(&self, node: &Node, key: &str) -> Result<Option<usize>, Error> {
        let Some(text) = self.filled(node, key)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.value(key, &text, "a number", node))
    }

    /// Texts of a list; a text alone is a list of one.
    pub(super) fn list(&self, node: &Node, key: &str) -> Result<Vec<String>, Error> {
        let Some(value) = node.get(key).filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
        let items = value.as_list().unwrap_or(std::slice::from_ref(value));
        let text =
            |item: &Node| template_of(item).ok_or_else(|| wrong(self.what(key), "a list of texts", item, self.sources));
        items.iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::read::tests::one;
    use super::*;

    #[test]
    fn texts_stand_under_the_key_of_their_kind() {
        for (step, text) in [
            (json!({"type": "script", "interpreter": "python3", "script": "  print(1)\n"}), "  print(1)\n"),
            (json!({"type": "toast", "content": "done", "level": "warn"}), "done"),
            (json!({"type": "confirm", "prompt": "Sure?"}), "Sure?"),
            (json!({"type": "stage", "title": "Build"}), "Build"),
            (json!({"type": "exit", "content": "bye", "code": 3}), "bye"),
            (json!({"type": "spin", "title": "t", "command": "make"}), "make"),
        ] {
            assert_eq!(one(&step).unwrap().command, text, "{step}");
        }
        assert_eq!(one(&json!({"type": "exit", "code": 3})).unwrap().kind, Kind::Exit(3));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (step, key) in [
            (json!({"type": "script", "script": "x"}), "interpreter"),
            (json!({"type": "script", "interpreter": "sh"}), "script"),
            (json!({"type": "input"}), "prompt"),
            (json!({"type": "choose", "prompt": "x"}), "options"),
            (json!({"type": "toast"}), "content"),
            (json!({"type": "table"}), "content"),
            (json!({"type": "spin", "title": "x"}), "command"),
            (json!({"type": "parallel"}), "steps"),
        ] {
            let error = one(&step).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}` of the step `step1`")) && error.contains("is missing"), "{error}");
        }
    }

    #[test]
    fn steps_at_once_need_each_other_without_circles() {
        let group = |steps: Value| one(&json!({"type": "parallel", "steps": steps}));
        let fine =
            group(json!([{"name": "a", "command": "x"}, {"name": "b", "command": "y", "needs": ["a"]}])).unwrap();
        assert_eq!(fine.children[1].needs, ["a"]);
        assert_eq!(fine.children[0].kind, Kind::Atmos);
        for (steps, phrase) in [
            (json!([{"name": "a", "command": "x", "needs": ["z"]}]), "it needs `z`"),
            (json!([{"name": "a", "command": "x", "needs": ["a"]}]), "it needs `a`"),
            (json!([{"name": "a", "type": "input", "prompt": "x"}]), "beside others"),
            (
                json!([{"name": "a", "command": "x", "needs": ["b"]}, {"name": "b", "command": "x", "needs": ["a"]}]),
                "leads back",
            ),
            (json!("x"), "a list of steps"),
        ] {
            let error = group(steps).unwrap_err().to_string();
            assert!(error.contains(phrase), "{error}");
        }
        assert!(one(&json!({"command": "x", "needs": ["y"]})).unwrap_err().to_string().contains("run in their order"));
        for (key, value) in [("fail", json!({"mode": "never"})), ("output", json!("loud"))] {
            let mut step = json!({"type": "parallel", "steps": ["x"]});
            step[key] = value;
            assert!(one(&step).unwrap_err().to_string().contains("must be"), "{key}");
        }
    }

    #[test]
    fn tables_are_cells_row_by_row() {
        let step = one(&json!({"type": "table", "data": [{"a": 1, "b": "x"}, {"a": 2}]})).unwrap();
        let Kind::Said(said) = step.kind else { panic!() };
        let cells: Vec<&str> = said.parts.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!((said.columns, cells), (2, vec!["a", "b", "1", "x", "2", ""]));
    }
}
