//! What integrations give to the child of a run, beside its credentials. Row 5.

use super::open::Run;
use super::settings::Extras;
use crate::auth::delivery::{Joined, KUBECONFIGS};
use crate::auth::integration::{RegistryLogin, docker, kube};
use crate::diag::Warning;
use crate::host::{Host, fs};
use crate::secret::{Expose as _, Secret};

/// Folder of the private configuration of docker.
const DOCKER: &str = "docker";
/// Folder of the private kubeconfig.
const KUBE: &str = "kube";
/// Folder of the private settings of git.
const GIT: &str = "git";

impl Run {
    /// Adds them. A run goes on without what cannot be had.
    pub(super) fn add(&mut self, host: &Host, extras: &Extras) {
        if !extras.logins.is_empty()
            && let Err(reason) = self.add_logins(host, &extras.logins)
        {
            let message = format!("the logins of registries do not reach the child: {reason}");
            self.talk.warn(Warning::new("atmos::auth::run::no_logins", message));
        }
        if !extras.clusters.is_empty()
            && let Err(reason) = self.add_clusters(host, extras)
        {
            let message = format!("the kubeconfig does not reach the child: {reason}");
            self.talk.warn(Warning::new("atmos::auth::run::no_kubeconfig", message));
        }
        if let Some(changes) = &mut self.changes {
            let variables = extras.variables.iter().map(|(name, value)| (name.clone(), value.expose_secret().into()));
            changes.set.extend(variables);
            changes.set.sort();
        }
        let mut git = extras.git.clone();
        match extras.git_file.as_ref().map(|text| self.git_file(host, text)) {
            Some(Ok(path)) => git.push((Secret::from("include.path".to_owned()), path)),
            Some(Err(reason)) => {
                let message = format!("the tokens of GitHub do not reach the child: {reason}");
                self.talk.warn(Warning::new("atmos::auth::run::no_git", message));
            }
            None => {}
        }
        self.add_git(host, &git);
    }

    /// Git reads its settings from variables that are numbered; those that are there already go on to count.
    fn add_git(&mut self, host: &Host, settings: &[(Secret, String)]) {
        let Some(changes) = self.changes.as_mut().filter(|_| !settings.is_empty()) else { return };
        let before: usize = host.env.get("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or_default();
        for (number, (key, value)) in (before..).zip(settings) {
            changes.set.push((format!("GIT_CONFIG_KEY_{number}"), key.expose_secret().into()));
            changes.set.push((format!("GIT_CONFIG_VALUE_{number}"), value.into()));
        }
        changes.set.push(("GIT_CONFIG_COUNT".to_owned(), (before + settings.len()).to_string().into()));
        changes.set.sort();
    }

    fn git_file(&mut self, host: &Host, text: &Secret) -> Result<String, String> {
        let folder = self.private_folder(host).map_err(|error| error.to_string())?.join(GIT);
        let path = folder.join("config");
        let written = fs::create_private_dir(&folder)
            .and_then(|()| fs::write_atomic(&path, text.expose_secret().as_bytes(), 0o600));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path.display().to_string())
    }

    fn add_clusters(&mut self, host: &Host, extras: &Extras) -> Result<(), String> {
        let folder = self.private_folder(host).map_err(|error| error.to_string())?.join(KUBE);
        let path = folder.join("config");
        let written = fs::create_private_dir(&folder)
            .and_then(|()| fs::write_atomic(&path, kube::only(&extras.clusters).as_bytes(), 0o600));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        let Some(changes) = &mut self.changes else { return Ok(()) };
        let shared = extras.kubeconfigs.iter().map(|path| path.clone().into_os_string());
        let all = [path.clone().into_os_string()].into_iter().chain(shared.clone()).collect();
        // Kubectl finds the other contexts of the shared files, too; terraform's variable is for one file.
        let [kubectl, terraform] = KUBECONFIGS.map(str::to_owned);
        changes.joined.push(Joined { name: kubectl, paths: all, instead_of: Vec::new() });
        changes.joined.push(Joined { name: terraform, paths: vec![path.into()], instead_of: shared.collect() });
        Ok(())
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
