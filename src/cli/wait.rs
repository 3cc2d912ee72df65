//! Waiting for an OAuth login: a browser, a paste or the sandbox's own consent, whichever ends it.

use std::io::{self, BufRead as _};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::loopback::{Arrival, Listener};
use super::output::note;
use super::signals::Signals;
use super::{App, browser};
use crate::api::connections::{ConnectState, Finish};
use crate::api::error::{Code, Error, Result};
use crate::callback::{Answer, onward, parse};
use crate::engine::Awaited;
use crate::engine::replaced;
use crate::http::{Http, Request, Trust};
use crate::oauth;
use crate::settings::{Profile, Settings};

/// How long to wait before looking again how a login stands.
pub(super) const GLANCE: Duration = Duration::from_millis(200);

/// What a spinner says while a login is waited for.
pub(super) const LOGIN: &str = "waiting for the login";

/// How the person and the link come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A browser opens
    Browser,
    /// The person opens it somewhere, and pastes where it ended
    Paste,
    /// Nobody is there, and the sandbox consents by itself
    Consent,
}

impl Way {
    /// Returns the way that is left without a browser; fails at once where there is none.
    pub(crate) fn without_browser(settings: &Settings, may_consent: bool) -> Result<Self> {
        if settings.terminals.person {
            return Ok(Self::Paste);
        }
        if settings.profile == Profile::Sandbox && may_consent {
            return Ok(Self::Consent);
        }
        let text = "no browser can be opened here, and there is no terminal to paste an address at";
        Err(Error::usage(text).hint(
            "get the link with `--no-wait` and end it with `naive connections finish <address>`, or set `BROWSER`",
        ))
    }
}

/// One login that is waited for.
pub(crate) struct Wait<'a> {
    app: &'a App<'a>,
    name: &'a str,
    started: &'a ConnectState,
    link: &'a Url,
    way: Way,
}

impl<'a> Wait<'a> {
    /// Waits for the login that was started to the app called `name`, behind `link`.
    pub(crate) fn new(
        app: &'a App<'a>,
        name: &'a str,
        started: &'a ConnectState,
        link: &'a Url,
        way: Way,
    ) -> Self {
        Self { app, name, started, link, way }
    }

    /// Returns how the login ended; until then, callbacks that are not its own change nothing.
    pub(crate) async fn run(
        &self,
        mut listener: Listener,
        patience: Duration,
    ) -> Result<ConnectState> {
        let mut signals = Signals::listen()?;
        let (paste, mut pasted) = mpsc::unbounded_channel();
        let opened = self.begin(self.way, &paste)?;
        let (app, started) = (self.app, self.started);
        let ends = (&mut listener, &mut pasted);
        let login = self.login(ends, opened, &paste);
        let ended = match raced(app, started, patience, pin!(login), &mut signals).await {
            Ok(ended) => ended,
            Err((why, error)) => Err(self.given_up(why, error).await),
        };
        listener.dismiss();
        ended
    }

    /// Takes callbacks, pasted addresses and browsers that failed, until one of them ends the login.
    async fn login(
        &self,
        (listener, pasted): (&mut Listener, &mut mpsc::UnboundedReceiver<String>),
        mut opened: Option<oneshot::Receiver<()>>,
        paste: &mpsc::UnboundedSender<String>,
    ) -> Result<ConnectState> {
        let spinner = spinner(self.app, LOGIN, self.way == Way::Paste);
        loop {
            let ended = tokio::select! {
                Some(arrival) = listener.arrival() => self.received(arrival).await,
                Some(line) = pasted.recv() => self.entered(&line).await?,
                () = failure(&mut opened) => {
                    // From here on the person types.
                    spinner.finish_and_clear();
                    match self.begin_again(paste) {
                        Ok(()) => None,
                        Err(error) => Some(Err(self.given_up("cancelled", error).await)),
                    }
                }
            };
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    /// Starts on a way; returns the signal of a browser that failed, if one was started.
    fn begin(
        &self,
        way: Way,
        paste: &mpsc::UnboundedSender<String>,
    ) -> Result<Option<oneshot::Receiver<()>>> {
        let (name, link) = (self.name, self.link);
        match way {
            Way::Browser => match browser::open(&self.app.settings, link) {
                Ok(signal) => {
                    note(&format!(
                        "Opening the browser to connect {name}. If it does not open, use this link:\n\n  {link}\n"
                    ))?;
                    Ok(Some(signal))
                }
                Err(error) => {
                    note(&format!("The browser did not open: {error}."))?;
                    self.begin(Way::without_browser(&self.app.settings, true)?, paste)
                }
            },
            Way::Paste => {
                let enter = match self.app.settings.profile {
                    Profile::Sandbox => "\nOr press Enter, and the sandbox consents by itself.",
                    Profile::Local | Profile::Cloud => "",
                };
                note(&format!(
                    "Open this link in any browser to connect {name}:\n\n  {link}\n\nThen paste the address the browser ends at, even if that page does not load.{enter}"
                ))?;
                read_lines(paste.clone());
                Ok(None)
            }
            Way::Consent => {
                note(
                    "Nobody is at a terminal and no browser can be opened, so the sandbox consents by itself.",
                )?;
                self.consent();
                Ok(None)
            }
        }
    }

    /// Goes on without the browser that turned out not to open.
    fn begin_again(&self, paste: &mpsc::UnboundedSender<String>) -> Result<()> {
        let way = Way::without_browser(&self.app.settings, true)?;
        note("The browser did not open.")?;
        self.begin(way, paste).map(drop)
    }

    /// Lets the sandbox consent: it redirects to the listener, as it would a browser.
    fn consent(&self) {
        consent(self.link.clone());
    }

    /// Ends the login with a callback, and shows the browser how it ended. `None`: not ours, go on.
    async fn received(&self, arrival: Arrival) -> Option<Result<ConnectState>> {
        let ended = self.app.done(self.app.as_caller(), arrival.finish.clone()).await;
        match &ended {
            Ok(state) => match onward(state) {
                Some(url) => arrival.go_on(&url),
                None => arrival.answer(&Answer::Connected(self.name, state.account.as_deref())),
            },
            Err(error) => match error.reason.as_deref() {
                Some("state_unknown") if self.is_ours(&arrival.finish) => {
                    let error = replaced();
                    arrival.answer(&Answer::Failed(&error.message));
                    return Some(Err(error));
                }
                Some("timed_out") if self.is_ours(&arrival.finish) => {
                    arrival.answer(&Answer::Failed(&error.message));
                }
                Some("state_unknown" | "timed_out") => {
                    arrival.answer(&Answer::Refused);
                    return None;
                }
                Some("state_used") => {
                    arrival.answer(&Answer::Done);
                    return None;
                }
                _ => arrival.answer(&Answer::Failed(&error.message)),
            },
        }
        Some(ended)
    }

    /// Ends the login with what was typed. `None`: it was no end, go on.
    async fn entered(&self, line: &str) -> Result<Option<Result<ConnectState>>> {
        if line.trim().is_empty() {
            if self.app.settings.profile == Profile::Sandbox {
                self.consent();
            }
            return Ok(None);
        }
        let mut ours = false;
        let ended = match parse(line) {
            Ok(finish) => {
                ours = self.is_ours(&finish);
                self.app.done(self.app.as_caller(), finish).await
            }
            Err(error) => Err(error),
        };
        match ended {
            Err(error) if is_not_ours(&error, ours) => {
                note(&format!("That did not work: {error}. Paste it again."))?;
                Ok(None)
            }
            ended => Ok(Some(ended)),
        }
    }

    /// Ends the login for a reason of this side, so that nothing is left waiting, and returns `error`;
    /// what goes wrong with that matters less.
    async fn given_up(&self, why: &str, error: Error) -> Error {
        let state = self.link.query_pairs().find(|(key, _)| key == "state");
        let finish = Finish {
            state: state.map(|(_, state)| state.into_owned()).unwrap_or_default().into(),
            given_up: Some(why.to_owned()),
            ..Finish::default()
        };
        let ended = self.app.done(self.app.as_caller(), finish).await;
        match ended {
            Err(ended) if ended.reason.as_deref() == Some("state_unknown") => replaced(),
            Ok(_) | Err(_) => error,
        }
    }

    /// Tells whether a callback is about the login that is waited for.
    fn is_ours(&self, finish: &Finish) -> bool {
        oauth::is_state_of(self.link, &finish.state)
    }
}

/// Why this side no longer waits for a login: the word for the log, and the error.
pub(super) type GivenUp = (&'static str, Error);

/// Waits for a login that was started here until it has ended, here or elsewhere, or this side gives up.
pub(super) async fn raced(
    app: &App<'_>,
    started: &ConnectState,
    patience: Duration,
    login: Pin<&mut impl Future<Output = Result<ConnectState>>>,
    signals: &mut Signals,
) -> std::result::Result<Result<ConnectState>, GivenUp> {
    tokio::select! {
        ended = login => Ok(ended),
        ended = elsewhere(app, started) => Ok(ended),
        () = tokio::time::sleep(patience) => {
            // Nobody forbade it: what did not come is the app's answer.
            let late = Error::new(Code::ProviderError, "the login timed out")
                .hint("start again, with a longer `--timeout` if need be")
                .reason("timed_out");
            Err(("timed out", late))
        }
        broken = signals.next() => Err(("cancelled", broken)),
    }
}

/// Waits until a login that was started here has ended without this process: finished by another,
/// replaced, disconnected.
async fn elsewhere(app: &App<'_>, started: &ConnectState) -> Result<ConnectState> {
    let Some(login) = &started.login else { return std::future::pending().await };
    if app.backend.remote().is_some() || started.asked {
        // Where it goes on elsewhere, whoever waits for it asks there, and is not broken off while it does.
        return std::future::pending().await;
    }
    let (engine, id) = (app.backend.engine()?, &started.connected_account_id);
    loop {
        tokio::time::sleep(GLANCE).await;
        match engine.awaited(id, login)? {
            Awaited::Ended(state) => return Ok(*state),
            Awaited::Waits | Awaited::Abandoned => {}
        }
    }
}

/// Shows on a terminal what is waited for, unless something is typed there meanwhile.
pub(crate) fn spinner(app: &App<'_>, what: &'static str, typing: bool) -> ProgressBar {
    if !app.settings.terminals.stderr || typing {
        return ProgressBar::hidden();
    }
    let spinner =
        ProgressBar::new_spinner().with_message(what).with_finish(ProgressFinish::AndClear);
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

/// Lets the sandbox consent behind its own page.
pub(crate) fn consent(mut link: Url) {
    link.query_pairs_mut().append_pair("consent", "auto");
    tokio::spawn(async move {
        if let Ok(visit) = Request::new("GET", link, Trust::Public) {
            // The login is what is waited for, not this answer: if it fails, the wait goes on.
            let _ = Http::new(false).send(&visit).await;
        }
    });
}

/// Tells whether what was pasted ended no login, or another one than `ours`.
fn is_not_ours(error: &Error, ours: bool) -> bool {
    error.code == Code::InvalidInput
        && match error.reason.as_deref() {
            None | Some("state_unknown" | "state_used") => true,
            Some("timed_out") => !ours,
            Some(_) => false,
        }
}

/// Waits for the signal that a browser failed, for ever where none was started or it went well.
async fn failure(opened: &mut Option<oneshot::Receiver<()>>) {
    let failed = match opened {
        Some(signal) => signal.await.is_ok(),
        None => false,
    };
    *opened = None;
    if !failed {
        std::future::pending::<()>().await;
    }
}

/// Who gets the lines that are typed at present; nobody before the first, and after the last.
static READER: Mutex<Option<Reader>> = Mutex::new(None);

/// Who gets the lines, and how many.
struct Reader {
    lines: mpsc::UnboundedSender<String>,
    once: bool,
}

/// Reads lines of the terminal on a thread of their own, until the process ends.
///
/// Whoever asks last gets them from then on: there is one terminal, and a thread that reads cannot be
/// stopped.
pub(crate) fn read_lines(lines: mpsc::UnboundedSender<String>) {
    read(Reader { lines, once: false });
}

/// Reads one line of the terminal, after which nobody reads it any more.
pub(crate) fn read_line(line: mpsc::UnboundedSender<String>) {
    read(Reader { lines: line, once: true });
}

fn read(who: Reader) {
    let reader = || READER.lock().unwrap_or_else(PoisonError::into_inner);
    if reader().replace(who).is_some() {
        return;
    }
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(io::Result::ok) {
            let mut now = reader();
            if now.as_ref().is_none_or(|now| now.lines.send(line).is_err() || now.once) {
                *now = None;
                return;
            }
        }
        *reader() = None;
    });
}
