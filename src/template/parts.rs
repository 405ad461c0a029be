//! What a template consists of, wherever in it: texts, constants, functions.

use std::collections::BTreeSet;

use super::ast::{Expr, ExprKind, List, Pipe, Step};
use super::settings::Template;

impl Template {
    /// The text between actions and the constants in them, one behind the other: what a template can print by itself.
    pub fn constants(&self) -> String {
        let mut constants = String::new();
        self.each(&mut |part| match part {
            Part::Text(text) => constants.push_str(text),
            Part::Expr(Expr { kind: ExprKind::String { val, .. }, .. }) => {
                constants.push_str(val.as_str().unwrap_or_default());
            }
            Part::Expr(_) => {}
        });
        constants
    }

    /// The names of all functions and namespaces, and those of the `atmos` namespace as `atmos.Name`. A field with such a
    /// name counts as the function, since the namespace may be behind a variable.
    pub fn functions(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.each(&mut |part| {
            let Part::Expr(expr) = part else { return };
            let fields = match &expr.kind {
                ExprKind::Function(callee) => {
                    names.insert(callee.name().to_owned());
                    return;
                }
                ExprKind::Field(fields) | ExprKind::Variable { fields, .. } | ExprKind::Chain { fields, .. } => fields,
                _ => return,
            };
            let known = fields.iter().filter(|field| ATMOS.contains(&&***field));
            names.extend(known.map(|field| format!("atmos.{field}")));
        });
        names
    }

    fn each<'t>(&'t self, visit: &mut dyn FnMut(Part<'t>)) {
        each(&self.compiled.body, visit);
        for (name, list) in &self.compiled.defined {
            if **name != *self.compiled.name {
                each(list, visit);
            }
        }
    }
}

/// The functions behind `atmos`.
const ATMOS: [&str; 4] = ["Component", "GomplateDatasource", "Resolve", "Store"];

#[derive(Clone, Copy)]
enum Part<'t> {
    Text(&'t str),
    Expr(&'t Expr),
}

fn each<'t>(list: &'t List, visit: &mut dyn FnMut(Part<'t>)) {
    for step in list {
        match step {
            Step::Text(text) => visit(Part::Text(text)),
            Step::Action(pipe) | Step::Template { pipe: Some(pipe), .. } => each_of_pipe(pipe, visit),
            Step::If(all) | Step::With(all) => {
                for (pipe, list) in &all.branches {
                    each_of_pipe(pipe, visit);
                    each(list, visit);
                }
                all.otherwise.iter().for_each(|list| each(list, visit));
            }
            Step::Range(range) => {
                each_of_pipe(&range.pipe, visit);
                each(&range.body, visit);
                range.otherwise.iter().for_each(|list| each(list, visit));
            }
            Step::Template { pipe: None, .. } | Step::Break(_) | Step::Continue(_) => {}
        }
    }
}

fn each_of_pipe<'t>(pipe: &'t Pipe, visit: &mut dyn FnMut(Part<'t>)) {
    pipe.commands.iter().flat_map(|command| &command.words).for_each(|word| each_of_expr(word, visit));
}

fn each_of_expr<'t>(expr: &'t Expr, visit: &mut dyn FnMut(Part<'t>)) {
    visit(Part::Expr(expr));
    match &expr.kind {
        ExprKind::Pipe(pipe) => each_of_pipe(pipe, visit),
        ExprKind::Chain { base, .. } => each_of_expr(base, visit),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Source;
    use super::*;

    fn template(text: &str) -> Template {
        Template::parse(&Source::new("t", text)).unwrap()
    }

    #[test]
    fn constants_stand_in_their_order() {
        for (text, expected) in [
            ("a {{ \"b\" }} c", "a b c"),
            ("{{ \"{{\" }} .x {{ \"}}\" }}", "{{ .x }}"),
            ("{{ if eq .a \"1\" }}x{{ else }}{{ printf \"y%s\" (upper \"z\") }}{{ end }}", "1xy%sz"),
            ("{{ range .l }}{{ . }},{{ end }}", ","),
        ] {
            assert_eq!(template(text).constants(), expected, "{text}");
        }
    }

    #[test]
    fn functions_are_found_wherever_they_are() {
        for (text, expected) in [
            ("{{ .vars.x | upper }}", &["upper"][..]),
            ("{{ (atmos.Component \"a\" .s).vars.x }}", &["atmos", "atmos.Component"]),
            ("{{ $x := atmos }}{{ $x.Store \"a\" }}", &["atmos", "atmos.Store"]),
            ("{{ if .a }}{{ with ds \"x\" }}{{ .y }}{{ end }}{{ end }}", &["ds"]),
            ("{{ define \"d\" }}{{ now }}{{ end }}", &["now"]),
        ] {
            let found = template(text).functions();
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
