//! Handing a connection over to another machine: sealed for it alone, opened there, used there at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::credential::Claim;
use super::known::Known;
use super::login::state;
use super::{Engine, Scope, connection_owner, user_flag};
use crate::api::connections::{ConnectState, Connection, Status};
use crate::api::error::{Code, Error, Result};
use crate::api::ids::{Label, Slug, connect_command, quoted};
use crate::api::logins::{ExportConnection, Exported, ImportConnection};
use crate::api::secrets::Secrets;
use crate::api::time::Millis;
use crate::api::toolkits::{AuthType, Origin, Provider};
use crate::api::workspace::User;
use crate::oauth;
use crate::store::{Begun, Grant, NewFlow};
use crate::vault::handover::{KeyPair, PublicKey};

/// Owner under which this store's key pair is sealed.
const PAIR: &str = "handover";

/// What a block says of a connection, beside its credential. A released field stays as it is.
#[derive(Debug, Serialize, Deserialize)]
struct Parcel {
    toolkit: Slug,
    /// What reaches the app
    #[serde(default)]
    provider: Provider,
    /// Where the app's API is, so that the credential is sent nowhere else
    base_url: String,
    /// Whether the app is the sandbox's
    sandbox: bool,
    /// OAuth client the tokens were given to
    client_id: Option<String>,
    scopes: Vec<String>,
    fields: BTreeMap<String, String>,
    account: Option<String>,
    label: Option<Label>,
}

impl Engine {
    /// Returns the public key to which other machines export for this store; made at the first need.
    pub(crate) fn public_key(&self) -> Result<String> {
        Ok(self.key_pair()?.public().to_string())
    }

    fn key_pair(&self) -> Result<KeyPair> {
        if self.store.sealed(PAIR)?.is_none() {
            let fresh = KeyPair::fresh();
            // If another process was faster, its pair counts.
            self.sealing(PAIR, &fresh.secrets(), |bytes| self.store.put_first_sealed(PAIR, bytes))?;
        }
        let bytes = self
            .store
            .sealed(PAIR)?
            .ok_or_else(|| Error::new(Code::InternalError, "the key pair of this store is gone"))?;
        KeyPair::of(&self.opening(PAIR, &bytes)?)
    }

    /// Seals a connection for another machine; the app learns nothing of it.
    pub(super) fn export_connection(
        &self,
        scope: &Scope<'_>,
        op: &ExportConnection,
    ) -> Result<Exported> {
        let to: PublicKey = op.to.parse()?;
        let connection = self.get_connection(scope, &op.connection)?;
        let known = self.toolkit_behind(&connection)?;
        // A move that is repeated: the block before was perhaps lost, the credential is not.
        let again = op.moves && connection.status == Status::Inactive;
        if connection.status != Status::Active && !again {
            let word = connection.status.as_str().to_lowercase();
            let (user, label) = (user_flag(scope.user()?), connection.label.as_ref());
            let command = connect_command(&connection.toolkit, &user, label);
            let text = format!("the connection is {word}, so there is nothing to hand over");
            return Err(Error::new(Code::InvalidInput, text)
                .hint(format!("run `{command}` first"))
                .reason("not_connected"));
        }
        let Some(_claim) = Claim::take(&self.store, &connection.id)? else {
            let text = "the credential is being refreshed at this moment";
            return Err(Error::new(Code::InvalidInput, text).hint("run the command again"));
        };
        self.seal_connection(&known, &connection, &to, op.moves)
    }

    fn seal_connection(
        &self,
        known: &Known,
        connection: &Connection,
        to: &PublicKey,
        moves: bool,
    ) -> Result<Exported> {
        let owner = connection_owner(&connection.id);
        let bytes =
            self.store.sealed(&owner)?.filter(|_| known.manifest.auth.kind != AuthType::None);
        let bytes = bytes.ok_or_else(|| {
            let text = format!("`{}` has no credential to hand over", known.slug());
            Error::new(Code::InvalidInput, text).hint("connect it on the other machine")
        })?;
        let secrets = self.opening(&owner, &bytes)?;
        let parcel = Parcel {
            toolkit: known.slug().clone(),
            provider: known.provider(),
            base_url: known.manifest.base_url.clone(),
            sandbox: known.simulated,
            client_id: client_id(known, Some(&secrets)),
            scopes: connection.scopes.clone(),
            fields: self.store.fields(&connection.id)?,
            account: connection.account.clone(),
            label: connection.label.clone(),
        };
        let about = serde_json::to_string(&parcel)
            .map_err(|error| Error::internal("a connection cannot be written", error))?;
        let block = to.seal(&about, &secrets)?;
        if moves {
            // Nobody knows yet whether the block arrives anywhere, so the credential stays.
            self.store.deactivate(&connection.id, Millis::now())?;
        }
        Ok(Exported {
            toolkit: connection.toolkit.clone(),
            connected_account_id: connection.id.clone(),
            status: if moves { Status::Inactive } else { connection.status },
            moved: moves,
            rotates: oauth::can_refresh(&secrets),
            block,
        })
    }

    /// Opens a block that was sealed for this store, and takes the connection over.
    ///
    /// Everything that can be wrong is found before anything is changed.
    pub(super) fn import_connection(
        &self,
        scope: &Scope<'_>,
        op: &ImportConnection,
    ) -> Result<ConnectState> {
        let (about, secrets) = self.key_pair()?.open(&op.block)?;
        let parcel: Parcel = serde_json::from_str(&about).map_err(|error| {
            let text = "the block says of its connection what this `naive` does not know";
            Error::new(Code::InvalidInput, text)
                .hint("install the newer `naive` here too")
                .reason("block_newer")
                .because(error)
        })?;
        let user = scope.user()?;
        // A scope ends one import, so its cell is empty.
        let _ = scope.found.set((user.id.clone(), parcel.toolkit.to_string()));
        let known = self.toolkit_by(&parcel.toolkit, Some(parcel.provider))?;
        same_app(&known, &parcel)?;
        // A client that a document describes is the same everywhere.
        if !oauth::bound(&secrets).is_some_and(|bound| bound.document) {
            same_client(&known, &parcel)?;
        }
        let known = known.usable()?;
        let label = op.label.as_ref().or(parcel.label.as_ref());
        let slug = known.slug();
        let all = self.store.connections(&user.id, Some(slug))?;
        if all.iter().any(|one| one.status == Status::Active && one.label.as_ref() == label) {
            return Err(already_connected(user, slug, label));
        }
        if known.simulated {
            self.note(
                "Each home has a sandbox of its own, which takes no credential of another's: if the first call is refused, connect here instead.".to_owned(),
            );
        }
        self.take_over(
            user,
            &NewFlow {
                user: &user.id,
                toolkit: slug,
                provider: known.provider(),
                label,
                fields: &parcel.fields,
                scopes: &parcel.scopes,
                reconnect: false,
                restart: false,
                waits: false,
            },
            &parcel,
            &secrets,
        )
    }

    fn take_over(
        &self,
        user: &User,
        new: &NewFlow<'_>,
        parcel: &Parcel,
        secrets: &Secrets,
    ) -> Result<ConnectState> {
        // Before a row is made: without its key it could not be ended.
        self.cipher()?;
        let Begun { id, began: true, .. } = self.store.begin(new, None, Millis::now())? else {
            return Err(already_connected(user, new.toolkit, new.label));
        };
        let owner = connection_owner(&id);
        let active = self.sealing(&owner, secrets, |sealed| {
            let (owner, account) = (owner.as_str(), parcel.account.as_deref());
            let client = parcel.client_id.as_deref();
            let grant = Grant { owner, sealed, account, scopes: &parcel.scopes, client };
            self.store.activate(&id, &grant, Millis::now())
        })?;
        match active {
            Some(active) => Ok(state(&active, None)),
            None => Err(self.gone(&id)?),
        }
    }
}

fn already_connected(user: &User, slug: &Slug, label: Option<&Label>) -> Error {
    let text = format!("`{}` is connected to `{slug}` already", user.handle());
    let hint = match label {
        Some(label) => format!("give it another name than `{label}` with `--label`"),
        None => "give it a name of its own with `--label`".to_owned(),
    };
    Error::new(Code::InvalidInput, text).hint(hint).reason("already_connected")
}

/// Returns the client that tokens are bound to, or that new ones would be; the sandbox binds none.
fn client_id(known: &Known, sealed: Option<&Secrets>) -> Option<String> {
    let bound = known.manifest.auth.kind == AuthType::Oauth2 && !known.simulated;
    let own = sealed.and_then(oauth::client_id).or(known.any_client_id());
    own.filter(|_| bound).map(str::to_owned)
}

/// Fails if the toolkit of that name is another app here, so that its credential goes nowhere else.
fn same_app(known: &Known, parcel: &Parcel) -> Result<()> {
    let slug = known.slug();
    let other = |text: String| Error::new(Code::InvalidInput, text).reason("other_toolkit");
    if known.simulated != parcel.sandbox {
        let (from, here) =
            if parcel.sandbox { ("the sandbox", "real") } else { ("a real app", "simulated") };
        let text = format!("the connection is one to {from}, and the apps here are {here}");
        return Err(other(text).hint("choose the profile with `--profile`"));
    }
    if !parcel.sandbox && known.manifest.base_url != parcel.base_url {
        let text = format!("`{slug}` is another app here: its address is not the one over there");
        let hint = match known.origin {
            Origin::Added => "add the same manifest on both machines",
            Origin::Builtin | Origin::Catalog | Origin::Listed => {
                "install the same `naive` on both machines"
            }
        };
        return Err(other(text).hint(hint));
    }
    Ok(())
}

/// Fails if the OAuth client is another here: tokens work for the client they were given to alone.
fn same_client(known: &Known, parcel: &Parcel) -> Result<()> {
    let slug = known.slug();
    let (there, here) = (parcel.client_id.as_deref(), client_id(known, None));
    if there == here.as_deref() {
        return Ok(());
    }
    let there = quoted(there.unwrap_or_default());
    let here = here.map_or("none".to_owned(), |here| format!("`{here}`"));
    let text =
        format!("the tokens belong to the OAuth client `{there}`; `{slug}` uses {here} here");
    let command = format!("naive toolkits configure {slug} --client-id={there}");
    Err(Error::new(Code::NotConfigured, text)
        .hint(format!(
            "run `{command}`, with `--client-secret -` if it has a secret; then import again"
        ))
        .reason("other_client"))
}
