//! `atmos terraform migrate …`

use super::super::args::{MigrateArgs, MigrateCommand};
use super::super::setup::Context;
use super::terraform::plain;
use crate::diag::Result;
use crate::ops::terraform::{self, MigrateRequest, Migration};

pub(super) fn run(context: &Context, command: MigrateCommand) -> Result<u8> {
    let (action, args) = match command {
        MigrateCommand::Plan(args) => (Migration::Plan, args),
        MigrateCommand::Apply(args) => (Migration::Apply, args),
    };
    let MigrateArgs { run, migration, tfmigrate_config, backend_config } = args;
    let variable = |name: &str| {
        let value = context.host.env.get(&format!("ATMOS_TFMIGRATE_{name}"));
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let backend_config = if backend_config.is_empty() {
        let listed = variable("BACKEND_CONFIG").unwrap_or_default();
        listed.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
    } else {
        backend_config
    };
    let request = MigrateRequest {
        run: plain(context, "plan", run)?,
        action,
        migration: migration.or_else(|| variable("MIGRATION")),
        config: tfmigrate_config.or_else(|| variable("CONFIG")),
        backend_config,
    };
    let app = context.app_with_config()?;
    Ok(context.block_on(terraform::migrate(&app, &request))??.code)
}
