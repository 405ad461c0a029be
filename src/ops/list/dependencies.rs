//! What terraform components depend on, and what depends on them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::facts::{Stacks, evaluated};
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{Filter, Instance, Kind};
use crate::diag::Result;
use crate::graph;
use crate::ops::App;
use crate::resolve;

/// Lines that a tree may have: what is needed in many ways is shown in each of them.
const LINES: usize = 100_000;

/// Which relations are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Both,
    /// What a component depends on.
    Forward,
    /// What depends on a component.
    Reverse,
}

impl std::str::FromStr for Direction {
    type Err = Error;

    fn from_str(text: &str) -> Result<Direction, Error> {
        match text {
            "both" => Ok(Direction::Both),
            "forward" => Ok(Direction::Forward),
            "reverse" => Ok(Direction::Reverse),
            _ => Err(Error::Direction { direction: text.to_owned() }),
        }
    }
}

/// What `list dependencies` shows.
#[derive(Debug, Clone, Default)]
pub struct DependenciesRequest {
    pub component: Option<String>,
    /// Name or pattern of stacks.
    pub stack: Option<String>,
    pub direction: Direction,
    /// Only tags and labels count.
    pub view: View,
    pub processing: resolve::Options,
}

/// A component in a stack.
pub type Place = (String, String);

/// The graph, and the components in it that were asked for.
#[derive(Debug, Clone)]
pub struct Relations {
    /// Component and stack, sorted by stack and component.
    nodes: Vec<Place>,
    needs: Vec<Vec<usize>>,
    needed_by: Vec<Vec<usize>>,
    tops: Vec<usize>,
    direction: Direction,
}

/// The direct relations of one component; `None` where they were not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub component: String,
    pub stack: String,
    pub depends_on: Option<Vec<Place>>,
    pub required_by: Option<Vec<Place>>,
}

/// A component with all that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    pub component: String,
    pub stack: String,
    /// The component stands above itself: the tree ends here.
    pub circular: bool,
    pub below: Vec<Tree>,
}

/// How many steps come before a component when it is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    pub level: usize,
    pub stack: String,
    pub component: String,
}

/// The relations of the components that the request chooses.
///
/// # Errors
/// A pattern, tag or label that is wrong, or an instance that cannot be evaluated.
pub fn dependencies(app: &App, request: &DependenciesRequest) -> Result<Relations> {
    let stacks = Stacks::new(request.stack.as_deref())?;
    let shape = Shape::new(app, Subject::Instances, &request.view)?;
    let filter = Filter { kinds: vec![Kind::Terraform], ..Filter::default() };
    let wanted = |instance: &Instance| !instance.abstract_;
    let mut found = evaluated(app, &filter, &request.processing, &["dependencies", "settings"], wanted)?;
    found.retain(|instance| instance.enabled && !instance.abstract_);
    let nodes: Vec<Place> = found.iter().map(|one| (one.name.clone(), one.stack.clone())).collect();
    let numbers: BTreeMap<(&str, &str), usize> =
        nodes.iter().enumerate().map(|(index, (name, stack))| ((name.as_str(), stack.as_str()), index)).collect();
    let mut needs = vec![BTreeSet::new(); nodes.len()];
    let mut needed_by = vec![BTreeSet::new(); nodes.len()];
    for (index, instance) in found.iter().enumerate() {
        for dependency in graph::dependencies(&instance.sections.dependencies, &instance.sections.settings) {
            let stack = dependency.stack.as_deref().unwrap_or(&instance.stack);
            if dependency.kind.as_deref().is_some_and(|kind| kind != "terraform") {
                continue;
            }
            // What is disabled or not there is no relation.
            if let Some(target) = numbers.get(&(dependency.component.as_str(), stack)) {
                needs[index].insert(*target);
                needed_by[*target].insert(index);
            }
        }
    }
    let chosen = |instance: &Instance| {
        request.component.as_deref().is_none_or(|name| name == instance.name)
            && stacks.has(&instance.stack)
            && shape.admits(&instance.sections.metadata)
    };
    let tops = found.iter().enumerate().filter(|(_, instance)| chosen(instance)).map(|(index, _)| index).collect();
    let lists = |sets: Vec<BTreeSet<usize>>| sets.into_iter().map(|set| set.into_iter().collect()).collect();
    let direction = request.direction;
    Ok(Relations { needs: lists(needs), needed_by: lists(needed_by), nodes, tops, direction })
}

impl Relations {
    pub fn is_empty(&self) -> bool {
        self.tops.is_empty()
    }

    pub fn direction(&self) -> Direction {
        self.direction
    }

    fn forward(&self) -> bool {
        self.direction != Direction::Reverse
    }

    fn reverse(&self) -> bool {
        self.direction != Direction::Forward
    }

    /// The direct relations of each component that was asked for.
    pub fn entries(&self) -> Vec<Entry> {
        let places = |indexes: &[usize]| indexes.iter().map(|index| self.nodes[*index].clone()).collect();
        let entry = |index: &usize| Entry {
            component: self.nodes[*index].0.clone(),
            stack: self.nodes[*index].1.clone(),
            depends_on: self.forward().then(|| places(&self.needs[*index])),
            required_by: self.reverse().then(|| places(&self.needed_by[*index])),
        };
        self.tops.iter().map(entry).collect()
    }

    /// Each component that was asked for, with what it depends on and what depends on it.
    pub fn trees(&self) -> Vec<(Place, Vec<Tree>, Vec<Tree>)> {
        let mut lines = LINES;
        let mut trees = Vec::with_capacity(self.tops.len());
        for top in &self.tops {
            let mut branch = |shown: bool, edges: &[Vec<usize>]| {
                if shown { self.below(*top, edges, &mut vec![*top], &mut lines) } else { Vec::new() }
            };
            let (needs, needed_by) = (branch(self.forward(), &self.needs), branch(self.reverse(), &self.needed_by));
            trees.push((self.nodes[*top].clone(), needs, needed_by));
        }
        trees
    }

    fn below(&self, node: usize, edges: &[Vec<usize>], way: &mut Vec<usize>, lines: &mut usize) -> Vec<Tree> {
        let mut found = Vec::with_capacity(edges[node].len());
        for next in &edges[node] {
            let Some(left) = lines.checked_sub(1) else { break };
            *lines = left;
            let circular = way.contains(next);
            let mut below = Vec::new();
            if !circular {
                way.push(*next);
                below = self.below(*next, edges, way, lines);
                way.pop();
            }
            let (component, stack) = self.nodes[*next].clone();
            found.push(Tree { component, stack, circular, below });
        }
        found
    }

    /// The components that were asked for and those that they lead to, in the order in which they can be deployed.
    pub fn levels(&self) -> Vec<Level> {
        let levels = self.all_levels();
        let mut shown: BTreeSet<usize> = BTreeSet::new();
        let mut reach = |edges: &[Vec<usize>]| {
            let mut seen: BTreeSet<usize> = self.tops.iter().copied().collect();
            let mut open: Vec<usize> = self.tops.clone();
            while let Some(node) = open.pop() {
                open.extend(edges[node].iter().filter(|next| seen.insert(**next)));
            }
            shown.extend(seen);
        };
        if self.forward() {
            reach(&self.needs);
        }
        if self.reverse() {
            reach(&self.needed_by);
        }
        let level = |index: &usize| Level {
            level: levels[*index],
            stack: self.nodes[*index].1.clone(),
            component: self.nodes[*index].0.clone(),
        };
        let mut found: Vec<Level> = shown.iter().map(level).collect();
        found.sort_by(|left, right| {
            (left.level, &left.stack, &left.component).cmp(&(right.level, &right.stack, &right.component))
        });
        found
    }

    /// A component comes one level after the last one that it needs. Those in a circle, and what waits for them, share
    /// the level behind all others.
    fn all_levels(&self) -> Vec<usize> {
        let mut open: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut levels = vec![None; self.nodes.len()];
        let mut ready: Vec<usize> = (0..self.nodes.len()).filter(|node| open[*node] == 0).collect();
        let mut level = 0;
        while !ready.is_empty() {
            let mut next = Vec::new();
            for node in ready {
                levels[node] = Some(level);
                for user in &self.needed_by[node] {
                    open[*user] -= 1;
                    if open[*user] == 0 {
                        next.push(*user);
                    }
                }
            }
            ready = next;
            level += 1;
        }
        levels.into_iter().map(|known| known.unwrap_or(level)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relations(edges: &[(usize, usize)], count: usize, tops: &[usize]) -> Relations {
        let (mut needs, mut needed_by) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (from, to) in edges {
            needs[*from].push(*to);
            needed_by[*to].push(*from);
        }
        let nodes = (0..count).map(|number| (format!("c{number}"), "s".to_owned())).collect();
        Relations { nodes, needs, needed_by, tops: tops.to_vec(), direction: Direction::Both }
    }

    fn levels(relations: &Relations) -> String {
        let one = |level: Level| format!("{}{}", level.component, level.level);
        relations.levels().into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn levels_are_the_order_of_deployment() {
        // c2 needs c1, c1 needs c0; c3 needs c0 and c2; c4 is alone.
        let edges = [(2, 1), (1, 0), (3, 0), (3, 2)];
        assert_eq!(levels(&relations(&edges, 5, &[0, 1, 2, 3, 4])), "c00 c40 c11 c22 c33");
        assert_eq!(levels(&relations(&edges, 5, &[1])), "c00 c11 c22 c33");
    }

    #[test]
    fn circles_end_trees_and_share_the_last_level() {
        let circle = relations(&[(0, 1), (1, 0), (2, 0)], 4, &[0]);
        assert_eq!(levels(&circle), "c01 c11 c21");
        let (_, needs, _) = circle.trees().remove(0);
        assert_eq!(needs[0].component, "c1");
        assert!(needs[0].below[0].circular && needs[0].below[0].below.is_empty());
    }

    #[test]
    fn trees_have_an_end() {
        let edges: Vec<(usize, usize)> = (0..60).flat_map(|n| [(n, n + 1), (n, n + 2)]).collect();
        let (_, needs, _) = relations(&edges, 62, &[0]).trees().remove(0);
        assert!(!needs.is_empty());
    }
}
