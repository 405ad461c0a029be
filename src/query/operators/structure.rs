//! Pipes, unions, variables, reduction, expressions in text.

use std::sync::Arc;

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation};
use crate::query::op::{Expr, Op};
use crate::query::parse::parse;

impl Evaluation<'_> {
    pub(in crate::query) fn structure(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match &expr.op {
            Op::Variable(name) => Ok(context.with(context.variables.get(name).cloned().unwrap_or_default())),
            Op::Pipe { .. } => self.pipe(context, expr),
            Op::Union => self.union(context, expr),
            Op::Reduce => self.reduce(context, expr),
            Op::Eval => self.evaluate_text(context, expr),
            _ => Err(Fault::failed("must use variable with a pipe").help("write `.a as $x | .b + $x`")),
        }
    }

    fn pipe(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        if let Some(binding) = expr.left.as_deref().filter(|left| matches!(left.op, Op::Bind { .. })) {
            return self.bound(context, binding, expr.right.as_deref());
        }
        let left = self.left(context, expr)?;
        let piped = Context { matches: left.matches, ..context.clone() };
        let right = self.right(&piped, expr)?;
        Ok(Context { matches: right.matches, ..context.clone() })
    }

    /// A union whose sides both give back the context that they changed has it once.
    fn union(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let left = self.left(context, expr)?;
        let right = self.right(context, expr)?;
        let mut results = (*left.matches).clone();
        if !std::rc::Rc::ptr_eq(&left.matches, &right.matches) {
            results.extend(right.matches.iter());
        }
        Ok(left.with(results))
    }

    /// `… as $x | …`, once for each match and each value.
    fn bound(&mut self, context: &Context, binding: &Expr, body: Option<&Expr>) -> Outcome<Context> {
        if context.matches.is_empty() {
            return self.bound_once(context, binding, body);
        }
        let mut results = Vec::new();
        for id in context.matches.iter() {
            results.extend(self.bound_once(&context.one(*id), binding, body)?.matches.iter());
        }
        Ok(context.with(results))
    }

    fn bound_once(&mut self, context: &Context, binding: &Expr, body: Option<&Expr>) -> Outcome<Context> {
        let values = self.left(&context.reader(), binding).map_err(|fault| fault.at(binding.at))?;
        let name = variable_name(binding)?;
        if values.matches.is_empty() {
            return self.run(context, body);
        }
        let mut results = Vec::new();
        for value in values.matches.iter() {
            let value =
                if matches!(binding.op, Op::Bind { reference: true }) { *value } else { self.tree.copy(*value)? };
            let mut inner = context.clone();
            inner.bind(&name, vec![value]);
            results.extend(self.run(&inner, body)?.matches.iter());
        }
        Ok(context.with(results))
    }

    /// `… as $x ireduce (start; step)`.
    fn reduce(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let binding = expr.left.as_deref().filter(|left| matches!(left.op, Op::Bind { .. }));
        let Some(binding) = binding else {
            return Err(Fault::failed("reduce must be given a variables assignment")
                .help("write `.[] as $item ireduce (0; . + $item)`"));
        };
        let Some(block) = expr.right.as_deref().filter(|right| matches!(right.op, Op::Block)) else {
            return Err(
                Fault::failed("reduce must be given a block").help("write `.[] as $item ireduce (0; . + $item)`")
            );
        };
        let items = self.left(context, binding)?;
        let name = variable_name(binding)?;
        let mut result = self.left(context, block)?;
        for item in items.matches.iter() {
            result.bind(&name, vec![*item]);
            result = self.right(&result, block)?;
        }
        Ok(result)
    }

    fn evaluate_text(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let texts = self.right(&context.reader(), expr)?;
        let mut parsed = Vec::with_capacity(texts.matches.len());
        for id in texts.matches.iter() {
            let text = self.tree.text(*id);
            parsed.push(parse(&text).map_err(|fault| fault.within(expr.at))?);
        }
        let mut results = Vec::new();
        for _ in context.matches.iter() {
            for expr_of_text in &parsed {
                let found = self.run(context, expr_of_text.as_ref()).map_err(|fault| fault.within(expr.at))?;
                results.extend(found.matches.iter());
            }
        }
        Ok(context.with(results))
    }

    /// Evaluates an operator that is a short form of another expression.
    pub(in crate::query) fn run_source(&mut self, context: &Context, source: &str, expr: &Expr) -> Outcome<Context> {
        let parsed = parse(source).map_err(|fault| fault.within(expr.at))?;
        self.run(context, parsed.as_ref()).map_err(|fault| fault.within(expr.at))
    }
}

fn variable_name(binding: &Expr) -> Outcome<Arc<str>> {
    match binding.right.as_deref().map(|right| &right.op) {
        Some(Op::Variable(name)) => Ok(name.clone()),
        _ => Err(Fault::failed("what follows `as` must be a variable name, as in `as $x`").at(binding.at)),
    }
}
