//! Findings beside the lines that they are about, as commands of GitHub Actions.

use std::fmt;

use super::markdown::cut;

/// What the service shows of one message.
const MOST: usize = 16 * 1024;
/// Most components that a title names.
const NAMED: usize = 3;

/// How bad it is; the worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error,
    Warning,
}

/// One finding. Its text form is the command, without the end of the line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Annotation {
    pub level: Level,
    /// Relative to the repository, and the line where one is known.
    pub place: Option<(String, Option<u64>)>,
    pub title: String,
    pub message: String,
    /// Whom it concerns, `component in stack`.
    pub subjects: Vec<String>,
}

impl Annotation {
    /// Sorts them, and makes one of those that say the same of the same place.
    pub fn gathered(mut all: Vec<Annotation>) -> Vec<Annotation> {
        all.sort();
        all.dedup();
        let mut gathered: Vec<Annotation> = Vec::with_capacity(all.len());
        for one in all {
            let same = |known: &&mut Annotation| {
                known.place.is_some()
                    && (known.level, &known.place, &known.title, &known.message)
                        == (one.level, &one.place, &one.title, &one.message)
            };
            match gathered.last_mut().filter(same) {
                Some(known) => known.subjects.extend(one.subjects),
                None => gathered.push(one),
            }
        }
        gathered
    }

    fn titled(&self) -> String {
        let named = self.subjects.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.subjects.len() {
            0 => self.title.clone(),
            count if count > NAMED => format!("{} ({named} and {} more)", self.title, count - NAMED),
            _ => format!("{} ({named})", self.title),
        }
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut properties = Vec::new();
        if let Some((file, line)) = &self.place {
            properties.push(format!("file={}", property(file)));
            properties.extend(line.map(|line| format!("line={line}")));
        }
        let title = self.titled();
        if !title.is_empty() {
            properties.push(format!("title={}", property(&title)));
        }
        let word = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let properties = properties.join(",");
        let gap = if properties.is_empty() { "" } else { " " };
        // A command without a message is shown nowhere.
        let message = if self.message.is_empty() { &title } else { &self.message };
        write!(f, "::{word}{gap}{properties}::{}", data(cut(message, MOST).0))
    }
}

/// A message: it ends with its line.
pub fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value in front of the message: it ends with a comma or with two colons, too.
pub fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(place: Option<(&str, Option<u64>)>, title: &str, message: &str, subject: &str) -> Annotation {
        Annotation {
            level: Level::Error,
            place: place.map(|(file, line)| (file.to_owned(), line)),
            title: title.to_owned(),
            message: message.to_owned(),
            subjects: Some(subject.to_owned()).filter(|subject| !subject.is_empty()).into_iter().collect(),
        }
    }

    #[test]
    fn a_command_is_one_line_whatever_it_says() {
        for (place, title, message, expected) in [
            (Some(("a.tf", Some(6))), "Bad", "so\nit is", "::error file=a.tf,line=6,title=Bad::so%0Ait is"),
            (Some(("a,b:c.tf", None)), "", "50%\r\n", "::error file=a%2Cb%3Ac.tf::50%25%0D%0A"),
            (None, "x, y: z", "m", "::error title=x%2C y%3A z::m"),
            (None, "only", "", "::error title=only::only"),
            (None, "", "::error::no", "::error::::error::no"),
        ] {
            assert_eq!(annotation(place, title, message, "").to_string(), expected);
        }
        let warning = Annotation { level: Level::Warning, ..annotation(None, "t", "m", "app in dev") };
        assert_eq!(warning.to_string(), "::warning title=t (app in dev)::m");
        assert!(annotation(None, "", &"x\n".repeat(MOST), "").to_string().len() < 3 * MOST);
    }

    #[test]
    fn the_same_of_the_same_place_is_said_once_for_all() {
        let at = Some(("a.tf", Some(1)));
        let many =
            ["e in dev", "b in dev", "c in dev", "d in dev", "b in dev"].map(|who| annotation(at, "t", "m", who));
        let others = [annotation(None, "t", "m", "b in dev"), annotation(None, "t", "m", "c in dev")];
        let gathered = Annotation::gathered(many.into_iter().chain(others).collect());
        let titles: Vec<String> = gathered.iter().map(ToString::to_string).collect();
        let expected = [
            "::error title=t (b in dev)::m",
            "::error title=t (c in dev)::m",
            "::error file=a.tf,line=1,title=t (b in dev%2C c in dev%2C d in dev and 1 more)::m",
        ];
        assert_eq!(titles, expected);
    }
}
