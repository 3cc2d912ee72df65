//! Words about the key that seals a store.

use serde::{Deserialize, Serialize};

/// Where a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeySource {
    /// `NAIVE_ENCRYPTION_KEY`
    Environment,
    /// The operating system's keyring
    Keyring,
    /// A file beside the store
    File,
}

impl KeySource {
    /// Every source, in the order they are asked.
    pub(crate) const ALL: [Self; 3] = [Self::Environment, Self::Keyring, Self::File];

    /// Returns the name under which it is stored and shown.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }
}

/// The key that sealed a store, by a fingerprint that tells nothing about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Fingerprint, 16 hexadecimal digits
    pub(crate) id: String,
    /// Where it was found
    pub(crate) source: KeySource,
}

/// What `vault status` tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VaultStatus {
    /// The key in use, or none as long as nothing was sealed
    pub(crate) key: Option<Key>,
    /// Whether the key is there and is the right one
    pub(crate) unlocked: bool,
    /// Why not, where it is not
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
    /// How many credentials and secrets are sealed
    pub(crate) sealed: usize,
    /// The cipher
    pub(crate) cipher: String,
}

/// Reason of the error about bytes that were sealed with a key that is no longer this store's.
pub(crate) const KEY_CHANGED: &str = "key_changed";

/// Tells whether sealed bytes name the key of that fingerprint: after the byte of their form, its text.
pub(crate) fn is_sealed_by(sealed: &[u8], key: &str) -> bool {
    sealed.get(1..).is_some_and(|rest| rest.starts_with(key.as_bytes()))
}
