//! What holds for every merge.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::{ListStrategy, merge, merge_all, merge_into, settle};
use crate::value::{Function, Map, Node, Value};

const STRATEGIES: [ListStrategy; 3] = [ListStrategy::Replace, ListStrategy::Append, ListStrategy::Merge];

fn map(entries: impl IntoIterator<Item = (String, Node)>) -> Node {
    Node::from(entries.into_iter().map(|(key, node)| (Arc::from(key), node)).collect::<Map>())
}

/// Trees in which the key decides the type, so that no merge meets a conflict of types.
fn trees() -> impl Strategy<Value = Node> {
    let leaf = prop::collection::vec(("s[ab]", any::<i8>()), 0..3)
        .prop_map(|entries| map(entries.into_iter().map(|(key, n)| (key, Node::from(i64::from(n))))));
    leaf.prop_recursive(3, 24, 3, |inner| {
        let lists = prop::collection::vec(("l[ab]", prop::collection::vec(inner.clone(), 0..3)), 0..3);
        let maps = prop::collection::vec(("m[ab]", inner), 0..3);
        (lists, maps)
            .prop_map(|(lists, maps)| map(lists.into_iter().map(|(key, list)| (key, Node::from(list))).chain(maps)))
    })
}

/// Trees in which any key may be of any type, keys in any order.
fn wild() -> impl Strategy<Value = Node> {
    wild_with(Just(Node::default()).boxed())
}

fn wild_with(odd: BoxedStrategy<Node>) -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::default()),
        any::<bool>().prop_map(Node::from),
        any::<i64>().prop_map(Node::from),
        "[a-c]{0,2}".prop_map(Node::from),
        odd,
    ];
    let inner = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Node::from),
            prop::collection::vec(("[a-d]", inner), 0..4).prop_map(map),
        ]
    });
    prop::collection::vec(("[a-d]", inner), 0..5).prop_map(map)
}

/// Trees with the tags that act on the merge.
fn marked() -> impl Strategy<Value = Node> {
    let function =
        |tag: &str, argument: Node| Node::from(Value::Function(Arc::new(Function { tag: tag.into(), argument })));
    let unset = Just(function("!unset", Node::from("")));
    let items = prop_oneof![any::<i64>().prop_map(Node::from), unset.clone()];
    let tags = prop::sample::select(vec!["!append", "!prepend", "!replace", "!merge.a"]);
    let lists = (tags, prop::collection::vec(items, 0..3)).prop_map(move |(tag, list)| function(tag, Node::from(list)));
    wild_with(prop_oneof![unset, lists].boxed())
}

/// The same tree, with nothing shared between the two.
fn copy(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => Value::Map(Arc::new(map.iter().map(|(key, item)| (key.clone(), copy(item))).collect())),
        Value::List(list) => Value::List(Arc::new(list.iter().map(copy).collect())),
        Value::Function(function) => {
            Value::Function(Arc::new(Function { tag: function.tag.clone(), argument: copy(&function.argument) }))
        }
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// What is written the same way, the order of keys included.
fn written(node: &Node) -> String {
    format!("{node:?}")
}

fn keys(node: &Node) -> Vec<&str> {
    node.as_map().map(|map| map.keys().map(|key| &**key).collect()).unwrap_or_default()
}

fn has_marks(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => map.values().any(has_marks),
        Value::List(list) => list.iter().any(has_marks),
        Value::Function(_) => true,
        _ => false,
    }
}

proptest! {
    #[test]
    fn merging_the_same_twice_changes_nothing(a in trees(), b in trees()) {
        for strategy in [ListStrategy::Replace, ListStrategy::Merge] {
            let once = merge(&a, &b, strategy);
            prop_assert_eq!(&merge(&once, &b, strategy), &once);
            prop_assert_eq!(&merge(&a, &a, strategy), &a);
        }
    }

    #[test]
    fn a_layer_over_itself_is_itself(a in wild()) {
        prop_assert_eq!(&merge(&a, &copy(&a), ListStrategy::Replace), &a);
        prop_assert_eq!(&merge(&a, &a, ListStrategy::Replace), &a);
    }

    #[test]
    fn replace_and_append_are_associative(a in trees(), b in trees(), c in trees()) {
        for strategy in [ListStrategy::Replace, ListStrategy::Append] {
            let left = merge(&merge(&a, &b, strategy), &c, strategy);
            let right = merge(&a, &merge(&b, &c, strategy), strategy);
            prop_assert_eq!(left, right, "{}", strategy);
        }
    }

    #[test]
    fn layers_fold_from_the_lowest(a in wild(), b in wild(), c in wild()) {
        for strategy in STRATEGIES {
            let folded = merge(&merge(&a, &b, strategy), &c, strategy);
            prop_assert_eq!(merge_all([&a, &b, &c], strategy), folded);
        }
    }

    #[test]
    fn the_result_does_not_depend_on_what_is_shared(a in marked(), b in marked()) {
        for strategy in STRATEGIES {
            let mut alone = copy(&a);
            merge_into(&mut alone, &copy(&b), strategy);
            prop_assert_eq!(merge(&a, &b, strategy), alone);
            let shared = Node::from(vec![a.clone(), b.clone(), a.clone()]);
            let own = Node::from(vec![copy(&a), copy(&b), copy(&a)]);
            prop_assert_eq!(merge(&shared, &shared, strategy), merge(&own, &copy(&own), strategy));
        }
    }

    #[test]
    fn layers_do_not_change(a in marked(), b in marked()) {
        for strategy in STRATEGIES {
            let before = (copy(&a), copy(&b));
            let merged = merge(&a, &b, strategy);
            let _ = settle(&merged);
            prop_assert_eq!((written(&a), written(&b)), (written(&before.0), written(&before.1)));
            prop_assert_eq!((&a, &b), (&before.0, &before.1));
        }
    }

    #[test]
    fn keys_keep_the_order_in_which_they_come(a in wild(), b in wild()) {
        for strategy in STRATEGIES {
            let merged = merge(&a, &b, strategy);
            let known: BTreeSet<&str> = keys(&a).into_iter().collect();
            let new = keys(&b).into_iter().filter(|key| !known.contains(key));
            let expected: Vec<&str> = keys(&a).into_iter().chain(new).collect();
            prop_assert_eq!(keys(&merged), expected);
        }
    }

    #[test]
    fn the_later_value_wins_unless_both_are_containers(a in wild(), b in wild()) {
        for strategy in STRATEGIES {
            let merged = merge(&a, &b, strategy);
            for (key, later) in b.as_map().unwrap() {
                let both = |earlier: &Node| matches!(
                    (&earlier.value, &later.value),
                    (Value::Map(_), Value::Map(_)) | (Value::List(_), Value::List(_))
                );
                if !a.get(key).is_some_and(both) {
                    prop_assert_eq!(merged.get(key), Some(later));
                }
            }
            for (key, earlier) in a.as_map().unwrap() {
                if b.get(key).is_none() {
                    prop_assert_eq!(merged.get(key), Some(earlier));
                }
            }
        }
    }

    #[test]
    fn settling_removes_every_mark_and_nothing_else(a in marked(), plain in wild()) {
        let settled = settle(&a);
        prop_assert!(!has_marks(&settled), "{}", written(&settled));
        prop_assert_eq!(&settle(&settled), &settled);
        prop_assert_eq!(&settle(&plain), &plain);
    }
}
