//! The terminal: taken for the browser, given back, and what is typed.

use std::io::{self, Write as _};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::{cursor, execute, terminal};

use super::Key;

/// The whole screen. Dropping it gives it back as it was, after a panic too.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
}

impl Screen {
    pub(super) fn take() -> io::Result<Screen> {
        enter()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).inspect_err(|_| leave())?;
        Ok(Screen { terminal })
    }

    pub(super) fn draw(&mut self, picture: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(picture).map(drop)
    }

    /// The next frame is drawn whole: somebody else may have written on the screen.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Stops this process until the shell goes on with it.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        leave();
        #[cfg(unix)]
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        enter()?;
        self.forget()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide).inspect_err(|_| leave())
}

/// A terminal that is gone needs nothing back.
fn leave() {
    let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// What happened at the terminal.
pub(super) enum Happened {
    Key(Key),
    /// The screen has another size.
    Resized,
    Nothing,
}

/// Waits a while for something to happen.
pub(super) fn wait(limit: Duration) -> io::Result<Happened> {
    // The library would read a terminal that is gone again and again, and never come back from it.
    hear(Duration::ZERO)?;
    if !event::poll(Duration::ZERO)? {
        hear(limit)?;
        if !event::poll(Duration::ZERO)? {
            return Ok(Happened::Nothing);
        }
    }
    Ok(match event::read()? {
        Event::Key(key) if key.kind != KeyEventKind::Release => known(key).map_or(Happened::Nothing, Happened::Key),
        Event::Resize(..) => Happened::Resized,
        _ => Happened::Nothing,
    })
}

/// Waits until there is something to read, a signal, or the end of the time.
///
/// # Errors
/// The terminal is gone.
#[cfg(unix)]
fn hear(limit: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let input = io::stdin();
    let mut watched = [PollFd::new(&input, PollFlags::IN)];
    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
    match poll(&mut watched, Some(&limit)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    if watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is gone"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn hear(limit: Duration) -> io::Result<()> {
    event::poll(limit).map(drop)
}

fn known(key: KeyEvent) -> Option<Key> {
    Some(match key.code {
        KeyCode::Char(letter) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            Key::Ctrl(letter.to_ascii_lowercase())
        }
        KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Tab | KeyCode::BackTab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

/// Asks on the ordinary screen whether to go back to the browser, and waits for the answer. `stop` says that somebody
/// asked this process to end.
///
/// # Errors
/// The terminal is gone.
pub fn pause(question: &str, stop: &mut dyn FnMut() -> bool) -> io::Result<bool> {
    let mut stderr = io::stderr();
    write!(stderr, "\n{question} ")?;
    stderr.flush()?;
    terminal::enable_raw_mode()?;
    let back = loop {
        if stop() {
            break Ok(false);
        }
        match wait(Duration::from_millis(200)) {
            Ok(Happened::Key(Key::Enter | Key::Char(' '))) => break Ok(true),
            Ok(Happened::Key(Key::Escape | Key::Char('q') | Key::Ctrl('c' | 'd'))) => break Ok(false),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    terminal::disable_raw_mode()?;
    writeln!(stderr)?;
    back
}
