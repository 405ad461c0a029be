//! Where states lie in S3, and who reads them.

use serde_json::{Value as Json, json};

use super::*;
use crate::auth::aws::client::Clients;
use crate::host::{Dirs, Env, Host, Http, testing};
use crate::value::from_json;

fn host() -> Host {
    Host { dirs: Dirs::default(), ..testing::host(Path::new("/"), Env::default()) }
}

/// What a backend of these settings would be asked, in a workspace.
fn asked<T>(settings: &Json, workspace: &str, endpoint: Option<&str>, question: impl FnOnce(&Reader<'_>) -> T) -> T {
    let (host, folder, settings) = (host(), "/c".into(), from_json(settings));
    let (http, clients) = (Http::new(&host.env), Clients::new(&host));
    question(&Reader {
        host: &host,
        http: &http,
        clients: &clients,
        env: &host.env,
        credentials: None,
        s3_endpoint: endpoint,
        sts_endpoint: None,
        folder: &folder,
        workspace,
        kind: "s3",
        settings: &settings,
    })
}

#[test]
fn states_of_workspaces_lie_below_the_prefix() {
    let settings = json!({"bucket": "b", "key": "terraform.tfstate", "workspace_key_prefix": "vpc"});
    for (workspace, expected) in
        [("default", "terraform.tfstate"), ("", "terraform.tfstate"), ("dev-ue1", "vpc/dev-ue1/terraform.tfstate")]
    {
        assert_eq!(asked(&settings, workspace, None, object), expected);
    }
    assert_eq!(asked(&json!({"key": "a/k"}), "w", None, object), "env:/w/a/k");
    assert_eq!(asked(&settings, "w", None, place), "the state s3://b/vpc/w/terraform.tfstate");
}

#[test]
fn addresses_follow_region_style_and_endpoint() {
    for (settings, endpoint, expected) in [
        (json!({}), None, "https://tfstate.s3.eu-west-1.amazonaws.com/k%20x/y"),
        (json!({"use_path_style": true}), None, "https://s3.eu-west-1.amazonaws.com/tfstate/k%20x/y"),
        (json!({"bucket": "a.b.c"}), None, "https://s3.eu-west-1.amazonaws.com/a.b.c/k%20x/y"),
        (json!({"use_fips_endpoint": true}), None, "https://tfstate.s3-fips.eu-west-1.amazonaws.com/k%20x/y"),
        (json!({"region": "cn-north-1"}), None, "https://tfstate.s3.cn-north-1.amazonaws.com.cn/k%20x/y"),
        (json!({}), Some("http://127.0.0.1:5000/"), "http://127.0.0.1:5000/tfstate/k%20x/y"),
        (json!({}), Some("https://minio.test"), "https://tfstate.minio.test/k%20x/y"),
        (json!({"force_path_style": true}), Some("https://minio.test"), "https://minio.test/tfstate/k%20x/y"),
        (
            json!({"endpoints": {"s3": "http://localhost:9"}}),
            Some("https://other.test"),
            "http://localhost:9/tfstate/k%20x/y",
        ),
        (json!({"endpoint": "minio.test"}), None, "https://tfstate.minio.test/k%20x/y"),
    ] {
        let mut all = json!({"bucket": "tfstate", "key": "k x/y", "region": "eu-west-1"});
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let bucket = all["bucket"].as_str().unwrap().to_owned();
        let region = all["region"].as_str().unwrap().to_owned();
        let found = asked(&all, "default", endpoint, |reader| address(reader, &reader.backend("s3"), &bucket, &region));
        assert_eq!(found, expected, "{settings}");
    }
}

#[test]
fn roles_of_the_backend_are_read_in_every_form() {
    let names = |settings: Json| {
        let roles = roles(&from_json(&settings));
        roles.into_iter().map(|role| (role.arn, role.external_id, role.duration)).collect::<Vec<_>>()
    };
    let role = |arn: &str, id: Option<&str>, duration| (arn.to_owned(), id.map(str::to_owned), duration);
    assert_eq!(names(json!({})), []);
    assert_eq!(names(json!({"role_arn": "a", "external_id": "x"})), [role("a", Some("x"), None)]);
    let nested = json!({"assume_role": {"role_arn": "b", "duration": "1h"}, "role_arn": "a"});
    assert_eq!(names(nested), [role("b", None, Some(3600))]);
    assert_eq!(names(json!({"assume_role": {}, "role_arn": "a"})), [role("a", None, None)]);
    let several = json!({"assume_role": [{"role_arn": "a"}, {"role_arn": "b"}]});
    assert_eq!(names(several), [role("a", None, None), role("b", None, None)]);
}

#[test]
fn answers_are_told_apart() {
    let said = |status: u16, code: &str, headers: &[(&str, &str)]| {
        let body = format!("<Error><Code>{code}</Code><Message>why</Message></Error>").into_bytes();
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        answer(HttpResponse { status, headers, body }, "p".to_owned(), "b", "eu-west-1")
    };
    assert!(said(200, "", &[]).unwrap().is_some());
    assert!(said(404, "NoSuchKey", &[]).unwrap().is_none());
    assert!(matches!(said(404, "NoSuchBucket", &[]), Err(Error::Container { .. })));
    assert!(matches!(said(403, "AccessDenied", &[]), Err(Error::Denied { .. })));
    let moved = said(301, "PermanentRedirect", &[("x-amz-bucket-region", "us-west-2")]).unwrap_err();
    assert!(matches!(&moved, Error::Refused { help, .. } if help.contains("us-west-2")), "{moved}");
    assert!(matches!(said(500, "InternalError", &[]), Err(Error::Refused { .. })));
}

#[test]
fn keys_of_the_customer_travel_with_their_digest() {
    let key = STANDARD.encode([7_u8; 32]);
    let headers =
        asked(&json!({"sse_customer_key": key}), "", None, |reader| customer_key(reader, &reader.backend("s3")));
    let headers = headers.unwrap();
    assert_eq!(headers[1].1, key);
    assert_eq!(STANDARD.decode(&headers[2].1).unwrap().len(), 16);
    let wrong =
        asked(&json!({"sse_customer_key": "x"}), "", None, |reader| customer_key(reader, &reader.backend("s3")));
    assert!(matches!(wrong, Err(Error::Setting { .. })));
}
