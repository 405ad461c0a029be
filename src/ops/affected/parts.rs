//! The stacks that may differ, in parts of which each is compared by itself: what is built for one goes before the next.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::super::App;
use super::request::Request;
use crate::component::{self, Filter, Summary};
use crate::stack::Stack;

/// Manifests per part, and at least so many per thread: enough for all threads, few enough to be held at once.
const FEWEST: usize = 64;
const PER_THREAD: usize = 8;

/// Manifests of both trees. A stack lies in one part with everything that has its name in either tree.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    pub head: Vec<&'a Stack>,
    pub base: Vec<&'a Stack>,
}

/// The parts in the order of their manifests. `summaries` are those of the working tree.
pub(super) fn parts<'a>(
    head: Vec<&'a Stack>,
    (other, base): (Option<&App>, Vec<&'a Stack>),
    summaries: &[Summary],
    request: &Request,
) -> Vec<Part<'a>> {
    let size = FEWEST.max(PER_THREAD * rayon::current_num_threads());
    // Of one stack little is built, and what is left out of it is told of all its manifests together.
    if request.stack.is_some() || head.len() + base.len() <= size {
        return vec![Part { head, base }];
    }
    let mut named: HashMap<&str, Vec<&str>> = HashMap::new();
    for summary in summaries {
        let names = named.entry(&summary.manifest).or_default();
        if names.last() != Some(&&*summary.stack) {
            names.push(&summary.stack);
        }
    }
    let of_head = head.iter().map(|stack| {
        let names = named.get(&*stack.key).into_iter().flatten();
        names.map(|name| (*name).to_owned()).collect()
    });
    let of_base: Vec<Vec<String>> =
        base.par_iter().map(|stack| other.map(|other| names(other, stack)).unwrap_or_default()).collect();
    let groups = groups(&of_head.chain(of_base).collect::<Vec<Vec<String>>>());
    let mut ordered: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
    let stack = |at: usize| head.get(at).copied().unwrap_or_else(|| base[at - head.len()]);
    for group in groups {
        let first = group.iter().map(|at| (&*stack(*at).key, *at)).min();
        ordered.extend(first.map(|first| (first, group)));
    }
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for group in ordered.into_values() {
        match parts.last_mut().filter(|part| part.len() < size) {
            Some(part) => part.extend(group),
            None => parts.push(group),
        }
    }
    let part = |mut part: Vec<usize>| {
        part.sort_unstable();
        let (head, base): (Vec<usize>, Vec<usize>) = part.into_iter().partition(|at| *at < head.len());
        let stacks = |positions: Vec<usize>| positions.into_iter().map(stack).collect();
        Part { head: stacks(head), base: stacks(base) }
    };
    parts.into_iter().map(part).collect()
}

/// The names of the stacks that a manifest of the other tree has components in.
fn names(app: &App, stack: &Stack) -> Vec<String> {
    let Ok(index) = app.index() else { return Vec::new() };
    if let Ok(found) = component::summaries_of(&app.host, &app.config, index, stack) {
        let mut names: Vec<String> = found.into_iter().map(|summary| summary.stack).collect();
        names.dedup();
        return names;
    }
    // Whoever cannot be built has no name, which is said when its turn comes.
    let built = component::of_stacks(&app.host, &app.config, index, &[stack], &Filter::default());
    built.unwrap_or_default().into_iter().map(|instance| instance.stack).collect()
}

/// What has a name in common, directly or through others, as positions.
fn groups(named: &[Vec<String>]) -> Vec<Vec<usize>> {
    let mut above: Vec<usize> = (0..named.len()).collect();
    let top = |above: &[usize], mut at: usize| {
        while above[at] != at {
            at = above[at];
        }
        at
    };
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, names) in named.iter().enumerate() {
        for name in names {
            let other = *first.entry(name).or_insert(at);
            let (one, other) = (top(&above, at), top(&above, other));
            above[one.max(other)] = one.min(other);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..named.len() {
        groups.entry(top(&above, at)).or_default().push(at);
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn names_in_common_make_one_group() {
        let named = |text: &str| -> Vec<Vec<String>> {
            text.split(' ').map(|names| names.split(',').map(str::to_owned).collect()).collect()
        };
        for (names, expected) in [
            ("a b c a", "0,3 1 2"),
            ("a,b c b,c d d", "0,1,2 3,4"),
            ("a b c a,b,c", "0,1,2,3"),
            ("c b a b,a c,b", "0,1,2,3,4"),
        ] {
            let found = groups(&named(names));
            let text = |group: &Vec<usize>| group.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            assert_eq!(found.iter().map(text).collect::<Vec<_>>().join(" "), expected, "{names}");
        }
    }
}
