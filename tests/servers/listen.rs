//! A port that is written down, and an end of its own.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Listens, writes the port down, and serves each connection in a thread of its own until standard input ends or the time is
/// over. `serve` is made when the port is known.
pub(crate) fn listen<S>(port_file: &Path, exit_after: u64, serve: impl FnOnce(u16) -> S) -> ExitCode
where
    S: Fn(TcpStream) + Clone + Send + 'static,
{
    let Ok(listener) = TcpListener::bind(("127.0.0.1", 0)) else { return ExitCode::FAILURE };
    let Ok(address) = listener.local_addr() else { return ExitCode::FAILURE };
    let serve = serve(address.port());
    let partial = port_file.with_extension("new");
    let announced = std::fs::write(&partial, address.port().to_string());
    if announced.and_then(|()| std::fs::rename(&partial, port_file)).is_err() {
        return ExitCode::FAILURE;
    }
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(client));
        }
    });
    let (gone, stdin_closed) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        drop(gone);
    });
    let _ = stdin_closed.recv_timeout(Duration::from_secs(exit_after));
    ExitCode::SUCCESS
}
