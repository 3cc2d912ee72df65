//! Users, and what the operator decided about toolkits.

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::clients::{self, Registration};
use super::columns::Columns;
use super::recall::Known;
use super::{Store, added, json, parsed, sealed, ways};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Slug, UserRef, fresh};
use crate::api::time::Millis;
use crate::api::toolkits::Provider;
use crate::api::workspace::{CreateUser, UpdateWorkspace, User, UserStatus, Workspace};

/// What the operator decided about a toolkit.
#[derive(Debug, Clone)]
pub(crate) struct ToolkitRow {
    /// Whether it may be used
    pub(crate) enabled: bool,
    /// OAuth client, in place of the manifest's
    pub(crate) client_id: Option<String>,
    /// Scopes, in place of the manifest's; empty for those
    pub(crate) scopes: Vec<String>,
    /// OAuth client that was registered here; written by `put_registration` alone
    pub(crate) registered: Option<Registration>,
    /// Whether any such client is kept, if only for the credentials that belong to it
    pub(crate) keeps_clients: bool,
    /// What reaches it where nobody says, if the operator has chosen
    pub(crate) provider: Option<Provider>,
}

const TOOLKIT: &str = "SELECT slug, enabled, client_id, scopes, registered, provider,
    EXISTS (SELECT 1 FROM clients WHERE toolkit = slug) AS keeps_clients FROM toolkits";

impl Default for ToolkitRow {
    fn default() -> Self {
        Self {
            enabled: true,
            client_id: None,
            scopes: Vec::new(),
            registered: None,
            keeps_clients: false,
            provider: None,
        }
    }
}

/// What to change of a user; what is `None` stays, an empty mail address or label is removed.
#[derive(Debug, Default)]
pub(crate) struct UserChange {
    /// New external id
    pub(crate) external_id: Option<String>,
    /// New mail address
    pub(crate) email: Option<String>,
    /// New name for people
    pub(crate) label: Option<String>,
    /// New status
    pub(crate) status: Option<UserStatus>,
    /// Id of another kit
    pub(crate) kit: Option<String>,
}

/// The columns of a user; one without a kit is under the default one.
const COLUMNS: &str =
    "id, external_id, email, label, status, is_default, created_at, last_active_at,
    ifnull(kit_id, (SELECT kits.id FROM kits WHERE kits.is_default = 1)) AS kit_id,
    (SELECT kits.name FROM kits WHERE iif(users.kit_id IS NULL, kits.is_default = 1,
        kits.id = users.kit_id)) AS kit_name";

/// The columns of what is decided about the workspace.
const WORKSPACE: &str = "id, connections, separate_resolver, allowed_origins";

impl Store {
    /// Creates a user; a taken external id or mail address is `DuplicateRecord`.
    ///
    /// `account_kit_id` is the id of a kit that exists.
    pub(crate) fn create_user(&self, user: &CreateUser, now: Millis) -> Result<User> {
        let id = fresh().to_string();
        let tx = self.write()?;
        let created = tx.query_row(
            &format!(
                "INSERT INTO users
                     (id, external_id, email, label, status, is_default, created_at, kit_id)
                 VALUES (?1, ?2, nullif(?3, ''), nullif(?4, ''), 'active', 0, ?5, ?6)
                 RETURNING {COLUMNS}"
            ),
            params![
                id,
                user.external_id.as_ref().map(UserRef::as_str),
                user.email,
                user.label,
                now.0,
                user.account_kit_id,
            ],
            user_row,
        );
        let created = created.map_err(taken)?;
        tx.commit()?;
        Ok(created)
    }

    /// Returns the user of that UUID, who is created if there is none.
    pub(crate) fn enrol(&self, id: Uuid, now: Millis) -> Result<User> {
        let id = id.to_string();
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO users (id, status, is_default, created_at) VALUES (?1, 'active', 0, ?2)
             ON CONFLICT (id) DO NOTHING",
            params![id, now.0],
        )?;
        let select = format!("SELECT {COLUMNS} FROM users WHERE id = ?1");
        let user = tx.query_row(&select, [id], user_row)?;
        tx.commit()?;
        Ok(user)
    }

    /// Returns what is decided about the workspace as a whole.
    pub(crate) fn workspace(&self) -> Result<Workspace> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("SELECT {WORKSPACE} FROM store"))?;
        Ok(select.query_row([], workspace_row)?)
    }

    /// Decides about the workspace as a whole, and returns what is decided then; `None` stays.
    pub(crate) fn update_workspace(&self, change: &UpdateWorkspace) -> Result<Workspace> {
        let origins =
            change.allowed_origins.as_ref().map(|origins| serde_json::json!(origins).to_string());
        let tx = self.write()?;
        let workspace = tx.query_row(
            &format!(
                "UPDATE store SET connections = ifnull(?1, connections),
                     separate_resolver = ifnull(?2, separate_resolver),
                     allowed_origins = ifnull(?3, allowed_origins)
                 RETURNING {WORKSPACE}"
            ),
            params![change.connections, change.separate_resolver, origins],
            workspace_row,
        )?;
        tx.commit()?;
        Ok(workspace)
    }

    /// Returns every user, `default` first, then in the order they were created.
    pub(crate) fn users(&self) -> Result<Vec<User>> {
        let conn = self.conn();
        let mut select = conn.prepare(&format!(
            "SELECT {COLUMNS} FROM users ORDER BY is_default DESC, created_at, id"
        ))?;
        let rows = select.query_map([], user_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the user of that id or external id; `default` and `me` are the workspace's own.
    pub(crate) fn user(&self, name: &UserRef) -> Result<Option<User>> {
        self.recalled(Known::users, name.as_str().as_bytes(), |conn| {
            let user = if name.is_default() {
                conn.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE is_default = 1"))?
                    .query_row([], user_row)
            } else {
                conn.prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM users WHERE id = ?1 OR external_id = ?1"
                ))?
                .query_row([name.as_str()], user_row)
            };
            Ok(user.optional()?)
        })
    }

    /// Changes a user and returns it as it is then; `id` is the UUID of one that exists.
    pub(crate) fn update_user(&self, id: &str, change: &UserChange) -> Result<User> {
        let status = change.status.map(status_name);
        let tx = self.write()?;
        let changed = tx.query_row(
            &format!(
                "UPDATE users SET external_id = ifnull(?2, external_id),
                     email = nullif(ifnull(?3, email), ''), label = nullif(ifnull(?4, label), ''),
                     status = ifnull(?5, status), kit_id = ifnull(?6, kit_id)
                 WHERE id = ?1 RETURNING {COLUMNS}"
            ),
            params![id, change.external_id, change.email, change.label, status, change.kit],
            user_row,
        );
        let changed = changed.map_err(taken)?;
        tx.commit()?;
        Ok(changed)
    }

    /// Returns what was decided about a toolkit, if anything was.
    pub(crate) fn toolkit(&self, slug: &Slug) -> Result<Option<ToolkitRow>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{TOOLKIT} WHERE slug = ?1"))?;
        Ok(select.query_row([slug.as_str()], |row| Ok(toolkit_row(row)?.1)).optional()?)
    }

    /// Returns everything that was decided about toolkits, in the order of their slugs.
    pub(crate) fn toolkits(&self) -> Result<Vec<(Slug, ToolkitRow)>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{TOOLKIT} ORDER BY slug"))?;
        let rows = select.query_map([], toolkit_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Stores what was decided about a toolkit, with its sealed client secret where there is a new one.
    pub(crate) fn put_toolkit(
        &self,
        slug: &Slug,
        row: &ToolkitRow,
        secret: Option<(&str, &[u8])>,
    ) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO toolkits (slug, enabled, client_id, scopes, provider)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (slug) DO UPDATE SET enabled = excluded.enabled,
                 client_id = excluded.client_id, scopes = excluded.scopes,
                 provider = excluded.provider",
            params![
                slug.as_str(),
                row.enabled,
                row.client_id,
                serde_json::Value::from(row.scopes.clone()).to_string(),
                row.provider.map(Provider::as_str),
            ],
        )?;
        if let Some((owner, bytes)) = secret {
            sealed::put(&tx, owner, bytes)?;
        }
        tx.commit()
    }

    /// Returns the users who have a connection to a toolkit, oldest first.
    pub(crate) fn users_connected(&self, slug: &Slug) -> Result<Vec<User>> {
        Ok(connected(&self.conn(), slug)?)
    }

    /// Forgets a toolkit with its clients and the sealed secrets of `owners`, unless somebody is still connected to it.
    ///
    /// Returns who is, in the order they were created; nobody, if it was forgotten.
    pub(crate) fn remove_toolkit(&self, slug: &Slug, owners: &[String]) -> Result<Vec<User>> {
        let tx = self.write()?;
        let connected = connected(&tx, slug)?;
        if connected.is_empty() {
            tx.execute("DELETE FROM toolkits WHERE slug = ?1", [slug.as_str()])?;
            added::forget(&tx, slug)?;
            ways::forget(&tx, slug)?;
            clients::forget_all(&tx, slug)?;
            for owner in owners {
                sealed::delete(&tx, owner)?;
            }
        }
        tx.commit()?;
        Ok(connected)
    }
}

/// Returns the users who have a connection to a toolkit, oldest first.
fn connected(conn: &Connection, slug: &Slug) -> rusqlite::Result<Vec<User>> {
    conn.prepare(&format!(
        "SELECT {COLUMNS} FROM users WHERE id IN (SELECT user_id FROM connections
             WHERE toolkit = ?1 AND status <> 'REVOKED') ORDER BY created_at, id"
    ))?
    .query_map([slug.as_str()], user_row)?
    .collect()
}

/// Returns the users who were put under a kit, oldest first, the suspended ones too.
pub(super) fn under(conn: &Connection, kit: &str) -> rusqlite::Result<Vec<User>> {
    conn.prepare(&format!("SELECT {COLUMNS} FROM users WHERE kit_id = ?1 ORDER BY created_at, id"))?
        .query_map([kit], user_row)?
        .collect()
}

/// Creates the workspace's own user, in the transaction that makes the store.
pub(super) fn insert_default_user(conn: &Connection, now: Millis) -> Result<()> {
    conn.execute(
        "INSERT INTO users (id, status, is_default, created_at) VALUES (?1, 'active', 1, ?2)",
        params![fresh().to_string(), now.0],
    )?;
    Ok(())
}

fn workspace_row(row: &Row<'_>) -> rusqlite::Result<Workspace> {
    Ok(Workspace {
        id: row.get("id")?,
        connections: row.get("connections")?,
        separate_resolver: row.get("separate_resolver")?,
        allowed_origins: json(row, "allowed_origins")?,
    })
}

fn status_name(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Active => "active",
        UserStatus::Suspended => "suspended",
    }
}

/// Reads a row of [`COLUMNS`].
fn user_row(row: &Row<'_>) -> rusqlite::Result<User> {
    let mut columns = Columns::of(row);
    Ok(User {
        id: columns.next()?,
        external_id: columns.next()?,
        email: columns.next()?,
        label: columns.next()?,
        status: columns.word()?,
        is_default: columns.next()?,
        created_at: columns.time()?,
        last_active_at: columns.time_if_any()?,
        account_kit_id: columns.next()?,
        account_kit: columns.next()?,
    })
}

fn toolkit_row(row: &Row<'_>) -> rusqlite::Result<(Slug, ToolkitRow)> {
    let decided = ToolkitRow {
        enabled: row.get("enabled")?,
        client_id: row.get("client_id")?,
        scopes: json(row, "scopes")?,
        registered: clients::read(row.get("registered")?),
        keeps_clients: row.get("keeps_clients")?,
        provider: ways::provider(row.get("provider")?),
    };
    Ok((parsed(row, "slug")?, decided))
}

/// Tells which unique name was taken, or that the kit went away in the meantime.
fn taken(error: rusqlite::Error) -> Error {
    if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
        return error.into();
    }
    if error.to_string().contains("FOREIGN KEY") {
        return Error::new(Code::NotFound, "the account kit has just been deleted")
            .hint("run `naive account-kits list` to see which there are");
    }
    let what =
        if error.to_string().contains("users.email") { "mail address" } else { "external id" };
    Error::new(Code::DuplicateRecord, format!("another user has this {what}"))
        .hint("run `naive users list` to see who")
}
