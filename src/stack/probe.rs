//! Which stacks may have a name, told from the values that are written in their files: nothing is merged for that.

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

/// What a file says of one variable of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    Nothing,
    /// Values that are no part of the name.
    Other,
    /// A value that is part of the name, or one that is not known yet.
    Fits,
}

impl StackIndex {
    /// The stacks that are worth a look first, in their order. A guess, in both directions: a name template may change what
    /// it reads. Who finds nothing here looks at all of them.
    pub fn likely(&self, probe: Probe<'_>) -> Vec<&Stack> {
        if probe.variables.is_empty() {
            return self.stacks().iter().collect();
        }
        let hints: Vec<Vec<Hint>> = self
            .files()
            .par_iter()
            .map(|file| {
                let mut hints = vec![Hint::Nothing; probe.variables.len()];
                match &file.written.document {
                    // A manifest may say its name itself.
                    Ok(document) if document.get("name").is_none() => collect(document, probe, &mut hints),
                    _ => hints.fill(Hint::Fits),
                }
                hints
            })
            .collect();
        let is_likely = |stack: &&Stack| *stack.key == *probe.name || self.fits(stack, &hints);
        self.stacks().par_iter().filter(is_likely).collect()
    }

    /// Whether each variable has a fitting value somewhere in the files of the stack.
    fn fits(&self, stack: &Stack, hints: &[Vec<Hint>]) -> bool {
        let variables = hints.first().map_or(0, Vec::len);
        let mut found = vec![Hint::Nothing; variables];
        let mut seen = vec![false; hints.len()];
        let mut open = vec![stack.file()];
        while let Some(index) = open.pop() {
            let Some(here) = hints.get(index) else { return true };
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            found.iter_mut().zip(here).for_each(|(found, here)| *found = (*found).max(*here));
            if found.iter().all(|hint| *hint == Hint::Fits) {
                return true;
            }
            for entry in self.files()[index].written.imports.iter().flat_map(|entries| entries.iter()) {
                match entry.files.get() {
                    Some(files) => open.extend(files),
                    // The path is a template: whatever it leads to may have the values.
                    None => return true,
                }
            }
        }
        !found.contains(&Hint::Other)
    }
}

/// The values of the variables in every `vars` at and below the node.
fn collect(node: &Node, probe: Probe<'_>, hints: &mut [Hint]) {
    let Some(map) = node.as_map() else { return };
    for (key, below) in map {
        if &**key == "vars" {
            for (variable, hint) in probe.variables.iter().zip(&mut *hints) {
                *hint = (*hint).max(value(below, variable, probe.name));
            }
        } else {
            collect(below, probe, hints);
        }
    }
}

fn value(vars: &Node, variable: &str, name: &str) -> Hint {
    let node = match &vars.value {
        Value::Map(vars) => vars.get(variable),
        Value::Null => None,
        _ => Some(vars),
    };
    match node.map(|node| (&node.value, node.scalar_text())) {
        None => Hint::Nothing,
        Some((Value::Null, _)) => Hint::Other,
        Some((_, Some(text))) if !text.contains("{{") && !text.starts_with('!') && !name.contains(&text) => Hint::Other,
        Some(_) => Hint::Fits,
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
