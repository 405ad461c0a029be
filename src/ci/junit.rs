//! Results of tests in the form of JUnit, which nearly every runner of tests writes.

use std::fmt::Write as _;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::markdown::{cell, fenced, folded, inline};

/// Failures that a summary shows.
const SHOWN: usize = 50;

/// How one test ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    Passed,
    Failed,
    /// It could not be run.
    Broken,
    Skipped,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Test {
    suite: String,
    name: String,
    file: String,
    line: usize,
    end: End,
    message: String,
    text: String,
}

/// The tests of several files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tests {
    all: Vec<Test>,
}

impl Tests {
    /// Adds those of a file.
    ///
    /// # Errors
    /// In words: it holds no results.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        reader.config_mut().expand_empty_elements = true;
        let broken = |error: quick_xml::Error| format!("it is no XML: {error}");
        let (mut open, mut suites, mut test) = (Vec::<String>::new(), Vec::<String>::new(), None::<Test>);
        let mut is_root = true;
        loop {
            match reader.read_event().map_err(broken)? {
                Event::Start(start) => {
                    let name = start.local_name().into_inner().to_owned();
                    if std::mem::take(&mut is_root) && !matches!(name.as_str(), "testsuites" | "testsuite") {
                        return Err(format!("it begins with <{name}>, not with <testsuites>"));
                    }
                    let attribute = |key: &str| attribute(&start, key);
                    match name.as_str() {
                        "testsuite" => suites.push(attribute("name")),
                        "testcase" => {
                            test = Some(Test {
                                suite: suites.last().cloned().unwrap_or_default(),
                                name: attribute("name"),
                                file: attribute("file"),
                                line: attribute("line").parse().unwrap_or_default(),
                                ..Test::default()
                            });
                        }
                        "failure" | "error" | "skipped" => {
                            if let Some(test) = &mut test {
                                test.end = stronger(test.end, &name);
                                test.message = Some(attribute("message"))
                                    .filter(|text| !text.is_empty())
                                    .unwrap_or_else(|| std::mem::take(&mut test.message));
                            }
                        }
                        _ => {}
                    }
                    open.push(name);
                }
                Event::End(_) => match open.pop().as_deref() {
                    Some("testsuite") => drop(suites.pop()),
                    Some("testcase") => self.all.extend(test.take()),
                    _ => {}
                },
                Event::Text(text) => add(&open, &mut test, &text.xml10_content()),
                Event::CData(text) => add(&open, &mut test, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let sign = match reference.resolve_char_ref() {
                        Ok(Some(sign)) => sign.to_string(),
                        _ => crate::host::xml::unescaped(&format!("&{};", reference.xml10_content())),
                    };
                    add(&open, &mut test, &sign);
                }
                Event::Eof if is_root || !open.is_empty() => {
                    return Err("it is no XML: it ends in the middle".to_owned());
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn count(&self, end: End) -> usize {
        self.all.iter().filter(|test| test.end == end).count()
    }

    fn failed(&self) -> impl Iterator<Item = &Test> {
        self.all.iter().filter(|test| matches!(test.end, End::Failed | End::Broken))
    }

    /// What people read.
    pub fn line(&self) -> String {
        let [passed, failed, broken, skipped] =
            [End::Passed, End::Failed, End::Broken, End::Skipped].map(|end| self.count(end));
        let all = self.all.len();
        format!("JUnit: {all} tests, {passed} passed, {failed} failed, {broken} errored, {skipped} skipped")
    }

    /// What steps that follow read.
    pub fn short(&self) -> String {
        format!("{} passed, {} failed", self.count(End::Passed), self.failed().count())
    }

    /// A summary in Markdown.
    pub fn markdown(&self, title: &str) -> String {
        let failed = self.failed().count();
        let mark = if failed == 0 { '✅' } else { '❌' };
        let mut text = format!("\n## {mark} {}\n\n| Tests | Passed | Failed | Errors | Skipped |\n", inline(title));
        let [passed, failures, broken, skipped] =
            [End::Passed, End::Failed, End::Broken, End::Skipped].map(|end| self.count(end));
        let all = self.all.len();
        let _ = write!(text, "|---|---|---|---|---|\n| {all} | {passed} | {failures} | {broken} | {skipped} |\n");
        for test in self.failed().take(SHOWN) {
            let name = if test.suite.is_empty() { test.name.clone() } else { format!("{}: {}", test.suite, test.name) };
            let said = [test.message.trim(), test.text.trim()].join("\n");
            text += &folded(&inline(&name), &fenced("", said.trim()));
        }
        if failed > SHOWN {
            text += &cell(&format!("… and {} more", failed - SHOWN));
            text.push('\n');
        }
        text
    }

    /// Commands of GitHub Actions that mark the lines where tests failed.
    pub fn annotations(&self) -> String {
        let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
        let marked = self.failed().filter(|test| !test.file.is_empty() && test.line > 0);
        let line = |test: &Test| {
            let said = if test.message.is_empty() { test.text.trim() } else { test.message.as_str() };
            let title = property(&format!("test: {}", test.name));
            format!("::error file={},line={},title={title}::{}\n", property(&test.file), test.line, data(said))
        };
        marked.map(line).collect()
    }
}

/// A text within a command of GitHub Actions.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn stronger(end: End, name: &str) -> End {
    match (end, name) {
        (End::Broken, _) | (_, "error") => End::Broken,
        (End::Failed, _) | (_, "failure") => End::Failed,
        _ => End::Skipped,
    }
}

/// Text within a failure is what the runner says of it.
fn add(open: &[String], test: &mut Option<Test>, text: &str) {
    if let (Some("failure" | "error"), Some(test)) = (open.last().map(String::as_str), test) {
        test.text.push_str(text);
    }
}

fn attribute(start: &BytesStart<'_>, key: &str) -> String {
    let found = start.attributes().flatten().find(|attribute| attribute.key.into_inner() == key);
    let value =
        found.and_then(|found| found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned));
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULTS: &str = r#"<?xml version="1.0"?>
<testsuites><testsuite name="net" tests="9">
  <testcase name="fine"/>
  <testcase name="bad &amp; ugly" file="net.tf" line="7"><failure message="no: 1,2">a &lt; b</failure></testcase>
  <testcase name="lost"><error><![CDATA[<gone>]]></error></testcase>
  <testcase name="later"><skipped/></testcase>
</testsuite></testsuites>"#;

    #[test]
    fn results_are_counted_and_shown() {
        let mut tests = Tests::default();
        tests.add(RESULTS).unwrap();
        tests.add(r#"<testsuite name="x"><testcase name="y"></testcase></testsuite>"#).unwrap();
        assert_eq!(tests.line(), "JUnit: 5 tests, 2 passed, 1 failed, 1 errored, 1 skipped");
        assert_eq!(tests.short(), "2 passed, 2 failed");
        let summary = tests.markdown("All <tests>");
        for part in
            ["## ❌ All &lt;tests&gt;", "| 5 | 2 | 1 | 1 | 1 |", "net: bad &amp; ugly", "no: 1,2\na < b", "<gone>"]
        {
            assert!(summary.contains(part), "{part} in {summary}");
        }
        assert_eq!(tests.annotations(), "::error file=net.tf,line=7,title=test%3A bad & ugly::no: 1,2\n");
    }

    #[test]
    fn what_holds_no_results_is_refused() {
        for (text, phrase) in [("", "ends"), ("<html></html>", "<html>"), ("<testsuites>", "ends"), ("<a", "XML")] {
            let error = Tests::default().add(text).unwrap_err();
            assert!(error.contains(phrase), "{text}: {error}");
        }
    }
}
