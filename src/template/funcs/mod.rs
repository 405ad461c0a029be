//! The functions that templates can call, in static tables.

pub mod gomplate;
pub mod sprig;
