//! `coll.JSONPath`: names, indices, slices, wildcards and recursive descent. Filters are not built.

use crate::template::{List, MAX_NESTING, Problem, Val};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    /// Several names or indices: `['a','b']`, `[0,1]`.
    Union(Vec<Step>),
    All,
    /// Everything below, however deep.
    Below,
}

/// What the path leads to: one value by itself, several as a list.
///
/// # Errors
/// The path cannot be read, or leads to nothing.
pub(super) fn find(path: &str, val: &Val) -> Result<Val, Problem> {
    // What begins with a word is an identifier of the language, of which there are none.
    if let Some(word) = path.split(['.', '[']).next().filter(|word| word.starts_with(char::is_alphabetic)) {
        return Err(Problem::new(format!("executing JSONPath failed: unrecognized identifier {word}")));
    }
    let steps = parse(path).map_err(|reason| Problem::new(format!("couldn't parse JSONPath {path}: {reason}")))?;
    let mut found = vec![val.clone()];
    for step in &steps {
        found = walk(step, &found).map_err(|reason| Problem::new(format!("executing JSONPath failed: {reason}")))?;
    }
    if found.len() == 1 {
        return Ok(found.remove(0));
    }
    Ok(Val::List(found.into_iter().filter(|val| !val.is_nil()).collect::<List>()))
}

fn parse(path: &str) -> Result<Vec<Step>, String> {
    let mut rest = path.trim();
    rest = rest.strip_prefix('$').unwrap_or(rest);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Below);
            rest = after;
            if rest.starts_with('[') {
                continue;
            }
            rest = name(rest, &mut steps)?;
        } else if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() || after.starts_with('[') {
                rest = after;
                continue;
            }
            rest = name(after, &mut steps)?;
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = bracket_end(after).ok_or("unterminated array")?;
            steps.push(bracket(after[..end].trim())?);
            rest = &after[end + 1..];
        } else {
            return Err(format!("unrecognized character in action: {rest}"));
        }
    }
    Ok(steps)
}

fn name<'p>(text: &'p str, steps: &mut Vec<Step>) -> Result<&'p str, String> {
    if let Some(after) = text.strip_prefix('*') {
        steps.push(Step::All);
        return Ok(after);
    }
    let mut name = String::new();
    let mut letters = text.char_indices();
    let mut end = text.len();
    while let Some((index, letter)) = letters.next() {
        match letter {
            // A point that belongs to the name.
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            '.' | '[' | ' ' => {
                end = index;
                break;
            }
            letter => name.push(letter),
        }
    }
    if name.is_empty() {
        return Err(format!("a name is missing before {text}"));
    }
    steps.push(Step::Name(name));
    Ok(&text[end..])
}

fn bracket_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (index, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, ']') => return Some(index),
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Result<Step, String> {
    if text == "*" {
        return Ok(Step::All);
    }
    if text.starts_with('?') || text.starts_with('(') {
        return Err("filters and expressions are not built yet".to_owned());
    }
    if text.contains(',') {
        return text.split(',').map(|part| bracket(part.trim())).collect::<Result<_, _>>().map(Step::Union);
    }
    let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    if let Some(name) = quoted.or_else(|| text.strip_prefix('"').and_then(|text| text.strip_suffix('"'))) {
        return Ok(Step::Name(name.to_owned()));
    }
    let invalid = || format!("invalid array index {text}");
    let number = |part: &str| part.trim().parse::<i64>().map_err(|_| invalid());
    let Some((from, to)) = text.split_once(':') else { return number(text).map(Step::Index) };
    if to.contains(':') {
        return Err("steps of slices are not built yet".to_owned());
    }
    let bound = |part: &str| if part.trim().is_empty() { Ok(None) } else { number(part).map(Some) };
    Ok(Step::Slice(bound(from)?, bound(to)?))
}

fn walk(step: &Step, from: &[Val]) -> Result<Vec<Val>, String> {
    let mut found = Vec::new();
    for val in from {
        match step {
            Step::Name(name) => found.extend(val.as_dict().and_then(|dict| dict.get(name))),
            Step::Index(_) | Step::Slice(..) => part(step, val, &mut found)?,
            Step::Union(steps) => {
                for step in steps {
                    found.extend(walk(step, std::slice::from_ref(val))?);
                }
            }
            Step::All => match val {
                Val::Dict(dict) => found.extend(dict.entries().into_iter().map(|(_, val)| val)),
                Val::List(list) => found.extend(list.iter()),
                _ => {}
            },
            Step::Below => below(val, &mut found, 0)?,
        }
    }
    match step {
        // It is enough that one of several values has the name.
        Step::Name(name) if found.is_empty() && !from.is_empty() => Err(format!("{name} is not found")),
        _ => Ok(found),
    }
}

fn part(step: &Step, val: &Val, found: &mut Vec<Val>) -> Result<(), String> {
    let Val::List(list) = val else {
        return Err(format!("{} is not array or slice", val.type_name()));
    };
    let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let absolute = |index: i64| if index < 0 { index + size } else { index };
    let outside = |index: i64| format!("array index out of bounds: index {index}, length {size}");
    match step {
        Step::Index(index) => {
            let item = usize::try_from(absolute(*index)).ok().and_then(|index| list.get(index));
            found.push(item.ok_or_else(|| outside(*index))?);
        }
        Step::Slice(from, to) => {
            let (from, to) = (absolute(from.unwrap_or(0)), absolute(to.unwrap_or(size)));
            let (from, to) = (from.clamp(0, size), to.clamp(0, size));
            found.extend((from..to).filter_map(|index| list.get(usize::try_from(index).ok()?)));
        }
        _ => {}
    }
    Ok(())
}

fn below(val: &Val, found: &mut Vec<Val>, depth: usize) -> Result<(), String> {
    if depth > MAX_NESTING {
        return Err("the value is nested too deep".to_owned());
    }
    match val {
        Val::Dict(dict) => {
            found.push(val.clone());
            for (_, item) in dict.entries() {
                below(&item, found, depth + 1)?;
            }
        }
        Val::List(list) => {
            found.push(val.clone());
            for item in list.iter() {
                below(&item, found, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(())
}
