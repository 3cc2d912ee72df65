//! Account kits.

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, params};

use super::recall::Known;
use super::{Store, json, workspace};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::fresh;
use crate::api::kits::{Kit, Policy};
use crate::api::time::Millis;
use crate::api::workspace::User;

const KIT: &str =
    "SELECT id, name, description, is_default, policy, created_at, updated_at FROM kits";

/// What a kit is to be; an empty description is none.
#[derive(Debug)]
pub(crate) struct KitForm {
    /// Name
    pub(crate) name: String,
    /// What it is for
    pub(crate) description: Option<String>,
    /// What it rules
    pub(crate) policy: Policy,
}

impl Store {
    /// Returns the kit a user is under.
    pub(crate) fn kit_of(&self, user: &User) -> Result<Kit> {
        let kit = self
            .recalled(Known::kits, user.id.as_bytes(), |conn| Ok(Some(of_user(conn, &user.id)?)))?;
        kit.ok_or_else(gone)
    }

    /// Returns the kit of that id or name.
    pub(crate) fn kit(&self, name: &str) -> Result<Option<Kit>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{KIT} WHERE id = ?1 OR name = ?1"))?;
        Ok(select.query_row([name], kit_row).optional()?)
    }

    /// Returns every kit, the default one first, then in the order of their names.
    pub(crate) fn kits(&self) -> Result<Vec<Kit>> {
        let conn = self.conn();
        let mut select = conn.prepare(&format!("{KIT} ORDER BY is_default DESC, name"))?;
        let rows = select.query_map([], kit_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Creates a kit; a taken name is `DuplicateRecord`.
    pub(crate) fn create_kit(&self, form: &KitForm, now: Millis) -> Result<Kit> {
        let policy = written(&form.policy)?;
        let id = fresh().to_string();
        let tx = self.write()?;
        tx.execute(
            "INSERT INTO kits (id, name, description, policy, created_at, updated_at)
             VALUES (?1, ?2, nullif(?3, ''), ?4, ?5, ?5)",
            params![id, form.name, form.description, policy, now.0],
        )
        .map_err(|error| taken(error, &form.name))?;
        let kit = of_id(&tx, &id)?;
        tx.commit()?;
        Ok(kit)
    }

    /// Changes a kit as `change` says and returns it as it is then; nobody else changes it in between.
    ///
    /// A taken name is `DuplicateRecord`; whatever `change` fails with leaves it as it was.
    pub(crate) fn update_kit(
        &self,
        id: &str,
        now: Millis,
        change: impl FnOnce(Kit) -> Result<KitForm>,
    ) -> Result<Kit> {
        let tx = self.write()?;
        let before = of_id(&tx, id)?;
        // Each change has a time of its own, by which it is known whether there was another.
        let at = Millis(now.0.max(before.updated_at.0 + 1));
        let form = change(before)?;
        tx.execute(
            "UPDATE kits SET name = ?2, description = nullif(?3, ''), policy = ?4, updated_at = ?5
             WHERE id = ?1",
            params![id, form.name, form.description, written(&form.policy)?, at.0],
        )
        .map_err(|error| taken(error, &form.name))?;
        let kit = of_id(&tx, id)?;
        tx.commit()?;
        Ok(kit)
    }

    /// Deletes a kit that is not the default one, unless somebody is under it.
    ///
    /// Returns who is, in the order they were created; nobody, if it was deleted.
    pub(crate) fn delete_kit(&self, id: &str) -> Result<Vec<User>> {
        let tx = self.write()?;
        let users = workspace::under(&tx, id)?;
        if users.is_empty() {
            tx.execute("DELETE FROM kits WHERE id = ?1 AND is_default = 0", [id])?;
        }
        tx.commit()?;
        Ok(users)
    }
}

/// Inserts the kit that rules whoever is under no other.
pub(super) fn insert_default_kit(db: &Connection, now: Millis) -> Result<()> {
    db.execute(
        "INSERT INTO kits (id, name, is_default, created_at, updated_at)
         VALUES (?1, 'Default', 1, ?2, ?2)",
        params![fresh().to_string(), now.0],
    )?;
    Ok(())
}

/// Returns the kit of that id; `NotFound` if it went away in the meantime.
fn of_id(conn: &Connection, id: &str) -> Result<Kit> {
    let kit = conn.query_row(&format!("{KIT} WHERE id = ?1"), [id], kit_row).optional()?;
    kit.ok_or_else(gone)
}

fn gone() -> Error {
    Error::new(Code::NotFound, "the account kit has just been deleted")
        .hint("run `naive account-kits list` to see which there are")
}

/// Returns the kit that a user is under by now: its own, or the default one.
pub(super) fn of_user(db: &Connection, user: &str) -> rusqlite::Result<Kit> {
    let of_user = "WHERE id = ifnull((SELECT kit_id FROM users WHERE users.id = ?1),
        (SELECT kits.id FROM kits WHERE kits.is_default = 1))";
    db.prepare_cached(&format!("{KIT} {of_user}"))?.query_row([user], kit_row)
}

fn kit_row(row: &Row<'_>) -> rusqlite::Result<Kit> {
    Ok(Kit {
        id: row.get("id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        is_default: row.get("is_default")?,
        policy: json(row, "policy")?,
        created_at: Millis(row.get("created_at")?),
        updated_at: Millis(row.get("updated_at")?),
    })
}

fn written(policy: &Policy) -> Result<String> {
    serde_json::to_string(policy)
        .map_err(|error| Error::internal("a policy cannot be written", error))
}

fn taken(error: rusqlite::Error, name: &str) -> Error {
    if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
        return error.into();
    }
    Error::new(Code::DuplicateRecord, format!("there is an account kit `{name}` already"))
        .hint("choose another name, or change that one with `naive account-kits update`")
}
