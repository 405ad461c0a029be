//! What integrations give to the child of a run, beside its credentials. Row 5.

use std::path::PathBuf;

use super::open::Run;
use crate::auth::delivery::KUBECONFIGS;
use crate::auth::integration::{RegistryLogin, docker};
use crate::diag::Warning;
use crate::host::Host;

/// Folder of the private configuration of docker.
const DOCKER: &str = "docker";

#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// For a private configuration of docker.
    pub logins: Vec<RegistryLogin>,
    pub kubeconfigs: Vec<PathBuf>,
}

impl Run {
    /// Adds them. A run goes on without what cannot be had.
    pub(super) fn add(&mut self, host: &Host, extras: &Extras) {
        if !extras.logins.is_empty()
            && let Err(reason) = self.add_logins(host, &extras.logins)
        {
            let message = format!("the logins of registries do not reach the child: {reason}");
            self.talk.warn(Warning::new("atmos::auth::run::no_logins", message));
        }
        let Some(changes) = &mut self.changes else { return };
        for path in &extras.kubeconfigs {
            changes.joined.extend(KUBECONFIGS.map(|name| (name.to_owned(), path.into())));
        }
    }

    fn add_logins(&mut self, host: &Host, logins: &[RegistryLogin]) -> Result<(), String> {
        let folder = self.private_folder(host).map_err(|error| error.to_string())?.join(DOCKER);
        docker::furnish(host, &folder, logins).map_err(|error| error.to_string())?;
        if let Some(changes) = &mut self.changes {
            changes.set.push(("DOCKER_CONFIG".to_owned(), folder.into()));
            changes.set.sort();
        }
        Ok(())
    }
}
