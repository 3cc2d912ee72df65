//! Where the key comes from, and sealing with it. Knows nothing of what it seals or where that lies.

pub(crate) mod access;
pub(crate) mod handed;
pub(crate) mod handover;
pub(crate) mod keyring;
pub(crate) mod tokens;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::api::error::{Code, Error, Result};
use crate::api::ids::hex;
use crate::api::secrets::Secrets;
use crate::api::vault::{Key, KeySource};
use crate::settings::Settings;

/// What sealed bytes begin with: the form of the rest.
const FORM: u8 = 1;
/// Length of a nonce in bytes.
const NONCE: usize = 24;
/// Name of the file that holds the key where no keyring answers.
const KEY_FILE: &str = "encryption.key";
/// Name of the cipher, for people.
pub(crate) const CIPHER: &str = "XChaCha20-Poly1305";

/// The places where a store's key can lie.
#[derive(Debug)]
pub(crate) struct Vault {
    /// `NAIVE_ENCRYPTION_KEY`, if set
    pub(crate) given: Option<SecretString>,
    /// Whether the keyring may be asked
    pub(crate) keyring: bool,
    /// The key file
    pub(crate) file: PathBuf,
}

/// A key that was found, ready to seal and open.
pub(crate) struct Cipher {
    key: Key,
    cipher: XChaCha20Poly1305,
    hex: SecretString,
    store: String,
}

impl Vault {
    /// Returns the places that the settings name.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            given: settings.encryption_key.clone(),
            keyring: settings.keyring,
            file: settings.dir.join(KEY_FILE),
        }
    }

    /// Returns the same places for a store in another directory, whose key file lies beside it.
    pub(crate) fn beside(&self, dir: &Path) -> Self {
        let Self { given, keyring, .. } = self;
        Self { given: given.clone(), keyring: *keyring, file: dir.join(KEY_FILE) }
    }

    /// Returns the cipher of the key that sealed this store, wherever it lies now.
    ///
    /// Fails with `FeatureNotConfigured` if it is nowhere: no other key will do, so none is made.
    pub(crate) fn find(&self, store: &str, key: &Key) -> Result<Cipher> {
        if let Some(given) = &self.given {
            let cipher = Cipher::new(store, given, KeySource::Environment)?;
            return if cipher.key.id == key.id { Ok(cipher) } else { Err(wrong_key(key)) };
        }
        let mut places = [KeySource::File, KeySource::Keyring];
        if key.source == KeySource::Keyring {
            places.reverse();
        }
        let mut trouble = None;
        for place in places {
            match self.read(place, store, key) {
                Ok(Some(cipher)) => return Ok(cipher),
                Ok(None) => {}
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        Err(missing(key, trouble))
    }

    /// Returns a cipher for a store that has sealed nothing yet: of the key that is given or lies ready,
    /// else of a new one. Call it under the store's lock.
    pub(crate) fn find_or_make(&self, store: &str) -> Result<Cipher> {
        if let Some(given) = &self.given {
            return Cipher::new(store, given, KeySource::Environment);
        }
        if let Some(hex) = read_file(&self.file)? {
            return Cipher::new(store, &hex, KeySource::File);
        }
        let cipher = Cipher::new(store, &new_key(), KeySource::Keyring)?;
        if self.keyring && keyring::set(store, &cipher.hex).is_ok() {
            return Ok(cipher);
        }
        write_file(&self.file, &cipher.hex)?;
        Cipher::new(store, &cipher.hex, KeySource::File)
    }

    /// Lays a new key ready beside the present one, so that a crash before [`Vault::promote`] loses
    /// neither. `given` is the new key where the present one came from the environment.
    pub(crate) fn prepare(&self, present: &Cipher, given: Option<SecretString>) -> Result<Cipher> {
        let next = Cipher::new(&present.store, &given.unwrap_or_else(new_key), present.key.source)?;
        match present.key.source {
            KeySource::Environment => {}
            KeySource::Keyring => keyring::set(&next_entry(&present.store), &next.hex)?,
            KeySource::File => write_file(&self.next_file(), &next.hex)?,
        }
        Ok(next)
    }

    /// Puts a prepared key in the place of the one before it.
    pub(crate) fn promote(&self, next: &Cipher) -> Result<()> {
        match next.key.source {
            KeySource::Environment => Ok(()),
            KeySource::Keyring => {
                keyring::set(&next.store, &next.hex)?;
                keyring::delete(&next_entry(&next.store))
            }
            KeySource::File => fs::rename(self.next_file(), &self.file).map_err(key_file),
        }
    }

    /// Reads one place, and finishes a rotation that was cut short there.
    fn read(&self, place: KeySource, store: &str, key: &Key) -> Result<Option<Cipher>> {
        for prepared in [false, true] {
            let found = match (place, prepared) {
                (KeySource::File, false) => read_file(&self.file)?,
                (KeySource::File, true) => read_file(&self.next_file())?,
                (KeySource::Keyring, false) if self.keyring => keyring::get(store)?,
                (KeySource::Keyring, true) if self.keyring => keyring::get(&next_entry(store))?,
                (KeySource::Environment | KeySource::Keyring, _) => None,
            };
            let Some(hex) = found else { continue };
            let cipher = Cipher::new(store, &hex, place)?;
            if cipher.key.id == key.id {
                if prepared {
                    self.promote(&cipher)?;
                }
                return Ok(Some(cipher));
            }
        }
        Ok(None)
    }

    fn next_file(&self) -> PathBuf {
        self.file.with_extension("next")
    }
}

impl Cipher {
    /// Fails with `InvalidInput` if `digits` is not 64 hexadecimal digits.
    fn new(store: &str, digits: &SecretString, source: KeySource) -> Result<Self> {
        let bytes = unhex(digits.expose_secret().trim()).ok_or_else(|| {
            Error::new(Code::InvalidInput, "the encryption key is not 64 hexadecimal digits")
                .hint("make one with `openssl rand -hex 32`")
        })?;
        let mut sum = Sha256::new();
        sum.update(b"naive key id 1");
        sum.update(*bytes);
        let id = hex(&sum.finalize()[..8]);
        Ok(Self {
            key: Key { id, source },
            cipher: XChaCha20Poly1305::new((&*bytes).into()),
            hex: digits.clone(),
            store: store.to_owned(),
        })
    }

    /// Returns which key this is.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the key itself, as 64 hexadecimal digits: for `vault export-key` alone.
    pub(crate) fn export(&self) -> String {
        self.hex.expose_secret().trim().to_ascii_lowercase()
    }

    /// Encrypts for one owner: form, fingerprint of the key, nonce, ciphertext.
    pub(crate) fn seal(&self, owner: &str, secrets: &Secrets) -> Result<Vec<u8>> {
        let plain: BTreeMap<&str, &str> =
            secrets.0.iter().map(|(key, value)| (key.as_str(), value.expose_secret())).collect();
        let json = serde_json::to_vec(&plain).map(Zeroizing::new);
        let json = json.map_err(|error| Error::internal("a secret cannot be written", error))?;
        self.seal_bytes(owner, &json)
    }

    /// Decrypts what [`Cipher::seal`] made for the same owner.
    ///
    /// Fails with `Internal` if the key is another one, or the bytes were moved from another row.
    pub(crate) fn open(&self, owner: &str, sealed: &[u8]) -> Result<Secrets> {
        let plain = self.open_bytes(owner, sealed)?;
        serde_json::from_slice(&plain)
            .map_err(|error| Error::internal("a sealed secret has another form", error))
    }

    /// Seals for `next` what this key sealed.
    pub(crate) fn reseal(&self, next: &Self, owner: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        next.seal_bytes(owner, &self.open_bytes(owner, sealed)?)
    }

    /// Encrypts bytes that are no credential, for one owner.
    pub(crate) fn seal_bytes(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let aad = self.bound_to(owner);
        let sealed = self.cipher.encrypt(&nonce, Payload { msg: plain, aad: &aad });
        let sealed = sealed.map_err(|_| Error::new(Code::InternalError, "sealing failed"))?;
        Ok([&[FORM], self.key.id.as_bytes(), nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Cipher::seal_bytes`] made for the same owner.
    ///
    /// Fails with `Internal` if the key is another one, or the bytes were moved from another row.
    pub(crate) fn open_bytes(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let parts = sealed.split_first().filter(|(form, _)| **form == FORM);
        let parts = parts.and_then(|(_, rest)| rest.strip_prefix(self.key.id.as_bytes()));
        let parts = parts.and_then(|rest| rest.split_at_checked(NONCE));
        let aad = self.bound_to(owner);
        let plain = parts.and_then(|(nonce, rest)| {
            let payload = Payload { msg: rest, aad: &aad };
            self.cipher.decrypt(XNonce::from_slice(nonce), payload).ok()
        });
        plain.map(Zeroizing::new).ok_or_else(|| {
            Error::new(Code::InternalError, "a sealed credential does not open")
                .hint("it was damaged or moved; connect the app again")
                .reason("credential_damaged")
        })
    }

    fn bound_to(&self, owner: &str) -> Vec<u8> {
        format!("naive/{FORM}/{}/{owner}", self.store).into_bytes()
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher").field("key", &self.key).finish_non_exhaustive()
    }
}

fn wrong_key(key: &Key) -> Error {
    let text = "`NAIVE_ENCRYPTION_KEY` is not the key that sealed this store";
    let hint = match key.source {
        KeySource::Environment => format!("set the key whose fingerprint is `{}`", key.id),
        KeySource::Keyring => "unset it: the key lies in the keyring".to_owned(),
        KeySource::File => "unset it: the key lies in the key file".to_owned(),
    };
    Error::new(Code::FeatureNotConfigured, text).hint(hint).reason("key_mismatch")
}

fn missing(key: &Key, trouble: Option<Error>) -> Error {
    let (place, back) = match key.source {
        KeySource::Environment => ("`NAIVE_ENCRYPTION_KEY` is not set", "set it"),
        KeySource::Keyring => {
            ("the keyring does not give it", "unlock the keyring, or set `NAIVE_ENCRYPTION_KEY`")
        }
        KeySource::File => {
            ("the key file is gone", "bring the file back, or set `NAIVE_ENCRYPTION_KEY`")
        }
    };
    let text = format!("the key that sealed this store is missing: {place}");
    let hint = format!("{back} to the key with fingerprint `{}`; no new key was made", key.id);
    let error = Error::new(Code::FeatureNotConfigured, text).hint(hint).reason("key_missing");
    match trouble {
        Some(trouble) => error.because(trouble),
        None => error,
    }
}

/// Returns the secret of notifications as text: for `approvals notify-secret` alone.
pub(crate) fn shown(secret: &SecretString) -> String {
    secret.expose_secret().to_owned()
}

fn new_key() -> SecretString {
    hex(&XChaCha20Poly1305::generate_key(&mut OsRng)).into()
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn next_entry(store: &str) -> String {
    format!("{store}.next")
}

fn read_file(path: &Path) -> Result<Option<SecretString>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(key_file(error)),
    }
}

/// Writes a key so that it is there whole, on disk, readable by its owner only, or not at all.
fn write_file(path: &Path, hex: &SecretString) -> Result<()> {
    let draft = path.with_extension("draft");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(key_file)?;
    file.write_all(hex.expose_secret().as_bytes()).map_err(key_file)?;
    file.sync_all().map_err(key_file)?;
    fs::rename(&draft, path).map_err(key_file)?;
    #[cfg(unix)]
    if let Some(dir) = path.parent() {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(key_file)?;
    }
    Ok(())
}

fn key_file(error: std::io::Error) -> Error {
    Error::internal("the key file cannot be used", error).hint("run `naive doctor`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn cipher(store: &str) -> Cipher {
        Cipher::new(store, &HEX.into(), KeySource::Environment).unwrap()
    }

    fn secrets() -> Secrets {
        Secrets([("api_key".to_owned(), SecretString::from("sk_test_1"))].into())
    }

    #[test]
    fn what_was_sealed_opens_for_the_same_owner_only() {
        let sealed = cipher("a").seal("connection:1", &secrets()).unwrap();

        let opened = cipher("a").open("connection:1", &sealed).unwrap();

        assert_eq!(opened.0["api_key"].expose_secret(), "sk_test_1");
        assert!(cipher("a").open("connection:2", &sealed).is_err());
        assert!(cipher("b").open("connection:1", &sealed).is_err());
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let sealed = cipher("a").seal("x", &secrets()).unwrap();

        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert!(cipher("a").open("x", &bad).is_err());
            assert!(cipher("a").open("x", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        for bad in ["", "00", &HEX[1..], &format!("{HEX}0"), &HEX.replace('0', "x")] {
            let error = Cipher::new("a", &bad.into(), KeySource::Environment).unwrap_err();
            assert_eq!(error.code, Code::InvalidInput);
        }
    }
}
