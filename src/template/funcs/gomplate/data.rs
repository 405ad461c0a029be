//! `data.`: formats of data.

use std::path::Path;
use std::sync::Arc;

use super::super::golang::json::{self, Escape};
use super::super::golang::left_out::left_out;
use super::super::golang::{args, text};
use super::csv;
use crate::span::Sources;
use crate::template::{Call, Dict, Elem, Function, List, Param, Problem, Val};

const A: Param = Param::Any;
const T: Param = Param::Text;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("JSON", &[A], json_object),
    Function::new("JSONArray", &[A], json_array),
    Function::new("YAML", &[A], yaml_object),
    Function::new("YAMLArray", &[A], yaml_array),
    Function::variadic("CSV", &[], T, csv_rows),
    Function::variadic("CSVByRow", &[], T, csv_by_row),
    Function::variadic("CSVByColumn", &[], T, csv_by_column),
    Function::new("ToJSON", &[A], to_json),
    Function::new("ToJSONPretty", &[T, A], to_json_pretty),
    Function::new("ToYAML", &[A], to_yaml),
    Function::variadic("ToCSV", &[], A, to_csv),
    left_out!("TOML" as "data.TOML"),
    left_out!("ToTOML" as "data.ToTOML"),
];

/// Names without the namespace.
pub(super) static ALIASES: &[Function] = &[
    Function::new("json", &[A], json_object),
    Function::new("jsonArray", &[A], json_array),
    Function::new("yaml", &[A], yaml_object),
    Function::new("yamlArray", &[A], yaml_array),
    Function::variadic("csv", &[], T, csv_rows),
    Function::variadic("csvByRow", &[], T, csv_by_row),
    Function::variadic("csvByColumn", &[], T, csv_by_column),
    Function::new("toJSON", &[A], to_json),
    Function::new("toJSONPretty", &[T, A], to_json_pretty),
    Function::new("toYAML", &[A], to_yaml),
    Function::variadic("toCSV", &[], A, to_csv),
    left_out!("toml" as "toml"),
    left_out!("toTOML" as "toTOML"),
];

/// Reads YAML, of which JSON is a part.
fn parsed(text: &str) -> Result<Val, Problem> {
    let sources = Sources::default();
    let node = crate::yaml::parse(&sources, Path::new("text"), Path::new(""), Arc::from(text))
        .map_err(|error| Problem::new(error.to_string()))?;
    Ok(Val::from(&node))
}

/// A map, or a complaint in the words of Go's YAML decoder.
fn object(text: &str) -> Result<Val, Problem> {
    match parsed(text)? {
        Val::Nil | Val::Missing => Ok(Val::Dict(Dict::default())),
        dict @ Val::Dict(_) => Ok(dict),
        other => Err(mismatch(&other, "map[string]interface {}")),
    }
}

fn array(text: &str) -> Result<Val, Problem> {
    match parsed(text)? {
        Val::Nil | Val::Missing => Ok(Val::List(List::new(vec![Val::Nil]))),
        list @ Val::List(_) => Ok(list),
        other => Err(mismatch(&other, "[]interface {}")),
    }
}

fn mismatch(found: &Val, wanted: &str) -> Problem {
    let tag = match found {
        Val::Dict(_) => "!!map".to_owned(),
        Val::List(_) => "!!seq".to_owned(),
        Val::String(text) => format!("!!str `{}`", short(text)),
        Val::Bool(flag) => format!("!!bool `{flag}`"),
        Val::Float(number) => format!("!!float `{number}`"),
        Val::Int(number) => format!("!!int `{number}`"),
        _ => "a value".to_owned(),
    };
    Problem::new(format!("yaml: unmarshal errors:\n  line 1: cannot unmarshal {tag} into {wanted}"))
}

fn short(text: &str) -> String {
    if text.chars().count() > 10 { text.chars().take(7).chain("...".chars()).collect() } else { text.to_owned() }
}

fn json_object(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let text = text::conv(&args[0])?;
    let dict = object(&text).map_err(|problem| wrapped(&problem, "object", &text))?;
    if dict.as_dict().is_some_and(|dict| dict.contains("_public_key")) {
        return Err(Problem::new("encrypted JSON (ejson) is not read in templates"));
    }
    Ok(dict)
}

fn json_array(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let text = text::conv(&args[0])?;
    array(&text).map_err(|problem| wrapped(&problem, "array", &text))
}

fn wrapped(problem: &Problem, what: &str, text: &str) -> Problem {
    Problem::new(format!("Unable to unmarshal {what} {text}: {}", problem.message()))
}

fn yaml_object(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    object(&text::conv(&args[0])?)
}

fn yaml_array(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    array(&text::conv(&args[0])?)
}

fn to_json(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(json::write(call, &args[0], Escape::Codec)?))
}

fn to_json_pretty(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let compact = json::write(call, &args[1], Escape::Codec)?;
    Ok(Val::from(json::indent(&compact, args::text(args, 0))))
}

fn to_yaml(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    // Asks for the memory, and for an end of the nesting.
    json::weigh(call, &args[0])?;
    Ok(Val::from(crate::yaml::emit(&args[0].to_node()?, 2)))
}

/// Records and header.
type Table = (Vec<Vec<String>>, Option<Vec<String>>);

/// A header of the arguments stands for that of the text; an empty one is made up: A, B, C, ….
fn table(args: &[Val]) -> Result<Table, Problem> {
    let arg = |index: usize| args::text(args, index);
    let names = |text: &str, delimiter: &str| -> Option<Vec<String>> {
        Some(text.split(delimiter).map(str::to_owned).collect())
    };
    let (delimiter, header, input) = match args.len() {
        1 => (",", None, arg(0)),
        2 if arg(0).is_empty() => (",", Some(Vec::new()), arg(1)),
        2 if arg(0).len() == 1 => (arg(0), None, arg(1)),
        2 => (",", names(arg(0), ","), arg(1)),
        3 => (arg(0), names(arg(1), arg(0)), arg(2)),
        _ => (",", None, ""),
    };
    let Some(letter) = delimiter.chars().next() else {
        return Err(args::out_of_range("index out of range [0] with length 0"));
    };
    let mut records = csv::read(input, letter).map_err(Problem::new)?;
    if records.is_empty() {
        return Ok((records, header));
    }
    let header = match header {
        None => records.remove(0),
        Some(names) if names.is_empty() => (0..records[0].len()).map(automatic).collect(),
        Some(names) => names,
    };
    Ok((records, Some(header)))
}

/// A, B, …, Z, AA, BB, ….
fn automatic(index: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    std::iter::repeat_n(letter, index / 26 + 1).collect()
}

fn csv_rows(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (records, header) = table(args)?;
    let rows = std::iter::once(header.unwrap_or_default()).chain(records);
    Ok(Val::List(rows.map(args::strings).collect()))
}

/// The name of a column; rows with more fields than names are an error.
fn column(header: &[String], index: usize) -> Result<Arc<str>, Problem> {
    header
        .get(index)
        .map(|name| Arc::from(name.as_str()))
        .ok_or_else(|| args::out_of_range(format!("index out of range [{index}] with length {}", header.len())))
}

fn csv_by_row(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (records, header) = table(args)?;
    let header = header.unwrap_or_default();
    let rows = records.into_iter().map(|record| {
        let fields = record.into_iter().enumerate();
        let entries = fields.map(|(index, field)| Ok((column(&header, index)?, Val::from(field))));
        Ok(Val::Dict(Dict::typed(Elem::String, entries.collect::<Result<_, Problem>>()?)))
    });
    Ok(Val::List(rows.collect::<Result<Vec<_>, Problem>>()?.into_iter().collect()))
}

fn csv_by_column(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (records, header) = table(args)?;
    let header = header.unwrap_or_default();
    let mut columns: std::collections::BTreeMap<Arc<str>, Vec<String>> = std::collections::BTreeMap::new();
    for record in records {
        for (index, field) in record.into_iter().enumerate() {
            columns.entry(column(&header, index)?).or_default().push(field);
        }
    }
    Ok(Val::Dict(columns.into_iter().map(|(name, fields)| (name, args::strings(fields))).collect::<Dict>()))
}

fn to_csv(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let (delimiter, table) = match args {
        [table] => (",", Some(table)),
        [Val::String(delimiter), table] => (&**delimiter, Some(table)),
        [other, _] => {
            let shown = text::strval(other)?;
            let found = other.type_name();
            return Err(Problem::new(format!("Can't parse ToCSV delimiter ({shown}) - must be string (is a {found})")));
        }
        _ => (",", None),
    };
    let mut records = Vec::new();
    if let Some(table) = table {
        let refused = || {
            let shape = "must be a two-dimensional array (like [][]string or [][]interface{})";
            Problem::new(format!("Can't parse ToCSV input - {shape} (was {})", table.type_name()))
        };
        for row in table.as_list().ok_or_else(refused)?.iter() {
            let row = row.as_list().ok_or_else(refused)?.iter();
            records.push(row.map(|field| text::conv(&field)).collect::<Result<Vec<_>, _>>()?);
        }
    }
    let Some(letter) = delimiter.chars().next() else {
        return Err(args::out_of_range("index out of range [0] with length 0"));
    };
    Ok(Val::from(csv::write(&records, letter).map_err(Problem::new)?))
}
