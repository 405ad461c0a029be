//! A selection together with what depends on it, or what it depends on.

use petgraph::Direction;
use petgraph::graphmap::DiGraphMap;

use super::order::{Instance, build};

/// How far a selection reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    All,
    /// So many edges.
    Levels(usize),
}

/// Which instances belong to the selection, as a list of yes and no. Both ways begin at what is selected already.
pub fn expand(instances: &[Instance], dependents: Option<Depth>, dependencies: Option<Depth>) -> Vec<bool> {
    let mut marks: Vec<bool> = instances.iter().map(|instance| instance.selected).collect();
    if dependents.is_none() && dependencies.is_none() {
        return marks;
    }
    let ids: Vec<String> = vec![String::new(); instances.len()];
    let (graph, _) = build(instances, &ids);
    let seeds: Vec<usize> = (0..instances.len()).filter(|index| instances[*index].selected).collect();
    for (depth, direction) in [(dependents, Direction::Incoming), (dependencies, Direction::Outgoing)] {
        if let Some(depth) = depth {
            walk(&graph, &seeds, depth, direction, &mut marks);
        }
    }
    marks
}

fn walk(graph: &DiGraphMap<usize, ()>, seeds: &[usize], depth: Depth, direction: Direction, marks: &mut [bool]) {
    let mut seen: std::collections::BTreeSet<usize> = seeds.iter().copied().collect();
    let mut level = seeds.to_vec();
    let mut passed = 0;
    while !level.is_empty() && depth != Depth::Levels(passed) {
        let next: Vec<usize> = level.iter().flat_map(|index| graph.neighbors_directed(*index, direction)).collect();
        level = next.into_iter().filter(|index| seen.insert(*index)).collect();
        for index in &level {
            marks[*index] = true;
        }
        passed += 1;
    }
}
