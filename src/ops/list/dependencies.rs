//! What terraform components depend on, and what depends on them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Error;
use super::facts::{Stacks, evaluated};
use super::shape::{Shape, View};
use super::subject::Subject;
use crate::component::{Asked, Filter, Instance, Kind};
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

/// Terraform components that are not abstract and enabled, and what they need.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    /// Component and stack, sorted by stack and component.
    nodes: Vec<Place>,
    needs: Vec<Vec<usize>>,
    needed_by: Vec<Vec<usize>>,
}

/// The graph, and the components in it that were asked for.
#[derive(Debug, Clone)]
pub struct Relations {
    graph: Graph,
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
    let chosen = |instance: &Instance| {
        request.component.as_deref().is_none_or(|name| name == instance.name)
            && stacks.has(&instance.stack)
            && shape.admits(&instance.sections.metadata)
    };
    let (graph, tops) = Graph::new(app, stacks.asked(), &request.processing, chosen)?;
    if tops.is_empty() {
        stacks.tell(app)?;
    }
    Ok(Relations { graph, tops, direction: request.direction })
}

impl Graph {
    /// The graph of the whole repository, and the nodes in it that are chosen.
    ///
    /// # Errors
    /// An instance that cannot be evaluated.
    pub(super) fn new(
        app: &App,
        asked: Asked,
        processing: &resolve::Options,
        chosen: impl Fn(&Instance) -> bool,
    ) -> Result<(Graph, Vec<usize>)> {
        let filter = Filter { kinds: vec![Kind::Terraform], asked, ..Filter::default() };
        let wanted = |instance: &Instance| !instance.abstract_;
        let mut found = evaluated(app, &filter, processing, &["dependencies", "settings"], wanted)?;
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
        let tops = found.iter().enumerate().filter(|(_, one)| chosen(one)).map(|(index, _)| index).collect();
        let lists = |sets: Vec<BTreeSet<usize>>| sets.into_iter().map(|set| set.into_iter().collect()).collect();
        Ok((Graph { needs: lists(needs), needed_by: lists(needed_by), nodes }, tops))
    }

    pub(super) fn place(&self, node: usize) -> Place {
        self.nodes[node].clone()
    }

    /// The nodes and what they lead to in at most so many steps.
    pub(super) fn reach(&self, from: &[usize], reverse: bool, steps: usize) -> BTreeSet<usize> {
        let edges = if reverse { &self.needed_by } else { &self.needs };
        let mut seen: BTreeSet<usize> = from.iter().copied().collect();
        let mut last: Vec<usize> = from.to_vec();
        for _ in 0..steps {
            let mut next = Vec::new();
            for node in last {
                next.extend(edges[node].iter().copied().filter(|node| seen.insert(*node)));
            }
            if next.is_empty() {
                break;
            }
            last = next;
        }
        seen
    }

    /// Among relatives of a tree shorter names stand first, as in the reference.
    fn sign(&self, node: usize) -> String {
        let (component, stack) = &self.nodes[node];
        format!("{}:{component}/{}:{stack}", component.len(), stack.len())
    }
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
        let graph = &self.graph;
        let places = |indexes: &[usize]| indexes.iter().map(|index| graph.place(*index)).collect();
        let entry = |index: &usize| Entry {
            component: graph.nodes[*index].0.clone(),
            stack: graph.nodes[*index].1.clone(),
            depends_on: self.forward().then(|| places(&graph.needs[*index])),
            required_by: self.reverse().then(|| places(&graph.needed_by[*index])),
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
            let (needs, needed_by) =
                (branch(self.forward(), &self.graph.needs), branch(self.reverse(), &self.graph.needed_by));
            trees.push((self.graph.place(*top), needs, needed_by));
        }
        trees
    }

    fn below(&self, node: usize, edges: &[Vec<usize>], way: &mut Vec<usize>, lines: &mut usize) -> Vec<Tree> {
        let mut next: Vec<usize> = edges[node].clone();
        next.sort_by_cached_key(|node| self.graph.sign(*node));
        let mut found = Vec::with_capacity(next.len());
        for next in &next {
            let Some(left) = lines.checked_sub(1) else { break };
            *lines = left;
            let circular = way.contains(next);
            let mut below = Vec::new();
            if !circular {
                way.push(*next);
                below = self.below(*next, edges, way, lines);
                way.pop();
            }
            let (component, stack) = self.graph.place(*next);
            found.push(Tree { component, stack, circular, below });
        }
        found
    }

    /// The components that were asked for and those that they lead to, in the order in which they can be deployed.
    pub fn levels(&self) -> Vec<Level> {
        let levels = self.all_levels();
        let mut shown: BTreeSet<usize> = BTreeSet::new();
        if self.forward() {
            shown.extend(self.graph.reach(&self.tops, false, usize::MAX));
        }
        if self.reverse() {
            shown.extend(self.graph.reach(&self.tops, true, usize::MAX));
        }
        let level = |index: &usize| {
            let (component, stack) = self.graph.place(*index);
            Level { level: levels[*index], stack, component }
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
        let Graph { nodes, needs, needed_by } = &self.graph;
        let mut open: Vec<usize> = needs.iter().map(Vec::len).collect();
        let mut levels = vec![None; nodes.len()];
        let mut ready: Vec<usize> = (0..nodes.len()).filter(|node| open[*node] == 0).collect();
        let mut level = 0;
        while !ready.is_empty() {
            let mut next = Vec::new();
            for node in ready {
                levels[node] = Some(level);
                for user in &needed_by[node] {
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
        Relations { graph: Graph { nodes, needs, needed_by }, tops: tops.to_vec(), direction: Direction::Both }
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
