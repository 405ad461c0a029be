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
mod table;

pub(in crate::template::funcs) use reflect::deep_equal;
pub(in crate::template::funcs) use strings::split;

pub(crate) use semver::Version;
pub(crate) use semver_range::Range;
pub(crate) use table::FUNCTIONS;
