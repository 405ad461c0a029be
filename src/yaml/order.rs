//! Natural order of keys: runs of digits compare as numbers, signs come before digits and digits before letters.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::value::{Node, Value};

/// One step of a comparison. The derived order is the one that holds everywhere but right after a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    Sign(char),
    /// Value and number of digits: `7` comes before `007`.
    Number(u128, usize),
    Letter(char),
}

/// Order in which YAML output lists the keys of a map: `"9"` before `"10"`, `a2` before `a10`, `a1` before `ab`.
pub fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    let mut after_number = false;
    loop {
        let (a, b) = match (next(&mut left), next(&mut right)) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => (a, b),
        };
        let order = match (a, b) {
            // What ends a number sorts letters first.
            (Token::Letter(_), Token::Sign(_)) if after_number => Ordering::Less,
            (Token::Sign(_), Token::Letter(_)) if after_number => Ordering::Greater,
            _ => a.cmp(&b),
        };
        if order != Ordering::Equal {
            return order;
        }
        after_number = matches!(a, Token::Number(..));
    }
}

/// The same values with the keys of all maps in the order of output.
pub fn in_order(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(map) => {
            let mut entries: Vec<(Arc<str>, Node)> =
                map.iter().map(|(key, item)| (key.clone(), in_order(item))).collect();
            entries.sort_by(|(left, _), (right, _)| natural(left, right));
            Value::Map(Arc::new(entries.into_iter().collect()))
        }
        Value::List(list) => Value::List(Arc::new(list.iter().map(in_order).collect())),
        other => other.clone(),
    };
    Node::new(value, node.span)
}

/// Takes the first token off `text`.
fn next(text: &mut &str) -> Option<Token> {
    let first = text.chars().next()?;
    if first.is_ascii_digit() {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        *text = rest;
        let value = digits
            .bytes()
            .fold(0_u128, |value, digit| value.saturating_mul(10).saturating_add(u128::from(digit - b'0')));
        return Some(Token::Number(value, digits.len()));
    }
    *text = &text[first.len_utf8()..];
    Some(if first.is_alphabetic() { Token::Letter(first) } else { Token::Sign(first) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_people_count() {
        let sorted = [
            "", "-", "1", "1a", "1-", "01", "9", "10", "010", "A", "a", "a-1", "a_b", "a1", "a1b", "a2", "a10", "aB",
            "ab", "b", "b0", "b00", "b1", "b01",
        ];
        for (index, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(natural(left, right), index.cmp(&other), "{left} {right}");
            }
        }
    }
}
