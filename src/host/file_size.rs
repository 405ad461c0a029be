//! The limit of the size of files (`ulimit -f`). Row 2.

/// Makes a write beyond the limit an error of who writes, as on a full disk: the signal would end this process without a word, and
/// leave what is private behind. Children have the limit as it is: unlike a signal that is ignored, a handler ends at their
/// start.
pub fn outlive_file_size_limit() {
    #[cfg(unix)]
    unix::handle();
}

#[cfg(unix)]
mod unix {
    use nix::libc::c_int;
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

    extern "C" fn nothing(_signal: c_int) {}

    #[expect(unsafe_code, reason = "there is no safe way to handle a signal without a runtime")]
    pub(super) fn handle() {
        let ours = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
        // SAFETY: the handler does nothing, or the action is the one that was there before.
        unsafe {
            // A system that refuses leaves things as they are for every other program.
            if let Ok(before) = sigaction(Signal::SIGXFSZ, &ours)
                && matches!(before.handler(), SigHandler::SigIgn)
            {
                // Whoever started us wants it so for our children, too.
                let _ = sigaction(Signal::SIGXFSZ, &before);
            }
        }
    }
}
