//! All instances, one after the other in every thread.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::build::build;
use super::common::Common;
use super::error::Error;
use super::find::{candidates, duplicate};
use super::instance::Instance;
use super::kind::Kind;
use super::left_out::{self, Answer, Asked, Fault, Nameless};
use super::scope::Scope;
use super::summary::{self, Light};
use super::workspace;
use crate::config::Config;
use crate::diag::Warning;
use crate::host::Host;
use crate::stack::{Probe, Stack, StackIndex};
use crate::value::Map;

/// Which instances [`all`] gives. Empty lists and `None` mean no restriction.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Canonical name of a stack, key of its manifest, or the end of the path of its file.
    pub stack: Option<String>,
    pub components: Vec<String>,
    pub kinds: Vec<Kind>,
    /// Of all these the stacks that the answer is about: what is left out elsewhere does not make it incomplete.
    pub asked: Asked,
    /// What cannot be put together is said and left out, as long as something is left and every stack has a name.
    pub partial: bool,
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
    each_of(host, config, index, stacks, filter, Ok)
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

/// [`each`] of these manifests only.
///
/// # Errors
/// Those of [`each`].
pub fn each_of<R: Send, E: From<Error> + Send>(
    host: &Host,
    config: &Config,
    index: &StackIndex,
    stacks: &[&Stack],
    filter: &Filter,
    act: impl Fn(Instance) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    Repository { host, config, index, common: &Common::default() }.each(stacks, filter, act)
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

/// An instance, or why there is none.
type Tried<'a, R> = Result<Made<'a, R>, Fault>;

/// What one manifest gives, and what is wrong with the rest of it.
struct Given<'a, R> {
    made: Vec<Made<'a, R>>,
    faults: Vec<Fault>,
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
        let results: Vec<Result<Given<'_, R>, Unusable<E>>> =
            stacks.par_iter().map(|stack| self.of_stack(stack, filter, &act)).collect();
        let asked = filter.stack.is_some();
        let anything = results.iter().any(|result| result.as_ref().is_ok_and(|given| !given.made.is_empty()));
        let mut sorted: BTreeMap<(String, Kind, String), Made<'_, R>> = BTreeMap::new();
        let mut faults = Vec::new();
        for (stack, result) in stacks.iter().zip(results) {
            let instances = match result {
                Ok(given) => {
                    faults.extend(given.faults);
                    given.made
                }
                Err(Unusable::Manifest(error)) if filter.partial => {
                    faults.push(Fault { manifest: stack.key.to_string(), component: None, error });
                    continue;
                }
                Err(Unusable::Manifest(error)) if asked && anything => {
                    let message = format!("the manifest '{}' cannot be used and is left out: {error}", stack.key);
                    self.host.talk.warn(Warning::new(left_out::LEFT_OUT, message));
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
        if let Some(asked) = filter.stack.as_deref().filter(|_| sorted.is_empty() && !faults.is_empty()) {
            self.keep_of(asked, stacks, &mut faults);
        }
        if !faults.is_empty() {
            let answer = match &filter.stack {
                Some(_) => Answer::of_one(sorted.values().map(|made| &*made.stack.key)),
                None => Answer::new(&filter.asked, sorted.values().map(|made| (&*made.stack.key, made.key.0.as_str()))),
            };
            left_out::tell(self.host, faults, sorted.is_empty(), Nameless::Refused, &answer)?;
        }
        Ok(sorted.into_values().map(|made| made.result).collect())
    }

    /// Leaves out faults of manifests that cannot be the stack that was asked for: they are not why nothing was found.
    fn keep_of(self, asked: &str, stacks: &[&Stack], faults: &mut Vec<Fault>) {
        let variables = workspace::name_variables(self.config, self.index);
        let probe = Probe { name: asked, variables: &variables };
        let by_path = self.index.by_path(asked).is_some();
        faults.retain(|fault| {
            let Some(stack) = stacks.iter().find(|stack| *stack.key == *fault.manifest) else { return true };
            if by_path || matches!(fault.error, Error::NameTemplate { .. }) {
                return true;
            }
            // A stack whose other components say its name has that name.
            let (others, _) = summary::partial(self.host, self.config, self.index, stack);
            let is_other = !others.is_empty() && others.iter().all(|one| one.stack != asked);
            !is_other && self.index.may_have(stack, probe)
        });
    }

    fn of_stack<R: Send, E: From<Error> + Send>(
        self,
        stack: &'a Stack,
        filter: &Filter,
        act: &(impl Fn(Instance) -> Result<R, E> + Sync),
    ) -> Result<Given<'a, R>, Unusable<E>> {
        let Repository { host, config, index, common } = self;
        let manifest = |error: Error| Unusable::Manifest(error);
        let mut all = Given { made: Vec::new(), faults: Vec::new() };
        let fault = |name: &str, error: Error| {
            let component = Some(name.to_owned());
            Fault { manifest: stack.key.to_string(), component, error }
        };
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
                    match is_in(&scope, name, asked) {
                        Ok(true) => {}
                        Ok(false) => continue,
                        Err(error) if filter.partial => {
                            all.faults.push(fault(name, error));
                            continue;
                        }
                        Err(error) => return Err(manifest(error)),
                    }
                }
                names.push(name);
            }
            let made: Vec<Result<Option<Tried<'a, R>>, E>> = names
                .into_par_iter()
                .map(|name| {
                    let built = match build(&scope, name) {
                        Ok(Some(built)) => built,
                        Ok(None) => return Ok(None),
                        Err(error) if filter.partial => return Ok(Some(Err(fault(name, error)))),
                        Err(error) => return Err(error.into()),
                    };
                    let instance = built.instance;
                    let key = (instance.stack.clone(), instance.kind.clone(), instance.name.clone());
                    Ok(Some(Ok(Made { key, stack, result: act(instance)? })))
                })
                .collect();
            for made in made {
                match made.map_err(Unusable::Component)? {
                    Some(Ok(made)) => all.made.push(made),
                    Some(Err(fault)) => all.faults.push(fault),
                    None => {}
                }
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

/// Whether the component of the scope is in the stack that was asked for by its name or key.
fn is_in(scope: &Scope<'_>, name: &str, asked: &str) -> Result<bool, Error> {
    let Some(light) = Light::of(scope, name)? else { return Ok(false) };
    Ok(asked == &*scope.stack.key || asked == light.stack_name()?.canonical(&scope.stack.key))
}

fn is_path_of(index: &StackIndex, text: &str, stack: &Stack) -> bool {
    index.by_path(text).is_some_and(|found| found.key == stack.key)
}
