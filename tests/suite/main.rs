//! The integration tests: one binary, a module per subject. They run the real program against real terraform, helmfile,
//! a Kubernetes API, a Secret Service, moto's STS and the loopback IAM Identity Center.
//!
//! `docs/testing.md` says what they need; a part that is missing fails its tests and names the command that gets it.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::disallowed_methods, reason = "the tests are the outside world of the program")]
#![allow(clippy::print_stderr, reason = "what a test says while it runs helps when it fails")]

#[path = "../fuzz/targets.rs"]
mod targets;

#[path = "../support/mod.rs"]
mod support;

mod acceptance;
mod acceptance_runs;
mod affected;
mod affected_base;
mod architecture;
mod argv;
mod auth_acceptance;
mod auth_cases;
mod auth_commands;
mod auth_more;
mod auth_robust;
mod azure;
mod azure_browser;
mod azure_person;
mod backends;
mod bad_input;
mod bad_runs;
mod browse;
mod browser;
mod ci;
mod ci_annotations;
mod ci_groups;
mod completion;
mod configuration;
mod console;
mod custom;
mod data;
mod delivery;
mod dependents;
mod diff;
mod doctor;
mod edges;
mod editing;
mod editors;
mod engine;
mod engines;
mod evaluate;
mod example;
mod expressions;
mod fan_out;
mod fleet;
mod fleet_output;
mod fuzz;
mod garbage;
mod generate;
mod google;
mod guards;
mod helmfile;
mod hooks;
mod hooks_kinds;
mod hygiene;
mod identities;
mod implementations;
mod integrations;
mod integrations_azure;
mod integrations_clusters;
mod integrations_google;
mod isolation;
mod keyring;
mod kinds;
mod leaks;
mod limits;
mod list_forms;
mod lists;
mod login;
mod long_runs;
mod manifests;
mod nested;
mod no_auth;
mod oidc;
mod other_clouds;
mod packer;
mod partial;
mod parts;
mod passthrough;
mod person;
mod places;
mod plugins;
mod policies;
mod policy;
mod provenance;
mod provision;
mod provisioning;
mod quirks;
mod remote;
mod render;
mod saml;
mod saml_forms;
mod saml_keycloak;
mod saml_loopback;
mod saml_okta;
mod saml_package;
mod secret_files;
mod secret_values;
mod secrets;
mod selection;
mod showing;
mod side_by_side;
mod signals;
mod small;
mod snapshots;
mod speaking;
mod states;
mod states_cloud;
mod steps;
mod stores;
mod stores_clouds;
mod terraform_own;
mod users;
mod validate;
mod values;
mod vendor;
mod vendor_choice;
mod vendor_remote;
mod warm;
mod webflow;
mod who;
mod workflow_checks;
mod workflows;
