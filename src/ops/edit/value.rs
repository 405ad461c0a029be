//! What the text on the command line stands for.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use super::Error;
use crate::diag::Result;
use crate::span::Sources;
use crate::value::{Node, Value};
use crate::yaml;

/// `--type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Type {
    #[default]
    Auto,
    String,
    Int,
    Bool,
    Float,
    Null,
    Yaml,
}

impl FromStr for Type {
    type Err = Error;

    fn from_str(text: &str) -> std::result::Result<Type, Error> {
        Ok(match text {
            "auto" => Type::Auto,
            "string" => Type::String,
            "int" => Type::Int,
            "bool" => Type::Bool,
            "float" => Type::Float,
            "null" => Type::Null,
            "yaml" => Type::Yaml,
            other => return Err(Error::Type { name: other.to_owned() }),
        })
    }
}

/// A type and who says so, for the error when the text does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub type_: Type,
    pub who: &'static str,
}

/// The value of a text. `known` are the opinions on its type, the strongest first; without any the text itself decides.
pub(super) fn value(path: &str, text: &str, asked: Type, known: &[Said]) -> Result<Node> {
    if asked != Type::Auto {
        return of(text, &Said { type_: asked, who: "`--type` says so" });
    }
    match known.iter().find(|said| !matches!(said.type_, Type::Auto | Type::Null)) {
        Some(Said { type_: Type::Yaml, .. }) => Err(Error::Container { path: path.to_owned() }.into()),
        Some(said) => of(text, said),
        None => Ok(match yaml::plain_scalar(text) {
            value @ (Value::Bool(_) | Value::Int(_) | Value::UInt(_)) => Node::from(value),
            Value::Float(number) if number.is_finite() => Node::from(Value::Float(number)),
            _ => Node::from(text),
        }),
    }
}

fn of(text: &str, said: &Said) -> Result<Node> {
    let wrong = |type_name| Error::Value { value: text.to_owned(), type_name, why: said.who.to_owned() };
    let node = match (said.type_, yaml::plain_scalar(text)) {
        (Type::Null, _) => Node::default(),
        (Type::Int, value @ (Value::Int(_) | Value::UInt(_))) | (Type::Bool, value @ Value::Bool(_)) => {
            Node::from(value)
        }
        (Type::Float, value @ (Value::Float(_) | Value::Int(_) | Value::UInt(_))) => Node::from(value),
        (Type::Int, _) => return Err(wrong("int").into()),
        (Type::Bool, _) => return Err(wrong("bool").into()),
        (Type::Float, _) => return Err(wrong("float").into()),
        (Type::Yaml, _) => yaml::parse(&Sources::new(), Path::new("the value"), Path::new("/"), Arc::from(text))?,
        (Type::String | Type::Auto, _) => Node::from(text),
    };
    Ok(node)
}

/// The type of what is there already.
pub(super) fn type_of(node: &Node) -> Type {
    match &node.value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) | Value::UInt(_) => Type::Int,
        Value::Float(_) => Type::Float,
        // What a function gives is not known here.
        Value::Function(_) => Type::Auto,
        Value::String(_) => Type::String,
        Value::List(_) | Value::Map(_) if node.is_empty() => Type::Auto,
        Value::List(_) | Value::Map(_) => Type::Yaml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::to_json;

    #[test]
    fn the_strongest_opinion_on_the_type_counts() {
        let said = |type_| Said { type_, who: "test" };
        let json =
            |text: &str, asked, known: &[Said]| value("p", text, asked, known).map(|node| to_json(&node).to_string());
        let ok = |text: &str, asked, known: &[Said]| json(text, asked, known).unwrap();
        assert_eq!(ok("5", Type::Auto, &[]), "5");
        assert_eq!(ok("true", Type::Auto, &[]), "true");
        assert_eq!(ok("nan", Type::Auto, &[]), "\"nan\"");
        assert_eq!(ok(".nan", Type::Auto, &[]), "\".nan\"");
        assert_eq!(ok("null", Type::Auto, &[]), "\"null\"");
        assert_eq!(ok("5", Type::Auto, &[said(Type::Null), said(Type::String), said(Type::Int)]), "\"5\"");
        assert_eq!(ok("5", Type::Float, &[said(Type::String)]), "5");
        assert_eq!(ok("[a, {b: 1}]", Type::Yaml, &[]), "[\"a\",{\"b\":1}]");
        assert_eq!(ok("x", Type::Null, &[]), "null");
        assert!(json("x", Type::Auto, &[said(Type::Int)]).unwrap_err().to_string().contains("`x` is no int"));
        assert!(json("x", Type::Auto, &[said(Type::Yaml)]).unwrap_err().to_string().contains("a list or a map"));
        assert!(json("[", Type::Yaml, &[]).is_err());
    }
}
