//! `naive login` and `logout`: the key to an API elsewhere, kept sealed on this machine.

use clap::Args;
use dialoguer::Password;
use secrecy::SecretString;
use serde_json::json;

use super::output::Page;
use super::{App, arguments};
use crate::api::error::{Error, Result};
use crate::api::ids::quoted;
use crate::remote::Remote;
use crate::settings::{BASE_URL_KEY, Profile};

/// Keep the key to a Naive API on this machine, sealed; calls of the cloud profile carry it from then on
///
/// The API is asked first whose key it is. A key is kept for the address it was given for (`--base-url`,
/// `NAIVE_BASE_URL`, `profiles.cloud.base_url`) and is sent nowhere else; each address may have one.
/// `NAIVE_API_KEY` outranks it. No API offers a login in the browser yet: make a key there, and give it here.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The key, read from stdin (`-`); at a terminal it is asked for
    #[arg(long, value_name = "-")]
    key: Option<String>,
}

/// Returns the API elsewhere; only the cloud profile comes here.
pub(super) fn remote<'a>(app: &'a App<'_>) -> Result<&'a Remote> {
    let none = || Error::usage("this works with the cloud profile").hint("add `--profile cloud`");
    app.backend.remote().ok_or_else(none)
}

/// Checks a key, and keeps it.
pub(super) async fn login(app: &App<'_>, op: Login) -> Result<u8> {
    let remote = remote(app)?;
    let key = entered(app, op.key.as_deref())?;
    let who = remote.whose(&key).await?;
    remote.log_in(&key)?;
    app.tell_notes()?;
    let said = |name: &str| who.get(name).and_then(|said| said.as_str()).map(str::to_owned);
    let mut page = Page::default();
    page.fields(&[
        ("API", Some(remote.base().to_owned())),
        ("key", said("agent_name")),
        ("workspace", said("company_name")),
    ]);
    if app.settings.api_key.is_some() {
        page.hint("`NAIVE_API_KEY` is set and outranks this key.");
    }
    if app.settings.config.default_profile != Some(Profile::Cloud) {
        page.next("naive config set default_profile cloud", "use this API where nothing is said");
    }
    if app.settings.api_url.as_ref().is_some_and(|named| named.by != BASE_URL_KEY) {
        let command = format!("naive config set {BASE_URL_KEY} {}", quoted(remote.base()));
        page.next(command, "keep its address");
    }
    let result = json!({ "base_url": remote.base(), "identity": who });
    app.output.reply("login", result, page)
}

fn entered(app: &App<'_>, given: Option<&str>) -> Result<SecretString> {
    if let Some(given) = given {
        return arguments::secret("--key", given);
    }
    if !app.settings.terminals.person {
        return Err(Error::usage("there is no key, and no terminal to ask for it at")
            .hint("give it on stdin with `naive login --key -`"));
    }
    let answer = Password::new().with_prompt("Key").interact();
    let answer = answer.map_err(|dialoguer::Error::IO(error)| {
        let left = error.kind() == std::io::ErrorKind::Interrupted;
        if left { Error::interrupted() } else { Error::usage("no key was entered").because(error) }
    })?;
    match answer.trim() {
        "" => Err(Error::usage("no key was entered")),
        key => Ok(SecretString::from(key)),
    }
}

/// Forgets the key for this address.
pub(super) fn logout(app: &App<'_>) -> Result<u8> {
    let remote = remote(app)?;
    let was_there = remote.log_out()?;
    let mut page = Page::default();
    if was_there {
        page.text(format!("The key to {} is forgotten here.", remote.base()));
        page.hint("The key itself stays good until it is revoked there.");
    } else {
        page.text(format!("There was no key to {} here.", remote.base()));
    }
    if app.settings.api_key.is_some() {
        page.hint("`NAIVE_API_KEY` is set, and calls carry it.");
    }
    let result = json!({ "base_url": remote.base(), "logged_out": was_there });
    app.output.reply("logout", result, page)
}
