//! Endpoints that perform sensitive actions, each with its sealed headers.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Store, json, parsed, sealed, word};
use crate::api::error::Result;
use crate::api::primitives::Executor;
use crate::api::time::Millis;

const EXECUTOR: &str = "SELECT action, url, method, replay, lookup, settle_ms, reads_own_writes, headers FROM executors";

impl Store {
    /// Returns the endpoint that performs an action, if there is one.
    pub(crate) fn executor(&self, action: &str) -> Result<Option<Executor>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(&format!("{EXECUTOR} WHERE action = ?1"))?;
        Ok(select.query_row([action], executor_row).optional()?.map(|(_, executor)| executor))
    }

    /// Returns all endpoints by the action that each performs.
    pub(crate) fn executors(&self) -> Result<BTreeMap<String, Executor>> {
        let conn = self.conn();
        let mut select = conn.prepare_cached(EXECUTOR)?;
        let rows = select.query_map([], executor_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Puts an endpoint in place of the one before, and the sealed headers of `owner` in place of all
    /// that were there.
    pub(crate) fn put_executor(
        &self,
        action: &str,
        executor: &Executor,
        (owner, headers): (&str, Option<&[u8]>),
        now: Millis,
    ) -> Result<()> {
        let tx = self.write()?;
        tx.execute(
            "INSERT OR REPLACE INTO executors (action, url, method, replay, lookup, settle_ms,
                 reads_own_writes, headers, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                action,
                executor.url.as_str(),
                executor.method,
                executor.replay.as_str(),
                executor.lookup,
                i64::try_from(executor.settle_ms).unwrap_or(i64::MAX),
                executor.reads_own_writes,
                serde_json::Value::from(executor.headers.clone()).to_string(),
                now.0,
            ],
        )?;
        match headers {
            Some(bytes) => sealed::put(&tx, owner, bytes)?,
            None => sealed::delete(&tx, owner)?,
        }
        tx.commit()
    }

    /// Forgets an endpoint and the sealed headers of `owner`; nothing where there is none.
    pub(crate) fn remove_executor(&self, action: &str, owner: &str) -> Result<()> {
        let tx = self.write()?;
        tx.execute("DELETE FROM executors WHERE action = ?1", [action])?;
        sealed::delete(&tx, owner)?;
        tx.commit()
    }
}

fn executor_row(row: &Row<'_>) -> rusqlite::Result<(String, Executor)> {
    let executor = Executor {
        url: parsed(row, "url")?,
        method: row.get("method")?,
        replay: word(row, "replay")?,
        lookup: row.get("lookup")?,
        settle_ms: u64::try_from(row.get::<_, i64>("settle_ms")?).unwrap_or_default(),
        reads_own_writes: row.get("reads_own_writes")?,
        headers: json(row, "headers")?,
    };
    Ok((row.get("action")?, executor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::approvals::Class;

    #[test]
    fn an_endpoint_replaces_the_one_before_with_its_headers() {
        let store = Store::in_memory();
        let executor = |class, headers: &[&str]| Executor {
            url: "https://acme.example/cards".parse().unwrap(),
            method: "PUT".to_owned(),
            replay: class,
            lookup: Some("https://acme.example/cards/{key}".to_owned()),
            settle_ms: 5_000,
            reads_own_writes: true,
            headers: headers.iter().map(|name| (*name).to_owned()).collect(),
        };
        let first = executor(Class::B, &["X-Key"]);
        let put = |executor: &Executor, bytes: Option<&[u8]>| {
            store.put_executor("cards.create", executor, ("executor:x", bytes), Millis(1)).unwrap();
        };

        put(&first, Some(b"sealed"));
        assert_eq!(store.executor("cards.create").unwrap(), Some(first));
        assert_eq!(store.sealed("executor:x").unwrap().unwrap(), b"sealed");

        let second = executor(Class::A, &[]);
        put(&second, None);
        assert_eq!(store.executors().unwrap(), [("cards.create".to_owned(), second)].into());
        assert_eq!(store.sealed("executor:x").unwrap(), None);

        store.remove_executor("cards.create", "executor:x").unwrap();
        assert_eq!(store.executor("cards.create").unwrap(), None);
    }
}
