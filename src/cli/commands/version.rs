//! `atmos version`

use super::super::setup::Context;
use super::write::{self, Format};
use crate::diag::Result;
use crate::value::{Map, Node};

/// Release of the reference whose behaviour this version matches, and against which `version.constraint` is checked.
const COMPATIBLE_WITH: &str = crate::config::REFERENCE_VERSION;

pub(super) fn run(context: &Context, format: Option<&str>) -> Result<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let (os, arch) = platform();
    if format.is_none() {
        write::data(context, &format!("\n👽 Atmos {version} on {os}/{arch}\n\n"))?;
        context.host.talk.info(format!("behaves as release {COMPATIBLE_WITH} of the Go version of atmos"));
    } else {
        let fields = [("version", version), ("os", os), ("arch", arch), ("compatible_with", COMPATIBLE_WITH)];
        let document = Node::from(fields.iter().map(|(key, text)| ((*key).into(), Node::from(*text))).collect::<Map>());
        write::document(context, &document, Format::parse(format)?, 2, None)?;
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
