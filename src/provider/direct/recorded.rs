//! Every shipped tool against the request that its vendor documents, as recorded in `tests/requests`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{Account, request};
use crate::api::secrets::Secrets;
use crate::catalog::all_by_hand;
use crate::catalog::input::faults;
use crate::catalog::manifest::Manifest;
use crate::http::{Request, Trust};

/// One documented request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    tool: String,
    input: Map<String, Value>,
    /// Parts of the address, where it has some
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// Method and URL
    request: String,
    /// All headers, secrets masked
    headers: BTreeMap<String, String>,
    /// JSON, or text as it is; left out where it cannot be foreseen
    #[serde(default, deserialize_with = "foreseen")]
    body: Option<Value>,
    /// Where the vendor says so
    source: String,
}

/// Reads `null` as what it is: no body at all.
fn foreseen<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(source).map(Some)
}

/// Makes the request of a recorded call, with a credential that no request may show.
fn made(toolkit: &Manifest, one: &Recorded) -> Result<Request, String> {
    let fields = toolkit.auth.fields.iter().filter(|field| field.secret);
    let mut secrets: BTreeMap<_, _> =
        fields.map(|field| (field.key.clone(), "CANARY-secret".into())).collect();
    secrets.insert("access_token".to_owned(), "CANARY-token".into());
    let secrets = Secrets(secrets);
    let account = Account { toolkit, fields: &one.fields, secrets: &secrets, trust: Trust::Public };
    let tool = toolkit.tool(&one.tool.parse().unwrap()).ok_or("there is no such tool")?;
    match faults(tool, &one.input).unwrap().as_slice() {
        [] => Ok(request(&account, tool, &one.input, "KEY").unwrap()),
        faults => Err(format!("the input does not fit: {faults:?}")),
    }
}

/// Returns how a request differs from the recorded one.
fn differences(toolkit: &Manifest, one: &Recorded) -> Vec<String> {
    let request = match made(toolkit, one) {
        Ok(request) => request,
        Err(text) => return vec![format!("{}: {text}", one.tool)],
    };
    let text = request.shown_body();
    let body = match text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    };
    let line = format!("{} {}", request.method(), request.shown_url());
    let headers = json!(request.shown_headers().collect::<BTreeMap<_, _>>());
    let recorded = one.body.clone().unwrap_or_else(|| body.clone());
    [
        ("request", line.into(), Value::from(one.request.as_str())),
        ("headers", headers, json!(one.headers)),
        ("body", body, recorded),
        ("whether its source is named", true.into(), (!one.source.is_empty()).into()),
    ]
    .into_iter()
    .filter(|(_, made, recorded)| made != recorded)
    .map(|(what, made, recorded)| {
        format!("{}: {what}\n  made     {made}\n  recorded {recorded}", one.tool)
    })
    .collect()
}

/// Returns what is wrong with a toolkit, or with what was recorded for it.
fn wrong(toolkit: &Manifest) -> Vec<String> {
    let slug = &toolkit.slug;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/requests/{slug}.json"));
    let text = fs::read_to_string(path).unwrap_or_else(|_| "[]".to_owned());
    let all: Vec<Recorded> = match serde_json::from_str(&text) {
        Ok(all) => all,
        Err(error) => return vec![format!("{slug}: {error}")],
    };
    let recorded: BTreeSet<_> = all.iter().map(|one| one.tool.as_str()).collect();
    let missing = toolkit.tools.iter().filter(|tool| !recorded.contains(tool.slug.as_str()));
    let missing = missing.map(|tool| format!("{}: nothing is recorded", tool.slug));
    missing.chain(all.iter().flat_map(|one| differences(toolkit, one))).collect()
}

#[test]
fn every_tool_makes_the_request_its_vendor_documents() {
    let wrong: Vec<_> = all_by_hand().flat_map(|toolkit| wrong(&toolkit)).collect();

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
