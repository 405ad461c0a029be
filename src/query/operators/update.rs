//! What changes the document in place: assignments, deletion, sorting of keys, flattening.

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation, Sides};
use crate::query::number;
use crate::query::op::{Expr, Op};
use crate::query::tree::{Id, Kind, Place, Tag, check_depth};

use super::traverse::{Part, Step};

impl Evaluation<'_> {
    pub(in crate::query) fn update(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        match &expr.op {
            Op::Assign { update: false } => {
                // Once for its effect: it makes room for what is missing.
                self.left(context, expr)?;
                self.cross(&context.reader(), expr, Sides::Both, &mut |this, _, left, right| {
                    if let (Some(left), Some(right)) = (left, right) {
                        this.assign(left, right)?;
                    }
                    Ok(None)
                })?;
                Ok(context.clone())
            }
            Op::Assign { .. } => {
                let targets = self.left(context, expr)?;
                self.update_each(context, &targets.matches, expr.right.as_deref())?;
                Ok(context.clone())
            }
            Op::AddAssign | Op::SubtractAssign | Op::MultiplyAssign(_) => self.compound(context, expr),
            Op::AssignTag { update } => self.assign_tag(context, expr, *update),
            Op::Delete => self.delete(context, expr),
            Op::DeletePaths => self.delete_paths(context, expr),
            Op::SetPath => self.set_path(context, expr),
            Op::With => self.with(context, expr),
            Op::MapValues => {
                for id in context.matches.iter() {
                    let children = self.splat(*id, Step::default())?;
                    self.update_each(context, &children, expr.right.as_deref())?;
                }
                Ok(context.clone())
            }
            Op::SortKeys => {
                for id in context.matches.iter() {
                    let found = self.right(&context.reading(*id), expr)?;
                    for map in found.matches.iter() {
                        self.sort_keys(*map)?;
                    }
                }
                Ok(context.clone())
            }
            Op::Flatten { depth } => {
                for id in context.matches.iter() {
                    if self.tree.kind(*id) != Kind::List {
                        return Err(Fault::failed("only arrays are supported for flatten"));
                    }
                    self.flatten(*id, *depth, 0)?;
                }
                Ok(context.clone())
            }
            // Aliases were resolved when the document was read.
            _ => {
                for id in context.matches.iter() {
                    self.right(&context.one(*id), expr)?;
                }
                Ok(context.clone())
            }
        }
    }

    /// `|=`: the last target first, so that children change before what contains them.
    fn update_each(&mut self, context: &Context, targets: &[Id], value: Option<&Expr>) -> Outcome<()> {
        for target in targets.iter().rev() {
            let found = self.run(&context.one(*target), value)?;
            if let Some(value) = found.first() {
                self.assign(*target, value)?;
            }
        }
        Ok(())
    }

    /// `+=`, `-=` and `*=`.
    fn compound(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let targets = self.left(context, expr)?;
        let reader = context.reader();
        let seen: Vec<Context> = if context.matches.is_empty() {
            vec![reader.clone()]
        } else {
            context.matches.iter().map(|id| reader.one(*id)).collect()
        };
        for target in targets.matches.iter() {
            let before = self.tree.copy(*target)?;
            for context in &seen {
                let values = self.right(context, expr)?;
                let mut results = Vec::with_capacity(values.matches.len());
                for value in values.matches.iter() {
                    results.push(match expr.op {
                        Op::AddAssign => self.add(before, *value)?,
                        Op::SubtractAssign => self.subtract(before, *value)?,
                        Op::MultiplyAssign(merge) => self.multiply(context, before, *value, merge, true)?,
                        _ => *value,
                    });
                }
                if results.is_empty() && matches!(expr.op, Op::AddAssign) && !context.matches.is_empty() {
                    // Looking for the values may have made room in the target.
                    results.push(before);
                }
                for result in results {
                    self.assign(*target, result)?;
                }
            }
        }
        Ok(context.clone())
    }

    fn assign_tag(&mut self, context: &Context, expr: &Expr, update: bool) -> Outcome<Context> {
        let mut tag = if update { "".into() } else { self.right_text(context, expr)? };
        let targets = self.left(context, expr)?;
        for target in targets.matches.iter() {
            if update {
                let found = self.right(&context.reading(*target), expr)?;
                if let Some(found) = found.first() {
                    tag = self.tree.text(found);
                }
            }
            self.tree.change(*target)?.tag = Tag::from_name(&tag);
        }
        Ok(context.clone())
    }

    fn delete(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let found = self.right(&context.reader(), expr)?;
        self.delete_all(context, &found.matches)
    }

    fn delete_all(&mut self, context: &Context, doomed: &[Id]) -> Outcome<Context> {
        for id in doomed.iter().rev() {
            let Some(parent) = self.tree.get(*id).parent else {
                let kept = context.matches.iter().copied().filter(|kept| kept != id).collect();
                return Ok(context.with(kept));
            };
            let Some(part) = self.path(*id).pop() else { continue };
            match self.tree.kind(parent) {
                Kind::Map => self.delete_key(parent, &part)?,
                Kind::List => self.delete_index(parent, &part)?,
                Kind::Scalar => {
                    let tag = self.tree.tag(parent).name();
                    return Err(Fault::failed(format!("cannot delete nodes from parent of tag {tag}")));
                }
            }
        }
        Ok(context.clone())
    }

    fn delete_key(&mut self, map: Id, part: &Part) -> Outcome<()> {
        let Part::Name(name) = part else { return Ok(()) };
        let mut kept = Vec::new();
        for pair in self.tree.children(map)?.chunks_exact(2) {
            if self.tree.get(pair[0]).text != *name {
                kept.extend_from_slice(pair);
            }
        }
        self.tree.set_children(map, kept)
    }

    fn delete_index(&mut self, list: Id, part: &Part) -> Outcome<()> {
        let wanted = part.to_string();
        let mut kept = Vec::new();
        for (index, item) in self.tree.children(list)?.into_iter().enumerate() {
            if index.to_string() != wanted {
                self.tree.set_place(item, Place::Index(kept.len()));
                kept.push(item);
            }
        }
        self.tree.set_children(list, kept)
    }

    /// A path as a list of keys and indexes.
    fn path_of_list(&mut self, word: &str, id: Id) -> Outcome<Vec<Part>> {
        if self.tree.kind(id) != Kind::List {
            let tag = self.tree.tag(id).name();
            return Err(Fault::failed(format!("{word}: expected path array, but got {tag} instead")));
        }
        let children = self.tree.children(id)?;
        check_depth(children.len())?;
        let mut parts = Vec::new();
        for part in children {
            let text = self.tree.text(part);
            parts.push(match self.tree.tag(part) {
                Tag::Str => Part::Name(text),
                Tag::Int => Part::Index(number::integer(&text).map_or(i64::MAX, |(_, index)| index)),
                tag => {
                    let tag = tag.name();
                    return Err(Fault::failed(format!(
                        "{word}: expected either a !!str or !!int in the path, found {tag} instead"
                    )));
                }
            });
        }
        Ok(parts)
    }

    fn set_path(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let block = block(expr, "SETPATH must be given a block (;)", "setpath([\"a\", 0]; 1)")?;
        let found = self.left(&context.reader(), block)?;
        let [path] = found.matches.as_slice() else {
            let count = found.matches.len();
            return Err(Fault::failed(format!("SETPATH: expected single path but found {count} results instead")));
        };
        let path = self.path_of_list("SETPATH", *path)?;
        for id in context.matches.iter() {
            let values = self.right(&context.reading(*id), block)?;
            let [value] = values.matches.as_slice() else {
                let count = values.matches.len();
                return Err(Fault::failed(format!("SETPATH: expected single value on RHS but found {count}")));
            };
            for target in self.walk(context, *id, &path, Step::default(), false)? {
                self.assign(target, *value)?;
            }
        }
        Ok(context.clone())
    }

    fn delete_paths(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let found = self.right(&context.reader(), expr)?;
        let [paths] = found.matches.as_slice() else {
            let count = found.matches.len();
            return Err(Fault::failed(format!("DELPATHS: expected single value but found {count}")));
        };
        if *self.tree.tag(*paths) != Tag::List {
            let tag = self.tree.tag(*paths).name();
            return Err(Fault::failed(format!("DELPATHS: expected a sequence of sequences, but found {tag}")));
        }
        let mut context = context.clone();
        for path in self.tree.children(*paths)? {
            let path = self.path_of_list("DELPATHS", path)?;
            let mut doomed = Vec::new();
            for id in context.matches.iter() {
                doomed.extend(self.walk(&context.reader(), *id, &path, Step::default(), false)?);
            }
            context = self.delete_all(&context, &doomed)?;
        }
        Ok(context)
    }

    fn with(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        let block = block(expr, "with must be given a block (;)", "with(.a; .b = 1)")?;
        let targets = self.left(context, block)?;
        for target in targets.matches.iter() {
            self.right(&context.one(*target), block)?;
        }
        Ok(context.clone())
    }

    fn sort_keys(&mut self, map: Id) -> Outcome<()> {
        if self.tree.kind(map) != Kind::Map {
            return Ok(());
        }
        let children = self.tree.children(map)?;
        let mut entries: Vec<_> = children.chunks_exact(2).map(|pair| (self.tree.text(pair[0]), pair)).collect();
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        let sorted = entries.into_iter().flat_map(|(_, pair)| pair.iter().copied()).collect();
        self.tree.set_children(map, sorted)
    }

    fn flatten(&mut self, list: Id, depth: Option<usize>, level: usize) -> Outcome<()> {
        check_depth(level)?;
        if depth == Some(0) {
            return Ok(());
        }
        let mut flat = Vec::new();
        for item in self.tree.children(list)? {
            if self.tree.kind(item) == Kind::List {
                self.flatten(item, depth.map(|depth| depth - 1), level + 1)?;
                flat.extend(self.tree.children(item)?);
            } else {
                flat.push(item);
            }
        }
        self.tree.set_children(list, Vec::new())?;
        self.tree.extend(list, &flat)
    }
}

/// The two halves of `(…; …)`.
fn block<'e>(expr: &'e Expr, refusal: &str, example: &str) -> Outcome<&'e Expr> {
    expr.right
        .as_deref()
        .filter(|right| matches!(right.op, Op::Block))
        .ok_or_else(|| Fault::failed(refusal).help(format!("write `{example}`")))
}
