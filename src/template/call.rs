//! One rendering, as functions see it.

use std::sync::Arc;

use super::ast::Compiled;
use super::dict::Dict;
use super::problem::Problem;
use super::value::Val;
use super::world::World;
use super::{Options, Source};
use crate::value::Map;

/// Values and levels that are looked through for changed maps: maps can hold themselves.
const REFRESH_BUDGET: usize = 100_000;
const REFRESH_DEPTH: usize = 100;

/// One rendering, as functions see it: the world, the limits, and the maps that were changed.
pub struct Call<'w> {
    world: &'w mut dyn World,
    pub(super) compiled: Arc<Compiled>,
    pub(super) options: Options,
    /// Levels of blocks, pipelines and templates that are being evaluated.
    pub(super) depth: usize,
    /// Iterations and template calls so far.
    pub(super) steps: usize,
    /// Memory that functions asked for so far.
    memory: usize,
    /// Maps of the data that `set` and the like changed in this rendering, with what stands for them.
    changed: Vec<(Arc<Map>, Dict)>,
}

impl<'w> Call<'w> {
    pub(super) fn new(compiled: Arc<Compiled>, options: Options, world: &'w mut dyn World) -> Call<'w> {
        Call { world, compiled, options, depth: 0, steps: 0, memory: 0, changed: Vec::new() }
    }
}

impl Call<'_> {
    /// Environment, clock, random bytes, files; `world().lookup()` for components, stores and data sources.
    pub fn world(&mut self) -> &mut dyn World {
        self.world
    }

    /// Asks for this much memory before a function makes a value of a size that an argument decides (`repeat`,
    /// `until`, padding). In bytes, or in items of a list times 16.
    ///
    /// # Errors
    /// The rendering would use more than its limit.
    pub fn allow(&mut self, bytes: usize) -> Result<(), Problem> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > self.options.limits.memory {
            return Err(Problem::limit(format!(
                "functions make values of more than {} bytes",
                self.options.limits.memory
            )));
        }
        Ok(())
    }

    /// Memory that functions may still ask for.
    pub fn room(&self) -> usize {
        self.options.limits.memory.saturating_sub(self.memory)
    }

    /// A map that can be changed (`set`, `unset`, `merge`) and that every later use of `dict` in this rendering sees:
    /// `dict` itself when a function made it, else a copy that stands for the map of the data.
    pub fn writable(&mut self, dict: &Dict) -> Dict {
        let Some(nodes) = dict.as_nodes() else { return dict.clone() };
        let known = self.view(dict);
        if known.as_nodes().is_none() {
            return known;
        }
        let copy = dict.copy();
        self.changed.push((nodes.clone(), copy.clone()));
        copy
    }

    /// The map as it is now: what stands for a map of the data that was changed in this rendering.
    pub fn view(&self, dict: &Dict) -> Dict {
        let changed = dict.as_nodes().and_then(|nodes| {
            self.changed.iter().find(|(known, _)| Arc::ptr_eq(known, nodes)).map(|(_, dict)| dict.clone())
        });
        changed.unwrap_or_else(|| dict.clone())
    }

    /// The value with every map in it as it is now; `None` when nothing in it was changed. What was changed deep inside
    /// makes the maps around it changed ones too, so that they stay what everyone sees.
    pub(super) fn refreshed(&mut self, val: &Val) -> Option<Val> {
        if self.is_pristine() {
            return None;
        }
        let mut budget = REFRESH_BUDGET;
        self.refresh(val, &mut budget, 0)
    }

    fn refresh(&mut self, val: &Val, budget: &mut usize, depth: usize) -> Option<Val> {
        *budget = budget.checked_sub(1)?;
        if depth > REFRESH_DEPTH {
            return None;
        }
        match val {
            Val::Dict(dict) => {
                let now = self.view(dict);
                let mut changed = Vec::new();
                for (key, item) in now.entries() {
                    changed.extend(self.refresh(&item, budget, depth + 1).map(|item| (key, item)));
                }
                if changed.is_empty() {
                    return (!now.is(dict)).then_some(Val::Dict(now));
                }
                let now = self.writable(&now);
                for (key, item) in changed {
                    now.set(key, item);
                }
                Some(Val::Dict(now))
            }
            Val::List(list) => {
                let mut items: Option<Vec<Val>> = None;
                for (index, item) in list.iter().enumerate() {
                    if let Some(item) = self.refresh(&item, budget, depth + 1) {
                        items.get_or_insert_with(|| list.to_vec())[index] = item;
                    }
                }
                items.map(|items| Val::List(super::list::List::typed(list.elem(), items)))
            }
            _ => None,
        }
    }

    /// Whether no map of the data was changed yet: then it can be walked without asking.
    pub(super) fn is_pristine(&self) -> bool {
        self.changed.is_empty()
    }

    /// Renders another text in this rendering, with the same functions and limits (`tpl`, `tmpl.Inline`). Templates
    /// that the running one defines are not known in it.
    ///
    /// # Errors
    /// The text is no template, or it cannot be rendered.
    pub fn render(&mut self, name: &str, text: &str, data: &Val) -> Result<String, Problem> {
        self.world().may_render(text)?;
        let source = Source {
            name,
            text,
            delimiters: self.compiled.delimiters.clone(),
            functions: self.compiled.functions,
            place: None,
        };
        let inner = super::parse::parse(&source).map_err(|error| Problem::new(error.to_string()))?;
        let outer = std::mem::replace(&mut self.compiled, Arc::new(inner));
        let depth = self.depth;
        let result = super::eval::run(self, None, data);
        self.compiled = outer;
        self.depth = depth;
        result.map_err(Problem::from_error)
    }

    /// Renders a template that the running one defines (`tmpl.Exec`).
    ///
    /// # Errors
    /// It is not defined, or it cannot be rendered.
    pub fn render_named(&mut self, name: &str, data: &Val) -> Result<String, Problem> {
        if !self.compiled.defined.contains_key(name) {
            return Err(Problem::new(format!("template {} not defined", super::format::quote(name))));
        }
        let depth = self.depth;
        let result = super::eval::run(self, Some(name), data);
        self.depth = depth;
        result.map_err(Problem::from_error)
    }
}
