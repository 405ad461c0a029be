//! Tags that say what a list does to the list below it, whatever the strategy.

use std::sync::Arc;

use super::ListStrategy;
use super::deep::merge_into;
use crate::value::{Function, Node, Value};

/// What a tagged list does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark<'t> {
    /// `!append`: comes behind.
    Append,
    /// `!prepend`: comes before.
    Prepend,
    /// `!replace`: takes the place.
    Replace,
    /// `!merge.KEY`: maps with the same value of the key merge, others come behind.
    By(&'t str),
}

/// The mark of a tag.
fn of_tag(tag: &str) -> Option<Mark<'_>> {
    match tag {
        "!append" => Some(Mark::Append),
        "!prepend" => Some(Mark::Prepend),
        "!replace" => Some(Mark::Replace),
        _ => tag.strip_prefix("!merge.").filter(|key| !key.is_empty()).map(Mark::By),
    }
}

/// Whether a tag says what a list does to the list below it.
pub fn is_list_mark(tag: &str) -> bool {
    of_tag(tag).is_some()
}

/// The mark of a tagged list; what is no list is marked by nothing.
pub(super) fn of(function: &Function) -> Option<Mark<'_>> {
    function.argument.as_list().and_then(|_| of_tag(&function.tag))
}

/// A tagged list over a list, over another tagged one, or over something else, which is replaced. The tag stays as long
/// as no list was met, because a layer below may still come.
pub(super) fn put(target: &mut Node, over: &Node, mark: Mark<'_>, items: &[Node], strategy: ListStrategy) {
    match &mut target.value {
        Value::List(base) if mark == Mark::Replace => {
            *base = Arc::new(items.to_vec());
            target.span = over.span;
        }
        Value::List(base) => combine(base, mark, items, strategy),
        Value::Function(below) if mark != Mark::Replace && of(below).is_some() => {
            if let Value::List(base) = &mut Arc::make_mut(below).argument.value {
                combine(base, mark, items, strategy);
            }
        }
        _ => *target = over.clone(),
    }
}

fn combine(base: &mut Arc<Vec<Node>>, mark: Mark<'_>, items: &[Node], strategy: ListStrategy) {
    match mark {
        Mark::Append | Mark::Replace => Arc::make_mut(base).extend(items.iter().cloned()),
        Mark::Prepend => *base = Arc::new(items.iter().chain(base.iter()).cloned().collect()),
        Mark::By(key) => {
            let base = Arc::make_mut(base);
            for item in items {
                let id = item.get(key).filter(|id| !id.is_null());
                match id.and_then(|id| base.iter_mut().find(|known| known.get(key) == Some(id))) {
                    Some(known) => merge_into(known, item, strategy),
                    None => base.push(item.clone()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{appended, merge, settle};
    use super::*;
    use crate::value::{Map, from_json, to_json};

    fn node(text: &str) -> Node {
        from_json(&serde_json::from_str(text).unwrap())
    }

    fn marked(tag: &str, items: &str) -> Node {
        let function = Function { tag: Arc::from(tag), argument: node(items) };
        Node::from(Map::from_iter([(Arc::from("l"), Node::from(Value::Function(Arc::new(function))))]))
    }

    #[test]
    fn a_tag_goes_before_the_strategy() {
        let maps = r#"{"l": [{"n": "a", "x": 1}, {"n": "b"}]}"#;
        for (base, tag, items, expected) in [
            (r#"{"l": [1]}"#, "!prepend", "[2, 3]", r#"{"l":[2,3,1]}"#),
            (r#"{"l": [1]}"#, "!replace", "[2]", r#"{"l":[2]}"#),
            (r#"{"l": [1]}"#, "!append", "[2]", r#"{"l":[1,2]}"#),
            (
                maps,
                "!merge.n",
                r#"[{"n": "c"}, {"n": "a", "y": 2}]"#,
                r#"{"l":[{"n":"a","x":1,"y":2},{"n":"b"},{"n":"c"}]}"#,
            ),
            (maps, "!merge.none", r#"[{"n": "a"}]"#, r#"{"l":[{"n":"a","x":1},{"n":"b"},{"n":"a"}]}"#),
            (r#"{"l": "text"}"#, "!prepend", "[2]", r#"{"l":[2]}"#),
            ("{}", "!merge.n", "[2]", r#"{"l":[2]}"#),
        ] {
            for strategy in [ListStrategy::Replace, ListStrategy::Append, ListStrategy::Merge] {
                let merged = merge(&node(base), &marked(tag, items), strategy);
                assert_eq!(to_json(&settle(&merged)).to_string(), expected, "{tag} {strategy}");
            }
        }
    }

    #[test]
    fn a_tag_waits_for_the_list_below() {
        let base = node(r#"{"l": [1]}"#);
        let waiting = appended(&merge(&node("{}"), &marked("!prepend", "[2]"), ListStrategy::Replace));
        assert_eq!(settle(&merge(&base, &waiting, ListStrategy::Replace)), node(r#"{"l": [2, 1]}"#));
        let stacked = merge(&marked("!prepend", "[2]"), &marked("!prepend", "[3]"), ListStrategy::Replace);
        assert_eq!(settle(&merge(&base, &stacked, ListStrategy::Replace)), node(r#"{"l": [3, 2, 1]}"#));
        let replaced = merge(&marked("!append", "[2]"), &marked("!replace", "[3]"), ListStrategy::Append);
        assert_eq!(settle(&merge(&base, &replaced, ListStrategy::Append)), node(r#"{"l": [3]}"#));
    }

    #[test]
    fn other_tags_are_no_marks() {
        for tag in ["!env", "!merge", "!merge.", "append"] {
            assert!(!is_list_mark(tag), "{tag}");
        }
    }
}
