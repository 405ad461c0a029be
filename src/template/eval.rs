//! Walks a compiled template and writes its output.

use std::sync::Arc;

use super::ast::{Command, Compiled, Expr, List, Pipe, Range, Step};
use super::call::Call;
use super::error::Error;
use super::problem::Problem;
use super::value::Val;

/// A value with what Go knows beside it: whether it sits in an `interface {}` (an entry of a map or list), which only
/// shows in messages.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub val: Val,
    pub boxed: bool,
}

/// What the evaluator is at: errors quote it.
#[derive(Clone, Copy)]
pub(super) enum At<'t> {
    Step(&'t Step),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Expr(&'t Expr),
}

/// How a list of steps ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// State of one rendering of one text.
pub(super) struct Run<'t, 'c, 'w> {
    pub call: &'c mut Call<'w>,
    pub compiled: &'t Compiled,
    /// The defined template that is running.
    pub name: Arc<str>,
    pub variables: Vec<(Arc<str>, Slot)>,
    pub at: Option<At<'t>>,
    out: String,
}

/// Renders the template of a call, or one that it defines.
pub(super) fn run(call: &mut Call<'_>, name: Option<&str>, data: &Val) -> Result<String, Error> {
    let compiled = call.compiled.clone();
    let (name, list) = match name.and_then(|name| compiled.defined.get_key_value(name)) {
        Some((name, list)) => (name.clone(), list),
        None => (compiled.name.clone(), &compiled.body),
    };
    let dot = Slot { val: data.clone(), boxed: false };
    let out = String::with_capacity(compiled.text.len());
    let variables = vec![(Arc::from("$"), dot.clone())];
    let mut run = Run { call, compiled: &compiled, name, variables, at: None, out };
    run.list(&dot, list)?;
    Ok(run.out)
}

impl<'t> Run<'t, '_, '_> {
    pub(super) fn fail(&self, problem: impl Into<Problem>) -> Error {
        let (at, shown) = match self.at {
            None => (0, String::new()),
            Some(At::Step(step)) => (start_of(step), step.to_string()),
            Some(At::Pipe(pipe)) => (pipe.at, pipe.to_string()),
            Some(At::Command(command)) => (command.at, command.to_string()),
            Some(At::Expr(expr)) => (expr.at, expr.to_string()),
        };
        Error::execution(self.compiled, at, (self.name.clone(), shown), problem.into())
    }

    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.call.depth += 1;
        let limit = self.call.options.limits.depth;
        if self.call.depth > limit {
            return Err(self.fail(Problem::limit(format!("exceeded maximum template depth ({limit})"))));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.call.depth -= 1;
    }

    /// Counts an iteration or a template call.
    fn count(&mut self) -> Result<(), Error> {
        self.call.steps += 1;
        let limit = self.call.options.limits.steps;
        if self.call.steps > limit {
            return Err(self.fail(Problem::limit(format!("more than {limit} iterations and template calls"))));
        }
        Ok(())
    }

    fn check_output(&self) -> Result<(), Error> {
        let limit = self.call.options.limits.output;
        if self.out.len() > limit {
            return Err(self.fail(Problem::limit(format!("output of more than {limit} bytes"))));
        }
        Ok(())
    }

    fn list(&mut self, dot: &Slot, list: &'t List) -> Result<Flow, Error> {
        self.enter()?;
        for step in list {
            let flow = self.step(dot, step)?;
            if flow != Flow::On {
                self.leave();
                return Ok(flow);
            }
        }
        self.leave();
        Ok(Flow::On)
    }

    fn step(&mut self, dot: &Slot, step: &'t Step) -> Result<Flow, Error> {
        match step {
            Step::Text(text) => {
                self.out.push_str(text);
                self.check_output()?;
            }
            Step::Action(pipe) => {
                let val = self.pipe(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.at = Some(At::Step(step));
                    self.print(&val)?;
                }
            }
            Step::If(branches) => return self.branches(dot, branches, false),
            Step::With(branches) => return self.branches(dot, branches, true),
            Step::Range(range) => {
                self.at = Some(At::Step(step));
                return self.range(dot, range);
            }
            Step::Template { name, pipe, .. } => {
                self.at = Some(At::Step(step));
                self.template(dot, name, pipe.as_ref())?;
            }
            Step::Break(_) => return Ok(Flow::Break),
            Step::Continue(_) => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn print(&mut self, val: &Val) -> Result<(), Error> {
        let refreshed = self.call.refreshed(val);
        match refreshed.as_ref().unwrap_or(val) {
            Val::Missing | Val::Nil => self.out.push_str("<no value>"),
            Val::String(text) => self.out.push_str(text),
            val => super::format::print_to(&mut self.out, val).map_err(|problem| self.fail(problem))?,
        }
        self.check_output()
    }

    fn branches(&mut self, dot: &Slot, all: &'t super::ast::Branches, with: bool) -> Result<Flow, Error> {
        let mark = self.variables.len();
        let mut chosen = None;
        for (pipe, list) in &all.branches {
            let val = self.pipe(dot, pipe)?;
            if val.truth() {
                chosen = Some((val, list));
                break;
            }
        }
        let flow = match (chosen, &all.otherwise) {
            (Some((val, list)), _) if with => self.list(&Slot { val, boxed: false }, list)?,
            (Some((_, list)), _) | (None, Some(list)) => self.list(dot, list)?,
            (None, None) => Flow::On,
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, dot: &Slot, range: &'t Range) -> Result<Flow, Error> {
        let mark = self.variables.len();
        let val = self.pipe(dot, &range.pipe)?;
        let mut rounds = 0_usize;
        match &val {
            Val::Missing | Val::Nil => {}
            Val::List(list) => {
                let boxed = list.elem() == super::list::Elem::Any;
                for (index, item) in list.iter().enumerate() {
                    rounds += 1;
                    let index = Val::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    if self.round(range, index, &Slot { val: item, boxed })? == Flow::Break {
                        break;
                    }
                }
            }
            Val::Dict(dict) => {
                let dict = self.call.view(dict);
                let boxed = dict.elem() == super::list::Elem::Any;
                for (key, item) in dict.entries() {
                    rounds += 1;
                    if self.round(range, Val::String(key), &Slot { val: item, boxed })? == Flow::Break {
                        break;
                    }
                }
            }
            Val::Int(_) | Val::Int64(_) | Val::UInt(_) | Val::Byte(_) => rounds = self.range_number(range, &val)?,
            val => {
                let shown = super::format::print(val).map_err(|problem| self.fail(problem))?;
                return Err(self.fail(format!("range can't iterate over {shown}")));
            }
        }
        let flow = match &range.otherwise {
            Some(list) if rounds == 0 => self.list(dot, list)?,
            _ => Flow::On,
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    /// Rounds from zero up to a number.
    fn range_number(&mut self, range: &'t Range, val: &Val) -> Result<usize, Error> {
        let shown = || super::format::print(val).unwrap_or_default();
        if range.pipe.variables.len() > 1 {
            return Err(self.fail(format!("can't use {} to iterate over more than one variable", shown())));
        }
        let end = match val {
            Val::UInt(number) => *number,
            val => u64::try_from(val.as_int().unwrap_or_default()).unwrap_or_default(),
        };
        let mut rounds = 0;
        for number in 0..end {
            rounds += 1;
            let signed = i64::try_from(number).unwrap_or(i64::MAX);
            let item = match val {
                Val::UInt(_) => Val::UInt(number),
                Val::Byte(_) => Val::Byte(u8::try_from(number).unwrap_or(u8::MAX)),
                Val::Int64(_) => Val::Int64(signed),
                _ => Val::Int(signed),
            };
            if self.round(range, Val::Missing, &Slot { val: item, boxed: false })? == Flow::Break {
                break;
            }
        }
        Ok(rounds)
    }

    /// One iteration: variables, then the body.
    fn round(&mut self, range: &'t Range, index: Val, item: &Slot) -> Result<Flow, Error> {
        self.count()?;
        let mark = self.variables.len();
        let pipe = &range.pipe;
        let index = Slot { val: index, boxed: false };
        match (&*pipe.variables, pipe.assigns) {
            ([], _) => {}
            ([one], true) => self.assign(one, item.clone())?,
            ([one, two, ..], true) => {
                self.assign(one, index)?;
                self.assign(two, item.clone())?;
            }
            // The pipeline declared them: they are on top.
            ([_], false) => self.variables[mark - 1].1 = item.clone(),
            ([_, _, ..], false) => {
                self.variables[mark - 2].1 = index;
                self.variables[mark - 1].1 = item.clone();
            }
        }
        let flow = self.list(item, &range.body)?;
        self.variables.truncate(mark);
        Ok(if flow == Flow::Break { Flow::Break } else { Flow::On })
    }

    fn template(&mut self, dot: &Slot, name: &Arc<str>, pipe: Option<&'t Pipe>) -> Result<(), Error> {
        self.count()?;
        let list = match self.compiled.defined.get(name) {
            Some(list) => list,
            None if *name == self.compiled.name => &self.compiled.body,
            None => return Err(self.undefined_template(name)),
        };
        let val = match pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Val::Missing,
        };
        let dot = Slot { val, boxed: false };
        // No variables but the data: templates see nothing of their callers.
        let variables = std::mem::replace(&mut self.variables, vec![(Arc::from("$"), dot.clone())]);
        let caller = std::mem::replace(&mut self.name, name.clone());
        self.list(&dot, list)?;
        self.variables = variables;
        self.name = caller;
        Ok(())
    }

    fn undefined_template(&self, name: &str) -> Error {
        let mut problem = Problem::new(format!("template {} not defined", super::format::quote(name)));
        if let Some(near) = super::error::nearest(name, self.compiled.defined.keys().map(|known| &**known)) {
            problem = problem.help(format!("did you mean `{near}`?"));
        }
        self.fail(problem)
    }

    pub(super) fn assign(&mut self, name: &str, slot: Slot) -> Result<(), Error> {
        match self.variables.iter_mut().rev().find(|(known, _)| **known == *name) {
            Some((_, held)) => {
                *held = slot;
                Ok(())
            }
            None => Err(self.fail(format!("undefined variable: {name}"))),
        }
    }
}

fn start_of(step: &Step) -> usize {
    match step {
        Step::Text(_) => 0,
        Step::Action(pipe) => pipe.at,
        Step::If(branches) | Step::With(branches) => branches.branches.first().map_or(0, |(pipe, _)| pipe.at),
        Step::Range(range) => range.pipe.at,
        Step::Template { at, .. } | Step::Break(at) | Step::Continue(at) => *at,
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Problem {
        Problem::new(message)
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Problem {
        Problem::new(message)
    }
}
