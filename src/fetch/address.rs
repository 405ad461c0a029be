//! Addresses as text: their parts, and what of them may be shown.

use crate::host::percent_decode;

/// `scheme://userinfo@authority/rest`, without the userinfo in `plain`.
pub(super) struct Parts<'a> {
    pub scheme: &'a str,
    pub userinfo: Option<&'a str>,
    /// Host and port.
    pub authority: &'a str,
    /// From the first slash on; with the query.
    pub path: &'a str,
}

impl<'a> Parts<'a> {
    /// `None` without `://`.
    pub(super) fn of(url: &'a str) -> Option<Parts<'a>> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (whole, path) = rest.split_at(end);
        let (userinfo, authority) = match whole.rsplit_once('@') {
            Some((userinfo, authority)) => (Some(userinfo), authority),
            None => (None, whole),
        };
        Some(Parts { scheme, userinfo, authority, path })
    }

    /// The name of the host in lower case, without the port.
    pub(super) fn host(&self) -> String {
        let end = self.authority.rfind(':').filter(|end| !self.authority[*end..].contains(']'));
        self.authority[..end.unwrap_or(self.authority.len())].to_ascii_lowercase()
    }

    /// The address without its userinfo.
    pub(super) fn plain(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// Parameters whose values are no secrets.
pub(super) const HARMLESS: [&str; 3] = ["ref", "depth", "archive"];

/// An address as it may be shown: no user, no password, and only harmless parameters.
pub fn shown(address: &str) -> String {
    let (body, query) = address.split_once('?').unwrap_or((address, ""));
    let (forced, body) = split_forced(body);
    let body = match Parts::of(body) {
        // The user of ssh is part of the address, a password never.
        Some(parts) if parts.scheme == "ssh" => {
            let user = parts.userinfo.and_then(|info| info.split(':').next()).map(|user| format!("{user}@"));
            format!("ssh://{}{}{}", user.unwrap_or_default(), parts.authority, parts.path)
        }
        Some(parts) => parts.plain(),
        None => body.to_owned(),
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|parameter| HARMLESS.contains(&parameter.split('=').next().unwrap_or_default()))
        .collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    let forced = forced.map(|forced| format!("{forced}::")).unwrap_or_default();
    format!("{forced}{body}{query}")
}

/// The getter that an address begins with: `git` of `git::https://…`.
pub(super) fn split_forced(address: &str) -> (Option<&str>, &str) {
    match address.split_once("::") {
        Some((forced, rest)) if !forced.is_empty() && forced.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            (Some(forced), rest)
        }
        _ => (None, address),
    }
}

/// The value of a parameter of a query, decoded.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))?;
    Some(decode(value)).filter(|value| !value.is_empty())
}

/// Percent-encoded text decoded; what is no encoding stays as it is.
pub(super) fn decode(text: &str) -> String {
    String::from_utf8(percent_decode(text)).unwrap_or_else(|_| text.to_owned())
}

/// Where a redirect leads.
pub fn join(base: &str, location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    let Some(parts) = Parts::of(base) else { return location.to_owned() };
    if let Some(rest) = location.strip_prefix("//") {
        return format!("{}://{rest}", parts.scheme);
    }
    if location.starts_with('/') {
        return format!("{}://{}{location}", parts.scheme, parts.authority);
    }
    let path = parts.path.split('?').next().unwrap_or_default();
    let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
    format!("{}://{}{folder}{location}", parts.scheme, parts.authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_credentials() {
        for (address, expected) in [
            ("git::https://u:p@example.com/x.git//a?ref=v1&token=t", "git::https://example.com/x.git//a?ref=v1"),
            ("https://example.com/x.yaml?X-Amz-Signature=s", "https://example.com/x.yaml"),
            ("https://token@example.com/a@b.yaml", "https://example.com/a@b.yaml"),
            ("git::ssh://git:p@example.com/x.git//a", "git::ssh://git@example.com/x.git//a"),
            ("git@github.com:org/repo.git//a", "git@github.com:org/repo.git//a"),
            ("github.com/org/repo//a?ref=main", "github.com/org/repo//a?ref=main"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }

    #[test]
    fn redirects_are_relative_or_absolute() {
        let base = "https://a.example/x/y.yaml?q=1";
        for (location, expected) in [
            ("https://b.example/z", "https://b.example/z"),
            ("//b.example/z", "https://b.example/z"),
            ("/z", "https://a.example/z"),
            ("z?p=1", "https://a.example/x/z?p=1"),
        ] {
            assert_eq!(join(base, location), expected);
        }
    }

    #[test]
    fn percent_codes_are_decoded() {
        assert_eq!(decode("feature%2Fx%zz%2"), "feature/x%zz%2");
        assert_eq!(parameter("depth=1&ref=feature%2Fx", "ref").as_deref(), Some("feature/x"));
        assert_eq!(parameter("reference=1", "ref"), None);
    }
}
