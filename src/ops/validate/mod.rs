//! `atmos validate …`: all stack manifests at once, one component against its schemas and policies, files against
//! schemas of the configuration, files against `.editorconfig`, and workflows of the CI system.

mod ci;
mod component;
mod editorconfig;
mod files;
mod policies;
mod relations;
mod stacks;
mod workflows;

pub use ci::{CiRequest, ci, has_workflows};
pub use component::{ComponentRequest, component};
pub use editorconfig::{EditorConfigReport, EditorConfigRequest, editorconfig, publish_editorconfig};
pub use files::{Checked, FilesReport, FilesRequest, files};
pub(super) use policies::before_run;
pub use policies::{Objection, PolicyReport};
pub use stacks::{Report, StacksRequest, stacks};
pub use workflows::{WorkflowsRequest, has_workflow_files, workflows};
