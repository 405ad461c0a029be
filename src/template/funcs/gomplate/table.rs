//! All functions of this library.

use super::{clouds, coll, conv, crypto, data, files, math, net, random, small, sources, strings, time};
use crate::template::{Function, Namespace};

/// Tables of functions, later ones win.
pub(crate) static FUNCTIONS: &[&[Function]] = &[
    sources::ALIASES,
    data::ALIASES,
    clouds::AWS_ALIASES,
    strings::ALIASES,
    files::ALIASES,
    conv::ALIASES,
    math::ALIASES,
    small::TEST_ALIASES,
    coll::ALIASES,
];

const fn namespace(name: &'static str, type_name: &'static str, functions: &'static [Function]) -> Namespace {
    Namespace { name, type_name, functions }
}

/// Namespaces.
pub(crate) static NAMESPACES: &[Namespace] = &[
    namespace("data", "*funcs.DataFuncs", data::FUNCTIONS),
    namespace("aws", "*funcs.Funcs", clouds::AWS),
    namespace("gcp", "*funcs.GcpFuncs", clouds::GCP),
    namespace("base64", "*funcs.Base64Funcs", small::BASE64),
    namespace("net", "*funcs.NetFuncs", net::FUNCTIONS),
    namespace("regexp", "*funcs.ReFuncs", small::REGEXP),
    namespace("strings", "*funcs.StringFuncs", strings::FUNCTIONS),
    namespace("env", "*funcs.EnvFuncs", files::ENV),
    namespace("conv", "*funcs.ConvFuncs", conv::FUNCTIONS),
    namespace("time", "*funcs.TimeFuncs", time::FUNCTIONS),
    namespace("math", "*funcs.MathFuncs", math::FUNCTIONS),
    namespace("crypto", "*funcs.CryptoFuncs", crypto::FUNCTIONS),
    namespace("file", "*funcs.FileFuncs", files::FILE),
    namespace("filepath", "*funcs.FilePathFuncs", files::FILEPATH),
    namespace("path", "*funcs.PathFuncs", files::PATH),
    namespace("sockaddr", "*funcs.SockaddrFuncs", clouds::SOCKADDR),
    namespace("test", "*funcs.TestFuncs", small::TEST),
    namespace("coll", "*funcs.CollFuncs", coll::FUNCTIONS),
    namespace("uuid", "*funcs.UUIDFuncs", random::UUID),
    namespace("random", "*funcs.RandomFuncs", random::RANDOM),
    namespace("tmpl", "*tmpl.Template", sources::TMPL),
];
