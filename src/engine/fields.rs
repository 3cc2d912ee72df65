//! What a caller enters of an account beside its login, held against what the app takes.

use std::collections::BTreeMap;

use super::Engine;
use super::known::Known;
use crate::api::connections::Connect;
use crate::api::error::{Code, Error, Fault, Result};
use crate::api::secrets::Secrets;
use crate::api::toolkits::{AuthType, CredentialField};
use crate::api::workspace::User;

impl Engine {
    /// Returns the parts of the app's address, each known and none unknown: those that are given, and for an
    /// OAuth login those of the same account before.
    pub(super) fn address_fields(
        &self,
        user: &User,
        known: &Known,
        op: &Connect,
    ) -> Result<BTreeMap<String, String>> {
        let parts = known.fields().into_iter().filter(|field| !field.secret);
        let parts: Vec<String> = parts.map(|field| field.key).collect();
        let mut given = BTreeMap::new();
        if known.manifest.auth.kind == AuthType::Oauth2 && !parts.is_empty() {
            let all = self.store.connections(&user.id, Some(known.slug()))?;
            if let Some(before) = all.iter().find(|one| one.label == op.label) {
                given = self.store.fields(&before.id)?;
                given.retain(|key, _| parts.contains(key));
            }
        }
        given.extend(op.fields.iter().cloned());
        complete(known, given, &parts)
    }
}

/// Fails if a login is asked for what this app's way to log in does not have.
pub(super) fn check_login(known: &Known, op: &Connect) -> Result<()> {
    if known.manifest.auth.kind == AuthType::Oauth2 {
        return Ok(());
    }
    let slug = &op.toolkit;
    if op.device {
        return Err(no_codes(op));
    }
    if !op.scopes.is_empty() {
        let text = format!("`{slug}` knows no scopes, because its users do not log in with OAuth");
        return Err(Error::new(Code::InvalidInput, text).hint("leave `--scopes` out"));
    }
    Ok(())
}

/// The refusal of a login by code at an app that has none.
pub(super) fn no_codes(op: &Connect) -> Error {
    let text = format!("`{}` gives out no codes for other devices", op.toolkit);
    Error::new(Code::InvalidInput, text).hint("leave `--device` out").reason("no_device_login")
}

/// Returns the given parts of an address, each there that must be and none unknown.
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
    let hint = match parts {
        [] => format!("leave `--field` out: the address of `{}` has no such parts", known.slug()),
        parts => format!("give each with `--field KEY=VALUE`: {}", parts.join(", ")),
    };
    Err(Error::new(Code::InvalidInput, "some parts of the app's address are missing or unknown")
        .hint(hint)
        .details(faults))
}

/// Returns what is missing or unknown among the credential fields that were entered.
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

/// Returns the secrets among some fields as `connections credentials` takes them: ` api_key=-`.
pub(crate) fn keys(fields: &[CredentialField]) -> String {
    let secrets = fields.iter().filter(|field| field.secret);
    secrets.map(|field| format!(" {}=-", field.key)).collect::<Vec<_>>().concat()
}

fn fault(key: &str, message: &str) -> Fault {
    Fault { pointer: format!("/{key}"), message: message.to_owned() }
}
