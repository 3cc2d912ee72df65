//! Account kits: made, changed, assigned.

mod faults;

use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Label, UserRef, quoted};
use crate::api::kits::{AssignKit, CreateKit, Kit, Kits, Policy, UpdateKit};
use crate::api::time::Millis;
use crate::api::workspace::User;
use crate::catalog::search::{did_you_mean, nearest};
use crate::engine::{Caller, Engine};
use crate::store::{KitForm, UserChange};
use faults::check;

/// Reason of the error about a kit that is no longer what its caller read.
pub(crate) const KIT_CHANGED: &str = "kit_changed";

impl Engine {
    pub(in crate::engine) fn create_kit(&self, op: CreateKit) -> Result<Kit> {
        free_name(&op.name)?;
        let policy = Policy {
            primitives_config: op.primitives_config.unwrap_or_default(),
            connections_config: op.connections_config.map(|config| *config).unwrap_or_default(),
            trading_config: op.trading_config.map(|config| *config).unwrap_or_default(),
            gate_default_user: op.gate_default_user.unwrap_or_default(),
            approval_ttl: op.approval_ttl,
        };
        check(self, &policy)?;
        let form = KitForm { name: op.name.into(), description: op.description, policy };
        self.store.create_kit(&form, Millis::now())
    }

    /// Returns the kits that a caller may see: to a key that is sealed to a user, that user's alone.
    pub(in crate::engine) fn list_kits(&self, caller: &Caller) -> Result<Kits> {
        let own = self.own_kit(caller)?;
        let all = own.map_or_else(|| self.store.kits(), |own| Ok(vec![own]))?;
        Ok(Kits { account_kits: all })
    }

    /// Returns a kit that a caller may see; to a key that is sealed to a user no other one is there.
    pub(in crate::engine) fn get_kit(&self, caller: &Caller, name: &str) -> Result<Kit> {
        let Some(own) = self.own_kit(caller)? else { return self.kit(name) };
        let found = self.store.kit(name)?.filter(|kit| kit.id == own.id);
        found.ok_or_else(|| unknown(name, &[]))
    }

    fn own_kit(&self, caller: &Caller) -> Result<Option<Kit>> {
        if caller.seal().is_none() {
            return Ok(None);
        }
        self.store.kit_of(&self.user_for(caller, &UserRef::own())?).map(Some)
    }

    /// Returns the kit of that id or name; `NotFound` says which was perhaps meant.
    pub(in crate::engine) fn kit(&self, name: &str) -> Result<Kit> {
        if let Some(kit) = self.store.kit(name)? {
            return Ok(kit);
        }
        let kits = self.store.kits()?;
        Err(unknown(name, &nearest(name, kits.iter().map(|kit| kit.name.as_str()))))
    }

    pub(in crate::engine) fn update_kit(&self, op: UpdateKit) -> Result<Kit> {
        let kit = self.kit(&op.kit)?;
        let rules = op.primitives_config.is_some()
            || op.connections_config.is_some()
            || op.trading_config.is_some();
        let other = op.gate_default_user.is_some() || op.approval_ttl.is_some();
        if !rules && !other && op.name.is_none() && op.description.is_none() {
            return Err(Error::usage("there is nothing to change")
                .hint("give `--file`, or see `naive account-kits update --help`"));
        }
        if let Some(name) = &op.name {
            free_name(name)?;
        }
        let policy = Policy {
            primitives_config: op.primitives_config.clone().unwrap_or_default(),
            connections_config: op.connections_config.as_deref().cloned().unwrap_or_default(),
            trading_config: op.trading_config.as_deref().cloned().unwrap_or_default(),
            ..Policy::default()
        };
        // Only what is said is judged: an app that was removed since must not stand in the way.
        check(self, &policy)?;
        self.store.update_kit(&kit.id, Millis::now(), |kit| {
            if op.if_updated_at.is_some_and(|read| read != kit.updated_at) {
                let text = format!("account kit `{}` was changed meanwhile", kit.name);
                return Err(Error::new(Code::DuplicateRequest, text)
                    .hint("read it again, and change what it says now")
                    .reason(KIT_CHANGED));
            }
            let was = kit.policy;
            Ok(KitForm {
                name: op.name.map_or(kit.name, String::from),
                description: op.description.or(kit.description),
                policy: Policy {
                    primitives_config: op.primitives_config.unwrap_or(was.primitives_config),
                    connections_config: op
                        .connections_config
                        .map_or(was.connections_config, |config| *config),
                    trading_config: op.trading_config.map_or(was.trading_config, |config| *config),
                    gate_default_user: op.gate_default_user.unwrap_or(was.gate_default_user),
                    approval_ttl: op.approval_ttl.or(was.approval_ttl),
                },
            })
        })
    }

    pub(in crate::engine) fn delete_kit(&self, name: &str) -> Result<Kit> {
        let kit = self.kit(name)?;
        if kit.is_default {
            return Err(Error::new(Code::Forbidden, "the default account kit cannot be deleted")
                .hint(format!(
                    "run `naive account-kits update {}` to change it instead",
                    quoted(&kit.name)
                ))
                .reason("kit_is_default"));
        }
        let users = self.store.delete_kit(&kit.id)?;
        if users.is_empty() {
            return Ok(kit);
        }
        let default = self.store.kits()?.into_iter().find(|kit| kit.is_default);
        Err(in_use(&kit, &users, default.as_ref().unwrap_or(&kit)))
    }

    pub(in crate::engine) fn assign_kit(&self, op: &AssignKit) -> Result<User> {
        let (kit, user) = (self.kit(&op.kit)?, self.user(&op.user)?);
        let change = UserChange { kit: Some(kit.id), ..UserChange::default() };
        self.store.update_user(&user.id, &change)
    }
}

/// Makes the error of a kit that is not there.
fn unknown(name: &str, near: &[&str]) -> Error {
    let otherwise = "run `naive account-kits list` to see which there are";
    Error::new(Code::NotFound, format!("there is no account kit `{name}`"))
        .hint(did_you_mean(near, otherwise))
        .reason("kit_unknown")
}

/// Makes the error of a kit that somebody is under.
fn in_use(kit: &Kit, users: &[User], default: &Kit) -> Error {
    const SHOWN: usize = 5;
    let names: Vec<_> =
        users.iter().take(SHOWN).map(|user| format!("`{}`", user.handle())).collect();
    let (is, each) = if users.len() == 1 { ("is", "") } else { ("are", ", and so for each,") };
    let more = match users.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!("{}{more} {is} under account kit `{}`", names.join(", "), kit.name);
    let first = users.first().map_or("default", User::handle);
    let command = format!("naive account-kits assign {} {}", quoted(&default.name), quoted(first));
    Error::new(Code::Forbidden, text)
        .hint(format!("run `{command}`{each} first"))
        .reason("kit_in_use")
}

/// Fails for names that mean something else already.
fn free_name(name: &Label) -> Result<()> {
    if uuid::Uuid::try_parse(name.as_str()).is_err() {
        return Ok(());
    }
    Err(Error::new(Code::InvalidInput, format!("`{name}` cannot be the name of an account kit"))
        .hint("choose a name that is no UUID"))
}
