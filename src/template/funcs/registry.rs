//! Names to functions.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{atmos, builtin, columns, gomplate, sprig};
use crate::template::Functions;
use crate::template::ast::Callee;
use crate::template::function::Function;

/// The functions of one setting, made once per process.
pub(in crate::template) struct Registry {
    callees: HashMap<&'static str, Callee>,
}

static BUILT_IN: LazyLock<Registry> = LazyLock::new(|| Registry::new(false, false));
static SPRIG: LazyLock<Registry> = LazyLock::new(|| Registry::new(true, false));
static GOMPLATE: LazyLock<Registry> = LazyLock::new(|| Registry::new(false, true));
static ALL: LazyLock<Registry> = LazyLock::new(|| Registry::new(true, true));
static COLUMNS: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::new(false, false);
    registry.callees.extend(columns::FUNCTIONS.iter().map(|function| (function.name, Callee::Function(function))));
    registry
});

impl Functions {
    pub(in crate::template) fn registry(self) -> &'static Registry {
        match self {
            Functions::BuiltIn => &BUILT_IN,
            Functions::Sprig => &SPRIG,
            Functions::Gomplate => &GOMPLATE,
            Functions::All => &ALL,
            Functions::Columns => &COLUMNS,
        }
    }
}

/// Functions that are always there.
static OWN: &[&[Function]] = &[atmos::OWN];

impl Registry {
    fn new(sprig: bool, gomplate: bool) -> Registry {
        let mut callees = HashMap::new();
        for function in builtin::FUNCTIONS {
            callees.insert(
                function.name,
                match function.name {
                    "and" => Callee::And(function),
                    "or" => Callee::Or(function),
                    "call" => Callee::Call(function),
                    _ => Callee::Function(function),
                },
            );
        }
        callees.insert(atmos::NAMESPACE.name, Callee::Namespace(&atmos::NAMESPACE));
        let mut add = |tables: &'static [&'static [Function]]| {
            for function in tables.iter().copied().flatten() {
                callees.insert(function.name, Callee::Function(function));
            }
        };
        if gomplate {
            add(gomplate::FUNCTIONS);
        }
        if sprig {
            add(sprig::FUNCTIONS);
        }
        add(OWN);
        if gomplate {
            for namespace in gomplate::NAMESPACES {
                callees.entry(namespace.name).or_insert(Callee::Namespace(namespace));
            }
        }
        Registry { callees }
    }

    pub(in crate::template) fn callee(&self, name: &str) -> Option<Callee> {
        self.callees.get(name).copied()
    }

    /// Every name that can be called, those behind a namespace with it.
    #[cfg(test)]
    pub(in crate::template) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (name, callee) in &self.callees {
            match callee {
                Callee::Namespace(namespace) => {
                    names.extend(namespace.functions.iter().map(|function| format!("{name}.{}", function.name)));
                }
                _ => names.push((*name).to_owned()),
            }
        }
        names.sort_unstable();
        names
    }

    pub(in crate::template) fn nearest(&self, name: &str) -> Option<&'static str> {
        crate::template::error::nearest(name, self.callees.keys().copied())
    }
}
