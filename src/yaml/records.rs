//! Lists of records of a fixed shape, of which each becomes text before the next one is made.

use super::emit::emit_record;
use super::error::Error;
use super::json::{self, NotJson, Order, not_json};
use super::part::Form;
use crate::value::{Node, Path};

impl Form {
    /// Gives the list in pieces, with the keys of records in the order in which they have them.
    ///
    /// # Errors
    /// What `write` answers. What JSON cannot express is for [`Form::check_record`].
    pub fn records<E>(
        self,
        records: impl IntoIterator<Item = Node>,
        write: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut count = 0;
        for record in records {
            match self {
                Form::Yaml { indent } => write(&emit_record(&Node::from(vec![record]), indent))?,
                Form::Json => {
                    let mut text = String::new();
                    text.push_str(if count == 0 { "[" } else { "," });
                    text.push_str("\n  ");
                    json::write(&mut text, &record, 1, Order::Given);
                    write(&text)?;
                }
            }
            count += 1;
        }
        match self {
            _ if count == 0 => write("[]\n"),
            Form::Yaml { .. } => Ok(()),
            Form::Json => write("\n]\n"),
        }
    }

    /// Whether the record at this place of a list can be written.
    ///
    /// # Errors
    /// A number that JSON cannot express, with the path to its key.
    pub fn check_record(self, at: usize, record: &Node) -> Result<(), Error> {
        let Some(NotJson { path, value, .. }) = not_json(record).filter(|_| self == Form::Json) else { return Ok(()) };
        let mut above = Path::new();
        above.push_index(at);
        above.push_key(&path);
        Err(Error::NotJson { path: above.to_string(), value: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Map, Value, from_json};
    use crate::yaml::try_emit_json_record;

    #[test]
    fn records_make_the_same_text_as_their_list() {
        let records = serde_json::json!([{"b": 1, "a": {"z": [], "y": ["x\ny\n"]}}, {"a": [{"k": null}]}, {}]);
        for count in 0..=3 {
            let list: Vec<Node> = records.as_array().unwrap()[..count].iter().map(from_json).collect();
            let whole = Node::from(list.clone());
            for form in [Form::Json, Form::Yaml { indent: 2 }, Form::Yaml { indent: 4 }] {
                let expected = match form {
                    Form::Json => try_emit_json_record(&whole).unwrap(),
                    Form::Yaml { indent } => emit_record(&whole, indent),
                };
                let mut text = String::new();
                let mut write = |piece: &str| {
                    text.push_str(piece);
                    Ok::<(), std::convert::Infallible>(())
                };
                form.records(list.clone(), &mut write).unwrap();
                assert_eq!(text, expected, "{form:?} {count}");
            }
        }
    }

    #[test]
    fn what_json_cannot_express_is_named_as_in_the_list() {
        let number = Node::from(Value::Float(f64::INFINITY));
        let list = Node::from(vec![number.clone()]);
        let record =
            Node::from(Map::from_iter([("settings".into(), Node::from(Map::from_iter([("a".into(), list)])))]));
        let whole = Node::from(vec![Node::default(), record.clone()]);
        let expected = try_emit_json_record(&whole).unwrap_err().to_string();
        assert_eq!(Form::Json.check_record(1, &record).unwrap_err().to_string(), expected);
        assert!(Form::Yaml { indent: 2 }.check_record(1, &record).is_ok());
    }
}
