//! Account kits: made, changed, assigned, explained.

use super::{Engine, Scope, unbuilt};
use crate::api::error::Result;
use crate::api::kits::{AssignKit, CreateKit, Explain, Explained, Kit, Kits, UpdateKit};
use crate::api::workspace::User;

impl Engine {
    pub(super) fn create_kit(&self, _op: CreateKit) -> Result<Kit> {
        unbuilt()
    }

    pub(super) fn list_kits(&self) -> Result<Kits> {
        unbuilt()
    }

    pub(super) fn kit(&self, _name: &str) -> Result<Kit> {
        unbuilt()
    }

    pub(super) fn update_kit(&self, _op: UpdateKit) -> Result<Kit> {
        unbuilt()
    }

    pub(super) fn delete_kit(&self, _name: &str) -> Result<Kit> {
        unbuilt()
    }

    pub(super) fn assign_kit(&self, _op: &AssignKit) -> Result<User> {
        unbuilt()
    }

    pub(super) fn explain(&self, _scope: &Scope<'_>, _op: &Explain) -> Result<Explained> {
        unbuilt()
    }
}
