//! The ways in which a child can get credentials. Row 5.

use super::Error;
use crate::diag::Snippet;
use crate::span::Place;

/// `delivery:` of a provider, an identity or a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// A private AWS configuration whose profiles call this program: no secret on disk or in the environment.
    #[default]
    Process,
    /// Keys in a private credentials file that goes with the run, for tools that read nothing else.
    Files,
    /// A loopback address that gives them out, as containers have one: no secret on disk, and they are renewed early.
    Endpoint,
    /// Keys in the environment of the child.
    Env,
}

impl Delivery {
    /// Reads the word of the configuration; `place` is where it was written.
    ///
    /// # Errors
    /// An unknown word.
    pub fn parse(word: &str, place: Option<&Place>) -> Result<Delivery, Error> {
        match word {
            "process" => Ok(Delivery::Process),
            "files" => Ok(Delivery::Files),
            "env" => Ok(Delivery::Env),
            "endpoint" => Ok(Delivery::Endpoint),
            other => Err(Error::UnknownDelivery {
                value: other.to_owned(),
                at_text: place.map(ToString::to_string),
                source_text: place.map(Snippet::source),
                at: place.map(Snippet::span),
            }),
        }
    }

    /// The word, as configuration and messages spell it.
    pub fn name(self) -> &'static str {
        match self {
            Delivery::Process => "process",
            Delivery::Files => "files",
            Delivery::Endpoint => "endpoint",
            Delivery::Env => "env",
        }
    }
}

impl std::fmt::Display for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::span::{Sources, Span};

    #[test]
    fn parse_reads_every_word_and_names_the_place_of_a_wrong_one() {
        for delivery in [Delivery::Process, Delivery::Files, Delivery::Endpoint, Delivery::Env] {
            assert_eq!(Delivery::parse(delivery.name(), None).unwrap(), delivery);
        }
        let sources = Sources::new();
        let file = sources.add(Path::new("/r/atmos.yaml"), Path::new("/r"), Arc::from("a:\n  delivery: file\n"));
        let place = sources.place(Span::new(file, 2, 13, 4));
        let error = Delivery::parse("file", place.as_ref()).unwrap_err();
        assert_eq!(error.to_string(), "unknown delivery `file` (atmos.yaml:2:13)");
    }
}
