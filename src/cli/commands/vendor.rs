//! `atmos vendor …`

use super::super::args::{
    KeyPathArgs, VendorCleanArgs, VendorConfigCommand, VendorDiffArgs, VendorFileArgs, VendorPullArgs,
    VendorSelectArgs, VendorSetArgs, VendorUpdateArgs, VendorVerifyArgs, VendorWhichArgs, VendoringArgs,
    VendoringCommand,
};
use super::super::error::Error;
use super::super::setup::Context;
use super::{config, list, unknown, write};
use crate::diag::Result;
use crate::ops::App;
use crate::ops::vendor::{
    self, CleanRequest, DiffRequest, PullRequest, Selection, Status, Update, UpdateRequest, kind,
};
use crate::output::{Table, TableFormat, masked};
use crate::value::Node;
use crate::yaml;

pub(super) fn run(context: &Context, args: VendoringArgs) -> Result<u8> {
    match args.command {
        VendoringCommand::Pull(args) => pull(context, args),
        VendoringCommand::List(args) => list::vendor(context, args),
        VendoringCommand::Verify(args) => verify(context, args),
        VendoringCommand::Clean(args) => clean(context, args),
        VendoringCommand::Get(args) => {
            let version = vendor::get(&context.app_with_config()?, &args.component, args.manifest.file.as_deref())?;
            write::data(context, &format!("{version}\n"))?;
            Ok(0)
        }
        VendoringCommand::Set(args) => set(context, &args),
        VendoringCommand::Diff(args) => diff(context, args),
        VendoringCommand::Update(args) => update(context, *args),
        VendoringCommand::Config(args) => edit(context, args.command),
        VendoringCommand::Other(words) => Err(unknown::command("atmos vendor", &words).into()),
    }
}

fn selection(
    component: Option<String>,
    select: VendorSelectArgs,
    manifest: Option<VendorFileArgs>,
) -> Result<Selection> {
    let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let tags = select.tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
    Ok(Selection {
        component: some(component),
        stack: some(select.stack),
        labels: some(select.labels),
        tags,
        kind: select.type_.as_deref().map(kind).transpose()?,
        file: manifest.and_then(|manifest| manifest.file),
    })
}

fn pull(context: &Context, args: VendorPullArgs) -> Result<u8> {
    let mut components = args.component;
    if components.len() > 1 {
        let message = "vendor pull accepts a single '--component' value".to_owned();
        let help = "choose several components with --tags, --stack or --labels".to_owned();
        return Err(Error::Usage { message, help }.into());
    }
    let request = PullRequest {
        selection: selection(components.pop(), args.select, None)?,
        everything: args.everything,
        dry_run: args.dry_run,
        refresh: args.lock.refresh_lock,
        enforcement: args.lock.lock_enforcement,
    };
    vendor::pull(&app(context)?, &request)?;
    Ok(0)
}

/// Manifests need no `atmos.yaml` around them.
fn app(context: &Context) -> Result<App> {
    context.app()
}

/// `table` or `json`; whether it is JSON.
fn wants_json(format: Option<&str>) -> Result<bool> {
    match format {
        None | Some("" | "table") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(Error::Format { format: other.to_owned(), valid: "table, json" }.into()),
    }
}

fn table(context: &Context, columns: &[&str], rows: Vec<Vec<String>>) -> Result<()> {
    let table =
        Table { columns: columns.iter().map(|column| (*column).to_owned()).collect(), rows, ..Table::default() };
    write::data(context, &table.render(TableFormat::Table, context.host.terminal.stdout))
}

fn verify(context: &Context, args: VendorVerifyArgs) -> Result<u8> {
    let json = wants_json(args.format.as_deref())?;
    let VendorWhichArgs { component, select, manifest } = args.which;
    let vendor::Verified { compared, rows } =
        vendor::verify(&app(context)?, &selection(component, select, Some(manifest))?)?;
    if json {
        let rows: Vec<Node> = rows.iter().map(vendor::DriftRow::document).collect();
        write::data(context, &yaml::emit_json_record(&Node::from(rows)))?;
    } else if !rows.is_empty() {
        let cells = rows.iter().map(|row| vec![row.component.clone(), row.path.clone(), row.reason.clone()]);
        table(context, &["COMPONENT", "PATH", "REASON"], cells.collect())?;
    }
    if rows.is_empty() {
        if !json {
            let what = if compared {
                "every file of the lock is as it was vendored"
            } else {
                "the lock file has nothing that could have drifted"
            };
            context.host.talk.success(format!("No drift detected: {what}"));
        }
        return Ok(0);
    }
    let artifacts: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.artifact.as_str()).collect();
    context.host.talk.attention(format!("✗ Drift detected in {} artifact(s).", artifacts.len()));
    Ok(1)
}

fn clean(context: &Context, args: VendorCleanArgs) -> Result<u8> {
    let (force, dry_run) = (args.force, args.dry_run);
    let VendorWhichArgs { component, select, manifest } = args.which;
    let request = CleanRequest { selection: selection(component, select, Some(manifest))?, force, dry_run };
    let done = vendor::clean(&app(context)?, &request)?;
    for path in &done.removed {
        let what = if dry_run { "Would remove" } else { "Removed" };
        context.host.talk.info(format!("{what} {path}"));
    }
    for path in &done.kept {
        context.host.talk.attention(format!("⚠ Preserved modified vendor file {path}"));
    }
    if !done.kept.is_empty() {
        let count = done.kept.len();
        context.host.talk.attention(format!(
            "✗ modified vendor files were preserved, and nothing was removed; rerun with --force to delete them: {count}"
        ));
        return Ok(1);
    }
    if done.removed.is_empty() {
        context.host.talk.info("There is nothing to remove");
    }
    Ok(0)
}

fn set(context: &Context, args: &VendorSetArgs) -> Result<u8> {
    let app = context.app_with_config()?;
    let (done, path) = vendor::set(&app, &args.component, &args.version, args.manifest.file.as_deref())?;
    match done.what {
        crate::ops::edit::What::Created => {
            context.host.talk.success(format!("Created {path} as {} in {}", args.version, done.file));
        }
        crate::ops::edit::What::Updated => {
            context.host.talk.success(format!("Updated {path} to {} in {}", args.version, done.file));
        }
        _ => return Ok(config::told(context, &path, &done)),
    }
    Ok(0)
}

fn diff(context: &Context, args: VendorDiffArgs) -> Result<u8> {
    let VendorWhichArgs { component, select, manifest } = args.which;
    let request = DiffRequest {
        selection: selection(component, select, Some(manifest))?,
        from: args.from,
        to: args.to,
        file: args.diff_file,
    };
    let found = vendor::diff(&app(context)?, &request)?;
    let several = found.len() > 1;
    for (component, text) in found {
        if several {
            write::data(context, &format!("## {component}\n\n"))?;
        }
        if text.is_empty() {
            context.host.talk.info(format!("{component}: no differences"));
        }
        write::data(context, &text)?;
    }
    Ok(0)
}

fn update(context: &Context, args: VendorUpdateArgs) -> Result<u8> {
    let json = wants_json(args.format.as_deref())?;
    for (asked, what) in
        [(args.archived, "vendor update --archived"), (args.pull_request, "vendor update --pull-request")]
    {
        if asked {
            let help = "leave the flag away; `vendor update` changes the manifests, which you can commit yourself";
            return Err(vendor::Error::NotBuilt { what, help }.into());
        }
    }
    let pull = args.pull;
    let file = args.manifest.file.clone();
    let request = UpdateRequest {
        selection: selection(None, args.select, Some(args.manifest))?,
        components: args.component,
        group: args.group,
        component_manifests: args.component_manifests,
        // Nothing is written, so there would be nothing new to pull either.
        check: args.check || args.dry_run,
    };
    let app = app(context)?;
    let mut found = vendor::update(&app, &request)?;
    let failed = found.iter().any(|update| update.status == Status::Failed);
    let updated: Vec<Update> = found.iter().filter(|update| update.status == Status::Updated).cloned().collect();
    if args.outdated {
        found.retain(|update| matches!(update.status, Status::Updated | Status::Failed));
    }
    show_updates(context, &found, updated.len(), json, request.check)?;
    if pull && !request.check {
        for update in &updated {
            let component = Some(update.component.clone());
            let selection =
                Selection { component, kind: update.kind.clone(), file: file.clone(), ..Selection::default() };
            let (refresh, enforcement) = (
                args.lock.refresh_lock,
                Some(args.lock.lock_enforcement.clone().unwrap_or_else(|| "silent".to_owned())),
            );
            let request = PullRequest { selection, everything: false, dry_run: false, refresh, enforcement };
            vendor::pull(&app, &request)?;
        }
    }
    Ok(u8::from(failed))
}

fn show_updates(context: &Context, found: &[Update], updated: usize, json: bool, check: bool) -> Result<()> {
    if json {
        let rows: Vec<Node> = found.iter().map(Update::document).collect();
        return write::data(context, &yaml::emit_json_record(&Node::from(rows)));
    }
    let word = |status: Status| match status {
        Status::Updated if check => "Available",
        Status::Updated => "Updated",
        Status::UpToDate => "Up to date",
        Status::Skipped => "Skipped",
        Status::Failed => "Failed",
    };
    let row = |update: &Update| {
        let Update { component, status, current, latest, reason, .. } = update;
        vec![component.clone(), word(*status).to_owned(), current.clone(), latest.clone(), reason.clone()]
    };
    if !found.is_empty() {
        table(context, &["COMPONENT", "STATUS", "CURRENT", "LATEST", "REASON"], found.iter().map(row).collect())?;
    }
    context.host.talk.success(match (updated, check) {
        (0, _) => "Everything is up to date.".to_owned(),
        (count, true) => format!("Found {count} update(s) available."),
        (count, false) => format!("Updated {count} component(s)."),
    });
    Ok(())
}

fn edit(context: &Context, command: VendorConfigCommand) -> Result<u8> {
    let app = context.app()?;
    match command {
        VendorConfigCommand::Get { path: KeyPathArgs { path }, manifest } => {
            let value = vendor::config_value(&app, &path, manifest.file.as_deref())?;
            let value = masked(&value, &context.host.masker);
            let text = match value.scalar_text() {
                Some(text) => format!("{text}\n"),
                None => yaml::emit(&value, app.config.settings.tab_width),
            };
            write::masked_to(context, &text, None, None)?;
            Ok(0)
        }
        VendorConfigCommand::Set { set, manifest } => {
            let new = Some((set.value.as_str(), set.type_.parse()?));
            let done = vendor::config_set(&app, &set.path, new, manifest.file.as_deref())?;
            Ok(config::told(context, &set.path, &done))
        }
        VendorConfigCommand::Delete { path: KeyPathArgs { path }, manifest } => {
            let done = vendor::config_set(&app, &path, None, manifest.file.as_deref())?;
            Ok(config::told(context, &path, &done))
        }
        VendorConfigCommand::List { keys, manifest } => {
            let rows = vendor::config_list(&app, keys.pattern.as_deref(), manifest.file.as_deref())?;
            config::keys(context, rows, &keys)
        }
        VendorConfigCommand::Format { layout, manifest } => {
            let done = vendor::format(&app, manifest.file.as_deref(), layout.check)?;
            Ok(config::laid_out(context, &done, layout.check))
        }
        VendorConfigCommand::Other(words) => Err(unknown::command("atmos vendor config", &words).into()),
    }
}
