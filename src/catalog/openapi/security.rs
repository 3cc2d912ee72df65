//! How one logs in: of the ways a document declares, the one that we do best and that opens most of it.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use super::names::words;
use super::refs::{Refs, Said};
use super::text::line;
use crate::api::address::{is_callable, is_private};
use crate::api::toolkits::AuthType;
use crate::catalog::check::is_header;
use crate::catalog::manifest::{Auth, Field, Part, Place};

/// How one logs in to what a document describes.
#[derive(Debug, Clone)]
pub(super) struct Login<'a> {
    /// As a manifest has it
    pub(super) auth: Auth,
    /// The schemes that were chosen, by their names in the document
    pub(super) schemes: Vec<&'a str>,
    /// Where its keys stand, so that no tool asks for them: `header` or `query`, and the name
    pub(super) keys: Vec<(String, String)>,
}

impl Login<'_> {
    /// Returns the login with one that is known better; scopes are still those that the document names.
    pub(super) fn replaced(mut self, auth: &Auth) -> Self {
        let part = |place: &Place| match place.part {
            Part::Header => "header".to_owned(),
            Part::Query => "query".to_owned(),
            Part::Environment => "environment".to_owned(),
        };
        self.keys = auth.places().map(|place| (part(place), place.name.clone())).collect();
        if self.auth.kind != AuthType::Oauth2 {
            self.schemes.clear();
        }
        self.auth = auth.clone();
        self
    }
}

/// How many ways to log in are looked at.
const WAYS: usize = 30;

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
        if login.schemes.contains(&name) && !together.is_empty() && !found.contains(&together) {
            found.push(together);
        }
    }
    found
}

/// A way to log in: the schemes that it takes together, what it is in a manifest, and how well we do it.
type Way<'a> = (Vec<&'a str>, Auth, u8);

/// Returns how one logs in, and adds what was chosen among several and what is missing.
pub(super) fn login<'a>(
    refs: &Refs<'a>,
    operations: &[&'a Value],
    base: &str,
    notes: &mut Vec<Said<'a>>,
) -> Login<'a> {
    let root = refs.root();
    let declared: Vec<_> = operations.iter().filter_map(|one| ways(refs, one)).collect();
    let mut wanted: Vec<Vec<&str>> = Vec::new();
    for way in declared.iter().flatten().filter(|way| !way.is_empty()) {
        let names: Vec<&str> = way.iter().map(|(name, _)| *name).collect();
        if !wanted.contains(&names) && wanted.len() < WAYS {
            wanted.push(names);
        }
    }
    let known = schemes(refs);
    let mut found: Vec<Way<'a>> = Vec::new();
    for (name, scheme) in &known {
        // What wants several at once still opens with one of them, as far as we can tell.
        if (declared.is_empty() || wanted.iter().flatten().any(|one| one == name))
            && let Some((auth, rank)) = auth(scheme, base)
        {
            found.push((vec![*name], auth, rank));
        }
    }
    found.extend(wanted.iter().filter_map(|names| together(names, &known, base)));
    let opened = |names: &[&str]| {
        let opens = |way: &Requirement<'_>| way.iter().all(|(name, _)| names.contains(name));
        declared.iter().filter(|ways| ways.is_empty() || ways.iter().any(opens)).count()
    };
    let open = opened(&[]);
    found.sort_by_cached_key(|(names, _, rank)| {
        (std::cmp::Reverse(opened(names)), names.len(), *rank)
    });
    let mut found = found.into_iter();
    let Some((names, auth, _)) = found.next() else {
        let free = !declared.is_empty() && open == operations.len();
        return undeclared(root, free, notes);
    };
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let others = found.filter(|(other, ..)| !other.iter().all(|name| names.contains(name)));
    let others: Vec<_> = others.map(|(other, ..)| quoted(&other).join(" with ")).collect();
    let chosen = known.iter().filter(|(name, _)| names.contains(name)).map(|(_, scheme)| *scheme);
    if let Some(scheme) = chosen.clone().next().filter(|_| !others.is_empty()) {
        let (own, others) = (quoted(&names).join(" and "), others.join(", "));
        notes.push((scheme, format!("one logs in as {own} says; left out: {others}")));
    }
    let keys = chosen.filter(|scheme| scheme["type"] == "apiKey");
    let keys = keys.filter_map(|scheme| {
        Some((scheme["in"].as_str()?.to_owned(), scheme["name"].as_str()?.to_owned()))
    });
    Login { auth, keys: keys.collect(), schemes: names }
}

/// Returns the schemes that a document describes: by `OpenAPI` 3, or where Swagger 2.0 has them.
fn schemes<'a>(refs: &Refs<'a>) -> Vec<(&'a str, &'a Value)> {
    let root = refs.root();
    let found = root.pointer("/components/securitySchemes").or(root.get("securityDefinitions"));
    let found = found.and_then(Value::as_object).into_iter().flatten();
    found.filter_map(|(name, scheme)| Some((name.as_str(), refs.follow(scheme).ok()?))).collect()
}

/// Returns the login by several keys at once, each entered under the name that it has in the request.
fn together<'a>(names: &[&'a str], known: &[(&'a str, &'a Value)], base: &str) -> Option<Way<'a>> {
    let mut whole = Auth { kind: AuthType::ApiKey, ..Auth::fresh() };
    let mut worst = 0;
    for name in names {
        let (_, scheme) = known.iter().find(|(one, _)| one == name)?;
        let (auth, rank) = auth(scheme, base)?;
        let (mut field, mut place) = (auth.fields.into_iter().next()?, auth.place?);
        if scheme["type"] == "apiKey" {
            let key = words(&place.name).to_ascii_lowercase();
            place.value = place.value.replace(&format!("{{{}}}", field.key), &format!("{{{key}}}"));
            field.key = key;
        }
        worst = worst.max(rank);
        whole.fields.push(field);
        match whole.place {
            None => whole.place = Some(place),
            Some(_) => whole.also.push(place),
        }
    }
    let unlike = whole.fields.iter().map(|field| &field.key).collect::<BTreeSet<_>>();
    let visible = unlike.iter().all(|key| !key.is_empty());
    (visible && names.len() > 1 && unlike.len() == names.len())
        .then(|| (names.to_vec(), whole, worst))
}

fn undeclared<'a>(root: &'a Value, free: bool, notes: &mut Vec<Said<'a>>) -> Login<'a> {
    if free {
        return Login { auth: Auth::fresh(), schemes: Vec::new(), keys: Vec::new() };
    }
    let text =
        "the document does not say how one logs in: `connect` asks for the header `Authorization`";
    notes.push((root, text.to_owned()));
    let mut auth = keyed("authorization", "Value of the header `Authorization`", Part::Header);
    auth.kind = AuthType::Unknown;
    Login { auth, schemes: Vec::new(), keys: Vec::new() }
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
        "header" if is_header(name) => Some((place(Part::Header, name, key()), 2)),
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
