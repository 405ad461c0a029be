//! Planfiles that are kept between the job that plans and the one that applies (`components.terraform.planfiles`).
//!
//! Row 12. Read [`Shelf`] first: where they lie, a folder, a bucket of S3, or artifacts of GitHub. `bundle` packs a plan with its lock file,
//! `note` is what is said of it beside; `commands` is `atmos terraform planfile …`.

mod bundle;
mod commands;
mod error;
mod note;
mod settings;
mod shelf;

pub use commands::{PlanfileQuery, Row, Shown, delete, download, list, matching, show, upload};
pub(super) use commands::{bring, keep};
pub use error::Error;
pub use note::Note;
pub(super) use settings::Settings;
pub use settings::Verify;
pub use shelf::Entry;
