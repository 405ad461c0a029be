//! Pipelines, fields and calls.

use std::sync::Arc;

use super::ast::{Callee, Command, Expr, ExprKind, Number, Pipe};
use super::error::Error;
use super::eval::{At, Run, Slot};
use super::function::{Function, Param};
use super::list::Elem;
use super::problem::Problem;
use super::value::Val;
use super::{MissingKey, param};
use crate::value::{Node, Value};

/// What a call is made of.
struct Words<'t> {
    /// Name in messages.
    name: &'t str,
    /// What the error of the function quotes.
    at: At<'t>,
    args: &'t [Expr],
    /// Value of the pipeline before, which becomes the last argument.
    last: Option<Val>,
    /// Object that a method belongs to.
    receiver: Option<Val>,
}

impl<'t> Run<'t, '_, '_> {
    /// Value of a pipeline; its variables get it. Never [`Val::Nil`]: a null that leaves a pipeline is no value.
    pub(super) fn pipe(&mut self, dot: &Slot, pipe: &'t Pipe) -> Result<Val, Error> {
        self.enter()?;
        self.at = Some(At::Pipe(pipe));
        let mut val = None;
        for command in &pipe.commands {
            val = Some(match self.command(dot, command, val)? {
                Val::Nil => Val::Missing,
                val => val,
            });
        }
        let val = val.unwrap_or_default();
        for name in &pipe.variables {
            let slot = Slot { val: val.clone(), boxed: false };
            if pipe.assigns {
                self.assign(name, slot)?;
            } else {
                self.variables.push((name.clone(), slot));
            }
        }
        self.leave();
        Ok(val)
    }

    fn command(&mut self, dot: &Slot, command: &'t Command, last: Option<Val>) -> Result<Val, Error> {
        let Some((first, args)) = command.words.split_first() else { return Ok(Val::Missing) };
        match &first.kind {
            ExprKind::Field(fields) => {
                self.at = Some(At::Expr(first));
                return self.fields(dot, dot, fields, Some((first, args)), last);
            }
            ExprKind::Variable { .. } => return self.variable(dot, first, args, last),
            ExprKind::Chain { .. } => return self.chain(dot, first, args, last),
            ExprKind::Function(callee) => return self.function(dot, first, At::Command(command), *callee, args, last),
            _ => {}
        }
        if !matches!(first.kind, ExprKind::Pipe(_)) {
            self.at = Some(At::Expr(first));
        }
        self.no_arguments(first, args, last.as_ref())?;
        match &first.kind {
            ExprKind::Pipe(pipe) => self.pipe(dot, pipe),
            ExprKind::Dot => Ok(dot.val.clone()),
            ExprKind::Nil => Err(self.fail("nil is not a command")),
            _ => self.constant(first),
        }
    }

    fn no_arguments(&self, first: &Expr, args: &[Expr], last: Option<&Val>) -> Result<(), Error> {
        if args.is_empty() && last.is_none() {
            return Ok(());
        }
        let shown = match &first.kind {
            ExprKind::Pipe(pipe) => pipe.to_string(),
            _ => first.to_string(),
        };
        Err(self.fail(format!("can't give argument to non-function {shown}")))
    }

    /// A constant where no type is asked for.
    fn constant(&self, expr: &Expr) -> Result<Val, Error> {
        Ok(match &expr.kind {
            ExprKind::Bool(flag) => Val::Bool(*flag),
            ExprKind::String { val, .. } => val.clone(),
            ExprKind::Number(number) => match &**number {
                Number { is_float: true, float: Some(float), .. } => Val::Float(*float),
                Number { int: Some(int), .. } => Val::Int(*int),
                number => return Err(self.fail(format!("{} overflows int", number.written))),
            },
            _ => Val::Missing,
        })
    }

    fn variable(&mut self, dot: &Slot, expr: &'t Expr, args: &'t [Expr], last: Option<Val>) -> Result<Val, Error> {
        self.at = Some(At::Expr(expr));
        let ExprKind::Variable { name, fields } = &expr.kind else { return Ok(Val::Missing) };
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        let Some((_, slot)) = found else { return Err(self.fail(format!("undefined variable: {name}"))) };
        let slot = slot.clone();
        if fields.is_empty() {
            self.no_arguments(expr, args, last.as_ref())?;
            return Ok(slot.val);
        }
        self.fields(dot, &slot, fields, Some((expr, args)), last)
    }

    fn chain(&mut self, dot: &Slot, expr: &'t Expr, args: &'t [Expr], last: Option<Val>) -> Result<Val, Error> {
        self.at = Some(At::Expr(expr));
        let ExprKind::Chain { base, fields } = &expr.kind else { return Ok(Val::Missing) };
        let val = match &base.kind {
            ExprKind::Pipe(pipe) => {
                self.at = Some(At::Expr(base));
                self.pipe(dot, pipe)?
            }
            ExprKind::Function(callee) => {
                self.at = Some(At::Expr(base));
                self.function(dot, base, At::Expr(base), *callee, &[], None)?
            }
            _ => self.argument(dot, Param::Raw, base)?,
        };
        // Go hands namespaces around as `interface {}`.
        let boxed = matches!(val, Val::Namespace(_));
        self.fields(dot, &Slot { val, boxed }, fields, Some((expr, args)), last)
    }

    /// A chain of fields. The last one gets the arguments, for it may be a method.
    fn fields(
        &mut self,
        dot: &Slot,
        receiver: &Slot,
        names: &'t [Arc<str>],
        call: Option<(&'t Expr, &'t [Expr])>,
        last: Option<Val>,
    ) -> Result<Val, Error> {
        let args = call.map_or(&[][..], |(_, args)| args);
        if args.is_empty()
            && last.is_none()
            && self.call.is_pristine()
            && let Some(val) = quick(&receiver.val, names)
        {
            return Ok(val);
        }
        let Some((name, path)) = names.split_last() else { return Ok(receiver.val.clone()) };
        let mut held = receiver.clone();
        for name in path {
            held = self.field(dot, held, name, call.map(|(expr, _)| (expr, &[][..])), None)?;
        }
        self.field(dot, held, name, call, last).map(|slot| slot.val)
    }

    fn field(
        &mut self,
        dot: &Slot,
        receiver: Slot,
        name: &'t str,
        call: Option<(&'t Expr, &'t [Expr])>,
        last: Option<Val>,
    ) -> Result<Slot, Error> {
        let args = call.map_or(&[][..], |(_, args)| args);
        let method = match &receiver.val {
            Val::Missing => {
                if self.call.options.missing_key == MissingKey::Error {
                    let shown = super::format::quote(name);
                    return Err(self.fail(format!("nil data; no entry for key {shown}")));
                }
                return Ok(Slot { val: Val::Missing, boxed: false });
            }
            Val::Nil => return Err(self.fail(format!("nil pointer evaluating interface {{}}.{name}"))),
            Val::Namespace(namespace) => namespace.function(name),
            Val::Object(object) => object.method(name),
            _ => None,
        };
        if let (Some(function), Some((expr, _))) = (method, call) {
            let receiver = matches!(receiver.val, Val::Object(_)).then_some(receiver.val);
            let words = Words { name, at: At::Expr(expr), args, last, receiver };
            return self.call_function(dot, function, words).map(|val| Slot { val, boxed: false });
        }
        if let Val::Dict(dict) = &receiver.val {
            if !args.is_empty() || last.is_some() {
                return Err(self.fail(format!("{name} is not a method but has arguments")));
            }
            let val = match self.call.view(dict).get(name) {
                Some(val) => val,
                None => match self.call.options.missing_key {
                    MissingKey::Default => Val::Missing,
                    MissingKey::Zero => dict.elem().zero(),
                    MissingKey::Error => return Err(self.no_entry(dict, name)),
                },
            };
            return Ok(Slot { val, boxed: dict.elem() == Elem::Any });
        }
        let type_name = if receiver.boxed { "interface {}" } else { receiver.val.type_name() };
        let mut problem = Problem::new(format!("can't evaluate field {name} in type {type_name}"));
        if let Val::Namespace(namespace) = &receiver.val {
            let known = namespace.functions.iter().map(|function| function.name);
            if let Some(near) = super::error::nearest(name, known) {
                problem = problem.help(format!("did you mean `{}.{near}`?", namespace.name));
            }
        }
        Err(self.fail(problem))
    }

    fn no_entry(&self, dict: &super::Dict, name: &str) -> Error {
        let mut problem = Problem::new(format!("map has no entry for key {}", super::format::quote(name)));
        let keys = dict.keys();
        if let Some(near) = super::error::nearest(name, keys.iter().map(|key| &**key)) {
            problem = problem.help(format!("did you mean `{near}`?"));
        }
        self.fail(problem)
    }

    fn function(
        &mut self,
        dot: &Slot,
        expr: &'t Expr,
        at: At<'t>,
        callee: Callee,
        args: &'t [Expr],
        last: Option<Val>,
    ) -> Result<Val, Error> {
        self.at = Some(At::Expr(expr));
        match callee {
            Callee::Namespace(namespace) => {
                let given = args.len() + usize::from(last.is_some());
                if given > 0 {
                    let name = namespace.name;
                    return Err(self.fail(format!("wrong number of args for {name}: want 0 got {given}")));
                }
                Ok(Val::Namespace(namespace))
            }
            Callee::And(function) => self.short_circuit(dot, function, args, last, false),
            Callee::Or(function) => self.short_circuit(dot, function, args, last, true),
            Callee::Call(function) => {
                self.check_count(function, function.name, args.len(), args.len() + usize::from(last.is_some()))?;
                let shown = match (args.first(), &last) {
                    (Some(arg), _) => arg.to_string(),
                    (None, Some(Val::String(text))) => text.to_string(),
                    (None, Some(val)) => format!("<{} Value>", val.type_name()),
                    (None, None) => String::new(),
                };
                let words = Words { name: function.name, at, args, last, receiver: None };
                let values = self.arguments(dot, function, words)?;
                self.at = Some(at);
                Err(self.fail(match values.first() {
                    None | Some(Val::Missing | Val::Nil) => "error calling call: call of nil".to_owned(),
                    Some(val) => format!("error calling call: non-function {shown} of type {}", val.type_name()),
                }))
            }
            Callee::Function(function) => {
                self.call_function(dot, function, Words { name: function.name, at, args, last, receiver: None })
            }
        }
    }

    fn short_circuit(
        &mut self,
        dot: &Slot,
        function: &'static Function,
        args: &'t [Expr],
        last: Option<Val>,
        stop: bool,
    ) -> Result<Val, Error> {
        self.check_count(function, function.name, args.len(), args.len() + usize::from(last.is_some()))?;
        let mut val = Val::Missing;
        for arg in args {
            val = self.argument(dot, Param::Raw, arg)?;
            if val.truth() == stop {
                return Ok(val);
            }
        }
        Ok(last.unwrap_or(val))
    }

    fn check_count(&self, function: &Function, name: &str, written: usize, given: usize) -> Result<(), Error> {
        let wanted = function.params.len();
        match function.rest {
            Some(_) if given < wanted => {
                Err(self.fail(format!("wrong number of args for {name}: want at least {wanted} got {written}")))
            }
            None if given != wanted => {
                Err(self.fail(format!("wrong number of args for {name}: want {wanted} got {given}")))
            }
            _ => Ok(()),
        }
    }

    fn call_function(&mut self, dot: &Slot, function: &'static Function, words: Words<'t>) -> Result<Val, Error> {
        let given = words.args.len() + usize::from(words.last.is_some());
        self.check_count(function, words.name, words.args.len(), given)?;
        let (name, at) = (words.name, words.at);
        let values = self.arguments(dot, function, words)?;
        let result = (function.run)(self.call, &values).and_then(|val| {
            // What grows from call to call (`print $s $s`) must not fill the memory.
            match &val {
                Val::String(text) => self.call.allow(text.len())?,
                Val::List(list) if list.as_nodes().is_none() => self.call.allow(list.len().saturating_mul(16))?,
                _ => {}
            }
            Ok(val)
        });
        result.map_err(|mut problem| {
            self.at = Some(at);
            problem.message = format!("error calling {name}: {}", problem.message);
            self.fail(problem)
        })
    }

    fn arguments(&mut self, dot: &Slot, function: &'static Function, words: Words<'t>) -> Result<Vec<Val>, Error> {
        let Words { args, last, receiver, .. } = words;
        let mut values = Vec::with_capacity(args.len() + 2);
        values.extend(receiver);
        let param = |index: usize| function.params.get(index).copied().or(function.rest).unwrap_or(Param::Any);
        for (index, arg) in args.iter().enumerate() {
            let val = self.argument(dot, param(index), arg)?;
            values.push(val);
        }
        if let Some(last) = last {
            let last = param::accept(last, param(args.len())).map_err(|phrase| self.fail(phrase))?;
            values.push(last);
        }
        if !self.call.is_pristine() {
            for val in &mut values {
                if let Some(now) = self.call.refreshed(val) {
                    *val = now;
                }
            }
        }
        Ok(values)
    }

    /// An argument in the type that the parameter asks for.
    fn argument(&mut self, dot: &Slot, param: Param, expr: &'t Expr) -> Result<Val, Error> {
        self.at = Some(At::Expr(expr));
        let val = match &expr.kind {
            ExprKind::Dot => dot.val.clone(),
            ExprKind::Nil => {
                return param::nil(param)
                    .ok_or_else(|| self.fail(format!("cannot assign nil to {}", param::name(param))));
            }
            ExprKind::Field(fields) => self.fields(dot, dot, fields, Some((expr, &[])), None)?,
            ExprKind::Variable { .. } => self.variable(dot, expr, &[], None)?,
            ExprKind::Chain { .. } => self.chain(dot, expr, &[], None)?,
            ExprKind::Pipe(pipe) => self.pipe(dot, pipe)?,
            ExprKind::Function(callee) => self.function(dot, expr, At::Expr(expr), *callee, &[], None)?,
            ExprKind::Bool(_) | ExprKind::String { .. } | ExprKind::Number(_) => {
                return match param {
                    Param::Any | Param::Raw => self.constant(expr),
                    _ => param::constant(expr, param).map_err(|phrase| self.fail(phrase)),
                };
            }
        };
        param::accept(val, param).map_err(|phrase| self.fail(phrase))
    }
}

/// Follows a path through maps of the data by reference; `None` when anything but an entry is met, which then needs
/// the full rules.
fn quick(val: &Val, names: &[Arc<str>]) -> Option<Val> {
    let Val::Dict(dict) = val else { return None };
    let (last, path) = names.split_last()?;
    let mut map = &**dict.as_nodes()?;
    for name in path {
        map = match map.get(name) {
            Some(Node { value: Value::Map(inner), .. }) => inner,
            _ => return None,
        };
    }
    map.get(last).map(Val::from)
}
