//! Columns that hold more than SQL knows: JSON, checked texts, words of closed sets.

use rusqlite::Row;
use rusqlite::types::{FromSql, Type};

use crate::api::time::Millis;

/// The columns of a row, one after the other: for what is read with each request, since to look each up by its name
/// takes longer than to read it.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    at: usize,
}

impl<'a> Columns<'a> {
    /// Begins with the first.
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, at: 0 }
    }

    /// Reads the next one.
    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.at += 1;
        self.row.get(self.at - 1)
    }

    /// Reads the next one, which holds the text form of `T`.
    pub(super) fn parsed<T>(&mut self) -> rusqlite::Result<T>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.at += 1;
        let text = self.row.get_ref(self.at - 1)?.as_str()?;
        text.parse().map_err(|error: T::Err| unlike(self.at - 1, error))
    }

    /// Reads the next one, which holds the word of a closed set.
    pub(super) fn word<T: serde::de::DeserializeOwned>(&mut self) -> rusqlite::Result<T> {
        let text: String = self.next()?;
        serde_json::from_value(text.into()).map_err(|error| unlike(self.at - 1, error))
    }

    /// Reads the next one, which holds a time.
    pub(super) fn time(&mut self) -> rusqlite::Result<Millis> {
        self.next().map(Millis)
    }

    /// Reads the next one, which holds a time or nothing.
    pub(super) fn time_if_any(&mut self) -> rusqlite::Result<Option<Millis>> {
        Ok(self.next::<Option<i64>>()?.map(Millis))
    }

    /// Reads the next one, which holds the JSON form of `T` or nothing.
    pub(super) fn json_if_any<T: serde::de::DeserializeOwned>(
        &mut self,
    ) -> rusqlite::Result<Option<T>> {
        let text: Option<String> = self.next()?;
        let read = |text: String| serde_json::from_str(&text);
        text.map(read).transpose().map_err(|error| unlike(self.at - 1, error))
    }

    /// Reads the next one, which holds the JSON form of `T`.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&mut self) -> rusqlite::Result<T> {
        self.at += 1;
        let text = self.row.get_ref(self.at - 1)?.as_str()?;
        serde_json::from_str(text).map_err(|error| unlike(self.at - 1, error))
    }
}

/// Reads a column that holds the JSON form of `T`.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| mismatch(row, column, error))
}

/// Reads a column that holds the text form of `T`.
pub(super) fn parsed<T>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| mismatch(row, column, error))
}

/// Reads a column that holds the word of a closed set.
pub(super) fn word<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_value(text.into()).map_err(|error| mismatch(row, column, error))
}

fn mismatch(
    row: &Row<'_>,
    column: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    unlike(row.as_ref().column_index(column).unwrap_or_default(), error)
}

fn unlike(at: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error))
}
