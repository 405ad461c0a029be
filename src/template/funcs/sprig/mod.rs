//! Functions with the names and the behaviour of sprig v3.

mod dates;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod left_out;
mod lists;
mod math;
mod merge;
mod random;
mod reflect;
mod regexes;
mod semver;
mod semver_range;
mod strings;
mod system;

use crate::template::{Function, Namespace};

pub(in crate::template::funcs) use reflect::deep_equal;
pub(in crate::template::funcs) use strings::split;

/// Tables of functions, later ones win.
pub(crate) static FUNCTIONS: &[&[Function]] = &[
    strings::TABLE,
    lists::TABLE,
    lists::MUST,
    dicts::TABLE,
    merge::TABLE,
    defaults::TABLE,
    math::TABLE,
    dates::TABLE,
    encoding::TABLE,
    reflect::TABLE,
    regexes::TABLE,
    semver::TABLE,
    system::TABLE,
    random::TABLE,
    left_out::TABLE,
];

/// Namespaces.
pub(crate) static NAMESPACES: &[Namespace] = &[];
