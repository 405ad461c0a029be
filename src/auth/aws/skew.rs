//! How far the clock of this machine is from that of the services, learned from their answers: a machine whose clock is wrong
//! still gets its credentials. The clients of the SDK correct their own signatures.
//!
//! Ends of credentials are kept by the clock here, so that everything that compares them, programs of others too, is right.
//! Row 5.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// What the network and whole seconds explain.
const TOLERANCE: i64 = 30;

/// The difference, shared by all clients of a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skew {
    /// Seconds to add to the clock here.
    seconds: Arc<AtomicI64>,
}

impl Skew {
    /// What has to be added to the clock here.
    pub(crate) fn offset(&self) -> SignedDuration {
        SignedDuration::from_secs(self.seconds.load(Ordering::Relaxed))
    }

    /// Looks at the time of an answer. True when the difference is another one than before.
    pub(crate) fn learn(&self, date: &str, now: Timestamp) -> bool {
        let Ok(there) = rfc2822::DateTimeParser::new().parse_timestamp(date) else { return false };
        let found = there.duration_since(now).as_secs();
        let found = if found.abs() <= TOLERANCE { 0 } else { found };
        let known = self.seconds.load(Ordering::Relaxed);
        if (found - known).abs() <= TOLERANCE {
            return false;
        }
        tracing::debug!(seconds = found, "the clock of this machine differs from that of the service");
        self.seconds.store(found, Ordering::Relaxed);
        true
    }
}

#[dyn_dispatch_hint]
impl Intercept for Skew {
    fn name(&self) -> &'static str {
        "clock of the service"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.learn(date, Timestamp::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_none_and_large_ones_are_learned_once() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let skew = Skew::default();
        for (date, news, seconds) in [
            ("Thu, 26 Nov 2026 12:00:20 GMT", false, 0),
            ("nonsense", false, 0),
            ("Thu, 26 Nov 2026 11:40:00 GMT", true, -1200),
            ("Thu, 26 Nov 2026 11:40:05 GMT", false, -1200),
            ("Thu, 26 Nov 2026 12:00:01 GMT", true, 0),
        ] {
            assert_eq!((skew.learn(date, now), skew.offset().as_secs()), (news, seconds), "{date}");
        }
    }
}
