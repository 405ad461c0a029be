//! All functions of this library.

use super::{
    dates, defaults, dicts, encoding, left_out, lists, math, merge, random, reflect, regexes, semver, strings, system,
};
use crate::template::Function;

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
