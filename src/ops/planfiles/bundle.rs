//! A plan and its lock file in one archive.

use std::io::Read as _;

/// Names inside of the archive.
const PLAN: &str = "plan.tfplan";
pub(super) const LOCK: &str = ".terraform.lock.hcl";

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bundle {
    pub plan: Vec<u8>,
    pub lock: Option<Vec<u8>>,
}

impl Bundle {
    /// The archive. Equal contents give equal bytes.
    pub(super) fn pack(&self) -> std::io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in [(PLAN, Some(&self.plan)), (LOCK, self.lock.as_ref())] {
            let Some(content) = content else { continue };
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            header.set_cksum();
            archive.append_data(&mut header, name, content.as_slice())?;
        }
        archive.into_inner()
    }

    /// Reads an archive; other files in it are passed over.
    pub(super) fn unpack(bytes: &[u8]) -> Result<Bundle, String> {
        let mut archive = tar::Archive::new(bytes);
        let (mut plan, mut lock) = (None, None);
        for entry in archive.entries().map_err(|error| error.to_string())? {
            let mut entry = entry.map_err(|error| error.to_string())?;
            let name = entry.path().map(|path| path.display().to_string()).unwrap_or_default();
            let wanted = match name.as_str() {
                PLAN => &mut plan,
                LOCK => &mut lock,
                _ => continue,
            };
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(|error| error.to_string())?;
            *wanted = Some(content);
        }
        let plan = plan.ok_or_else(|| format!("it has no `{PLAN}`"))?;
        Ok(Bundle { plan, lock })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        for lock in [None, Some(b"lock".to_vec())] {
            let bundle = Bundle { plan: vec![0; 3000], lock };
            let bytes = bundle.pack().unwrap();
            assert_eq!(Bundle::unpack(&bytes), Ok(bundle.clone()));
            assert_eq!(bytes, bundle.pack().unwrap());
        }
        assert!(Bundle::unpack(b"no archive").is_err());
        assert!(Bundle::unpack(&[]).unwrap_err().contains("plan.tfplan"));
    }
}
