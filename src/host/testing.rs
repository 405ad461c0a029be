//! What tests of several modules do to folders.

use std::path::Path;

/// Writes files, given by their names below a folder and their texts, with the folders that they are in.
pub(crate) fn put(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
