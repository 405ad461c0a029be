//! Which stacks may have a name, told from the values that are written in their files: nothing is merged for that.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::index::{Stack, StackIndex};
use crate::value::{Node, Value};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'p> {
    /// Canonical name of a stack.
    pub name: &'p str,
    /// Variables of which the name consists.
    pub variables: &'p [String],
}

/// What a stack says of one variable of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    Nothing,
    /// Values that are no part of the name.
    Other,
    /// A value that is part of the name, or one that is not known yet.
    Fits,
}

/// What a file, or a stack with all its files, says of the variables of names; put together once.
#[derive(Debug, Clone, Default)]
struct Said {
    /// Nothing can be told.
    open: bool,
    variables: Vec<Values>,
}

/// The values of one variable.
#[derive(Debug, Clone, Default)]
struct Values {
    texts: BTreeSet<String>,
    /// One is null.
    null: bool,
    /// One is not known yet.
    open: bool,
}

/// What the stacks say, in their order, of these variables.
#[derive(Debug)]
pub(super) struct Guesses {
    variables: Vec<String>,
    stacks: Vec<Said>,
}

impl StackIndex {
    /// The stacks that are worth a look first, in their order. A guess, in both directions: a name template may change what
    /// it reads. Who finds nothing here looks at all of them.
    pub fn likely(&self, probe: Probe<'_>) -> Vec<&Stack> {
        if probe.variables.is_empty() {
            return self.stacks().iter().collect();
        }
        let known = self.guesses.get_or_init(|| self.guess(probe.variables));
        let made;
        let guesses = if known.variables == probe.variables {
            known
        } else {
            made = self.guess(probe.variables);
            &made
        };
        let stacks = self.stacks().iter().zip(&guesses.stacks);
        stacks
            .filter(|(stack, said)| *stack.key == *probe.name || said.fits(probe.name))
            .map(|(stack, _)| stack)
            .collect()
    }

    fn guess(&self, variables: &[String]) -> Guesses {
        let files: Vec<Said> = self
            .files()
            .par_iter()
            .map(|file| {
                let mut said = Said { open: false, variables: vec![Values::default(); variables.len()] };
                match &file.written.document {
                    // A manifest may say its name itself.
                    Ok(document) if document.get("name").is_none() => collect(document, variables, &mut said.variables),
                    _ => said.variables.iter_mut().for_each(|values| values.open = true),
                }
                said
            })
            .collect();
        let stacks = self.stacks().par_iter().map(|stack| self.said(stack, &files)).collect();
        Guesses { variables: variables.to_vec(), stacks }
    }

    /// What the files of a stack say together.
    fn said(&self, stack: &Stack, files: &[Said]) -> Said {
        let mut all = Said::default();
        let mut seen = vec![false; files.len()];
        let mut open = vec![stack.file()];
        while let Some(index) = open.pop() {
            let Some(here) = files.get(index) else { return Said { open: true, ..all } };
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            all.variables.resize_with(here.variables.len(), Values::default);
            all.variables.iter_mut().zip(&here.variables).for_each(|(all, here)| all.add(here));
            for entry in self.files()[index].written.imports.iter().flat_map(|entries| entries.iter()) {
                match entry.files.get() {
                    Some(files) => open.extend(files),
                    // The path is a template: whatever it leads to may have the values.
                    None => return Said { open: true, ..all },
                }
            }
        }
        all
    }
}

impl Said {
    /// Whether each variable has a fitting value somewhere, or none is known to have another.
    fn fits(&self, name: &str) -> bool {
        self.open || !self.variables.iter().any(|values| values.hint(name) == Hint::Other)
    }
}

impl Values {
    fn add(&mut self, other: &Values) {
        self.open |= other.open;
        self.null |= other.null;
        self.texts.extend(other.texts.iter().cloned());
    }

    fn note(&mut self, node: &Node) {
        match (&node.value, node.scalar_text()) {
            (Value::Null, _) => self.null = true,
            (_, Some(text)) if !text.contains("{{") && !text.starts_with('!') => {
                self.texts.insert(text);
            }
            _ => self.open = true,
        }
    }

    fn hint(&self, name: &str) -> Hint {
        if self.open || self.texts.iter().any(|text| name.contains(text.as_str())) {
            Hint::Fits
        } else if self.null || !self.texts.is_empty() {
            Hint::Other
        } else {
            Hint::Nothing
        }
    }
}

/// The values of the variables in every `vars` at and below the node.
fn collect(node: &Node, variables: &[String], found: &mut [Values]) {
    let Some(map) = node.as_map() else { return };
    for (key, below) in map {
        if &**key != "vars" {
            collect(below, variables, found);
            continue;
        }
        for (variable, values) in variables.iter().zip(&mut *found) {
            let node = match &below.value {
                Value::Map(vars) => vars.get(&**variable),
                Value::Null => None,
                _ => Some(below),
            };
            if let Some(node) = node {
                values.note(node);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::fixture::Fixture;

    #[test]
    fn only_stacks_with_fitting_values_are_likely() {
        let catalog = "vars: {tenant: core}\ncomponents: {terraform: {vpc: {vars: {stage: prod}}}}\n";
        let repository = Fixture::new(&[
            ("stacks/catalog/both.yaml", catalog),
            ("stacks/orgs/a.yaml", "import: [catalog/both]\nvars: {stage: dev}\n"),
            ("stacks/orgs/b.yaml", "vars: {tenant: core, stage: test}\n"),
            ("stacks/orgs/c.yaml", "vars: {tenant: '{{ .x }}', stage: prod}\n"),
            ("stacks/orgs/d.yaml", "name: whatever\n"),
            ("stacks/orgs/e.yaml", "vars: {stage: prod}\n"),
            ("stacks/orgs/f.yaml", "vars: {a: [}\n"),
            ("stacks/orgs/g.yaml", "vars: {tenant: x, stage: y}\n"),
        ]);
        let index = StackIndex::load(&repository.host, &repository.config()).unwrap();
        let variables = ["tenant".to_owned(), "stage".to_owned()];
        let likely = |name| {
            let stacks = index.likely(Probe { name, variables: &variables });
            stacks.iter().map(|stack| stack.key.trim_start_matches("orgs/").to_owned()).collect::<Vec<_>>()
        };
        // A value that is not there excludes nothing.
        assert_eq!(likely("core-prod"), ["a", "c", "d", "e", "f"]);
        assert_eq!(likely("orgs/g"), ["d", "f", "g"]);
        assert_eq!(index.likely(Probe { name: "core-prod", variables: &[] }).len(), index.stacks().len());
    }
}
