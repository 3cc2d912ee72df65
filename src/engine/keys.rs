//! Keys of programs: made once, known by their hash, taken back.

use super::{Engine, unbuilt};
use crate::api::error::Result;
use crate::api::keys::{CreateKey, CreatedKey, Key, Keys, RevokeKey};

impl Engine {
    pub(super) fn create_key(&self, _op: CreateKey) -> Result<CreatedKey> {
        unbuilt()
    }

    pub(super) fn list_keys(&self) -> Result<Keys> {
        unbuilt()
    }

    pub(super) fn revoke_key(&self, _op: &RevokeKey) -> Result<Key> {
        unbuilt()
    }
}
