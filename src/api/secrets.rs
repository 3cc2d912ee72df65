//! Values that are read from outside and must never be written out again.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

/// Named secrets of one request: what a user typed for `api_key`, or a new `client_secret`.
///
/// It can be read from a body but has no `Serialize`: an operation that holds one leaves it out when it
/// is frozen, logged or answered. An empty text is no secret, so it is as if it were not there.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(from = "BTreeMap<String, String>")]
#[schemars(with = "BTreeMap<String, String>")]
pub(crate) struct Secrets(pub(crate) BTreeMap<String, SecretString>);

impl From<BTreeMap<String, String>> for Secrets {
    fn from(given: BTreeMap<String, String>) -> Self {
        let filled = given.into_iter().filter(|(_, value)| !value.is_empty());
        Self(filled.map(|(key, value)| (key, value.into())).collect())
    }
}
