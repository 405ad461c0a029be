//! Functions with the names of sprig.

use crate::template::function::{Function, Namespace};

/// Tables of functions, later ones win.
pub(crate) static FUNCTIONS: &[&[Function]] = &[];

/// Namespaces.
pub(crate) static NAMESPACES: &[Namespace] = &[];
