//! `net.`: addresses and networks. Names are looked up only by the caller.

use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::golang::left_out::left_out;
use super::super::golang::{args, number, text};
use crate::template::{Call, Function, Object, Param, Problem, Val};

const A: Param = Param::Any;

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("LookupIP", &[A], |call, args| {
        let host = text::conv(&args[0])?;
        let found = call.world().addresses(&host)?;
        let first = found.first().ok_or_else(|| Problem::new(format!("lookup {host}: no such host")))?;
        Ok(Val::from(first.to_string()))
    }),
    Function::new("LookupIPs", &[A], |call, args| {
        let host = text::conv(&args[0])?;
        let found = call.world().addresses(&host)?;
        Ok(args::strings(found.iter().map(IpAddr::to_string).collect()))
    }),
    Function::new("ParseIP", &[A], |_, args| {
        let whole = text::conv(&args[0])?;
        Ok(Val::object(Address(parse_ip(&whole)?)))
    }),
    Function::new("ParseIPPrefix", &[A], |_, args| Ok(Val::object(Network::parse(&text::conv(&args[0])?)?))),
    Function::new("ParseIPRange", &[A], parse_range),
    Function::new("CIDRHost", &[A, A], cidr_host),
    Function::new("CIDRNetmask", &[A], |_, args| {
        let network = Network::of(&args[0])?;
        Ok(Val::object(Address(network.address(network.mask()))))
    }),
    Function::new("CIDRSubnets", &[A, A], cidr_subnets),
    Function::variadic("CIDRSubnetSizes", &[], A, cidr_subnet_sizes),
    left_out!("LookupCNAME" as "net.LookupCNAME"),
    left_out!("LookupSRV" as "net.LookupSRV"),
    left_out!("LookupSRVs" as "net.LookupSRVs"),
    left_out!("LookupTXT" as "net.LookupTXT"),
];

fn parse_ip(whole: &str) -> Result<IpAddr, Problem> {
    whole.parse().map_err(|_| Problem::new(format!("ParseIP({}): unable to parse IP", text::quote(whole))))
}

/// One address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address(IpAddr);

impl Object for Address {
    fn type_name(&self) -> &'static str {
        "netip.Addr"
    }

    fn text(&self) -> String {
        self.0.to_string()
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        static METHODS: &[Function] = &[
            Function::new("String", &[], |_, args| Ok(Val::from(crate::template::print(&args[0])?))),
            Function::new("Is4", &[], |_, args| Ok(Val::Bool(address(args).is_some_and(|ip| ip.is_ipv4())))),
            Function::new("Is6", &[], |_, args| Ok(Val::Bool(address(args).is_some_and(|ip| ip.is_ipv6())))),
            Function::new("IsLoopback", &[], |_, args| Ok(Val::Bool(address(args).is_some_and(|ip| ip.is_loopback())))),
        ];
        METHODS.iter().find(|function| function.name == name)
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Address>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn address(args: &[Val]) -> Option<IpAddr> {
    args.first().and_then(Val::as_object::<Address>).map(|address| address.0)
}

/// An address and how many of its bits name the network. Bits are counted as a number of 32 or 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    bits: u128,
    length: u32,
    size: u32,
}

impl Network {
    /// Address and length, with the bits of the host as written.
    fn parse(whole: &str) -> Result<Network, Problem> {
        let invalid = || Problem::new(format!("invalid CIDR address: {whole}"));
        let (ip, length) = whole.split_once('/').ok_or_else(invalid)?;
        let (bits, size) = match ip.parse().map_err(|_| invalid())? {
            IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
            IpAddr::V6(ip) => (u128::from(ip), 128),
        };
        let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length = length.parse().ok().filter(|length| plain && *length <= size).ok_or_else(invalid)?;
        Ok(Network { bits, length, size })
    }

    /// A network of an argument, without the bits of the host.
    fn of(val: &Val) -> Result<Network, Problem> {
        let network = match val.as_object::<Network>() {
            Some(network) => *network,
            None => Network::parse(&text::conv(val)?)?,
        };
        Ok(Network { bits: network.bits & network.mask(), ..network })
    }

    fn all(self) -> u128 {
        u128::MAX >> (128 - self.size)
    }

    fn mask(self) -> u128 {
        let hosts = self.size - self.length;
        if hosts >= 128 { 0 } else { self.all() >> hosts << hosts }
    }

    fn address(self, bits: u128) -> IpAddr {
        if self.size == 32 {
            IpAddr::V4(Ipv4Addr::from(u32::try_from(bits & self.all()).unwrap_or_default()))
        } else {
            IpAddr::V6(Ipv6Addr::from(bits))
        }
    }

    /// How many addresses, or nothing when the number is too large for 128 bits.
    fn count(self) -> Option<u128> {
        1_u128.checked_shl(self.size - self.length)
    }

    fn last(self) -> u128 {
        self.bits | (self.all() & !self.mask())
    }
}

impl Object for Network {
    fn type_name(&self) -> &'static str {
        "netip.Prefix"
    }

    fn text(&self) -> String {
        format!("{}/{}", self.address(self.bits), self.length)
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        static METHODS: &[Function] = &[
            Function::new("String", &[], |_, args| Ok(Val::from(crate::template::print(&args[0])?))),
            Function::new("Bits", &[], |_, args| Ok(Val::Int(Network::of(&args[0])?.length.into()))),
            Function::new("Addr", &[], |_, args| {
                let network = args.first().and_then(Val::as_object::<Network>);
                let network = network.ok_or_else(|| Problem::new("not a network"))?;
                Ok(Val::object(Address(network.address(network.bits))))
            }),
            Function::new("Masked", &[], |_, args| Ok(Val::object(Network::of(&args[0])?))),
        ];
        METHODS.iter().find(|function| function.name == name)
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Network>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Two addresses with a dash; the result is their text.
fn parse_range(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let whole = text::conv(&args[0])?;
    let quoted = text::quote(&whole);
    let (from, to) = whole.split_once('-').ok_or_else(|| Problem::new(format!("no hyphen in range {quoted}")))?;
    let (from, to) = (parse_ip(from)?, parse_ip(to)?);
    if from.is_ipv4() != to.is_ipv4() || from > to {
        return Err(Problem::new(format!("range {quoted} is no range of addresses")));
    }
    Ok(Val::from(format!("{from}-{to}")))
}

/// The n-th address of a network; negative numbers count from its end.
fn cidr_host(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let wanted = number::conv_int64(&args[0]);
    let network = Network::of(&args[1])?;
    let fits = network.count().is_none_or(|count| u128::from(wanted.unsigned_abs()) <= count - u128::from(wanted >= 0));
    if !fits {
        return Err(Problem::new(format!(
            "prefix of {} does not accommodate a host numbered {wanted}",
            network.length
        )));
    }
    let bits = if wanted < 0 {
        network.last() - (u128::from(wanted.unsigned_abs()) - 1)
    } else {
        network.bits | u128::from(wanted.unsigned_abs())
    };
    Ok(Val::object(Address(network.address(bits))))
}

/// Most networks of one answer.
const MOST_SUBNETS: u32 = 16;

fn cidr_subnets(call: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let extra = number::conv_int64(&args[0]);
    let network = Network::of(&args[1])?;
    let extra = u32::try_from(extra).ok().filter(|extra| *extra > 0);
    let extra = extra.ok_or_else(|| Problem::new("must extend prefix by at least one bit"))?;
    let length = network.length.saturating_add(extra);
    if length > network.size {
        return Err(Problem::new(format!(
            "insufficient address space to extend prefix of {} by {extra}",
            network.length
        )));
    }
    if extra > MOST_SUBNETS {
        return Err(Problem::new(format!(
            "an extension by {extra} bits makes too many networks; {MOST_SUBNETS} is the most"
        )));
    }
    call.allow(64 << extra)?;
    let step = network.size - length;
    let subnets = (0..1_u128 << extra)
        .map(|index| Val::object(Network { bits: network.bits | index << step, length, size: network.size }));
    Ok(Val::List(subnets.collect()))
}

/// Networks of several sizes, one behind the other.
fn cidr_subnet_sizes(_: &mut Call<'_>, args: &[Val]) -> Result<Val, Problem> {
    let [sizes @ .., network] = args else {
        return Err(Problem::new("wrong number of args: want 2 or more, got 0"));
    };
    if sizes.is_empty() {
        return Err(Problem::new("wrong number of args: want 2 or more, got 1"));
    }
    let network = Network::of(network)?;
    let mut next = network.bits;
    let mut previous: Option<Network> = None;
    let mut found = Vec::new();
    for extra in sizes.iter().map(number::conv_int64) {
        if extra < 1 {
            return Err(Problem::new("must extend prefix by at least one bit"));
        }
        if extra > 32 {
            return Err(Problem::new("may not extend prefix by more than 32 bits"));
        }
        let length = network.length + u32::try_from(extra).unwrap_or(0);
        if length > network.size {
            let protocol = if network.size == 32 { "IPv4" } else { "IPv6" };
            return Err(Problem::new(format!(
                "would extend prefix to {length} bits, which is too long for an {protocol} address"
            )));
        }
        let unit = 1_u128 << (network.size - length);
        let start = next.div_ceil(unit).checked_mul(unit);
        let start = start
            .filter(|start| previous.is_none_or(|subnet| subnet.last() < network.last()) && *start <= network.last());
        let Some(start) = start else {
            let after = previous.map_or_else(|| "the start".to_owned(), |subnet| subnet.text());
            return Err(Problem::new(format!(
                "not enough remaining address space for a subnet with a prefix of {length} bits after {after}"
            )));
        };
        let subnet = Network { bits: start, length, size: network.size };
        next = subnet.last().saturating_add(1);
        previous = Some(subnet);
        found.push(Val::object(subnet));
    }
    Ok(Val::List(found.into_iter().collect()))
}
