//! Functions of the columns of lists. Some have the name of a function of the libraries and another order of parameters.

use super::golang::args;
use crate::template::{Call, Function, List, Param, Problem, Val, print};

const A: Param = Param::Any;
const T: Param = Param::Text;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("toString", &[A], |_, args| match &args[0] {
        Val::Missing | Val::Nil => Ok(Val::text("")),
        val => print(val).map(Val::from),
    }),
    Function::new("toInt", &[A], |_, args| Ok(Val::Int(to_int(&args[0])))),
    Function::new("toBool", &[A], |_, args| Ok(Val::Bool(to_bool(&args[0])))),
    Function::new("truncate", &[T, A], truncate),
    Function::new("pad", &[T, Param::Int], pad),
    Function::new("upper", &[T], |_, args| Ok(Val::from(args::text(args, 0).to_uppercase()))),
    Function::new("lower", &[T], |_, args| Ok(Val::from(args::text(args, 0).to_lowercase()))),
    Function::new("get", &[A, T], |_, args| Ok(entry(args).unwrap_or(Val::Nil))),
    Function::new("getOr", &[A, T, A], |_, args| Ok(entry(args).unwrap_or_else(|| args[2].clone()))),
    Function::new("has", &[A, T], |_, args| Ok(Val::Bool(entry(args).is_some()))),
    Function::new("len", &[A], |_, args| Ok(Val::Int(args::count(length(&args[0]))))),
    Function::new("join", &[A, T], join),
    Function::new("split", &[T, T], |_, args| Ok(args::strings(split(args::text(args, 0), args::text(args, 1))))),
    Function::new("ternary", &[Param::Bool, A, A], |_, args| {
        Ok(if args::flag(args, 0) { args[1].clone() } else { args[2].clone() })
    }),
];

fn entry(args: &[Val]) -> Option<Val> {
    args[0].as_dict()?.get(args::text(args, 1))
}

fn length(val: &Val) -> usize {
    match val {
        Val::String(text) => text.len(),
        Val::List(list) => list.len(),
        Val::Dict(dict) => dict.len(),
        _ => 0,
    }
}

/// A number at the beginning of a text counts, as does the whole part of a fraction; anything else is 0.
fn to_int(val: &Val) -> i64 {
    match val {
        #[expect(clippy::cast_possible_truncation, reason = "a number beyond the range becomes its end")]
        Val::Float(number) => *number as i64,
        Val::String(text) => {
            let text = text.trim_start();
            let digits = text.trim_start_matches(['+', '-']);
            let signs = text.len() - digits.len();
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            if signs > 1 { 0 } else { text[..signs + end].parse().unwrap_or(0) }
        }
        val => val.as_int().unwrap_or(0),
    }
}

fn to_bool(val: &Val) -> bool {
    match val {
        Val::Bool(flag) => *flag,
        Val::String(text) => matches!(&**text, "true" | "yes" | "1"),
        val => val.as_int().is_some_and(|number| number != 0),
    }
}

/// At most this many bytes, the last three as dots; never a part of a character.
#[expect(clippy::unnecessary_wraps, reason = "every function of a table has this type")]
fn truncate(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let text = args::text(args, 0);
    let (Val::Int(_) | Val::Int64(_) | Val::Float(_)) = args[1] else { return Ok(args[0].clone()) };
    let most = args::length(to_int(&args[1]));
    if text.len() <= most {
        return Ok(args[0].clone());
    }
    let cut = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        &text[..at]
    };
    Ok(Val::from(if most <= 3 { cut(most).to_owned() } else { format!("{}...", cut(most - 3)) }))
}

fn pad(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let text = args::text(args, 0);
    let blanks = args::length(args::int(args, 1)).saturating_sub(text.len());
    call.allow(blanks)?;
    Ok(Val::from(format!("{text}{}", " ".repeat(blanks))))
}

fn join(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let items: Vec<String> =
        args[0].as_list().into_iter().flat_map(List::iter).map(|item| print(&item)).collect::<Result<_, _>>()?;
    Ok(Val::from(items.join(args::text(args, 1))))
}

fn split(text: &str, separator: &str) -> Vec<String> {
    if separator.is_empty() {
        return text.chars().map(String::from).collect();
    }
    text.split(separator).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::template::{Functions, Nothing, Options, Source, Template};
    use crate::value::from_json;

    fn render(text: &str) -> String {
        let data = from_json(&json!({
            "name": "plat-ue2", "vars": {"region": "eu", "n": 12}, "tags": ["a", "b"], "yes": true, "long": "äöü and more"
        }));
        let source = Source { functions: Functions::Columns, ..Source::new("column", text) };
        Template::parse(&source).unwrap().render(&data, &Options::default(), &mut Nothing).unwrap()
    }

    #[test]
    fn columns_have_functions_of_their_own() {
        for (text, expected) in [
            ("{{ .name | upper }}", "PLAT-UE2"),
            ("{{ getOr .vars \"zone\" \"-\" }}{{ getOr .vars \"region\" \"-\" }}", "-eu"),
            ("{{ get .vars \"region\" }}", "eu"),
            ("{{ has .vars \"zone\" }} {{ has .nothing \"x\" }}", "false false"),
            ("{{ join .tags \"+\" }}", "a+b"),
            ("{{ index (split .name \"-\") 1 }}", "ue2"),
            ("{{ ternary .yes \"on\" \"off\" }}", "on"),
            ("{{ truncate .long 8 }}|{{ truncate \"abcdefgh\" 5 }}|{{ truncate \"abc\" 2 }}", "äö...|ab...|ab"),
            ("{{ pad \"ab\" 4 }}|", "ab  |"),
            ("{{ len .tags }}{{ len .vars }}{{ len \"abc\" }}{{ len 5 }}", "2230"),
            ("{{ toInt \"12x\" }} {{ toInt 2.9 }} {{ toInt \"--1\" }} {{ toInt .vars.n }}", "12 2 0 12"),
            ("{{ toBool \"yes\" }} {{ toBool 0 }}", "true false"),
            ("{{ toString .vars.n }}{{ toString nil }}", "12"),
        ] {
            assert_eq!(render(text), expected, "{text}");
        }
    }

    #[test]
    fn other_functions_are_not_known_in_columns() {
        let source = Source { functions: Functions::Columns, ..Source::new("column", "{{ env \"HOME\" }}") };
        assert!(Template::parse(&source).is_err());
    }
}
