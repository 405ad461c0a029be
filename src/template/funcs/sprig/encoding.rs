//! Base64, Base32 and digests.

use super::super::golang::{args, base, digest};
use crate::template::{Call, Function, Param, Problem, Val};
use crate::value::hex;
use sha2::{Digest as _, Sha256, Sha512};

const T: Param = Param::Text;

pub(super) static TABLE: &[Function] = &[
    Function::new("b64enc", &[T], |_, args| Ok(Val::from(base::encode64(bytes(args))))),
    Function::new("b64dec", &[T], |call, args| decoded(call, base::decode64(args::text(args, 0), false))),
    Function::new("b32enc", &[T], |_, args| Ok(Val::from(base::encode32(bytes(args))))),
    Function::new("b32dec", &[T], |call, args| decoded(call, base::decode32(args::text(args, 0)))),
    Function::new("sha1sum", &[T], |_, args| Ok(Val::from(hex(&digest::sha1(bytes(args)))))),
    Function::new("sha256sum", &[T], |_, args| Ok(Val::from(hex(&Sha256::digest(bytes(args)))))),
    Function::new("sha512sum", &[T], |_, args| Ok(Val::from(hex(&Sha512::digest(bytes(args)))))),
    Function::new("adler32sum", &[T], |_, args| Ok(Val::from(digest::adler32(bytes(args)).to_string()))),
];

fn bytes(args: &[Val]) -> &[u8] {
    args::text(args, 0).as_bytes()
}

/// The text of an error is the result, as sprig has it.
fn decoded(_: &mut Call<'_>, result: Result<Vec<u8>, String>) -> Result<Val, Problem> {
    match result {
        Ok(bytes) => args::utf8(bytes),
        Err(message) => Ok(Val::from(message)),
    }
}
