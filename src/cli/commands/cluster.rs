//! What the commands about clusters of every cloud have in common.

use super::super::setup::Context;
use crate::auth::Options;
use crate::auth::realm::{REALM_VARIABLE, Realm};
use crate::diag::Result;
use crate::ops::Access;

/// For a plug-in, behind which there may be nobody.
pub(super) fn silent(context: &Context, realm: Option<String>) -> Result<Access> {
    let mut app = context.app_with_config()?;
    if let Some(realm) = realm {
        app.host.env.set(REALM_VARIABLE, Realm::of_flag(realm)?);
    }
    Access::open(&app, Options { interactive: false, ..Options::default() })?.sound()
}
