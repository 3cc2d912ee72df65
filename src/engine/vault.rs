//! Which key seals this store: found at the first need, made once, changed on request.

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Engine;
use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;
use crate::api::vault::{KEY_CHANGED, KeySource, VaultStatus, is_sealed_by};
use crate::sealing;
use crate::vault::{CIPHER, Cipher};

impl Engine {
    /// Returns the cipher, looking for the key at the first call.
    pub(super) fn cipher(&self) -> Result<&Cipher> {
        if let Some(cipher) = self.cipher.get() {
            return Ok(cipher);
        }
        let found = self.find_key()?;
        Ok(self.cipher.get_or_init(|| found))
    }

    /// Seals secrets and has them written, a second time with the new key if it was changed meanwhile.
    pub(super) fn sealing<T>(
        &self,
        owner: &str,
        secrets: &Secrets,
        write: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<T> {
        self.with_cipher(|cipher| write(&cipher.seal(owner, secrets)?))
    }

    /// Writes what is sealed on the way, a second time with the new key if it was changed meanwhile.
    pub(super) fn with_cipher<T>(&self, write: impl Fn(&Cipher) -> Result<T>) -> Result<T> {
        match write(self.cipher()?) {
            Err(error) if error.reason.as_deref() == Some(KEY_CHANGED) => write(&self.find_key()?),
            written => written,
        }
    }

    /// Opens sealed bytes with the key they name: the one at hand, or a newer one.
    pub(super) fn opening(&self, owner: &str, sealed: &[u8]) -> Result<Secrets> {
        let cipher = self.cipher()?;
        if is_sealed_by(sealed, &cipher.key().id) {
            return cipher.open(owner, sealed);
        }
        self.find_key()?.open(owner, sealed)
    }

    /// Opens sealed bytes that are no credential, likewise.
    pub(super) fn opening_bytes(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let cipher = self.cipher()?;
        if is_sealed_by(sealed, &cipher.key().id) {
            return cipher.open_bytes(owner, sealed);
        }
        self.find_key()?.open_bytes(owner, sealed)
    }

    /// Finds the key of this store, or makes it; people hear of one that lies in a file.
    fn find_key(&self) -> Result<Cipher> {
        let (cipher, news) = sealing::cipher(&self.store, &self.vault)?;
        if let Some(news) = news {
            self.warn(news);
        }
        Ok(cipher)
    }

    /// Tells which key seals this store and whether it is there.
    pub(crate) fn vault_status(&self) -> Result<VaultStatus> {
        let key = self.store.key()?;
        let trouble = key.as_ref().and_then(|_| self.cipher().err());
        let trouble = trouble.map(|error| match error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message,
        });
        let unlocked = key.is_some() && trouble.is_none();
        let sealed = self.store.sealed_count()?;
        Ok(VaultStatus { key, unlocked, trouble, sealed, cipher: CIPHER.to_owned() })
    }

    /// Returns the key itself, as 64 hexadecimal digits.
    pub(crate) fn export_key(&self) -> Result<String> {
        Ok(self.cipher()?.export())
    }

    /// Seals everything with a new key: `given` where the present one comes from the environment.
    pub(crate) fn rotate_key(&self, given: Option<SecretString>) -> Result<VaultStatus> {
        // Where nothing was sealed yet there is no key, and whoever makes one takes the lock.
        self.cipher()?;
        // Two rotations at once would each lay a key ready in the same place.
        let guard = self.store.lock()?;
        let present = &self.find_key()?;
        let from_environment = present.key().source == KeySource::Environment;
        if from_environment != given.is_some() {
            let (text, hint) = if from_environment {
                (
                    "the key comes from `NAIVE_ENCRYPTION_KEY`",
                    "give the new one: `openssl rand -hex 32 | naive vault rotate --key -`",
                )
            } else {
                ("the new key is made here", "leave `--key` out")
            };
            return Err(Error::new(Code::InvalidInput, text).hint(hint));
        }
        let next = self.vault.prepare(present, given)?;
        let sealed =
            self.store.reseal(next.key(), |owner, bytes| present.reseal(&next, owner, bytes))?;
        self.vault.promote(&next)?;
        drop(guard);
        let key = Some(next.key().clone());
        Ok(VaultStatus { key, unlocked: true, trouble: None, sealed, cipher: CIPHER.to_owned() })
    }
}
