//! Functions of sprig that are not here.

use super::super::golang::left_out::left_out;
use crate::template::Function;

pub(super) static TABLE: &[Function] = &[
    left_out!("bcrypt" as "bcrypt"),
    left_out!("htpasswd" as "htpasswd"),
    left_out!("derivePassword" as "derivePassword"),
    left_out!("genPrivateKey" as "genPrivateKey"),
    left_out!("buildCustomCert" as "buildCustomCert"),
    left_out!("genCA" as "genCA"),
    left_out!("genCAWithKey" as "genCAWithKey"),
    left_out!("genSelfSignedCert" as "genSelfSignedCert"),
    left_out!("genSelfSignedCertWithKey" as "genSelfSignedCertWithKey"),
    left_out!("genSignedCert" as "genSignedCert"),
    left_out!("genSignedCertWithKey" as "genSignedCertWithKey"),
    left_out!("encryptAES" as "encryptAES"),
    left_out!("decryptAES" as "decryptAES"),
];
