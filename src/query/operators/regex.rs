//! Regular expressions, in the RE2 syntax that both implementations have.

use regex::{Captures, Regex, RegexBuilder};

use crate::query::error::{Fault, Outcome};
use crate::query::eval::{Context, Evaluation};
use crate::query::op::{Expr, Op};
use crate::query::tree::{Id, Kind, Tag};

/// Bytes that a compiled expression may take.
const SIZE_LIMIT: usize = 2 * 1024 * 1024;
const HINT: &str =
    "turn it into text before, with `to_string`; `|=` gives each value on its left to the right side, `=` does not";

impl Evaluation<'_> {
    pub(in crate::query) fn regular_expression(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        if matches!(expr.op, Op::Substitute) {
            return self.substitute(context, expr);
        }
        let (pattern, all) = self.pattern(context, expr)?;
        let mut results = Vec::new();
        for id in context.matches.iter() {
            self.needs_text(*id, "cannot match with", ", can only match strings", HINT)?;
            let text = self.tree.text(*id);
            if matches!(expr.op, Op::Test) {
                results.push(self.tree.boolean(Some(*id), pattern.is_match(&text))?);
                continue;
            }
            let found = pattern.captures_iter(&text).take(if all { usize::MAX } else { 1 });
            for captures in found {
                results.push(match expr.op {
                    Op::Match => self.match_map(*id, &pattern, &captures)?,
                    _ => self.capture_map(*id, &pattern, &captures)?,
                });
            }
        }
        Ok(context.with(results))
    }

    /// The expression and whether every match is wanted: `match("x")`, `match("x"; "g")`.
    fn pattern(&mut self, context: &Context, expr: &Expr) -> Outcome<(Regex, bool)> {
        let Some(parameters) = expr.right.as_deref().filter(|right| matches!(right.op, Op::Block)) else {
            let text = self.right_text(context, expr)?;
            return Ok((compiled(&text)?, false));
        };
        let flags = self.right(context, parameters)?.first();
        let flags = flags.map_or_else(|| "".into(), |flags| self.tree.text(flags));
        if flags.contains('i') {
            return Err(Fault::failed("'i' is not a valid option for match")
                .help("to ignore case, use an expression like match(\"(?i)cat\")"));
        }
        if flags.chars().any(|flag| flag != 'g') {
            return Err(Fault::failed("unrecognised match params").help("the only one is \"g\", for every match"));
        }
        let found = self.left(&context.reader(), parameters)?;
        let text = found.first().map_or_else(|| "".into(), |id| self.tree.text(id));
        Ok((compiled(&text)?, flags.contains('g')))
    }

    fn substitute(&mut self, context: &Context, expr: &Expr) -> Outcome<Context> {
        // A comma separates the two as well as a semicolon does.
        let pair = expr.right.as_deref().filter(|right| matches!(right.op, Op::Block | Op::Union));
        let Some(block) = pair else {
            return Err(
                Fault::failed("sub must be given a pattern and a replacement").help("write `sub(\"old\", \"new\")`")
            );
        };
        let found = self.left(&context.reader(), block)?;
        let pattern = found.first().map_or_else(|| "".into(), |id| self.tree.text(id));
        let found = self.right(context, block)?;
        let replacement = found.first().map_or_else(|| "".into(), |id| self.tree.text(id));
        let pattern = compiled(&pattern)?;
        self.each(context, |this, id| {
            this.needs_text(id, "cannot substitute with", ", can only substitute strings", HINT)?;
            let text = this.tree.text(id);
            // The result is charged before it is made where it could be large.
            this.tree.charge_text(replacement.len())?;
            let mut out = String::new();
            let mut last = 0;
            for captures in pattern.captures_iter(&text) {
                let Some(whole) = captures.get(0) else { continue };
                out.push_str(&text[last..whole.start()]);
                let before = out.len();
                captures.expand(&replacement, &mut out);
                this.tree.charge_text(out.len() - before)?;
                last = whole.end();
            }
            out.push_str(&text[last..]);
            this.tree.made_for(id, Tag::Str, out).map(Some)
        })
    }

    fn match_map(&mut self, owner: Id, pattern: &Regex, captures: &Captures<'_>) -> Outcome<Id> {
        let map = self.tree.container_for(owner, Kind::Map)?;
        self.describe(map, captures.get(0), None)?;
        let groups = self.tree.container(Kind::List)?;
        for (index, name) in pattern.capture_names().enumerate().skip(1) {
            let group = self.tree.container(Kind::Map)?;
            self.describe(group, captures.get(index), name)?;
            self.tree.append(groups, group)?;
        }
        let key = self.tree.scalar(Tag::Str, "captures")?;
        self.tree.insert(map, key, groups)?;
        Ok(map)
    }

    fn describe(&mut self, map: Id, found: Option<regex::Match<'_>>, name: Option<&str>) -> Outcome<()> {
        let (offset, length) =
            found.map_or_else(|| ("-1".to_owned(), 0), |found| (found.start().to_string(), found.len()));
        let text = self.matched(found)?;
        let offset = self.tree.scalar(Tag::Int, offset)?;
        let length = self.tree.scalar(Tag::Int, length.to_string())?;
        for (key, value) in [("string", text), ("offset", offset), ("length", length)] {
            let key = self.tree.scalar(Tag::Str, key)?;
            self.tree.insert(map, key, value)?;
        }
        if let Some(name) = name {
            let (key, value) = (self.tree.scalar(Tag::Str, "name")?, self.tree.scalar(Tag::Str, name)?);
            self.tree.insert(map, key, value)?;
        }
        Ok(())
    }

    fn matched(&mut self, found: Option<regex::Match<'_>>) -> Outcome<Id> {
        match found {
            Some(found) => self.tree.made(Tag::Str, found.as_str().to_owned()),
            None => self.tree.scalar(Tag::Null, "null"),
        }
    }

    fn capture_map(&mut self, owner: Id, pattern: &Regex, captures: &Captures<'_>) -> Outcome<Id> {
        let map = self.tree.container_for(owner, Kind::Map)?;
        for (index, name) in pattern.capture_names().enumerate().skip(1) {
            let key = self.tree.scalar(Tag::Str, name.unwrap_or_default())?;
            let value = self.matched(captures.get(index))?;
            self.tree.insert(map, key, value)?;
        }
        Ok(map)
    }
}

fn compiled(pattern: &str) -> Outcome<Regex> {
    RegexBuilder::new(&super::pattern::translated(pattern)).size_limit(SIZE_LIMIT).build().map_err(|error| {
        // The last line has the reason; those before show the pattern, which may be data.
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Fault::failed(format!("error parsing regexp: {reason}"))
    })
}
