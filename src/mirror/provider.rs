//! The protocol of network mirrors: which versions a provider has, for which platforms, and their packages.

use serde_json::{Value as Json, json};

use super::intake::Intake;
use super::shelf::is_name;
use super::state::State;
use super::upstream::Trouble;
use crate::fetch;

/// A provider, as its address has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Provider {
    pub host: String,
    pub namespace: String,
    pub kind: String,
}

impl Provider {
    pub(super) fn key(&self, file: &str) -> String {
        format!("providers/{}/{}/{}/{file}", self.host, self.namespace, self.kind)
    }

    /// The name of a package, as terraform's own mirrors have it.
    fn package(&self, version: &str, platform: &str) -> String {
        format!("terraform-provider-{}_{version}_{platform}.zip", self.kind)
    }

    /// Version, system and architecture in the name of a package.
    fn parts<'f>(&self, file: &'f str) -> Option<(&'f str, &'f str, &'f str)> {
        let rest = file.strip_prefix("terraform-provider-")?.strip_prefix(&self.kind)?.strip_prefix('_')?;
        let mut parts = rest.strip_suffix(".zip")?.split('_');
        let found = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(found)
    }
}

/// `index.json`: the versions.
pub(super) async fn index(state: &State, provider: &Provider) -> Result<Vec<u8>, Trouble> {
    let all = versions(state, provider).await?;
    let names = all.iter().map(|(version, _)| (version.clone(), json!({}))).collect::<serde_json::Map<_, _>>();
    Ok(json!({ "versions": names }).to_string().into_bytes())
}

/// `<version>.json`: the packages. Checksums that are known stay.
pub(super) async fn archives(state: &State, provider: &Provider, version: &str) -> Result<Vec<u8>, Trouble> {
    let all = versions(state, provider).await?;
    let Some((_, platforms)) = all.into_iter().find(|(known, _)| known == version) else {
        return Err(Trouble::missing(format!("{}/{} has no version {version}", provider.namespace, provider.kind)));
    };
    let before = state.shelf.read(&provider.key(&format!("{version}.json")));
    let before: Json = before.and_then(|(bytes, _)| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let archives: serde_json::Map<String, Json> = platforms
        .into_iter()
        .map(|platform| {
            let mut archive = json!({ "url": provider.package(version, &platform) });
            if let Some(hashes) = before["archives"][&platform]["hashes"].as_array() {
                archive["hashes"] = hashes.clone().into();
            }
            (platform, archive)
        })
        .collect();
    Ok(json!({ "archives": archives }).to_string().into_bytes())
}

/// Fetches a package, whose checksum is that of the registry.
pub(super) async fn package(state: &State, provider: &Provider, file: &str, into: &mut Intake) -> Result<(), Trouble> {
    let Some((version, system, architecture)) = provider.parts(file) else {
        return Err(Trouble::missing(format!("{file} is no package of {}", provider.kind)));
    };
    let base = state.upstream.service(&provider.host, "providers.v1").await?;
    let url = format!("{base}{}/{}/{version}/download/{system}/{architecture}", provider.namespace, provider.kind);
    let about = state.upstream.json(&url, &provider.host).await?;
    let Some(from) = about["download_url"].as_str() else {
        return Err(Trouble::broken(format!("{} says nothing of a download_url", fetch::shown(&url))));
    };
    let Some(sum) = about["shasum"].as_str() else {
        return Err(Trouble::broken(format!("{} says nothing of a shasum", fetch::shown(&url))));
    };
    state.upstream.package(&fetch::join(&url, from), &provider.host, into).await?;
    if sum.eq_ignore_ascii_case(&into.sum()) {
        Ok(())
    } else {
        Err(Trouble::broken(format!("{file} has another checksum than its registry says")))
    }
}

/// Versions and their platforms.
async fn versions(state: &State, provider: &Provider) -> Result<Vec<(String, Vec<String>)>, Trouble> {
    let base = state.upstream.service(&provider.host, "providers.v1").await?;
    let url = format!("{base}{}/{}/versions", provider.namespace, provider.kind);
    let answer = state.upstream.json(&url, &provider.host).await?;
    let platform = |one: &Json| Some(format!("{}_{}", one["os"].as_str()?, one["arch"].as_str()?));
    let version = |one: &Json| {
        let platforms = one["platforms"].as_array().into_iter().flatten().filter_map(platform);
        let version = one["version"].as_str().filter(|version| is_name(version))?;
        Some((version.to_owned(), platforms.filter(|name| is_name(name)).collect()))
    };
    Ok(answer["versions"].as_array().into_iter().flatten().filter_map(version).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_as_mirrors_name_them() {
        let provider = Provider { host: "h".into(), namespace: "n".into(), kind: "aws".into() };
        assert_eq!(provider.parts(&provider.package("1.2.3", "linux_amd64")), Some(("1.2.3", "linux", "amd64")));
        for wrong in ["terraform-provider-awsx_1_linux_amd64.zip", "terraform-provider-aws_1_linux.zip", "x.zip"] {
            assert_eq!(provider.parts(wrong), None, "{wrong}");
        }
    }
}
