//! Everybody signs in before anything starts.

use std::collections::BTreeSet;

use super::Refused;
use crate::auth::resolution::Flag;
use crate::component::Instance;
use crate::diag::Result;
use crate::exec::signals::Signals;
use crate::ops::access::Access;
use crate::ops::auth::scope::lead;
use crate::ops::{App, child};

/// One component of a run, as far as its identity matters.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) enum Signing<'a> {
    /// Its values are known.
    Certain(&'a Instance),
    /// It signs in when its values are known, unless what is written already says who it is.
    Later(&'a Instance),
    /// It cannot begin.
    Never,
}

/// The identities of the components, once per distinct chain. `operation` is the sub-command.
///
/// # Errors
/// The first that cannot sign in, where that ends the run.
pub(in crate::ops) async fn sign_in<'a>(
    app: &App,
    access: &Access,
    (flag, operation): (&Flag, &str),
    components: impl Iterator<Item = Signing<'a>>,
    refused: &Refused,
) -> Result<Vec<Option<String>>> {
    let mut signals = Signals::listen()?;
    let work = async {
        let (mut done, mut names) = (BTreeSet::new(), Vec::new());
        for (at, component) in components.enumerate() {
            let (Signing::Certain(instance) | Signing::Later(instance)) = component else {
                names.push(None);
                continue;
            };
            names.push(match child::sign_in(app, access, instance, flag, operation, &mut done).await {
                Ok(name) => name.map(|name| name.to_string()),
                Err(report) => {
                    if let Signing::Certain(_) = component {
                        refused.keep(at, lead(app, access, instance, report))?;
                    }
                    None
                }
            });
        }
        Ok(names)
    };
    signals.guard(work).await
}
