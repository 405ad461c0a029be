//! Role credentials from an STS (moto), so that `GetCallerIdentity` with them names the permission set.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wire::encode;

const PATIENCE: Duration = Duration::from_secs(20);

/// Host and port of an STS without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    address: String,
}

/// What role credentials consist of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
}

impl Endpoint {
    pub(crate) fn parse(url: &str) -> Result<Endpoint, String> {
        let address = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/')).unwrap_or_default();
        if address.is_empty() || address.contains('/') {
            return Err(format!("the STS endpoint must be http://host:port, not {url}"));
        }
        Ok(Endpoint { address: address.to_owned() })
    }

    /// Assumes the role that stands behind a permission set in an account.
    pub(crate) async fn keys_of_permission_set(&self, account: &str, role: &str) -> Result<Keys, String> {
        let arn = format!("arn:aws:iam::{account}:role/AWSReservedSSO_{role}_0123456789abcdef");
        let form =
            format!("Action=AssumeRole&Version=2011-06-15&RoleArn={}&RoleSessionName=user%40acme.test", encode(&arn));
        let exchange = tokio::time::timeout(PATIENCE, self.post(&form)).await;
        let answer = exchange.map_err(|_| "the STS did not answer".to_owned())?.map_err(|error| error.to_string())?;
        let field = |name: &str| element(&answer, name).ok_or_else(|| format!("the STS answer has no {name}"));
        Ok(Keys {
            access_key_id: field("AccessKeyId")?,
            secret_access_key: field("SecretAccessKey")?,
            session_token: field("SessionToken")?,
        })
    }

    /// One exchange over a connection of its own; HTTP/1.0, so that the answer ends with the connection.
    async fn post(&self, form: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let request = format!(
            "POST / HTTP/1.0\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=PORTAL/20260101/us-east-1/sts/aws4_request\r\n\
             Content-Length: {}\r\n\r\n{form}",
            self.address,
            form.len(),
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// The text of the first element of a name; the answers escape nothing but `&`.
fn element(xml: &str, name: &str) -> Option<String> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let length = xml[start..].find(&format!("</{name}>"))?;
    Some(xml[start..start + length].trim().replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_takes_plain_http_addresses_only() {
        assert_eq!(Endpoint::parse("http://127.0.0.1:5000/").unwrap().address, "127.0.0.1:5000");
        for bad in ["https://127.0.0.1:1", "127.0.0.1:1", "http://", "http://a/b"] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn element_finds_the_text_between_its_tags() {
        let xml = "<A><AccessKeyId>ASIAX</AccessKeyId><SessionToken> a&amp;b=\n</SessionToken></A>";
        assert_eq!(element(xml, "AccessKeyId").as_deref(), Some("ASIAX"));
        assert_eq!(element(xml, "SessionToken").as_deref(), Some("a&b="));
        assert_eq!(element(xml, "SecretAccessKey"), None);
    }
}
