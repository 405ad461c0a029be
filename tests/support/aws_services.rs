//! What integrations ask of AWS, on loopback: logins of both registries, clusters, and the web hook by which a cluster
//! of AWS knows a token. Each request is checked as the service would: what it is signed for, and for which region.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use super::http;
use super::sts::{header, read_request};

/// The passwords that the registries give out.
pub(crate) const PASSWORD: &str = "password-of-the-registry-0123456789";
pub(crate) const PUBLIC_PASSWORD: &str = "password-of-the-public-registry-0123456789";

#[derive(Default)]
struct Seen {
    log: Vec<String>,
    clusters: BTreeMap<String, Value>,
}

/// Running services. They end with the test process.
pub(crate) struct AwsServices {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
}

impl AwsServices {
    pub(crate) fn start() -> AwsServices {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || serve(client, &shared));
            }
        });
        AwsServices { url: format!("http://127.0.0.1:{port}"), seen }
    }

    /// Makes a cluster known, by what `DescribeCluster` says of it.
    pub(crate) fn add_cluster(&self, name: &str, cluster: Value) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clusters.insert(name.to_owned(), cluster);
    }

    /// Requests so far: what was signed for, the region, and what was asked.
    pub(crate) fn log(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).log.clone()
    }
}

fn serve(mut client: TcpStream, seen: &Mutex<Seen>) -> Option<()> {
    client.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let (head, body) = read_request(&mut client)?;
    let (status, answer) = answer(&head, &body, seen);
    let body = answer.to_string();
    let length = body.len();
    write!(client, "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").ok()
}

fn answer(head: &str, body: &[u8], seen: &Mutex<Seen>) -> (u16, Value) {
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if path.starts_with("/authenticate") {
        let answer = review(&serde_json::from_slice(body).unwrap_or_default());
        return (200, answer);
    }
    // Credential=KEY/DATE/REGION/SERVICE/aws4_request
    let signed = header(head, "authorization").unwrap_or_default();
    let scope: Vec<&str> = signed.split(['/', ',']).collect();
    let [_, _, region, service, ..] = scope.as_slice() else {
        return (403, json!({"__type": "MissingAuthenticationTokenException", "message": "not signed"}));
    };
    let target = header(head, "x-amz-target").unwrap_or_default();
    let asked = if target.is_empty() { format!("{method} {path}") } else { target };
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.log.push(format!("{service} {region} {asked}"));
    match (*service, asked.as_str()) {
        ("ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken") => {
            (200, json!({"authorizationData": [login(PASSWORD)]}))
        }
        ("ecr-public", "SpencerFrontendService.GetAuthorizationToken") if *region == "us-east-1" => {
            (200, json!({"authorizationData": login(PUBLIC_PASSWORD)}))
        }
        ("eks", _) => {
            let name = path.strip_prefix("/clusters/").unwrap_or_default();
            match seen.clusters.get(name) {
                Some(cluster) => (200, json!({"cluster": cluster})),
                None => (404, json!({"__type": "ResourceNotFoundException", "message": "No cluster found"})),
            }
        }
        _ => (403, json!({"__type": "AccessDeniedException", "message": "not for this service"})),
    }
}

fn login(password: &str) -> Value {
    let token = base64::engine::general_purpose::STANDARD.encode(format!("AWS:{password}"));
    let expires = jiff::Timestamp::now().as_second() + 12 * 3600;
    json!({"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": "https://registry.test"})
}

/// Asks STS the question in the token, as the web hook of a cluster does, and says who signed it.
fn review(review: &Value) -> Value {
    let token = review["spec"]["token"].as_str().unwrap_or_default();
    let user = question(token).and_then(|url| {
        // moto finds a service by the header of a signature only.
        let part = |name: &str| url.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let (key, headers) = (part("X-Amz-Credential")?.replace("%2F", "/"), part("X-Amz-SignedHeaders")?);
        let signature = part("X-Amz-Signature").filter(|_| headers.contains("x-k8s-aws-id"))?;
        let signed = format!("AWS4-HMAC-SHA256 Credential={key}, SignedHeaders={headers}, Signature={signature}");
        let sent = [("x-k8s-aws-id", "dev"), ("Authorization", &signed)];
        let (status, answer) = http::exchange_with("GET", &url, &sent, "")?;
        let (_, rest) = answer.split_once("<Arn>").filter(|_| status == 200)?;
        Some(rest.split('<').next().unwrap_or_default().to_owned())
    });
    let status = match user {
        Some(user) => json!({"authenticated": true, "user": {"username": user, "groups": ["system:masters"]}}),
        None => json!({"authenticated": false}),
    };
    json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status})
}

/// The question in a token.
pub(crate) fn question(token: &str) -> Option<String> {
    let encoded = token.strip_prefix("k8s-aws-v1.")?;
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(encoded).ok()?;
    String::from_utf8(url).ok()
}
