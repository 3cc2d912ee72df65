//! Which account a command is about: as it is told to people, and as the commands repeat it that come next.

use dialoguer::Confirm;

use crate::api::error::{Error, Result};
use crate::api::ids::UserRef;
use crate::api::trading::account::{BrokerConnection, BrokerStatus, ListBrokers};
use crate::api::trading::words::BrokerEnv;
use crate::cli::{App, REPLY_UNKNOWN};
use crate::engine::Caller;
use crate::settings::Profile;

/// The account of one command.
#[derive(Debug, Clone, Default)]
pub(super) struct Whose {
    /// Paper or live, where that is clear
    pub(super) env: Option<BrokerEnv>,
    /// The flags that mean the same account in another command
    pub(super) flags: String,
    /// What people are told: never take one world for another
    pub(super) place: String,
}

impl Whose {
    /// Finds out which account is meant: the one that is named, or else the only one that was ever let in.
    pub(super) async fn of(
        app: &App<'_>,
        named: Option<BrokerEnv>,
        user: Option<&UserRef>,
    ) -> Result<Self> {
        let goes_on = |one: &BrokerConnection| one.connected || one.status == BrokerStatus::Expired;
        let links: Vec<_> = links(app, user).await?.into_iter().filter(goes_on).collect();
        let only = if let [one] = links.as_slice() { Some(one.env) } else { None };
        let env = named.or(only);
        let flag = env.filter(|_| links.len() > 1).map(|env| format!(" --env {env}"));
        let flags = flag.unwrap_or_default() + &app.user_flag(user);
        let place = match (env, app.settings.profile) {
            (None, _) => String::new(),
            (Some(env), Profile::Sandbox) => format!("{env} (sandbox)"),
            (Some(BrokerEnv::Paper), Profile::Local | Profile::Cloud) => "paper".to_owned(),
            (Some(BrokerEnv::Live), Profile::Local | Profile::Cloud) => {
                "LIVE, real money".to_owned()
            }
        };
        Ok(Self { env, flags, place })
    }

    /// Tells whether the account of an env is linked and can be traded through.
    pub(super) async fn linked(app: &App<'_>, env: BrokerEnv, user: Option<&UserRef>) -> bool {
        let links = links(app, user).await;
        links.is_ok_and(|links| links.iter().any(|one| one.env == env && one.connected))
    }

    /// Asks whoever is at the terminal whether real money is meant.
    ///
    /// Nobody else is asked: a script has said so with what it is allowed.
    pub(super) fn confirm(&self, app: &App<'_>, what: &str, yes: bool) -> Result<()> {
        let asks = self.env == Some(BrokerEnv::Live)
            && app.caller == Caller::Human
            && app.settings.terminals.person;
        if !asks || yes {
            return Ok(());
        }
        let question = format!("{what} with real money?");
        match Confirm::new().with_prompt(question).default(false).interact() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::usage("you said no, so nothing was placed")),
            Err(_) => Err(Error::interrupted()),
        }
    }
}

/// Returns the brokerage accounts of a user, however they stand.
async fn links(app: &App<'_>, user: Option<&UserRef>) -> Result<Vec<BrokerConnection>> {
    match app.done(app.as_caller(), ListBrokers { user: user.cloned() }).await {
        Ok(reply) => Ok(reply.connections),
        // An API that says less of them has the last word on which account is meant.
        Err(error) if error.reason.as_deref() == Some(REPLY_UNKNOWN) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
