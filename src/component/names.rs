//! The names of stacks alone, without a look at each component where all of a stack must have the same name.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use rayon::prelude::*;

use super::error::Error;
use super::kind::Kind;
use super::scope::Scope;
use super::summary::{self, Light};
use super::workspace;
use crate::config::{Config, Linearization};
use crate::host::Host;
use crate::stack::{Part, Stack, StackIndex};
use crate::template::Reads;
use crate::value::{Map, Node};

/// Bases that are looked at for one component before its chain is put together after all.
const BASES: usize = 32;
/// The sections that names may be made of.
const SECTIONS: [&str; 4] = ["vars", "settings", "env", "metadata"];

/// The stacks that have a component of a kind that lists show. `None` when something is wrong with a manifest, or where
/// names are made of more than single values: then [`super::summaries`] has the answer.
pub fn stack_names(host: &Host, config: &Config) -> Option<BTreeSet<String>> {
    // Like other indexes never dropped: the process ends before long.
    let index = ManuallyDrop::new(StackIndex::slim(host, config, |index| parts(config, index))?);
    let parts = parts(config, &index)?;
    let names = Names { host, config, index: &index, parts };
    let found: Vec<Option<BTreeSet<String>>> =
        index.stacks().par_iter().map(|stack| names.of_stack(stack).ok().flatten()).collect();
    found.into_iter().try_fold(BTreeSet::new(), |mut all, names| {
        all.extend(names?);
        Some(all)
    })
}

/// The values that names are made of; `None` where that cannot be told.
fn parts(config: &Config, index: &StackIndex) -> Option<Vec<Part>> {
    let Some(template) = workspace::name_template(config) else {
        let pattern = config.stacks.name_pattern.as_deref().unwrap_or_default();
        return Some(crate::stack::pattern_tokens(pattern).map(|token| ["vars".into(), token.into()]).collect());
    };
    if !template.contains("{{") {
        return Some(Vec::new());
    }
    let Reads::Paths(paths) = index.reads(workspace::NAME_TEMPLATE, template)? else { return None };
    let part = |path: &Vec<Arc<str>>| match path.as_slice() {
        [section, key, ..] if SECTIONS.contains(&&**section) => Some([section.clone(), key.clone()]),
        _ => None,
    };
    paths.iter().map(part).collect()
}

struct Names<'a> {
    host: &'a Host,
    config: &'a Config,
    index: &'a StackIndex,
    parts: Vec<Part>,
}

impl Names<'_> {
    /// The names of the components of one manifest; `None` when it has components of a kind that nobody knows.
    fn of_stack(&self, stack: &Stack) -> Result<Option<BTreeSet<String>>, Error> {
        let mut found = BTreeSet::new();
        let document = self.index.passing(stack)?;
        for kind in summary::kinds_in(&document) {
            if matches!(kind, Kind::Custom(_)) {
                return Ok(None);
            }
            let scope = Scope::of(self.host, self.config, self.index, stack, kind, document.clone())?;
            let Some(scope) = scope else { continue };
            let Some(components) = scope.components()? else { continue };
            let names = if self.are_alike(&scope, components) { 1 } else { components.len() };
            for name in components.keys().take(names) {
                if let Some(light) = Light::of(&scope, name)? {
                    found.insert(light.stack_name()?.canonical(&stack.key).to_owned());
                }
            }
        }
        Ok(Some(found))
    }

    /// Whether nothing that names are made of comes from a component, and nothing is wrong with the bases of any.
    fn are_alike(&self, scope: &Scope<'_>, components: &Map) -> bool {
        let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
        for [section, key] in &self.parts {
            match parts.iter_mut().find(|(known, _)| **known == **section) {
                Some((_, keys)) => keys.push(key),
                None => parts.push((section, vec![key])),
            }
        }
        let says = |component: &Map, (section, keys): &(&str, Vec<&str>)| {
            let has_key = |map: &Map| keys.iter().any(|key| map.contains_key(*key));
            component.get(*section).is_some_and(|node| node.as_map().is_none_or(has_key))
        };
        self.config.engine.linearization != Linearization::C3
            && !scope.document.has_overrides
            && components.iter().all(|(name, component)| {
                component
                    .as_map()
                    .is_some_and(|map| !map.contains_key("overrides") && !parts.iter().any(|part| says(map, part)))
                    && has_plain_bases(components, name, component, &mut BASES.clone())
            })
    }
}

/// Whether the component and its bases are maps that name their bases in lists, and each of these is there.
fn has_plain_bases(components: &Map, name: &str, component: &Node, left: &mut usize) -> bool {
    let Some(map) = component.as_map().filter(|map| !map.contains_key("component")) else { return false };
    let Some(inherits) = map.get("metadata").and_then(|metadata| metadata.get("inherits")) else { return true };
    inherits.as_list().is_some_and(|bases| {
        bases.iter().filter_map(Node::as_str).count() == bases.len()
            && bases.iter().filter_map(Node::as_str).filter(|base| *base != name).all(|base| {
                *left = left.saturating_sub(1);
                *left > 0 && components.get(base).is_some_and(|node| has_plain_bases(components, base, node, left))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::summaries;
    use crate::stack::fixture::Fixture;

    /// The names by both ways.
    fn both(files: &[(&str, &str)]) -> (Option<Vec<String>>, Option<Vec<String>>) {
        let settings =
            "base_path: .\nstacks: {base_path: stacks, included_paths: ['orgs/*'], name_pattern: '{stage}'}\n";
        let repository = Fixture::new(&[&[("atmos.yaml", settings)][..], files].concat());
        let (host, config) = (&repository.host, repository.config());
        let fast = stack_names(host, &config).map(|names| names.into_iter().collect());
        let index = StackIndex::load(host, &config).unwrap();
        let all = summaries(host, &config, &index).ok().map(|found| {
            let names: BTreeSet<String> =
                found.into_iter().filter(|one| one.kind.is_listed(&config)).map(|one| one.stack).collect();
            names.into_iter().collect()
        });
        (fast, all)
    }

    #[test]
    fn names_are_those_of_all_components() {
        let catalog = (
            "stacks/catalog.yaml",
            "components: {terraform: {base: {metadata: {type: abstract}, vars: {x: 1}}, a: {metadata: {inherits: [base]}}}}",
        );
        for (manifest, expected) in [
            ("import: [catalog]\nvars: {stage: dev}", vec!["dev"]),
            ("import: [catalog]\nvars: {stage: dev}\nterraform: {vars: {stage: test}}", vec!["test"]),
            (
                "import: [catalog]\nvars: {stage: dev}\ncomponents: {helmfile: {h: {vars: {stage: x}}}}",
                vec!["dev", "x"],
            ),
            ("import: [catalog]\nvars: {stage: dev}\ncomponents: {terraform: {base: {vars: {stage: b}}}}", vec!["b"]),
            ("import: [catalog]\nvars: {stage: dev}\nterraform: {overrides: {vars: {stage: o}}}", vec!["dev", "o"]),
            ("import: [catalog]\nvars: {stage: dev}\nname: own", vec!["own"]),
            ("import: [catalog]", vec!["orgs/a"]),
            ("vars: {stage: dev}", vec![]),
            (
                "vars: {stage: dev}\ncomponents: {terraform: {a: {}, b: {component: a, vars: {stage: c}}}}",
                vec!["c", "dev"],
            ),
        ] {
            let (fast, all) = both(&[catalog, ("stacks/orgs/a.yaml", manifest)]);
            assert_eq!(fast, all, "{manifest}");
            if manifest.contains("overrides") || expected.is_empty() {
                continue;
            }
            assert_eq!(fast.unwrap(), expected, "{manifest}");
        }
    }

    #[test]
    fn what_is_wrong_or_unknown_is_left_to_the_long_way() {
        for manifest in [
            "components: {terraform: {a: {metadata: {inherits: [none]}}}}",
            "components: {terraform: {a: {metadata: {inherits: [b]}}, b: {metadata: {inherits: [a]}}}}",
            "components: {terraform: {a: 5}}",
            "components: {mine: {a: {vars: {x: 1}}}}",
            "vars: 5\ncomponents: {terraform: {a: {}}}",
            "a: [",
        ] {
            assert_eq!(both(&[("stacks/orgs/a.yaml", manifest)]).0, None, "{manifest}");
        }
    }
}
