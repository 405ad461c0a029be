//! The whole way from flags and environment to a [`Config`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::discover::{self, Found};
use super::engine::Engine;
use super::environment::{self, Variables};
use super::error::{Error, Mismatch, Origin};
use super::extract::{self, Layer, Root};
use super::flags::Flags;
use super::model::{self, Config, Describe, GitSts, Helmfile, Logs, Stacks, Templates, Terraform, Workflows};
use super::paths::{self, Anchors, has_local_config};
use super::reader::{Reader, hide_password};
use super::{defaults, profile, version};
use crate::diag::Warning;
use crate::fetch::Settings;
use crate::host::{Host, Limit, Policy, Rules, fs};
use crate::merge::{self, ListStrategy};
use crate::value::{Map, Node, Value, parse_bool};

/// Names of the log levels, the lower-case form first.
const LOG_LEVELS: [(&str, &str); 7] = [
    ("trace", "Trace"),
    ("debug", "Debug"),
    ("info", "Info"),
    ("warning", "Warning"),
    ("warn", "Warning"),
    ("error", "Error"),
    ("off", "Off"),
];

/// Loads the configuration. That there is no configuration file is no error: then the fuller set of defaults holds.
///
/// # Errors
/// Files that cannot be read or parsed, values of a wrong type, unknown profiles, an unmet version constraint.
pub fn load(host: &Host, flags: &Flags) -> Result<Config, Error> {
    let runtime_base_path = runtime_base_path(host, flags);
    let mut reader = Reader::new(host, runtime_base_path.clone());
    let mut found = discover::find(&mut reader, flags)?;
    let variables = Variables::new(&host.env, &found.document);
    let profiles = profile::selected(host, flags, &variables, &found.document)?;
    profile::put(&mut reader, &mut found, &profiles)?;

    let files = merge::settle(&found.document);
    let written = files.get("edition").and_then(Node::scalar_text);
    let edition = flags.edition.as_deref().or_else(|| variables.get("ATMOS_EDITION")).or(written.as_deref());
    let defaults = defaults::layer(found.any, edition.filter(|edition| !edition.is_empty()))?;
    let environment = environment::layer(&variables, &host.talk)?;
    let command_line = flags.layer();
    let layers = [
        Layer { name: "built-in defaults", node: &defaults },
        Layer { name: "configuration files", node: &files },
        Layer { name: "environment", node: &environment },
        Layer { name: "command line", node: &command_line },
    ];
    let mut document = merge::merge_all(layers.iter().map(|layer| layer.node), ListStrategy::Replace);
    hide_password(host, &document);
    let root = extract::extract(host, &layers, &document)?;
    let env = texts(&map_section(host, &document, "env")?);
    if document.get("env").is_some() {
        document.make_map().insert(Arc::from("env"), env.clone());
    }
    check_version(host, flags, &variables, &root)?;
    let engine = Engine::of(host, &document)?;
    warn_of_edition(host, edition);

    let base_path = base_path(&reader, &found, runtime_base_path.as_deref(), &root.base_path.0);
    let inside = inside(host, &found, &base_path);
    let promoted = variables.into_promoted();
    let directory = found.directories.first().cloned().unwrap_or_else(|| host.cwd.clone());
    let config = Config {
        found: found.any,
        files: reader.files,
        directories: if found.directories.is_empty() { vec![directory.clone()] } else { found.directories },
        directory,
        stacks: stacks(&root, &base_path),
        terraform: terraform(&root, &base_path, &files, &environment, host),
        helmfile: helmfile(&root, &base_path),
        workflows: Workflows {
            base_path: below(&base_path, &root.workflows.base_path.0),
            base_path_setting: root.workflows.base_path.0.clone(),
        },
        logs: logs(host, &root, &document)?,
        settings: settings(host, &root, &document, inside)?,
        templates: templates(host, &root, &document)?,
        describe: describe(&root),
        engine,
        profiles,
        env,
        auth: map_section(host, &document, "auth")?,
        described_auth: OnceLock::new(),
        shared: OnceLock::new(),
        remote: Settings::of(&document, &host.env),
        fetcher: reader.fetcher,
        document,
        promoted,
        base_path,
        given_base_path: runtime_base_path,
    };
    config.warn_of_mistyped_settings(host);
    config.warn_of_cache(host);
    Ok(config)
}

/// The names of all profiles that these flags could choose from.
///
/// # Errors
/// Files that cannot be read or parsed.
pub fn profile_names(host: &Host, flags: &Flags) -> Result<Vec<String>, Error> {
    let mut reader = Reader::new(host, runtime_base_path(host, flags));
    let found = discover::find(&mut reader, flags)?;
    Ok(profile::available(&reader, &found))
}

/// All profiles, sorted by name, and where each would be taken from.
///
/// # Errors
/// As [`profile_names`].
pub fn profiles(host: &Host, flags: &Flags) -> Result<Vec<profile::Profile>, Error> {
    let mut reader = Reader::new(host, runtime_base_path(host, flags));
    let found = discover::find(&mut reader, flags)?;
    let mut profiles = profile::all(&reader, &found);
    for profile in &mut profiles {
        profile.metadata = profile::metadata(&mut reader, profile);
    }
    Ok(profiles)
}

/// The names of the profiles, sorted, whose own files say together what is wanted. A file that cannot be read says nothing.
///
/// # Errors
/// As [`profile_names`].
pub fn profiles_that(host: &Host, flags: &Flags, says: impl Fn(&Node) -> bool) -> Result<Vec<String>, Error> {
    let mut reader = Reader::new(host, runtime_base_path(host, flags));
    let found = discover::find(&mut reader, flags)?;
    let all = profile::all(&reader, &found);
    Ok(all.into_iter().filter(|one| says(&profile::document(&mut reader, one))).map(|one| one.name).collect())
}

fn warn_of_edition(host: &Host, edition: Option<&str>) {
    let keys = edition.map(defaults::without_effect).unwrap_or_default();
    if !keys.is_empty() {
        let message = format!("the edition takes back the default of {}, which has no effect here", keys.join(" and "));
        host.talk.warn(Warning::new("atmos::config::edition", message));
    }
}

/// Base path of flag or environment; blank counts as not given.
fn runtime_base_path(host: &Host, flags: &Flags) -> Option<String> {
    let given = flags.base_path.as_deref().map(str::trim).filter(|path| !path.is_empty());
    let given = given.or_else(|| host.env.get("ATMOS_BASE_PATH").map(str::trim).filter(|path| !path.is_empty()));
    given.map(str::to_owned)
}

fn base_path(reader: &Reader<'_>, found: &Found, runtime: Option<&str>, configured: &str) -> PathBuf {
    let host = reader.host;
    let anchors =
        Anchors { cwd: &host.cwd, git_root: reader.path_root.as_deref(), config: found.base_anchor.as_deref() };
    if let Some(value) = runtime {
        return anchors.resolve(value, paths::Origin::Runtime);
    }
    // Below a repository's root, without configuration of its own, a directory belongs to the whole repository.
    if matches!(configured, "" | ".")
        && !has_local_config(&host.cwd)
        && let Some(root) = &reader.path_root
    {
        return root.clone();
    }
    anchors.resolve(configured, paths::Origin::File)
}

fn below(base: &Path, setting: &str) -> PathBuf {
    fs::clean(&base.join(setting))
}

fn check_version(host: &Host, flags: &Flags, variables: &Variables<'_>, root: &Root) -> Result<(), Error> {
    let constraint = &root.version.constraint;
    let asked = ["ATMOS_USE_VERSION", "ATMOS_VERSION"].iter().any(|name| variables.get(name).is_some());
    version::Constraint {
        require: &constraint.require.0,
        enforcement: &constraint.enforcement.0,
        message: &constraint.message.0,
        overridden: flags.use_version.is_some() || asked,
    }
    .check(&host.talk)
}

fn stacks(root: &Root, base_path: &Path) -> Stacks {
    let stacks = &root.stacks;
    Stacks {
        base_path: below(base_path, &stacks.base_path.0),
        base_path_setting: stacks.base_path.0.clone(),
        included_paths: stacks.included_paths.0.clone(),
        excluded_paths: stacks.excluded_paths.0.clone(),
        name_pattern: stacks.name_pattern.clone().filled(),
        name_template: stacks.name_template.clone().filled(),
        inherit_metadata: stacks.inherit.metadata.0,
        inherit_source: stacks.inherit.source.0,
    }
}

fn terraform(root: &Root, base_path: &Path, files: &Node, environment: &Node, host: &Host) -> Terraform {
    let terraform = &root.components.terraform;
    let is_set = |keys: &[&str]| {
        let in_layer = |layer: &Node| {
            let path = ["components", "terraform"].into_iter().chain(keys.iter().copied());
            layer.get_path(path).is_some_and(|node| !node.is_null())
        };
        in_layer(files) || in_layer(environment)
    };
    let cache = plugin_cache(&terraform.plugin_cache_dir.0, host);
    Terraform {
        base_path: below(base_path, &terraform.base_path.0),
        base_path_setting: terraform.base_path.0.clone(),
        command: terraform.command.clone().or("terraform"),
        apply_auto_approve: terraform.apply_auto_approve.0,
        deploy_run_init: terraform.deploy_run_init.0,
        deploy_run_init_set: is_set(&["deploy_run_init"]),
        init_run_reconfigure: terraform.init_run_reconfigure.0,
        auto_generate_backend_file: terraform.auto_generate_backend_file.0,
        auto_generate_backend_file_set: is_set(&["auto_generate_backend_file"]),
        auto_generate_files: terraform.auto_generate_files.0,
        workspaces_enabled: terraform.workspaces_enabled.is_none_or(|flag| flag.0),
        append_user_agent: terraform.append_user_agent.clone().filled(),
        init_pass_vars: terraform.init.pass_vars.0,
        init_pass_vars_set: is_set(&["init", "pass_vars"]),
        init_quiet: terraform.init.quiet.0,
        isolate_data_dir: terraform.isolate_data_dir.0,
        plan_skip_planfile: terraform.plan.skip_planfile.0,
        plugin_cache: terraform.plugin_cache.0,
        // Without a home it would lie in the working directory.
        plugin_cache_dir: (terraform.plugin_cache.0 && cache.is_absolute()).then_some(cache),
        remove_varfiles: terraform.remove_varfiles.0,
        workspace_prefix_separator: terraform.workspace.prefix_separator.clone().or("-"),
        shell_prompt: terraform.shell.prompt.clone().filled(),
    }
}

/// The directory of the plugin cache: the configured one, unless that is none.
fn plugin_cache(configured: &str, host: &Host) -> PathBuf {
    let own = default_plugin_cache(host);
    if configured.is_empty() {
        return own;
    }
    let directory = host.absolute(Path::new(configured));
    if directory.parent().is_some() {
        return directory;
    }
    let message = format!("`components.terraform.plugin_cache_dir: {configured}` is no directory for a cache");
    let help = format!("it is ignored, and `{}` is used; name a directory of its own", own.display());
    host.talk.warn(Warning::new("atmos::config::plugin_cache_dir", message).help(help));
    own
}

/// Where the plugin cache is unless something else is configured.
pub fn default_plugin_cache(host: &Host) -> PathBuf {
    host.dirs.cache.join("atmos").join("terraform").join("plugins")
}

fn helmfile(root: &Root, base_path: &Path) -> Helmfile {
    let helmfile = &root.components.helmfile;
    Helmfile {
        base_path: below(base_path, &helmfile.base_path.0),
        base_path_setting: helmfile.base_path.0.clone(),
        command: helmfile.command.clone().or("helmfile"),
        use_eks: helmfile.use_eks.0,
        auto_generate_files: helmfile.auto_generate_files.0,
        kubeconfig_path: helmfile.kubeconfig_path.clone().filled(),
        cluster_name: helmfile.cluster_name.clone().filled(),
        cluster_name_pattern: helmfile.cluster_name_pattern.clone().filled(),
        cluster_name_template: helmfile.cluster_name_template.clone().filled(),
        helm_aws_profile_pattern: helmfile.helm_aws_profile_pattern.clone().filled(),
    }
}

fn logs(host: &Host, root: &Root, document: &Node) -> Result<Logs, Error> {
    let wanted = root.logs.level.0.trim();
    let wanted = if wanted.is_empty() { "Info" } else { wanted };
    let known = LOG_LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let Some((_, level)) = known else {
        let Origin { place, source_code, at } =
            Origin::of(host, document, &["logs", "level"], "environment or command line");
        return Err(Error::LogLevel { level: wanted.to_owned(), place, source_code, at });
    };
    Ok(Logs { level: (*level).to_owned(), file: root.logs.file.0.clone() })
}

/// The folders that belong to the repository: what of it functions may read whatever the policy is.
fn inside(host: &Host, found: &Found, base_path: &Path) -> Vec<PathBuf> {
    let mut folders = vec![base_path.to_owned()];
    folders.extend(paths::git_root(base_path).or_else(|| paths::git_root(&host.cwd)));
    folders.extend(found.directories.iter().cloned());
    // Copies of remote manifests that the repository imports.
    folders.push(host.dirs.cache.join("atmos").join("stack-imports"));
    folders
}

/// That nobody mistyped a policy: the mistake would be silence, and everything allowed.
fn check_policy_keys(host: &Host, document: &Node) -> Result<(), Error> {
    let keys = |node: Option<&Node>| -> Vec<Arc<str>> {
        node.and_then(Node::as_map).into_iter().flat_map(Map::keys).cloned().collect()
    };
    let settings = keys(document.get("settings"));
    let mistyped = settings
        .iter()
        .filter(|key| matches!(&*key.to_lowercase(), "function" | "functions") && &***key != "functions");
    let mut paths: Vec<Vec<&str>> = mistyped.map(|key| vec!["settings", key]).collect();
    let functions = keys(document.get_path(["settings", "functions"]));
    let unknown = functions.iter().filter(|key| !["exec", "exec_output_limit", "outside_reads"].contains(&&***key));
    paths.extend(unknown.map(|key| vec!["settings", "functions", key]));
    let Some(path) = paths.first() else { return Ok(()) };
    let Origin { place, source_code, at } = Origin::of(host, document, path, "environment");
    Err(Error::PolicyKey { key: path.join("."), place, source_code, at })
}

fn policy(host: &Host, document: &Node, name: &str) -> Result<Policy, Error> {
    let path = ["settings", "functions", name];
    let Some(node) = document.get_path(path).filter(|node| !node.is_null()) else { return Ok(Policy::default()) };
    let found = node.scalar_text().unwrap_or_else(|| format!("a value of type {}", node.value.type_name()));
    found.parse().map_err(|()| {
        let Origin { place, source_code, at } = Origin::of(host, document, &path, "environment");
        Error::Policy { key: path.join("."), found: found.clone(), place, source_code, at }
    })
}

/// What a command of a function may print.
fn output_limit(host: &Host, document: &Node) -> Result<Limit, Error> {
    let path = ["settings", "functions", "exec_output_limit"];
    let Some(node) = document.get_path(path).filter(|node| !node.is_null()) else { return Ok(Limit::default()) };
    node.scalar_text().and_then(|text| text.parse().ok()).ok_or_else(|| {
        let Origin { place, source_code, at } = Origin::of(host, document, &path, "environment");
        let choices = "a number of bytes, or of `KiB`, `MiB` or `GiB`, such as `64MiB`".to_owned();
        Error::Choice { key: path.join("."), choices, place, source_code, at }
    })
}

fn settings(host: &Host, root: &Root, document: &Node, inside: Vec<PathBuf>) -> Result<model::Settings, Error> {
    let list_merge_strategy = root.settings.list_merge_strategy.0.parse().map_err(|cause| {
        let path = ["settings", "list_merge_strategy"];
        let Origin { place, source_code, at } = Origin::of(host, document, &path, "environment or command line");
        Error::ListStrategy { cause, place, source_code, at }
    })?;
    check_policy_keys(host, document)?;
    let tab_width = usize::try_from(root.settings.terminal.tab_width.0).unwrap_or_default();
    Ok(model::Settings {
        list_merge_strategy,
        // Other widths are none to the reference.
        tab_width: if (2..10).contains(&tab_width) { tab_width } else { 2 },
        experimental: root.settings.experimental.clone().or("warn"),
        functions: Rules {
            exec: policy(host, document, "exec")?,
            outside_reads: policy(host, document, "outside_reads")?,
            exec_output: output_limit(host, document)?,
            inside,
        },
        git_sts: git_sts(host, document)?,
    })
}

fn git_sts(host: &Host, document: &Node) -> Result<GitSts, Error> {
    let path = ["settings", "pro", "git_sts", "git_config_mode"];
    let mode = document.get_path(path).and_then(Node::scalar_text).filter(|mode| !mode.is_empty());
    if mode.as_deref().is_some_and(|mode| !["env", "file"].contains(&mode)) {
        let Origin { place, source_code, at } = Origin::of(host, document, &path, "environment");
        return Err(Error::Choice { key: path.join("."), choices: "env or file".to_owned(), place, source_code, at });
    }
    let revoke = document.get_path(["settings", "pro", "git_sts", "revoke_on_exit"]);
    Ok(GitSts { mode, revoke: revoke.and_then(Node::scalar_text).and_then(|text| parse_bool(&text)) })
}

fn templates(host: &Host, root: &Root, document: &Node) -> Result<Templates, Error> {
    let settings = &root.templates.settings;
    let delimiters = match settings.delimiters.0.as_slice() {
        [] => None,
        [open, close] if !open.is_empty() && !close.is_empty() => Some((open.clone(), close.clone())),
        _ if !settings.enabled.0 => None,
        _ => {
            let path = ["templates", "settings", "delimiters"];
            let Origin { place, source_code, at } = Origin::of(host, document, &path, "configuration");
            return Err(Error::Delimiters { place, source_code, at });
        }
    };
    Ok(Templates {
        enabled: settings.enabled.0,
        sprig: settings.sprig.enabled.0,
        gomplate: settings.gomplate.enabled.0,
        evaluations: settings.evaluations.0,
        delimiters,
        ignore_missing_values: settings.ignore_missing_template_values.0,
    })
}

fn describe(root: &Root) -> Describe {
    let describe = &root.describe;
    Describe {
        provenance: describe.provenance.0,
        filter: describe.component.filter.clone().or("schema"),
        error_mode: describe.error_mode.clone().or("warn"),
        include_empty: describe.settings.include_empty.0,
        eager_evaluation: describe.settings.eager_evaluation.0,
    }
}

/// Variables as the reference has them: texts. Null is none; a list or a map is an empty one.
fn texts(env: &Node) -> Node {
    let mut env = env.clone();
    if !env.is_empty() {
        env.make_map().retain(|_, node| !node.is_null());
        for node in env.make_map().values_mut() {
            node.value = Value::from(node.scalar_text().unwrap_or_default());
        }
    }
    env
}

/// A section that has to be a map; missing and null count as empty.
fn map_section(host: &Host, document: &Node, section: &str) -> Result<Node, Error> {
    match document.get(section) {
        None => Ok(Node::empty_map()),
        Some(node) if node.is_null() => Ok(Node::empty_map()),
        Some(node) if node.as_map().is_some() => Ok(node.clone()),
        Some(_) => Err(Mismatch::of(host, document, &[section], ("map", "configuration")).with(&[])),
    }
}
