//! Boolean expressions of `when` and `continue`: `stack == "prod" && (ci || env.FORCE != "")`. Pure.
//!
//! The language is the part of CEL that conditions need: texts, whole numbers, booleans and lists; `==`, `!=`, `<`, `<=`,
//! `>`, `>=`, `in`, `&&`, `||`, `!`, `? :`; `startsWith`, `endsWith`, `contains`, `matches`, `size`.

use regex::Regex;

/// What a name stands for while an expression is evaluated.
pub(super) trait Lookup {
    /// The value of a name; `None` when nobody knows it.
    fn value(&self, name: &str) -> Option<Value>;
    /// A variable of the environment; empty when it is not set.
    fn variable(&self, name: &str) -> String;
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
        }
    }
}

/// An expression that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Name(String),
    Variable(Box<Node>),
    List(Vec<Node>),
    Not(Box<Node>),
    Both(Box<Node>, Box<Node>),
    Either(Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Method(String, Box<Node>, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

/// Names that an expression may use.
pub(super) const NAMES: [&str; 11] =
    ["ci", "status", "stack", "component", "workflow", "step", "hook", "event", "os", "arch", "platform"];
/// Functions of texts and lists, with the number of their arguments.
const METHODS: [(&str, usize); 5] = [("contains", 1), ("endsWith", 1), ("matches", 1), ("size", 0), ("startsWith", 1)];
/// Parentheses and lists may not nest deeper.
const DEPTH: usize = 64;

impl Expression {
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn parse(text: &str) -> Result<Expression, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
        let root = parser.choice()?;
        match parser.peek() {
            None => Ok(Expression { text: text.to_owned(), root }),
            Some(token) => Err(format!("`{}` is one too many", token.shown())),
        }
    }

    /// Whether it asks how the steps before have ended.
    pub(super) fn is_about_status(&self) -> bool {
        fn asks(node: &Node) -> bool {
            match node {
                Node::Name(name) => name == "status",
                Node::Literal(_) => false,
                Node::Variable(inner) | Node::Not(inner) => asks(inner),
                Node::List(items) => items.iter().any(asks),
                Node::Both(left, right) | Node::Either(left, right) | Node::Compare(_, left, right) => {
                    asks(left) || asks(right)
                }
                Node::Choice(one, two, three) => asks(one) || asks(two) || asks(three),
                Node::Method(_, on, arguments) => asks(on) || arguments.iter().any(asks),
            }
        }
        asks(&self.root)
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// Values that do not fit each other, or a result that is no boolean.
    pub(super) fn holds(&self, lookup: &dyn Lookup) -> Result<bool, String> {
        match evaluate(&self.root, lookup) {
            Ok(Value::Bool(flag)) => Ok(flag),
            Ok(other) => Err(format!("`{}` is {}, not a boolean", self.text, other.kind())),
            Err(problem) => Err(format!("`{}`: {problem}", self.text)),
        }
    }
}

fn evaluate(node: &Node, lookup: &dyn Lookup) -> Result<Value, String> {
    let boolean = |node: &Node| match evaluate(node, lookup)? {
        Value::Bool(flag) => Ok(flag),
        other => Err(format!("{} stands where a boolean is needed", other.kind())),
    };
    Ok(match node {
        Node::Literal(value) => value.clone(),
        Node::Name(name) => lookup.value(name).ok_or_else(|| format!("`{name}` is not known here"))?,
        Node::Variable(name) => match evaluate(name, lookup)? {
            Value::Text(name) => Value::Text(lookup.variable(&name)),
            other => return Err(format!("a variable has a name, not {}", other.kind())),
        },
        Node::List(items) => Value::List(items.iter().map(|item| evaluate(item, lookup)).collect::<Result<_, _>>()?),
        Node::Not(inner) => Value::Bool(!boolean(inner)?),
        Node::Both(left, right) => Value::Bool(boolean(left)? && boolean(right)?),
        Node::Either(left, right) => Value::Bool(boolean(left)? || boolean(right)?),
        Node::Choice(condition, yes, no) => evaluate(if boolean(condition)? { yes } else { no }, lookup)?,
        Node::Compare(comparison, left, right) => {
            Value::Bool(compare(*comparison, &evaluate(left, lookup)?, &evaluate(right, lookup)?)?)
        }
        Node::Method(name, on, arguments) => {
            let arguments = arguments.iter().map(|item| evaluate(item, lookup)).collect::<Result<Vec<_>, _>>()?;
            method(name, &evaluate(on, lookup)?, arguments.first())?
        }
    })
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, String> {
    use std::cmp::Ordering;
    if comparison == Comparison::In {
        return match right {
            Value::List(items) => Ok(items.contains(left)),
            other => Err(format!("`in` needs a list, not {}", other.kind())),
        };
    }
    if std::mem::discriminant(left) != std::mem::discriminant(right) {
        return Err(format!("{} cannot be compared with {}", left.kind(), right.kind()));
    }
    let order = match (left, right) {
        _ if comparison == Comparison::Equal => return Ok(left == right),
        _ if comparison == Comparison::Unequal => return Ok(left != right),
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        _ => return Err(format!("{} has no order", left.kind())),
    };
    Ok(match comparison {
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}

fn method(name: &str, on: &Value, argument: Option<&Value>) -> Result<Value, String> {
    Ok(match (name, on, argument) {
        ("size", Value::Text(text), _) => Value::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX)),
        ("size", Value::List(items), _) => Value::Int(i64::try_from(items.len()).unwrap_or(i64::MAX)),
        ("startsWith", Value::Text(text), Some(Value::Text(part))) => Value::Bool(text.starts_with(part.as_str())),
        ("endsWith", Value::Text(text), Some(Value::Text(part))) => Value::Bool(text.ends_with(part.as_str())),
        ("contains", Value::Text(text), Some(Value::Text(part))) => Value::Bool(text.contains(part.as_str())),
        ("matches", Value::Text(text), Some(Value::Text(pattern))) => {
            let pattern = Regex::new(pattern).map_err(|_| format!("'{pattern}' is no regular expression"))?;
            Value::Bool(pattern.is_match(text))
        }
        (name, on, _) => return Err(format!("{} has no such `{name}`", on.kind())),
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Int(i64),
    Sign(&'static str),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Token::Name(name) => name.clone(),
            Token::Text(text) => format!("'{text}'"),
            Token::Int(number) => number.to_string(),
            Token::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 16] = ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "?", ":", "(", ")", "[", "]", ","];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = if first == '"' || first == '\'' {
            let inner = &rest[1..];
            let end = inner.find(first).ok_or("a quotation mark is missing")?;
            found.push(Token::Text(inner[..end].to_owned()));
            end + 2
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            found.push(Token::Int(rest[..end].parse().map_err(|_| format!("`{}` is too large", &rest[..end]))?));
            end
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(Token::Name(rest[..end].to_owned()));
            end
        } else if first == '.' {
            found.push(Token::Sign("."));
            1
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("`{first}` is no part of an expression"))?;
            found.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[taken..].trim_start();
    }
    Ok(found)
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.peek().is_some_and(|token| matches!(token, Token::Sign(known) if *known == sign));
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    fn choice(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("it nests too deep".to_owned());
        }
        let condition = self.either()?;
        let node = if self.take("?") {
            let yes = self.choice()?;
            self.need(":")?;
            Node::Choice(Box::new(condition), Box::new(yes), Box::new(self.choice()?))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn either(&mut self) -> Result<Node, String> {
        let mut left = self.both()?;
        while self.take("||") {
            left = Node::Either(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Node, String> {
        let mut left = self.comparison()?;
        while self.take("&&") {
            left = Node::Both(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Node, String> {
        let left = self.unary()?;
        let signs = [
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let mut comparison = signs.iter().find(|(sign, _)| self.take(sign)).map(|(_, comparison)| *comparison);
        if comparison.is_none() && self.peek() == Some(&Token::Name("in".to_owned())) {
            self.at += 1;
            comparison = Some(Comparison::In);
        }
        match comparison {
            Some(comparison) => Ok(Node::Compare(comparison, Box::new(left), Box::new(self.unary()?))),
            None => Ok(left),
        }
    }

    fn unary(&mut self) -> Result<Node, String> {
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
        }
        let node = self.postfix()?;
        Ok(if negated { Node::Not(Box::new(node)) } else { node })
    }

    fn postfix(&mut self) -> Result<Node, String> {
        let mut node = self.primary()?;
        while self.take(".") {
            let Some(Token::Name(name)) = self.peek().cloned() else {
                return Err("a name is missing behind `.`".to_owned());
            };
            self.at += 1;
            let Some((_, count)) = METHODS.iter().find(|(known, _)| *known == name) else {
                return Err(format!("there is no function `{name}`"));
            };
            self.need("(")?;
            let arguments = self.list(")")?;
            if arguments.len() != *count {
                return Err(format!("`{name}` takes {count} argument(s)"));
            }
            node = Node::Method(name, Box::new(node), arguments);
        }
        Ok(node)
    }

    fn primary(&mut self) -> Result<Node, String> {
        let Some(token) = self.peek().cloned() else { return Err("it ends too early".to_owned()) };
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Node::Literal(Value::Text(text))),
            Token::Int(number) => Ok(Node::Literal(Value::Int(number))),
            Token::Sign("(") => {
                let node = self.choice()?;
                self.need(")")?;
                Ok(node)
            }
            Token::Sign("[") => Ok(Node::List(self.list("]")?)),
            Token::Sign(sign) => Err(format!("`{sign}` is in the wrong place")),
            Token::Name(name) => self.name(name),
        }
    }

    fn name(&mut self, name: String) -> Result<Node, String> {
        match name.as_str() {
            "true" => Ok(Node::Literal(Value::Bool(true))),
            "false" => Ok(Node::Literal(Value::Bool(false))),
            "env" if self.take(".") => {
                let Some(Token::Name(variable)) = self.peek().cloned() else {
                    return Err("the name of a variable is missing behind `env.`".to_owned());
                };
                self.at += 1;
                Ok(Node::Variable(Box::new(Node::Literal(Value::Text(variable)))))
            }
            "env" if self.take("[") => {
                let variable = self.choice()?;
                self.need("]")?;
                Ok(Node::Variable(Box::new(variable)))
            }
            known if NAMES.contains(&known) => Ok(Node::Name(name)),
            _ => Err(format!("`{name}` is not known; there are {}, and env.NAME", NAMES.join(", "))),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut items = Vec::new();
        while !self.take(end) {
            if !items.is_empty() {
                self.need(",")?;
            }
            items.push(self.choice()?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Facts;

    impl Lookup for Facts {
        fn value(&self, name: &str) -> Option<Value> {
            match name {
                "stack" => Some(Value::Text("plat-prod".to_owned())),
                "ci" => Some(Value::Bool(true)),
                "status" => Some(Value::Text("success".to_owned())),
                _ => None,
            }
        }

        fn variable(&self, name: &str) -> String {
            if name == "WHO" { "me".to_owned() } else { String::new() }
        }
    }

    fn holds(text: &str) -> Result<bool, String> {
        Expression::parse(text)?.holds(&Facts)
    }

    #[test]
    fn expressions_hold_or_not() {
        for (text, expected) in [
            ("stack == \"plat-prod\" && ci", true),
            ("stack != 'plat-prod' || !ci", false),
            ("!(stack == 'x') && !!ci", true),
            ("env.WHO == 'me' && env.NOBODY == \"\"", true),
            ("env[\"WHO\"] in ['you', 'me']", true),
            ("stack.startsWith('plat-') && stack.endsWith('prod') && stack.contains('t-p')", true),
            ("stack.matches('^plat-(dev|prod)$')", true),
            ("stack.size() > 3 && [1, 2].size() <= 2", true),
            ("ci ? stack == 'x' : true", false),
            ("status == 'success'", true),
            ("false || false && true", false),
        ] {
            assert_eq!(holds(text), Ok(expected), "{text}");
        }
        assert!(Expression::parse("ci && status == 'failure'").unwrap().is_about_status());
        assert!(!Expression::parse("ci").unwrap().is_about_status());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("stack ==", "ends too early"),
            ("stakc == 'x'", "`stakc` is not known"),
            ("stack == 'x", "a quotation mark is missing"),
            ("stack = 'x'", "`=` is no part of an expression"),
            ("(ci", "`)` is missing"),
            ("ci ci", "`ci` is one too many"),
            ("stack", "is a text, not a boolean"),
            ("stack == 1", "a text cannot be compared with a number"),
            ("stack.upper()", "there is no function `upper`"),
            ("stack.size(1) == 1", "`size` takes 0 argument(s)"),
            ("ci < true", "a boolean has no order"),
            ("stack.matches('(')", "is no regular expression"),
        ] {
            let problem = holds(text).unwrap_err();
            assert!(problem.contains(said), "{text}: {problem}");
        }
        assert!(holds(&"(".repeat(100)).unwrap_err().contains("too deep"));
    }
}
