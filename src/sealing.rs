//! Which key seals a store: found where the vault knows it, made once. Knows nothing of what is sealed.

use crate::api::error::Result;
use crate::api::vault::KeySource;
use crate::store::Store;
use crate::vault::{Cipher, Vault};

/// Finds the key of a store; makes one if nothing was ever sealed, under the store's lock so that of several
/// processes one does.
///
/// What comes with it is news for people: that a key was made which lies in a file.
pub(crate) fn cipher(store: &Store, vault: &Vault) -> Result<(Cipher, Option<String>)> {
    let id = store.id()?;
    if let Some(key) = store.key()? {
        return Ok((vault.find(&id, &key)?, None));
    }
    let guard = store.lock()?;
    if let Some(key) = store.key()? {
        return Ok((vault.find(&id, &key)?, None));
    }
    let made = vault.find_or_make(&id)?;
    store.set_key(made.key())?;
    drop(guard);
    let in_file = made.key().source == KeySource::File;
    let news = in_file.then(|| {
        let path = vault.file.display();
        format!("No keyring answers here, so the key that seals credentials is in `{path}`.")
    });
    Ok((made, news))
}
