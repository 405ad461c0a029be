//! `len`, `index` and `slice`.

use crate::template::function::Call;
use crate::template::problem::Problem;
use crate::template::value::Val;

pub(super) fn len(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let length = match args.first() {
        Some(Val::String(text)) => text.len(),
        Some(Val::List(list)) => list.len(),
        Some(Val::Dict(dict)) => dict.len(),
        Some(Val::Nil) => return Err(Problem::new("len of nil pointer")),
        None | Some(Val::Missing) => {
            return Err(Problem::new("reflect: call of reflect.Value.Type on zero Value")
                .help("the value is missing; test it first, or give a default"));
        }
        Some(val) => return Err(Problem::new(format!("len of type {}", val.type_name()))),
    };
    Ok(Val::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// A position in a sequence. Go's `slice` refuses numbers that come out of the data unless a variable holds them; here
/// they are numbers like any other. `end` is the last position that is allowed.
fn position(index: &Val, end: usize) -> Result<usize, Problem> {
    let number = match index {
        Val::Missing | Val::Nil => return Err(Problem::new("cannot index slice/array with nil")),
        Val::UInt(number) => i64::from_ne_bytes(number.to_ne_bytes()),
        val => val
            .as_int()
            .ok_or_else(|| Problem::new(format!("cannot index slice/array with type {}", val.type_name())))?,
    };
    usize::try_from(number)
        .ok()
        .filter(|position| *position <= end)
        .ok_or_else(|| Problem::new(format!("index out of range: {number}")))
}

pub(super) fn index(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let Some((item, indexes)) = args.split_first() else { return Ok(Val::Nil) };
    if item.is_nil() {
        return Err(Problem::new("index of untyped nil"));
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Val::Missing | Val::Nil => return Err(Problem::new("index of nil pointer")),
            Val::String(text) => {
                let at = position(index, text.len())?;
                Val::Byte(*text.as_bytes().get(at).ok_or_else(|| {
                    // Go's own check lets the length pass and the run-time system then complains.
                    Problem::new("reflect: string index out of range")
                })?)
            }
            Val::List(list) => {
                let at = position(index, list.len())?;
                list.get(at).ok_or_else(|| Problem::new("reflect: slice index out of range"))?
            }
            Val::Dict(dict) => match index {
                Val::String(key) => call.view(dict).get(key).unwrap_or_else(|| dict.elem().zero()),
                Val::Missing | Val::Nil => return Err(Problem::new("value is nil; should be of type string")),
                val => {
                    return Err(Problem::new(format!("value has type {}; should be string", val.type_name())));
                }
            },
            val => return Err(Problem::new(format!("can't index item of type {}", val.type_name()))),
        };
    }
    Ok(item)
}

pub(super) fn slice(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let Some((item, indexes)) = args.split_first() else { return Ok(Val::Nil) };
    if item.is_nil() {
        return Err(Problem::new("slice of untyped nil"));
    }
    if indexes.len() > 3 {
        return Err(Problem::new(format!("too many slice indexes: {}", indexes.len())));
    }
    let length = match item {
        Val::String(_) if indexes.len() == 3 => return Err(Problem::new("cannot 3-index slice a string")),
        Val::String(text) => text.len(),
        Val::List(list) => list.len(),
        val => return Err(Problem::new(format!("can't slice item of type {}", val.type_name()))),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [start, end, capacity] = bounds;
    if start > end {
        return Err(Problem::new(format!("invalid slice index: {start} > {end}")));
    }
    if end > capacity {
        return Err(Problem::new(format!("invalid slice index: {end} > {capacity}")));
    }
    Ok(match item {
        // A cut through a character leaves what is no text; it is shown by the replacement character.
        Val::String(text) => Val::text(&*String::from_utf8_lossy(&text.as_bytes()[start..end])),
        Val::List(list) => Val::List(list.part(start..end)),
        _ => Val::Nil,
    })
}
