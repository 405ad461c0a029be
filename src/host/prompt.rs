//! Questions to the person at the terminal. Every one of them is asked here: while a question is open the terminal is raw,
//! and a signal that ends the process then must not leave it so. Row 2.

use inquire::error::InquireResult;

/// Which of these the person picks, as its place in the list.
///
/// # Errors
/// She leaves the list, somebody ends the process, or the terminal fails.
pub fn pick(title: impl Into<String>, options: Vec<String>) -> InquireResult<usize> {
    let title = title.into();
    ask(move || inquire::Select::new(&title, options).raw_prompt().map(|picked| picked.index))
}

/// Whether the person agrees; Enter alone is a no.
///
/// # Errors
/// Those of [`pick`].
pub fn agreed(question: impl Into<String>) -> InquireResult<bool> {
    let question = question.into();
    ask(move || inquire::Confirm::new(&question).with_default(false).prompt())
}

/// Asks one question, on a thread of its own: nothing else ends a prompt that nobody answers. One is open at a time.
///
/// # Errors
/// Those of [`pick`].
#[cfg(unix)]
pub fn ask<T: Send + 'static>(prompt: impl FnOnce() -> InquireResult<T> + Send + 'static) -> InquireResult<T> {
    super::put_back::ask(prompt)
}

/// Asks one question.
///
/// # Errors
/// Those of [`pick`].
#[cfg(not(unix))]
pub fn ask<T: Send + 'static>(prompt: impl FnOnce() -> InquireResult<T> + Send + 'static) -> InquireResult<T> {
    prompt()
}

/// The signal that came while a question was open and that ends the process, by its number.
pub fn ended_by() -> Option<u8> {
    #[cfg(unix)]
    return super::put_back::ended_by();
    #[cfg(not(unix))]
    None
}
