//! Stack manifests: discovery, imports, file merge, and the index of everything that was found.
//!
//! Row 5. Read [`StackIndex`] first: it reads and parses every reachable file once and in parallel, and merges a
//! [`Stack`] only when somebody asks for it. A file that cannot be read or merged is an error of the stacks that need
//! it, not of the others.

mod beside;
mod error;
mod file;
#[cfg(test)]
pub(crate) mod fixture;
mod frame;
mod glance;
mod glob;
mod import;
mod include;
mod index;
mod layers;
mod load;
mod merged;
mod name;
mod narrow;
mod overrides;
mod probe;
#[cfg(test)]
mod remote_tests;
mod render;
mod slim;
mod strict;
mod survey;
mod targets;
#[cfg(test)]
mod tests;
mod tree;
mod versions;

pub use beside::{Changes, Verdict, changes};
pub use error::Error;
pub(crate) use error::{Located, global_metadata_error, section_error};
pub use glob::matches as glob_matches;
pub(crate) use glob::{Matcher as GlobMatcher, find as glob_find, is_plain as is_plain_name};
pub use index::{Stack, StackIndex};
pub use layers::{FileLayer, OverrideLayer};
pub use load::all_manifests;
pub use merged::Document;
pub use name::{pattern_lost, pattern_name, pattern_tokens};
pub(crate) use narrow::keep_narrow;
pub use probe::Probe;
pub(crate) use render::Machine;
pub use slim::Part;
pub(crate) use strict::put;
pub(crate) use survey::conflict_remark;
pub use survey::{Survey, Surveyed};
pub use tree::Import;
pub use versions::Versions;
