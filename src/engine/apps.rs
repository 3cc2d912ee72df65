//! Apps of the Integrations API: each a workspace of its own, below the one that holds the keys to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::logs::Subject;
use super::{Call, Caller, Engine, Scope};
use crate::api::action::Action;
use crate::api::apps::APPS;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{AppId, Slug};
use crate::api::kits::{ConnectionsConfig, Kit, Mode, Primitive, UpdateKit};
use crate::api::time::Millis;
use crate::api::workspace::{CreateUser, UpdateWorkspace, User};
use crate::store::{Integration, Store};

/// What a change of a workspace is that changes nothing.
const NOTHING: UpdateWorkspace =
    UpdateWorkspace { connections: None, separate_resolver: None, allowed_origins: None };

impl Engine {
    /// Opens the workspace of an app in the same world, and makes it first where it is not there: one that allows
    /// nothing yet, and sends browsers where this one does.
    pub(crate) fn app(&self, id: &AppId) -> Result<Self> {
        let store = Store::open(&self.store.dir().join(id.place()))?;
        let vault = self.vault.beside(store.dir());
        let app = Self::with(store, vault, Arc::clone(&self.http), self.world.clone());
        let kit = app.default_kit()?;
        // Whoever was cut short at this goes on with it: every other change comes after it.
        if kit.updated_at == kit.created_at {
            let allowed_origins = Some(self.store.workspace()?.allowed_origins);
            app.store.update_workspace(&UpdateWorkspace { allowed_origins, ..NOTHING })?;
            app.update_kit(integrating(&kit, []))?;
        }
        Ok(app)
    }

    /// Returns the kit that rules whoever is under no other.
    pub(crate) fn default_kit(&self) -> Result<Kit> {
        let kits = self.store.kits()?.into_iter().find(|kit| kit.is_default);
        kits.ok_or_else(|| Error::new(Code::InternalError, "there is no default kit"))
    }

    /// Tells whether the workspace of an app was made before.
    pub(crate) fn has_app(&self, id: &AppId) -> bool {
        Store::is_there(&self.store.dir().join(id.place()))
    }

    /// Returns the apps whose workspaces lie below this one, in the order of their ids.
    pub(crate) fn apps(&self) -> Vec<AppId> {
        let found = std::fs::read_dir(self.store.dir().join(APPS)).into_iter().flatten();
        let named = found.flatten().filter_map(|entry| AppId::at(&entry.file_name()));
        let mut apps: Vec<_> = named.filter(|app| self.has_app(app)).collect();
        apps.sort();
        apps
    }

    /// Fails with `Forbidden` unless a key is for this app; one that is for no app yet is for this one from now on.
    pub(crate) fn bind(&self, caller: &Caller, app: &AppId) -> Result<()> {
        let bound = match caller {
            Caller::Key(holder) => self.store.use_key(&holder.id, app, Millis::now())?,
            Caller::Human | Caller::System | Caller::Refused(_) => None,
        };
        if bound.as_ref() == Some(app) {
            return Ok(());
        }
        Err(Error::new(Code::Forbidden, "the key is for another app")
            .hint("use the key of this app, or ask the operator for one")
            .reason("key_of_another_app"))
    }

    /// Returns the user of that UUID; one who comes for the first time is created, as the caller's doing.
    pub(crate) fn enrolled(&self, caller: &Caller, id: Uuid) -> Result<User> {
        if let Some(user) = self.enrolled_before(id)? {
            return Ok(user);
        }
        let call = Call::by(caller.clone(), id.into());
        let user = self.store.enrol(id, Millis::now())?;
        let none = CreateUser { external_id: None, email: None, label: None, account_kit_id: None };
        let reply = serde_json::json!(user);
        let scope = Scope { user: Some(user.clone()), ..Scope::of(&call) };
        self.log_end(&scope, Subject::of(&Action::CreateUser(none)), &Ok(reply));
        Ok(user)
    }

    /// Returns the user of that UUID, if there is one.
    pub(crate) fn enrolled_before(&self, id: Uuid) -> Result<Option<User>> {
        self.store.user(&id.into())
    }

    /// Returns what is remembered of the toolkits that were ever enabled for this app, the oldest first.
    pub(crate) fn integrations(&self) -> Result<Vec<Integration>> {
        self.store.integrations()
    }

    /// Remembers what a toolkit is called in this app. Whether it is enabled, the Default kit says.
    pub(crate) fn name_integration(&self, toolkit: &Slug, name: &str) -> Result<()> {
        self.store.name_integration(toolkit, name, Millis::now())
    }
}

/// Returns the toolkits that an app has enabled: those that its Default kit allows by name.
pub(crate) fn integrated(kit: &Kit) -> impl Iterator<Item = &Slug> {
    let config = &kit.policy.connections_config;
    config.toolkits.iter().flatten().filter(|_| config.mode == Mode::Allowlist)
}

/// Returns the change by which a kit allows these toolkits and no other, unless somebody has changed it meanwhile;
/// what else it says stays.
///
/// An allowlist names something, so with none of them connections are switched off.
pub(crate) fn integrating(kit: &Kit, toolkits: impl IntoIterator<Item = Slug>) -> UpdateKit {
    let toolkits: BTreeSet<_> = toolkits.into_iter().collect();
    let any = !toolkits.is_empty();
    let mut primitives = kit.policy.primitives_config.clone();
    primitives.entry(Primitive::Connections).or_default().enabled = any;
    let before = kit.policy.connections_config.clone();
    let config = ConnectionsConfig {
        mode: if any { Mode::Allowlist } else { Mode::Open },
        toolkits: any.then_some(toolkits),
        requires_approval: before.requires_approval.or(Some(false)),
        ..before
    };
    UpdateKit {
        kit: kit.id.clone(),
        name: None,
        description: None,
        primitives_config: Some(primitives),
        connections_config: Some(Box::new(config)),
        trading_config: None,
        gate_default_user: None,
        approval_ttl: None,
        if_updated_at: Some(kit.updated_at),
    }
}
