//! The YAML functions: what each tag means, one file for each family.
//!
//! Row 7; only `resolve` calls it. Read [`call`] first. `registry` knows every tag and where it may stand, `problem`
//! what can go wrong. Nothing here walks values, renders templates or merges: arguments arrive as the text that the
//! function finally has, and a result is data that nobody evaluates again. What asks outside of the repository
//! (`!terraform.*`, `!aws.*`) has only its arguments here.

mod arguments;
mod call;
mod env;
mod exec;
mod git;
mod labels;
mod local;
mod options;
mod problem;
mod registry;
mod secret;
mod sops;
mod store;
mod template;
mod terraform;
mod version;

pub use arguments::words;
pub use call::{Context, Memo, Reader, begin, call};
pub use options::Arguments;
pub use problem::{Mistake, Problem};
pub use registry::{is_name, is_skipped, is_supported, nearest_tag, supported, written_as_function};
pub use store::stored;
pub use terraform::OutputArguments;
pub use version::versions;
