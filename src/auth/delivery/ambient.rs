//! Variables that lead an AWS SDK or tool to other credentials. Row 5.
//!
//! One table for all SDKs, also those that are not maintained any more: children are programs of the user's choice.

/// By their whole name.
pub(super) const AMBIENT: [&str; 30] = [
    // Keys: every SDK; the older spellings are read by the SDKs for Java, Go (version 1), PHP and Ruby.
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    // The same, for JavaScript (version 2) and Ruby.
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    // The first command line tools, Ansible.
    "EC2_ACCESS_KEY",
    "EC2_SECRET_KEY",
    "EC2_SECURITY_TOKEN",
    // Profiles.
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    // Files: old tools and boto, Java (version 1), boto (version 2, whose file botocore reads too). `AWS_CONFIG_FILE` and
    // `AWS_SHARED_CREDENTIALS_FILE` are not here: an identity sets them.
    "AWS_CREDENTIAL_FILE",
    "AWS_CREDENTIAL_PROFILES_FILE",
    "BOTO_CONFIG",
    "BOTO_PATH",
    // Said of keys that are taken away.
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_VAULT",
    // The usual ones of the prefixes below, for a shell whose environment is not known.
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    // Our own: the run around this process.
    "ATMOS_RUN_SOCKET",
];

/// By their beginning.
const PREFIXES: [&str; 6] = [
    // API keys instead of signatures, by service (`AWS_BEARER_TOKEN_BEDROCK`). They win against any profile.
    "AWS_BEARER_TOKEN_",
    // Credentials of containers, and the tokens to get them.
    "AWS_CONTAINER_CREDENTIALS_",
    "AWS_CONTAINER_AUTHORIZATION_",
    // Roles for tokens of others (`AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME`, `AWS_WEB_IDENTITY_TOKEN_FILE`).
    "AWS_ROLE_",
    "AWS_WEB_IDENTITY_",
    // What programs for IAM Identity Center leave in shells.
    "AWS_SSO_",
];

/// That no variable of this name reaches a child while an identity is in force, unless the identity sets it itself.
pub fn is_ambient(name: &str) -> bool {
    AMBIENT.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_credentials_are_ambient() {
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_ACCESS_KEY",
            "AWS_SECRET_KEY",
            "AMAZON_SECRET_ACCESS_KEY",
            "EC2_ACCESS_KEY",
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_CREDENTIAL_FILE",
            "AWS_CREDENTIAL_PROFILES_FILE",
            "BOTO_CONFIG",
            "AWS_BEARER_TOKEN_BEDROCK",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_ROLE_ARN",
            "AWS_ROLE_SESSION_NAME",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_SSO_ACCOUNT_ID",
            "AWS_VAULT",
        ] {
            assert!(is_ambient(name), "{name}");
        }
    }

    #[test]
    fn ways_to_the_services_are_not() {
        for name in [
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_SSO",
            "AWS_ENDPOINT_URL_SSO_OIDC",
            "AWS_CA_BUNDLE",
            "AWS_STS_REGIONAL_ENDPOINTS",
            "AWS_USE_FIPS_ENDPOINT",
            "AWS_REGION",
            "AWS_ACCOUNT_ID",
            "AWS_MAX_ATTEMPTS",
            "AMAZON_REGION",
            "BOTO_DISABLE_COMMONNAME",
        ] {
            assert!(!is_ambient(name), "{name}");
        }
    }
}
