//! `atmos terraform cache …`

use super::super::args::{CacheCommand, CacheFormatArgs, DryRunFormat, MirrorArgs};
use super::super::error::Error;
use super::super::setup::{Context, flag};
use super::terraform::{Asked, all_as, plain};
use super::write::Format;
use super::{fleet, write};
use crate::diag::{Result, Warning};
use crate::exec::Output;
use crate::mirror::Entry;
use crate::ops::registry_cache::{self, kind, size};
use crate::ops::{many, terraform};
use crate::output::{Table, TableFormat};
use crate::value::{DurationForm, Map, Node, parse_duration};

/// Without a flag: what is older than the time for which old answers are good enough.
const USUAL: &str = "168h";

pub(super) fn run(context: &Context, command: CacheCommand) -> Result<u8> {
    match command {
        CacheCommand::List(args) => list(context, args),
        CacheCommand::Stats(args) => stats(context, args),
        CacheCommand::Prune { older_than, all, dry_run } => prune(context, older_than, all, dry_run),
        CacheCommand::Delete { key } => {
            let app = context.app()?;
            registry_cache::shelf(&app).delete(&key)?;
            context.host.talk.success(format!("Deleted {key}"));
            Ok(0)
        }
        CacheCommand::Mirror(args) => mirror(context, args),
        CacheCommand::Trust {} | CacheCommand::Untrust {} => trust(context),
    }
}

/// Where children take their trust from a variable, nothing is left to do.
fn trust(context: &Context) -> Result<u8> {
    if cfg!(any(target_os = "macos", windows)) {
        return Err(Error::NotBuilt {
            command: "atmos terraform cache trust".to_owned(),
            help:
                "terraform asks the system here whom it trusts, and the certificate of the cache is made for each run: \
                   the cache works on Linux only"
                    .to_owned(),
        }
        .into());
    }
    context.host.talk.info(
        "Nothing to do: terraform learns by SSL_CERT_FILE whom to trust, and each run of the cache has a certificate of its own",
    );
    Ok(0)
}

enum Form {
    Table,
    Document(Format),
}

fn form(context: &Context, given: Option<String>) -> Result<Form> {
    let given = given.or_else(|| context.host.env.get("ATMOS_FORMAT").map(str::to_owned));
    match given.as_deref().filter(|text| !text.is_empty()) {
        None | Some("table") => Ok(Form::Table),
        Some("json") => Ok(Form::Document(Format::Json)),
        Some("yaml") => Ok(Form::Document(Format::Yaml)),
        Some(other) => Err(Error::Format { format: other.to_owned(), valid: "table, json, yaml" }.into()),
    }
}

fn map(entries: Vec<(&str, Node)>) -> Node {
    Node::from(entries.into_iter().map(|(key, node)| (key.into(), node)).collect::<Map>())
}

fn number(count: impl TryInto<i64>) -> Node {
    Node::from(count.try_into().unwrap_or(i64::MAX))
}

fn document(entry: &Entry) -> Node {
    let mut fields = vec![
        ("key", Node::from(entry.key.as_str())),
        ("group", Node::from(entry.group)),
        ("kind", Node::from(kind(entry))),
        ("size", number(entry.size)),
        ("mod_time", Node::from(entry.modified.to_string())),
    ];
    fields.extend(entry.fetched.map(|fetched| ("fetched_at", Node::from(fetched.to_string()))));
    map(fields)
}

fn list(context: &Context, args: CacheFormatArgs) -> Result<u8> {
    let form = form(context, args.format)?;
    let app = context.app()?;
    let all = registry_cache::shelf(&app).list()?;
    match form {
        Form::Document(format) => {
            write::document(context, &Node::from(all.iter().map(document).collect::<Vec<_>>()), format, 2, None)?;
        }
        Form::Table if all.is_empty() => context.host.talk.info("No cached artifacts found"),
        Form::Table => {
            let row = |entry: &Entry| {
                let modified = entry.modified.strftime("%Y-%m-%d %H:%M").to_string();
                vec![entry.key.clone(), entry.group.to_owned(), kind(entry).to_owned(), size(entry.size), modified]
            };
            let table = Table {
                columns: ["Key", "Group", "Kind", "Size", "Since"].map(str::to_owned).to_vec(),
                rows: all.iter().map(row).collect(),
                ..Table::default()
            };
            write::data(context, &table.render(TableFormat::Table, context.host.terminal.stdout))?;
        }
    }
    Ok(0)
}

fn stats(context: &Context, args: CacheFormatArgs) -> Result<u8> {
    let form = form(context, args.format)?;
    let app = context.app()?;
    let summary = registry_cache::summary(&app)?;
    let root = summary.root.display().to_string();
    match form {
        Form::Document(format) => {
            let mut fields = vec![
                ("root", Node::from(root)),
                ("object_count", number(summary.objects)),
                ("total_size", number(summary.bytes)),
                ("providers", number(summary.providers)),
                ("modules", number(summary.modules)),
            ];
            fields.extend(summary.largest.iter().map(|entry| ("largest", document(entry))));
            fields.extend(summary.oldest.iter().map(|entry| ("oldest", document(entry))));
            write::document(context, &map(fields), format, 2, None)?;
        }
        Form::Table => {
            let (providers, modules) = (summary.providers, summary.modules);
            let mut rows = vec![
                ["Registry cache root".to_owned(), root],
                ["Objects".to_owned(), format!("{} ({providers} providers, {modules} modules)", summary.objects)],
                ["Total size".to_owned(), size(summary.bytes)],
            ];
            rows.extend(
                summary.largest.map(|entry| ["Largest".to_owned(), format!("{} ({})", entry.key, size(entry.size))]),
            );
            rows.extend(summary.oldest.map(|entry| {
                let since = entry.modified.strftime("%Y-%m-%d %H:%M");
                ["Oldest".to_owned(), format!("{} ({since})", entry.key)]
            }));
            let table = Table {
                columns: ["Metric", "Value"].map(str::to_owned).to_vec(),
                rows: rows.into_iter().map(Vec::from).collect(),
                ..Table::default()
            };
            write::data(context, &table.render(TableFormat::Table, context.host.terminal.stdout))?;
        }
    }
    Ok(0)
}

fn prune(context: &Context, older: Option<String>, all: bool, dry: Option<bool>) -> Result<u8> {
    let env = &context.host.env;
    let dry = flag(dry, env, "ATMOS_DRY_RUN")?;
    let variable = || env.get("ATMOS_TERRAFORM_CACHE_PRUNE_OLDER_THAN").map(str::to_owned);
    let text = older.or_else(variable).filter(|text| !text.is_empty()).unwrap_or_else(|| USUAL.to_owned());
    let Some(older) = parse_duration(&text, DurationForm::Go) else {
        let valid = "durations such as 168h or 90m";
        return Err(Error::FlagValue { flag: "older-than", value: text, valid }.into());
    };
    let app = context.app()?;
    let pruned = registry_cache::prune(&app, older, all, dry)?;
    if dry {
        for entry in &pruned {
            context.host.talk.info(format!("  {}", entry.key));
        }
    }
    let verb = if dry { "Would prune" } else { "Pruned" };
    let bytes = pruned.iter().map(|entry| entry.size).sum();
    context.host.talk.info(format!("{verb} {} object(s), {}", pruned.len(), size(bytes)));
    Ok(0)
}

/// `providers mirror` of the components, into the cache.
fn mirror(context: &Context, args: MirrorArgs) -> Result<u8> {
    let format = match args.format.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some("json") => Some(Format::Json),
        Some("yaml") => Some(Format::Yaml),
        Some(other) => return Err(Error::Format { format: other.to_owned(), valid: "json, yaml" }.into()),
    };
    let app = context.app_with_config()?;
    let mut request = plain(context, "providers", args.run)?;
    request.request.words.push("mirror".to_owned());
    // What is required stands in the sources: but for modules nothing has to be installed for it.
    request.request.init_for_modules = !request.request.force_init;
    if !request.request.native.is_empty() {
        let message = format!("`{}` has no effect on the cache", request.request.native.join(" "));
        context.host.talk.warn(Warning::new("atmos::cli::no_effect", message));
    }
    let platforms = if args.platform.is_empty() { registry_cache::platforms(&app) } else { args.platform };
    let folder = registry_cache::shelf(&app).root().join("providers");
    let made = crate::host::fs::create_dirs(&folder);
    made.map_err(|cause| Error::Write { path: folder.display().to_string(), cause })?;
    request.request.native = platforms.iter().map(|platform| format!("-platform={platform}")).collect();
    request.request.native.push(folder.display().to_string());
    request.output = format.as_ref().map(|_| Output::Stderr);
    let named = request.component.clone().zip(request.stack.clone());
    let Asked { mut request, summary } =
        all_as(request, context, args.fleet, &DryRunFormat::default(), "CACHE_MIRROR")?;
    request.summarises = false;
    let done = context.block_on(terraform::run(&app, &request))??;
    let targets: Vec<(String, String)> = match &done.fleet {
        Some(many::Fleet { results, .. }) => {
            results.iter().map(|one| (one.component.clone(), one.stack.clone())).collect()
        }
        None => named.into_iter().collect(),
    };
    fleet::report(context, done.fleet, summary.as_deref())?;
    let kept = registry_cache::summary(&app)?;
    match format {
        Some(format) => {
            let target = |(component, stack): (String, String)| {
                map(vec![("component", Node::from(component)), ("stack", Node::from(stack))])
            };
            let cache = map(vec![
                ("objects", number(kept.objects)),
                ("providers", number(kept.providers)),
                ("modules", number(kept.modules)),
                ("total_size_bytes", number(kept.bytes)),
                ("total_size", Node::from(size(kept.bytes))),
            ]);
            let platforms: Vec<Node> = platforms.iter().map(|name| Node::from(name.as_str())).collect();
            let document = map(vec![
                ("components", Node::from(targets.into_iter().map(target).collect::<Vec<_>>())),
                ("platforms", Node::from(platforms)),
                ("cache", cache),
            ]);
            write::document(context, &document, format, 2, None)?;
        }
        None => context.host.talk.success(format!(
            "Cache holds {} object(s) ({} providers, {} modules), {} on disk",
            kept.objects,
            kept.providers,
            kept.modules,
            size(kept.bytes)
        )),
    }
    Ok(done.code)
}
