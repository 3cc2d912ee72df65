//! How one logs in: of the ways a document declares, the one that we do best and that opens most of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use url::Url;

use super::refs::{Refs, Said};
use super::text::line;
use crate::api::address::{is_callable, is_private};
use crate::api::workspace::AuthType;
use crate::catalog::manifest::{Auth, Field, Part, Place};

/// How one logs in to what a document describes.
#[derive(Debug)]
pub(super) struct Login<'a> {
    /// As a manifest has it
    pub(super) auth: Auth,
    /// The scheme that was chosen, by its name in the document
    pub(super) scheme: Option<&'a str>,
    /// Where its key stands, so that no tool asks for it: `header` or `query`, and the name
    pub(super) key: Option<(&'a str, &'a str)>,
}

/// The schemes that one requirement wants together, with their scopes.
type Requirement<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// Returns the ways in which an operation can be called; none is declared where there is `None`.
fn ways<'a>(refs: &Refs<'a>, operation: &'a Value) -> Option<Vec<Requirement<'a>>> {
    let declared = operation.get("security").or_else(|| refs.root().get("security"))?;
    let scopes =
        |value: &'a Value| value.as_array().into_iter().flatten().filter_map(Value::as_str);
    let way = |way: &'a Value| -> Option<Requirement<'a>> {
        Some(
            way.as_object()?
                .iter()
                .map(|(name, list)| (name.as_str(), scopes(list).collect()))
                .collect(),
        )
    };
    Some(declared.as_array()?.iter().filter_map(way).collect())
}

/// Returns the scopes of which an operation needs at least one, as a tool has them.
pub(super) fn scopes<'a>(refs: &Refs<'a>, operation: &'a Value, login: &Login<'a>) -> Vec<String> {
    if login.auth.kind != AuthType::Oauth2 {
        return Vec::new();
    }
    let mut found: Vec<String> = Vec::new();
    for (name, scopes) in ways(refs, operation).unwrap_or_default().into_iter().flatten() {
        let together = scopes.join(" ");
        if Some(name) == login.scheme && !together.is_empty() && !found.contains(&together) {
            found.push(together);
        }
    }
    found
}

/// Returns how one logs in, and adds what was chosen among several and what is missing.
pub(super) fn login<'a>(
    refs: &Refs<'a>,
    operations: &[&'a Value],
    base: &str,
    notes: &mut Vec<Said<'a>>,
) -> Login<'a> {
    let root = refs.root();
    let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
    let mut open = 0;
    let mut alone: BTreeMap<&str, usize> = BTreeMap::new();
    let mut declared = false;
    for operation in operations {
        let Some(ways) = ways(refs, operation) else { continue };
        declared = true;
        open += usize::from(ways.is_empty() || ways.iter().any(Vec::is_empty));
        let single = ways.iter().filter(|way| way.len() == 1).flatten();
        for name in single.map(|(name, _)| *name).collect::<BTreeSet<_>>() {
            *alone.entry(name).or_default() += 1;
        }
        // What wants several at once still opens with the first, as far as we can tell.
        for way in ways.iter().filter(|way| way.len() > 1) {
            alone.entry(way[0].0).or_default();
        }
    }
    let known = schemes.into_iter().flatten().filter_map(|(name, scheme)| {
        let scheme = refs.follow(scheme).ok()?;
        let (auth, rank) = auth(scheme, base)?;
        Some((name.as_str(), scheme, auth, rank))
    });
    let mut known: Vec<_> =
        known.filter(|(name, ..)| !declared || alone.contains_key(name)).collect();
    known.sort_by_key(|(name, _, _, rank)| {
        let uses = alone.get(name).copied().unwrap_or_default();
        (std::cmp::Reverse(uses), *rank)
    });
    let mut known = known.into_iter();
    let Some((name, scheme, auth, _)) = known.next() else {
        return undeclared(root, declared && open == operations.len(), notes);
    };
    let others: Vec<_> = known.map(|(name, ..)| format!("`{name}`")).collect();
    if !others.is_empty() {
        let text = format!("one logs in as `{name}` says; left out: {}", others.join(", "));
        notes.push((scheme, text));
    }
    let part = scheme["in"].as_str().filter(|_| scheme["type"] == "apiKey");
    let key = part.zip(scheme["name"].as_str());
    Login { auth, scheme: Some(name), key }
}

fn undeclared<'a>(root: &'a Value, free: bool, notes: &mut Vec<Said<'a>>) -> Login<'a> {
    if free {
        return Login { auth: Auth::fresh(), scheme: None, key: None };
    }
    let text =
        "the document does not say how one logs in: `connect` asks for the header `Authorization`";
    notes.push((root, text.to_owned()));
    let mut auth = keyed("authorization", "Value of the header `Authorization`", Part::Header);
    auth.kind = AuthType::Unknown;
    Login { auth, scheme: None, key: None }
}

/// Returns a login by one secret, which stands in the header or parameter `Authorization`.
fn keyed(key: &str, label: &str, part: Part) -> Auth {
    Auth {
        kind: AuthType::ApiKey,
        fields: vec![Field { key: key.to_owned(), label: label.to_owned(), secret: true }],
        place: Some(Place { part, name: "Authorization".to_owned(), value: format!("{{{key}}}") }),
        ..Auth::fresh()
    }
}

fn bearer() -> Auth {
    let mut auth = keyed("token", "Access token", Part::Header);
    auth.place = auth.place.map(|place| Place { value: "Bearer {token}".to_owned(), ..place });
    auth
}

/// Returns what a scheme is in a manifest, and how well we do it: the lower the better.
fn auth(scheme: &Value, base: &str) -> Option<(Auth, u8)> {
    let text = |key: &str| scheme[key].as_str().unwrap_or_default();
    match text("type") {
        "oauth2" => Some(oauth(scheme, base).map_or_else(|| (bearer(), 4), |auth| (auth, 0))),
        "openIdConnect" => {
            let url = text("openIdConnectUrl");
            let issuer = url.strip_suffix("/.well-known/openid-configuration");
            let issuer = issuer.and_then(|issuer| address(issuer, base));
            Some(match issuer {
                Some(issuer) => {
                    let scopes = vec!["openid".to_owned()];
                    (
                        Auth {
                            kind: AuthType::Oauth2,
                            issuer: Some(issuer),
                            scopes,
                            ..Auth::fresh()
                        },
                        5,
                    )
                }
                None => (bearer(), 5),
            })
        }
        "http" => match text("scheme").to_ascii_lowercase().as_str() {
            "bearer" => Some((bearer(), 1)),
            "basic" => Some((basic(), 3)),
            _ => None,
        },
        "apiKey" => api_key(text("name"), text("in")),
        _ => None,
    }
}

fn basic() -> Auth {
    let field = |key: &str, label: &str, secret| Field {
        key: key.to_owned(),
        label: label.to_owned(),
        secret,
    };
    let fields = vec![field("username", "User name", false), field("password", "Password", true)];
    Auth { kind: AuthType::Basic, fields, ..Auth::fresh() }
}

fn api_key(name: &str, part: &str) -> Option<(Auth, u8)> {
    let shown = line(name, 60)?;
    let label = match part {
        "header" if name.eq_ignore_ascii_case("authorization") => {
            "Value of the header `Authorization`".to_owned()
        }
        _ => format!("API key ({shown})"),
    };
    let place = |part, name: &str, value: String| {
        let auth = keyed("api_key", &label, part);
        Auth { place: Some(Place { part, name: name.to_owned(), value }), ..auth }
    };
    let key = || "{api_key}".to_owned();
    match part {
        "header" => Some((place(Part::Header, name, key()), 2)),
        "query" => Some((place(Part::Query, name, key()), 2)),
        "cookie" => Some((place(Part::Header, "Cookie", format!("{shown}={{api_key}}")), 6)),
        _ => None,
    }
}

/// Returns the login by authorization code of an OAuth scheme, if it has one that is whole.
fn oauth(scheme: &Value, base: &str) -> Option<Auth> {
    let flow = &scheme["flows"]["authorizationCode"];
    let url = |key: &str| flow[key].as_str().and_then(|text| address(text, base));
    let (authorize, token) = (url("authorizationUrl")?, url("tokenUrl")?);
    let params = flow["x-naive-params"].as_object().into_iter().flatten();
    let params =
        params.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Some(Auth {
        kind: AuthType::Oauth2,
        authorize_url: Some(authorize),
        token_url: Some(token),
        params: params.collect(),
        ..Auth::fresh()
    })
}

/// Returns an address that a login may use: absolute or below the API's own, encrypted and public.
fn address(text: &str, base: &str) -> Option<Url> {
    let url =
        Url::parse(text).or_else(|_| Url::parse(base).and_then(|base| base.join(text))).ok()?;
    (is_callable(&url) && !is_private(&url)).then_some(url)
}
