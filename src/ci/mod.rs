//! What runs tell the CI system that runs them: summaries in Markdown and variables for later jobs.
//!
//! Row 10. Pure. Read [`Report`] first: what became of one component, read from terraform's own words ([`Told`]). [`summary`]
//! renders one of them, [`many`] a whole run; [`variables`] gives what later jobs read. [`Platform`] says where both go.
//! A [`Check`] is a status of the commit, [`comment_body`] a comment on its pull request.
//! An [`Annotation`] is a finding beside the line that it is about, [`diagnostics`] reads those of terraform.

mod annotation;
mod blocks;
mod checks;
mod comment;
mod data;
mod diagnostics;
mod findings;
mod groups;
mod junit;
mod many;
mod markdown;
mod platform;
mod report;
mod settings;
mod summary;
mod told;
mod variables;

pub use annotation::{Annotation, Level, data as command_data, property as command_property};
pub use checks::{Check, State};
pub use comment::{Behavior, body as comment_body, mark, mark_of_many};
pub use data::data;
pub use diagnostics::{Diagnostic, diagnostics};
pub use findings::findings;
pub use groups::{FOLDED, Groups, Part as Folded};
pub use junit::Tests;
pub use many::{Part, many};
pub use platform::{Origin, Platform};
pub use report::Report;
pub use settings::{Checks, Settings, passes};
pub use summary::summary;
pub use told::Told;
pub use variables::{of_many, of_one, written};
