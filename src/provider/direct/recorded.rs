//! Every shipped tool against the request that its vendor documents, as recorded in `tests/requests`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Account, request};
use crate::api::secrets::Secrets;
use crate::catalog::manifest::Manifest;
use crate::catalog::{builtin, builtin_slugs};
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
fn made(toolkit: &Manifest, one: &Recorded) -> Request {
    let fields = toolkit.auth.fields.iter().filter(|field| field.secret);
    let mut secrets: BTreeMap<_, _> =
        fields.map(|field| (field.key.clone(), "CANARY-secret".into())).collect();
    secrets.insert("access_token".to_owned(), "CANARY-token".into());
    let secrets = Secrets(secrets);
    let account = Account { toolkit, fields: &one.fields, secrets: &secrets, trust: Trust::Public };
    let tool = toolkit.tool(&one.tool.parse().unwrap()).unwrap_or_else(|| panic!("{}", one.tool));
    let faults = crate::catalog::input::faults(tool, &one.input).unwrap();
    assert!(faults.is_empty(), "{}: {faults:?}", one.tool);
    request(&account, tool, &one.input, "KEY").unwrap()
}

fn check(toolkit: &Manifest, one: &Recorded) {
    let (name, request) = (&one.tool, made(toolkit, one));
    assert!(!one.source.is_empty(), "{name}");
    assert_eq!(format!("{} {}", request.method(), request.shown_url()), one.request, "{name}");
    assert_eq!(request.shown_headers().collect::<BTreeMap<_, _>>(), one.headers, "{name}");
    let text = request.shown_body();
    let shown = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or_else(|_| text.clone().into())
    };
    if let Some(body) = &one.body {
        assert_eq!(&shown, body, "{name}");
    }
}

#[test]
fn every_tool_makes_the_request_its_vendor_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests");
    for slug in builtin_slugs() {
        let toolkit = builtin(&slug.parse().unwrap()).unwrap().unwrap();
        let text = fs::read_to_string(folder.join(format!("{slug}.json"))).unwrap();
        let all: Vec<Recorded> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{slug}: {error}"));
        for one in &all {
            check(&toolkit, one);
        }
        let recorded: BTreeSet<_> = all.iter().map(|one| one.tool.as_str()).collect();
        let tools: BTreeSet<_> = toolkit.tools.iter().map(|tool| tool.slug.as_str()).collect();
        assert_eq!(recorded, tools, "{slug}: one for each tool");
    }
}
