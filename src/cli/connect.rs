//! `connections connect`, `finish` and `credentials`: what happens between a person, a browser and the
//! engine.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::credentials::{ask_for, check_complete, given, wanted};
use super::device::DeviceLogin;
use super::link::LinkLogin;
use super::loopback::Listener;
use super::output::{Page, note};
use super::wait::{Wait, Way};
use super::{App, arguments, browser, device, pending};
use crate::api::action::{Outcome, written};
use crate::api::connections::{
    Connect, ConnectState, Connected, Connection, Credentials, GetConnection, PendingLogin, Status,
};
use crate::api::error::{Error, Result};
use crate::api::ids::{Label, Slug, UserRef};
use crate::api::kits::Explain;
use crate::api::secrets::Secrets;
use crate::api::toolkits::{AuthType, Availability, CredentialField, GetToolkit};
use crate::callback::parse;
use crate::engine::{Call, Caller, FLOW_LIFE, keys};

/// How this terminal takes part in a login that a browser ends. None of it is part of the action.
#[derive(Debug, Clone, Args)]
pub(crate) struct Browser {
    /// Port of the callback on 127.0.0.1; of several, separated by commas, the first that is free
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub(crate) port: Vec<u16>,
    /// Open no browser: print the link and take the address it ends at
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Print the link and return; `connections finish` ends the login
    #[arg(long, conflicts_with = "timeout")]
    pub(crate) no_wait: bool,
    /// How long to wait for the login: for a link at most 10m, as long as it counts
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = arguments::time)]
    pub(crate) timeout: Duration,
}

impl Browser {
    /// Takes the port that an app sends browsers back to.
    ///
    /// Fails with a usage error if others were chosen: no browser would come there.
    pub(crate) fn prefer(&mut self, port: u16) -> Result<()> {
        if !self.port.is_empty() && self.port != [port] {
            let text = format!("the app sends browsers back to port {port}, and to no other");
            return Err(Error::usage(text).hint("leave `--port` out"));
        }
        self.port = vec![port];
        Ok(())
    }
}

/// How this terminal takes part in any login.
#[derive(Debug, Clone, Args)]
pub(crate) struct Terminal {
    #[command(flatten)]
    pub(crate) browser: Browser,
    /// Credential that is read from stdin, a line each (`api_key=-`); at a terminal it is asked for
    #[arg(long, value_name = "KEY=-")]
    pub(crate) credential: Vec<String>,
}

/// The place that a browser returns to, open from before its login begins.
pub(crate) struct Door {
    way: Result<Way>,
    listener: Option<Listener>,
    browser: bool,
    patience: Duration,
}

impl Door {
    /// Opens it where the login is one that returns; what else there is to know of the terminal is
    /// found out in any case.
    pub(crate) fn open(app: &App<'_>, terminal: &Browser, returns: bool) -> Result<Self> {
        let way = way(app, terminal);
        let returns = returns && (terminal.no_wait || way.is_ok());
        let listener = if returns { Some(Listener::open(&terminal.port)?) } else { None };
        // Whoever says `--no-browser` wants the link; it is where nobody said so that a code comes first.
        let browser = terminal.no_wait || terminal.no_browser || !matches!(way, Ok(Way::Paste));
        Ok(Self { way, listener, browser, patience: terminal.timeout })
    }

    /// Returns what a call carries that begins the login.
    pub(crate) fn call(&self, app: &App<'_>, waits: bool) -> Call {
        let redirect_uri = self.listener.as_ref().map(|listener| listener.redirect_uri().clone());
        Call { redirect_uri, browser: self.browser, waits, ..app.as_caller() }
    }

    /// Fails if nobody could ever open the link of a login.
    pub(crate) fn check(self) -> Result<Self> {
        match self.way {
            Ok(way) => Ok(Self { way: Ok(way), ..self }),
            Err(error) => Err(error),
        }
    }

    /// Waits for the end of a login by link or by code; nothing where it goes by neither.
    pub(crate) async fn ended(
        self,
        app: &App<'_>,
        name: &str,
        started: &ConnectState,
        user: Option<&UserRef>,
    ) -> Result<Option<ConnectState>> {
        if let Some(link) = started.redirect_url.as_ref().filter(|_| started.asked) {
            let opens = matches!(self.way, Ok(Way::Browser));
            let login = LinkLogin::new(app, name, started, user);
            return Box::pin(login.run((link, opens), self.patience)).await.map(Some);
        }
        match (&started.redirect_url, &started.device, self.listener) {
            (_, Some(code), _) => {
                let login = DeviceLogin::new(app, name, started, user);
                Box::pin(login.run(code.clone(), self.patience)).await.map(Some)
            }
            (Some(link), None, Some(listener)) => {
                let wait = Wait::new(app, name, started, link, self.way?);
                let ended = Box::pin(wait.run(listener, self.patience)).await?;
                Ok(Some(ConnectState { user: None, ..ended }))
            }
            _ => Ok(None),
        }
    }
}

/// Connects an app, with whatever its login needs from this terminal.
pub(crate) async fn connect(app: &App<'_>, op: Connect, terminal: Terminal) -> Result<u8> {
    let (browser, no_wait) = (&terminal.browser, terminal.browser.no_wait);
    let about = GetToolkit { provider: op.provider, ..GetToolkit::of(op.toolkit.clone()) };
    let about = app.done(app.as_caller(), about).await?;
    let wanted = wanted(&about, &op.fields);
    let mut entered = given(app, &about, &wanted, &terminal.credential)?;
    check_patience(&op, browser.timeout)?;
    let waits = !no_wait && about.summary.availability != Availability::Disabled;
    let is_oauth = about.summary.auth_type == AuthType::Oauth2;
    if waits && !is_oauth && would_begin(app, &op).await? {
        entered = asked(app, &op, &wanted, entered).await?;
    }
    let door = Door::open(app, browser, is_oauth && !op.device)?;
    let call = door.call(app, waits && is_oauth);
    let (user, label) = (op.user.clone(), Label::flag(op.label.as_ref()));
    let toolkit = op.toolkit.clone();
    let started = match begin(app, &call, op, browser.timeout).await {
        Ok(Outcome::Done(started)) => started,
        Ok(Outcome::Pending(pending)) => {
            let page = unused((app, &toolkit, user.as_ref()), &wanted, &entered);
            return app.held_with("connections.connect", &pending, page);
        }
        Err(error) if error.reason.as_deref() == Some("no_return") => {
            return Err(door.check().err().unwrap_or(error));
        }
        Err(error) => return Err(error),
    };
    let whose = app.user_flag(user.as_ref());
    if started.status == Status::Active || no_wait {
        return left(app, &started, &terminal, (&whose, &label));
    }
    let ended = door.ended(app, &about.summary.name, &started, user.as_ref()).await?;
    let ended = if let Some(ended) = ended {
        ended
    } else {
        let connection = (&started.connected_account_id).into();
        let fields = ask_for(&wanted, entered)?;
        let op = Credentials { connection, user: user.clone(), fields };
        app.done(app.as_caller(), op).await?
    };
    show(app, "connections.connect", &ended, &whose)
}

/// Tells whether a login would begin at once. One that is held asks for its credentials once it was
/// approved, and one that is refused never does.
async fn would_begin(app: &App<'_>, op: &Connect) -> Result<bool> {
    if app.caller == Caller::Human {
        return Ok(true);
    }
    let question = Explain {
        action: "connections.connect".to_owned(),
        user: op.user.clone(),
        toolkit: Some(op.toolkit.clone()),
        tool: None,
        env: None,
        caller: None,
    };
    Ok(app.done(app.as_caller(), question).await?.verdict == "allowed")
}

/// Returns what is told of a login that was held, if it came with credentials: they enter no action.
fn unused(
    (app, toolkit, user): (&App<'_>, &Slug, Option<&UserRef>),
    wanted: &[CredentialField],
    entered: &Secrets,
) -> Page {
    let mut page = Page::default();
    if !entered.0.is_empty() {
        let keys = keys(wanted);
        let command =
            format!("naive connections credentials {toolkit}{}{keys}", app.user_flag(user));
        page.hint(format!(
            "The credential was not used, and is kept nowhere: once it is approved, run `{command}`."
        ));
    }
    page
}

/// Shows a login that there is nothing to do for here: it has ended, or others see to it.
fn left(
    app: &App<'_>,
    started: &ConnectState,
    terminal: &Terminal,
    (user, label): (&str, &str),
) -> Result<u8> {
    if started.status == Status::Active && !terminal.credential.is_empty() {
        note(
            "The connection is active already, so the credential was not used: add `--reconnect` to replace the one it has.",
        )?;
    }
    match joined(started) {
        Some(login) => waits_already(app, started, login, (user, label)),
        None => show(app, "connections.connect", started, user),
    }
}

/// Returns the login of another process that waits in place of one from here.
pub(crate) fn joined(started: &ConnectState) -> Option<&PendingLogin> {
    let is_other = started.redirect_url.is_none() && started.device.is_none();
    started.login.as_ref().filter(|_| is_other)
}

/// Begins a login; a caller who waits, waits instead for the end of one that another process waits for,
/// and then has the engine say whether that was the one that was wanted.
async fn begin(
    app: &App<'_>,
    call: &Call,
    mut op: Connect,
    patience: Duration,
) -> Result<Outcome<ConnectState>> {
    loop {
        let started = match app.ask(call.clone(), op.clone()).await? {
            Outcome::Done(started) => started,
            Outcome::Pending(pending) => return Ok(Outcome::Pending(pending)),
        };
        let Some(login) = joined(&started).filter(|_| call.waits) else {
            return Ok(Outcome::Done(started));
        };
        if pending::join(app, &started, login, patience).await? {
            op.reconnect = false;
        }
    }
}

/// Fails with a usage error if somebody would wait longer than a link counts.
pub(crate) fn check_patience(op: &Connect, patience: Duration) -> Result<()> {
    if op.device || patience <= FLOW_LIFE {
        return Ok(());
    }
    let most = FLOW_LIFE.as_secs() / 60;
    Err(Error::usage(format!("a link counts for {most} minutes, so nobody waits longer"))
        .hint(format!("choose a `--timeout` of at most {most}m")))
}

/// Asks for the credentials that are missing, unless the connection is active and they would be in vain.
///
/// Before anything waits for them: whoever breaks off here has begun nothing.
async fn asked(
    app: &App<'_>,
    op: &Connect,
    wanted: &[CredentialField],
    entered: Secrets,
) -> Result<Secrets> {
    check_complete(app, wanted, &entered, "--credential")?;
    if wanted.iter().all(|field| entered.0.contains_key(&field.key)) {
        return Ok(entered);
    }
    let all = app.done(app.as_caller(), Connected { user: op.user.clone(), all: false }).await?;
    let same = |one: &Connection| {
        one.status == Status::Active && one.toolkit == op.toolkit && one.label == op.label
    };
    if !op.reconnect && all.connections.iter().any(same) {
        return Ok(entered);
    }
    ask_for(wanted, entered)
}

/// Ends a login with the address its browser ended at.
pub(crate) async fn finish(app: &App<'_>, url: &str) -> Result<u8> {
    let text = if url == "-" { arguments::stdin()? } else { url.to_owned() };
    let ended = app.done(app.as_caller(), parse(&text)?).await?;
    let user = ended.user.as_deref().and_then(|user| user.parse().ok());
    show(app, "connections.finish", &ended, &app.user_flag(user.as_ref()))
}

/// Enters the credentials of a connection that waits for them.
pub(crate) async fn credentials(
    app: &App<'_>,
    mut op: Credentials,
    stdin: &[String],
) -> Result<u8> {
    let connection = GetConnection { connection: op.connection.clone(), user: op.user.clone() };
    let connection = app.done(app.as_caller(), connection).await?;
    let user = app.user_flag(op.user.as_ref());
    let about = GetToolkit::of(connection.toolkit);
    let about = app.done(app.as_caller(), about).await?;
    let entered = given(app, &about, &about.credential_fields, stdin)?;
    // What is no secret was given when the login began; the engine tells if it was not.
    let (secret, _): (Vec<_>, Vec<_>) =
        about.credential_fields.into_iter().partition(|field| field.secret);
    let command = format!("naive connections credentials {}{user}", connection.id);
    check_complete(app, &secret, &entered, &command)?;
    op.fields = ask_for(&secret, entered)?;
    let ended = app.done(app.as_caller(), op).await?;
    show(app, "connections.credentials", &ended, &user)
}

/// Shows how a login stands, and what comes next.
pub(crate) fn show(app: &App<'_>, action: &str, ended: &ConnectState, user: &str) -> Result<u8> {
    let mut page = Page::default();
    let (toolkit, code) = (&ended.toolkit, ended.device.as_ref());
    page.fields(&[
        ("status", Some(ended.status.as_str().to_owned())),
        ("toolkit", Some(toolkit.to_string())),
        ("account", ended.account.clone()),
        ("connection", Some(ended.connected_account_id.to_string())),
        ("link", ended.redirect_url.as_ref().map(Url::to_string)),
        ("address", code.map(|code| code.verification_uri.to_string())),
        ("code", code.map(|code| code.user_code.clone())),
        ("until", code.map(|code| code.expires_at.plain())),
    ]);
    if let Some(code) = code {
        page.hint(device::warning(code));
    }
    let id = &ended.connected_account_id;
    match (ended.status, keys(&ended.credential_fields).as_str()) {
        (Status::Active, _) if *toolkit == Slug::brokerage() => {
            page.next(format!("naive trading account{user}"), "see the account");
        }
        (Status::Active, _) => {
            page.next(format!("naive connections tools {toolkit}{user}"), "see what it can do");
        }
        (_, "") if ended.asked => {
            let command = format!("naive connections poll {id}{user}");
            page.next(command, "see whether the login has ended");
        }
        (_, "") if code.is_some() => {
            let command = format!("naive connections poll {id}{user}");
            page.next(command, "see whether the code was entered");
        }
        (_, "") => {
            let command = "naive connections finish '<the address the browser ended at>'";
            page.next(command, "end the login");
        }
        (_, secrets) => {
            let command = format!("naive connections credentials {id}{user}{secrets}");
            page.next(command, "enter them, a line of stdin each");
        }
    }
    let result = written(ended)?;
    app.output.reply(action, result, page)
}

/// Shows the login of another process, which a connect that does not wait has left as it is.
fn waits_already(
    app: &App<'_>,
    ended: &ConnectState,
    login: &PendingLogin,
    (user, label): (&str, &str),
) -> Result<u8> {
    let (toolkit, id) = (&ended.toolkit, &ended.connected_account_id);
    let mut page = Page::default();
    page.fields(&[
        ("status", Some(ended.status.as_str().to_owned())),
        ("toolkit", Some(toolkit.to_string())),
        ("connection", Some(id.to_string())),
    ]);
    page.hint(format!(
        "A login for this account waits already: since {}, until {} (UTC). Its link counts, and no new one was made.",
        login.since.plain(),
        login.until.plain()
    ));
    page.next(format!("naive connections wait {id}{user}"), "wait for its end");
    page.next(
        format!("naive connections connect {toolkit}{user}{label} --restart --no-wait"),
        "make a new link; the other login ends",
    );
    let result = written(ended)?;
    app.output.reply("connections.connect", result, page)
}

/// Chooses how the link is opened; fails at once where nobody could ever open it.
fn way(app: &App<'_>, terminal: &Browser) -> Result<Way> {
    let settings = &app.settings;
    if !terminal.no_browser && browser::is_there(settings) {
        return Ok(Way::Browser);
    }
    Way::without_browser(settings, !terminal.no_browser)
}
