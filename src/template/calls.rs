//! Which functions of `atmos.` a template calls whatever its data is.

use std::sync::Arc;

use super::ast::{Branches, Callee, Expr, ExprKind, List, Pipe, Step};
use super::settings::Template;
use super::value::Val;

/// A call of a function of `atmos.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtmosCall {
    /// `Component`, `Store`, …
    pub name: Arc<str>,
    pub arguments: Vec<Argument>,
}

/// An argument, as far as it can be told without rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    Text(String),
    /// What lies at this path of the data.
    Path(Vec<Arc<str>>),
    /// Computed.
    Other,
}

impl Template {
    /// The calls that every rendering makes: none in a branch, in a body that may be passed over, or in a defined
    /// template, and none whose last argument is piped in.
    pub fn atmos_calls(&self) -> Vec<AtmosCall> {
        let mut found = Vec::new();
        of_list(&self.compiled.body, &mut found);
        found
    }
}

fn of_list(list: &List, found: &mut Vec<AtmosCall>) {
    for step in list {
        match step {
            Step::Action(pipe) | Step::Template { pipe: Some(pipe), .. } => of_pipe(pipe, found),
            Step::If(Branches { branches, .. }) | Step::With(Branches { branches, .. }) => {
                // Only the first condition is always looked at.
                if let Some((pipe, _)) = branches.first() {
                    of_pipe(pipe, found);
                }
            }
            Step::Range(range) => of_pipe(&range.pipe, found),
            Step::Template { pipe: None, .. } | Step::Text(_) | Step::Break(_) | Step::Continue(_) => {}
        }
    }
}

fn of_pipe(pipe: &Pipe, found: &mut Vec<AtmosCall>) {
    for (index, command) in pipe.commands.iter().enumerate() {
        let Some((first, arguments)) = command.words.split_first() else { continue };
        // `and` and `or` may stop behind their first argument.
        let stops = matches!(&first.kind, ExprKind::Function(Callee::And(_) | Callee::Or(_)));
        let looked_at = if stops { arguments.len().min(1) } else { arguments.len() };
        for argument in &arguments[..looked_at] {
            of_expr(argument, found);
        }
        match &first.kind {
            ExprKind::Chain { base, fields } if is_atmos(base) && index == 0 => {
                if let [name] = &**fields {
                    let arguments = arguments.iter().map(argument).collect();
                    found.push(AtmosCall { name: name.clone(), arguments });
                }
            }
            _ => of_expr(first, found),
        }
    }
}

fn of_expr(expr: &Expr, found: &mut Vec<AtmosCall>) {
    match &expr.kind {
        ExprKind::Pipe(pipe) => of_pipe(pipe, found),
        ExprKind::Chain { base, .. } => of_expr(base, found),
        _ => {}
    }
}

fn is_atmos(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Function(Callee::Namespace(space)) if space.name == "atmos")
}

fn argument(expr: &Expr) -> Argument {
    match &expr.kind {
        ExprKind::String { val: Val::String(text), .. } => Argument::Text(text.to_string()),
        ExprKind::Field(fields) => Argument::Path(fields.to_vec()),
        ExprKind::Variable { name, fields } if **name == *"$" => Argument::Path(fields.to_vec()),
        _ => Argument::Other,
    }
}
