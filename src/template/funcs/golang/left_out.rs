//! Functions that exist by name only: each says at run time that it is not there, and why.

use crate::template::Problem;

/// A function that was left out, by the name that templates use.
#[derive(Debug)]
pub(crate) struct LeftOut {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
}

const fn row(name: &'static str, reason: &'static str) -> LeftOut {
    LeftOut { name, reason }
}

/// All of them.
pub(crate) static LEFT_OUT: &[LeftOut] = &[
    row("bcrypt", "password hashes are not made in templates"),
    row("htpasswd", "password hashes are not made in templates"),
    row("derivePassword", "password hashes are not made in templates"),
    row("genPrivateKey", "keys and certificates are not made in templates"),
    row("buildCustomCert", "keys and certificates are not made in templates"),
    row("genCA", "keys and certificates are not made in templates"),
    row("genCAWithKey", "keys and certificates are not made in templates"),
    row("genSelfSignedCert", "keys and certificates are not made in templates"),
    row("genSelfSignedCertWithKey", "keys and certificates are not made in templates"),
    row("genSignedCert", "keys and certificates are not made in templates"),
    row("genSignedCertWithKey", "keys and certificates are not made in templates"),
    row("encryptAES", "ciphers are not offered in templates"),
    row("decryptAES", "ciphers are not offered in templates"),
    row("crypto.Bcrypt", "password hashes are not made in templates"),
    row("crypto.RSAEncrypt", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.RSADecrypt", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.RSADecryptBytes", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.RSAGenerateKey", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.RSADerivePublicKey", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.ECDSAGenerateKey", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.ECDSADerivePublicKey", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.EncryptAES", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.DecryptAES", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("crypto.DecryptAESBytes", "it is an experimental function of gomplate, which makes keys or ciphers"),
    row("data.TOML", "TOML is neither read nor written in templates"),
    row("data.ToTOML", "TOML is neither read nor written in templates"),
    row("toml", "TOML is neither read nor written in templates"),
    row("toTOML", "TOML is neither read nor written in templates"),
    row("file.Stat", "sizes, modes and times of files are not read; file.Exists and file.IsDir are there"),
    row("file.Write", "templates do not write files"),
    row("listDatasources", "ask for one source with datasourceExists"),
    row("net.LookupCNAME", "records of the domain name system are not read in templates"),
    row("net.LookupSRV", "records of the domain name system are not read in templates"),
    row("net.LookupSRVs", "records of the domain name system are not read in templates"),
    row("net.LookupTXT", "records of the domain name system are not read in templates"),
    row("aws.EC2Region", "it needs a network"),
    row("aws.EC2Meta", "it needs a network"),
    row("aws.EC2Dynamic", "it needs a network"),
    row("aws.EC2Tag", "it needs a network"),
    row("aws.EC2Tags", "it needs a network"),
    row("aws.KMSEncrypt", "it needs a network"),
    row("aws.KMSDecrypt", "it needs a network"),
    row("aws.Account", "it needs a network"),
    row("aws.UserID", "it needs a network"),
    row("aws.ARN", "it needs a network"),
    row("ec2region", "it needs a network"),
    row("ec2meta", "it needs a network"),
    row("ec2dynamic", "it needs a network"),
    row("ec2tag", "it needs a network"),
    row("gcp.Meta", "it needs a network"),
    row("sockaddr.GetAllInterfaces", "it needs the network interfaces of this machine"),
    row("sockaddr.GetDefaultInterfaces", "it needs the network interfaces of this machine"),
    row("sockaddr.GetPrivateInterfaces", "it needs the network interfaces of this machine"),
    row("sockaddr.GetPublicInterfaces", "it needs the network interfaces of this machine"),
    row("sockaddr.Sort", "it needs the network interfaces of this machine"),
    row("sockaddr.Exclude", "it needs the network interfaces of this machine"),
    row("sockaddr.Include", "it needs the network interfaces of this machine"),
    row("sockaddr.Attr", "it needs the network interfaces of this machine"),
    row("sockaddr.Join", "it needs the network interfaces of this machine"),
    row("sockaddr.Limit", "it needs the network interfaces of this machine"),
    row("sockaddr.Offset", "it needs the network interfaces of this machine"),
    row("sockaddr.Unique", "it needs the network interfaces of this machine"),
    row("sockaddr.Math", "it needs the network interfaces of this machine"),
    row("sockaddr.GetPrivateIP", "it needs the network interfaces of this machine"),
    row("sockaddr.GetPrivateIPs", "it needs the network interfaces of this machine"),
    row("sockaddr.GetPublicIP", "it needs the network interfaces of this machine"),
    row("sockaddr.GetPublicIPs", "it needs the network interfaces of this machine"),
    row("sockaddr.GetInterfaceIP", "it needs the network interfaces of this machine"),
    row("sockaddr.GetInterfaceIPs", "it needs the network interfaces of this machine"),
    row("ec2tags", "it needs a network"),
    row("uuid.V1", "it would show the network address of this machine; uuid.V4 makes random identifiers"),
];

/// What a template is told that calls one.
pub(crate) fn problem(name: &str) -> Problem {
    let reason = LEFT_OUT.iter().find(|function| function.name == name).map_or("", |function| function.reason);
    Problem::new(format!("{name} is not built yet: {reason}"))
        .help("compute the value outside of the template, for example with !exec or !env")
}

/// The function of one row, under the name that it has in its namespace.
macro_rules! left_out {
    ($name:literal as $full:literal) => {
        crate::template::Function::variadic($name, &[], crate::template::Param::Any, |_, _| {
            Err($crate::template::funcs::golang::left_out::problem($full))
        })
    };
}

pub(crate) use left_out;
