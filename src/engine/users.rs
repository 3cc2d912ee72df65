//! Users of the workspace.

use super::{Caller, Engine, Scope, gate};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{UserRef, quoted};
use crate::api::time::Millis;
use crate::api::workspace::{CreateUser, DeleteUser, UpdateUser, User, UserStatus, Users};
use crate::catalog::search::{did_you_mean, nearest};
use crate::store::UserChange;

impl Engine {
    /// Returns the user of that name; `NotFound` says who was perhaps meant.
    pub(super) fn user(&self, name: &UserRef) -> Result<User> {
        if let Some(user) = self.store.user(name)? {
            return Ok(user);
        }
        let users = self.store.users()?;
        let handles = users.iter().map(User::handle);
        let near = nearest(name.as_str(), handles);
        let otherwise = format!("run `naive users create {}` first", quoted(name.as_str()));
        Err(Error::new(Code::NotFound, format!("there is no user `{name}`"))
            .hint(did_you_mean(&near, &otherwise))
            .reason("user_unknown"))
    }

    /// Returns the user that a caller means by a name.
    ///
    /// To a key that is sealed to a user, `default` and `me` are that user, and any other name fails
    /// alike with `Forbidden`, whether somebody has it or nobody.
    pub(super) fn user_for(&self, caller: &Caller, name: &UserRef) -> Result<User> {
        let Some(seal) = caller.seal() else { return self.user(name) };
        if name.is_default() {
            return self.user(&seal.parse().map_err(|_| gate::other_subject())?);
        }
        self.store.user(name)?.filter(|user| user.id == seal).ok_or_else(gate::other_subject)
    }

    pub(super) fn create_user(&self, op: &CreateUser) -> Result<User> {
        if let Some(name) = &op.external_id {
            free_name(name)?;
        }
        let kit = op.account_kit_id.as_deref().map(|kit| self.kit(kit)).transpose()?;
        let op = CreateUser { account_kit_id: kit.map(|kit| kit.id), ..op.clone() };
        self.store.create_user(&op, Millis::now())
    }

    pub(super) fn list_users(&self, scope: &Scope<'_>) -> Result<Users> {
        let mut users = self.store.users()?;
        users.retain(|user| scope.call.caller.may_see(Some(&user.id)));
        Ok(Users { users })
    }

    pub(super) fn update_user(&self, op: UpdateUser) -> Result<User> {
        let user = self.user(&op.user)?;
        if op.external_id.is_none()
            && op.email.is_none()
            && op.label.is_none()
            && op.status.is_none()
            && op.account_kit_id.is_none()
        {
            return Err(Error::usage("there is nothing to change")
                .hint("give `--external-id`, `--email`, `--label`, `--status` or `--kit`"));
        }
        if let Some(name) = &op.external_id {
            free_name(name)?;
        }
        if user.is_default && op.status == Some(UserStatus::Suspended) {
            return Err(undeletable());
        }
        let kit = op.account_kit_id.as_deref().map(|kit| self.kit(kit)).transpose()?;
        let change = UserChange {
            external_id: op.external_id.map(String::from),
            email: op.email,
            label: op.label,
            status: op.status,
            kit: kit.map(|kit| kit.id),
        };
        self.store.update_user(&user.id, &change)
    }

    pub(super) fn delete_user(&self, op: &DeleteUser) -> Result<User> {
        let user = self.user(&op.user)?;
        if user.is_default {
            return Err(undeletable());
        }
        let change = UserChange { status: Some(UserStatus::Suspended), ..UserChange::default() };
        self.store.update_user(&user.id, &change)
    }
}

/// Fails for names that mean something else already.
fn free_name(name: &UserRef) -> Result<()> {
    let uuid = uuid::Uuid::try_parse(name.as_str()).is_ok();
    if name.is_default() || uuid {
        let text = format!("`{name}` cannot be an external id");
        return Err(Error::new(Code::InvalidInput, text)
            .hint("choose a name that is neither `default`, `me` nor a UUID"));
    }
    Ok(())
}

fn undeletable() -> Error {
    Error::new(Code::Forbidden, "the default user cannot be deleted or suspended")
}
