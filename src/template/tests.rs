//! The language against what Go makes of the same templates, and properties that no case list shows.

mod oracle;
