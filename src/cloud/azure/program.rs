//! What `az login` left, told by the program itself.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::super::token::{Desk, Token, Trouble};
use crate::host::group::{Leash, leading};
use crate::host::threads;

/// It may have to renew its own token first.
const PATIENCE: Duration = Duration::from_mins(1);

/// A token, and what the program says beside it.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub token: Token,
    pub tenant: Option<String>,
    pub subscription: Option<String>,
}

/// The token alone; `None` without the program.
///
/// # Errors
/// [`Trouble::Refused`]
pub async fn by_program(
    desk: Desk<'_>,
    environment: Vec<(OsString, OsString)>,
    words: &[&str],
) -> Result<Option<Token>, Trouble> {
    Ok(signed_in(desk, environment, words, PATIENCE).await?.map(|signed_in| signed_in.token))
}

/// What the program gives for these words within its time; `None` without the program.
///
/// # Errors
/// [`Trouble::Refused`]
pub async fn signed_in(
    desk: Desk<'_>,
    environment: Vec<(OsString, OsString)>,
    words: &[&str],
    patience: Duration,
) -> Result<Option<SignedIn>, Trouble> {
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path);
    let Ok(program) = which::which_in("az", path, &desk.host.cwd) else { return Ok(None) };
    let words = ["account", "get-access-token", "--output", "json"].iter().chain(words);
    let child = duct::cmd(program, words).dir(&desk.host.cwd).full_env(environment);
    let child = leading(&child.stdin_null().stdout_capture().stderr_capture().unchecked());
    let failed = |reason: &str| Trouble::Refused(format!("`az account get-access-token` gave no token: {reason}"));
    let handle = Arc::new(child.start().map_err(|error| failed(&error.to_string()))?);
    // The program is a script that starts others: whoever stops waiting ends all of them.
    let leash = Leash::new(handle.pids());
    let output =
        threads::blocking(move || handle.wait_timeout(patience).map(Option::<&std::process::Output>::cloned)).await;
    let output = output.map_err(|reason| failed(&reason))?.map_err(|error| failed(&error.to_string()))?;
    let output = output.ok_or_else(|| failed(&format!("it did not end within {} s", patience.as_secs())))?;
    leash.release();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()));
    }
    let json: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let printed =
        json["accessToken"].as_str().filter(|token| !token.is_empty()).ok_or_else(|| failed("it printed none"))?;
    if !printed.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(failed("what it printed is no token"));
    }
    let token = desk.taken(&json, "accessToken").map_err(|trouble| failed(&trouble.to_string()))?;
    let left = end(&json).map(|end| end.as_second() - desk.host.now().as_second());
    if left.or(token.lifetime).is_none() {
        return Err(failed("it does not say when that ends"));
    }
    let text = |key: &str| json[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let token = Token { lifetime: token.lifetime.or(left), ..token };
    Ok(Some(SignedIn { token, tenant: text("tenant"), subscription: text("subscription") }))
}

/// When the token ends: in seconds since 1970, or in older versions as the clock on the wall shows it.
fn end(json: &Json) -> Option<Timestamp> {
    if let Some(seconds) = json["expires_on"].as_i64() {
        return Timestamp::from_second(seconds).ok();
    }
    let text = json["expiresOn"].as_str()?;
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        TimeZone::system().to_timestamp(local).ok()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ends_are_read_in_every_form() {
        let local: DateTime = "2030-01-02 03:04:05.123456".parse().unwrap();
        let local = TimeZone::system().to_timestamp(local).unwrap();
        for (answer, expected) in [
            (json!({"expires_on": 1_893_456_000, "expiresOn": "x"}), Timestamp::from_second(1_893_456_000).ok()),
            (json!({"expiresOn": "2030-01-02 03:04:05.123456"}), Some(local)),
            (json!({"expiresOn": "2030-01-01T00:00:00Z"}), Timestamp::from_second(1_893_456_000).ok()),
            (json!({"expiresOn": "soon"}), None),
            (json!({}), None),
        ] {
            assert_eq!(end(&answer), expected, "{answer}");
        }
    }
}
