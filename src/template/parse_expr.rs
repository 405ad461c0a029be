//! Pipelines and their operands.

use std::sync::Arc;

use super::ast::{Command, Expr, ExprKind, Pipe};
use super::error::Error;
use super::lex::Kind;
use super::number::{character, number};
use super::parse::Parser;
use super::value::Val;

impl Parser<'_> {
    /// Declarations and commands up to the token that ends them, which is passed.
    pub(super) fn pipe(&mut self, context: &str, end: &Kind) -> Result<Pipe, Error> {
        let at = self.skip_space().start;
        let mut pipe = Pipe { at, variables: Vec::new(), assigns: false, commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let start = self.position();
            let token = self.advance_word();
            if token.kind == *end {
                self.check_pipe(&pipe, context)?;
                return Ok(pipe);
            }
            if !begins_operand(&token.kind) {
                return Err(self.unexpected(&token, context));
            }
            self.rewind(start);
            pipe.commands.push(self.command()?);
        }
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<(), Error> {
        while self.skip_space().kind == Kind::Variable {
            let start = self.position();
            let variable = self.advance();
            let next = self.skip_space().clone();
            let name: Arc<str> = Arc::from(self.text_of(&variable));
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    self.advance();
                    pipe.assigns = next.kind == Kind::Assign;
                    pipe.variables.push(name.clone());
                    self.variables.push(name);
                    return Ok(());
                }
                Kind::Other if self.text_of(&next) == "," => {
                    self.advance();
                    pipe.variables.push(name.clone());
                    self.variables.push(name);
                    if context != "range" || pipe.variables.len() >= 2 {
                        return Err(self.error(format!("too many declarations in {context}")));
                    }
                    if !matches!(self.skip_space().kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                        return Err(self.error("range can only initialize variables"));
                    }
                }
                _ => {
                    self.rewind(start);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn check_pipe(&self, pipe: &Pipe, context: &str) -> Result<(), Error> {
        if pipe.commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            let first = command.words.first().map(|word| &word.kind);
            if matches!(
                first,
                Some(ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::String { .. })
            ) {
                return Err(self.error(format!("non executable command in pipeline stage {}", index + 1)));
            }
        }
        Ok(())
    }

    /// Operands up to a pipe, which is passed, or to what ends the pipeline, which is left.
    fn command(&mut self) -> Result<Command, Error> {
        let at = self.skip_space().start;
        let mut words = Vec::new();
        loop {
            self.skip_space();
            words.extend(self.operand()?);
            match self.peek_kind() {
                Kind::Space => {
                    self.advance();
                }
                Kind::RightDelim | Kind::RightParen => break,
                Kind::Pipe => {
                    self.advance();
                    break;
                }
                _ => {
                    let token = self.advance();
                    return Err(self.unexpected(&token, "operand"));
                }
            }
        }
        if words.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(Command { at, words })
    }

    /// A term with the fields behind it; `None` when the next token begins none.
    fn operand(&mut self) -> Result<Option<Expr>, Error> {
        let Some(mut term) = self.term()? else { return Ok(None) };
        let at = self.peek().start;
        let mut fields: Vec<Arc<str>> = Vec::new();
        while *self.peek_kind() == Kind::Field {
            let token = self.advance();
            fields.push(Arc::from(&self.text_of(&token)[1..]));
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        let kind = match std::mem::replace(&mut term.kind, ExprKind::Nil) {
            ExprKind::Field(first) => ExprKind::Field(first.into_iter().chain(fields).collect()),
            ExprKind::Variable { name, fields: first } => {
                ExprKind::Variable { name, fields: first.into_iter().chain(fields).collect() }
            }
            kind @ (ExprKind::Function(_) | ExprKind::Pipe(_) | ExprKind::Chain { .. }) => {
                ExprKind::Chain { base: Box::new(Expr { at: term.at, kind }), fields: fields.into() }
            }
            kind => {
                let shown = super::format::quote(&Expr { at, kind }.to_string());
                return Err(self.error(format!("unexpected . after term {shown}")));
            }
        };
        Ok(Some(Expr { at, kind }))
    }

    fn term(&mut self) -> Result<Option<Expr>, Error> {
        let start = self.position();
        let token = self.advance_word();
        let text = self.text_of(&token);
        let kind = match token.kind {
            Kind::Dot => ExprKind::Dot,
            Kind::Nil => ExprKind::Nil,
            Kind::Bool => ExprKind::Bool(text == "true"),
            Kind::Field => ExprKind::Field([Arc::from(&text[1..])].into()),
            Kind::Variable => {
                if !self.variables.iter().any(|known| **known == *text) {
                    return Err(self.undefined_variable(text));
                }
                ExprKind::Variable { name: Arc::from(text), fields: [].into() }
            }
            Kind::Identifier => match self.registry.callee(text) {
                Some(callee) => ExprKind::Function(callee),
                None => return Err(self.undefined_function(text)),
            },
            Kind::Number => ExprKind::Number(Box::new(number(text).map_err(|phrase| self.error(phrase))?)),
            Kind::Char => ExprKind::Number(Box::new(character(text).map_err(|phrase| self.error(phrase))?)),
            Kind::Complex => {
                let shown = super::format::quote(text);
                return Err(self.error(format!("complex numbers are not supported: {shown}")));
            }
            Kind::String | Kind::RawString => {
                let val = Val::text(self.unquote(&token)?);
                ExprKind::String { written: text.into(), val }
            }
            Kind::LeftParen => {
                self.enter()?;
                let pipe = self.pipe("parenthesized pipeline", &Kind::RightParen)?;
                self.leave();
                return Ok(Some(Expr { at: pipe.at, kind: ExprKind::Pipe(Box::new(pipe)) }));
            }
            _ => {
                self.rewind(start);
                self.skip_space();
                return Ok(None);
            }
        };
        Ok(Some(Expr { at: token.start, kind }))
    }

    fn undefined_function(&self, name: &str) -> Error {
        let error = self.error(format!("function {} not defined", super::format::quote(name)));
        match self.registry.nearest(name) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    fn undefined_variable(&self, name: &str) -> Error {
        let error = self.error(format!("undefined variable {}", super::format::quote(name)));
        let near = super::error::nearest(name, self.variables.iter().map(|known| &**known));
        match near {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error.with_help(format!("declare it first: {{{{ {name} := ... }}}}")),
        }
    }
}

fn begins_operand(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Char
            | Kind::Complex
            | Kind::Dot
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Nil
            | Kind::RawString
            | Kind::String
            | Kind::Variable
            | Kind::LeftParen
    )
}
