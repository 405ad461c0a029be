//! What the integration tests stand on: a sandbox, real servers and programs, a scanner for secrets.
//!
//! Read first: [`Sandbox`] (a machine of its own for one test), [`Outcome`] (what a run left), then the servers:
//! [`IdentityCenter`], [`Sts`], [`Users`], [`Objects`], [`Storage`], [`Federation`], [`AwsServices`], [`Keycloak`], [`Samlp`], [`Kube`], [`SecretService`]. Whatever a test starts ends with it, by process id. A
//! program that is missing fails the test and says how to get it; nothing is skipped.

mod aws_services;
mod background;
mod browser;
mod cloud;
mod dice;
mod federation;
mod github;
mod http;
mod identity_center;
mod keycloak;
mod kube;
mod language_server;
mod objects;
mod outcome;
mod parts;
mod samlp;
mod sandbox;
mod scan;
mod secret_service;
mod storage;
mod stores;
mod sts;
mod terminal;
mod tmux;
mod user;
mod users;
mod vendoring;

pub(crate) use aws_services::{AwsServices, PASSWORD, PUBLIC_PASSWORD, question};
pub(crate) use background::{Background, descendants, free_port, signal, wait_until};
pub(crate) use browser::{Chromium, Desktop, visit};
pub(crate) use cloud::{AMBIENT_KEY, Cloud, Probe, variables};
pub(crate) use dice::Dice;
pub(crate) use federation::{AT_ONCE, Federation, Refusal};
pub(crate) use github::GitHub;
pub(crate) use http::{exchange, exchange_with};
pub(crate) use identity_center::IdentityCenter;
pub(crate) use keycloak::Keycloak;
pub(crate) use kube::{Kube, who_kubectl_is};
pub(crate) use language_server::LanguageServer;
pub(crate) use objects::Objects;
pub(crate) use outcome::Outcome;
pub(crate) use parts::{each_terraform, find as find_part};
pub(crate) use samlp::Samlp;
pub(crate) use sandbox::{BY_STAGE, Running, Sandbox, repository};
pub(crate) use scan::Scanner;
pub(crate) use secret_service::SecretService;
pub(crate) use storage::Storage;
pub(crate) use stores::{Redis, Services, put_parameter, put_secret};
pub(crate) use sts::Sts;
pub(crate) use terminal::Terminal;
pub(crate) use tmux::Tmux;
pub(crate) use user::ordinary_user;
pub(crate) use users::{DEVICE, FIRST_ID, FIRST_SECRET, Users};
pub(crate) use vendoring::{VENDORING, tag_modules, vendor_manifest, vendoring};
