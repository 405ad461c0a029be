//! The merge itself.

use std::sync::Arc;

use super::ListStrategy;
use super::marks::{self, is_list_mark};
use crate::value::{Function, Map, Node, Value};

/// A list with this tag is appended to whatever list lies below, whatever the strategy.
const APPEND: &str = "!append";
/// A value with this tag removes its key from everything that lies below.
const UNSET: &str = "!unset";

/// `over` put on top of `base`: maps merge key by key, lists by `strategy`, and for every other pair the later value
/// stands, null and changes of type included. The place of a value is that of its winner.
pub fn merge(base: &Node, over: &Node, strategy: ListStrategy) -> Node {
    let mut merged = base.clone();
    merge_into(&mut merged, over, strategy);
    merged
}

/// Folds layers, lowest first. A layer that is null (an empty file) changes nothing; no layers at all give an empty map.
pub fn merge_all<'a>(layers: impl IntoIterator<Item = &'a Node>, strategy: ListStrategy) -> Node {
    let mut merged: Option<Node> = None;
    for layer in layers.into_iter().filter(|layer| !layer.is_null()) {
        match &mut merged {
            Some(merged) => merge_into(merged, layer, strategy),
            None => merged = Some(layer.clone()),
        }
    }
    merged.unwrap_or_else(Node::empty_map)
}

/// [`merge`] in place: maps that only `target` holds are changed, shared ones are copied one level deep first.
pub fn merge_into(target: &mut Node, over: &Node, strategy: ListStrategy) {
    match (&mut target.value, &over.value) {
        (Value::Map(base), Value::Map(later)) => {
            if later.is_empty() || Arc::ptr_eq(base, later) && !grows(over, strategy) {
                return;
            }
            if base.is_empty() {
                *base = later.clone();
            } else {
                merge_maps(Arc::make_mut(base), later, strategy);
            }
            if over.span.is_known() {
                target.span = over.span;
            }
        }
        (_, Value::Function(function)) if let Some(mark) = marks::of(function) => {
            marks::put(target, over, mark, function.argument.as_list().unwrap_or_default(), strategy);
        }
        (Value::List(base), Value::List(later)) if strategy != ListStrategy::Replace => {
            merge_lists(base, later, strategy);
        }
        (Value::Function(function), Value::List(later))
            if strategy != ListStrategy::Replace && marks::of(function).is_some() =>
        {
            // Still waits for what lies below, now with what this layer does to it.
            if let Value::List(base) = &mut Arc::make_mut(function).argument.value {
                merge_lists(base, later, strategy);
            }
        }
        _ => *target = over.clone(),
    }
}

/// Whether merging a node with itself would change it: lists that are appended to double, as in the reference.
fn grows(node: &Node, strategy: ListStrategy) -> bool {
    match &node.value {
        Value::Map(map) => map.values().any(|item| grows(item, strategy)),
        Value::List(list) => match strategy {
            ListStrategy::Append => !list.is_empty(),
            ListStrategy::Merge => list.iter().any(|item| grows(item, strategy)),
            ListStrategy::Replace => false,
        },
        Value::Function(function) => marks::of(function).is_some(),
        _ => false,
    }
}

fn merge_maps(base: &mut Map, later: &Map, strategy: ListStrategy) {
    for (key, node) in later {
        match base.get_mut(key) {
            Some(slot) => merge_into(slot, node, strategy),
            None => {
                base.insert(key.clone(), node.clone());
            }
        }
    }
}

fn merge_lists(base: &mut Arc<Vec<Node>>, later: &[Node], strategy: ListStrategy) {
    let surplus = match strategy {
        ListStrategy::Merge => {
            for (index, item) in later.iter().enumerate().take(base.len()) {
                if matches!((&base[index].value, &item.value), (Value::Map(_), Value::Map(_))) {
                    merge_into(&mut Arc::make_mut(base)[index], item, strategy);
                }
            }
            later.get(base.len()..).unwrap_or_default()
        }
        ListStrategy::Append | ListStrategy::Replace => later,
    };
    if !surplus.is_empty() {
        Arc::make_mut(base).extend(surplus.iter().cloned());
    }
}

fn is_append(function: &Function) -> bool {
    function.tag.as_ref() == APPEND && function.argument.as_list().is_some()
}

/// Ends the merge of one manifest with its imports: what is still tagged `!append` met no list and is one itself from now
/// on. The reference does so, and values depend on it: a list of a manifest that is imported twice is not doubled.
pub fn appended(node: &Node) -> Node {
    if !has_appends(node) {
        return node.clone();
    }
    let value = match &node.value {
        Value::Map(map) => Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), appended(item))).collect())),
        Value::List(list) => Value::List(Arc::new(list.iter().map(appended).collect())),
        Value::Function(function) if is_append(function) => appended(&function.argument).value,
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// Whether something in the node is tagged `!append`.
pub fn has_appends(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.values().any(has_appends),
        Value::List(list) => list.iter().any(has_appends),
        Value::Function(function) => is_append(function),
        _ => false,
    }
}

/// Ends a merge: what is still tagged `!append` or the like becomes its list, and keys and items tagged `!unset` go.
pub fn settle(node: &Node) -> Node {
    if !has_marks(node) {
        return node.clone();
    }
    let value = match &node.value {
        Value::Map(map) => Value::Map(Arc::new(
            map.iter().filter(|(_, item)| !is_unset(item)).map(|(key, item)| (key.clone(), settle(item))).collect(),
        )),
        Value::List(list) => Value::List(Arc::new(list.iter().filter(|item| !is_unset(item)).map(settle).collect())),
        Value::Function(function) if is_list_mark(&function.tag) => settle(&function.argument).value,
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// Whether the node takes away what lies below it.
pub fn is_unset(node: &Node) -> bool {
    matches!(&node.value, Value::Function(function) if function.tag.as_ref() == UNSET)
}

fn has_marks(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.values().any(has_marks),
        Value::List(list) => list.iter().any(has_marks),
        Value::Function(function) => function.tag.as_ref() == UNSET || is_list_mark(&function.tag),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{from_json, to_json};

    fn node(text: &str) -> Node {
        from_json(&serde_json::from_str(text).unwrap())
    }

    fn function(tag: &str, argument: Node) -> Node {
        Node::from(Value::Function(Arc::new(Function { tag: Arc::from(tag), argument })))
    }

    #[test]
    fn pairs_merge_as_the_reference_merges_them() {
        for (base, over, expected) in [
            (r#"{"a":{"x":1},"b":1}"#, r#"{"a":{"y":2}}"#, r#"{"a":{"x":1,"y":2},"b":1}"#),
            (r#"{"a":{"x":1}}"#, r#"{"a":{}}"#, r#"{"a":{"x":1}}"#),
            (r#"{"a":[1]}"#, r#"{"a":[]}"#, r#"{"a":[]}"#),
            (r#"{"a":"x"}"#, r#"{"a":""}"#, r#"{"a":""}"#),
            (r#"{"a":{"x":1}}"#, r#"{"a":null}"#, r#"{"a":null}"#),
            (r#"{"a":null}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
            (r#"{"a":"x"}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
            (r#"{"a":[1]}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
        ] {
            assert_eq!(to_json(&merge(&node(base), &node(over), ListStrategy::Replace)), to_json(&node(expected)));
        }
    }

    #[test]
    fn lists_follow_their_strategy() {
        use ListStrategy::{Append, Merge, Replace};
        let numbers = [node("[1,2,3]"), node("[9]"), node("[7,8]")];
        let maps = [node(r#"[{"a":1,"k":{"x":1}},{"b":1}]"#), node(r#"[{"a":2,"k":{"y":2}},"z",{"c":3}]"#)];
        for (layers, strategy, expected) in [
            (&numbers[..], Replace, "[7,8]"),
            (&numbers[..], Append, "[1,2,3,9,7,8]"),
            (&numbers[..], Merge, "[1,2,3]"),
            (&maps[..], Merge, r#"[{"a":2,"k":{"x":1,"y":2}},{"b":1},{"c":3}]"#),
        ] {
            assert_eq!(merge_all(layers, strategy), node(expected), "{strategy}");
        }
    }

    #[test]
    fn append_tag_adds_in_every_strategy_and_settles_to_a_list() {
        let append = |items: &str| Node::from(Map::from_iter([(Arc::from("l"), function(APPEND, node(items)))]));
        let base = node(r#"{"l":[1]}"#);
        let stacked = merge(&append("[2]"), &append("[3]"), ListStrategy::Replace);
        assert_eq!(settle(&stacked), node(r#"{"l":[2,3]}"#));
        assert_eq!(settle(&merge(&base, &stacked, ListStrategy::Replace)), node(r#"{"l":[1,2,3]}"#));
        assert_eq!(settle(&merge(&node(r#"{"l":"x"}"#), &append("[2]"), ListStrategy::Merge)), node(r#"{"l":[2]}"#));
        let plain = node(r#"{"l":[3]}"#);
        assert_eq!(settle(&merge(&append("[2]"), &plain, ListStrategy::Append)), node(r#"{"l":[2,3]}"#));
        assert_eq!(settle(&merge(&append("[2]"), &plain, ListStrategy::Replace)), plain);
    }

    #[test]
    fn unset_tag_removes_keys_and_items() {
        let base = node(r#"{"a":{"b":1,"c":2}}"#);
        let inner = Map::from_iter([(Arc::from("b"), function(UNSET, Node::from("")))]);
        let over = Node::from(Map::from_iter([(Arc::from("a"), Node::from(inner))]));
        assert_eq!(settle(&merge(&base, &over, ListStrategy::Replace)), node(r#"{"a":{"c":2}}"#));
        let list = Node::from(vec![Node::from(1), function(UNSET, Node::from(""))]);
        assert_eq!(settle(&list), node("[1]"));
    }

    #[test]
    fn untouched_subtrees_are_shared() {
        let base = node(r#"{"big":{"x":[1,2,3]},"a":1}"#);
        let merged = merge(&base, &node(r#"{"a":2}"#), ListStrategy::Replace);
        match (&base.get("big").unwrap().value, &merged.get("big").unwrap().value) {
            (Value::Map(before), Value::Map(after)) => assert!(Arc::ptr_eq(before, after)),
            other => panic!("{other:?}"),
        }
        assert_eq!(base.get("a"), Some(&Node::from(1)));
    }

    #[test]
    fn empty_layers_change_nothing() {
        let layers = [Node::default(), node(r#"{"a":1}"#), Node::default()];
        assert_eq!(merge_all(&layers, ListStrategy::Replace), node(r#"{"a":1}"#));
        assert_eq!(merge_all(&[], ListStrategy::Replace), Node::empty_map());
    }
}
