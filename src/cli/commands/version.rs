//! `atmos version`

use super::super::setup::Context;
use super::write::{self, Format};
use crate::diag::Result;
use crate::value::{Map, Node};

/// Release of the reference whose behaviour this version matches, and against which `version.constraint` is checked.
pub(crate) const COMPATIBLE_WITH: &str = crate::config::REFERENCE_VERSION;

pub(super) fn run(context: &Context, format: Option<&str>) -> Result<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let (os, arch) = platform();
    match format {
        None => {
            write::data(context, &format!("👽 Atmos {version} on {os}/{arch} (compatible with {COMPATIBLE_WITH})\n"))?;
        }
        Some(_) => {
            let fields = [("version", version), ("os", os), ("arch", arch), ("compatible_with", COMPATIBLE_WITH)];
            let document =
                Node::from(fields.iter().map(|(key, text)| ((*key).into(), Node::from(*text))).collect::<Map>());
            write::document(context, &document, Format::parse(format)?, 2, None)?;
        }
    }
    Ok(0)
}

/// Platform names as the reference prints them.
fn platform() -> (&'static str, &'static str) {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    (os, arch)
}
