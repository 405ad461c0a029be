//! The browser at work: keys and answers in, frames out.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::screen::{Happened, Screen, wait};
use super::{Effect, Entry, Look, Model, Target, draw};
use crate::ops::browse::Field;

/// What the browser asks about the repository. Problems come as a line of text.
pub trait Repository: Send + Sync + 'static {
    /// Every component of every stack.
    fn entries(&self) -> Result<Vec<Entry>, String>;
    /// Values of a component.
    fn fields(&self, target: &Target) -> Result<Vec<Field>, String>;
    /// Everything about one value.
    fn explain(&self, target: &Target, path: &str) -> Result<String, String>;
    /// What was said since the last call, for example warnings.
    fn said(&self) -> Option<String>;
}

/// Why the browser left the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Quit,
    /// This program is to run with these words.
    Run(Vec<String>),
    /// The repository is to be read again.
    Reload,
}

enum Question {
    Entries,
    Fields(Target),
    Explain(Target, String),
}

enum Answer {
    Entries(Result<Vec<Entry>, String>),
    Fields(Target, Result<Vec<Field>, String>),
    Explained(String, Result<String, String>),
}

/// While answers are awaited, and while nothing is.
const BUSY: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_millis(200);

/// Shows the browser until it is left for something. `stop` says that somebody asked this process to end. `shared` is for
/// a standard error on which others write, too.
///
/// # Errors
/// The terminal fails.
pub fn run(
    repository: impl Repository,
    model: &mut Model,
    look: Look,
    shared: bool,
    stop: &mut dyn FnMut() -> bool,
) -> io::Result<End> {
    let mut screen = Screen::take()?;
    let repository = Arc::new(repository);
    let (ask, answers) = reader(&repository);
    let mut open = 1usize;
    let _ = ask.send(Question::Entries);
    let mut changed = true;
    loop {
        if stop() {
            return Ok(End::Quit);
        }
        if let Some(target) = model.wanted().filter(|_| model.is_read) {
            open += usize::from(ask.send(Question::Fields(target)).is_ok());
        }
        if changed {
            screen.draw(|frame| draw(frame, model, look))?;
        }
        changed = true;
        match wait(if open > 0 { BUSY } else { IDLE })? {
            Happened::Key(key) => match model.press(key) {
                None => {}
                Some(Effect::Quit) => return Ok(End::Quit),
                Some(Effect::Run(words)) => return Ok(End::Run(words)),
                Some(Effect::Reload) => return Ok(End::Reload),
                Some(Effect::Suspend) => screen.suspend()?,
                Some(Effect::Explain(target, path)) => {
                    open += usize::from(ask.send(Question::Explain(target, path)).is_ok());
                }
            },
            Happened::Resized => {}
            Happened::Nothing => changed = false,
        }
        while let Ok(answer) = answers.try_recv() {
            open = open.saturating_sub(1);
            changed = true;
            take(model, answer);
            if shared {
                screen.forget()?;
            }
        }
        if let Some(text) = repository.said() {
            changed = true;
            model.notify(&text);
        }
    }
}

fn take(model: &mut Model, answer: Answer) {
    match answer {
        Answer::Entries(Ok(entries)) => model.set_entries(entries),
        Answer::Entries(Err(problem)) => {
            model.set_entries(Vec::new());
            model.show_page("The stacks cannot be read".to_owned(), &problem);
        }
        Answer::Fields(target, fields) => model.set_fields(&target, fields),
        Answer::Explained(title, Ok(text)) => model.show_page(title, &text),
        Answer::Explained(title, Err(problem)) => model.show_page(title, &problem),
    }
}

/// A thread that reads the repository, so that keys work meanwhile. It ends when nobody can ask any more, or with the
/// process: nothing waits for it.
fn reader(repository: &Arc<impl Repository>) -> (Sender<Question>, Receiver<Answer>) {
    let (ask, questions) = channel();
    let (reply, answers) = channel();
    let repository = repository.clone();
    std::thread::spawn(move || {
        while let Ok(question) = questions.recv() {
            let answer = match question {
                Question::Entries => Answer::Entries(repository.entries()),
                Question::Fields(target) => {
                    let fields = repository.fields(&target);
                    Answer::Fields(target, fields)
                }
                Question::Explain(target, path) => {
                    let text = repository.explain(&target, &path);
                    Answer::Explained(path, text)
                }
            };
            if reply.send(answer).is_err() {
                return;
            }
        }
    });
    (ask, answers)
}
