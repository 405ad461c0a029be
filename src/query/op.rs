//! The operators: what each carries, how many operands it takes, how tightly it binds.

use std::sync::Arc;

use super::error::Range;
use super::tree::Tag;

/// How a map or list is multiplied into another one (`*+d?n`; custom tags always give way, which is what `c` asks for).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Merge {
    /// `+`: lists are appended.
    pub(super) append: bool,
    /// `d`: lists are merged item by item.
    pub(super) deep_lists: bool,
    /// `?`: only keys that exist already.
    pub(super) existing_only: bool,
    /// `n`: only where there is nothing yet.
    pub(super) only_null: bool,
}

/// A text form of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Columns per level.
    Yaml(usize),
    /// The same; 0 is one line.
    Json(usize),
    Csv,
    Tsv,
    Base64,
    Uri,
    Sh,
}

/// Which half of an ordering comparison holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) or_equal: bool,
    pub(super) greater: bool,
}

/// A part of a string literal.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(Arc<str>),
    /// `\( … )`; nothing between the brackets is the whole document.
    Expr(Option<Box<Expr>>),
}

/// One operator or literal.
#[derive(Debug, Clone)]
pub(super) enum Op {
    // Literals and sources.
    Scalar(Tag, Arc<str>),
    Text(Vec<Piece>),
    Variable(Arc<str>),
    Environment { name: Arc<str>, text: bool },
    Empty,
    Own,
    // Structure.
    Pipe { short: bool },
    Union,
    Block,
    Bind { reference: bool },
    Reduce,
    Collect,
    CollectMap,
    Entry,
    // Paths.
    Key { name: Arc<str>, optional: bool },
    Index { optional: bool },
    Descend { keys: bool },
    // Logic and arithmetic.
    Or,
    And,
    Not,
    Equals { negate: bool },
    Compare(Order),
    Alternative,
    Add,
    Subtract,
    Multiply(Merge),
    Divide,
    Modulo,
    Min,
    Max,
    // Changes.
    Assign { update: bool },
    AddAssign,
    SubtractAssign,
    MultiplyAssign(Merge),
    AssignTag { update: bool },
    Delete,
    DeletePaths,
    SetPath,
    With,
    MapValues,
    SortKeys,
    Flatten { depth: Option<usize> },
    Explode,
    // Containers.
    Map,
    Filter,
    Select,
    Pick,
    Omit,
    First,
    Sort,
    SortBy,
    GroupBy,
    Unique,
    UniqueBy,
    Reverse,
    Pivot,
    ArrayToMap,
    ToEntries,
    FromEntries,
    WithEntries,
    Any,
    All,
    AnyCondition,
    AllCondition,
    Contains,
    Has,
    Keys,
    Join,
    // Facts.
    Length,
    Line,
    Column,
    Tag,
    Kind,
    KeyOf,
    IsKey,
    Path,
    Parent { level: i64 },
    Parents,
    Root,
    // Text.
    Split,
    Substitute,
    Match,
    Capture,
    Test,
    Upcase,
    Downcase,
    Trim,
    ToString,
    ToNumber,
    Encode(Format),
    Decode(Format),
    // The rest.
    SplitDocument,
    Eval,
    Fail,
}

impl Op {
    /// Number of operands.
    pub(super) fn arity(&self) -> usize {
        match self {
            Op::Or
            | Op::And
            | Op::Reduce
            | Op::Block
            | Op::Union
            | Op::Pipe { .. }
            | Op::Assign { .. }
            | Op::AddAssign
            | Op::SubtractAssign
            | Op::MultiplyAssign(_)
            | Op::AssignTag { .. }
            | Op::Bind { .. }
            | Op::Multiply(_)
            | Op::Divide
            | Op::Modulo
            | Op::Add
            | Op::Subtract
            | Op::Alternative
            | Op::Equals { .. }
            | Op::Compare(_)
            | Op::Entry
            | Op::Index { .. } => 2,
            Op::Collect
            | Op::Map
            | Op::Filter
            | Op::Fail
            | Op::Pick
            | Op::Omit
            | Op::Eval
            | Op::MapValues
            | Op::Contains
            | Op::AnyCondition
            | Op::AllCondition
            | Op::WithEntries
            | Op::With
            | Op::SetPath
            | Op::DeletePaths
            | Op::Explode
            | Op::SortBy
            | Op::First
            | Op::SortKeys
            | Op::Join
            | Op::Substitute
            | Op::Match
            | Op::Capture
            | Op::Test
            | Op::Split
            | Op::Select
            | Op::Has
            | Op::UniqueBy
            | Op::GroupBy
            | Op::Delete => 1,
            _ => 0,
        }
    }

    /// Binding strength: an operator waits while a stronger one stands before it. Operators of one strength group to
    /// the right, so `1 - 2 - 3` is `1 - (2 - 3)`.
    pub(super) fn precedence(&self) -> u8 {
        match self {
            Op::Block | Op::Union => 10,
            Op::Entry => 15,
            Op::Or | Op::And => 20,
            Op::Pipe { short: false } => 30,
            Op::Reduce => 35,
            Op::Assign { .. }
            | Op::AddAssign
            | Op::SubtractAssign
            | Op::AssignTag { .. }
            | Op::Bind { .. }
            | Op::Equals { .. }
            | Op::Compare(_)
            | Op::Min
            | Op::Max
            | Op::Delete => 40,
            Op::Multiply(_)
            | Op::MultiplyAssign(_)
            | Op::Divide
            | Op::Modulo
            | Op::Add
            | Op::Subtract
            | Op::Alternative => 42,
            Op::Pipe { short: true } => 45,
            Op::Key { .. } | Op::Own | Op::Variable(_) => 55,
            op if op.takes_path() => 52,
            _ => 50,
        }
    }

    /// A path may follow at once: `keys[0]`, `select(.a).b`.
    pub(super) fn takes_path(&self) -> bool {
        matches!(
            self,
            Op::Map
                | Op::Filter
                | Op::Pick
                | Op::Omit
                | Op::Eval
                | Op::MapValues
                | Op::ToEntries
                | Op::With
                | Op::SplitDocument
                | Op::Path
                | Op::DeletePaths
                | Op::Explode
                | Op::SortBy
                | Op::First
                | Op::Reverse
                | Op::Sort
                | Op::SortKeys
                | Op::Split
                | Op::Keys
                | Op::Environment { .. }
                | Op::Select
                | Op::Unique
                | Op::UniqueBy
                | Op::GroupBy
                | Op::Flatten { .. }
                | Op::Pivot
        )
    }
}

/// A parsed expression: an operator with its operands and its place in the text.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) op: Op,
    pub(super) left: Option<Box<Expr>>,
    pub(super) right: Option<Box<Expr>>,
    pub(super) at: Range,
    /// Levels below and including this one.
    pub(super) height: usize,
}
