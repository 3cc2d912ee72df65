//! Sealing for another machine: a key pair, and blocks of text that only its private half opens.
//!
//! HPKE (RFC 9180) in base mode with X25519, HKDF-SHA256 and ChaCha20-Poly1305. The lines at the head of
//! a block are bound to what it seals. Knows nothing of what that is.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::api::error::{Code, Error, Result};
use crate::api::ids::hex;
use crate::api::secrets::Secrets;

type Kem = X25519HkdfSha256;

/// How a public key begins.
const KEY: &str = "naive1-";
/// Length of a public key and of an encapsulated one, in bytes.
const KEY_LENGTH: usize = 32;
/// Length of the sum that tells a mistyped public key.
const SUM_LENGTH: usize = 4;
/// Form of a block.
const VERSION: u32 = 1;
/// What blocks are for, so that one made for something else never opens.
const INFO: &[u8] = b"naive connection hand-over 1";
const BEGIN: &str = "-----BEGIN NAIVE CONNECTION-----";
const END: &str = "-----END NAIVE CONNECTION-----";
/// Letters of base64 on a line.
const WIDTH: usize = 64;
/// Name under which the private half is sealed.
const PRIVATE: &str = "private_key";

/// The half of a pair that others seal with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; KEY_LENGTH]);

/// A machine's own pair.
pub(crate) struct KeyPair {
    private: <Kem as hpke::Kem>::PrivateKey,
    public: PublicKey,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sum = Sha256::digest(self.0);
        let bytes = [self.0.as_slice(), &sum[..SUM_LENGTH]].concat();
        write!(f, "{KEY}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = Error;

    /// Fails with `InvalidInput` if it is no key, or was not copied whole.
    fn from_str(text: &str) -> Result<Self> {
        let bytes =
            text.trim().strip_prefix(KEY).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
        let parts = bytes.as_deref().and_then(<[u8]>::split_first_chunk::<KEY_LENGTH>);
        match parts {
            Some((key, sum)) if sum == &Sha256::digest(key)[..SUM_LENGTH] => Ok(Self(*key)),
            Some(_) | None => Err(Error::new(
                Code::InvalidInput,
                "this is no public key of `naive`",
            )
            .hint(
                "run `naive vault public-key` on the machine that will import, and copy all of it",
            )
            .reason("public_key_malformed")),
        }
    }
}

impl PublicKey {
    /// Returns a short name of the key, which a block carries.
    fn fingerprint(&self) -> String {
        let sum = Sha256::digest(self.0);
        hex(&sum[..8])
    }

    /// Seals a text and secrets for the machine whose key this is.
    pub(crate) fn seal(&self, about: &str, secrets: &Secrets) -> Result<String> {
        let failed = |_| Error::new(Code::InternalError, "sealing for the other machine failed");
        let pairs = secrets.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
        let content = (about, pairs.collect::<BTreeMap<_, _>>());
        let plain = serde_json::to_vec(&content).map(Zeroizing::new);
        let plain =
            plain.map_err(|error| Error::internal("a connection cannot be written", error))?;
        let public = <Kem as hpke::Kem>::PublicKey::from_bytes(&self.0).map_err(failed)?;
        let head = head(&self.fingerprint());
        let sealed = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeS::Base,
            &public,
            INFO,
            &plain,
            head.as_bytes(),
        );
        let (key, sealed) = sealed.map_err(failed)?;
        let text = STANDARD.encode([key.to_bytes().as_slice(), &sealed].concat());
        let mut block = format!("{BEGIN}\n{head}\n");
        for line in text.as_bytes().chunks(WIDTH) {
            block.extend(line.iter().copied().map(char::from));
            block.push('\n');
        }
        Ok(block + END + "\n")
    }
}

impl KeyPair {
    /// Makes a new pair.
    pub(crate) fn fresh() -> Self {
        let (private, public) = Kem::gen_keypair();
        Self { private, public: PublicKey(public.to_bytes().into()) }
    }

    /// Returns the private half as it is sealed.
    pub(crate) fn secrets(&self) -> Secrets {
        let bytes = Zeroizing::new(<[u8; KEY_LENGTH]>::from(self.private.to_bytes()));
        let text = URL_SAFE_NO_PAD.encode(*bytes);
        Secrets([(PRIVATE.to_owned(), SecretString::from(text))].into())
    }

    /// Reads what [`KeyPair::secrets`] returned.
    pub(crate) fn of(secrets: &Secrets) -> Result<Self> {
        let text = secrets.0.get(PRIVATE).map(|text| URL_SAFE_NO_PAD.decode(text.expose_secret()));
        let bytes = Zeroizing::new(text.and_then(std::result::Result::ok).unwrap_or_default());
        let private = <Kem as hpke::Kem>::PrivateKey::from_bytes(&bytes).map_err(|_| {
            Error::new(Code::InternalError, "the private key of this store has another form")
        })?;
        let public = PublicKey(Kem::sk_to_pk(&private).to_bytes().into());
        Ok(Self { private, public })
    }

    /// Returns the half that others seal with.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Opens a block that was sealed with the public half: its text and its secrets.
    ///
    /// Fails with `InvalidInput`, and with a reason of its own for each thing that can be wrong.
    pub(crate) fn open(&self, block: &str) -> Result<(String, Secrets)> {
        let (version, to, text) = parts(block)?;
        if version != VERSION {
            let text = format!("the block has form {version}, newer than this `naive` knows");
            return Err(refused(&text, "block_newer").hint("install the newer `naive` here too"));
        }
        if to != self.public.fingerprint() {
            return Err(refused("the block is sealed for another key", "block_other_key")
                .hint("run `naive vault public-key` here, and export to that key"));
        }
        let bytes = STANDARD.decode(text).ok();
        let parts = bytes.as_deref().and_then(|bytes| bytes.split_at_checked(KEY_LENGTH));
        let plain = parts.and_then(|(key, sealed)| {
            let key = <Kem as hpke::Kem>::EncappedKey::from_bytes(key).ok()?;
            let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
                &OpModeR::Base,
                &self.private,
                &key,
                INFO,
                sealed,
                head(&to).as_bytes(),
            );
            opened.ok().map(Zeroizing::new)
        });
        let plain = plain.ok_or_else(|| {
            refused("the block was changed or damaged on its way", "block_damaged")
                .hint("export the connection again, and copy the block as it is")
        })?;
        serde_json::from_slice(&plain)
            .map_err(|error| Error::internal("a sealed connection has another form", error))
    }
}

/// Returns the lines of a block that are not sealed, and bound to what is.
fn head(to: &str) -> String {
    format!("Version: {VERSION}\nTo: {to}\n")
}

/// Splits a block into its version, the key it is for, and its base64 without line breaks.
fn parts(block: &str) -> Result<(u32, String, String)> {
    let none = || {
        refused("this is no sealed connection", "block_malformed").hint(
            "give the block that `naive connections export` printed, from its first line to its last",
        )
    };
    let (_, rest) = block.split_once(BEGIN).ok_or_else(none)?;
    let (inside, _) = rest.split_once(END).ok_or_else(|| {
        refused("the block is cut off", "block_truncated")
            .hint("copy it whole, to the line that begins with `-----END`")
    })?;
    let mut lines = inside.lines().map(str::trim);
    let field = |name: &str| {
        let lines = inside.lines().map(str::trim);
        lines.filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name)
    };
    let version = field("Version").and_then(|(_, version)| version.parse().ok());
    let to = field("To").map(|(_, to)| to.to_owned()).unwrap_or_default();
    let text = lines.by_ref().filter(|line| !line.contains(": ")).collect();
    Ok((version.ok_or_else(none)?, to, text))
}

fn refused(text: &str, reason: &str) -> Error {
    Error::new(Code::InvalidInput, text).reason(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets([("access_token".to_owned(), SecretString::from("CANARY"))].into())
    }

    fn reason(opened: Result<(String, Secrets)>) -> String {
        opened.unwrap_err().reason.unwrap()
    }

    #[test]
    fn a_block_opens_with_the_private_half_alone() {
        let (pair, other) = (KeyPair::fresh(), KeyPair::fresh());
        let to: PublicKey = pair.public().to_string().parse().unwrap();

        let block = to.seal("about", &secrets()).unwrap();

        let kept = KeyPair::of(&pair.secrets()).unwrap();
        let (about, opened) = kept.open(&block).unwrap();
        assert_eq!((about.as_str(), opened.0["access_token"].expose_secret()), ("about", "CANARY"));
        assert!(!block.contains("CANARY") && !block.contains("about"));
        assert_eq!(reason(other.open(&block)), "block_other_key");
        let claimed = block.replace(&pair.public.fingerprint(), &other.public.fingerprint());
        assert_eq!(reason(other.open(&claimed)), "block_damaged");
        assert!(!format!("{pair:?}").contains(pair.secrets().0[PRIVATE].expose_secret()));
    }

    #[test]
    fn every_changed_letter_and_every_cut_is_noticed() {
        let pair = KeyPair::fresh();
        let block = pair.public().seal("about", &secrets()).unwrap();

        for at in 0..block.trim_end().len() {
            let cut = pair.open(&block[..at]);
            assert!(cut.is_err(), "{at}");
            let mut changed = block.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            if let Ok((about, _)) = pair.open(&changed) {
                panic!("{at}: {about}\n{changed}");
            }
        }
    }

    #[test]
    fn each_fault_of_a_block_has_its_own_name() {
        let pair = KeyPair::fresh();
        let block = pair.public().seal("about", &secrets()).unwrap();
        let newer = block.replace("Version: 1", "Version: 2");
        let cut = block.replace(END, "");

        assert_eq!(reason(pair.open("hello")), "block_malformed");
        assert_eq!(reason(pair.open(&newer)), "block_newer");
        assert_eq!(reason(pair.open(&cut)), "block_truncated");
        assert!(pair.open(&format!("> {}\n", block.replace('\n', "\r\n  "))).is_ok());
    }

    #[test]
    fn a_mistyped_public_key_is_refused() {
        let key = KeyPair::fresh().public().to_string();

        for at in 0..key.len() {
            let mut bad = key.clone().into_bytes();
            bad[at] = if bad[at] == b'x' { b'y' } else { b'x' };
            let bad = String::from_utf8(bad).unwrap();
            assert!(bad.parse::<PublicKey>().is_err(), "{bad}");
            assert!(key[..at].parse::<PublicKey>().is_err(), "{at}");
        }
    }
}
