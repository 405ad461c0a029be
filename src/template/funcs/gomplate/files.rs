//! `file.`, `env.`, `path.` and `filepath.`: what is on disk, in the environment, and in names.

use super::super::golang::left_out::left_out;
use super::super::golang::{args, environment, path, text};
use crate::template::{Call, FileKind, Function, Param, Problem, Val};

const A: Param = Param::Any;

/// Deepest folder that `file.Walk` enters.
const MAX_DEPTH: usize = 64;

pub(super) static FILE: &[Function] = &[
    Function::new("Read", &[A], |call, args| {
        let name = text::conv(&args[0])?;
        let bytes = call.world().read_file(&name)?;
        call.allow(bytes.len())?;
        args::utf8(bytes)
    }),
    Function::new("Exists", &[A], |call, args| {
        let name = text::conv(&args[0])?;
        Ok(Val::Bool(call.world().file_kind(&name)?.is_some()))
    }),
    Function::new("IsDir", &[A], |call, args| {
        let name = text::conv(&args[0])?;
        Ok(Val::Bool(call.world().file_kind(&name)? == Some(FileKind::Folder)))
    }),
    Function::new("ReadDir", &[A], |call, args| {
        let name = text::conv(&args[0])?;
        match call.world().file_kind(&name)? {
            Some(FileKind::File) => Err(Problem::new("file is not a directory")),
            _ => Ok(args::strings(call.world().read_dir(&name)?)),
        }
    }),
    Function::new("Walk", &[A], |call, args| {
        let name = text::conv(&args[0])?;
        let mut found = Vec::new();
        walk(call, &name, &mut found, 0)?;
        Ok(args::strings(found))
    }),
    left_out!("Stat" as "file.Stat"),
    left_out!("Write" as "file.Write"),
];

/// The path itself and all below it, in the order of names.
fn walk(call: &mut Call<'_>, name: &str, found: &mut Vec<String>, depth: usize) -> Result<(), Problem> {
    let Some(kind) = call.world().file_kind(name)? else {
        return Err(Problem::new(format!("lstat {name}: no such file or directory")));
    };
    call.allow(name.len().saturating_add(16))?;
    found.push(name.to_owned());
    if kind == FileKind::Folder {
        if depth >= MAX_DEPTH {
            return Err(Problem::new(format!("{name} is more than {MAX_DEPTH} folders deep")));
        }
        for entry in call.world().read_dir(name)? {
            walk(call, &path::join(&[name, &entry]), found, depth + 1)?;
        }
    }
    Ok(())
}

pub(super) static ENV: &[Function] = &[
    Function::variadic("Getenv", &[A], Param::Text, getenv),
    Function::new("ExpandEnv", &[A], |call, args| {
        let whole = text::conv(&args[0])?;
        // Files behind variables are read first, since the expansion only asks.
        let mut values = Vec::new();
        environment::expand(&whole, |name| {
            values.push(name.to_owned());
            String::new()
        });
        let mut known = std::collections::BTreeMap::new();
        for name in values {
            let value = variable(call, &name);
            known.insert(name, value);
        }
        Ok(Val::from(environment::expand(&whole, |name| known.get(name).cloned().unwrap_or_default())))
    }),
];

/// Names without the namespace.
pub(super) static ALIASES: &[Function] = &[Function::variadic("getenv", &[A], Param::Text, getenv)];

/// A variable, or the content of the file that the variable with `_FILE` behind its name points to.
pub(super) fn variable(call: &mut Call<'_>, name: &str) -> String {
    let world = call.world();
    if let Some(value) = world.variable(name).filter(|value| !value.is_empty()) {
        return value;
    }
    let Some(file) = world.variable(&format!("{name}_FILE")).filter(|file| !file.is_empty()) else {
        return String::new();
    };
    let content = world.read_file(&file).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    content.map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn getenv(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let name = text::conv(&args[0])?;
    let value = variable(call, &name);
    Ok(Val::from(if value.is_empty() { args::text(args, 1).to_owned() } else { value }))
}

pub(super) static PATH: &[Function] = &[
    Function::new("Base", &[A], base),
    Function::new("Clean", &[A], clean),
    Function::new("Dir", &[A], dir),
    Function::new("Ext", &[A], ext),
    Function::new("IsAbs", &[A], is_absolute),
    Function::variadic("Join", &[], A, join),
    Function::new("Match", &[A, A], matches),
    Function::new("Split", &[A], split),
];

pub(super) static FILEPATH: &[Function] = &[
    Function::new("Base", &[A], base),
    Function::new("Clean", &[A], clean),
    Function::new("Dir", &[A], dir),
    Function::new("Ext", &[A], ext),
    Function::new("IsAbs", &[A], is_absolute),
    Function::variadic("Join", &[], A, join),
    Function::new("Match", &[A, A], matches),
    Function::new("Split", &[A], split),
    Function::new("FromSlash", &[A], |_, args| Ok(Val::from(text::conv(&args[0])?))),
    Function::new("ToSlash", &[A], |_, args| Ok(Val::from(text::conv(&args[0])?))),
    Function::new("VolumeName", &[A], |_, _| Ok(Val::text(""))),
    Function::new("Rel", &[A, A], |_, args| {
        let way = path::relative(&text::conv(&args[0])?, &text::conv(&args[1])?);
        Ok(Val::from(way.map_err(Problem::new)?))
    }),
];

fn base(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(path::base(&text::conv(&args[0])?)))
}

fn clean(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(path::clean(&text::conv(&args[0])?)))
}

fn dir(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(path::dir(&text::conv(&args[0])?)))
}

fn ext(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::from(path::ext(&text::conv(&args[0])?)))
}

fn is_absolute(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    Ok(Val::Bool(text::conv(&args[0])?.starts_with('/')))
}

fn join(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let parts = args.iter().map(text::conv).collect::<Result<Vec<_>, _>>()?;
    Ok(Val::from(path::join(&parts)))
}

fn matches(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let found = path::matches(&text::conv(&args[0])?, &text::conv(&args[1])?);
    Ok(Val::Bool(found.map_err(Problem::new)?))
}

fn split(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let whole = text::conv(&args[0])?;
    let (folder, name) = path::split(&whole);
    Ok(args::strings(vec![folder.to_owned(), name.to_owned()]))
}
