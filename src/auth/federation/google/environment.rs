//! What a child of Google Cloud gets, and what must not reach it. Row 5.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;

use super::super::super::delivery::seconds;
use super::super::super::given::{EnvironmentCredentials, PrivateFile, Variable};
use super::token::{GoogleToken, TOKEN};
use crate::secret::{Expose as _, Secret};

/// Folder of gcloud, below the private directory.
const CLOUDSDK: &str = "gcp/config";
/// Name of gcloud's configuration in it.
const CONFIGURATION: &str = "config_atmos";
const DEFAULTS: &str = "gcp/adc/application_default_credentials.json";

/// Whoever they were of, they are not of this identity.
const CREDENTIALS: [&str; 16] = [
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_AUTH_*",
    "CLOUDSDK_BILLING_QUOTA_PROJECT",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_CORE_ACCOUNT",
    "GCLOUD_KEYFILE_JSON",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_BACKEND_CREDENTIALS",
    "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT",
    "GOOGLE_BILLING_PROJECT",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GOOGLE_CLOUD_QUOTA_PROJECT",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_GHA_CREDS_PATH",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
    TOKEN,
];

/// Where a child works: each with the variables that are set, and the others that would win against them.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) project: Option<String>,
    pub(super) region: Option<String>,
    pub(super) zone: Option<String>,
}

impl Place {
    fn parts(&self) -> [(&Option<String>, &'static [&'static str], &'static [&'static str]); 3] {
        [
            (&self.project, &["CLOUDSDK_CORE_PROJECT", "GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"], &["GOOGLE_PROJECT"]),
            (&self.region, &["CLOUDSDK_COMPUTE_REGION", "GOOGLE_CLOUD_REGION"], &["GCLOUD_REGION", "GOOGLE_REGION"]),
            (&self.zone, &["CLOUDSDK_COMPUTE_ZONE", "GOOGLE_CLOUD_ZONE"], &["GCLOUD_ZONE", "GOOGLE_ZONE"]),
        ]
    }

    fn variables(&self) -> Vec<Variable> {
        let part = |(value, names, _): (&Option<String>, &'static [&'static str], _)| {
            let value = value.clone();
            names.iter().filter_map(move |name| Some(public(name, value.as_deref()?)))
        };
        self.parts().into_iter().flat_map(part).collect()
    }

    /// A place that is not said is not taken away either: the component may say it.
    fn removed(&self) -> Vec<String> {
        let known = self.parts().into_iter().filter(|(value, ..)| value.is_some());
        known.flat_map(|(_, set, others)| set.iter().chain(others)).map(|name| (*name).to_owned()).collect()
    }

    /// As gcloud keeps it.
    fn properties(&self) -> String {
        let mut text = String::new();
        if let Some(project) = &self.project {
            let _ = writeln!(text, "[core]\nproject = {project}");
        }
        if self.region.is_some() || self.zone.is_some() {
            text.push_str("[compute]\n");
        }
        for (key, value) in [("region", &self.region), ("zone", &self.zone)] {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        text
    }
}

fn public(name: &str, value: &str) -> Variable {
    Variable { name: name.to_owned(), value: Secret::from(value.to_owned()), is_public: true }
}

/// Only where to work, for a child that has its credentials from elsewhere.
pub(super) fn place_only(place: &Place, issued: Timestamp) -> EnvironmentCredentials {
    EnvironmentCredentials {
        variables: place.variables(),
        files: Vec::new(),
        paths: Vec::new(),
        removed: place.removed(),
        account: place.project.clone(),
        region: place.region.clone(),
        expiration: None,
        issued,
    }
}

/// The same for one that will get a token of this identity: whoever else there is a token of, he is not it.
pub(super) fn place_without_others(place: &Place, issued: Timestamp) -> EnvironmentCredentials {
    let mut given = place_only(place, issued);
    given.removed.extend(CREDENTIALS.map(str::to_owned));
    given
}

/// A token, the folder of gcloud that knows it, and application default credentials in place of those of the person: what
/// looks for them finds nobody else.
pub(super) fn with_token(token: &GoogleToken, place: &Place, issued: Timestamp) -> EnvironmentCredentials {
    let text = token.token.expose_secret();
    let mut given = place_without_others(place, issued);
    given.variables.push(Variable { name: TOKEN.to_owned(), value: token.token.clone(), is_public: false });
    given.variables.push(public("CLOUDSDK_ACTIVE_CONFIG_NAME", CONFIGURATION));
    let mut defaults = json!({"type": "authorized_user", "access_token": text});
    if let Some(end) = token.expires {
        defaults["token_expiry"] = seconds(end).into();
    }
    if let Some(project) = &place.project {
        defaults["quota_project_id"] = project.as_str().into();
    }
    let (properties, access_token) = (format!("{CLOUDSDK}/properties"), format!("{CLOUDSDK}/access_token"));
    for (path, content) in [
        (DEFAULTS.to_owned(), defaults.to_string()),
        (access_token.clone(), text.to_owned()),
        (properties, place.properties()),
        // Where gcloud looks for the configuration that the variable names.
        (format!("{CLOUDSDK}/configurations/config_{CONFIGURATION}"), place.properties()),
    ] {
        given.files.push(PrivateFile { path, content: Secret::from(content) });
    }
    for (name, path) in [
        ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", access_token.as_str()),
        ("CLOUDSDK_CONFIG", CLOUDSDK),
        ("GOOGLE_APPLICATION_CREDENTIALS", DEFAULTS),
    ] {
        given.paths.push((name.to_owned(), path.to_owned()));
    }
    given.expiration = token.expires;
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> GoogleToken {
        GoogleToken {
            token: Secret::from("ya29.secret".to_owned()),
            expires: Some(Timestamp::from_second(2_000_000_000).unwrap()),
            project: None,
            email: None,
            region: None,
        }
    }

    #[test]
    fn place_is_said_in_every_spelling_and_those_that_would_win_are_taken_away() {
        let place = Place { project: Some("p".into()), region: None, zone: Some("z".into()) };
        let given = with_token(&token(), &place, Timestamp::UNIX_EPOCH);
        let shown = |variable: &Variable| format!("{}={}", variable.name, variable.value.expose_secret());
        let public: Vec<_> = given.variables.iter().filter(|variable| variable.is_public).map(shown).collect();
        let expected = [
            "CLOUDSDK_CORE_PROJECT=p",
            "GCLOUD_PROJECT=p",
            "GOOGLE_CLOUD_PROJECT=p",
            "CLOUDSDK_COMPUTE_ZONE=z",
            "GOOGLE_CLOUD_ZONE=z",
            "CLOUDSDK_ACTIVE_CONFIG_NAME=config_atmos",
        ];
        assert_eq!(public, expected);
        for (name, removed) in [("GOOGLE_PROJECT", true), ("GOOGLE_ZONE", true), ("GOOGLE_REGION", false)] {
            assert_eq!(given.removed.iter().any(|known| known == name), removed, "{name}");
        }
        let properties = given.files.iter().find(|file| file.path == "gcp/config/properties").unwrap();
        assert_eq!(properties.content.expose_secret(), "[core]\nproject = p\n[compute]\nzone = z\n");
        assert_eq!(given.problem(), None);
    }

    #[test]
    fn without_a_place_there_is_the_token_alone() {
        let given = with_token(&token(), &Place::default(), Timestamp::UNIX_EPOCH);
        let names: Vec<_> = given.variables.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, [TOKEN, "CLOUDSDK_ACTIVE_CONFIG_NAME"]);
        assert_eq!(given.removed, CREDENTIALS);
    }
}
