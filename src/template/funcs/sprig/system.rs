//! Environment, names of hosts, paths, URLs, and failing on purpose.

use super::super::golang::url::{Url, User};
use super::super::golang::{args, environment, path};
use crate::template::{Call, Dict, Function, Param, Problem, Val};

const T: Param = Param::Text;

pub(super) static TABLE: &[Function] = &[
    Function::new("env", &[T], |call, args| {
        Ok(Val::from(call.world().variable(args::text(args, 0)).unwrap_or_default()))
    }),
    Function::new("expandenv", &[T], |call, args| {
        let world = call.world();
        let variable = |name: &str| world.variable(name).unwrap_or_default();
        Ok(Val::from(environment::expand(args::text(args, 0), variable)))
    }),
    Function::new("getHostByName", &[T], |call, args| {
        let host = args::text(args, 0);
        let addresses = call.world().addresses(host)?;
        let first = addresses.first().ok_or_else(|| Problem::new(format!("lookup {host}: no such host")))?;
        Ok(Val::from(first.to_string()))
    }),
    Function::new("fail", &[T], |_, args| Err(Problem::new(args::text(args, 0)))),
    Function::new("base", &[T], |_, args| Ok(Val::from(path::base(args::text(args, 0))))),
    Function::new("dir", &[T], |_, args| Ok(Val::from(path::dir(args::text(args, 0))))),
    Function::new("clean", &[T], |_, args| Ok(Val::from(path::clean(args::text(args, 0))))),
    Function::new("ext", &[T], |_, args| Ok(Val::from(path::ext(args::text(args, 0))))),
    Function::new("isAbs", &[T], |_, args| Ok(Val::Bool(args::text(args, 0).starts_with('/')))),
    Function::new("osBase", &[T], |_, args| Ok(Val::from(path::base(args::text(args, 0))))),
    Function::new("osDir", &[T], |_, args| Ok(Val::from(path::dir(args::text(args, 0))))),
    Function::new("osClean", &[T], |_, args| Ok(Val::from(path::clean(args::text(args, 0))))),
    Function::new("osExt", &[T], |_, args| Ok(Val::from(path::ext(args::text(args, 0))))),
    Function::new("osIsAbs", &[T], |_, args| Ok(Val::Bool(args::text(args, 0).starts_with('/')))),
    Function::new("urlParse", &[T], url_parse),
    Function::new("urlJoin", &[Param::Dict], url_join),
];

fn url_parse(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let url = Url::parse(args::text(args, 0)).map_err(|error| Problem::new(format!("unable to parse url: {error}")))?;
    let hostname = url.hostname().to_owned();
    let user = url.user.as_ref().map(User::to_text).unwrap_or_default();
    let entries = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", user),
    ];
    Ok(Val::Dict(entries.into_iter().map(|(key, text)| (key, Val::from(text))).collect::<Dict>()))
}

fn url_join(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let part = |key: &str| match args[0].as_dict().and_then(|dict| dict.get(key)) {
        None => Ok(String::new()),
        Some(Val::String(text)) => Ok(text.to_string()),
        Some(Val::Nil) => Err(args::nil_pointer()),
        Some(other) => Err(Problem::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            args::kind(&other)
        ))),
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        ..Url::default()
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let parsed = Url::parse(&format!("proto://{user}@host"))
            .map_err(|error| Problem::new(format!("unable to parse userinfo in dict: {error}")))?;
        url.user = parsed.user;
    }
    Ok(Val::from(url.to_text()))
}
