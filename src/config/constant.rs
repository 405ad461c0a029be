//! Default values as they stand in tables.

use crate::value::Node;

/// A default value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Constant {
    Text(&'static str),
    Flag(bool),
    Number(i64),
    Words(&'static [&'static str]),
}

impl Constant {
    pub(super) fn node(self) -> Node {
        match self {
            Constant::Text(text) => Node::from(text),
            Constant::Flag(flag) => Node::from(flag),
            Constant::Number(number) => Node::from(number),
            Constant::Words(words) => Node::from(words.iter().copied().map(Node::from).collect::<Vec<_>>()),
        }
    }
}
