//! Feeds one target, which the variable `ATMOS_FUZZ_TARGET` names.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/fuzz/targets.rs"]
mod targets;

static TARGET: LazyLock<targets::Target> = LazyLock::new(|| {
    let name = std::env::var("ATMOS_FUZZ_TARGET").unwrap_or_default();
    match targets::TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => *target,
        None => {
            let known: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
            panic!("no target {name:?}; there are {}", known.join(", "))
        }
    }
});

fuzz_target!(|data: &[u8]| TARGET(data));
