//! The compiled form of a template. It displays as the text that messages quote.

use std::collections::HashMap;
use std::fmt::{Display, Formatter, Result, Write as _};
use std::sync::Arc;

use super::function::{Function, Namespace};
use super::value::Val;

/// A template with everything that it defines.
#[derive(Debug)]
pub(super) struct Compiled {
    pub name: Arc<str>,
    pub text: Arc<str>,
    pub place: Option<crate::span::Place>,
    pub delimiters: super::Delimiters,
    pub functions: super::Functions,
    pub body: List,
    /// What `define` and `block` made, by name; the template itself is found under its name too.
    pub defined: HashMap<Arc<str>, List>,
}

pub(super) type List = Vec<Step>;

/// One piece of a template. `at` is a byte of the text.
#[derive(Debug)]
pub(super) enum Step {
    Text(Box<str>),
    Action(Pipe),
    If(Branches),
    With(Branches),
    Range(Box<Range>),
    Template { at: usize, name: Arc<str>, pipe: Option<Pipe> },
    Break(usize),
    Continue(usize),
}

/// `if`/`with` and its `else if`/`else with`, flat, so that long chains need no recursion.
#[derive(Debug)]
pub(super) struct Branches {
    pub branches: Vec<(Pipe, List)>,
    pub otherwise: Option<List>,
}

#[derive(Debug)]
pub(super) struct Range {
    pub pipe: Pipe,
    pub body: List,
    pub otherwise: Option<List>,
}

#[derive(Debug)]
pub(super) struct Pipe {
    pub at: usize,
    /// Variables that get the value, with their dollar sign.
    pub variables: Vec<Arc<str>>,
    /// `=` instead of `:=`.
    pub assigns: bool,
    pub commands: Vec<Command>,
}

#[derive(Debug)]
pub(super) struct Command {
    pub at: usize,
    /// The word that decides what is done, and its arguments. Never empty.
    pub words: Vec<Expr>,
}

#[derive(Debug)]
pub(super) struct Expr {
    pub at: usize,
    pub kind: ExprKind,
}

#[derive(Debug)]
pub(super) enum ExprKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Box<Number>),
    String { written: Box<str>, val: Val },
    Field(Box<[Arc<str>]>),
    Variable { name: Arc<str>, fields: Box<[Arc<str>]> },
    Function(Callee),
    Chain { base: Box<Expr>, fields: Box<[Arc<str>]> },
    Pipe(Box<Pipe>),
}

/// What an identifier stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callee {
    Function(&'static Function),
    Namespace(&'static Namespace),
    /// The built-in `and` and `or`, which stop early.
    And(&'static Function),
    Or(&'static Function),
    /// The built-in `call`, whose message quotes its first argument.
    Call(&'static Function),
}

impl Callee {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Callee::Function(function) | Callee::And(function) | Callee::Or(function) | Callee::Call(function) => {
                function.name
            }
            Callee::Namespace(namespace) => namespace.name,
        }
    }
}

/// A number constant in all the types that can hold it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub written: Box<str>,
    pub int: Option<i64>,
    pub float: Option<f64>,
    /// Its syntax makes it a float where no type is asked for.
    pub is_float: bool,
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Step::Text(text) => f.write_str(text),
            Step::Action(pipe) => write!(f, "{{{{{pipe}}}}}"),
            Step::If(_) => f.write_str("{{if}}"),
            Step::With(_) => f.write_str("{{with}}"),
            Step::Range(range) => write!(f, "{{{{range {}}}}}", range.pipe),
            Step::Template { name, pipe, .. } => {
                write!(f, "{{{{template {}", super::format::quote(name))?;
                if let Some(pipe) = pipe {
                    write!(f, " {pipe}")?;
                }
                f.write_str("}}")
            }
            Step::Break(_) => f.write_str("{{break}}"),
            Step::Continue(_) => f.write_str("{{continue}}"),
        }
    }
}

impl Display for Pipe {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if !self.variables.is_empty() {
            f.write_str(&self.variables.join(", "))?;
            f.write_str(if self.assigns { " = " } else { " := " })?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (index, word) in self.words.iter().enumerate() {
            if index > 0 {
                f.write_char(' ')?;
            }
            match &word.kind {
                ExprKind::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => word.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            ExprKind::Dot => f.write_char('.'),
            ExprKind::Nil => f.write_str("nil"),
            ExprKind::Bool(flag) => write!(f, "{flag}"),
            ExprKind::Number(number) => f.write_str(&number.written),
            ExprKind::String { written, .. } => f.write_str(written),
            ExprKind::Field(fields) => write_fields(f, fields),
            ExprKind::Variable { name, fields } => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            ExprKind::Function(callee) => f.write_str(callee.name()),
            ExprKind::Chain { base, fields } => {
                match &base.kind {
                    ExprKind::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => base.fmt(f)?,
                }
                write_fields(f, fields)
            }
            ExprKind::Pipe(pipe) => pipe.fmt(f),
        }
    }
}

fn write_fields(f: &mut Formatter<'_>, fields: &[Arc<str>]) -> Result {
    for field in fields {
        write!(f, ".{field}")?;
    }
    Ok(())
}
