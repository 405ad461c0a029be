//! Lists of what a repository has: rows under columns that the user chooses, trees, and matrices of values.
//!
//! Read [`View`] first: how a list is asked for. `subject` says what lists there are, `column` and `shape` make of rows
//! what is shown; the other files give the rows. Only what a view reads is evaluated: names are enough for most lists.

mod affected;
mod aliases;
mod closure;
mod column;
mod components;
mod dependencies;
mod editions;
mod error;
mod facts;
mod imports;
mod instances;
mod migrations;
mod profiles;
mod repositories;
mod shape;
mod sources;
mod stacks;
mod subject;
mod themes;
mod values;
mod vendor;
mod workflows;

pub use affected::affected;
pub use aliases::{Alias, aliases};
pub use closure::Closure;
pub use column::configured_format;
pub use components::{ComponentsRequest, components};
pub use dependencies::{DependenciesRequest, Direction, Entry, Level, Place, Relations, Tree, dependencies};
pub use editions::{EditionsRequest, editions};
pub use error::Error;
pub use imports::{Branch, Import, instance_tree, stack_tree};
pub use instances::{InstancesRequest, MatrixEntry, instances, matrix, metadata};
pub use migrations::{MigrationsRequest, migrations};
pub use profiles::profiles;
pub use repositories::repositories;
pub use shape::View;
pub(super) use shape::labels;
pub use sources::{SourcesRequest, sources};
pub use stacks::{StacksRequest, stacks};
pub use subject::{Subject, fields};
pub use themes::themes;
pub use values::{Values, ValuesRequest, settings, values};
pub use vendor::{VendorRequest, vendor};
pub use workflows::{WorkflowsRequest, workflows};

use crate::value::Node;

/// Text under named columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// The same as values of their types, where somebody wants them.
    pub values: Vec<Vec<Node>>,
    /// No header is wanted.
    pub headless: bool,
}
