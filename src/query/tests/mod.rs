//! Tests of the whole module: what yq itself says, what errors look like, what no input may do.

mod faults;
mod limits;
mod oracle;
