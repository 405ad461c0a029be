//! Functions with the names and the behaviour of gomplate v3.

mod clouds;
mod coll;
mod conv;
mod crypto;
mod csv;
mod data;
mod files;
mod jsonpath;
mod math;
mod net;
mod random;
mod slug;
mod small;
mod sources;
mod strings;
mod table;
mod time;

pub(crate) use table::{FUNCTIONS, NAMESPACES};
