//! `crypto.`: digests and keys from passwords.

use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::super::golang::left_out::left_out;
use super::super::golang::{args, digest, number, text};
use crate::template::{Call, Elem, Function, List, Param, Problem, Val};
use crate::value::hex;

const A: Param = Param::Any;

/// A digest: input to output.
type Sum = fn(&[u8]) -> Vec<u8>;

macro_rules! sums {
    ($($name:literal, $bytes:literal: $sum:expr;)*) => {
        pub(super) static FUNCTIONS: &[Function] = &[
            $(
                Function::new($name, &[A], |_, args| Ok(Val::from(hex(&$sum(&bytes(&args[0])?))))),
                Function::new($bytes, &[A], |_, args| Ok(byte_list(&$sum(&bytes(&args[0])?)))),
            )*
            Function::variadic("PBKDF2", &[A, A, A, A], Param::Text, pbkdf2),
            Function::new("WPAPSK", &[A, A], |call, args| {
                derive(call, &args[1], &args[0], 4096, 32, "SHA-1")
            }),
            left_out!("Bcrypt" as "crypto.Bcrypt"),
            left_out!("RSAEncrypt" as "crypto.RSAEncrypt"),
            left_out!("RSADecrypt" as "crypto.RSADecrypt"),
            left_out!("RSADecryptBytes" as "crypto.RSADecryptBytes"),
            left_out!("RSAGenerateKey" as "crypto.RSAGenerateKey"),
            left_out!("RSADerivePublicKey" as "crypto.RSADerivePublicKey"),
            left_out!("ECDSAGenerateKey" as "crypto.ECDSAGenerateKey"),
            left_out!("ECDSADerivePublicKey" as "crypto.ECDSADerivePublicKey"),
            left_out!("EncryptAES" as "crypto.EncryptAES"),
            left_out!("DecryptAES" as "crypto.DecryptAES"),
            left_out!("DecryptAESBytes" as "crypto.DecryptAESBytes"),
        ];
    };
}

sums! {
    "SHA1", "SHA1Bytes": digest::sha1;
    "SHA224", "SHA224Bytes": Sha224::digest;
    "SHA256", "SHA256Bytes": Sha256::digest;
    "SHA384", "SHA384Bytes": Sha384::digest;
    "SHA512", "SHA512Bytes": Sha512::digest;
    "SHA512_224", "SHA512_224Bytes": Sha512_224::digest;
    "SHA512_256", "SHA512_256Bytes": Sha512_256::digest;
}

/// The bytes that a value stands for.
pub(super) fn bytes(val: &Val) -> Result<Vec<u8>, Problem> {
    match val {
        Val::Nil | Val::Missing => Ok(Vec::new()),
        Val::List(list) if list.elem() == Elem::Byte => Ok(args::bytes(list)),
        other => Ok(text::conv(other)?.into_bytes()),
    }
}

/// Go's `[]byte`.
pub(super) fn byte_list(bytes: &[u8]) -> Val {
    Val::List(List::typed(Elem::Byte, bytes.iter().copied().map(Val::Byte).collect()))
}

fn pbkdf2(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let name = args.get(4).and_then(Val::as_str).unwrap_or("SHA-1");
    derive(call, &args[0], &args[1], number::conv_int64(&args[2]), number::conv_int64(&args[3]), name)
}

fn derive(
    call: &mut Call<'_>,
    password: &Val,
    salt: &Val,
    rounds: i64,
    length: i64,
    name: &str,
) -> Result<Val, Problem> {
    /// Rounds of all blocks together; more would take too long.
    const MOST_ROUNDS: i64 = 2_000_000;
    let (sum, block): (Sum, usize) = match name {
        "SHA1" | "SHA-1" => (|bytes| digest::sha1(bytes).to_vec(), 64),
        "SHA224" | "SHA-224" => (|bytes| Sha224::digest(bytes).to_vec(), 64),
        "SHA256" | "SHA-256" => (|bytes| Sha256::digest(bytes).to_vec(), 64),
        "SHA384" | "SHA-384" => (|bytes| Sha384::digest(bytes).to_vec(), 128),
        "SHA512" | "SHA-512" => (|bytes| Sha512::digest(bytes).to_vec(), 128),
        "SHA512_224" | "SHA512/224" | "SHA-512_224" | "SHA-512/224" => {
            (|bytes| Sha512_224::digest(bytes).to_vec(), 128)
        }
        "SHA512_256" | "SHA512/256" | "SHA-512_256" | "SHA-512/256" => {
            (|bytes| Sha512_256::digest(bytes).to_vec(), 128)
        }
        other => return Err(Problem::new(format!("no such hash {other}"))),
    };
    let length = args::length(length);
    call.allow(length.saturating_mul(4))?;
    let work = rounds.saturating_mul(args::count(length / 20 + 1));
    if work > MOST_ROUNDS {
        return Err(Problem::new(format!("{work} rounds of PBKDF2 are more than {MOST_ROUNDS}")));
    }
    let rounds = u32::try_from(rounds).unwrap_or(1);
    Ok(Val::from(hex(&digest::pbkdf2(sum, block, &bytes(password)?, &bytes(salt)?, rounds, length))))
}
