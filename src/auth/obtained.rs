//! What a provider gave, and whether it serves once more. Pure. Row 5.

use jiff::{SignedDuration, Timestamp};

use super::federation::Proof;

/// What a provider gave, and when.
#[derive(Debug, Clone)]
pub(crate) struct Obtained {
    pub(super) proof: Proof,
    pub(super) issued: Timestamp,
}

impl Obtained {
    /// It is good for one more use, and of what reaches children as it is so much is left as they were promised. A person
    /// or a job is not asked again for that: what was shown is exchanged for something else.
    pub(super) fn lasts(&self, now: Timestamp, wanted: SignedDuration) -> bool {
        let Some(end) = self.proof.expires() else { return true };
        let is_given = matches!(self.proof, Proof::Google(_) | Proof::Azure(_));
        let wanted = if is_given { share(end.duration_since(self.issued), wanted) } else { SignedDuration::ZERO };
        self.proof.is_fresh(now) && end.duration_since(now) >= wanted
    }
}

/// As much as is wanted of a lifetime, or half of one that is no longer than that.
pub(super) fn share(lifetime: SignedDuration, wanted: SignedDuration) -> SignedDuration {
    if lifetime > wanted { wanted } else { lifetime / 2 }
}

#[cfg(test)]
mod tests {
    use super::super::federation::GoogleToken;
    use super::*;
    use crate::secret::Secret;

    fn google(expires: Option<Timestamp>) -> Proof {
        let token = Secret::from("ya29.x".to_owned());
        Proof::Google(GoogleToken { token, expires, project: None, email: None, region: None })
    }

    #[test]
    fn what_children_are_given_as_it_is_has_as_much_left_as_they_were_promised() {
        let issued = Timestamp::from_second(1_000_000).unwrap();
        let five = SignedDuration::from_mins(5);
        for (life, age, wanted, lasts) in [
            (3600, 3299, five, true),
            (3600, 3301, five, false),
            (308, 7, five, true),
            (308, 9, five, false),
            (240, 119, five, true),
            (240, 121, five, false),
            (3600, 3301, SignedDuration::ZERO, true),
            (3600, 3541, SignedDuration::ZERO, false),
        ] {
            let end = issued + SignedDuration::from_secs(life);
            let known = Obtained { proof: google(Some(end)), issued };
            assert_eq!(known.lasts(issued + SignedDuration::from_secs(age), wanted), lasts, "{life} {age}");
        }
        let for_ever = Obtained { proof: google(None), issued };
        assert!(for_ever.lasts(Timestamp::MAX, five));
    }
}
