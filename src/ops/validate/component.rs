//! `atmos validate component`

use super::policies::{self, Override, PolicyReport};
use crate::content::Names;
use crate::diag::Result;
use crate::ops::App;
use crate::ops::describe;
use crate::resolve;

/// Which component is checked, and what instead of its own entries.
#[derive(Debug, Clone, Default)]
pub struct ComponentRequest {
    pub component: String,
    pub stack: String,
    /// Kind of the component where several have one of this name; without, the first in their order.
    pub kind: Option<String>,
    pub processing: resolve::Options,
    pub schema_path: Option<String>,
    pub schema_type: Option<String>,
    pub module_paths: Vec<String>,
    pub timeout: Option<u64>,
}

/// Checks one component against its schemas and policies, all of them.
///
/// # Errors
/// A component that cannot be found or evaluated, and a check that cannot be carried out.
pub fn component(app: &App, request: &ComponentRequest) -> Result<PolicyReport> {
    let wanted = describe::ComponentRequest {
        component: request.component.clone(),
        stack: request.stack.clone(),
        kind: request.kind.clone(),
        processing: request.processing.clone(),
        full: true,
        names: Names::default(),
        query: None,
    };
    let (written, evaluated) = describe::instances(app, &wanted)?;
    let instead = Override {
        schema_path: request.schema_path.clone(),
        schema_type: request.schema_type.clone(),
        module_paths: request.module_paths.clone(),
        timeout: request.timeout,
    };
    policies::check(app, &written, &evaluated, &instead, &["validate", "component"], &[])
}
