//! What does a frozen action, as a digest: the tool and everything of its app that shapes a request or gives
//! an answer its meaning, or the endpoint that performs it.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::api::action::Action;
use crate::api::approvals::Class;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{ConnectionId, hex};
use crate::api::primitives::{Executor, PERFORMED};
use crate::api::tools::Execute;
use crate::catalog::manifest::{Answer, Auth, Tool};
use crate::engine::executors::owner;
use crate::engine::{Engine, World};

/// What of an app makes a call what it is.
#[derive(Serialize)]
struct Call<'a> {
    base_url: &'a str,
    headers: &'a BTreeMap<String, String>,
    auth: Auth,
    answer: &'a Answer,
    tool: &'a Tool,
    fields: BTreeMap<String, String>,
    // Left out where there is none, as in what was frozen before there were such.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    command: &'a [String],
}

/// What of an endpoint makes a call what it is.
#[derive(Serialize)]
struct Endpoint<'a> {
    url: &'a Url,
    method: &'a str,
    replay: Class,
    lookup: Option<&'a str>,
    settle_ms: u64,
    reads_own_writes: bool,
    headers: &'a [String],
    values: Option<String>,
}

impl Engine {
    /// Returns the digest of what would do an action now; `None` where nothing would, or the sandbox
    /// itself does.
    ///
    /// An action that runs a tool names its account by its id, as it is frozen.
    pub(super) fn definition(&self, action: &Action) -> Result<Option<String>> {
        if let Action::Execute(op) = action {
            return self.tool_definition(op);
        }
        match self.world {
            World::Real if PERFORMED.contains(&action.name()) => {
                let executor = self.store.executor(action.name())?;
                executor.map(|executor| self.endpoint_definition(action, &executor)).transpose()
            }
            World::Real | World::Sandbox(_) => Ok(None),
        }
    }

    fn tool_definition(&self, op: &Execute) -> Result<Option<String>> {
        let account = op.account.as_deref().and_then(|named| named.parse::<ConnectionId>().ok());
        let connection = account.map(|id| self.store.connection(&id)).transpose()?.flatten();
        let provider = connection.as_ref().map(|(_, connection)| connection.provider);
        let known = match self.toolkit_by(&op.toolkit, op.provider.or(provider)) {
            Err(error) if error.code == Code::NotFound => return Ok(None),
            known => known?,
        };
        let manifest = &known.manifest;
        let Some(tool) = known.find(&op.tool)? else { return Ok(None) };
        let fields = match connection {
            Some((_, connection)) => self.store.fields(&connection.id)?,
            None => BTreeMap::new(),
        };
        let (base_url, auth) = if known.simulated {
            (placeless(&manifest.base_url), without_places(&manifest.auth))
        } else {
            (manifest.base_url.as_str(), manifest.auth.clone())
        };
        let (headers, answer) = (&manifest.headers, &manifest.answer);
        let command = &manifest.command;
        digest(&Call { base_url, headers, auth, answer, tool: &tool, fields, command }).map(Some)
    }

    fn endpoint_definition(&self, action: &Action, executor: &Executor) -> Result<String> {
        let owner = owner(action.name());
        let values = match self.store.sealed(&owner)? {
            Some(sealed) => Some(hex(&Sha256::digest(&*self.opening_bytes(&owner, &sealed)?))),
            None => None,
        };
        digest(&Endpoint {
            url: &executor.url,
            method: &executor.method,
            replay: executor.replay,
            lookup: executor.lookup.as_deref(),
            settle_ms: executor.settle_ms,
            reads_own_writes: executor.reads_own_writes,
            headers: &executor.headers,
            values,
        })
    }
}

/// Returns an address of the sandbox without its port, which is another one each time.
fn placeless(url: &str) -> &str {
    url.splitn(4, '/').nth(3).unwrap_or_default()
}

/// Returns how one logs in, without the addresses of the sandbox.
fn without_places(auth: &Auth) -> Auth {
    Auth {
        issuer: None,
        resource: None,
        authorize_url: None,
        token_url: None,
        revoke_url: None,
        device_url: None,
        registration_url: None,
        ..auth.clone()
    }
}

/// Returns SHA-256 of a value's JSON.
fn digest(value: &impl Serialize) -> Result<String> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| Error::internal("a definition cannot be written", error))?;
    Ok(hex(&Sha256::digest(bytes)))
}
