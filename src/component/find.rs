//! Instances by name.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::build::build;
use super::custom;
use super::error::{Error, written};
use super::instance::Instance;
use super::kind::Kind;
use super::left_out::Fault;
use super::path;
use super::scope::Scope;
use super::summary::{self, Light};
use super::workspace::{self, StackName};
use crate::config::Config;
use crate::diag::{Warning, nearest};
use crate::host::Host;
use crate::stack::{Probe, Stack, StackIndex, pattern_lost};
use crate::value::Node;

/// The component `component` in the stack `stack`, merged. `stack` is a canonical name, or the end of the path of a
/// manifest; either way the instance carries the canonical name. Without `kind` the kinds are searched in their order.
/// `.`, `./x`, `../x` and absolute paths are paths to the directory of a component; other text with a `/` is one when there
/// is no component of this name.
///
/// # Errors
/// Nothing of that name (with the nearest names), different definitions in several manifests, or a manifest or component
/// that cannot be used. Manifests of other stacks do not matter, unless the stack may be one of them.
pub fn find(
    host: &Host,
    config: &Config,
    index: &StackIndex,
    component: &str,
    stack: &str,
    kind: Option<Kind>,
) -> Result<Instance, Error> {
    let search = Search::new(host, config, index, stack);
    let kinds = kind.map_or_else(Kind::searched, |kind| vec![kind]);
    if path::is_explicit(component) {
        return search.at_path(component, &kinds);
    }
    // Most stacks can be told by what is written in their files; only when that finds nothing are all of them merged.
    let likely = search.likely();
    for stacks in [likely.as_slice(), &search.stacks] {
        for kind in &kinds {
            if let Some(instance) = search.by_name(stacks, kind, component)? {
                search.warn_of_unusable(&likely);
                return Ok(instance);
            }
        }
        if likely.len() == search.stacks.len() {
            break;
        }
    }
    if component.contains('/') {
        for kind in &kinds {
            if let Some(instance) = search.below_base(kind, component)? {
                return Ok(instance);
            }
        }
    }
    Err(search.not_found(component, &kinds))
}

/// What values reach other components with, in the words of manifests.
const REACHING: [&str; 4] = [".Component", ".Resolve", "terraform.state", "terraform.output"];

/// The component that [`find`] would find, and an index of the few stacks that it was looked for in; nothing in them
/// reaches into other stacks. `None` when that cannot be told from a few stacks, or when there is no such component.
pub fn near(
    host: &Host,
    config: &Config,
    component: &str,
    stack: &str,
    kind: Option<Kind>,
) -> Option<(Instance, StackIndex)> {
    if path::is_explicit(component) {
        return None;
    }
    let index = StackIndex::near(host, config, stack, |index| workspace::name_variables(config, index))?;
    let search = Search::new(host, config, &index, stack);
    let kinds = kind.map_or_else(Kind::searched, |kind| vec![kind]);
    let likely = search.likely();
    let found = kinds.iter().find_map(|kind| search.by_name(&likely, kind, component).transpose())?.ok()?;
    if index.has_word(&REACHING) {
        return None;
    }
    search.warn_of_unusable(&likely);
    Some((found, index))
}

/// What a stack has for all its components, as an instance without a name: the sections at the top of its manifest over
/// those of the configuration. Of several manifests with the name of the stack each has one.
///
/// # Errors
/// Nothing of that name (with the nearest names), or a manifest that cannot be used.
pub fn tops(host: &Host, config: &Config, index: &StackIndex, stack: &str) -> Result<Vec<Instance>, Error> {
    let search = Search::new(host, config, index, stack);
    let likely = search.likely();
    for stacks in [likely.as_slice(), &search.stacks] {
        let mut found = Vec::new();
        for stack in stacks {
            found.extend(search.top_of(stack)?);
        }
        if !found.is_empty() {
            search.warn_of_unusable(&likely);
            return Ok(found);
        }
        if likely.len() == search.stacks.len() {
            break;
        }
    }
    Err(search.unknown_stack())
}

/// The manifests that may hold a stack.
pub(super) fn candidates<'a>(index: &'a StackIndex, stack: Option<&str>) -> Vec<&'a Stack> {
    match stack.and_then(|stack| index.by_path(stack)) {
        Some(stack) => vec![stack],
        None => index.stacks().iter().collect(),
    }
}

/// A component that the name of its stack leads to.
struct Search<'a> {
    host: &'a Host,
    config: &'a Config,
    index: &'a StackIndex,
    asked: &'a str,
    stacks: Vec<&'a Stack>,
    by_path: bool,
}

impl<'a> Search<'a> {
    fn new(host: &'a Host, config: &'a Config, index: &'a StackIndex, asked: &'a str) -> Search<'a> {
        let stacks = candidates(index, Some(asked));
        Search { host, config, index, asked, stacks, by_path: index.by_path(asked).is_some() }
    }

    fn scope(&self, stack: &'a Stack, kind: &Kind) -> Result<Option<Scope<'a>>, Error> {
        Scope::new(self.host, self.config, self.index, stack, kind.clone())
    }

    /// Whether the component of the scope is in the stack that was asked for.
    fn is_here(&self, scope: &Scope<'_>, name: &str) -> Result<bool, Error> {
        let Some(light) = Light::of(scope, name)? else { return Ok(false) };
        let found = light.stack_name()?;
        match found {
            StackName::Incomplete { token } if self.by_path => {
                Err(Error::incomplete(scope, &token, light.variable(&token).as_ref()))
            }
            StackName::Incomplete { .. } => Ok(false),
            name => Ok(self.by_path || name.canonical(&scope.stack.key) == self.asked),
        }
    }

    /// What the manifest has at its top, if one of its components says that it is the stack that is asked for.
    fn top_of(&self, stack: &'a Stack) -> Result<Option<Instance>, Error> {
        let document = match self.index.document(stack) {
            Ok(document) => document,
            Err(error) => return if self.by_path { Err(error.into()) } else { Ok(None) },
        };
        let kinds = document.node.get("components").and_then(Node::as_map).into_iter().flatten();
        for kind in kinds.map(|(key, _)| Kind::from_key(key)) {
            let scope = match self.scope(stack, &kind) {
                Ok(Some(scope)) => scope,
                Err(error) if self.by_path => return Err(error),
                Ok(None) | Err(_) => continue,
            };
            let names = scope.components().ok().flatten().into_iter().flatten();
            let names: Vec<&str> = names.map(|(name, _)| &**name).collect();
            let here = names.into_iter().find(|name| self.is_here(&scope, name).unwrap_or(false));
            let Some(name) = here else { continue };
            let stack_name = Light::of(&scope, name)?.map(|light| light.stack_name()).transpose()?;
            let stack_name = stack_name.unwrap_or(StackName::Key);
            return Ok(Some(custom::top(&scope, stack_name.canonical(&stack.key))));
        }
        Ok(None)
    }

    fn unknown_stack(&self) -> Error {
        match self.not_found("", &Kind::searched()) {
            // There is such a stack, and it has nothing that could say so.
            Error::NotInStack { stack, help, .. } | Error::UnknownStack { stack, help, .. } => {
                Error::NoSuchStack { stack, help }
            }
            error => error,
        }
    }

    /// The stacks that may well be the one that is asked for.
    fn likely(&self) -> Vec<&'a Stack> {
        if self.by_path {
            return self.stacks.clone();
        }
        let variables = workspace::name_variables(self.config, self.index);
        self.index.likely(Probe { name: self.asked, variables: &variables })
    }

    /// The manifests among these that cannot be used and may have the name that is asked for, with what is wrong.
    fn unusable(&self, stacks: &[&'a Stack]) -> Vec<(&'a Stack, Error)> {
        if self.by_path {
            return Vec::new();
        }
        let failed: Vec<(&Stack, Error)> =
            stacks.iter().filter_map(|stack| Some((*stack, Error::from(self.index.document(stack).err()?)))).collect();
        if failed.is_empty() {
            return failed;
        }
        let variables = workspace::name_variables(self.config, self.index);
        let probe = Probe { name: self.asked, variables: &variables };
        failed.into_iter().filter(|(stack, _)| self.index.may_have(stack, probe)).collect()
    }

    /// Says which manifests may be part of the stack but cannot be used: what they define is missing from it.
    fn warn_of_unusable(&self, stacks: &[&'a Stack]) {
        for (stack, error) in self.unusable(stacks) {
            let message = format!("the manifest '{}' cannot be used and is left out: {error}", stack.key);
            let help = format!("it may belong to the stack `{}`; correct it", self.asked);
            self.host.talk.warn(Warning::new("atmos::stack::left_out", message).help(help));
        }
    }

    fn by_name(&self, stacks: &[&'a Stack], kind: &Kind, component: &str) -> Result<Option<Instance>, Error> {
        // What is wrong with manifests that may be other stacks comes to light when nothing is found.
        let found: Vec<Result<Option<Instance>, Error>> = stacks
            .par_iter()
            .filter_map(|stack| {
                let has = |key: &str| {
                    self.index.document(stack).ok()?.node.get_path(["components", key, component]).map(|_| ())
                };
                has(kind.key())?;
                let scope = match self.scope(stack, kind) {
                    Ok(scope) => scope?,
                    Err(error) => return self.by_path.then_some(Err(error)),
                };
                match self.is_here(&scope, component) {
                    Ok(true) => Some(build(&scope, component).map(|built| built.map(|built| built.instance))),
                    Ok(false) => None,
                    Err(error) => self.is_asked(stack, &error).then_some(Err(error)),
                }
            })
            .collect();
        let mut instances = Vec::new();
        for result in found {
            instances.extend(result?);
        }
        let Some(first) = instances.first() else { return Ok(None) };
        if instances.iter().all(|instance| instance.same_configuration(first)) {
            return Ok(instances.into_iter().next());
        }
        Err(duplicate(&instances.iter().collect::<Vec<_>>()))
    }

    /// Whether an error met while a name was computed belongs to the stack that was asked for: the whole repository is
    /// concerned, or the stack was addressed by its file or key.
    fn is_asked(&self, stack: &Stack, error: &Error) -> bool {
        self.by_path || *stack.key == *self.asked || matches!(error, Error::NameTemplate { everywhere: true, .. })
    }

    /// The component that an explicit path stands for.
    fn at_path(&self, path: &str, kinds: &[Kind]) -> Result<Instance, Error> {
        let (kind, folder) = path::locate(self.host, self.config, path, kinds)?;
        if let Some(instance) = self.in_folder(&kind, &folder, path, false)? {
            return Ok(instance);
        }
        Err(match self.not_found(&folder, std::slice::from_ref(&kind)) {
            Error::NotInStack { help, .. } => Error::PathNotFound {
                reason: format!("Component `{folder}` not found in stack `{}`", self.asked),
                help,
            },
            Error::UnknownStack { help, .. } => Error::PathNotFound {
                reason: format!("stack not found: no stack `{}` for the component `{folder}`", self.asked),
                help,
            },
            error => error,
        })
    }

    /// A path that may as well have been a name.
    fn below_base(&self, kind: &Kind, path: &str) -> Result<Option<Instance>, Error> {
        let Some(base) = kind.base_path(self.config) else { return Ok(None) };
        let absolute = self.host.absolute(Path::new(path));
        let Ok(folder) = absolute.strip_prefix(&base) else { return Ok(None) };
        let folder = folder.to_string_lossy().into_owned();
        if folder.is_empty() { Ok(None) } else { self.in_folder(kind, &folder, path, true) }
    }

    /// The component of a directory: its name is that of the directory, or it is built on it. Of several `by_name` takes
    /// the one in that very directory with the name that the path ends with.
    fn in_folder(&self, kind: &Kind, folder: &str, path: &str, by_name: bool) -> Result<Option<Instance>, Error> {
        let last = folder.rsplit('/').next().unwrap_or(folder);
        let (mut names, mut bases, mut called) = (Vec::new(), Vec::new(), None);
        for stack in &self.stacks {
            let Ok(Some(scope)) = self.scope(stack, kind) else { continue };
            for (name, _) in scope.components().ok().flatten().into_iter().flatten() {
                let Ok(Some(light)) = Light::of(&scope, name) else { continue };
                if (**name == *folder || light.folder() == folder) && self.is_here(&scope, name).unwrap_or(false) {
                    let list = if light.is_abstract() { &mut bases } else { &mut names };
                    list.push(name.to_string());
                    let is_called = [folder, last].contains(&&**name) && light.folder() == folder;
                    if by_name && is_called && (called.is_none() || **name == *folder) {
                        called = Some(name.to_string());
                    }
                }
            }
        }
        // Nobody means a component that is only there to be inherited from, unless there is no other.
        let mut names = if names.is_empty() { bases } else { names };
        names.sort();
        names.dedup();
        match names.as_slice() {
            [] => Ok(None),
            [name] => self.by_name(&self.stacks, kind, name),
            _ if called.is_some() => self.by_name(&self.stacks, kind, &called.unwrap_or_default()),
            _ => Err(Error::AmbiguousPath {
                path: path.to_owned(),
                stack: self.asked.to_owned(),
                kind: kind.clone(),
                components: names,
            }),
        }
    }

    fn not_found(&self, component: &str, kinds: &[Kind]) -> Error {
        let mut names: BTreeMap<String, Vec<(Kind, String)>> = BTreeMap::new();
        let mut of_key = None;
        let mut blamed = None;
        let (mut faults, mut notes) = (Vec::new(), Vec::new());
        let variables = workspace::name_variables(self.config, self.index);
        let probe = Probe { name: self.asked, variables: &variables };
        for stack in &self.stacks {
            let (found, wrong) = summary::partial(self.host, self.config, self.index, stack);
            // A stack whose other components say its name has that name.
            let is_other = !self.by_path && !found.is_empty() && found.iter().all(|one| one.stack != self.asked);
            let may_be = !wrong.is_empty() && !is_other && (self.by_path || self.index.may_have(stack, probe));
            if may_be && blamed.is_none() {
                blamed = self.blamed(stack, component, kinds);
            }
            for summary in found {
                if *stack.key == *self.asked && summary.stack != self.asked {
                    of_key.get_or_insert(summary.stack.clone());
                }
                names.entry(summary.stack).or_default().push((summary.kind, summary.name));
            }
            notes.extend(self.incomplete_note(stack, kinds, component));
            faults.extend(wrong.into_iter().map(|fault| (fault, may_be)));
        }
        // What has the component but cannot be used is more likely the cause than a wrong name.
        if let Some(error) = blamed {
            return error;
        }
        // Only what cannot be a name is wrong usage.
        let is_path = path::is_explicit(component) && !path::leads_inside(self.host, self.config, component);
        let here = match names.get(self.asked) {
            // The name of the stack may be only that of its file.
            known if !self.by_path => known.filter(|_| of_key.is_none()).map(|known| (self.asked, known.as_slice())),
            _ => names.iter().next().map(|(name, known)| (name.as_str(), known.as_slice())),
        };
        let (component, stack) = (component.to_owned(), self.asked.to_owned());
        if let Some((name, components)) = here {
            if notes.is_empty() {
                notes.push(alternative(components, &component, name, kinds));
            }
            notes.extend(self.unusable(&self.likely()).into_iter().map(|(stack, error)| {
                format!("the manifest '{}' may belong to this stack, but cannot be used: {error}", stack.key)
            }));
            notes.extend(beside(faults.iter().filter(|(fault, may_be)| *may_be && fault.component.is_some())));
            let help = Some(notes.join("\n"));
            return Error::NotInStack { component, stack, is_path, help };
        }
        if let Some(name) = of_key {
            return Error::ManifestKey { stack, name };
        }
        let near = nearest(&stack, names.keys().map(String::as_str));
        // With no stack at all, and of the file that the name stands for, the fault is the answer; so is a name that cannot be
        // told, and a file that cannot be read where no other stack can have been meant.
        let answers = |(fault, may_be): &(Fault, bool)| {
            let is_meant = || is_named_after(&stack, &fault.manifest) || near.is_none() && *may_be;
            names.is_empty()
                || matches!(fault.error, Error::NameTemplate { .. })
                || fault.component.is_none() && is_meant()
        };
        if let Some(at) = faults.iter().position(answers) {
            return faults.swap_remove(at).0.error;
        }
        let near = near.map(|name| format!("did you mean the stack `{name}`?"));
        let mut help = vec![near.unwrap_or_else(|| "run `atmos list stacks` to see all stacks".to_owned())];
        help.extend(notes);
        let stacks = &self.config.stacks;
        let is_named_by_template = stacks.name_template.as_deref().is_some_and(|template| !template.is_empty());
        let pattern = stacks.name_pattern.as_deref().filter(|_| !is_named_by_template).unwrap_or_default();
        let lost =
            pattern_lost(pattern).map(|part| format!("`{part}` in `stacks.name_pattern` is no token, and in no name"));
        help.extend(lost);
        help.push(
            "check that the variables in the name are defined, and that nothing is missing in `import`".to_owned(),
        );
        help.extend(beside(faults.iter()));
        Error::UnknownStack { component, stack, is_path, help: Some(help.join("\n")) }
    }

    /// What is wrong with the component of this name in a manifest, or with a manifest that has it.
    fn blamed(&self, stack: &'a Stack, component: &str, kinds: &[Kind]) -> Option<Error> {
        let document = match self.index.document(stack) {
            Ok(document) => document,
            Err(error) => return self.index.mentions(stack, component).then(|| error.into()),
        };
        let has = |kind: &&Kind| document.node.get_path(["components", kind.key(), component]).is_some();
        kinds.iter().filter(has).find_map(|kind| {
            let scope = match self.scope(stack, kind) {
                Ok(scope) => scope?,
                Err(error) => return Some(error),
            };
            let light = Light::of(&scope, component);
            light.and_then(|light| light.map(|light| light.summary()).transpose()).err()
        })
    }

    /// Says that a manifest has the component but no complete name.
    fn incomplete_note(&self, stack: &'a Stack, kinds: &[Kind], component: &str) -> Option<String> {
        let pattern = self.config.stacks.name_pattern.as_deref()?;
        kinds.iter().find_map(|kind| {
            let scope = self.scope(stack, kind).ok()??;
            let light = Light::of(&scope, component).ok()??;
            let StackName::Incomplete { token } = light.stack_name().ok()? else { return None };
            let lacks = match light.variable(&token).filter(|value| !value.is_null()) {
                Some(value) if value.as_str().is_none() => {
                    let (kind, text) = (value.value.type_name(), written(&self.host.sources, &value));
                    format!("`{token}` is of type {kind} there, not text: write \"{text}\" for")
                }
                _ => format!("no value for `{token}` of"),
            };
            Some(format!("the manifest '{}' has this component, but {lacks} the name pattern '{pattern}'", stack.key))
        })
    }
}

/// Whether a name ends with the name of the file of a manifest, or is that.
fn is_named_after(stack: &str, manifest: &str) -> bool {
    let file = manifest.rsplit('/').next().unwrap_or(manifest);
    stack.strip_suffix(file).is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '/', '_', '.']))
}

/// Faults that a message about something else lists.
const SHOWN: usize = 3;

/// What else is wrong, so that nobody takes what is missing for all that there is.
fn beside<'f>(faults: impl Iterator<Item = &'f (Fault, bool)>) -> Vec<String> {
    let mut notes: Vec<String> = faults
        .map(|(Fault { manifest, component, error }, _)| match component {
            Some(name) => format!("the component '{name}' of the manifest '{manifest}' cannot be used: {error}"),
            None => format!("the manifest '{manifest}' cannot be used: {error}"),
        })
        .collect();
    if notes.len() > SHOWN {
        let more = notes.len() - SHOWN;
        notes.truncate(SHOWN);
        notes.push(format!("{more} more cannot be used: `atmos validate stacks` shows all of them"));
    }
    notes
}

pub(super) fn duplicate(instances: &[&Instance]) -> Error {
    let manifests: Vec<&str> = instances.iter().map(|instance| instance.manifest.as_str()).collect();
    Error::Duplicate {
        component: instances.first().map(|instance| instance.name.clone()).unwrap_or_default(),
        stack: instances.first().map(|instance| instance.stack.clone()).unwrap_or_default(),
        manifests: manifests.join(", "),
    }
}

/// What to do when a stack has no component of this name and of these kinds.
fn alternative(components: &[(Kind, String)], component: &str, stack: &str, kinds: &[Kind]) -> String {
    if let Some((kind, _)) = components.iter().find(|(kind, name)| name == component && !kinds.contains(kind)) {
        let usual = Kind::searched();
        let usual = usual.iter().filter(|_| matches!(kind, Kind::Custom(_))).map(Kind::key);
        let meant = nearest(kind.key(), usual.filter(|usual| *usual != kind.key()));
        let meant = meant.map(|usual| format!(", unless `components.{kind}` is meant to be `components.{usual}`"));
        let meant = meant.unwrap_or_default();
        return format!("`{component}` is a {kind} component in this stack; use the command for its type{meant}");
    }
    let fitting = components.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, name)| name.as_str());
    nearest(component, fitting).map_or_else(
        || format!("run `atmos list components --stack {stack}` to see its components"),
        |name| format!("did you mean the component `{name}`?"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::fixture::Fixture;

    /// A repository of ten stacks, of which the first has this in addition.
    fn repository(more: &str) -> Fixture {
        let mut files = vec![(
            "stacks/catalog/a.yaml".to_owned(),
            "components:\n  terraform:\n    a:\n      vars: {x: 1}\n".to_owned(),
        )];
        for number in 0..10 {
            let more = if number == 0 { more } else { "" };
            let text = format!("import:\n  - catalog/a\nvars:\n  tenant: t\n  stage: s{number}x\n{more}");
            files.push((format!("stacks/orgs/s{number}.yaml"), text));
        }
        Fixture::new(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
    }

    #[test]
    fn few_stacks_give_what_all_of_them_give() {
        let repository = repository("");
        let (host, config) = (&repository.host, repository.config());
        let index = StackIndex::load(host, &config).unwrap();
        for stack in ["t-s3x", "orgs/s4", "orgs/s5.yaml"] {
            let (near, few) = near(host, &config, "a", stack, None).unwrap();
            assert_eq!(near, find(host, &config, &index, "a", stack, None).unwrap());
            assert_eq!(few.stacks().len(), 1, "{stack}");
        }
        for (component, stack) in [("a", "t-none"), ("b", "t-s3x"), ("./a", "t-s3x")] {
            assert!(near(host, &config, component, stack, None).is_none(), "{component} {stack}");
        }
        assert!(near(host, &config, "a", "t-s3x", Some(Kind::Helmfile)).is_none());
    }

    #[test]
    fn who_reaches_into_other_stacks_reads_all() {
        for (more, few) in [
            ("settings: {x: '{{ .vars.stage }}'}\n", true),
            ("settings: {x: !terraform.output b x}\n", false),
            ("settings: {x: '{{ (atmos.Component `a` `t-s1x`).vars.x }}'}\n", false),
        ] {
            let repository = repository(more);
            let found = near(&repository.host, &repository.config(), "a", "t-s0x", None);
            assert_eq!(found.is_some(), few, "{more}");
        }
    }
}
