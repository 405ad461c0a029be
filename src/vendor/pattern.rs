//! Which files of a source are taken.

use globset::{GlobBuilder, GlobMatcher};

use super::error::Error;

/// `included_paths` and `excluded_paths`, compiled.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    included: Vec<Pattern>,
    excluded: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    matcher: GlobMatcher,
    /// `folder/*`: what is in the folder, not what is further below.
    shallow: bool,
}

impl Choice {
    /// # Errors
    /// A text that is no pattern.
    pub fn new(included: &[String], excluded: &[String]) -> Result<Choice, Error> {
        Ok(Choice { included: patterns(included)?, excluded: patterns(excluded)? })
    }

    /// Whether the file is taken, by its path from the top of the source. Nothing included means everything; what is
    /// excluded goes, whatever includes it. A pattern that matches a folder means everything below it.
    pub fn takes(&self, file: &str) -> bool {
        if self.excludes(file) {
            return false;
        }
        let includes = |pattern: &Pattern| {
            pattern.matcher.is_match(file)
                || !pattern.shallow && above(file).any(|folder| pattern.matcher.is_match(folder))
        };
        self.included.is_empty() || self.included.iter().any(includes)
    }

    /// Whether the path is left out, or a folder that it is in.
    pub fn excludes(&self, path: &str) -> bool {
        let is = |pattern: &Pattern| {
            pattern.matcher.is_match(path) || above(path).any(|folder| pattern.matcher.is_match(folder))
        };
        self.excluded.iter().any(is)
    }
}

/// The folders that a path is in, the nearest one first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.char_indices().rev().filter(|(_, letter)| *letter == '/').map(|(at, _)| &path[..at])
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, Error> {
    let one = |text: &String| {
        let plain = text.trim().trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
        let glob = GlobBuilder::new(plain).literal_separator(true).backslash_escape(true).build();
        let matcher = glob.map_err(|error| Error::Pattern { pattern: text.clone(), reason: error.to_string() })?;
        let shallow = plain == "*" || plain.ends_with("/*");
        Ok(Pattern { matcher: matcher.compile_matcher(), shallow })
    };
    texts.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(included: &[&str], excluded: &[&str]) -> Choice {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Choice::new(&texts(included), &texts(excluded)).unwrap()
    }

    #[test]
    fn files_are_chosen_by_their_paths() {
        for (included, excluded, file, taken) in [
            (&[][..], &[][..], "a/b.tf", true),
            (&["**/*.tf"], &[], "main.tf", true),
            (&["**/*.tf"], &[], "a/b/main.tf", true),
            (&["**/*.tf"], &["main.tf"], "main.tf", false),
            // A plain name is one at the top.
            (&["**/*"], &["README.md"], "README.md", false),
            (&["**/*"], &["README.md"], "a/README.md", true),
            (&["**/{a,b}/**/*.{tf,md}"], &["**/a/**/*.{tfvars,tf}"], "x/a/y.md", true),
            (&["**/{a,b}/**/*.{tf,md}"], &["**/a/**/*.{tfvars,tf}"], "x/a/y.tf", false),
            (&["**/{a,b}/**/*.{tf,md}"], &[], "x/b/c/y.tf", true),
            (&["{a,{b,c}}/*.tf"], &[], "c/x.tf", true),
            (&["/weather/*.md"], &[], "weather/README.md", true),
            (&["/weather/*.md"], &[], "README.md", false),
            (&["**/demo/*"], &[], "x/demo/a", true),
            (&["**/demo/*"], &[], "x/demo/b/a", false),
            (&["modules"], &[], "modules/a/b.tf", true),
            (&["modules/"], &[], "modules/a/b.tf", true),
            (&[], &["**/test/**"], "a/test/b.tf", false),
            (&[], &["test"], "test/b.tf", false),
            (&["./*.tf"], &[], "main.tf", true),
        ] {
            assert_eq!(choice(included, excluded).takes(file), taken, "{included:?} {excluded:?} {file}");
        }
        assert!(Choice::new(&["[a".to_owned()], &[]).is_err());
    }
}
