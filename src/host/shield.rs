//! This process as others of the same user see it.

/// Keeps the memory and the environment of this process from other processes of the user (`/proc/<pid>/environ`,
/// debuggers) and out of core dumps. Children that it starts are ordinary processes again. Linux only: other systems have
/// no such switch.
pub fn shield() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A system that refuses leaves things as they are for every other program; nobody is to be stopped by that.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
