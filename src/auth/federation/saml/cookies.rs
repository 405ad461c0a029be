//! Cookies of one sign-in, in memory alone. Row 5.

use url::Url;

use super::super::super::aws::endpoint::is_loopback;
use crate::secret::{Expose as _, Secret};

/// More than any identity provider has.
const MOST: usize = 100;
const LONGEST: usize = 8 * 1024;

#[derive(Default)]
pub(super) struct Cookies {
    list: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: Secret,
    host: String,
    /// Hosts below it count as well.
    below: bool,
    path: String,
    secure: bool,
}

impl Cookies {
    /// Takes what an answer from this address sets.
    pub(super) fn take(&mut self, url: &Url, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let (name, value) = (name.trim().to_owned(), value.trim());
        if name.is_empty() || line.len() > LONGEST {
            return;
        }
        let path = url.path().rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
        let mut cookie = Cookie {
            name,
            value: Secret::from(value.to_owned()),
            host: host.clone(),
            below: false,
            path: path.to_owned(),
            secure: false,
        };
        let mut over = false;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "domain" => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    // A host speaks for itself and those beside it, never for a whole country.
                    if domain.is_empty() || !is_below(&host, &domain) || !domain.contains('.') && domain != host {
                        return;
                    }
                    (cookie.host, cookie.below) = (domain, true);
                }
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "max-age" => over = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                _ => {}
            }
        }
        let same =
            |known: &Cookie| (&known.name, &known.host, &known.path) == (&cookie.name, &cookie.host, &cookie.path);
        self.list.retain(|known| !same(known));
        if !over && self.list.len() < MOST {
            self.list.push(cookie);
        }
    }

    /// What is sent to an address; those of longer paths first.
    pub(super) fn header(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let mut fit: Vec<&Cookie> = self
            .list
            .iter()
            .filter(|cookie| if cookie.below { is_below(&host, &cookie.host) } else { host == cookie.host })
            .filter(|cookie| is_in(url.path(), &cookie.path) && (!cookie.secure || is_safe(url)))
            .collect();
        fit.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> =
            fit.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value.expose_secret())).collect();
        pairs.join("; ")
    }
}

/// Cookies for encrypted connections go to this machine, too: nobody listens there.
fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || url.host_str().is_some_and(|host| is_loopback(host.trim_matches(['[', ']'])))
}

fn is_below(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_go_where_they_came_from() {
        let url = |text: &str| Url::parse(text).unwrap();
        let at = url("https://sts.idp.example/adfs/ls/page?x");
        for (line, to, sent) in [
            ("a=1", "https://sts.idp.example/adfs/ls/other", "a=1"),
            ("a=1", "https://sts.idp.example/adfs/other", ""),
            ("a=1; Path=/", "https://sts.idp.example/adfs/other", "a=1"),
            ("a=1; Path=/ad", "https://sts.idp.example/adfs", ""),
            ("a=1; Path=/", "https://other.idp.example/", ""),
            ("a=1; Path=/; Domain=idp.example", "https://other.idp.example/", "a=1"),
            ("a=1; Path=/; Domain=.idp.example", "https://idp.example/", "a=1"),
            ("a=1; Path=/; Domain=example", "https://sts.idp.example/", ""),
            ("a=1; Path=/; Domain=other.example", "https://sts.idp.example/", ""),
            ("a=1; Path=/; Secure", "http://sts.idp.example/", ""),
            ("a=\"x=y\"; path=/; SECURE; HttpOnly; SameSite=None", "https://sts.idp.example/", "a=\"x=y\""),
            ("a=; Path=/; Max-Age=0", "https://sts.idp.example/", ""),
            ("nonsense", "https://sts.idp.example/", ""),
        ] {
            let mut cookies = Cookies::default();
            cookies.take(&at, line);
            assert_eq!(cookies.header(&url(to)), sent, "{line} → {to}");
        }
    }

    #[test]
    fn encrypted_ones_go_to_this_machine_and_later_ones_replace_earlier_ones() {
        let url = Url::parse("http://127.0.0.1:8080/realms/x/auth").unwrap();
        let mut cookies = Cookies::default();
        cookies.take(&url, "a=1; Path=/realms/x/; Secure");
        cookies.take(&url, "b=1; Path=/");
        cookies.take(&url, "a=2; Path=/realms/x/; Secure");
        assert_eq!(cookies.header(&url), "a=2; b=1");
        cookies.take(&url, "a=; Path=/realms/x/; Max-Age=0");
        assert_eq!(cookies.header(&url), "b=1");
        for index in 0..300 {
            cookies.take(&url, &format!("c{index}=1; Path=/"));
        }
        assert!(cookies.list.len() <= MOST);
    }
}
