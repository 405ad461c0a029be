//! Trees of stacks, components, imports and dependencies.

use super::printable::on_one_line;
use crate::ops::list::{Branch, Direction, Import, Relations, Tree};

/// A line and those below it. A line without text is a gap.
struct Line {
    text: String,
    below: Vec<Line>,
}

impl Line {
    fn new(text: impl AsRef<str>, below: Vec<Line>) -> Line {
        Line { text: on_one_line(text.as_ref()).into_owned(), below }
    }

    fn gap() -> Line {
        Line { text: String::new(), below: Vec::new() }
    }
}

/// The stacks, with what each imports when that is wanted.
pub fn stack_tree(branches: &[Branch], with_imports: bool) -> String {
    let stack = |branch: &Branch| {
        let imports = if with_imports { imports(&branch.imports) } else { Vec::new() };
        Line::new(branch.stack.as_str(), imports)
    };
    titled("Stacks", &spaced(branches.iter().map(stack)))
}

/// The stacks with their components, and below each what its stack imports when that is wanted; otherwise each with its
/// directory, where the stack imports anything.
pub fn instance_tree(branches: &[Branch], with_imports: bool) -> String {
    let stack = |branch: &Branch| {
        let component = |(name, directory): &(String, String)| match (with_imports, branch.imports.is_empty()) {
            (true, _) => Line::new(name.as_str(), imports(&branch.imports)),
            (false, true) => Line::new(name.as_str(), Vec::new()),
            (false, false) => Line::new(format!("{name} ({directory})"), Vec::new()),
        };
        let mut below: Vec<Line> = Vec::new();
        for (index, one) in branch.components.iter().enumerate() {
            if with_imports && index > 0 {
                below.push(Line::gap());
            }
            below.push(component(one));
        }
        Line::new(branch.stack.as_str(), below)
    };
    titled("Component Instances", &spaced(branches.iter().map(stack)))
}

fn imports(found: &[Import]) -> Vec<Line> {
    found.iter().map(|import| Line::new(import.path.as_str(), imports(&import.imports))).collect()
}

/// A gap in front of each line.
fn spaced(lines: impl Iterator<Item = Line>) -> Vec<Line> {
    lines.flat_map(|line| [Line::gap(), line]).collect()
}

fn titled(title: &str, lines: &[Line]) -> String {
    let mut out = format!(" {title}\n");
    write(&mut out, lines, "");
    out
}

fn write(out: &mut String, lines: &[Line], before: &str) {
    for (index, line) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        if line.text.is_empty() {
            // Only blanks lead to a gap: it stands below the first line of the tree that is still drawn.
            let blanks = before.len() - before.trim_start_matches(' ').len();
            out.push_str(&" ".repeat(blanks));
            out.push_str("│\n");
            continue;
        }
        out.push_str(before);
        out.push_str(if last { "└── " } else { "├── " });
        out.push_str(&line.text);
        out.push('\n');
        write(out, &line.below, &format!("{before}{}", if last { "    " } else { "│   " }));
    }
}

/// What components depend on and what depends on them, in columns: stack, tree, type. All are terraform components, so
/// that the type stands at the top of each tree only; a stack is named where it is another one.
pub fn dependency_trees(relations: &Relations) -> String {
    const KIND: &str = "terraform";
    let mut rows: Vec<(String, String, &str)> = vec![("Stack".to_owned(), "Component".to_owned(), "Type")];
    for (index, ((component, stack), needs, needed_by)) in relations.trees().into_iter().enumerate() {
        if index > 0 {
            rows.push((String::new(), String::new(), ""));
        }
        rows.push((stack.clone(), component, KIND));
        let (forward, reverse) = (below(&needs, '▶', &stack), below(&needed_by, '◀', &stack));
        let lines = match relations.direction() {
            Direction::Both => {
                vec![Ref::branch("depends on ↓", or_none(forward)), Ref::branch("required by ↑", or_none(reverse))]
            }
            Direction::Forward => or_none(forward),
            Direction::Reverse => or_none(reverse),
        };
        write_refs(&mut rows, &lines, "");
    }
    let width = |cell: fn(&(String, String, &str)) -> usize| rows.iter().map(cell).max().unwrap_or(0) + 2;
    let stack_width = width(|row| row.0.chars().count());
    // Lines without a type do not make the column of trees wider.
    let tree_width = width(|row| if row.2.is_empty() { 0 } else { row.1.chars().count() });
    let mut out = String::from(" Dependencies\n");
    for (stack, tree, kind) in rows {
        let line = format!("{stack:<stack_width$}{tree:<tree_width$}{kind}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A line of the tree of dependencies, and the stack beside it.
struct Ref {
    text: String,
    stack: String,
    below: Vec<Ref>,
}

impl Ref {
    fn branch(text: &str, below: Vec<Ref>) -> Ref {
        Ref { text: text.to_owned(), stack: String::new(), below }
    }
}

fn or_none(found: Vec<Ref>) -> Vec<Ref> {
    if found.is_empty() { vec![Ref::branch("(none)", Vec::new())] } else { found }
}

fn below(trees: &[Tree], sign: char, own: &str) -> Vec<Ref> {
    let one = |tree: &Tree| Ref {
        text: format!("{sign} {}{}", tree.component, if tree.circular { " (circular reference)" } else { "" }),
        stack: if tree.stack == own { String::new() } else { tree.stack.clone() },
        below: below(&tree.below, sign, own),
    };
    trees.iter().map(one).collect()
}

fn write_refs(rows: &mut Vec<(String, String, &'static str)>, lines: &[Ref], before: &str) {
    for (index, line) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        let sign = if last { "└── " } else { "├── " };
        rows.push((line.stack.clone(), format!("{before}{sign}{}", line.text), ""));
        write_refs(rows, &line.below, &format!("{before}{}", if last { "    " } else { "│   " }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branches() -> Vec<Branch> {
        let import = |path: &str, imports: Vec<Import>| Import { path: path.to_owned(), imports };
        let branch = |stack: &str, imports: Vec<Import>| Branch {
            stack: stack.to_owned(),
            imports,
            components: [("app", "components/terraform/app"), ("vpc", "components/terraform/net")]
                .map(|(name, directory)| (name.to_owned(), directory.to_owned()))
                .to_vec(),
        };
        vec![branch("dev", vec![import("a", vec![import("b", vec![])]), import("c", vec![])]), branch("prod", vec![])]
    }

    #[test]
    fn stacks_stand_apart() {
        let tree = stack_tree(&branches(), false);
        assert_eq!(tree, " Stacks\n│\n├── dev\n│\n└── prod\n");
    }

    #[test]
    fn imports_stand_below_their_stack() {
        let tree = stack_tree(&branches(), true);
        assert_eq!(tree, " Stacks\n│\n├── dev\n│   ├── a\n│   │   └── b\n│   └── c\n│\n└── prod\n");
    }

    #[test]
    fn components_stand_with_their_directory_or_with_imports() {
        let tree = instance_tree(&branches(), false);
        assert_eq!(
            tree,
            " Component Instances\n│\n├── dev\n│   ├── app (components/terraform/app)\n\
             │   └── vpc (components/terraform/net)\n│\n└── prod\n    ├── app\n    └── vpc\n"
        );
        let tree = instance_tree(&branches()[..1], true);
        assert_eq!(
            tree,
            " Component Instances\n│\n└── dev\n    ├── app\n    │   ├── a\n    │   │   └── b\n    │   └── c\n    │\n    \
             └── vpc\n        ├── a\n        │   └── b\n        └── c\n"
        );
    }
}
