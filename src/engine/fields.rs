//! The fields of a login that are no token: the parts of an app's address, and what a person enters.

use std::collections::BTreeMap;

use super::toolkits::Known;
use super::{Engine, Scope};
use crate::api::connections::Connect;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::secrets::Secrets;
use crate::api::workspace::AuthType;

impl Engine {
    /// Returns the parts of the app's address, each known and none unknown: those that are given, and for an
    /// OAuth login those of the same account before.
    pub(super) fn address_fields(
        &self,
        scope: &Scope<'_>,
        known: &Known,
        op: &Connect,
    ) -> Result<BTreeMap<String, String>> {
        let parts = known.fields().into_iter().filter(|field| !field.secret);
        let parts: Vec<String> = parts.map(|field| field.key).collect();
        let mut given = BTreeMap::new();
        if known.manifest.auth.kind == AuthType::Oauth2 && !parts.is_empty() {
            let all = self.store.connections(&scope.user()?.id, Some(known.slug()))?;
            if let Some(before) = all.iter().find(|one| one.label == op.label) {
                given = self.store.fields(&before.id)?;
                given.retain(|key, _| parts.contains(key));
            }
        }
        given.extend(op.fields.iter().cloned());
        complete(known, given, &parts)
    }
}

fn complete(
    known: &Known,
    given: BTreeMap<String, String>,
    parts: &[String],
) -> Result<BTreeMap<String, String>> {
    let now = known.manifest.auth.kind == AuthType::Oauth2;
    let missing = parts.iter().filter(|key| now && !given.contains_key(*key));
    let unknown = given.keys().filter(|key| !parts.contains(key));
    let faults: Vec<Fault> = missing
        .map(|key| fault(key, "is missing"))
        .chain(
            unknown
                .map(|key| fault(key, "is no part of the address; a secret is never given here")),
        )
        .collect();
    if faults.is_empty() {
        return Ok(given);
    }
    Err(Error::new(Code::InvalidInput, "some parts of the app's address are missing or unknown")
        .hint(format!("give each with `--field KEY=VALUE`: {}", parts.join(", ")))
        .details(faults))
}

/// Returns what is wrong with the fields of a login, those given when it began and those entered now.
pub(super) fn field_faults(
    known: &Known,
    entered: &Secrets,
    given: &BTreeMap<String, String>,
) -> Vec<Fault> {
    let fields = known.fields();
    let missing = fields
        .iter()
        .filter(|field| !given.contains_key(&field.key) && !entered.0.contains_key(&field.key))
        .map(|field| fault(&field.key, "is missing"));
    let unknown = entered
        .0
        .keys()
        .filter(|key| !fields.iter().any(|field| field.key == **key))
        .map(|key| fault(key, "is no field of this toolkit"));
    missing.chain(unknown).collect()
}

fn fault(key: &str, message: &str) -> Fault {
    Fault { pointer: format!("/{key}"), message: message.to_owned() }
}
