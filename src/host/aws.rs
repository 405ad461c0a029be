//! Where AWS is: the domains of its partitions, and what the environment says of other places.

use super::Env;

/// The domain of the partition that the region belongs to.
pub fn aws_domain(region: &str) -> &'static str {
    match region.split('-').next().unwrap_or_default() {
        "cn" => "amazonaws.com.cn",
        "eusc" => "amazonaws.eu",
        _ if region.starts_with("us-iso-") => "c2s.ic.gov",
        _ if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ => "amazonaws.com",
    }
}

/// The address that the environment has for a service, by `AWS_ENDPOINT_URL_<SERVICE>` or by `AWS_ENDPOINT_URL`; none where
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is true. The slash at its end is left out.
pub fn aws_endpoint<'e>(env: &'e Env, variable: &str) -> Option<&'e str> {
    if ignores_aws_endpoints(env) {
        return None;
    }
    env.get(variable).or_else(|| env.get("AWS_ENDPOINT_URL")).map(|url| url.trim_end_matches('/'))
}

/// Whether the environment says that none of its addresses counts.
pub fn ignores_aws_endpoints(env: &Env) -> bool {
    env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_of_the_service_goes_before_the_general_one() {
        let all = ("AWS_ENDPOINT_URL", "http://all/");
        let own = ("AWS_ENDPOINT_URL_S3", "http://s3");
        let found = |variables: &[(&str, &str)]| {
            let env: Env = variables.iter().copied().collect();
            aws_endpoint(&env, "AWS_ENDPOINT_URL_S3").map(str::to_owned)
        };
        assert_eq!(found(&[all, own]).as_deref(), Some("http://s3"));
        assert_eq!(found(&[all]).as_deref(), Some("http://all"));
        assert_eq!(found(&[all, own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE")]), None);
    }

    #[test]
    fn partitions_have_domains_of_their_own() {
        for (region, expected) in [
            ("eu-west-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
        ] {
            assert_eq!(aws_domain(region), expected);
        }
    }
}
