//! Connections: taken in as they come, each given so long and no longer, none waited for by another.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

/// How many connections are open at once; more wait until one has ended.
const MOST: usize = 1_024;
/// How long the head of a request may take to come, and a connection may lie idle between two.
const HEAD: Duration = Duration::from_secs(10);
/// How long the other end may take to read before it is given up.
const WRITE: Duration = Duration::from_secs(30);
/// How large the head of a request may be.
const HEAD_SIZE: usize = 32 * 1024;
/// How long to wait where no connection can be taken in: no more files may be open.
const PAUSE: Duration = Duration::from_millis(50);

/// Takes connections in until the server ends, then lets those end that have something under way.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    mut closing: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(MOST));
    let ending = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_SIZE);
    loop {
        let next = async {
            // Nobody closes the semaphore.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = next => accepted,
            _ = closing.wait_for(|closing| *closing) => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(patient(stream)), service);
        let connection = ending.watch(connection);
        tokio::spawn(async move {
            // Whoever was at the other end is gone, or was too slow.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    ending.shutdown().await;
}

/// Returns a stream that is given up where the other end does not read.
fn patient(stream: TcpStream) -> std::pin::Pin<Box<TimeoutStream<TcpStream>>> {
    // Answers are small: waiting for more to send would only make them late.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE));
    Box::pin(stream)
}
