//! `atmos about` and `atmos support`

use super::super::setup::Context;
use super::write;
use crate::diag::Result;

pub(super) fn about(context: &Context) -> Result<u8> {
    write::data(
        context,
        "atmos describes clouds as YAML stacks that configure Terraform, OpenTofu and Helmfile components, works out\n\
         which cloud identity each component runs as, and runs it with credentials that only this run is given.\n\n\
         atmos describe stacks             what all stacks amount to\n\
         atmos explain COMPONENT -s STACK  where a value comes from\n\
         atmos validate stacks             what is wrong with the manifests\n",
    )?;
    Ok(0)
}

pub(super) fn support(context: &Context) -> Result<u8> {
    write::data(
        context,
        "`atmos COMMAND --help` explains each command, `atmos man` writes the manual pages.\n\
         Every error has a code, a place and a way out; `--verbose` shows all causes, `--logs-level Debug` what happened.\n\n\
         atmos validate config             what is wrong with atmos.yaml\n\
         atmos describe config             the configuration that counts\n\n\
         Reports of mistakes should name the output of `atmos version`, and a small repository that shows the mistake.\n",
    )?;
    Ok(0)
}
