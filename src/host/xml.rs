//! The little that is read of XML: answers of AWS, which have no attributes and no nesting that would matter. Row 2.

const SIGNS: [(char, &str); 5] = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&apos;")];

/// The text of the first element of a name, without the white space around it.
pub fn element(xml: &str, name: &str) -> Option<String> {
    elements(xml, name).next().map(|text| unescaped(text.trim()))
}

/// What all elements of a name have inside, as it is written.
pub fn elements<'x>(xml: &'x str, name: &str) -> impl Iterator<Item = &'x str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (inside, after) = after.split_once(&close)?;
        rest = after;
        Some(inside)
    })
}

/// Text with its entities, named ones and numbers, as the signs that they stand for.
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let (entity, after) = rest[at + 1..].split_once(';').unwrap_or((&rest[at + 1..], ""));
        let number = entity.strip_prefix('#').and_then(|code| match code.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => code.parse().ok(),
        });
        plain.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => number.and_then(char::from_u32).unwrap_or('&'),
        });
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// Text that may stand in an element.
pub fn escaped(text: &str) -> String {
    SIGNS.iter().fold(text.to_owned(), |text, (sign, entity)| text.replace(*sign, entity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_and_read() {
        let xml = "<R><Code>No&amp;Yes</Code><Key> A </Key><Message> x\n</Message><Key>b&lt;&#39;</Key></R>";
        assert_eq!(element(xml, "Code").as_deref(), Some("No&Yes"));
        assert_eq!((element(xml, "Key").as_deref(), element(xml, "Message").as_deref()), (Some("A"), Some("x")));
        assert_eq!(element(xml, "Absent"), None);
        assert_eq!(elements(xml, "Key").map(unescaped).collect::<Vec<_>>(), [" A ", "b<'"]);
    }

    #[test]
    fn signs_come_back() {
        assert_eq!(escaped("a<&>"), "a&lt;&amp;&gt;");
        assert_eq!(unescaped(&escaped("<a href=\"x\">'&amp;'")), "<a href=\"x\">'&amp;'");
    }
}
