//! The lists there are: fields of their rows, columns, order, and where `atmos.yaml` says otherwise.

/// A list of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Stacks,
    Components,
    Instances,
    Metadata,
    Workflows,
    Vendor,
    Sources,
    Aliases,
    Editions,
    Affected,
    Profiles,
    Themes,
    Repositories,
    Migrations,
}

/// Fields of an instance.
const INSTANCE: &[&str] = &[
    "stack",
    "component",
    "component_type",
    "component_folder",
    "type",
    "enabled",
    "locked",
    "status",
    "status_text",
    "component_base",
    "inherits",
    "description",
    "tags",
    "labels",
    "metadata",
    "vars",
    "settings",
    "env",
    "backend",
];

/// Fields of a component that may be in many stacks.
const COMPONENT: &[&str] = &[
    "component",
    "type",
    "stack_count",
    "component_type",
    "component_folder",
    "enabled",
    "locked",
    "status",
    "status_text",
    "tags",
    "labels",
    "metadata",
];

/// Fields of a component that a change concerns.
const AFFECTED: &[&str] = &[
    "status",
    "component",
    "stack",
    "type",
    "affected",
    "affected_all",
    "file",
    "component_path",
    "stack_slug",
    "deleted",
    "dependent",
    "settings",
];

/// Fields of a component whose state may be migrated.
const MIGRATIONS: &[&str] = &[
    "component",
    "stack",
    "workspace",
    "hook",
    "mode",
    "migration",
    "config",
    "history_storage",
    "history_bucket",
    "history_key",
    "history_role_arn",
    "terraform_backend",
    "tfmigrate_enabled",
    "history_namespace",
    "history_region",
    "history_profile",
    "history_endpoint",
    "history_kms_key_id",
];

const VENDOR: &[&str] = &[
    "component",
    "type",
    "tags",
    "manifest",
    "folder",
    "tags_list",
    "atmos_component",
    "atmos_vendor_type",
    "atmos_vendor_file",
    "atmos_vendor_target",
    "atmos_vendor_tags",
];

/// Every list, in the order of its word.
const ALL: [Subject; 14] = [
    Subject::Stacks,
    Subject::Components,
    Subject::Instances,
    Subject::Metadata,
    Subject::Workflows,
    Subject::Vendor,
    Subject::Sources,
    Subject::Aliases,
    Subject::Editions,
    Subject::Affected,
    Subject::Profiles,
    Subject::Themes,
    Subject::Repositories,
    Subject::Migrations,
];

/// What the columns of a list can show; nothing for lists without rows.
pub fn fields(list: &str) -> &'static [&'static str] {
    ALL.iter().find(|subject| subject.name() == list).map_or(&[], |subject| subject.fields())
}

impl Subject {
    /// The word of the command.
    pub(super) fn name(self) -> &'static str {
        match self {
            Subject::Stacks => "stacks",
            Subject::Components => "components",
            Subject::Instances => "instances",
            Subject::Metadata => "metadata",
            Subject::Workflows => "workflows",
            Subject::Vendor => "vendor",
            Subject::Sources => "sources",
            Subject::Aliases => "aliases",
            Subject::Editions => "editions",
            Subject::Affected => "affected",
            Subject::Profiles => "profiles",
            Subject::Themes => "themes",
            Subject::Repositories => "git-repositories",
            Subject::Migrations => "migrations",
        }
    }

    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Subject::Stacks => &["stack", "component", "vars"],
            Subject::Components => COMPONENT,
            Subject::Instances | Subject::Metadata => INSTANCE,
            Subject::Workflows => &["file", "workflow", "description", "steps"],
            Subject::Vendor => VENDOR,
            Subject::Sources => &["stack", "type", "component", "folder", "uri", "version", "tags", "labels"],
            Subject::Aliases => &["alias", "command", "type"],
            Subject::Editions => &["date", "key", "old", "new", "description"],
            Subject::Affected => AFFECTED,
            Subject::Profiles => &["name", "location", "path", "files", "description", "tags"],
            Subject::Themes => &["name", "type", "active"],
            Subject::Repositories => &["status", "name", "uri", "provider", "branch", "workdir"],
            Subject::Migrations => MIGRATIONS,
        }
    }

    /// Headers and fields that are shown unless somebody chooses others.
    pub(super) fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Subject::Stacks => &[("Stack", "stack")],
            Subject::Components => &[("Component", "component"), ("Type", "type"), ("Stacks", "stack_count")],
            Subject::Instances => &[("Component", "component"), ("Stack", "stack")],
            Subject::Metadata => &[
                ("Stack", "stack"),
                ("Component", "component"),
                ("Type", "type"),
                ("Enabled", "enabled"),
                ("Locked", "locked"),
                ("Component (base)", "component_base"),
                ("Inherits", "inherits"),
                ("Description", "description"),
            ],
            Subject::Workflows => {
                &[("File", "file"), ("Workflow", "workflow"), ("Description", "description"), ("Steps", "steps")]
            }
            Subject::Vendor => &[
                ("Component", "component"),
                ("Type", "type"),
                ("Tags", "tags"),
                ("Manifest", "manifest"),
                ("Folder", "folder"),
            ],
            Subject::Sources => &[
                ("Stack", "stack"),
                ("Type", "type"),
                ("Component", "component"),
                ("Folder", "folder"),
                ("URI", "uri"),
                ("Version", "version"),
            ],
            Subject::Aliases => &[("Alias", "alias"), ("Command", "command"), ("Type", "type")],
            Subject::Editions => {
                &[("Date", "date"), ("Key", "key"), ("Old", "old"), ("New", "new"), ("Description", "description")]
            }
            Subject::Affected => &[
                ("Status", "status"),
                ("Component", "component"),
                ("Stack", "stack"),
                ("Type", "type"),
                ("Affected", "affected"),
                ("File", "file"),
            ],
            Subject::Profiles => &[("Name", "name"), ("Location", "location"), ("Path", "path"), ("Files", "files")],
            Subject::Themes => &[("Name", "name"), ("Type", "type"), ("Active", "active")],
            Subject::Repositories => &[
                ("Status", "status"),
                ("Name", "name"),
                ("URI", "uri"),
                ("Provider", "provider"),
                ("Branch", "branch"),
                ("Workdir", "workdir"),
            ],
            Subject::Migrations => &[
                ("Component", "component"),
                ("Stack", "stack"),
                ("Workspace", "workspace"),
                ("Hook", "hook"),
                ("Mode", "mode"),
                ("Migration", "migration"),
                ("Config", "config"),
                ("History Storage", "history_storage"),
                ("History Bucket", "history_bucket"),
                ("History Key", "history_key"),
                ("History Role ARN", "history_role_arn"),
            ],
        }
    }

    /// Headers or fields by which rows are sorted unless somebody chooses others.
    pub(super) fn order(self) -> &'static [&'static str] {
        match self {
            Subject::Stacks => &["Stack"],
            Subject::Components | Subject::Vendor => &["Component"],
            Subject::Instances => &["Component", "Stack"],
            Subject::Metadata | Subject::Migrations => &["Stack", "Component"],
            Subject::Workflows => &["File", "Workflow"],
            Subject::Sources => &["Stack", "Type", "Component"],
            Subject::Aliases => &["Alias"],
            Subject::Profiles | Subject::Repositories => &["Name"],
            Subject::Editions | Subject::Affected | Subject::Themes => &[],
        }
    }

    /// Where `atmos.yaml` gives columns, the strongest first.
    pub(super) fn column_settings(self) -> &'static [[&'static str; 3]] {
        match self {
            Subject::Stacks => &[["list", "stacks", "columns"], ["stacks", "list", "columns"]],
            // `components.list` speaks of components in stacks, which this list has not.
            Subject::Components => &[["list", "components", "columns"]],
            Subject::Instances => &[["list", "instances", "columns"], ["components", "list", "columns"]],
            Subject::Metadata => &[["list", "metadata", "columns"], ["components", "list", "columns"]],
            Subject::Workflows => &[["workflows", "list", "columns"]],
            Subject::Vendor => &[["vendor", "list", "columns"]],
            Subject::Affected => &[["list", "affected", "columns"]],
            Subject::Sources
            | Subject::Aliases
            | Subject::Editions
            | Subject::Profiles
            | Subject::Themes
            | Subject::Repositories
            | Subject::Migrations => &[],
        }
    }

    /// Where `atmos.yaml` gives the format, the strongest first.
    pub(super) fn format_settings(self) -> &'static [[&'static str; 3]] {
        match self {
            Subject::Stacks => &[["list", "stacks", "format"], ["stacks", "list", "format"]],
            Subject::Components => &[["list", "components", "format"], ["components", "list", "format"]],
            Subject::Instances => &[["list", "instances", "format"]],
            Subject::Workflows => &[["workflows", "list", "format"]],
            Subject::Vendor => &[["vendor", "list", "format"]],
            Subject::Affected => &[["list", "affected", "format"]],
            Subject::Metadata
            | Subject::Sources
            | Subject::Aliases
            | Subject::Editions
            | Subject::Profiles
            | Subject::Themes
            | Subject::Repositories
            | Subject::Migrations => &[],
        }
    }
}
