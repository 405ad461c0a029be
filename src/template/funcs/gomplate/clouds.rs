//! Namespaces that need a network: clouds and the addresses of this machine.

use super::super::golang::left_out::left_out;
use crate::template::Function;

pub(super) static AWS: &[Function] = &[
    left_out!("EC2Region" as "aws.EC2Region"),
    left_out!("EC2Meta" as "aws.EC2Meta"),
    left_out!("EC2Dynamic" as "aws.EC2Dynamic"),
    left_out!("EC2Tag" as "aws.EC2Tag"),
    left_out!("EC2Tags" as "aws.EC2Tags"),
    left_out!("KMSEncrypt" as "aws.KMSEncrypt"),
    left_out!("KMSDecrypt" as "aws.KMSDecrypt"),
    left_out!("Account" as "aws.Account"),
    left_out!("UserID" as "aws.UserID"),
    left_out!("ARN" as "aws.ARN"),
];

/// Names without the namespace.
pub(super) static AWS_ALIASES: &[Function] = &[
    left_out!("ec2region" as "ec2region"),
    left_out!("ec2meta" as "ec2meta"),
    left_out!("ec2dynamic" as "ec2dynamic"),
    left_out!("ec2tag" as "ec2tag"),
    left_out!("ec2tags" as "ec2tags"),
];

pub(super) static GCP: &[Function] = &[left_out!("Meta" as "gcp.Meta")];

pub(super) static SOCKADDR: &[Function] = &[
    left_out!("GetAllInterfaces" as "sockaddr.GetAllInterfaces"),
    left_out!("GetDefaultInterfaces" as "sockaddr.GetDefaultInterfaces"),
    left_out!("GetPrivateInterfaces" as "sockaddr.GetPrivateInterfaces"),
    left_out!("GetPublicInterfaces" as "sockaddr.GetPublicInterfaces"),
    left_out!("Sort" as "sockaddr.Sort"),
    left_out!("Exclude" as "sockaddr.Exclude"),
    left_out!("Include" as "sockaddr.Include"),
    left_out!("Attr" as "sockaddr.Attr"),
    left_out!("Join" as "sockaddr.Join"),
    left_out!("Limit" as "sockaddr.Limit"),
    left_out!("Offset" as "sockaddr.Offset"),
    left_out!("Unique" as "sockaddr.Unique"),
    left_out!("Math" as "sockaddr.Math"),
    left_out!("GetPrivateIP" as "sockaddr.GetPrivateIP"),
    left_out!("GetPrivateIPs" as "sockaddr.GetPrivateIPs"),
    left_out!("GetPublicIP" as "sockaddr.GetPublicIP"),
    left_out!("GetPublicIPs" as "sockaddr.GetPublicIPs"),
    left_out!("GetInterfaceIP" as "sockaddr.GetInterfaceIP"),
    left_out!("GetInterfaceIPs" as "sockaddr.GetInterfaceIPs"),
];
