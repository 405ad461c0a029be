//! Evaluation: a context of matching values goes into each operator, another one comes out.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::error::{Fault, Outcome};
use super::op::{Expr, Op, Piece};
use super::parse::HEIGHT_LIMIT;
use super::tree::{Id, Kind, Limits, Tag, Tree};

/// Reads a variable of the environment that the caller allows the expression to see.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The values that an operator looks at, and the variables in scope.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Shared, so that a union can tell a context that both of its sides only changed from two results.
    pub(super) matches: Rc<Vec<Id>>,
    pub(super) variables: Rc<BTreeMap<Arc<str>, Vec<Id>>>,
    /// Paths find nothing where there is nothing, instead of making room for an assignment.
    pub(super) read_only: bool,
}

impl Context {
    pub(super) fn with(&self, matches: Vec<Id>) -> Context {
        Context { matches: Rc::new(matches), ..self.clone() }
    }

    pub(super) fn one(&self, id: Id) -> Context {
        self.with(vec![id])
    }

    pub(super) fn reader(&self) -> Context {
        Context { read_only: true, ..self.clone() }
    }

    pub(super) fn writer(&self) -> Context {
        Context { read_only: false, ..self.clone() }
    }

    /// One value, to be looked at only.
    pub(super) fn reading(&self, id: Id) -> Context {
        self.one(id).reader()
    }

    pub(super) fn bind(&mut self, name: &Arc<str>, values: Vec<Id>) {
        let mut variables = (*self.variables).clone();
        variables.insert(name.clone(), values);
        self.variables = Rc::new(variables);
    }

    pub(super) fn first(&self) -> Option<Id> {
        self.matches.first().copied()
    }
}

pub(super) struct Evaluation<'a> {
    pub(super) tree: Tree,
    environment: Option<Environment<'a>>,
    depth: usize,
}

/// Combines one value of the left side with one of the right; a side without a value is `None`.
pub(super) type Calculation<'c, 'a> =
    &'c mut dyn FnMut(&mut Evaluation<'a>, &Context, Option<Id>, Option<Id>) -> Outcome<Option<Id>>;

/// How the sides of an operator are combined.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sides {
    /// Nothing on one side gives nothing.
    Both,
    /// A side without a value counts as none.
    Any,
    /// As `Any`; a left side that is true wins at once.
    TrueWins,
    /// As `Any`; a left side that is true (or false) decides the result at once.
    Decided(bool),
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(environment: Option<Environment<'a>>, limits: Limits) -> Evaluation<'a> {
        Evaluation { tree: Tree::new(limits), environment, depth: 0 }
    }

    pub(super) fn start(matches: Vec<Id>) -> Context {
        Context { matches: Rc::new(matches), variables: Rc::default(), read_only: false }
    }

    /// Evaluates an expression; none stands for the context itself.
    pub(super) fn run(&mut self, context: &Context, expr: Option<&Expr>) -> Outcome<Context> {
        let Some(expr) = expr else { return Ok(context.clone()) };
        self.tree.charge(1 + context.matches.len())?;
        if self.depth >= HEIGHT_LIMIT {
            return Err(Fault::limit(format!("more than {HEIGHT_LIMIT} operators inside of each other")).at(expr.at));
        }
        self.depth += 1;
        let result = self.operator(context, expr).map_err(|fault| fault.at(expr.at));
        self.depth -= 1;
        result
    }

    pub(super) fn left(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        self.run(context, expr.left.as_deref())
    }

    pub(super) fn right(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        self.run(context, expr.right.as_deref())
    }

    /// Text of the first result of the right side, looked at only; empty without a result.
    pub(super) fn right_text(&mut self, context: &Context, expr: &Expr) -> Outcome<Arc<str>> {
        let found = self.right(&context.reader(), expr)?;
        Ok(found.first().map_or_else(|| Arc::from(""), |id| self.tree.text(id)))
    }

    fn operator(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match &expr.op {
            Op::Own => Ok(context.clone()),
            Op::Empty | Op::Block => Ok(context.with(Vec::new())),
            Op::Scalar(tag, text) => self.each_or_once(context, |this, _| this.tree.scalar(tag.clone(), text.clone())),
            Op::Text(pieces) => self.text(context, pieces),
            Op::Environment { name, text } => self.variable_of_environment(context, name, *text),
            Op::Variable(_) | Op::Pipe { .. } | Op::Union | Op::Bind { .. } | Op::Reduce | Op::Eval => {
                self.structure(context, expr)
            }
            Op::Collect | Op::CollectMap | Op::Entry => self.construction(context, expr),
            Op::Key { .. } | Op::Index { .. } | Op::Descend { .. } => self.traversal(context, expr),
            Op::Or
            | Op::And
            | Op::Not
            | Op::Equals { .. }
            | Op::Compare(_)
            | Op::Alternative
            | Op::Min
            | Op::Max
            | Op::Any
            | Op::All
            | Op::AnyCondition
            | Op::AllCondition
            | Op::Contains
            | Op::Has
            | Op::Select => self.condition(context, expr),
            Op::Add | Op::Subtract | Op::Multiply(_) | Op::Divide | Op::Modulo => self.arithmetic(context, expr),
            Op::Assign { .. }
            | Op::AddAssign
            | Op::SubtractAssign
            | Op::MultiplyAssign(_)
            | Op::AssignTag { .. }
            | Op::Delete
            | Op::DeletePaths
            | Op::SetPath
            | Op::With
            | Op::MapValues
            | Op::SortKeys
            | Op::Flatten { .. }
            | Op::Explode => self.update(context, expr),
            Op::Map
            | Op::Filter
            | Op::Pick
            | Op::Omit
            | Op::First
            | Op::Sort
            | Op::SortBy
            | Op::GroupBy
            | Op::Unique
            | Op::UniqueBy
            | Op::Reverse
            | Op::Pivot
            | Op::ArrayToMap
            | Op::Keys
            | Op::ToEntries
            | Op::FromEntries
            | Op::WithEntries => self.container(context, expr),
            Op::Length
            | Op::Line
            | Op::Column
            | Op::Tag
            | Op::Kind
            | Op::KeyOf
            | Op::IsKey
            | Op::Path
            | Op::Parent { .. }
            | Op::Parents
            | Op::Root
            | Op::SplitDocument => self.fact(context, expr),
            Op::Split
            | Op::Join
            | Op::Substitute
            | Op::Match
            | Op::Capture
            | Op::Test
            | Op::Upcase
            | Op::Downcase
            | Op::Trim
            | Op::ToString
            | Op::ToNumber => self.string(context, expr),
            Op::Encode(format) => self.each(context, |this, id| this.encode(id, *format).map(Some)),
            Op::Decode(format) => self.each(context, |this, id| this.decode(id, *format).map(Some)),
            Op::Fail => {
                let found = self.right(&context.reader(), expr)?;
                let message = found.first().map_or_else(|| Arc::from("aborted"), |id| self.tree.text(id));
                Err(Fault::failed(&*message))
            }
        }
    }

    /// One result for each match.
    pub(super) fn each(
        &mut self,
        context: &Context,
        mut make: impl FnMut(&mut Self, Id) -> Outcome<Option<Id>>,
    ) -> Outcome<Context> {
        let mut results = Vec::with_capacity(context.matches.len());
        for id in context.matches.iter() {
            results.extend(make(self, *id)?);
        }
        Ok(context.with(results))
    }

    /// One result for each match, or one where nothing matches.
    fn each_or_once(
        &mut self,
        context: &Context,
        mut make: impl FnMut(&mut Self, &Context) -> Outcome<Id>,
    ) -> Outcome<Context> {
        if context.matches.is_empty() {
            let id = make(self, context)?;
            return Ok(context.one(id));
        }
        self.each(context, |this, id| make(this, &context.one(id)).map(Some))
    }

    fn text(&mut self, context: &Context, pieces: &[Piece]) -> Outcome<Context> {
        self.each_or_once(context, |this, context| {
            let mut text = String::new();
            for piece in pieces {
                match piece {
                    Piece::Text(part) => text.push_str(part),
                    Piece::Expr(expr) => {
                        let found = this.run(context, expr.as_deref())?;
                        if let Some(id) = found.first() {
                            text.push_str(&this.printed(id)?);
                        }
                    }
                }
            }
            this.tree.made(Tag::Str, text)
        })
    }

    /// A scalar as its text, a container as YAML.
    pub(super) fn printed(&mut self, id: Id) -> Outcome<Arc<str>> {
        if self.tree.kind(id) == Kind::Scalar {
            return Ok(self.tree.text(id));
        }
        let node = self.tree.node(id)?;
        let text = crate::yaml::emit_record(&node, 2);
        self.tree.charge_text(text.len())?;
        Ok(Arc::from(text.trim_end_matches('\n')))
    }

    fn variable_of_environment(&mut self, context: &Context, name: &str, as_text: bool) -> Outcome<Context> {
        let Some(environment) = self.environment else {
            return Err(Fault::failed("env operations have been disabled")
                .help("an expression here sees nothing but its document; use `!env` or another function beside it"));
        };
        let value = environment(name.trim());
        let id = match value {
            value if as_text => self.tree.made(Tag::Str, value.unwrap_or_default())?,
            Some(value) if !value.is_empty() => self.read_yaml(&value)?,
            _ => return Err(Fault::failed(format!("value for env variable '{name}' not provided in env()"))),
        };
        Ok(context.one(id))
    }

    /// Evaluates both sides for each match apart and combines every pair of results.
    pub(super) fn cross(
        &mut self,
        context: &Context,
        expr: &Expr,
        sides: Sides,
        calculation: Calculation<'_, 'a>,
    ) -> Outcome<Context> {
        let mut results = Vec::new();
        if context.matches.is_empty() {
            self.cross_once(context, expr, sides, calculation, &mut results)?;
        }
        for id in context.matches.iter() {
            self.cross_once(&context.one(*id), expr, sides, calculation, &mut results)?;
        }
        Ok(context.with(results))
    }

    fn cross_once(
        &mut self,
        context: &Context,
        expr: &Expr,
        sides: Sides,
        calculation: Calculation<'_, 'a>,
        results: &mut Vec<Id>,
    ) -> Outcome<()> {
        let found = self.left(context, expr)?;
        let lonely = !matches!(sides, Sides::Both) && !context.matches.is_empty() && found.matches.is_empty();
        let left = if lonely { vec![None] } else { found.matches.iter().copied().map(Some).collect() };
        for left in left {
            let is_true = left.is_some_and(|left| self.is_true(left));
            match sides {
                Sides::TrueWins if is_true => {
                    results.extend(left);
                    continue;
                }
                Sides::Decided(wanted) if is_true == wanted => {
                    results.push(self.tree.boolean(left, wanted)?);
                    continue;
                }
                _ => {}
            }
            let found = self.right(context, expr)?;
            if found.matches.is_empty() && !matches!(sides, Sides::Both) {
                results.extend(calculation(self, context, left, None)?);
            }
            for right in found.matches.iter() {
                self.tree.charge(1)?;
                results.extend(calculation(self, context, left, Some(*right))?);
            }
        }
        Ok(())
    }

    /// Everything but null and false.
    pub(super) fn is_true(&self, id: Id) -> bool {
        let entry = self.tree.get(id);
        match entry.tag {
            Tag::Null => false,
            Tag::Bool if entry.kind == Kind::Scalar => super::tree::is_true(&entry.text),
            _ => true,
        }
    }
}
