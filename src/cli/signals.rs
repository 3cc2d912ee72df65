//! Signals that end a command, heard from the moment this is made.

use crate::api::error::{Error, Result};

/// The signal `SIGXFSZ`: a file would be larger than the process may make one.
///
/// Source: signal(7) for Linux, but for MIPS; sys/signal.h of the BSDs and macOS (read 2026-11-28).
#[cfg(unix)]
const TOO_LARGE: i32 = 25;

/// Listens for Ctrl-C, and on Unix for the end of the terminal or of the session.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// Begins to listen; from now on these signals no longer end the process by themselves.
    #[cfg(unix)]
    pub(crate) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let deaf = |error| Error::internal("signals cannot be heard", error);
        // Once somebody has listened, a file that may not grow is an error to tell, and no end.
        drop(signal(SignalKind::from_raw(TOO_LARGE)).map_err(deaf)?);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(deaf)?,
            terminate: signal(SignalKind::terminate()).map_err(deaf)?,
            hangup: signal(SignalKind::hangup()).map_err(deaf)?,
        })
    }

    /// Begins to listen; from now on Ctrl-C no longer ends the process by itself.
    #[cfg(windows)]
    pub(crate) fn listen() -> Result<Self> {
        let interrupt = tokio::signal::windows::ctrl_c()
            .map_err(|error| Error::internal("signals cannot be heard", error))?;
        Ok(Self { interrupt })
    }

    /// Waits for the next signal, and returns the error it stands for.
    pub(crate) async fn next(&mut self) -> Error {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => Error::interrupted(),
            _ = self.terminate.recv() => Error::terminated(),
            _ = self.hangup.recv() => Error::hung_up(),
        }
        #[cfg(windows)]
        {
            self.interrupt.recv().await;
            Error::interrupted()
        }
    }
}
