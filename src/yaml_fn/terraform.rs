//! The arguments of `!terraform.state` and `!terraform.output`: a component, perhaps a stack, and an output or an
//! expression of yq, which takes the rest of the line.

use super::problem::Mistake;
use crate::value::Quoted;

/// Whose output is asked for, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputArguments {
    pub component: String,
    /// `None`: the stack of the component that asks.
    pub stack: Option<String>,
    /// The name of an output, or an expression over all of them.
    pub expression: Quoted,
}

/// One word of the arguments: a quoted text, `|`, or text up to a blank or `|`.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    start: usize,
}

impl OutputArguments {
    /// # Errors
    /// What is wrong, with the column.
    pub fn parse(text: &str) -> Result<OutputArguments, Mistake> {
        let words = words(text)?;
        let fault = |word: &Word<'_>, message: &str| Err(Mistake::syntax(text, word.start, message));
        let (component, expression, stack) = match words.as_slice() {
            [] => return Err(Mistake::syntax(text, 0, "expected arguments")),
            [only] => return fault(only, "terraform function requires 2 or 3 arguments"),
            [component, expression] => (component, expression, None),
            [component, expression, ..] if begins_expression(expression.text) => (component, expression, None),
            [_, _, third, fourth, ..] if !begins_expression(third.text) => {
                return fault(fourth, "terraform function requires 2 or 3 arguments");
            }
            [component, stack, expression, ..] => (component, expression, Some(unquoted(stack.text))),
        };
        let arguments = OutputArguments {
            component: unquoted(component.text),
            stack: stack.filter(|stack| !stack.is_empty()),
            expression: Quoted::new(text[expression.start..].trim(), expression.start),
        };
        if arguments.component.is_empty() {
            return fault(component, "component must not be empty");
        }
        if arguments.expression.text.is_empty() {
            return fault(expression, "output expression must not be empty");
        }
        Ok(arguments)
    }

    /// Whether the expression says what to take where there is nothing.
    pub fn has_default(&self) -> bool {
        self.expression.text.contains("//")
    }
}

fn begins_expression(word: &str) -> bool {
    word.starts_with(['.', '[', '{', '|', '\'', '"'])
}

fn words(text: &str) -> Result<Vec<Word<'_>>, Mistake> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let length = match first {
            '|' => 1,
            '"' | '\'' => {
                quoted(&text[at..], first).ok_or_else(|| Mistake::syntax(text, at, "unterminated quoted value"))?
            }
            _ => text[at..].find(|c: char| c.is_whitespace() || c == '|').unwrap_or(text.len() - at),
        };
        words.push(Word { text: &text[at..at + length], start: at });
        at += length;
    }
    Ok(words)
}

/// Length of a quoted text with its quotes; a doubled quote stands for one.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = rest.next() {
        match character {
            '\r' | '\n' => return None,
            _ if character != quote => {}
            _ if rest.next_if(|(_, next)| *next == quote).is_some() => {}
            _ => return Some(at + 1),
        }
    }
    None
}

fn unquoted(text: &str) -> String {
    Quoted::new(text.trim(), 0).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_and_three_arguments_and_expressions() {
        for (text, component, stack, expression) in [
            ("vpc id", "vpc", None, "id"),
            ("vpc .m.a.b[1]", "vpc", None, ".m.a.b[1]"),
            ("vpc prod id", "vpc", Some("prod"), "id"),
            ("vpc prod .id // \"none\"", "vpc", Some("prod"), ".id // \"none\""),
            ("vpc .id | \"pre-\" + .", "vpc", None, ".id | \"pre-\" + ."),
            ("vpc prod .id|length", "vpc", Some("prod"), ".id|length"),
            ("vpc \".nope // \"\"dflt\"\"\"", "vpc", None, ".nope // \"dflt\""),
            ("vpc prod '.a // ''b'''", "vpc", Some("prod"), ".a // 'b'"),
            ("\"my vpc\" 'my stack' id", "my vpc", None, "'my stack' id"),
            ("vpc [.a, .b]", "vpc", None, "[.a, .b]"),
            ("vpc {\"a\": .b}", "vpc", None, "{\"a\": .b}"),
            ("  vpc   prod\tid  ", "vpc", Some("prod"), "id"),
        ] {
            let found = OutputArguments::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((found.component.as_str(), found.stack.as_deref()), (component, stack), "{text}");
            assert_eq!(found.expression.text, expression, "{text}");
        }
        assert!(OutputArguments::parse("vpc .a // 1").unwrap().has_default());
    }

    #[test]
    fn wrong_arguments_say_where() {
        for (text, expected) in [
            ("", "at 1:1: expected arguments"),
            ("vpc", "at 1:1: terraform function requires 2 or 3 arguments"),
            ("vpc a b c", "at 1:9: terraform function requires 2 or 3 arguments"),
            ("vpc 'x", "at 1:5: unterminated quoted value"),
            ("'' id", "at 1:1: component must not be empty"),
            ("vpc ''", "at 1:5: output expression must not be empty"),
        ] {
            let error = OutputArguments::parse(text).unwrap_err();
            assert!(error.message.ends_with(expected), "{text}: {error}");
        }
    }
}
