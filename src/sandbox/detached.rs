//! A sandbox in a process of its own, for links that outlive the command that made them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use url::Url;

use crate::api::error::{Error, Result};

/// How long it stays without a request, in seconds: as long as a login may take.
const IDLE: &str = "600";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before looking again.
const GLANCE: Duration = Duration::from_millis(5);

/// Returns the file in which a sandbox of its own says where it is.
pub(crate) fn mark(database: &Path) -> PathBuf {
    database.with_extension("url")
}

/// Returns the address of a sandbox that goes on after this process; starts it if there is none.
///
/// Fails with `Internal` if it does not start within 10 seconds.
pub(crate) async fn detached(database: &Path) -> Result<Url> {
    if let Some(url) = running(database).await {
        return Ok(url);
    }
    // A mark that leads nowhere is that of a process that was killed.
    let _ = fs::remove_file(mark(database));
    let failed = |error| Error::internal("the sandbox cannot be started", error);
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command
        .args(["--profile", "sandbox", "sandbox", "serve", "--port", "0", "--idle", IDLE])
        // Who calls is none of its business: to find out, it would open the store.
        .env_remove("NAIVE_API_KEY")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map_err(failed)?;
    let started = async {
        loop {
            if let Some(url) = running(database).await {
                return url;
            }
            tokio::time::sleep(GLANCE).await;
        }
    };
    tokio::time::timeout(PATIENCE, started)
        .await
        .map_err(|_| Error::internal("the sandbox did not start", "no answer within 10 seconds"))
}

async fn running(database: &Path) -> Option<Url> {
    let url: Url = fs::read_to_string(mark(database)).ok()?.parse().ok()?;
    let port = url.port()?;
    TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    Some(url)
}
