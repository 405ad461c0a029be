//! `atmos validate …`: all stack manifests at once, one component against its schemas and policies, files against
//! schemas of the configuration, and files against `.editorconfig`.

mod component;
mod editorconfig;
mod files;
mod policies;
mod relations;
mod stacks;

pub use component::{ComponentRequest, component};
pub use editorconfig::{EditorConfigReport, EditorConfigRequest, editorconfig};
pub use files::{Checked, FilesReport, FilesRequest, files};
pub(super) use policies::before_run;
pub use policies::{Objection, PolicyReport};
pub use stacks::{Report, StacksRequest, stacks};
