//! The language against what Go makes of the same templates, and what no list of cases shows.

mod analysis;
mod limits;
mod oracle;
mod places;
mod random;
mod reach;
