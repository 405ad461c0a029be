//! A page of an identity provider: its forms, and the texts of its parts. Nothing in it is ever run. Row 5.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use url::Url;

use crate::secret::Secret;

/// More than any sign-in has. What is beyond that is not looked at.
const FORMS: usize = 20;
const FIELDS: usize = 200;
const PARTS: usize = 4_000;
/// Longest text of a part.
const TEXT: usize = 600;
/// Elements that have no end.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// What came from an address.
pub(super) struct Page {
    pub(super) address: Url,
    pub(super) status: u16,
    pub(super) forms: Vec<Form>,
    /// Elements with an id or a class, in the order of the page.
    parts: Vec<Part>,
    title: String,
    /// As it came, for what stands in scripts.
    source: Secret,
}

/// A form with what it sends unless a person changes it.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub(super) id: String,
    action: String,
    pub(super) posts: bool,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) value: Secret,
    checked: bool,
}

#[derive(Debug)]
struct Part {
    id: String,
    classes: String,
    text: String,
}

impl Page {
    pub(super) fn read(address: Url, status: u16, source: String) -> Page {
        let mut reader = Reader::default();
        let mut emitter = DefaultEmitter::default();
        // Without this the text of scripts would be taken for elements.
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(&source, emitter) {
            match token {
                Ok(Token::StartTag(tag)) => reader.begin(&tag),
                Ok(Token::EndTag(tag)) => reader.end(&text(&tag.name)),
                Ok(Token::String(string)) => reader.text(&text(&string)),
                Ok(_) | Err(_) => {}
            }
        }
        reader.leave_form();
        let Reader { forms, parts, title, .. } = reader;
        Page { address, status, forms, parts, title: single_line(&title), source: Secret::from(source) }
    }

    /// The first form with such a field.
    pub(super) fn form_with(&self, field: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.field(field).is_some())
    }

    /// Where a form goes. A form without a place goes where it came from.
    pub(super) fn target(&self, form: &Form) -> Option<Url> {
        self.address.join(form.action.trim()).ok()
    }

    /// The text of the first part that is chosen and says something.
    pub(super) fn says(&self, chosen: impl Fn(&str, &[&str]) -> bool) -> Option<String> {
        let fits = |part: &&Part| chosen(&part.id, &part.classes.split_ascii_whitespace().collect::<Vec<_>>());
        self.parts.iter().filter(fits).map(|part| single_line(&part.text)).find(|text| !text.is_empty())
    }

    /// For messages: title and status.
    pub(super) fn shown(&self) -> String {
        let title = if self.title.is_empty() { "without a title".to_owned() } else { format!("`{}`", self.title) };
        format!("{title}, HTTP status {}", self.status)
    }

    pub(super) fn source(&self) -> &Secret {
        &self.source
    }
}

impl Form {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What is sent as it stands: everything but what is not chosen and buttons that nobody pressed.
    pub(super) fn filled(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let sent = |field: &&Field| match field.kind.as_str() {
            "checkbox" | "radio" => field.checked,
            "submit" | "button" | "image" | "reset" | "file" => false,
            _ => true,
        };
        self.fields.iter().filter(sent).map(|field| (field.name.as_str(), &field.value))
    }
}

#[derive(Default)]
struct Reader {
    forms: Vec<Form>,
    form: Option<Form>,
    parts: Vec<Part>,
    /// Elements that are open: name, and the part that they are.
    open: Vec<(String, Option<usize>)>,
    title: String,
}

impl Reader {
    fn begin(&mut self, tag: &StartTag<()>) {
        let name = text(&tag.name);
        let attribute = |key: &str| tag.attributes.get(key.as_bytes()).map(|value| text(value));
        match name.as_str() {
            "form" if self.form.is_none() => {
                let posts = attribute("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
                let (id, action) = (attribute("id").unwrap_or_default(), attribute("action").unwrap_or_default());
                self.form = Some(Form { id, action, posts, fields: Vec::new() });
            }
            "input" => self.input(&attribute),
            _ => {}
        }
        let (id, classes) = (attribute("id").unwrap_or_default(), attribute("class").unwrap_or_default());
        if VOID.contains(&name.as_str()) || tag.self_closing && name != "form" {
            return;
        }
        let named = !(id.is_empty() && classes.is_empty()) && self.parts.len() < PARTS;
        let part = named.then(|| {
            self.parts.push(Part { id, classes, text: String::new() });
            self.parts.len() - 1
        });
        if self.open.len() < PARTS {
            self.open.push((name, part));
        }
    }

    fn input(&mut self, attribute: &impl Fn(&str) -> Option<String>) {
        let Some(form) = self.form.as_mut().filter(|form| form.fields.len() < FIELDS) else { return };
        let Some(name) = attribute("name").filter(|name| !name.is_empty()) else { return };
        if attribute("disabled").is_some() {
            return;
        }
        let kind = attribute("type").unwrap_or_default().to_ascii_lowercase();
        let value = Secret::from(attribute("value").unwrap_or_default());
        form.fields.push(Field { name, kind, value, checked: attribute("checked").is_some() });
    }

    fn end(&mut self, name: &str) {
        if name == "form" {
            self.leave_form();
        }
        // An end without a beginning ends nothing.
        if let Some(at) = self.open.iter().rposition(|(open, _)| open == name) {
            self.open.truncate(at);
        }
    }

    fn leave_form(&mut self) {
        let form = self.form.take().filter(|_| self.forms.len() < FORMS);
        self.forms.extend(form);
    }

    fn text(&mut self, text: &str) {
        match self.open.last().map(|(name, _)| name.as_str()) {
            Some("script" | "style" | "template" | "noscript") => return,
            Some("title") => add(&mut self.title, text),
            _ => {}
        }
        for part in self.open.iter().filter_map(|(_, part)| *part) {
            add(&mut self.parts[part].text, text);
        }
    }
}

fn add(to: &mut String, text: &str) {
    let room = TEXT.saturating_sub(to.len());
    to.extend(text.chars().take(room));
    to.push(' ');
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Text of others in one line: nothing in it steers the terminal, and nothing of it fills the screen.
pub(super) fn single_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Expose as _;

    fn page(source: &str) -> Page {
        Page::read(Url::parse("https://idp.example/a/b?c=d").unwrap(), 200, source.to_owned())
    }

    #[test]
    fn forms_are_read_as_a_browser_would_send_them() {
        let page = page(
            "<script>var x = '<form id=no>';</script><form id=in METHOD=Post action='../go?x=1&amp;y=2'>\
             <input name=user value='a&quot;b'><input type=checkbox name=no value=1><input type=checkbox name=yes value=1 checked>\
             <input type=radio name=r value=1><input type=radio name=r value=2 checked><input type=submit name=button value=x>\
             <input name=off value=1 disabled><input value=nameless></form><input name=outside><form><input name=x>",
        );
        assert_eq!(page.forms.len(), 2, "{:?}", page.forms);
        let form = &page.forms[0];
        let sent: Vec<_> = form.filled().map(|(name, value)| (name, value.expose_secret())).collect();
        assert_eq!(sent, [("user", "a\"b"), ("yes", "1"), ("r", "2")]);
        assert!(form.posts && !page.forms[1].posts && form.id == "in");
        assert_eq!(page.target(form).unwrap().as_str(), "https://idp.example/go?x=1&y=2");
        assert_eq!(page.target(&page.forms[1]).unwrap().as_str(), "https://idp.example/a/b?c=d");
        assert!(page.form_with("outside").is_none() && page.form_with("x").is_some());
    }

    #[test]
    fn texts_of_parts_are_found_and_never_steer_a_terminal() {
        let page = page(
            "<title>Sign in\n to x</title><div id=top class='a b'>\x1b[31m <p id=empty></p>Not <b>good</b>.<br>\
             <style>p {}</style></i></div><p class=b>second",
        );
        assert_eq!(page.shown(), "`Sign in to x`, HTTP status 200");
        let of = |wanted: &str| page.says(|id, classes| id == wanted || classes.contains(&wanted));
        assert_eq!(of("b").as_deref(), Some("[31m Not good ."));
        assert_eq!((of("empty"), of("absent")), (None, None));
    }

    #[test]
    fn pages_without_an_end_are_read_in_bounds() {
        let deep = page(&"<div id=x><form><input name=a>".repeat(3_000));
        assert!(deep.forms.len() <= FORMS && deep.parts.len() <= PARTS);
        let wide = page(&format!("<form>{}</form>", "<input name=a>".repeat(3_000)));
        assert_eq!(wide.forms[0].fields.len(), FIELDS);
    }
}
