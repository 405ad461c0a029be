//! What may be a secret in the command lines and the addresses of other tools. Row 5.
//!
//! Strict: a command is taken over only where none of its words can be one. In doubt it stays behind, since a section goes into a
//! repository and a script of the user's own can take its place. Nobody can know a short password that stands alone, so that no
//! answer here is a promise.

use crate::secret::{begins_like_token, is_secret_name};

const QUOTES: &str = "its quotes do not close";
const SHELL: &str = "it is text for a shell";
const CODE: &str = "an argument of it is JSON or code";
const NAMED: &str = "an argument of it is named like a secret";
const VARIABLE: &str = "it sets a variable";
const HEADER: &str = "it sends a header";
const USER: &str = "it names a user with a password";
const ADDRESS: &str = "an address in it names a user, or has something like a token in it";
const RANDOM: &str = "an argument of it looks like a key or a token";
const SIGNS: &str = "an argument of it has signs as passwords have them";

/// Parts of the names of flags and parameters whose values are secrets, beyond those that are so everywhere.
const PARTS: [&str; 21] = [
    "passcode",
    "keys",
    "pin",
    "otp",
    "totp",
    "otpauth",
    "auth",
    "authorization",
    "bearer",
    "cred",
    "creds",
    "cookie",
    "cookies",
    "header",
    "headers",
    "seed",
    "jwt",
    "sig",
    "signature",
    "code",
    "sid",
];
/// Ends of such parts: `bindpw`, `sshkey`.
const ENDS: [&str; 4] = ["pw", "pwd", "pass", "key"];
/// Last parts of names that lead to a secret, or speak of it.
const LEADING: [&str; 10] = ["file", "path", "env", "url", "uri", "arn", "endpoint", "method", "type", "mode"];
/// Last parts of names whose values are ids, however they look.
const IDS: [&str; 5] = ["id", "tenant", "subscription", "account", "application"];
const USERS: [&str; 5] = ["u", "user", "username", "proxy-user", "login"];
/// Words behind a single dash that begin like `-p PASSWORD`.
const NOT_P: [&str; 11] =
    ["path", "partition", "platform", "policy", "port", "prefix", "print", "process", "profile", "project", "provider"];
/// Variables that say nothing secret.
const OPEN_VARIABLES: [&str; 9] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SDK_LOAD_CONFIG",
    "HOME",
    "LANG",
    "PATH",
];
const SHELLS: [&str; 10] = ["sh", "bash", "zsh", "dash", "ksh", "fish", "pwsh", "powershell", "cmd", "eval"];
/// Beginnings of tokens that are not masked everywhere: shorter ones of these are words.
const TOKENS: [&str; 7] = ["glpat-", "hvs.", "xox", "sk-", "sk_", "eyJ", "ya29."];
/// The shortest text that is told from a name by its looks; of capitals alone, and with other signs in between.
const LONG: usize = 20;
const LONG_CAPITALS: usize = 16;
const LONG_MIXED: usize = 24;
/// The path of an address has ids.
const LONG_IN_PATH: usize = 32;

/// Why a command may hold a secret.
pub(super) fn in_command(command: &str) -> Option<&'static str> {
    let Ok(words) = shell_words::split(command) else { return Some(QUOTES) };
    let (program, rest) = words.split_first()?;
    let signs = ['|', ';', '&', '<', '>', '`', '$', '\n'];
    let is_code = |word: &String| {
        let word = word.to_lowercase();
        (word.starts_with('-') && word.contains('c')) || word == "/c"
    };
    // An address may have such signs; everything else with them is for a shell.
    let outside = words.iter().any(|word| word.contains(signs) && !word.contains("://"));
    if outside || (SHELLS.contains(&program_name(program)) && rest.iter().any(is_code)) {
        return Some(if command.contains(['{', '}']) { CODE } else { SHELL });
    }
    in_words(&words).or_else(|| in_text(program_name(program), false))
}

/// The name of a program without its folder.
pub(super) fn program_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Whether a word may be shown.
pub(super) fn is_open(word: &str) -> bool {
    in_text(word, false).is_none()
}

/// The first word is a program, or one like the others.
fn in_words(words: &[String]) -> Option<&'static str> {
    words.iter().enumerate().find_map(|(at, word)| {
        let next = words.get(at + 1).map(String::as_str).filter(|next| !next.starts_with('-'));
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        let is_id = before.is_some_and(|before| before.starts_with('-') && is_id(before));
        in_word(word, next).or_else(|| in_parts(word, is_id, at == 0))
    })
}

/// By what its name says about its value.
fn in_word(word: &str, next: Option<&str>) -> Option<&'static str> {
    let is_flag = word.starts_with('-');
    let end = word.find(['=', ':']);
    let (name, value) = end.map_or((word, None), |end| (&word[..end], Some(&word[end + 1..])));
    let value = value.filter(|value| !value.is_empty());
    if !is_flag {
        let is_set = word[name.len()..].starts_with('=');
        let is_variable = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        };
        return match value {
            Some(_) if is_set && is_variable(name) && !OPEN_VARIABLES.contains(&name) => Some(VARIABLE),
            Some(_) if names_secret(name) => Some(NAMED),
            _ => None,
        };
    }
    let value = value.or_else(|| next.filter(|_| end.is_none()));
    let bare = name.trim_start_matches('-');
    if let Some(value) = value {
        if bare == "H" {
            return Some(HEADER);
        }
        if USERS.contains(&bare.to_lowercase().as_str()) && value.contains(':') {
            return Some(USER);
        }
        if matches!(bare, "p" | "k") || names_secret(bare) {
            return Some(NAMED);
        }
        if bare.len() == 1 && is_mixed(value) {
            return Some(RANDOM);
        }
    }
    let is_single = !name.starts_with("--") && bare.len() > 1;
    match bare.as_bytes().first() {
        Some(b'p') if is_single && !NOT_P.iter().any(|known| bare.starts_with(known)) => Some(NAMED),
        Some(b'H') if is_single => Some(HEADER),
        Some(b'u') if is_single && word.contains(':') => Some(USER),
        _ => None,
    }
}

/// By what it looks like, itself and what is inside of it.
fn in_parts(word: &str, is_id: bool, is_program: bool) -> Option<&'static str> {
    if word.contains(char::is_whitespace) && !is_program {
        let inner: Vec<String> = word.split_whitespace().map(str::to_owned).collect();
        return in_text(word, is_id).or_else(|| in_words(&inner));
    }
    if is_program && !word.contains('=') {
        return None;
    }
    match word.split_once('=') {
        Some((name, value)) if !word.contains("://") => {
            in_text(name, false).or_else(|| in_text(value, is_id || self::is_id(name)))
        }
        _ => in_text(word, is_id),
    }
}

fn in_text(text: &str, is_id: bool) -> Option<&'static str> {
    if text.contains("://") {
        return in_address(text).then_some(ADDRESS);
    }
    if text.contains(['{', '}', '"', '[', ']']) {
        return Some(CODE);
    }
    let lower = text.to_lowercase();
    if lower.starts_with("authorization") || lower.contains("bearer ") || lower.contains("basic ") {
        return Some(HEADER);
    }
    if text.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
        return Some(USER);
    }
    if text.contains(|c: char| !c.is_alphanumeric() && !"_./:=,@+~- \t".contains(c)) {
        return Some(SIGNS);
    }
    let is_random = |part: &str| looks_random(part) && !(is_id && is_uuid(part));
    text.split_whitespace().any(is_random).then_some(RANDOM)
}

/// Whether an address may hold a secret: a user, or a parameter that is named or looks like one.
pub(super) fn in_address(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let (path, parameters) = rest.split_at(rest.find(['?', '#', ';']).unwrap_or(rest.len()));
    let is_secret = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        (!value.is_empty() && names_secret(name)) || (looks_random(value) && !is_uuid(value))
    };
    authority.contains('@')
        || text.split_once("://").is_some_and(|(before, _)| in_word(before, None).is_some())
        || path.split('/').any(|part| part.len() >= LONG_IN_PATH && looks_random(part) && !is_uuid(part))
        || parameters.split(['?', '#', '&', ';']).any(is_secret)
}

/// Whether what a name stands for is a secret.
fn names_secret(name: &str) -> bool {
    let parts = parts(name);
    let leads = parts.last().is_some_and(|last| LEADING.contains(&last.as_str()));
    let is_one = |part: &String| PARTS.contains(&part.as_str()) || ENDS.iter().any(|end| part.ends_with(end));
    is_secret_name(name) || (!leads && parts.iter().any(is_one))
}

fn is_id(name: &str) -> bool {
    parts(name).last().is_some_and(|last| IDS.contains(&last.as_str()))
}

/// `--api-key`, `api_key` and `apiKey` are `api` and `key`.
fn parts(name: &str) -> Vec<String> {
    let mut spaced = String::new();
    let mut was_lower = false;
    for letter in name.chars() {
        if was_lower && letter.is_ascii_uppercase() {
            spaced.push('-');
        }
        was_lower = letter.is_ascii_lowercase();
        spaced.push(letter.to_ascii_lowercase());
    }
    spaced.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Letters behind digits, as in no name, number, region or length of time.
fn is_mixed(value: &str) -> bool {
    let is_length = value.trim_start_matches(|c: char| c.is_ascii_digit()).len() == 1;
    let bytes = value.as_bytes();
    !is_length && bytes.windows(2).any(|pair| pair[0].is_ascii_digit() && pair[1].is_ascii_alphabetic())
}

/// Whether nobody would call something so: kinds of letters change far more often than in names and paths.
fn looks_random(word: &str) -> bool {
    let is_arn = word.starts_with("arn:aws") && word.matches(':').count() >= 5;
    if is_arn {
        return false;
    }
    let is_token = begins_like_token(word) || TOKENS.iter().any(|token| word.starts_with(token));
    if word.len() >= LONG_CAPITALS && is_token {
        return true;
    }
    let mut runs = word.split(|c: char| !c.is_ascii_alphanumeric());
    let whole = word.bytes().filter(u8::is_ascii_alphanumeric).count();
    let changes: usize = runs.clone().map(changes).sum();
    (whole >= LONG_MIXED && is_often(changes, whole))
        || runs.any(|run| {
            let is_capitals = run.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                && run.bytes().any(|byte| byte.is_ascii_uppercase());
            (run.len() >= LONG_CAPITALS && is_capitals)
                || (run.len() >= LONG && is_often(self::changes(run), run.len()))
        })
}

fn is_often(changes: usize, of: usize) -> bool {
    changes * 5 >= of
}

/// How often digits, capitals and small letters change; a capital before a small letter begins a word.
fn changes(run: &str) -> usize {
    let kind = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        _ => 2,
    };
    let pairs = run.as_bytes().windows(2).map(|pair| (kind(pair[0]), kind(pair[1])));
    pairs.filter(|(one, other)| one != other && (*one, *other) != (1, 2)).count()
}

pub(super) fn is_uuid(word: &str) -> bool {
    let lengths: Vec<usize> = word.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Whether a line of an AWS configuration may be shown: a header, or a setting without a secret.
pub(super) fn is_open_line(line: &str) -> bool {
    let line = line.trim();
    let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';', '['])) else {
        let header = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        return line.is_empty() || header.is_some_and(|header| header.split_whitespace().all(is_open));
    };
    let (key, value) = (key.trim(), value.trim());
    if key.ends_with("_process") {
        return in_command(value).is_none();
    }
    !names_secret(key) && (if value.contains("://") { !in_address(value) } else { !looks_random(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_with_plain_arguments_may_be_taken_over() {
        for command in [
            "print",
            "/opt/bin/print \"one two\"",
            "aws-vault export --format=json prod",
            "leapp session generate 7",
            "granted credential-process --profile 'Sandbox/Admin'",
            "/opt/homebrew/Cellar/aws-vault/7.2.0/bin/aws-vault export prod-2",
            "\"C:/Program Files/Acme (x86)/print.exe\" --profile eu-central-1",
            "bash /opt/scripts/print.sh prod",
            "env AWS_PROFILE=prod AWS_REGION=eu-west-1 print -d 12h -r eu-west-1",
            "print --role-arn arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071",
            "print --tenant-id 9d2b8f0e-5c1a-4f6e-9a7b-3c8d1e2f4a5b --key-file /etc/acme/key.pem",
            "print --role AWSAdministratorAccess --duration 3600 me@acme.test",
            "docker run --rm -v /root/.aws:/root/.aws acme/print:1.2 prod",
            "print https://acme.okta.com/home/amazon_aws/0oa1b2c3d4e5F6g7h8i9/272 --method=push",
            "op read op://vault/aws/print",
        ] {
            assert_eq!(in_command(command), None, "{command}");
        }
    }

    #[test]
    fn commands_that_may_hold_a_secret_are_known() {
        for command in [
            "prog --password hunter22",
            "prog --password=hunter22",
            "prog --password:hunter22",
            "prog --clientsecret:abcdef12345",
            "prog -p hunter",
            "prog -phunter22",
            "prog -phunter",
            "prog --pin 1234",
            "prog --bindpw hunter",
            "prog -k hunter",
            "prog /password:hunter",
            "prog --auth abc",
            "prog --key=abc",
            "prog --apiKey abc",
            "prog --otp-code 123456",
            "prog -s S3cret",
            "prog password=abc",
            "oathtool -b --totp JBSWY3DPEHPK3PXP",
            "oathtool -b JBSWY3DPEHPK3PXP",
            "env VAULT_TOKEN=abc prog",
            "PW=abc prog",
            "env PW=abc prog",
            "curl -u bob:hunter https://h/x",
            "curl -ubob:hunter https://h/x",
            "curl --user=bob:hunter https://h/x",
            "curl -H 'Authorization: Bearer abc' https://h/x",
            "curl -H'X-Mine: abc' https://h/x",
            "curl --header 'X-Mine: abc' https://h/x",
            "curl https://bob:pw@h/x",
            "curl https://bob@h/x",
            "curl bob:pw@h/x",
            "curl https://h/x?token=abc",
            "curl 'https://h/x?a=1&sig=abc'",
            "curl https://h/x#access_token=abc",
            "curl https://hooks.h/services/T00000000/wJalrXUtnFEMIwK7MDENGwbPxRfiCYEXAMPLE",
            "curl --url=https://h/x?token=abc",
            "curl --token=https://h",
            "echo {\"Version\":1,\"SecretAccessKey\":\"abc\"}",
            "echo '{\"Version\": 1, \"SecretAccessKey\": \"abc\"}'",
            "sh -c 'prog x'",
            "bash -lc prog",
            "powershell -Command prog",
            "cmd /c prog",
            "prog x | jq .",
            "prog $SECRET",
            "prog `cat x`",
            "prog x; rm y",
            "prog 'pass word!'",
            "prog P%ssw0rd",
            "prog 'login --password abc'",
            "prog wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "prog AKIAIOSFODNN7EXAMPLE",
            "prog ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2",
            "prog 3f786850e387550fdab836ed7e6dc881de23001b",
            "prog hvs.CAESIJq1234567890abcdef",
            "prog 9d2b8f0e-5c1a-4f6e-9a7b-3c8d1e2f4a5b",
            "prog 'never closed",
        ] {
            assert!(in_command(command).is_some(), "{command}");
        }
    }

    #[test]
    fn addresses_of_identity_providers_are_no_secrets() {
        for address in [
            "https://accounts.google.com/o/saml2/initsso?idpid=C01abc234&spid=123456789012&forceauthn=false",
            "https://acme.okta.com/home/amazon_aws/0oa1b2c3d4e5F6g7h8i9/272",
            "https://adfs.acme.test/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices",
            "https://account.activedirectory.windowsazure.com/applications/redirecttofederatedapplication.aspx?\
             Operation=LinkedSignIn&applicationId=9d2b8f0e-5c1a-4f6e-9a7b-3c8d1e2f4a5b",
            "https://d-1234567890.awsapps.com/start#/",
            "http://localhost:4566",
        ] {
            assert!(!in_address(address), "{address}");
        }
        for address in [
            "https://idp/x?token=abc&id=1",
            "https://idp/x;jwt=abc",
            "https://idp/#/x?key=abc",
            "https://me:pw@idp/x",
            "https://idp/x?a=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ] {
            assert!(in_address(address), "{address}");
        }
    }
}
