//! The functions of sprig and gomplate against what Go makes of the same templates, and what no such list can show.

mod chance;
mod oracle;
mod tables;
mod world;
