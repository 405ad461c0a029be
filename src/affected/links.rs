//! Symbolic links: what a path leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use crate::host::fs::clean;

/// Links after which a path counts as a circle, as the system counts them.
const MOST: usize = 40;

/// The links of a tree by their own places, both sides absolute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Links(BTreeMap<PathBuf, PathBuf>);

impl Links {
    pub(super) fn insert(&mut self, link: PathBuf, target: PathBuf) {
        self.0.insert(link, target);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.0.iter().map(|(link, target)| (link.as_path(), target.as_path()))
    }

    /// The path, and what it stands for when its links are followed one after the other.
    pub(super) fn route(&self, path: &Path) -> Vec<PathBuf> {
        let mut route = vec![path.to_path_buf()];
        while let Some(next) = route.last().and_then(|last| self.step(last)).filter(|_| route.len() <= MOST) {
            route.push(next);
        }
        route
    }

    /// The path without the first of its links.
    fn step(&self, path: &Path) -> Option<PathBuf> {
        if self.0.is_empty() {
            return None;
        }
        let above: Vec<&Path> = path.ancestors().collect();
        let (link, target) = above.into_iter().rev().find_map(|above| self.0.get_key_value(above))?;
        let rest = path.strip_prefix(link).unwrap_or(Path::new(""));
        Some(clean(&target.join(rest)))
    }

    /// What is reached from a folder beside the folder itself: where it leads to, where the links in it lead to, and so on.
    pub(super) fn reached(&self, folder: &Path) -> BTreeSet<PathBuf> {
        let mut seen = BTreeSet::new();
        let mut open = vec![folder.to_path_buf()];
        while let Some(next) = open.pop() {
            for step in self.route(&next) {
                let inside = (Bound::Excluded(step.as_path()), Bound::Unbounded);
                let within = self.0.range::<Path, _>(inside).take_while(|(link, _)| link.starts_with(&step));
                let targets: Vec<PathBuf> = within.map(|(_, target)| target.clone()).collect();
                if seen.insert(step) {
                    open.extend(targets);
                }
            }
        }
        seen.remove(folder);
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(&str, &str)]) -> Links {
        Links(pairs.iter().map(|(link, target)| (PathBuf::from(link), PathBuf::from(target))).collect())
    }

    #[test]
    fn links_are_followed_one_after_the_other() {
        let links = links(&[("/r/a", "/r/b"), ("/r/b", "/r/c"), ("/r/c/x", "/r/d")]);
        let route: Vec<String> =
            links.route(Path::new("/r/a/x/y")).iter().map(|path| path.display().to_string()).collect();
        assert_eq!(route, ["/r/a/x/y", "/r/b/x/y", "/r/c/x/y", "/r/d/y"]);
        assert_eq!(links.route(Path::new("/r/ab")), [PathBuf::from("/r/ab")]);
    }

    #[test]
    fn circles_end() {
        let links = links(&[("/r/a/loop", "/r/a"), ("/r/x", "/r/y"), ("/r/y", "/r/x"), ("/r/b/l", "/r/a")]);
        assert_eq!(links.route(Path::new("/r/x")).len(), MOST + 1);
        let reached = links.reached(Path::new("/r/b"));
        assert_eq!(reached, BTreeSet::from([PathBuf::from("/r/a")]));
        assert!(links.reached(Path::new("/r/x")).contains(Path::new("/r/y")));
    }
}
