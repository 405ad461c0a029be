//! The connections of the server: TLS, then requests one after the other. Packages are sent by pieces.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::channel::{Channel, Sender};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_LENGTH, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use super::intake::PIECE;
use super::state::{Answer, Content, State};
use crate::host::threads;

/// The longest head of a request.
const HEAD: usize = 16 << 10;
/// Who says nothing for so long, or takes nothing, is gone.
const SILENCE: Duration = Duration::from_mins(1);
/// More than all terraforms of a run need, and fewer than a process may have files.
const AT_ONCE: usize = 256;

type Body = Channel<Bytes, std::io::Error>;

pub(super) async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>, path: String) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let path: Arc<str> = path.into();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        // Others wait in the queue of the system.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files pass.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        tokio::spawn(converse(stream, acceptor.clone(), state.clone(), path.clone(), place));
    }
}

async fn converse(
    stream: tokio::net::TcpStream,
    acceptor: TlsAcceptor,
    state: Arc<State>,
    path: Arc<str>,
    _place: OwnedSemaphorePermit,
) {
    let Ok(Ok(stream)) = tokio::time::timeout(SILENCE, acceptor.accept(stream)).await else { return };
    let stalled = Arc::new(Notify::new());
    let service = service_fn(|request: Request<Incoming>| {
        let (state, path, stalled) = (state.clone(), path.clone(), stalled.clone());
        async move { Ok::<_, Infallible>(respond(&request, &state, &path, stalled).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(SILENCE).max_buf_size(HEAD);
    tokio::select! {
        done = builder.serve_connection(TokioIo::new(stream), service) => {
            if let Err(error) = done {
                tracing::debug!(%error, "a connection to the registry cache ends");
            }
        }
        () = stalled.notified() => tracing::debug!("nobody takes what the registry cache sends"),
    }
}

async fn respond(request: &Request<Incoming>, state: &Arc<State>, path: &str, stalled: Arc<Notify>) -> Response<Body> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let answer = match request.uri().path().strip_prefix(path) {
        _ if !reads => Answer { status: 405, ..Answer::default() },
        Some(rest) => state.answer(rest).await,
        None => Answer { status: 404, ..Answer::default() },
    };
    let values = answer.headers.iter().map(|(name, value)| Some((*name, HeaderValue::from_str(value).ok()?)));
    let Some(values) = values.collect::<Option<Vec<_>>>() else {
        let unsendable = Answer::text(502, "what the registry says cannot be sent");
        return response(unsendable, Vec::new(), request.method() == Method::GET, stalled);
    };
    response(answer, values, request.method() == Method::GET, stalled)
}

fn response(
    answer: Answer,
    headers: Vec<(&'static str, HeaderValue)>,
    whole: bool,
    stalled: Arc<Notify>,
) -> Response<Body> {
    let (sender, body) = Channel::new(1);
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    if answer.status == 405 {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    if answer.status != 204 {
        let size = match &answer.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(package) => package.size,
        };
        response.headers_mut().insert(CONTENT_LENGTH, size.into());
        if whole {
            tokio::spawn(send(answer.content, sender, stalled));
        }
    }
    response
}

/// Sends piece by piece, as fast as the other side takes it.
async fn send(content: Content, mut to: Sender<Bytes, std::io::Error>, stalled: Arc<Notify>) {
    let mut at = 0;
    loop {
        let piece = match &content {
            Content::Bytes(bytes) => {
                let rest = bytes.get(at..).unwrap_or_default();
                Ok(rest[..rest.len().min(PIECE)].to_vec())
            }
            Content::File(package) => {
                let (package, at) = (package.clone(), at as u64);
                let read = threads::blocking(move || package.piece(at)).await;
                read.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            }
        };
        let piece = match piece {
            Ok(piece) if piece.is_empty() => return,
            Ok(piece) => piece,
            // The other side sees that it is not whole.
            Err(error) => return to.abort(error),
        };
        at += piece.len();
        match tokio::time::timeout(SILENCE, to.send_data(piece.into())).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => return stalled.notify_one(),
        }
    }
}
