//! What is said of a planfile beside it.

use serde::{Deserialize, Serialize};

/// Where a plan comes from and what it would do. The names are those of the reference, which reads the same files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    pub stack: String,
    pub component: String,
    pub sha: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub base_sha: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub branch: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pr_number: Option<u64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub repository: String,
    pub created_at: String,
    /// Of the archive.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub atmos_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub plan_summary: String,
    pub has_changes: bool,
    pub additions: u64,
    pub changes: u64,
    pub destructions: u64,
}
