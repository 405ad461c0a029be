//! Tokens to a tree. Operators are ordered by binding strength on a stack; a path that follows a bracket or an operator
//! gets the pipe that is not written.

use std::sync::Arc;

use super::error::{Fault, Outcome, Range};
use super::lex::{Kind, Token, lex};
use super::op::{Expr, Op, Piece};
use super::tree::Tag;

/// Longest expression in bytes.
const LENGTH_LIMIT: usize = 64 * 1024;
/// Levels of a tree; a chain of pipes has one level per pipe.
pub(super) const HEIGHT_LIMIT: usize = 200;
/// Levels of string literals with expressions inside of each other.
const TEXT_LIMIT: usize = 8;

/// The tree of an expression; `None` for an empty one, which stands for the whole document.
pub(super) fn parse(text: &str) -> Outcome<Option<Expr>> {
    if text.len() > LENGTH_LIMIT {
        return Err(Fault::limit(format!("the expression is longer than {LENGTH_LIMIT} bytes")).at((0, 0)));
    }
    parse_within(text, 0)
}

fn parse_within(text: &str, level: usize) -> Outcome<Option<Expr>> {
    let mut tokens = Vec::new();
    for token in lex(text)? {
        let kind = match token.kind {
            Kind::Text(literal) => Kind::Op(Op::Text(pieces(&literal, token.at, level)?)),
            kind => kind,
        };
        tokens.push(Token { kind, ..token });
    }
    let items = postfix(completed(&tokens))?;
    tree(items, text)
}

/// Splits a string literal at its `\( … )`.
fn pieces(literal: &str, at: Range, level: usize) -> Outcome<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut letters = literal.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some('(')) => {
                letters.next();
                // Without its end the literal means itself.
                let Some(inner) = inner_expression(&mut letters) else {
                    return Ok(vec![Piece::Text(Arc::from(literal))]);
                };
                if level >= TEXT_LIMIT {
                    return Err(Fault::limit("strings with expressions are nested too deeply").at(at));
                }
                pieces.push(Piece::Text(Arc::from(std::mem::take(&mut text))));
                let expr = parse_within(&inner, level + 1).map_err(|fault| fault.within(at))?;
                pieces.push(Piece::Expr(expr.map(|expr| Box::new(moved(expr, at)))));
            }
            ('\\', Some('\\')) => {
                letters.next();
                text.push('\\');
            }
            _ => text.push(letter),
        }
    }
    pieces.push(Piece::Text(Arc::from(text)));
    Ok(pieces)
}

/// The text up to the bracket that closes an interpolation.
fn inner_expression(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut inner = String::new();
    let mut open = 0_usize;
    while let Some(letter) = letters.next() {
        match (letter, letters.peek().copied()) {
            (')', _) if open == 0 => return Some(inner),
            (')', _) => open -= 1,
            ('(', _) => open += 1,
            ('\\', Some(escaped @ (')' | '\\'))) => {
                letters.next();
                inner.push(escaped);
                continue;
            }
            _ => {}
        }
        inner.push(letter);
    }
    None
}

/// The expression with the place of the literal that it stands in, in each node.
fn moved(mut expr: Expr, at: Range) -> Expr {
    expr.at = at;
    expr.left = expr.left.map(|child| Box::new(moved(*child, at)));
    expr.right = expr.right.map(|child| Box::new(moved(*child, at)));
    expr
}

/// Adds the tokens that the short forms leave out.
fn completed(tokens: &[Token]) -> Vec<Token> {
    let op = |op: Op, at: Range| Token { kind: Kind::Op(op), at, path_may_follow: false };
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len() + 8);
    let mut skip = false;
    for (index, token) in tokens.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let (at, next) = (token.at, tokens.get(index + 1));
        let mut token = token.clone();
        if matches!(token.kind, Kind::OpenIndex) {
            out.push(op(Op::Own, at));
            out.push(op(Op::Index { optional: false }, at));
            token = Token { kind: Kind::OpenList, at, path_may_follow: false };
        }
        let is_entry = matches!(token.kind, Kind::Op(Op::Entry));
        if is_entry && begins_slice(tokens, index) {
            out.push(op(Op::Scalar(Tag::Int, Arc::from("0")), at));
        }
        if let (Kind::Op(Op::Tag), Some(Kind::Op(Op::Assign { update }))) = (&token.kind, next.map(|next| &next.kind)) {
            token.kind = Kind::Op(Op::AssignTag { update: *update });
            skip = true;
        }
        let (kind, path_may_follow) = (token.kind.clone(), token.path_may_follow);
        out.push(token);
        let Some(next) = next else { continue };
        if is_entry && matches!(next.kind, Kind::CloseList { .. }) {
            out.push(op(Op::Length, at));
        }
        match (&kind, &next.kind) {
            (Kind::OpenList, Kind::CloseList { .. }) | (Kind::OpenMap, Kind::CloseMap) => out.push(op(Op::Empty, at)),
            (_, Kind::Op(Op::Key { .. }) | Kind::OpenIndex) if path_may_follow => {
                out.push(op(Op::Pipe { short: true }, next.at));
            }
            (_, Kind::OpenList) if path_may_follow => out.push(op(Op::Index { optional: false }, next.at)),
            _ => {}
        }
    }
    out
}

/// A colon right after the bracket of a path is a slice from the start.
fn begins_slice(tokens: &[Token], index: usize) -> bool {
    let before = |distance: usize| index.checked_sub(distance).map(|index| &tokens[index].kind);
    match before(1) {
        Some(Kind::OpenIndex) => true,
        Some(Kind::OpenList) => {
            matches!(before(2), Some(Kind::Op(_) | Kind::CloseList { .. } | Kind::CloseMap))
        }
        _ => false,
    }
}

/// An operator in the order of evaluation.
type Item = (Op, Range);

/// What waits on the stack of operators.
enum Waiting {
    Open(&'static str, Range),
    Op(Op, Range),
}

fn postfix(tokens: Vec<Token>) -> Outcome<Vec<Item>> {
    let mut out: Vec<Item> = Vec::with_capacity(tokens.len());
    let mut stack: Vec<Waiting> = Vec::new();
    for Token { kind, at, .. } in tokens {
        match kind {
            Kind::Open => stack.push(Waiting::Open("(", at)),
            Kind::OpenList | Kind::OpenIndex => stack.push(Waiting::Open("[", at)),
            Kind::OpenMap => stack.push(Waiting::Open("{", at)),
            Kind::Close => {
                close(&mut stack, &mut out, "(", at)?;
            }
            Kind::CloseMap => {
                let opened = close(&mut stack, &mut out, "{", at)?;
                out.push((Op::CollectMap, opened));
                out.push((Op::Pipe { short: true }, opened));
                index(&mut stack, &mut out, false);
            }
            Kind::CloseList { optional } => {
                let opened = close(&mut stack, &mut out, "[", at)?;
                out.push((Op::Collect, opened));
                index(&mut stack, &mut out, optional);
            }
            // Literals have become operators before.
            Kind::Text(text) => out.push((Op::Text(vec![Piece::Text(Arc::from(text))]), at)),
            Kind::Op(op) => {
                while let Some(Waiting::Op(waiting, _)) = stack.last() {
                    if waiting.precedence() <= op.precedence() {
                        break;
                    }
                    pop(&mut stack, &mut out);
                }
                stack.push(Waiting::Op(op, at));
            }
        }
    }
    while let Some(waiting) = stack.last() {
        if let Waiting::Open(bracket, opened) = waiting {
            return Err(unclosed(bracket, *opened));
        }
        pop(&mut stack, &mut out);
    }
    Ok(out)
}

fn pop(stack: &mut Vec<Waiting>, out: &mut Vec<Item>) {
    if let Some(Waiting::Op(op, at)) = stack.pop() {
        out.push((op, at));
    }
}

/// Takes everything off the stack down to the bracket that is closed; gives the place of that.
fn close(stack: &mut Vec<Waiting>, out: &mut Vec<Item>, wanted: &str, at: Range) -> Outcome<Range> {
    loop {
        match stack.last() {
            None => {
                return Err(Fault::syntax("bad expression, got close brackets without matching opening bracket", at));
            }
            Some(Waiting::Open(bracket, opened)) if *bracket == wanted => {
                let opened = *opened;
                stack.pop();
                return Ok(opened);
            }
            Some(Waiting::Open(bracket, opened)) => return Err(unclosed(bracket, *opened)),
            Some(Waiting::Op(..)) => pop(stack, out),
        }
    }
}

fn unclosed(bracket: &str, opened: Range) -> Fault {
    let missing = match bracket {
        "(" => ")",
        "[" => "]",
        _ => "}",
    };
    Fault::syntax(format!("bad expression, could not find matching `{missing}`"), opened)
}

/// A bracket that was opened after a path ends the path.
fn index(stack: &mut Vec<Waiting>, out: &mut Vec<Item>, optional: bool) {
    if let Some(Waiting::Op(Op::Index { .. }, at)) = stack.last() {
        out.push((Op::Index { optional }, *at));
        stack.pop();
    }
}

fn tree(items: Vec<Item>, text: &str) -> Outcome<Option<Expr>> {
    let mut stack: Vec<Expr> = Vec::new();
    for (op, at) in items {
        let (arity, there) = (op.arity(), stack.len());
        let word = text.get(at.0..at.1).unwrap_or_default().trim();
        let (left, right) = match arity {
            0 => (None, None),
            1 if there == 0 && matches!(op, Op::First) => (None, None),
            1 if there == 0 => {
                return Err(Fault::syntax(format!("'{word}' expects 1 arg but received none"), at));
            }
            1 => (None, stack.pop()),
            _ if there < 2 => {
                return Err(Fault::syntax(format!("'{word}' expects 2 args but there is {there}"), at));
            }
            _ => {
                let right = stack.pop();
                (stack.pop(), right)
            }
        };
        let below = |side: &Option<Expr>| side.as_ref().map_or(0, |side| side.height);
        let height = 1 + below(&left).max(below(&right));
        if height > HEIGHT_LIMIT {
            return Err(Fault::limit(format!("the expression has more than {HEIGHT_LIMIT} levels")).at(at));
        }
        stack.push(Expr { op, left: left.map(Box::new), right: right.map(Box::new), at, height });
    }
    let root = stack.pop();
    match stack.last() {
        Some(_) => {
            let at = root.map_or((0, 0), |root| start(&root));
            Err(Fault::syntax("bad expression, please check expression syntax", at)
                .help("an operator is missing before this"))
        }
        None => Ok(root),
    }
}

/// Place of the leftmost part.
fn start(expr: &Expr) -> Range {
    let mut first = expr;
    while let Some(left) = &first.left {
        first = left;
    }
    first.at
}
