//! Command line of the server.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::knobs::Knobs;
use crate::sts::Endpoint;

/// A loopback IAM Identity Center for tests.
#[derive(Parser, Debug)]
#[command(name = "identity-center")]
pub(crate) struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Write the port to this file once the server listens; the file appears complete.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    /// Accounts and roles: JSON `{"accounts": [{"id", "name", "email", "roles": []}]}`.
    #[arg(long, value_name = "FILE")]
    pub(crate) directory: Option<PathBuf>,
    /// Get role credentials from this STS (moto), so that it knows whose they are; default: made up here.
    #[arg(long, value_name = "URL")]
    sts_endpoint: Option<String>,
    /// End after so many seconds.
    #[arg(long, default_value_t = 3600, value_name = "SEC")]
    pub(crate) exit_after: u64,
    /// End when stdin is closed.
    #[arg(long)]
    pub(crate) exit_with_stdin: bool,

    /// Approve every device code at once, as if a person had pressed the button.
    #[arg(long)]
    auto_approve: bool,
    /// Deny every device code.
    #[arg(long)]
    deny: bool,
    /// Answer that the device code has expired.
    #[arg(long)]
    expire: bool,
    /// So many polls of each device code are answered with `authorization_pending` first.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pending: u32,
    /// Then so many polls with `slow_down`.
    #[arg(long, default_value_t = 0, value_name = "N")]
    slow_down: u32,
    /// Seconds between polls that the client is told.
    #[arg(long, default_value_t = 1, value_name = "SEC")]
    interval: u32,
    /// Lifetime of a device code.
    #[arg(long, default_value_t = 600, value_name = "SEC")]
    device_lifetime: u32,
    /// Lifetime of a client registration.
    #[arg(long, default_value_t = 90 * 24 * 3600, value_name = "SEC")]
    client_lifetime: u32,
    /// Lifetime of an access token.
    #[arg(long, default_value_t = 8 * 3600, value_name = "SEC")]
    token_lifetime: u32,
    /// Lifetime of role credentials.
    #[arg(long, default_value_t = 3600, value_name = "SEC")]
    credential_lifetime: u32,
    /// Most entries in one page of accounts or roles.
    #[arg(long, default_value_t = 2, value_name = "N")]
    page_size: usize,
    /// Give no refresh token.
    #[arg(long)]
    no_refresh: bool,
    /// Refuse every refresh token.
    #[arg(long)]
    reject_refresh: bool,
    /// A refresh token works once; each refresh gives the next one.
    #[arg(long)]
    rotate_refresh: bool,
    /// Wait before every answer.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency_ms: u64,
    /// Answer the next portal request with 401.
    #[arg(long)]
    unauthorized_once: bool,
    /// Answer the next portal request with 429.
    #[arg(long)]
    too_many_once: bool,
    /// Answer the next request with 500.
    #[arg(long)]
    server_error_once: bool,
    /// Know no authorization codes, as services of other partitions may.
    #[arg(long)]
    no_code_grant: bool,
}

impl Options {
    pub(crate) fn knobs(&self) -> Knobs {
        Knobs {
            auto_approve: self.auto_approve,
            deny: self.deny,
            expire: self.expire,
            pending: self.pending,
            slow_down: self.slow_down,
            interval: self.interval,
            device_lifetime: self.device_lifetime,
            client_lifetime: self.client_lifetime,
            token_lifetime: self.token_lifetime,
            credential_lifetime: self.credential_lifetime,
            page_size: self.page_size,
            no_refresh: self.no_refresh,
            reject_refresh: self.reject_refresh,
            rotate_refresh: self.rotate_refresh,
            latency_ms: self.latency_ms,
            unauthorized_once: self.unauthorized_once,
            too_many_once: self.too_many_once,
            server_error_once: self.server_error_once,
            no_code_grant: self.no_code_grant,
            withdrawn: Vec::new(),
            reject_refreshed: false,
            reject_all: false,
            broken_account: String::new(),
        }
    }

    pub(crate) fn sts_endpoint(&self) -> Result<Option<Endpoint>, String> {
        self.sts_endpoint.as_deref().map(Endpoint::parse).transpose()
    }
}

/// Writes the port beside the file and renames, so that a reader never sees half a number.
pub(crate) fn announce(file: &Path, port: u16) -> Result<(), String> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    std::fs::write(&partial, format!("{port}\n"))
        .and_then(|()| std::fs::rename(&partial, file))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_the_knobs_and_the_rest_keeps_the_services_habits() {
        let options = Options::parse_from(["identity-center", "--pending", "2", "--rotate-refresh", "--deny"]);
        let knobs = options.knobs();
        assert_eq!((knobs.pending, knobs.rotate_refresh, knobs.deny), (2, true, true));
        assert_eq!((knobs.slow_down, knobs.token_lifetime, knobs.page_size), (0, 28800, 2));
    }
}
