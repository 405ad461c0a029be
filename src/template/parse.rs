//! Tokens to the compiled form.

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Branches, Compiled, List, Pipe, Range, Step};
use super::error::{Error, Kind as ErrorKind};
use super::funcs::Registry;
use super::lex::{Kind, Token, lex};
use super::{Delimiters, Functions, Source};

/// Deepest nesting of blocks and parentheses together.
const MAX_DEPTH: usize = 100;

/// Compiles a template and everything that it defines.
pub(super) fn parse(source: &Source<'_>) -> Result<Compiled, Error> {
    let tokens = lex(source.text, &source.delimiters.left, &source.delimiters.right);
    let mut parser = Parser {
        source,
        registry: source.functions.registry(),
        tokens,
        next: 0,
        seen: 0,
        variables: vec![Arc::from("$")],
        action_line: 0,
        ranges: 0,
        depth: 0,
        defined: HashMap::new(),
    };
    let mut body = parser.template()?;
    let name: Arc<str> = Arc::from(source.name);
    parser.check_definition(&name, &body)?;
    if is_blank(&body)
        && let Some(definition) = parser.defined.remove(&name)
    {
        // A text of nothing but definitions may define itself.
        body = definition;
    }
    let text = Arc::from(source.text);
    let Parser { defined, .. } = parser;
    let (delimiters, functions): (Delimiters, Functions) = (source.delimiters.clone(), source.functions);
    Ok(Compiled { name, text, place: source.place.clone(), delimiters, functions, body, defined })
}

pub(super) struct Parser<'t> {
    source: &'t Source<'t>,
    pub(super) registry: &'static Registry,
    tokens: Vec<Token>,
    next: usize,
    /// The furthest token that was looked at: errors name its line.
    seen: usize,
    pub(super) variables: Vec<Arc<str>>,
    /// Line of the left delimiter of the action that is being read; 0 outside.
    action_line: u32,
    ranges: usize,
    depth: usize,
    defined: HashMap<Arc<str>, List>,
}

/// What ended a list of steps.
enum Stop {
    End,
    /// `else`; an `if` or `with` behind it is the next token.
    Else,
}

/// A step, or what ends the list that it stands in.
enum Item {
    Step(Step),
    Stop(Stop),
}

impl<'t> Parser<'t> {
    pub(super) fn advance(&mut self) -> Token {
        self.seen = self.seen.max(self.next);
        let token = self.tokens[self.next].clone();
        // The last token is the end; it is given again and again.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    pub(super) fn peek(&mut self) -> &Token {
        self.seen = self.seen.max(self.next);
        &self.tokens[self.next]
    }

    pub(super) fn peek_kind(&mut self) -> &Kind {
        &self.peek().kind
    }

    pub(super) fn skip_space(&mut self) -> &Token {
        while *self.peek_kind() == Kind::Space {
            self.next += 1;
        }
        self.peek()
    }

    pub(super) fn advance_word(&mut self) -> Token {
        self.skip_space();
        self.advance()
    }

    /// Goes back to a token that was read before.
    pub(super) fn rewind(&mut self, position: usize) {
        self.next = position;
    }

    pub(super) fn position(&self) -> usize {
        self.next
    }

    pub(super) fn text_of(&self, token: &Token) -> &'t str {
        token.text(self.source.text)
    }

    pub(super) fn error(&self, phrase: impl Into<String>) -> Error {
        let token = &self.tokens[self.seen];
        Error::syntax(ErrorKind::Syntax, self.source, token.line, token.start, phrase.into())
    }

    pub(super) fn unexpected(&self, token: &Token, context: &str) -> Error {
        let shown = token.shown(self.source.text);
        if !matches!(token.kind, Kind::Error(_)) {
            return self.error(format!("unexpected {shown} in {context}"));
        }
        if self.action_line == 0 || self.action_line == token.line {
            return self.error(shown);
        }
        let started = format!("started at {}:{}", self.source.name, self.action_line);
        let join = if shown.ends_with(" action") { "" } else { "in action " };
        self.error(format!("{shown} {join}{started}"))
    }

    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("max expression depth exceeded").of_kind(ErrorKind::Limit));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn expect_right(&mut self, context: &str) -> Result<(), Error> {
        let token = self.advance_word();
        if token.kind == Kind::RightDelim { Ok(()) } else { Err(self.unexpected(&token, context)) }
    }

    /// The whole text: steps and definitions.
    fn template(&mut self) -> Result<List, Error> {
        let mut list = List::new();
        while *self.peek_kind() != Kind::Eof {
            if *self.peek_kind() == Kind::LeftDelim {
                let start = self.position();
                self.advance();
                if self.advance_word().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.rewind(start);
            }
            match self.item()? {
                Item::Step(step) => list.push(step),
                Item::Stop(Stop::End) => return Err(self.error("unexpected {{end}}")),
                Item::Stop(Stop::Else) => return Err(self.error("unexpected {{else}}")),
            }
        }
        Ok(list)
    }

    fn definition(&mut self) -> Result<(), Error> {
        const CONTEXT: &str = "define clause";
        let token = self.advance_word();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect_right(CONTEXT)?;
        let list = self.separate_list(CONTEXT)?;
        self.define(name, list)
    }

    /// The body of a definition, which has its own variables, up to its end.
    fn separate_list(&mut self, context: &str) -> Result<List, Error> {
        let variables = std::mem::replace(&mut self.variables, vec![Arc::from("$")]);
        let (ranges, line) = (std::mem::take(&mut self.ranges), std::mem::take(&mut self.action_line));
        let (list, stop) = self.list()?;
        if let Stop::Else = stop {
            return Err(self.error(format!("unexpected {{{{else}}}} in {context}")));
        }
        (self.variables, self.ranges, self.action_line) = (variables, ranges, line);
        Ok(list)
    }

    fn define(&mut self, name: Arc<str>, list: List) -> Result<(), Error> {
        self.check_definition(&name, &list)?;
        if self.defined.get(&name).is_none_or(is_blank) {
            self.defined.insert(name, list);
        }
        Ok(())
    }

    /// A second definition of one name is only allowed when one of the two is blank.
    fn check_definition(&self, name: &Arc<str>, list: &List) -> Result<(), Error> {
        if self.defined.get(name).is_some_and(|known| !is_blank(known)) && !is_blank(list) {
            let name = super::format::quote(name);
            return Err(self.error(format!("template: multiple definition of template {name}")));
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(List, Stop), Error> {
        let mut list = List::new();
        while self.skip_space().kind != Kind::Eof {
            match self.item()? {
                Item::Step(step) => list.push(step),
                Item::Stop(stop) => return Ok((list, stop)),
            }
        }
        Err(self.error("unexpected EOF"))
    }

    fn item(&mut self) -> Result<Item, Error> {
        let token = self.advance_word();
        match token.kind {
            Kind::Text => Ok(Item::Step(Step::Text(self.text_of(&token).into()))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                self.enter()?;
                let item = self.action()?;
                self.leave();
                self.action_line = 0;
                Ok(item)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Result<Item, Error> {
        let start = self.position();
        let token = self.advance_word();
        Ok(Item::Step(match token.kind {
            Kind::If => Step::If(self.branches("if")?),
            Kind::With => Step::With(self.branches("with")?),
            Kind::Range => Step::Range(Box::new(self.range()?)),
            Kind::Template => self.template_call()?,
            Kind::Block => self.block()?,
            Kind::Break => {
                self.check_loop("break")?;
                Step::Break(token.start)
            }
            Kind::Continue => {
                self.check_loop("continue")?;
                Step::Continue(token.start)
            }
            Kind::End => {
                self.expect_right("end")?;
                return Ok(Item::Stop(Stop::End));
            }
            Kind::Else => {
                if !matches!(self.skip_space().kind, Kind::If | Kind::With) {
                    self.expect_right("else")?;
                }
                return Ok(Item::Stop(Stop::Else));
            }
            _ => {
                self.rewind(start);
                // Variables persist until the end of the list.
                Step::Action(self.pipe("command", &Kind::RightDelim)?)
            }
        }))
    }

    fn check_loop(&mut self, word: &str) -> Result<(), Error> {
        self.expect_right(&format!("{{{{{word}}}}}"))?;
        if self.ranges == 0 {
            return Err(self.error(format!("{{{{{word}}}}} outside {{{{range}}}}")));
        }
        Ok(())
    }

    fn branches(&mut self, context: &'static str) -> Result<Branches, Error> {
        let scope = self.variables.len();
        let keyword = if context == "if" { Kind::If } else { Kind::With };
        let mut branches = Vec::new();
        let otherwise = loop {
            let pipe = self.pipe(context, &Kind::RightDelim)?;
            let (list, stop) = self.list()?;
            branches.push((pipe, list));
            match stop {
                Stop::End => break None,
                Stop::Else if *self.peek_kind() == keyword => {
                    self.advance();
                }
                Stop::Else => break Some(self.otherwise()?),
            }
        };
        self.variables.truncate(scope);
        Ok(Branches { branches, otherwise })
    }

    fn otherwise(&mut self) -> Result<List, Error> {
        let (list, stop) = self.list()?;
        match stop {
            Stop::End => Ok(list),
            Stop::Else => Err(self.error("expected end; found {{else}}")),
        }
    }

    fn range(&mut self) -> Result<Range, Error> {
        let scope = self.variables.len();
        let pipe = self.pipe("range", &Kind::RightDelim)?;
        self.ranges += 1;
        let (body, stop) = self.list()?;
        self.ranges -= 1;
        let otherwise = match stop {
            Stop::End => None,
            Stop::Else => Some(self.otherwise()?),
        };
        self.variables.truncate(scope);
        Ok(Range { pipe, body, otherwise })
    }

    fn template_call(&mut self) -> Result<Step, Error> {
        const CONTEXT: &str = "template clause";
        let token = self.advance_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = if self.skip_space().kind == Kind::RightDelim {
            self.advance();
            None
        } else {
            Some(self.pipe(CONTEXT, &Kind::RightDelim)?)
        };
        Ok(Step::Template { at: token.start, name, pipe })
    }

    /// A definition and its use in one.
    fn block(&mut self) -> Result<Step, Error> {
        const CONTEXT: &str = "block clause";
        let token = self.advance_word();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe: Pipe = self.pipe(CONTEXT, &Kind::RightDelim)?;
        let list = self.separate_list(CONTEXT)?;
        self.define(name.clone(), list)?;
        Ok(Step::Template { at: token.start, name, pipe: Some(pipe) })
    }

    fn template_name(&self, token: &Token, context: &str) -> Result<Arc<str>, Error> {
        match token.kind {
            Kind::String | Kind::RawString => self.unquote(token).map(Arc::from),
            _ => Err(self.unexpected(token, context)),
        }
    }

    pub(super) fn unquote(&self, token: &Token) -> Result<String, Error> {
        super::format::unquote(self.text_of(token)).ok_or_else(|| self.error("invalid syntax"))
    }
}

/// Nothing but white space.
fn is_blank(list: &List) -> bool {
    list.iter().all(|step| matches!(step, Step::Text(text) if text.trim().is_empty()))
}
