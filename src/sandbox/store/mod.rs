//! The sandbox's own database: opened here, and all of its SQL is in this directory.
//!
//! Several processes may use one file at the same time, so every change is one immediate transaction, and nothing
//! is remembered elsewhere but what a version in the file proves to be as it was (`exchange::memory` and
//! `exchange::settings`). Not here: what a vendor says about any of it.

pub(super) mod clients;
pub(super) mod devices;
pub(super) mod exchange;
pub(super) mod failures;
pub(super) mod grants;
pub(super) mod mail;
pub(super) mod objects;
pub(super) mod things;

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::api::error::{Code, Error, Result};
use crate::api::ids;

/// What makes the schema, step by step; `PRAGMA user_version` says how many were made. A step that
/// was once merged is never edited.
const STEPS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("logins.sql"),
    include_str!("failures.sql"),
    include_str!("things.sql"),
    include_str!("shelves.sql"),
    include_str!("exchange.sql"),
];

/// How long a process waits for another one's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// The open file. Shared by all requests of one process, one at a time.
pub(super) struct Store {
    connection: Mutex<Connection>,
}

/// What the sandbox remembers, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contents {
    /// Consents that were given and not revoked.
    pub(crate) grants: u32,
    /// Gmail accounts that were used or written to.
    pub(crate) mailboxes: u32,
    /// Gmail messages, drafts and the seeded ones included.
    pub(crate) messages: u32,
    /// Gmail drafts.
    pub(crate) drafts: u32,
    /// Stripe customers.
    pub(crate) customers: u32,
    /// Stripe products.
    pub(crate) products: u32,
    /// Stripe prices.
    pub(crate) prices: u32,
    /// Stripe payment intents.
    pub(crate) payment_intents: u32,
    /// Stripe charges.
    pub(crate) charges: u32,
    /// Stripe refunds.
    pub(crate) refunds: u32,
    /// Stripe invoices.
    pub(crate) invoices: u32,
    /// Stripe payment links.
    pub(crate) payment_links: u32,
    /// Slack channels and direct messages, the seeded ones included.
    pub(crate) channels: u32,
    /// Slack messages, the seeded ones included.
    pub(crate) slack_messages: u32,
    /// GitHub repositories, the seeded ones included.
    pub(crate) repositories: u32,
    /// GitHub issues and pull requests, the seeded ones included.
    pub(crate) issues: u32,
    /// Google Calendar events that are not cancelled, the seeded ones included.
    pub(crate) events: u32,
    /// Notion pages that are not in the trash, the seeded ones included.
    pub(crate) pages: u32,
    /// Virtual cards.
    pub(crate) cards: u32,
    /// Holders of virtual cards.
    pub(crate) cardholders: u32,
    /// Domains that were bought.
    pub(crate) domains: u32,
    /// Verifications that were started.
    pub(crate) verifications: u32,
    /// Companies that were formed, or are being.
    pub(crate) formations: u32,
    /// Accounts at the paper exchange.
    pub(crate) paper_accounts: u32,
    /// Orders at the paper exchange, ended ones and legs included.
    pub(crate) paper_orders: u32,
    /// What other apps were told to make.
    pub(crate) things: u32,
}

impl Store {
    /// Opens the file, which is made (0600) if there is none.
    ///
    /// Fails with `internal_error` where the file cannot be used, or is of a newer build.
    pub(super) fn open(database: &Path) -> Result<Self> {
        let connection = connect(database).map_err(|cause| broken(database, cause))?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Runs `work` on what is stored. Several statements may see several states.
    pub(super) fn read<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        work(&self.connection())
    }

    /// Runs `work` in one transaction that excludes every other writer; an `Err` undoes it.
    pub(super) fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let mut connection = self.connection();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        tx.commit()?;
        Ok(done)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets everything, also under running servers; where there is no file, there is nothing to do.
pub(crate) fn reset(database: &Path) -> Result<()> {
    if !database.exists() {
        return Ok(());
    }
    let connection = connect(database).map_err(|cause| broken(database, cause))?;
    connection
        .execute_batch(
            "BEGIN IMMEDIATE;
             DELETE FROM drafts; DELETE FROM labels; DELETE FROM letters; DELETE FROM mailboxes;
             DELETE FROM tokens; DELETE FROM codes; DELETE FROM devices; DELETE FROM grants;
             DELETE FROM clients; DELETE FROM failures;
             DELETE FROM objects; DELETE FROM replies; DELETE FROM things;
             DELETE FROM exchange_orders; DELETE FROM exchange_activities;
             DELETE FROM exchange_closes; DELETE FROM exchange_accounts;
             DELETE FROM exchange_prices; DELETE FROM exchange_settings;
             COMMIT;
             PRAGMA wal_checkpoint(TRUNCATE);",
        )
        .map_err(|cause| broken(database, cause.into()))
}

/// Counts what is remembered; all zero where there is no file.
pub(crate) fn contents(database: &Path) -> Result<Contents> {
    if !database.exists() {
        return Ok(Contents::default());
    }
    let connection = connect(database).map_err(|cause| broken(database, cause))?;
    count(&connection).map_err(|cause| broken(database, cause.into()))
}

fn count(connection: &Connection) -> rusqlite::Result<Contents> {
    let rows = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u32>(0));
    let objects = |app: &str, kind: &str| {
        let sql = "SELECT count(*) FROM objects WHERE app = ?1 AND kind = ?2
                   AND json_extract(body, '$.deleted') IS NULL
                   AND json_extract(body, '$.status') IS NOT 'cancelled'
                   AND json_extract(body, '$.in_trash') IS NOT 1";
        connection.query_row(sql, [app, kind], |row| row.get::<_, u32>(0))
    };
    Ok(Contents {
        grants: rows("SELECT count(*) FROM grants WHERE revoked_at IS NULL")?,
        mailboxes: rows("SELECT count(*) FROM mailboxes")?,
        messages: rows("SELECT count(*) FROM letters")?,
        drafts: rows("SELECT count(*) FROM drafts")?,
        customers: objects("stripe", "customer")?,
        products: objects("stripe", "product")?,
        prices: objects("stripe", "price")?,
        payment_intents: objects("stripe", "payment_intent")?,
        charges: objects("stripe", "charge")?,
        refunds: objects("stripe", "refund")?,
        invoices: objects("stripe", "invoice")?,
        payment_links: objects("stripe", "payment_link")?,
        channels: objects("slack", "channel")?,
        slack_messages: objects("slack", "message")?,
        repositories: objects("github", "repository")?,
        issues: objects("github", "issue")?,
        events: objects("google-calendar", "event")?,
        pages: objects("notion", "page")?,
        cards: objects("actions", "card")?,
        cardholders: objects("actions", "cardholder")?,
        domains: objects("actions", "domain")?,
        verifications: objects("actions", "verification")?,
        formations: objects("actions", "formation")?,
        paper_accounts: rows("SELECT count(*) FROM exchange_accounts")?,
        paper_orders: rows("SELECT count(*) FROM exchange_orders")?,
        things: rows("SELECT count(*) FROM things")?,
    })
}

/// Why the file could not be opened.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error("its schema is {0}, of a newer build")]
    Newer(usize),
}

fn broken(database: &Path, cause: Trouble) -> Error {
    let text = format!("the sandbox's database `{}` cannot be used: {cause}", database.display());
    Error::new(Code::InternalError, text).because(cause)
}

/// Opens and migrates under a file lock: the first switch to WAL waits for nobody.
fn connect(database: &Path) -> std::result::Result<Connection, Trouble> {
    let lock = private(&database.with_extension("lock"))?;
    lock.lock()?;
    private(database)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;",
    )?;
    let made: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let made = made as usize;
    if made > STEPS.len() {
        return Err(Trouble::Newer(made));
    }
    if made < STEPS.len() {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(&STEPS[made..].concat())?;
        tx.pragma_update(None, "user_version", STEPS.len().to_string())?;
        tx.commit()?;
    }
    Ok(connection)
}

/// Opens a file for its owner alone, made empty if there is none.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Returns the SHA-256 by which a secret is known here.
pub(super) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Returns `length` random lower-case hexadecimal digits, at most 64.
pub(super) fn hex(length: usize) -> String {
    let mut digits = format!("{}{}", ids::fresh().simple(), ids::fresh().simple());
    digits.truncate(length);
    digits
}
