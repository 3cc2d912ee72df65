//! `naive doctor`: looks at everything the program relies on, and says what to do.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::browser;
use super::output::{Output, Page};
use crate::api::error::{Error, Result};
use crate::api::time::Millis;
use crate::engine::{LEVEL, RECIPE};
use crate::http::{Http, Request, Trust};
use crate::remote::Remote;
use crate::settings::{Profile, Settings};
use crate::store::Store;
use crate::vault::{Vault, keyring as os_keyring};

/// Where the clock and the network are asked; any answer will do.
const ASKED: &str = "https://www.googleapis.com/";
/// How far the clock may be off before tokens and approvals suffer.
const CLOCK_SLACK: Duration = Duration::from_mins(2);

/// One thing that was looked at.
struct Check {
    name: &'static str,
    good: bool,
    found: String,
    advice: Option<String>,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, good: true, found: found.into(), advice: None }
    }

    fn bad(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, good: false, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Runs every check, also where one of them would stop any other command. Exit 0 if all is well, else 1.
pub(crate) async fn run(
    settings: &Settings,
    output: &Output,
    trouble: Option<Error>,
) -> Result<u8> {
    let mut checks =
        vec![profile(settings), config(trouble), store(settings), key(settings), keyring(settings)];
    checks.extend(match settings.profile {
        Profile::Sandbox => vec![Check::good("network", "not needed in the sandbox")],
        Profile::Local => network(settings).await,
        Profile::Cloud => api(settings).await,
    });
    checks.push(browser(settings));
    checks.push(if settings.profile == Profile::Cloud {
        Check::good("gate", "the API's own: it judges every call of its keys")
    } else {
        Check { advice: Some(RECIPE.to_owned()), ..Check::good("gate", LEVEL) }
    });
    let well = checks.iter().all(|check| check.good);
    let mut page = Page::default();
    let row = |check: &Check| {
        let state = if check.good { "ok" } else { "look" };
        vec![check.name.to_owned(), state.to_owned(), check.found.clone()]
    };
    page.table(&["check", "state", "what was found"], checks.iter().map(row).collect());
    for check in &checks {
        if let Some(advice) = &check.advice {
            page.hint(format!("{}: {advice}.", check.name));
        }
    }
    let told: Vec<Value> = checks
        .iter()
        .map(|check| {
            json!({ "check": check.name, "ok": check.good, "found": check.found, "advice": check.advice })
        })
        .collect();
    output.reply("doctor", json!({ "ok": well, "checks": told }), page)?;
    Ok(u8::from(!well))
}

fn profile(settings: &Settings) -> Check {
    Check::good("profile", settings.profile.as_str())
}

fn config(trouble: Option<Error>) -> Check {
    match trouble {
        None => Check::good("config", "can be read"),
        Some(error) => {
            let advice = error.hint.clone().unwrap_or_else(|| "mend the file".into());
            Check::bad("config", error.to_string(), advice)
        }
    }
}

fn store(settings: &Settings) -> Check {
    let path = settings.dir.join("naive.db");
    let shown = path.display();
    if !path.exists() {
        return Check::good("store", format!("{shown} will be made at the first command"));
    }
    match Store::open(&settings.dir).and_then(|store| store.complaint()) {
        Ok(None) => Check::good("store", shown.to_string()),
        Ok(Some(complaint)) => Check::bad(
            "store",
            format!("{shown} is damaged: {complaint}"),
            "bring it back from a copy, or move its directory away and begin anew",
        ),
        Err(error) => {
            let advice = "look at the file, its owner and the free space on its disk";
            Check::bad(
                "store",
                format!("{shown}: {error}"),
                error.hint.unwrap_or_else(|| advice.into()),
            )
        }
    }
}

fn key(settings: &Settings) -> Check {
    if !settings.dir.join("naive.db").exists() {
        return Check::good("key", "none yet; the first credential makes one");
    }
    let vault = Vault::of(settings);
    let found = Store::open(&settings.dir).and_then(|store| match store.key()? {
        None => Ok(None),
        Some(key) => vault.find(&store.id()?, &key).map(Some),
    });
    match found {
        Ok(None) => Check::good("key", "none yet; the first credential makes one"),
        Ok(Some(cipher)) => {
            let key = cipher.key();
            Check::good("key", format!("{} ({})", key.source.as_str(), key.id))
        }
        Err(error) => {
            let advice = error.hint.clone().unwrap_or_else(|| "bring the key back".into());
            Check::bad("key", error.to_string(), advice)
        }
    }
}

fn keyring(settings: &Settings) -> Check {
    if !settings.keyring {
        return Check::good("keyring", "not asked, as configured");
    }
    match os_keyring::answers() {
        Ok(()) => Check::good("keyring", "answers"),
        Err(error) => {
            Check::good("keyring", format!("{error}; the key lies in a file or the environment"))
        }
    }
}

async fn network(settings: &Settings) -> Vec<Check> {
    let asked = Url::parse(ASKED)
        .map_err(|error| Error::internal("no address", error))
        .and_then(|url| Request::new("GET", url, Trust::Public));
    let http = Http::new(settings.roots.is_some());
    let answer = match asked {
        Ok(request) => http.send(&request).await.map_err(|failure| failure.error),
        Err(error) => Err(error),
    };
    match answer {
        Err(error) => {
            let advice = "check the connection; behind a proxy that opens TLS, set `SSL_CERT_FILE` or `naive config set tls.roots system`";
            vec![Check::bad("network", error.to_string(), advice)]
        }
        Ok(answer) => {
            let date = answer.headers.get("date").and_then(|date| date.to_str().ok());
            vec![Check::good("network", "the internet answers"), clock(date)]
        }
    }
}

/// Asks the API of the cloud profile whether it is there, and whose the key to it is.
async fn api(settings: &Settings) -> Vec<Check> {
    let remote = match Remote::of(settings) {
        Ok(remote) => remote,
        Err(error) => {
            let advice = error.hint.clone().unwrap_or_else(|| "name another address".into());
            return vec![Check::bad("API", error.to_string(), advice)];
        }
    };
    let base = remote.base();
    let date = match remote.health().await {
        Ok(date) => date,
        Err(error) => {
            let advice = "check the address and the connection; behind a proxy that opens TLS, set `SSL_CERT_FILE`";
            return vec![Check::bad("API", format!("{base}: {error}"), advice)];
        }
    };
    let mut checks = vec![Check::good("API", format!("{base} answers")), clock(date.as_deref())];
    let asked = match remote.key() {
        Ok((key, from)) => remote.whose(&key).await.map(|who| (who, from)),
        Err(error) => Err(error),
    };
    checks.push(match asked {
        Ok((who, from)) => {
            let name = who["agent_name"].as_str().unwrap_or("a key without a name");
            Check::good("login", format!("{name}, from the {}", from.as_str()))
        }
        Err(error) => {
            let advice = error.hint.clone().unwrap_or_else(|| "run `naive login`".into());
            Check::bad("login", error.to_string(), advice)
        }
    });
    checks
}

fn clock(date: Option<&str>) -> Check {
    let there = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let Some(there) = there else {
        return Check::good("clock", "nobody told the time to compare with");
    };
    let there = Millis(there.timestamp().as_millisecond());
    let here = Millis::now();
    let off = here.age(there).max(there.age(here));
    if off > CLOCK_SLACK {
        let found = format!("it is {} seconds off", off.as_secs());
        return Check::bad("clock", found, "set the clock, or switch on its synchronisation");
    }
    Check::good("clock", "right")
}

fn browser(settings: &Settings) -> Check {
    if browser::is_there(settings) {
        let how = settings.browser.as_deref().unwrap_or("the desktop's own");
        return Check::good("browser", how);
    }
    let found = "none here; links are printed, and the address they end at is pasted";
    Check::good("browser", found)
}
