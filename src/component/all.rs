//! All instances, one after the other in every thread.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::build::build;
use super::common::Common;
use super::error::Error;
use super::find::{candidates, duplicate};
use super::instance::Instance;
use super::kind::Kind;
use super::scope::Scope;
use super::summary::{self, Light};
use crate::config::Config;
use crate::diag::Warning;
use crate::host::Host;
use crate::stack::{Stack, StackIndex};
use crate::value::Map;

/// Which instances [`all`] gives. Empty lists and `None` mean no restriction.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Canonical name of a stack, key of its manifest, or the end of the path of its file.
    pub stack: Option<String>,
    pub components: Vec<String>,
    pub kinds: Vec<Kind>,
}

/// Every instance that the filter lets through, sorted by stack, kind and name.
///
/// # Errors
/// Those of [`each`].
pub fn all(host: &Host, config: &Config, index: &StackIndex, filter: &Filter) -> Result<Vec<Instance>, Error> {
    each(host, config, index, filter, Ok)
}

/// The same of these manifests only.
///
/// # Errors
/// Those of [`each`].
pub fn of_stacks(
    host: &Host,
    config: &Config,
    index: &StackIndex,
    stacks: &[&Stack],
    filter: &Filter,
) -> Result<Vec<Instance>, Error> {
    Repository { host, config, index, common: &Common::default() }.each(stacks, filter, Ok)
}

/// What `act` makes of every instance that the filter lets through, sorted by stack, kind and name. Instances are put
/// together and acted upon in parallel, and none outlives its turn: who needs little of each needs little memory.
///
/// # Errors
/// The first problem, by key of the manifest. With a stack in the filter, manifests that cannot be used are warnings as
/// long as another manifest has the stack.
pub fn each<R: Send, E: From<Error> + Send>(
    host: &Host,
    config: &Config,
    index: &StackIndex,
    filter: &Filter,
    act: impl Fn(Instance) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let stacks = candidates(index, filter.stack.as_deref());
    Repository { host, config, index, common: &Common::default() }.each(&stacks, filter, act)
}

/// Why a manifest gives no instances.
enum Unusable<E> {
    /// Whose stack it is cannot be said.
    Manifest(Error),
    /// A component that was asked for is wrong.
    Component(E),
}

/// What was made of one instance.
struct Made<'a, R> {
    key: (String, Kind, String),
    stack: &'a Stack,
    result: R,
}

#[derive(Clone, Copy)]
struct Repository<'a> {
    host: &'a Host,
    config: &'a Config,
    index: &'a StackIndex,
    common: &'a Common,
}

impl<'a> Repository<'a> {
    /// See [`each`].
    fn each<R: Send, E: From<Error> + Send>(
        self,
        stacks: &[&'a Stack],
        filter: &Filter,
        act: impl Fn(Instance) -> Result<R, E> + Sync,
    ) -> Result<Vec<R>, E> {
        let results: Vec<Result<Vec<Made<'_, R>>, Unusable<E>>> =
            stacks.par_iter().map(|stack| self.of_stack(stack, filter, &act)).collect();
        let asked = filter.stack.is_some();
        let anything = results.iter().any(|result| result.as_ref().is_ok_and(|instances| !instances.is_empty()));
        let mut sorted: BTreeMap<(String, Kind, String), Made<'_, R>> = BTreeMap::new();
        for (stack, result) in stacks.iter().zip(results) {
            let instances = match result {
                Ok(instances) => instances,
                Err(Unusable::Manifest(error)) if asked && anything => {
                    let message = format!("the manifest '{}' cannot be used and is left out: {error}", stack.key);
                    self.host.talk.warn(Warning::new("atmos::stack::left_out", message));
                    continue;
                }
                Err(Unusable::Manifest(error)) => return Err(error.into()),
                Err(Unusable::Component(error)) => return Err(error),
            };
            for made in instances {
                match sorted.get(&made.key) {
                    Some(known) => self.check_same([known.stack, made.stack], &made.key)?,
                    None => drop(sorted.insert(made.key.clone(), made)),
                }
            }
        }
        Ok(sorted.into_values().map(|made| made.result).collect())
    }

    fn of_stack<R: Send, E: From<Error> + Send>(
        self,
        stack: &'a Stack,
        filter: &Filter,
        act: &(impl Fn(Instance) -> Result<R, E> + Sync),
    ) -> Result<Vec<Made<'a, R>>, Unusable<E>> {
        let Repository { host, config, index, common } = self;
        let manifest = |error: Error| Unusable::Manifest(error);
        let mut all = Vec::new();
        let by_path = filter.stack.as_deref().is_some_and(|asked| is_path_of(index, asked, stack));
        for kind in summary::kinds(index, stack).map_err(manifest)? {
            if !filter.kinds.is_empty() && !filter.kinds.contains(&kind) {
                continue;
            }
            let Some(mut scope) = Scope::new(host, config, index, stack, kind).map_err(manifest)? else { continue };
            scope.common = Some(common);
            let mut names = Vec::new();
            for name in scope.components().map_err(manifest)?.into_iter().flat_map(Map::keys) {
                if !filter.components.is_empty() && !filter.components.iter().any(|wanted| **wanted == **name) {
                    continue;
                }
                if let Some(asked) = filter.stack.as_deref().filter(|_| !by_path) {
                    let Some(light) = Light::of(&scope, name).map_err(manifest)? else { continue };
                    let found = light.stack_name().map_err(manifest)?;
                    if asked != &*stack.key && asked != found.canonical(&stack.key) {
                        continue;
                    }
                }
                names.push(name);
            }
            let made: Vec<Result<Option<Made<'a, R>>, E>> = names
                .into_par_iter()
                .map(|name| {
                    let Some(built) = build(&scope, name)? else { return Ok(None) };
                    let instance = built.instance;
                    let key = (instance.stack.clone(), instance.kind.clone(), instance.name.clone());
                    Ok(Some(Made { key, stack, result: act(instance)? }))
                })
                .collect();
            for made in made {
                all.extend(made.map_err(Unusable::Component)?);
            }
        }
        Ok(all)
    }

    /// Refuses a component that two manifests of one stack define differently. What is abstract never runs, and each
    /// manifest that imports a base gives it other variables: of that the first manifest's counts.
    fn check_same(self, stacks: [&Stack; 2], (_, kind, name): &(String, Kind, String)) -> Result<(), Error> {
        let mut instances = Vec::new();
        for stack in stacks {
            let Some(scope) = Scope::new(self.host, self.config, self.index, stack, kind.clone())? else { continue };
            instances.extend(build(&scope, name)?.map(|built| built.instance));
        }
        match instances.as_slice() {
            [first, second] if first.abstract_ && second.abstract_ => Ok(()),
            [first, second] if !first.same_configuration(second) => Err(duplicate(&[first, second])),
            _ => Ok(()),
        }
    }
}

fn is_path_of(index: &StackIndex, text: &str, stack: &Stack) -> bool {
    index.by_path(text).is_some_and(|found| found.key == stack.key)
}
