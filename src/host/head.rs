//! The head of a request that comes to a loopback address of ours. Row 2.

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

/// Longest head.
const LONGEST: usize = 16 * 1024;
const CHUNK: usize = 1024;

/// The head of a request, its first line included; `None` when it is too long or breaks off. It may hold a secret.
pub async fn request_head(stream: &mut TcpStream) -> Option<Zeroizing<String>> {
    // Room enough that the text never moves and leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut chunk = Zeroizing::new([0; CHUNK]);
    loop {
        match stream.read(&mut chunk[..]).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
        if bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            return std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()));
        }
        if bytes.len() > LONGEST - CHUNK {
            return None;
        }
    }
}
