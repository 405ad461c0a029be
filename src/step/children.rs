//! The steps below a step: of the types parallel and matrix.

use std::collections::BTreeSet;

use regex::{Captures, Regex};

use super::error::place;
use super::read::{Reader, names, text_of, wrong};
use super::{Error, Kind, Step};
use crate::value::{Map, Node, Value};

/// Steps that one matrix may make.
const MOST: usize = 10_000;

/// Keys that are not rendered when the step runs, so that what they say of the axes is put in at once.
const AT_ONCE: [&str; 3] = ["stack", "timeout", "working_directory"];

type Row = Vec<(String, String)>;

impl Reader<'_> {
    /// The steps below a step of the types parallel and matrix, which are of the same usual kind as those beside it.
    pub(super) fn children(&self, node: &Node, kind: &Kind, usual: &Kind) -> Result<Vec<Step>, Error> {
        if !matches!(kind, Kind::Parallel(_)) {
            return Ok(Vec::new());
        }
        let list = node.get("steps").ok_or_else(|| self.missing("steps", node))?;
        let nodes = list.as_list().filter(|nodes| !nodes.is_empty());
        let nodes = nodes.ok_or_else(|| wrong(self.what("steps"), "a list of steps", list, self.sources))?;
        if node.get("type").and_then(Node::as_str).is_some_and(|name| name.trim() == "matrix") {
            return self.combinations(node, nodes, usual);
        }
        self.siblings(node, nodes, usual)
    }

    fn siblings(&self, node: &Node, nodes: &[Node], usual: &Kind) -> Result<Vec<Step>, Error> {
        let owner = format!("the step `{}` of {}", self.name, self.owner);
        let names = names(nodes);
        let mut children = Vec::with_capacity(nodes.len());
        for (node, name) in nodes.iter().zip(&names) {
            let reader = Reader { owner: &owner, sources: self.sources, name };
            let mut child = reader.step(node, usual)?;
            child.needs = reader.list(node, "needs")?;
            if let Kind::Unknown(kind) = &child.kind {
                let problem = format!("its type `{kind}` is not known");
                return Err(reader.wrong_child(
                    problem,
                    "steps of the types shell, atmos, script and sleep can run beside others",
                    node,
                ));
            }
            if !child.is_process() && child.kind != Kind::Sleep {
                let problem = "only steps of the types shell, atmos, script and sleep can run beside others".to_owned();
                return Err(reader.wrong_child(problem, "put it before or behind the steps that run at once", node));
            }
            if let Some(unknown) = child.needs.iter().find(|need| !names.contains(need) || *need == name) {
                let problem = format!("it needs `{unknown}`, which is no other step beside it");
                return Err(reader.wrong_child(problem, "`needs` takes names of steps of the same list", node));
            }
            children.push(child);
        }
        if let Some(lost) = circle(&children) {
            let problem = format!("`needs` of `{lost}` leads back to itself");
            return Err(self.wrong_child(problem, "take one of the `needs` out of the circle", node));
        }
        Ok(children)
    }

    /// The steps once for every combination of the values of the axes. Within a combination each step waits for the one
    /// before it, unless it says what it needs.
    fn combinations(&self, node: &Node, nodes: &[Node], usual: &Kind) -> Result<Vec<Step>, Error> {
        let rows = self.rows(node)?;
        if rows.len().saturating_mul(nodes.len()) > MOST {
            let problem = format!("its axes make more than {MOST} steps");
            return Err(self.wrong_child(problem, "leave values out", node));
        }
        let mut children = Vec::with_capacity(rows.len() * nodes.len());
        let mut prefixes = BTreeSet::new();
        for row in rows {
            let mut prefix = row
                .iter()
                .fold(self.name.to_owned(), |name, (axis, value)| format!("{name}_{}_{}", word(axis), word(value)));
            while !prefixes.insert(prefix.clone()) {
                prefix.push('_');
            }
            let own: Vec<Node> = nodes.iter().map(|node| put_in(node, &row)).collect();
            let mut group = self.siblings(node, &own, usual)?;
            let written: Vec<String> = group.iter().map(|child| child.name.clone()).collect();
            for (at, child) in group.iter_mut().enumerate() {
                if child.needs.is_empty() && at > 0 {
                    child.needs.push(written[at - 1].clone());
                }
                child.needs.iter_mut().chain([&mut child.name]).for_each(|name| *name = format!("{prefix}_{name}"));
                child.matrix.clone_from(&row);
            }
            if let Some(lost) = circle(&group) {
                let problem =
                    format!("`needs` of `{lost}` leads back to itself: steps of a combination run in their order");
                return Err(self.wrong_child(problem, "put the step behind the one that it needs", node));
            }
            children.append(&mut group);
        }
        Ok(children)
    }

    /// Every combination of the values of the axes, which are sorted by name.
    fn rows(&self, node: &Node) -> Result<Vec<Row>, Error> {
        let matrix = node.get("matrix").ok_or_else(|| self.missing("matrix", node))?;
        let axes = matrix.as_map().filter(|axes| !axes.is_empty());
        let axes = axes.ok_or_else(|| wrong(self.what("matrix"), "a map of lists", matrix, self.sources))?;
        let mut axes: Vec<(&str, &Node)> = axes.iter().map(|(axis, values)| (&**axis, values)).collect();
        axes.sort_by_key(|(axis, _)| *axis);
        let mut rows: Vec<Row> = vec![Vec::new()];
        for (axis, values) in axes {
            let what = format!("matrix.{axis}");
            let list = values.as_list().filter(|values| !values.is_empty());
            let list = list.ok_or_else(|| wrong(self.what(&what), "a list of values", values, self.sources))?;
            let text = |value: &Node| {
                text_of(value).ok_or_else(|| wrong(self.what(&what), "a list of texts", value, self.sources))
            };
            let values = list.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            if rows.len().saturating_mul(values.len()) > MOST {
                let problem = format!("its axes make more than {MOST} steps");
                return Err(self.wrong_child(problem, "leave values out", node));
            }
            let with = |row: &Row, value: &String| {
                let mut row = row.clone();
                row.push((axis.to_owned(), value.clone()));
                row
            };
            rows = rows.iter().flat_map(|row| values.iter().map(move |value| with(row, value))).collect();
        }
        Ok(rows)
    }

    fn wrong_child(&self, problem: String, help: &'static str, node: &Node) -> Error {
        let what = format!("the step `{}` of {}", self.name, self.owner);
        Error::Children { what, problem, help, place: place(self.sources, node.span) }
    }
}

/// The step with the values of the axes in the keys that nobody renders later.
fn put_in(node: &Node, row: &Row) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    let Ok(pattern) = Regex::new(r"\{\{-?\s*\.matrix\.([\w-]+)\s*-?\}\}") else { return node.clone() };
    let with = |text: &str| {
        let value = |found: &Captures<'_>| {
            let value = row.iter().find(|(axis, _)| *axis == found[1]).map(|(_, value)| value.as_str());
            value.unwrap_or(&found[0]).to_owned()
        };
        pattern.replace_all(text, value).into_owned()
    };
    let entry = |(key, value): (&std::sync::Arc<str>, &Node)| {
        let text = value.as_str().filter(|_| AT_ONCE.contains(&&**key));
        let value = text.map_or_else(|| value.clone(), |text| Node::new(Value::String(with(text).into()), value.span));
        (key.clone(), value)
    };
    Node::new(Value::Map(std::sync::Arc::new(map.iter().map(entry).collect::<Map>())), node.span)
}

/// A text as a part of a name.
fn word(text: &str) -> String {
    let word: String = text.trim().chars().map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '_' }).collect();
    let word = word.trim_matches('_');
    if word.is_empty() { "empty".to_owned() } else { word.to_owned() }
}

/// A step that can never begin, because it waits for itself.
fn circle(children: &[Step]) -> Option<&str> {
    let mut waiting: Vec<&Step> = children.iter().collect();
    loop {
        let before = waiting.len();
        let names: Vec<&str> = waiting.iter().map(|step| step.name.as_str()).collect();
        waiting.retain(|step| step.needs.iter().any(|need| names.contains(&need.as_str())));
        match waiting.first() {
            Some(step) if waiting.len() == before => return Some(&step.name),
            Some(_) => {}
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::read::read;
    use super::super::read::tests::one;
    use super::*;
    use crate::span::Sources;
    use crate::value::from_json;

    #[test]
    fn a_matrix_makes_steps_for_every_combination() {
        let step = one(&json!({"name": "all", "type": "matrix", "matrix": {"os": ["linux", "darwin"], "go": ["1.22"]},
            "steps": [{"name": "build", "command": "x", "timeout": "3s"},
                      {"name": "test", "type": "atmos", "command": "y", "stack": "{{ .matrix.os }}-{{.matrix.none}}"}]}));
        let children = step.unwrap().children;
        let names: Vec<&str> = children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "all_go_1_22_os_linux_build",
                "all_go_1_22_os_linux_test",
                "all_go_1_22_os_darwin_build",
                "all_go_1_22_os_darwin_test"
            ]
        );
        assert_eq!((children[0].needs.len(), &children[3].needs[0]), (0, &children[2].name));
        assert_eq!(children[1].stack.as_deref(), Some("linux-{{.matrix.none}}"));
        assert_eq!(children[2].matrix, [("go".to_owned(), "1.22".to_owned()), ("os".to_owned(), "darwin".to_owned())]);
    }

    #[test]
    fn children_are_of_the_kind_of_the_steps_beside_the_group() {
        for group in [
            json!({"name": "g", "type": "parallel", "steps": ["x", {"command": "y"}, {"type": "shell", "command": "z"}]}),
            json!({"name": "g", "type": "matrix", "matrix": {"a": [1]},
                "steps": ["x", {"command": "y"}, {"type": "shell", "command": "z"}]}),
        ] {
            let list = from_json(&json!([group]));
            for usual in [Kind::Atmos, Kind::Shell] {
                let steps = read(&list, &usual, "it", &Sources::new()).unwrap();
                let kinds: Vec<&Kind> = steps[0].children.iter().map(|child| &child.kind).collect();
                assert_eq!(kinds, [&usual, &usual, &Kind::Shell]);
            }
        }
    }

    #[test]
    fn axes_are_lists_of_values() {
        let wrong =
            |matrix: Json| one(&json!({"type": "matrix", "matrix": matrix, "steps": ["x"]})).unwrap_err().to_string();
        assert!(wrong(json!({})).contains("`matrix` of the step `step1`"));
        assert!(wrong(json!({"a": []})).contains("`matrix.a` of the step `step1`"));
        assert!(wrong(json!({"a": [["b"]]})).contains("a list of texts"));
        let many: Vec<u32> = (0..200).collect();
        assert!(wrong(json!({"a": many, "b": many})).contains("more than 10000"));
        let circle = one(&json!({"type": "matrix", "matrix": {"a": [1]},
            "steps": [{"name": "x", "command": "x", "needs": ["y"]}, {"name": "y", "command": "y"}]}));
        assert!(circle.unwrap_err().to_string().contains("leads back"));
        // Values that are alike as names stay two.
        let alike = one(&json!({"name": "m", "type": "matrix", "matrix": {"a": ["b/c", "b c"]}, "steps": ["x"]}));
        let names: Vec<String> = alike.unwrap().children.into_iter().map(|child| child.name).collect();
        assert_eq!(names, ["m_a_b_c_step1", "m_a_b_c__step1"]);
    }
}
