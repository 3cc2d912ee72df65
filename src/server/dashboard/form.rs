//! What a form or a query gives, field by field.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use url::form_urlencoded;

use crate::api::error::{Code, Error, Result};
use crate::api::secrets::Secrets;

/// What the names of fields begin with that hold secrets.
pub(super) const SECRET: &str = "credential.";

/// The fields of a form, or of a query. There is no `Debug`: secrets may be among them.
#[derive(Clone, Default)]
pub(super) struct Fields(Arc<Vec<(String, String)>>);

impl Fields {
    /// Reads them.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Arc::new(form_urlencoded::parse(bytes).into_owned().collect()))
    }

    /// Returns a field without the blanks around it; one that is empty is not there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Tells whether a box is ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// Reads a field; fails with `InvalidInput` if it holds what it may not.
    pub(super) fn read<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>> {
        let read = self.text(name).map(str::parse).transpose();
        read.map_err(|error| Error::new(Code::InvalidInput, format!("`{name}`: {error}")))
    }

    /// Reads a field that has to be there.
    pub(super) fn wanted<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T> {
        let missing = || Error::new(Code::InvalidInput, format!("`{name}` is missing"));
        self.read(name)?.ok_or_else(missing)
    }

    /// Returns the fields whose names begin so, without that beginning; one that is empty is not there.
    pub(super) fn below(&self, start: &str) -> Vec<(String, String)> {
        let named = |(name, value): &(String, String)| {
            let value = Some(value.trim()).filter(|value| !value.is_empty())?;
            Some((name.strip_prefix(start)?.to_owned(), value.to_owned()))
        };
        self.0.iter().filter_map(named).collect()
    }

    /// Returns the secrets of a form, each under the name that its toolkit gives it.
    pub(super) fn secrets(&self) -> Secrets {
        let named = |(name, value): &(String, String)| {
            Some((name.strip_prefix(SECRET)?.to_owned(), value.clone()))
        };
        self.0.iter().filter_map(named).collect::<BTreeMap<_, _>>().into()
    }
}
