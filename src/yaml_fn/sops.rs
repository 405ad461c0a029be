//! Secrets in files of SOPS, which `secrets.providers` of the component or of the configuration describe.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::call::Context;
use super::problem::Problem;
use crate::content::{self, Tags};
use crate::diag::nearest;
use crate::host::Once;
use crate::sops::{self, AgeKeys};
use crate::template::{MissingKey, Nothing, Options, Source, Template};
use crate::value::{Map, Node, Value, hex, to_json};

/// Files that were opened, by path and by what opens them.
pub(super) type Opened = Once<String, Result<Node, Problem>>;

/// Where a provider looks by itself, below the folder of configurations.
const USUAL_KEYS: &str = "sops/age/keys.txt";
const KEY_VARIABLES: [&str; 2] = ["SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"];

/// What the component says of one secret in such a file.
pub(super) struct Wanted<'w> {
    pub name: &'w str,
    pub provider: &'w str,
    pub of_stack: bool,
}

/// The secret; `None` when the file has none of this name, or is not there, and something stands in for it.
pub(super) fn value(context: &Context<'_>, wanted: &Wanted<'_>, has_default: bool) -> Result<Option<Node>, Problem> {
    let provider = provider(context, wanted.provider)?;
    let spec = provider.get("spec").cloned().unwrap_or_default();
    let file = file(context, &spec, wanted)?;
    let path = found(context, &file);
    allowed(context, &path)?;
    let kind = hex(&Sha256::digest(to_json(&spec).to_string().as_bytes()));
    let document = context.memo.sops.get(format!("{}\0{kind}", path.display()), || open(context, &path, &spec))?;
    let found = document.get(wanted.name).cloned();
    if found.is_some() || has_default {
        return Ok(found);
    }
    let what = if document.is_null() { "there is no file" } else { "it has no such key in" };
    let reason = format!("secret is not initialized in its backend: `{}`: {what} {}", wanted.name, path.display());
    Err(Problem::failed(reason, "write it with `sops`, or give a default: `| default \"…\"`"))
}

fn provider<'c>(context: &'c Context<'_>, name: &str) -> Result<&'c Node, Problem> {
    let own = context.secrets.get("providers").and_then(Node::as_map);
    let configured = context.config.document.get_path(["secrets", "providers"]).and_then(Node::as_map);
    let all = || own.into_iter().chain(configured).flatten();
    let Some((_, provider)) = all().find(|(key, _)| &***key == name) else {
        let help = match nearest(name, all().map(|(key, _)| &**key)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "describe it below `secrets.providers` of the stack or of `atmos.yaml`".to_owned(),
        };
        return Err(Problem::failed(format!("nothing describes the provider of secrets `{name}`"), help));
    };
    Ok(provider)
}

/// The path as the provider says it.
fn file(context: &Context<'_>, spec: &Node, wanted: &Wanted<'_>) -> Result<String, Problem> {
    let written = spec.get("file").filter(|file| !file.is_empty());
    let Some(written) = written else {
        return Ok(sops::derived_file(Some(spec), wanted.of_stack, context.stack, context.component));
    };
    let help = "a path, which may have `{{ .atmos_stack }}` and `{{ .atmos_component }}`";
    let wrong = |reason: String| {
        Problem::failed(format!("`spec.file` of the provider of secrets `{}`: {reason}", wanted.provider), help)
    };
    let text = written.as_str().ok_or_else(|| wrong("it is no text".to_owned()))?;
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let data = [("atmos_stack", context.stack), ("atmos_component", context.component)];
    let data: Map = data.into_iter().map(|(key, text)| (Arc::from(key), Node::from(text))).collect();
    let options = Options { missing_key: MissingKey::Error, ..Options::default() };
    let template = Template::parse(&Source::new("spec.file", text));
    let rendered = template.and_then(|template| template.render(Node::from(data), &options, &mut Nothing));
    rendered.map_err(|error| wrong(error.to_string()))
}

/// Below the working directory, as in the reference, or else below the project.
fn found(context: &Context<'_>, path: &str) -> PathBuf {
    let here = context.host.absolute(Path::new(path));
    if here.exists() { here } else { crate::host::fs::clean(&context.config.base_path.join(path)) }
}

fn allowed(context: &Context<'_>, path: &Path) -> Result<(), Problem> {
    context.host.may_read(path).map_err(|refused| Problem::failed(refused.to_string(), refused.help))
}

fn open(context: &Context<'_>, path: &Path, spec: &Node) -> Result<Node, Problem> {
    let failed = |reason: &dyn std::fmt::Display, help: &str| {
        Problem::failed(format!("the file of secrets {} does not open: {reason}", path.display()), help)
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        // As one that has nothing in it: a default may stand in.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Node::default()),
        Err(error) => return Err(failed(&error, "it must be a text that you may read")),
    };
    let host = context.host;
    let document = content::parse(&host.sources, path, &host.cwd, "document.yaml", text, Tags::Dropped);
    let document = document.map_err(|reason| failed(&reason, "let `sops` write it anew"))?;
    let keys = keys(context, spec)?;
    sops::decrypt(&document, &keys).map_err(|error| {
        failed(&error, match error {
            sops::Error::NoMatchingKey { .. } => {
                "give the key by `spec.age_key_file` of the provider, SOPS_AGE_KEY_FILE or SOPS_AGE_KEY"
            }
            sops::Error::Recipients { .. } | sops::Error::KeyGroups => {
                "encrypt it for an age key, too (`sops updatekeys`), or leave the function as text with `--skip secret`"
            }
            sops::Error::NotEncrypted => "encrypt it with `sops --encrypt --in-place`, and change the secrets",
            _ => "look at its history, and encrypt it anew",
        })
    })
}

/// The keys of the provider, or of whoever works here.
fn keys(context: &Context<'_>, spec: &Node) -> Result<AgeKeys, Problem> {
    let key = spec.get("age_key");
    let text = |node: Option<&Node>| node.and_then(Node::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let wrong = |what: &str, error: &dyn std::fmt::Display| {
        Problem::failed(format!("the age key of {what}: {error}"), "give the private key, `AGE-SECRET-KEY-1…`")
    };
    if let Some(function) =
        [key, key.and_then(|key| key.get("value"))].into_iter().flatten().find(|node| is_function(node))
    {
        return Err(wrong("`spec.age_key`", &format!("{} is not evaluated here", function.value.type_name())));
    }
    if let Some(material) = text(key).or_else(|| text(key.and_then(|key| key.get("value")))) {
        let material = Zeroizing::new(material);
        return AgeKeys::parse(&material).map_err(|error| wrong("`spec.age_key`", &error));
    }
    let store = text(key.and_then(|key| key.get("store"))).filter(|store| store != "file");
    if let Some(store) = store {
        let reason = format!("`spec.age_key.store` ({store}): age keys in stores are not built yet");
        return Err(Problem::failed(
            reason,
            "give the key by `spec.age_key_file`, or by `spec.age_key.value: !exec …`",
        ));
    }
    let file = text(key.and_then(|key| key.get("path"))).or_else(|| text(spec.get("age_key_file")));
    match file {
        Some(file) => {
            let path = found(context, &expanded(context, &file));
            allowed(context, &path)?;
            read(&path)?.ok_or_else(|| wrong(&path.display().to_string(), &"there is no such file"))
        }
        None => own_keys(context),
    }
}

fn is_function(node: &Node) -> bool {
    matches!(node.value, Value::Function(_))
}

/// The keys that the sops program would take.
fn own_keys(context: &Context<'_>) -> Result<AgeKeys, Problem> {
    let host = context.host;
    let mut keys = AgeKeys::default();
    if let Some(material) = host.env.get(KEY_VARIABLES[0]) {
        let found = AgeKeys::parse(material);
        keys.extend(found.map_err(|error| Problem::failed(format!("{}: {error}", KEY_VARIABLES[0]), "correct it"))?);
    }
    if let Some(file) = host.env.get(KEY_VARIABLES[1]) {
        let path = host.absolute(Path::new(file));
        let gone = || Problem::failed(format!("{}: there is no {}", KEY_VARIABLES[1], path.display()), "correct it");
        keys.extend(read(&path)?.ok_or_else(gone)?);
    }
    if let Some(usual) = read(&host.dirs.config.join(USUAL_KEYS))? {
        keys.extend(usual);
    }
    Ok(keys)
}

/// The keys in a file; `None` when there is no such file.
fn read(path: &Path) -> Result<Option<AgeKeys>, Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        Problem::failed(format!("the age keys in {}: {error}", path.display()), "let `age-keygen` make such a file")
    };
    match std::fs::read_to_string(path) {
        Ok(text) => AgeKeys::parse(&Zeroizing::new(text)).map(Some).map_err(|error| failed(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// A path with variables and a leading `~`.
fn expanded(context: &Context<'_>, path: &str) -> String {
    let path =
        crate::template::expand_variables(path, |name| context.host.env.get(name).unwrap_or_default().to_owned());
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", context.host.dirs.home.display()),
        _ => path,
    }
}
