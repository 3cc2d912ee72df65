//! Who gives out the tokens for a resource: asked of the resource itself (RFC 9728).

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::challenge::{challenge, scopes};
use super::discovery::{Metadata, NO_METADATA, check_endpoint, discover, words};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::hidden;
use crate::http::{Http, Request, Response, Trust};

/// Where a resource describes itself, before its own path.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// The newest version of the protocol, in which each request stands for itself.
const NEWEST: &str = "2026-07-28";
/// The last version in which a client has to begin with a greeting.
const OLDER: &str = "2025-11-25";

/// A resource, as it answers whoever comes without a token.
#[derive(Debug)]
pub(crate) struct Resource {
    /// Whether it wants a credential, of whatever kind
    pub(crate) wants_credential: bool,
    /// What it calls itself: `resource` of every request to its OAuth server (RFC 8707)
    pub(crate) name: String,
    /// OAuth server that it names
    pub(crate) issuer: Option<Url>,
    /// Scopes that a login asks for unless somebody knows better: those it wants now, else all it has
    pub(crate) scopes: Vec<String>,
    url: Url,
    trust: Trust,
    /// Whether it wants a bearer token, and not something else
    wants_token: bool,
}

/// What a resource says of itself (RFC 9728, 2).
#[derive(Debug, Deserialize)]
struct Description {
    resource: String,
    #[serde(default)]
    authorization_servers: Value,
    #[serde(default)]
    scopes_supported: Value,
}

/// Asks a resource without a token what it wants, and where tokens for it come from.
///
/// Fails with `ProviderError` if it describes another resource (reason `resource_mismatch`), sends us where
/// it may not (`address_refused`), describes itself so that nobody understands it (`resource_unclear`), or
/// is not well. `trust` is who vouches for its own address; nobody vouches for any that it names.
pub(crate) async fn resource(http: &Http, url: &Url, trust: Trust) -> Result<Resource> {
    let (status, headers) = greeted(http, url, trust).await?;
    let wants_credential = matches!(status, 401 | 403);
    let challenge = challenge(&headers).filter(|_| wants_credential);
    let wants_token = challenge.is_some();
    let challenge = challenge.unwrap_or_default();
    let mut found = Resource {
        wants_credential,
        name: own_name(url),
        issuer: None,
        scopes: Vec::new(),
        url: url.clone(),
        trust,
        wants_token,
    };
    let described = match found.described(http, challenge.metadata.as_deref()).await {
        // Whoever lets everybody in may say of itself what it likes.
        Err(_) if !wants_credential => None,
        described => described?,
    };
    if let Some(described) = &described {
        found.issuer = found.named_server(described)?;
        described.resource.clone_into(&mut found.name);
    } else if status == 429 || status >= 500 {
        let text = format!("`{}` is not well (status {status})", host(url));
        return Err(Error::new(Code::ProviderError, text).hint("wait, then run it again"));
    }
    let all = described.map(|described| scopes(words(&described.scopes_supported)));
    let now = Some(challenge.scopes).filter(|scopes| !scopes.is_empty());
    found.scopes = now.or(all).unwrap_or_default();
    Ok(found)
}

/// Returns how a resource greets an MCP client without a token: the status, and the headers.
///
/// It is asked for what its answers are made of, since some greet anybody; where it does not understand,
/// as the newest clients ask and then as the older ones begin. A server of the oldest transport has no place
/// for questions, and is asked for its stream of events.
async fn greeted(http: &Http, url: &Url, trust: Trust) -> Result<(u16, HeaderMap)> {
    let event_stream = "text/event-stream";
    let mut answer = Err(Error::new(Code::InternalError, "nothing was asked"));
    for (version, body) in questions() {
        let request = Request::new("POST", url.clone(), trust)?
            .header("accept", &format!("application/json, {event_stream}"))?
            .body("application/json", body.to_string().into_bytes())?;
        let request = match (version, body["method"].as_str()) {
            (Some(version), Some(method)) => {
                request.header("mcp-protocol-version", version)?.header("mcp-method", method)?
            }
            (_, _) => request,
        };
        let told = http.send(&request.head_only()).await?;
        let understood = told.status != 400 || says_why(&told);
        answer = Ok(told);
        if understood {
            break;
        }
    }
    let mut answer = answer?;
    if matches!(answer.status, 404 | 405) {
        let request = Request::new("GET", url.clone(), trust)?.header("accept", event_stream)?;
        answer = http.send(&request.head_only()).await?;
    }
    Ok((answer.status, answer.headers))
}

/// Returns what is asked, the next if one was not understood, and the version that a header says.
fn questions() -> [(Option<&'static str>, Value); 3] {
    let question = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let client = json!({ "name": "naive", "version": env!("CARGO_PKG_VERSION") });
    let about = json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientInfo": client,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let greeting = json!({ "protocolVersion": OLDER, "clientInfo": client, "capabilities": {} });
    [
        (Some(NEWEST), question("tools/list", json!({ "_meta": about }))),
        (None, question("tools/list", json!({}))),
        (None, question("initialize", greeting)),
    ]
}

/// Tells whether a server has understood a question, in the words of the newest clients, and says what else it wants.
fn says_why(answer: &Response) -> bool {
    let code = answer.json().and_then(|json| json["error"]["code"].as_i64());
    code.is_some_and(|code| (-32022..=-32020).contains(&code))
}

/// Tells whether a server lists its tools to anybody.
pub(crate) async fn greets_anybody(http: &Http, url: &Url, trust: Trust) -> Result<bool> {
    let (status, _) = greeted(http, url, trust).await?;
    Ok(!matches!(status, 401 | 403))
}

impl Resource {
    /// Reads what the resource says of itself, where its challenge says it is, else at the two usual places.
    async fn described(&self, http: &Http, named: Option<&str>) -> Result<Option<Description>> {
        if let Some(named) = named {
            let at = readable(named).ok_or_else(|| self.unclear("where it describes itself"))?;
            let answer = self.get(http, at).await?;
            let read = read(&answer).ok_or_else(|| self.unclear("what it is"))?;
            return self.own(read).map(Some);
        }
        for place in places(&self.url) {
            if let Some(read) = read(&self.get(http, place).await?) {
                return self.own(read).map(Some);
            }
        }
        Ok(None)
    }

    async fn get(&self, http: &Http, at: Url) -> Result<Response> {
        check_endpoint(&self.url, &at).map_err(|error| self.refused(error))?;
        let trust = self.trust_in(&at);
        Ok(http.send(&Request::new("GET", at, trust)?).await?)
    }

    /// Fails if a description is one of another resource: only one of which this is a part may speak for it.
    fn own(&self, described: Description) -> Result<Description> {
        if speaks_for(&described.resource, &self.url) {
            return Ok(described);
        }
        let text = format!("`{}` describes itself as another resource", host(&self.url));
        let there = readable(&described.resource).map(|url| url.to_string());
        let error = Error::new(Code::ProviderError, text).reason("resource_mismatch");
        Err(match there {
            Some(there) => error.hint(format!("if that is who you mean, add `{there}` instead")),
            None => error,
        })
    }

    fn named_server(&self, described: &Description) -> Result<Option<Url>> {
        let Some(first) = words(&described.authorization_servers).next() else { return Ok(None) };
        let issuer = readable(first).filter(|url| url.query().is_none());
        let issuer = issuer.ok_or_else(|| self.unclear("who its OAuth server is"))?;
        check_endpoint(&self.url, &issuer).map_err(|error| self.refused(error))?;
        Ok(Some(issuer))
    }

    /// Reads the metadata of its OAuth server; a resource that names none may have one at its own origin, as
    /// MCP had it before RFC 9728.
    ///
    /// Fails with the reason `no_oauth_server` if there is none to be found, and `pkce_not_announced` if it
    /// does not promise S256.
    pub(crate) async fn server(&self, http: &Http) -> Result<Metadata> {
        if let Some(issuer) = &self.issuer {
            return discover(http, issuer, self.trust_in(issuer)).await?.with_pkce();
        }
        let mut origin = self.url.clone();
        origin.set_path("/");
        origin.set_query(None);
        match discover(http, &origin, self.trust).await {
            Ok(found) => found.with_pkce(),
            Err(error) if error.reason.as_deref() != Some(NO_METADATA) => Err(error),
            Err(_) if self.wants_token => Ok(Metadata::usual(&origin)),
            Err(_) => Err(self.without_server()),
        }
    }

    fn without_server(&self) -> Error {
        let (what, hint) = if self.wants_credential {
            (
                "wants a credential, and names no OAuth server that gives one",
                "add it again with the key that it wants in a header",
            )
        } else {
            ("asks for no token, and names no OAuth server", "add it again as one without a login")
        };
        Error::new(Code::ProviderError, format!("`{}` {what}", host(&self.url)))
            .hint(hint)
            .reason("no_oauth_server")
    }

    fn trust_in(&self, url: &Url) -> Trust {
        if url.origin() == self.url.origin() { self.trust } else { Trust::Public }
    }

    fn unclear(&self, what: &str) -> Error {
        let text = format!("`{}` does not say clearly {what}", host(&self.url));
        Error::new(Code::ProviderError, text)
            .hint("ask whoever runs the server to mend its protected resource metadata (RFC 9728)")
            .reason("resource_unclear")
    }

    fn refused(&self, error: Error) -> Error {
        let text = format!(
            "`{}` sends logins to an address on this machine, in a private network or without encryption",
            host(&self.url)
        );
        Error::new(Code::ProviderError, text)
            .hint("if that is meant, name the OAuth server in the toolkit's manifest as `auth.issuer`")
            .reason("address_refused")
            .because(error)
    }
}

/// Returns how requests name a resource that does not name itself.
pub(crate) fn own_name(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    let text = url.as_str();
    let bare = url.path() == "/" && url.query().is_none();
    if bare { text.trim_end_matches('/') } else { text }.to_owned()
}

/// Tells whether whoever goes by this name speaks for the resource: it is the resource, or holds it.
pub(crate) fn speaks_for(name: &str, resource: &Url) -> bool {
    let Some(named) = readable(name) else { return false };
    let below = |url: &Url| format!("{}/", url.path().trim_end_matches('/'));
    named.origin() == resource.origin()
        && below(resource).starts_with(&below(&named))
        && (named.query().is_none() || named.query() == resource.query())
}

/// Returns an address that a server writes, unless it holds what nobody sees or names a part of a page.
fn readable(text: &str) -> Option<Url> {
    let url = text.parse::<Url>().ok().filter(Url::has_host)?;
    (!text.chars().any(hidden) && url.fragment().is_none()).then_some(url)
}

fn read(answer: &Response) -> Option<Description> {
    serde_json::from_slice(&answer.body).ok().filter(|_| answer.is_success())
}

fn places(resource: &Url) -> Vec<Url> {
    let path = resource.path().trim_end_matches('/');
    let at = |path: &str| {
        let mut url = resource.clone();
        url.set_path(&format!("{WELL_KNOWN}{path}"));
        url.set_query(None);
        url
    };
    if path.is_empty() { vec![at("")] } else { vec![at(path), at("")] }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_spoken_for_by_itself_and_by_what_holds_it() {
        let table = [
            ("https://a.example/mcp", true),
            ("https://a.example/mcp/", true),
            ("https://a.example", true),
            ("https://A.example:443/", true),
            ("https://a.example/mc", false),
            ("https://a.example/mcp/x", false),
            ("https://a.example/mcp?tenant=2", false),
            ("https://b.example/mcp", false),
            ("http://a.example/mcp", false),
            ("https://a.example/\u{9}mcp", false),
            ("https://a.example/mcp#x", false),
            ("a.example/mcp", false),
            ("", false),
        ];
        for (name, speaks) in table {
            let resource = "https://a.example/mcp".parse().unwrap();

            assert_eq!(speaks_for(name, &resource), speaks, "{name}");
        }
    }

    #[test]
    fn a_resource_is_named_without_a_slash_that_says_nothing() {
        let named = |url: &str| own_name(&url.parse().unwrap());

        assert_eq!(named("https://a.example/"), "https://a.example");
        assert_eq!(named("https://a.example/mcp/"), "https://a.example/mcp/");
        assert_eq!(named("https://a.example/mcp"), "https://a.example/mcp");
    }

    #[test]
    fn a_resource_describes_itself_below_its_path_and_then_at_the_root() {
        let at = |url: &str| -> Vec<String> {
            places(&url.parse().unwrap()).iter().map(ToString::to_string).collect()
        };

        assert_eq!(
            at("https://a.example/public/mcp?x=1"),
            [
                "https://a.example/.well-known/oauth-protected-resource/public/mcp",
                "https://a.example/.well-known/oauth-protected-resource",
            ]
        );
        assert_eq!(at("https://a.example").len(), 1);
    }
}
