//! `atmos version`

use super::super::setup::Context;
use super::write::{self, Format};
use crate::diag::{Result, Warning};
use crate::host;
use crate::value::{Map, Node};
use crate::yaml;

/// Release of the reference whose behaviour this version matches, and against which `version.constraint` is checked.
const COMPATIBLE_WITH: &str = crate::config::REFERENCE_VERSION;

pub(super) fn run(context: &Context, format: Option<&str>) -> Result<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let (os, arch) = host::platform();
    // The version is shown whatever the configuration is like; what is wrong with it is said all the same.
    if let Err(report) = context.app_as_it_is() {
        context.host.talk.warn(Warning::new("atmos::cli::configuration", report.to_string()));
    }
    match format {
        None => {
            let about = format!("behaves as release {COMPATIBLE_WITH} of the Go version of atmos");
            write::data(context, &format!("\n👽 Atmos {version} on {os}/{arch}\n\n{about}\n"))?;
        }
        Some(format) => {
            let fields = [("version", version), ("os", os), ("arch", arch), ("compatible_with", COMPATIBLE_WITH)];
            let document =
                Node::from(fields.iter().map(|(key, text)| ((*key).into(), Node::from(*text))).collect::<Map>());
            match Format::parse(Some(format))? {
                Format::Json => write::data(context, &yaml::emit_json_record(&document))?,
                Format::Yaml => write::document(context, &document, Format::Yaml, 2, None)?,
            }
        }
    }
    Ok(0)
}
