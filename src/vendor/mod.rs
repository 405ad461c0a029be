//! What is copied into the repository from elsewhere, as far as it can be said without asking anybody: manifests, what
//! addresses mean, which files are taken, versions, the lock file.
//!
//! Row 9. Read [`Source`] (one entry of `vendor.yaml`) and [`load`] (all of them, imports included) first, then
//! [`ComponentManifest`] (`component.yaml`). `tree` and `pattern` choose files, `lock` keeps what was installed,
//! `installed` compares that with the disk. Fetching and writing is in `ops::vendor`.

mod address;
mod component;
mod error;
mod installed;
mod load;
mod lock;
mod manifest;
mod pattern;
mod reader;
mod tree;
mod version;

pub use address::{Place, classify, normalized, redacted, reference};
pub use component::{COMPONENT_FILES, ComponentManifest, Mixin, component_file};
pub use error::Error;
pub use installed::{State, UNFINISHED, digest, drift_of_all, files_of, is_inside, owned, places, state_of};
pub use load::{Loaded, Where, find, load};
pub use lock::{Artifact, Lock, LockedFile, Origin, artifact_id};
pub use manifest::{Manifest, Source, Target};
pub use pattern::Choice;
pub use tree::{Item, is_of_git, items};
pub use version::{Constraints, is_newer, is_range, newest};
