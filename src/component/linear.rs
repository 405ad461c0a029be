//! C3: an order of bases in which each comes once, every component before its bases, and the bases of one component in the
//! order in which it names them.

use std::collections::HashMap;
use std::sync::Arc;

/// The direct bases of components, weakest first.
type Parents = HashMap<Arc<str>, Vec<Arc<str>>>;

/// Bases that contradict each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    /// The component whose bases cannot be put in order.
    pub of: Arc<str>,
    /// The next base in each of the orders.
    pub heads: Vec<Arc<str>>,
}

/// All bases of `name`, weakest first. There is no circle in `parents`.
pub(super) fn order(parents: &Parents, name: &Arc<str>) -> Result<Vec<Arc<str>>, Conflict> {
    let mut known = HashMap::new();
    let mut order = linearize(parents, name, &mut known)?.split_off(1);
    order.reverse();
    Ok(order)
}

/// The component, then its bases, the strongest first.
fn linearize(
    parents: &Parents,
    name: &Arc<str>,
    known: &mut HashMap<Arc<str>, Vec<Arc<str>>>,
) -> Result<Vec<Arc<str>>, Conflict> {
    if let Some(order) = known.get(name) {
        return Ok(order.clone());
    }
    let direct: Vec<Arc<str>> = parents.get(name).into_iter().flatten().rev().cloned().collect();
    let mut sequences = Vec::with_capacity(direct.len() + 1);
    for parent in &direct {
        sequences.push(linearize(parents, parent, known)?);
    }
    sequences.push(direct);
    let mut order = vec![name.clone()];
    order.extend(merge(sequences).map_err(|heads| Conflict { of: name.clone(), heads })?);
    known.insert(name.clone(), order.clone());
    Ok(order)
}

/// The sequences put together; as error their first elements, where each stands behind another one.
fn merge(sequences: Vec<Vec<Arc<str>>>) -> Result<Vec<Arc<str>>, Vec<Arc<str>>> {
    // How often each name still stands behind another one, so that no sequence is searched.
    let mut behind: HashMap<Arc<str>, usize> = HashMap::new();
    for name in sequences.iter().flat_map(|sequence| sequence.iter().skip(1)) {
        *behind.entry(name.clone()).or_default() += 1;
    }
    let mut open: Vec<std::iter::Peekable<std::vec::IntoIter<Arc<str>>>> =
        sequences.into_iter().map(|sequence| sequence.into_iter().peekable()).collect();
    let mut merged = Vec::new();
    loop {
        let heads: Vec<Arc<str>> = open.iter_mut().filter_map(|sequence| sequence.peek().cloned()).collect();
        if heads.is_empty() {
            return Ok(merged);
        }
        let free = heads.iter().find(|name| behind.get(*name).copied().unwrap_or_default() == 0).cloned();
        let Some(next) = free else { return Err(unique(heads)) };
        for sequence in &mut open {
            if sequence.next_if_eq(&next).is_some()
                && let Some(head) = sequence.peek()
                && let Some(count) = behind.get_mut(head)
            {
                *count -= 1;
            }
        }
        merged.push(next);
    }
}

fn unique(names: Vec<Arc<str>>) -> Vec<Arc<str>> {
    let mut kept: Vec<Arc<str>> = Vec::new();
    for name in names {
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order_of(table: &[(&str, &[&str])]) -> Result<Vec<String>, Conflict> {
        let names = |list: &[&str]| list.iter().map(|name| Arc::from(*name)).collect::<Vec<_>>();
        let parents: Parents = table.iter().map(|(name, bases)| (Arc::from(*name), names(bases))).collect();
        order(&parents, &Arc::from("x")).map(|order| order.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_shared_base_comes_once_and_below_all_that_inherit_it() {
        let diamond: &[(&str, &[&str])] = &[("x", &["l", "r"]), ("l", &["root"]), ("r", &["root"])];
        assert_eq!(order_of(diamond).unwrap(), ["root", "l", "r"]);
        let line: &[(&str, &[&str])] = &[("x", &["a", "b", "c"]), ("c", &["grand"])];
        assert_eq!(order_of(line).unwrap(), ["a", "b", "grand", "c"]);
        assert!(order_of(&[]).unwrap().is_empty());
    }

    #[test]
    fn bases_that_contradict_each_other_have_no_order() {
        let table: &[(&str, &[&str])] = &[("x", &["p", "q"]), ("p", &["a", "b"]), ("q", &["b", "a"])];
        let conflict = order_of(table).unwrap_err();
        assert_eq!((&*conflict.of, conflict.heads.len()), ("x", 2));
    }

    #[test]
    fn many_bases_take_no_time() {
        let names: Vec<String> = (0..5000).map(|number| format!("b{number}")).collect();
        let bases: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(order_of(&[("x", &bases)]).unwrap().len(), 5000);
    }
}
