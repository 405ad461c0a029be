//! Go's `net/url`, as far as templates see it.

use std::any::Any;
use std::fmt::Write as _;

use super::text::quote;
use crate::template::{Function, Object, Val};

/// A parsed address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    pub(crate) opaque: String,
    pub(crate) user: Option<User>,
    pub(crate) host: String,
    /// Decoded.
    pub(crate) path: String,
    /// As written, when the plain encoding of `path` would differ.
    pub(crate) raw_path: String,
    pub(crate) query: String,
    pub(crate) force_query: bool,
    pub(crate) fragment: String,
}

/// Name and password, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    name: String,
    password: Option<String>,
}

/// Part of an address, for what must be encoded in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    User,
    Host,
    Fragment,
}

impl Url {
    /// `url.Parse`.
    ///
    /// # Errors
    /// Go's error text.
    pub(crate) fn parse(text: &str) -> Result<Url, String> {
        let failed = |reason: String| format!("parse {}: {reason}", quote(text));
        let (rest, fragment) = text.split_once('#').map_or((text, None), |(rest, fragment)| (rest, Some(fragment)));
        let mut url = Url::parse_body(rest).map_err(|reason| format!("parse {}: {reason}", quote(rest)))?;
        if let Some(fragment) = fragment {
            url.fragment = decode(fragment, Place::Fragment).map_err(failed)?;
        }
        Ok(url)
    }

    fn parse_body(text: &str) -> Result<Url, String> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        if text == "*" {
            return Ok(Url { path: "*".to_owned(), ..Url::default() });
        }
        let mut url = Url::default();
        let (scheme, mut rest) = scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        if rest.ends_with('?') && rest.matches('?').count() == 1 {
            url.force_query = true;
            rest = &rest[..rest.len() - 1];
        } else if let Some((before, query)) = rest.split_once('?') {
            query.clone_into(&mut url.query);
            rest = before;
        }
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                rest.clone_into(&mut url.opaque);
                return Ok(url);
            }
            let first = rest.split('/').next().unwrap_or_default();
            if first.contains(':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let has_authority = rest.starts_with("//") && (!url.scheme.is_empty() || !rest.starts_with("///"));
        if has_authority {
            let authority_and_path = &rest[2..];
            let end = authority_and_path.find('/').unwrap_or(authority_and_path.len());
            let (authority, path) = authority_and_path.split_at(end);
            url.authority(authority)?;
            rest = path;
        }
        url.path = decode(rest, Place::Path)?;
        if encode(&url.path, Place::Path) != rest {
            rest.clone_into(&mut url.raw_path);
        }
        Ok(url)
    }

    fn authority(&mut self, authority: &str) -> Result<(), String> {
        let host = match authority.rsplit_once('@') {
            None => authority,
            Some((user, host)) => {
                let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(letter);
                if !user.chars().all(allowed) {
                    return Err("net/url: invalid userinfo".to_owned());
                }
                let (name, password) = match user.split_once(':') {
                    None => (user, None),
                    Some((name, password)) => (name, Some(decode(password, Place::User)?)),
                };
                self.user = Some(User { name: decode(name, Place::User)?, password });
                host
            }
        };
        let port = if host.starts_with('[') {
            let end = host.rfind(']').ok_or("missing ']' in host")?;
            &host[end + 1..]
        } else {
            host.rfind(':').map_or("", |index| &host[index..])
        };
        let figures = port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
        if !port.is_empty() && !figures {
            return Err(format!("invalid port {} after host", quote(port)));
        }
        self.host = decode(host, Place::Host)?;
        Ok(())
    }

    /// Host without port and brackets.
    pub(crate) fn hostname(&self) -> &str {
        if let Some(inside) = self.host.strip_prefix('[')
            && let Some(end) = inside.rfind(']')
        {
            return &inside[..end];
        }
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.host,
        }
    }

    fn port(&self) -> &str {
        let name = self.hostname().len();
        let rest = if self.host.starts_with('[') { self.host.get(name + 2..) } else { self.host.get(name..) };
        rest.and_then(|rest| rest.strip_prefix(':')).unwrap_or_default()
    }

    fn escaped_path(&self) -> String {
        let valid = |byte: u8| plain(byte, Place::Path) || b"!'()*;[]%".contains(&byte);
        let usable = !self.raw_path.is_empty() && self.raw_path.bytes().all(valid);
        if usable && decode(&self.raw_path, Place::Path).as_ref() == Ok(&self.path) {
            return self.raw_path.clone();
        }
        if self.path == "*" { "*".to_owned() } else { encode(&self.path, Place::Path) }
    }

    /// The address as text.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            let path = self.escaped_path();
            if !self.scheme.is_empty() || !self.host.is_empty() || self.user.is_some() {
                if !self.host.is_empty() || !path.is_empty() || self.user.is_some() {
                    out.push_str("//");
                }
                if let Some(user) = &self.user {
                    out.push_str(&user.to_text());
                    out.push('@');
                }
                out.push_str(&encode(&self.host, Place::Host));
            }
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty() && path.split('/').next().is_some_and(|first| first.contains(':')) {
                out.push_str("./");
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if self.force_query || !self.query.is_empty() {
            out.push('?');
            out.push_str(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&encode(&self.fragment, Place::Fragment));
        }
        out
    }
}

impl User {
    pub(crate) fn to_text(&self) -> String {
        let name = encode(&self.name, Place::User);
        match &self.password {
            Some(password) => format!("{name}:{}", encode(password, Place::User)),
            None => name,
        }
    }
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (index, letter) in text.char_indices() {
        match letter {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if index > 0 => {}
            ':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..index], &text[index + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

/// Whether a byte stands for itself.
fn plain(byte: u8, place: Place) -> bool {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        return true;
    }
    match place {
        Place::Path => matches!(byte, b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'@'),
        Place::User => matches!(byte, b'$' | b'&' | b'+' | b',' | b';' | b'='),
        Place::Host => b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Place::Fragment => b"$&+,/:;=?@!()*".contains(&byte),
    }
}

fn encode(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte, place) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decode(text: &str, place: Place) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'%' {
            let code = text.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok());
            let Some(code) = code.filter(|_| bytes[at + 1] != b'+') else {
                let end = (at..=(at + 3).min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
                return Err(format!("invalid URL escape {}", quote(&text[at..end])));
            };
            if place == Place::Host && code.is_ascii() && code != b'%' {
                return Err(format!("invalid URL escape {}", quote(&text[at..at + 3])));
            }
            out.push(code);
            at += 3;
            continue;
        }
        if place == Place::Host && byte.is_ascii() && !plain(byte, Place::Host) {
            return Err(format!("invalid character {} in host name", quote(&char::from(byte).to_string())));
        }
        out.push(byte);
        at += 1;
    }
    String::from_utf8(out).map_err(|_| "the decoded text is not valid UTF-8".to_owned())
}

impl Object for Url {
    fn type_name(&self) -> &'static str {
        "*url.URL"
    }

    fn text(&self) -> String {
        self.to_text()
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        METHODS.iter().find(|function| function.name == name)
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Url>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn this(args: &[Val]) -> Url {
    args.first().and_then(Val::as_object::<Url>).cloned().unwrap_or_default()
}

static METHODS: &[Function] = &[
    Function::new("Scheme", &[], |_, args| Ok(Val::from(this(args).scheme))),
    Function::new("Opaque", &[], |_, args| Ok(Val::from(this(args).opaque))),
    Function::new("User", &[], |_, args| Ok(this(args).user.map_or(Val::Nil, |user| Val::from(user.to_text())))),
    Function::new("Host", &[], |_, args| Ok(Val::from(this(args).host))),
    Function::new("Hostname", &[], |_, args| Ok(Val::from(this(args).hostname()))),
    Function::new("Port", &[], |_, args| Ok(Val::from(this(args).port()))),
    Function::new("Path", &[], |_, args| Ok(Val::from(this(args).path))),
    Function::new("RawPath", &[], |_, args| Ok(Val::from(this(args).raw_path))),
    Function::new("EscapedPath", &[], |_, args| Ok(Val::from(this(args).escaped_path()))),
    Function::new("RawQuery", &[], |_, args| Ok(Val::from(this(args).query))),
    Function::new("Fragment", &[], |_, args| Ok(Val::from(this(args).fragment))),
    Function::new("IsAbs", &[], |_, args| Ok(Val::Bool(!this(args).scheme.is_empty()))),
    Function::new("String", &[], |_, args| Ok(Val::from(this(args).to_text()))),
    Function::new("RequestURI", &[], |_, args| {
        let url = this(args);
        let path = if url.opaque.is_empty() { url.escaped_path() } else { url.opaque };
        let path = if path.is_empty() { "/".to_owned() } else { path };
        Ok(Val::from(if url.query.is_empty() { path } else { format!("{path}?{}", url.query) }))
    }),
];
