//! Opening a link for the person at this machine.

use std::process::{Command, Stdio};
use std::thread;

use tokio::sync::oneshot;
use url::Url;

use crate::api::error::{Error, Result};
use crate::settings::Settings;

/// Tells whether there is something to open a link with: `$BROWSER`, also in a pipe, or a desktop with
/// a person before it.
pub(crate) fn is_there(settings: &Settings) -> bool {
    settings.browser.is_some() || (settings.desktop && settings.terminals.person)
}

/// Opens a link, and returns a signal that comes if it turns out that nothing opened.
///
/// The link goes to the program as one argument, never through a shell.
pub(crate) fn open(settings: &Settings, link: &Url) -> Result<oneshot::Receiver<()>> {
    let (failed, signal) = oneshot::channel();
    let Some(browser) = &settings.browser else {
        open::that_detached(link.as_str())
            .map_err(|error| Error::internal("the browser cannot be opened", error))?;
        // The desktop took the link: a dropped sender says that no failure will be heard of.
        return Ok(signal);
    };
    let mut words = browser.split(':').next().unwrap_or(browser).split_whitespace();
    let program = words.next().unwrap_or("false");
    let mut child = Command::new(program)
        .args(words.filter(|word| *word != "%s"))
        .arg(link.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            Error::internal(format!("`{program}` of `$BROWSER` cannot be run"), error)
        })?;
    thread::spawn(move || {
        let opened = child.wait().is_ok_and(|status| status.success());
        if !opened {
            // Nobody may wait any more; then the login has ended.
            let _ = failed.send(());
        }
    });
    Ok(signal)
}
