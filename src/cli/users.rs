//! `naive users`, `use` and `whoami`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{Page, word};
use super::{App, remote};
use crate::api::action::Outcome;
use crate::api::error::Result;
use crate::api::ids::{UserRef, quoted};
use crate::api::time::Millis;
use crate::api::workspace::{
    CreateUser, DeleteUser, GetUser, ListUsers, UpdateUser, User, UserStatus, Users,
};
use crate::settings;

/// The tenant users that agents act for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a tenant user
    Create {
        /// Short for `--external-id`
        #[arg(conflicts_with = "external_id")]
        name: Option<UserRef>,
        #[command(flatten)]
        op: CreateUser,
    },
    /// List the tenant users
    List(ListUsers),
    /// Show a tenant user
    Get(GetUser),
    /// Change a tenant user
    Update(UpdateUser),
    /// Suspend a tenant user; its connections stay, nothing acts for it
    Delete(DeleteUser),
}

/// Choose the user that commands act for where they do not say.
#[derive(Debug, Args)]
pub(crate) struct Use {
    /// Id, external id, or `default`
    #[arg(required_unless_present = "clear")]
    user: Option<UserRef>,
    /// Go back to `default`
    #[arg(long, conflicts_with = "user")]
    clear: bool,
}

impl Command {
    /// Returns the action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "users.create",
            Self::List(_) => "users.list",
            Self::Get(_) => "users.get",
            Self::Update(_) => "users.update",
            Self::Delete(_) => "users.delete",
        }
    }
}

/// Runs a command.
pub(crate) async fn run(app: &App<'_>, command: Command) -> Result<u8> {
    match command {
        Command::Create { name, mut op } => {
            op.external_id = op.external_id.or(name);
            app.show(op, |user, page| {
                one(user, page);
                let handle = quoted(user.handle());
                page.next(
                    format!("naive connections list --user {handle}"),
                    "see what it can connect",
                );
            })
            .await
        }
        Command::List(op) => app.show(op, table).await,
        Command::Get(op) => app.show(op, one).await,
        Command::Update(op) => app.show(op, one).await,
        Command::Delete(op) => {
            app.show(op, |user, page| {
                one(user, page);
                let back = format!("naive users update {} --status active", quoted(user.handle()));
                page.next(back, "bring it back");
            })
            .await
        }
    }
}

/// Sets or clears the active user of this profile.
pub(crate) async fn choose(app: &App<'_>, command: Use) -> Result<u8> {
    let key = format!("profiles.{}.user", app.settings.profile.as_str());
    let mut page = Page::default();
    let (user, handle) = match command.user {
        Some(user) => found(app, user).await?,
        None => (None, None),
    };
    settings::set(&app.settings.config_path, &key, handle.as_deref())?;
    let name = handle.unwrap_or_else(|| "default".to_owned());
    page.text(format!("Commands act for {name} where they do not say."));
    if let Some(user) = user.filter(|user| user.status == UserStatus::Suspended) {
        let handle = quoted(user.handle());
        page.hint("This user is suspended: nothing acts for it.");
        page.next(format!("naive users update {handle} --status active"), "bring it back");
    }
    if app.settings.user_source == settings::UserSource::Environment {
        page.hint("`NAIVE_ACTIVE_USER_ID` is set and outranks this.");
    }
    app.output.reply("use", json!({ "user": name }), page)
}

/// Returns a user that somebody named, and what commands call it. An API elsewhere may say less of it.
async fn found(app: &App<'_>, name: UserRef) -> Result<(Option<User>, Option<String>)> {
    let op = GetUser { user: name.clone() };
    if app.backend.remote().is_none() {
        let user = app.done(app.as_caller(), op).await?;
        let handle = user.handle().to_owned();
        return Ok((Some(user), Some(handle)));
    }
    let Outcome::Done(reply) = app.call(app.as_caller(), op.into()).await? else {
        return Ok((None, Some(name.to_string())));
    };
    let user = serde_json::from_value::<User>(reply).ok();
    let handle = user.as_ref().map_or_else(|| name.to_string(), |user| user.handle().to_owned());
    Ok((user, Some(handle)))
}

/// Shows who is calling, for whom, on what store, with which key.
pub(crate) async fn whoami(app: &App<'_>) -> Result<u8> {
    if let Some(there) = app.backend.remote() {
        return remote::whoami(app, there).await;
    }
    let settings = &app.settings;
    let user = GetUser { user: app.user() };
    let user = app.done(app.as_caller(), user).await?;
    let engine = app.backend.engine()?;
    let sealing = engine.store().key()?;
    let sealing = sealing.map_or("not made yet", |key| key.source.as_str());
    let store = settings.dir.join("naive.db").display().to_string();
    let key = engine.key_of(&app.caller)?;
    let caller = if key.is_some() { "key" } else { "human" };
    let held =
        key.as_ref().map(|key| format!("{} ({}, {})", key.name, word(&key.role), key.key_id));
    let sealed = key.as_ref().is_some_and(|key| key.tenant_user_id.is_some());
    let mut page = Page::default();
    page.fields(&[
        ("profile", Some(settings.profile.as_str().to_owned())),
        ("backend", Some("local".to_owned())),
        ("store", Some(store.clone())),
        ("caller", Some(caller.to_owned())),
        ("active user", Some(user.handle().to_owned())),
        ("API key", Some(held.unwrap_or_else(|| "none".to_owned()))),
        ("sealed to", sealed.then(|| user.handle().to_owned())),
        ("key expires", key.as_ref().and_then(|key| key.expires_at).map(Millis::plain)),
        ("encryption key", Some(sealing.to_owned())),
    ]);
    let result = json!({
        "profile": settings.profile,
        "backend": "local",
        "store": store,
        "caller": caller,
        "activeUser": user,
        "activeUserSource": app.user_source(),
        "apiKey": key,
        "encryptionKey": sealing,
    });
    app.output.reply("whoami", result, page)
}

/// Shows a user.
pub(super) fn one(user: &User, page: &mut Page) {
    page.fields(&[
        ("id", Some(user.id.clone())),
        ("external id", user.external_id.clone()),
        ("email", user.email.clone()),
        ("label", user.label.clone()),
        ("status", Some(word(&user.status))),
        ("account kit", Some(user.account_kit.clone())),
        ("default", user.is_default.then(|| "yes".to_owned())),
        ("created", Some(user.created_at.plain())),
        ("last active", user.last_active_at.map(Millis::plain)),
    ]);
}

fn table(reply: &Users, page: &mut Page) {
    let rows = reply.users.iter().map(|user| {
        vec![
            user.handle().to_owned(),
            word(&user.status),
            user.account_kit.clone(),
            user.label.clone().unwrap_or_default(),
            user.email.clone().unwrap_or_default(),
            user.id.clone(),
        ]
    });
    page.table(&["user", "status", "account kit", "label", "email", "id"], rows.collect());
}
