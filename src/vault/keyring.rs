//! The operating system's keyring, which may be missing, locked or silent.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::api::error::{Code, Error, Result};

/// How long the keyring may take; a headless machine can hang in it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Name of the entries in the keyring.
const SERVICE: &str = "naive";

/// Returns the key of that entry, if there is one.
pub(super) fn get(user: &str) -> Result<Option<SecretString>> {
    on_its_own_thread(user, |entry| match entry.get_password() {
        Ok(hex) => Ok(Some(SecretString::from(hex))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
}

/// Stores the key of that entry.
pub(super) fn set(user: &str, hex: &SecretString) -> Result<()> {
    let hex = hex.clone();
    on_its_own_thread(user, move |entry| entry.set_password(hex.expose_secret()))
}

/// Deletes an entry.
pub(super) fn delete(user: &str) -> Result<()> {
    on_its_own_thread(user, keyring::Entry::delete_credential)
}

/// Tells whether a keyring answers at all, within its patience.
pub(crate) fn answers() -> Result<()> {
    get("doctor").map(|_| ())
}

fn on_its_own_thread<T: Send + 'static>(
    user: &str,
    ask: impl FnOnce(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T> {
    let (answer, wait) = mpsc::channel();
    let user = user.to_owned();
    thread::spawn(move || {
        let asked = keyring::Entry::new(SERVICE, &user).and_then(|entry| ask(&entry));
        // Whoever asked may have lost patience; then nobody wants the answer.
        let _ = answer.send(asked);
    });
    match wait.recv_timeout(PATIENCE) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(trouble("the keyring cannot be used").because(error)),
        Err(_) => Err(trouble("the keyring did not answer within 3 seconds")),
    }
}

fn trouble(text: &str) -> Error {
    Error::new(Code::FeatureNotConfigured, text)
        .hint("unlock the keyring, or set `NAIVE_ENCRYPTION_KEY`")
        .reason("keyring_unavailable")
}
