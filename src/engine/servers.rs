//! MCP servers: added, met when somebody connects, asked what they offer, and called.
//!
//! What a server offers is taken when it is met first, and is what users see and what kits speak of. What it offers
//! later under the same name, and is something else, nobody calls until the operator has taken it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::caller::Caller;
use super::composio::ITSELF;
use super::deliver::{Ended, Link};
use super::known::Known;
use super::{Engine, Scope};
use crate::api::asking::Voice;
use crate::api::connections::Connection;
use crate::api::error::{Code, Error, Result};
use crate::api::ids::Slug;
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::{AuthType, Provider, ToolkitDetail};
use crate::api::ways::{ChangedTool, RefreshToolkit, ToolkitRefreshed};
use crate::catalog::manifest::{Auth, Manifest, Part, Tool};
use crate::catalog::openapi::Kept;
use crate::catalog::openapi::diff::{Difference, Entry, difference};
use crate::catalog::servers::{bearer, by_oauth};
use crate::http::{Failure, Fate, Trust};
use crate::oauth;
use crate::provider::direct::{self, Account};
use crate::provider::mcp::{self, Local, Offered, Place, Session, Taken, Trouble};
use crate::store::WayRow;

impl Engine {
    /// Adds an MCP server as a way to a toolkit, which may be one that other ways lead to as well.
    ///
    /// It is asked once: how one logs in there, and, where nobody has to, what it offers. What cannot be reached is
    /// not added.
    pub(super) async fn add_server(
        &self,
        scope: &Scope<'_>,
        mut manifest: Manifest,
        secrets: Secrets,
    ) -> Result<ToolkitDetail> {
        let slug = manifest.slug.clone();
        self.check_server(scope, &manifest, &secrets)?;
        if manifest.auth.kind == AuthType::None
            && manifest.auth.place.is_none()
            && manifest.command.is_empty()
        {
            manifest.auth = self.login_at(&manifest.base_url, manifest.auth).await?;
        }
        let row = self.store.toolkit(&slug)?.unwrap_or_default();
        let text = text(&manifest)?;
        let known = Known::told(manifest, row);
        let mut way = WayRow { manifest: Some(text), ..WayRow::default() };
        if known.manifest.auth.kind == AuthType::None {
            let tools = self.offers(&known, (&secrets, &BTreeMap::new()), None).await?;
            way.tools = Some(self::text(&tools)?);
            way.checked_at = Some(Millis::now());
        }
        let owner = known.operator_owner();
        let given = Some(&secrets).filter(|secrets| !secrets.0.is_empty());
        let sealed = given.map(|secrets| self.cipher()?.seal(&owner, secrets)).transpose()?;
        let secret = sealed.as_deref().map(|bytes| (owner.as_str(), bytes));
        self.store.put_way(&slug, Provider::Mcp, &way, secret)?;
        if let Some(programs) = &self.programs {
            programs.end_all(&slug);
        }
        self.toolkit_detail(&slug, None)
    }

    /// Fails if a server cannot be added as it is described.
    fn check_server(
        &self,
        scope: &Scope<'_>,
        manifest: &Manifest,
        secrets: &Secrets,
    ) -> Result<()> {
        let slug = &manifest.slug;
        if self.is_simulated() {
            let text = "the sandbox has no MCP servers";
            return Err(Error::new(Code::FeatureNotConfigured, text)
                .hint("add it with `--profile local`, where apps are the real ones"));
        }
        if *slug == Slug::brokerage() {
            let text = format!("`{slug}` is a toolkit that is built in");
            return Err(Error::new(Code::DuplicateRecord, text).hint("choose another slug"));
        }
        if !manifest.command.is_empty() && scope.call.caller != Caller::Human {
            let text = "only a person at this machine has programs run here";
            return Err(Error::new(Code::Forbidden, text)
                .hint("add it with the CLI, without a key")
                .reason("operator_only"));
        }
        let wanted: Vec<&str> =
            manifest.auth.fields.iter().map(|field| field.key.as_str()).collect();
        let shared = manifest.auth.kind == AuthType::None;
        if let Some(key) = secrets.0.keys().find(|key| !shared || !wanted.contains(&key.as_str())) {
            let text = format!("`{key}` is nothing that the server is shown of everybody");
            return Err(Error::new(Code::InvalidInput, text)
                .hint("name it in the manifest's `auth.fields` and `auth.place`"));
        }
        let row = self.store.toolkit(slug)?.unwrap_or_default();
        let before = self.ways(slug, row)?;
        let before = before.iter().find(|way| way.provider() == Provider::Mcp);
        let elsewhere = before.is_some_and(|way| way.place() != Known::place_of(manifest));
        let linked = || {
            let users = self.store.users_connected(slug)?;
            Ok::<_, Error>(users.into_iter().filter(|_| elsewhere).collect::<Vec<_>>())
        };
        // What was entered for one server is not shown to another.
        super::toolkits::nobody(slug, &linked()?)
    }

    /// Asks a server how one logs in there.
    async fn login_at(&self, address: &str, none: Auth) -> Result<Auth> {
        let url = address.parse().map_err(|error| {
            Error::new(Code::InvalidInput, "the server has no valid address").because(error)
        })?;
        if oauth::greets_anybody(&self.http, &url, Trust::Operator).await? {
            return Ok(none);
        }
        let resource = oauth::resource(&self.http, &url, Trust::Operator).await?;
        match resource.server(&self.http).await {
            Ok(_) => Ok(by_oauth(address)),
            Err(error) if error.reason.as_deref() == Some("no_oauth_server") => Ok(bearer()),
            Err(error) => Err(error),
        }
    }

    /// Takes what a server offers to whoever has just logged in: what is new. What has changed waits for the operator.
    ///
    /// Fails with `Unauthorized` and the reason `credential_refused` if it does not take the credential.
    pub(super) async fn meet(
        &self,
        known: &Known,
        (secrets, fields): (&Secrets, &BTreeMap<String, String>),
    ) -> Result<()> {
        let shared;
        let secrets = match known.manifest.auth.kind {
            AuthType::None => {
                shared = self.operator_secrets(known)?;
                &shared
            }
            AuthType::Oauth2 | AuthType::ApiKey | AuthType::Basic | AuthType::Unknown => secrets,
        };
        let now = self.offers(known, (secrets, fields), None).await?;
        let change = compared(known, &now);
        let taken = &known.manifest.tools;
        let new = now.iter().filter(|tool| known.manifest.tool(&tool.slug).is_none());
        let all: Vec<&Tool> = taken.iter().chain(new).collect();
        let seen = (!change.changed.is_empty()).then(|| text(&now)).transpose()?;
        let at = Millis::now();
        self.store.put_tools(known.slug(), known.provider(), (&text(&all)?, seen.as_deref()), at)
    }

    /// Looks at what a server offers now, and takes it if told to.
    pub(super) async fn refresh_toolkit(
        &self,
        scope: &Scope<'_>,
        op: &RefreshToolkit,
    ) -> Result<ToolkitRefreshed> {
        if op.toolkit.as_str() == ITSELF {
            return self.refresh_listed().await;
        }
        let user = scope.user()?;
        let known = self.toolkit_of(user, &op.toolkit, (None, None))?;
        let slug = &op.toolkit;
        if known.provider().is_direct() {
            let text = format!("what `{slug}` offers is written in its manifest");
            return Err(Error::new(Code::InvalidInput, text).hint(format!(
                "run `naive toolkits diff {slug} DOCUMENT` to hold it against a document"
            )));
        }
        let known = known.usable()?;
        if known.provider() == Provider::Composio {
            return self.refresh_offered(&known, op).await;
        }
        let connection = self.login(user, &known, None)?;
        let (secrets, fields) = self.shown_to(&known, connection.as_ref()).await?;
        let now = self.offers(&known, (&secrets, &fields), scope.call.voice.clone()).await?;
        let change = compared(&known, &now);
        // Who meets a server takes what it offers.
        let accepted = (op.accept || known.checked_at.is_none()) && !change.is_none();
        let taken = if accepted { &now } else { &known.manifest.tools };
        let seen = (!accepted && !change.is_none()).then(|| text(&now)).transpose()?;
        let at = Millis::now();
        self.store.put_tools(slug, known.provider(), (&text(taken)?, seen.as_deref()), at)?;
        Ok(refreshed(&known, &change, accepted))
    }

    /// Runs a tool of a server once.
    pub(super) async fn call_server(
        &self,
        link: &Link<'_>,
        input: &Map<String, Value>,
        credential: (&Secrets, &BTreeMap<String, String>),
    ) -> Ended {
        let unsent = |error| Failure { fate: Fate::NotSent, error };
        let kept = self.programs.as_ref().filter(|_| !link.known.manifest.command.is_empty());
        if let Some((kept, session)) = kept.and_then(|kept| Some((kept, kept.running(link)?))) {
            let ended = self.call_through(&session, link, input).await;
            let unsent = |failure: &Failure| failure.fate == Fate::NotSent;
            if ended.as_ref().err().is_none_or(|failure| !unsent(failure)) {
                return ended;
            }
            // It may have ended meanwhile.
            kept.end(link);
        }
        let place = place(link.known, credential).map_err(unsent)?;
        let session = match mcp::open(&self.http, &place, link.voice.clone()).await {
            Ok(session) => Arc::new(session),
            Err(trouble) => return trouble.ended(),
        };
        let ended = self.call_through(&session, link, input).await;
        if let Some(kept) = kept.filter(|_| ended.is_ok()) {
            kept.keep(link, &session);
        } else if let Some(session) = Arc::into_inner(session) {
            session.close().await;
        }
        ended
    }

    async fn call_through(
        &self,
        session: &Session,
        link: &Link<'_>,
        input: &Map<String, Value>,
    ) -> Ended {
        let unsent = |error| Failure { fate: Fate::NotSent, error };
        let known = link.known;
        let now = match session.tools().await {
            Ok(offered) => self.taken_from(known, &offered),
            Err(trouble) => return trouble.before().ended(),
        };
        self.keep_seen(known, &now).map_err(unsent)?;
        check_unchanged(known.slug(), link.tool, &now).map_err(unsent)?;
        let name = link.tool.remote.as_deref().unwrap_or(&link.tool.name);
        session.call(name, input.clone()).await
    }

    /// Remembers what a server offers now, beside what was taken, where it is something else than it was.
    fn keep_seen(&self, known: &Known, now: &[Tool]) -> Result<()> {
        let change = compared(known, now);
        let seen = (!change.is_none()).then(|| text(&now)).transpose()?;
        let ways = self.store.ways(known.slug())?;
        let before = ways.into_iter().find(|(provider, _)| *provider == known.provider());
        if before.is_some_and(|(_, way)| way.seen == seen) {
            return Ok(());
        }
        self.store.put_seen(known.slug(), known.provider(), seen.as_deref(), Millis::now())
    }

    /// Asks a server what it offers.
    async fn offers(
        &self,
        known: &Known,
        credential: (&Secrets, &BTreeMap<String, String>),
        voice: Voice,
    ) -> Result<Vec<Tool>> {
        let place = place(known, credential)?;
        let asked = async {
            let session = mcp::open(&self.http, &place, voice).await?;
            let tools = session.tools().await;
            session.close().await;
            tools
        };
        let offered = asked.await.map_err(|trouble| match trouble {
            Trouble::Failed(failure) => failure.error,
            Trouble::Refused(answer) if answer.status == 401 => {
                let text = format!("`{}` refuses the credential", known.slug());
                Error::new(Code::Unauthorized, text).reason("credential_refused")
            }
            Trouble::Refused(answer) => {
                let text = direct::complaint(&known.manifest, &answer);
                Error::new(Code::ProviderError, text)
            }
        })?;
        Ok(self.taken_from(known, &offered))
    }

    /// Returns what a server offers as tools of the toolkit: those that are known keep their names.
    fn taken_from(&self, known: &Known, offered: &[Offered]) -> Vec<Tool> {
        let Taken { tools, left_out } =
            mcp::taken(known.slug(), offered, &Kept::of(&known.manifest));
        for (name, why) in left_out {
            self.note(format!("`{}` offers `{name}`, which cannot be used: {why}.", known.slug()));
        }
        tools
    }

    /// Returns what a server is shown: a connection's credential, or what the operator gave for everybody.
    pub(super) async fn shown_to(
        &self,
        known: &Known,
        connection: Option<&Connection>,
    ) -> Result<(Secrets, BTreeMap<String, String>)> {
        match connection {
            Some(connection) => {
                let opened = self.credential(known, connection).await?;
                Ok((opened.secrets, self.store.fields(&connection.id)?))
            }
            None => Ok((self.operator_secrets(known)?, BTreeMap::new())),
        }
    }

    /// Returns what the operator gave to be shown to a server of everybody.
    pub(super) fn operator_secrets(&self, known: &Known) -> Result<Secrets> {
        let owner = known.operator_owner();
        match self.store.sealed(&owner)? {
            Some(bytes) => self.opening(&owner, &bytes),
            None => Ok(Secrets::default()),
        }
    }
}

/// Returns where a server is, with the credential where that stands.
fn place(known: &Known, (secrets, fields): (&Secrets, &BTreeMap<String, String>)) -> Result<Place> {
    let toolkit = &known.manifest;
    if toolkit.command.is_empty() {
        let account = Account { toolkit, fields, secrets, trust: known.trust() };
        return direct::base(&account).map(|base| Place::Http(Box::new(base)));
    }
    let places = toolkit.auth.places().filter(|place| place.part == Part::Environment);
    let environment =
        places.map(|place| (place.name.clone(), crate::http::filled(&place.value, secrets)));
    Ok(Place::Command(Local { argv: toolkit.command.clone(), environment: environment.collect() }))
}

/// Tells how what is offered now differs from what was taken.
pub(super) fn refreshed(known: &Known, change: &Difference, accepted: bool) -> ToolkitRefreshed {
    let names = |list: &[Entry]| list.iter().map(|entry| entry.tool.clone()).collect();
    let changed = change.changed.iter();
    ToolkitRefreshed {
        toolkit: known.slug().clone(),
        provider: known.provider(),
        added: names(&change.added),
        removed: names(&change.removed),
        changed: changed
            .map(|entry| ChangedTool { tool: entry.tool.clone(), keys: entry.keys.clone() })
            .collect(),
        unchanged: change.unchanged,
        accepted,
    }
}

/// Returns how what is offered now differs from what was taken.
pub(super) fn compared(known: &Known, now: &[Tool]) -> Difference {
    let now = Manifest { tools: now.to_vec(), ..known.manifest.clone() };
    difference(&known.manifest, &now)
}

/// Fails if a server offers something else now under the name of a tool that was taken.
fn check_unchanged(slug: &Slug, tool: &Tool, now: &[Tool]) -> Result<()> {
    let refused = |text: String, reason: &str| {
        let hint = format!(
            "run `naive toolkits diff {slug}` to see what is different, and with `--accept` to take it"
        );
        Err(Error::new(Code::Forbidden, text).hint(hint).reason(reason))
    };
    match now.iter().find(|one| one.slug == tool.slug) {
        None => refused(format!("`{slug}` no longer offers `{}`", tool.slug), "tool_gone"),
        Some(now) if text(now)? != text(tool)? => {
            refused(format!("`{}` is not what it was when it was taken", tool.slug), "tool_changed")
        }
        Some(_) => Ok(()),
    }
}

/// Returns a value as the store keeps it.
pub(super) fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("what a server offers cannot be written", error))
}
