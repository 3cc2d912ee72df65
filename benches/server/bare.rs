//! The bare handlers: one indexed read, one durable commit. As many threads as `naive serve` has.

use std::cell::RefCell;
use std::io::Write as _;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde_json::{Value, json};

use crate::Result;

thread_local! {
    static STORE: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Makes the database.
pub(crate) fn database(path: &str) -> Result<()> {
    let conn = open(path)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE connections (id TEXT PRIMARY KEY, user TEXT NOT NULL, toolkit TEXT NOT NULL,
             status TEXT NOT NULL) STRICT;
         CREATE INDEX by_user ON connections (user);
         INSERT INTO connections VALUES ('ca_1', 'alice', 'gmail', 'ACTIVE');
         CREATE TABLE held (id INTEGER PRIMARY KEY, frozen TEXT NOT NULL) STRICT;",
    )?;
    Ok(())
}

/// Serves until it is killed.
pub(crate) fn run(database: &str) -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
        let router = Router::new()
            .route("/users/{user}", get(read))
            .route("/held", post(write))
            .with_state(database.to_owned());
        axum::serve(listener, router).await?;
        Ok(())
    })
}

/// Lends this thread's own connection.
fn with<T>(
    path: &str,
    act: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    STORE.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(open(path)?);
        }
        slot.as_ref().map_or(Err(rusqlite::Error::InvalidQuery), act)
    })
}

/// Opens the database as `naive` does its own.
fn open(path: &str) -> rusqlite::Result<Connection> {
    let mut conn = Connection::open_with_flags(path, OpenFlags::default())?;
    conn.execute_batch("PRAGMA synchronous = FULL;")?;
    conn.busy_handler(Some(|times| {
        std::thread::sleep(Duration::from_micros(200));
        times < 50_000
    }))?;
    Ok(conn)
}

async fn read(State(path): State<String>, Path(user): Path<String>) -> Json<Value> {
    let row = with(&path, |conn| {
        conn.prepare_cached("SELECT id, toolkit, status FROM connections WHERE user = ?1")?
            .query_row([user], |row| {
                let text = |at| row.get::<_, String>(at);
                Ok(json!({"id": text(0)?, "toolkit": text(1)?, "status": text(2)?}))
            })
            .optional()
    });
    Json(json!({ "connections": [row.ok().flatten()] }))
}

async fn write(State(path): State<String>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let id = with(&path, |conn| {
        conn.prepare_cached("INSERT INTO held (frozen) VALUES (?1)")?
            .execute([body.to_string()])?;
        Ok(conn.last_insert_rowid())
    });
    (StatusCode::ACCEPTED, Json(json!({ "id": id.ok() })))
}
