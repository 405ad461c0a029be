//! The names of the sections that components have.

use crate::diag::nearest;

/// Those that manifests define.
pub(super) const SECTIONS: [&str; 13] = [
    "auth",
    "backend",
    "backend_type",
    "command",
    "component",
    "dependencies",
    "env",
    "hooks",
    "metadata",
    "providers",
    "remote_state_backend",
    "settings",
    "vars",
];

/// Further names that documents of components may have.
const COMPUTED: [&str; 19] = [
    "atmos_component",
    "atmos_manifest",
    "atmos_stack",
    "atmos_stack_file",
    "component_info",
    "generate",
    "inheritance",
    "locals",
    "name",
    "overrides",
    "provision",
    "remote_state_backend_type",
    "required_providers",
    "required_version",
    "retry",
    "secrets",
    "source",
    "stack",
    "workspace",
];

/// Whether components may have a section of this name.
pub(super) fn is_known(section: &str) -> bool {
    SECTIONS.iter().chain(&COMPUTED).any(|known| *known == section)
}

/// What to do about a name that no section has.
pub(super) fn near(section: &str) -> String {
    let near = nearest(section, SECTIONS.iter().chain(&COMPUTED).copied());
    let near = near.map(|near| format!("did you mean `{near}`?"));
    near.unwrap_or_else(|| format!("the sections are {}", SECTIONS.join(", ")))
}
