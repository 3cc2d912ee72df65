//! Connecting an app, in every way a person or a script might, and ending it again.

use serde_json::{Value, json};

use crate::browser::{Leashed, Login, decide, decide_as, visit};
use crate::support::Naive;

/// Returns what the list says of a user's connection to an app.
fn listed(naive: &Naive, toolkit: &str) -> Value {
    let run = naive.run(&format!("connections list --search {toolkit}")).exits(0);
    run.json()["result"]["toolkits"][0]["connection"].clone()
}

/// Returns a user's connection to an app.
pub(crate) fn row(naive: &Naive, toolkit: &str) -> Value {
    let id = listed(naive, toolkit)["connectedAccountId"].as_str().unwrap().to_owned();
    naive.run(&format!("connections get {id}")).exits(0).json()["result"].clone()
}

#[test]
fn in_a_pipe_the_sandbox_consents_by_itself() {
    let naive = Naive::new();

    let run = naive.run("connections connect gmail --user alice").exits(0);

    let id = run.json()["result"]["connectedAccountId"].clone();
    assert_eq!(
        run.json(),
        json!({
            "success": true,
            "action": "connections.connect",
            "sandbox": true,
            "result": {
                "status": "ACTIVE",
                "toolkit": "gmail",
                "redirectUrl": null,
                "connectedAccountId": id,
                "account": "ada@sandbox.example",
            },
            "next_steps": [{
                "command": "naive connections tools gmail --user alice",
                "description": "see what it can do",
            }],
        })
    );
    let key = naive.home().join("sandbox/encryption.key");
    assert_eq!(
        run.err,
        format!(
            "Sandbox: the apps are simulated here; --profile local uses the real ones.\n\
             User `alice` is new here; the sandbox has created it.\n\
             No keyring answers here, so the key that seals credentials is in `{}`.\n\
             Nobody is at a terminal and no browser can be opened, so the sandbox consents by itself.\n",
            key.display()
        )
    );
    let rows = naive.run("connections connected --user alice").exits(0).json();
    let row = &rows["result"]["connections"][0];
    assert_eq!(rows["result"]["connections"].as_array().unwrap().len(), 1);
    assert_eq!(row["id"], id);
    assert_eq!(row["connectedAccountId"], id);
    assert_eq!(row["status"], "ACTIVE");
    assert_eq!(row["account"], "ada@sandbox.example");
    let scopes = ["openid", "email", "https://www.googleapis.com/auth/gmail.modify"];
    assert_eq!(row["scopes"], json!(scopes));
}

#[test]
fn a_browser_that_consents_connects_the_account_it_picked() {
    let naive = Naive::new().env("BROWSER", "/bin/true");

    let login = Login::start(&naive, "connections connect gmail");
    let page = visit(&decide_as(&login.link, "allow", "grace@sandbox.example"));
    let run = login.end().exits(0);

    assert_eq!(page.status, 200);
    assert!(page.body.contains("<h1>Gmail is connected</h1>"), "{}", page.body);
    assert!(page.body.contains("You are signed in as grace@sandbox.example."), "{}", page.body);
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(run.json()["result"]["account"], "grace@sandbox.example");
    assert!(run.err.contains("Opening the browser to connect Gmail."), "{}", run.err);
}

#[test]
fn a_denied_consent_fails_with_the_providers_reason() {
    let naive = Naive::new().env("BROWSER", "/bin/true");

    let login = Login::start(&naive, "connections connect gmail");
    let page = visit(&decide(&login.link, "deny"));
    let run = login.end().exits(1);

    let reason = "the login was refused with `access_denied`: the user denied the request";
    assert_eq!(page.status, 400);
    assert!(page.body.contains("<h1>Not connected</h1>"), "{}", page.body);
    let shown = "The login was refused with access_denied: the user denied the request.";
    assert!(page.body.contains(shown), "{}", page.body);
    assert_eq!(
        run.json(),
        json!({
            "success": false,
            "action": "connections.connect",
            "sandbox": true,
            "error": {
                "code": "forbidden",
                "message": reason,
                "hint": "run `naive connections connect gmail` to start again",
                "reason": "access_denied",
            },
        })
    );
    assert_eq!(row(&naive, "gmail")["status"], "FAILED");
    assert_eq!(row(&naive, "gmail")["reason"], reason);
}

#[test]
fn a_browser_that_fails_in_a_pipe_leaves_the_consent_to_the_sandbox() {
    for browser in ["/bin/false", "/nonexistent/browser"] {
        let naive = Naive::new().env("BROWSER", browser);

        let run = naive.run("connections connect gmail").exits(0);

        assert_eq!(run.json()["result"]["status"], "ACTIVE", "{browser}");
        assert!(run.err.contains("the sandbox consents by itself"), "{}", run.err);
    }
}

#[test]
fn without_terminal_and_browser_the_local_profile_says_at_once_what_to_add() {
    let naive = Naive::new();
    drop(
        naive.run("--profile local toolkits configure gmail --client-id mine --scopes a").exits(0),
    );

    let run = naive.run("--profile local connections connect gmail").exits(2);

    let error = &run.json()["error"];
    assert_eq!(error["code"], "invalid_input");
    assert!(error["hint"].as_str().unwrap().contains("`--no-wait`"), "{error}");
    assert_eq!(listed(&naive.env("NAIVE_PROFILE", "local"), "gmail"), Value::Null);
}

#[test]
fn without_a_terminal_there_is_nobody_to_paste_an_address() {
    let naive = Naive::new();

    let run = naive.run("connections connect gmail --no-browser").exits(2);

    let error = &run.json()["error"];
    assert!(error["hint"].as_str().unwrap().contains("`--no-wait`"), "{error}");
    assert_eq!(listed(&naive, "gmail"), Value::Null);
}

#[test]
fn nobody_waits_longer_than_the_link_counts() {
    let naive = Naive::new();

    let run = naive.run("connections connect gmail --timeout 11m").exits(2);

    let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "a link counts for 10 minutes, so nobody waits longer");
    assert_eq!(listed(&naive, "gmail"), Value::Null);
    drop(naive.run("connections connect gmail --timeout 10m").exits(0));
}

#[test]
fn a_toolkit_that_nobody_knows_brings_no_user_into_being() {
    let naive = Naive::new();

    let run = naive.run("connections connect gmial --user bob").exits(1);

    assert_eq!(run.json()["error"]["hint"], "did you mean `gmail`?");
    assert!(!run.err.contains("bob"), "{}", run.err);
    let users = naive.run("users list").exits(0).json();
    assert_eq!(users["result"]["users"].as_array().unwrap().len(), 1);
}

#[test]
fn a_connect_that_changes_nothing_says_so_where_it_was_to_change_something() {
    let naive = Naive::new();
    let first = naive.run("connections connect gmail --user ann").exits(0).json();
    let command = "`naive connections connect gmail --user ann --reconnect";
    let table =
        [("--scopes mail.read", " --scopes openid"), ("--callback-url https://a.example/", "`")];

    for (more, rest) in table {
        let line = format!("connections connect gmail --user ann {more}");
        let run = naive.run(&line).exits(0);

        assert_eq!(run.json()["result"], first["result"], "{more}");
        assert!(run.err.contains("so nothing was changed"), "{run:?}");
        assert!(run.err.contains(&format!("{command}{rest}")), "{run:?}");
    }
}

#[test]
fn a_link_that_was_not_waited_for_is_ended_by_another_process() {
    // given: the sandbox in a process of its own, as `--no-wait` would start it
    let naive = Naive::new();
    let _sandbox = Leashed::sandbox(&naive);

    let begun = naive.run("connections connect gmail --no-wait").exits(0).json();
    let link = begun["result"]["redirectUrl"].as_str().unwrap().to_owned();
    let callback = decide(&link, "allow");
    let ended = naive.with("connections finish", &[&callback]).exits(0).json();
    let again = naive.with("connections finish", &[&callback]).exits(1).json();

    assert_eq!(begun["result"]["status"], "INITIATED");
    assert_eq!(
        begun["next_steps"][0]["command"],
        "naive connections finish '<the address the browser ended at>'"
    );
    assert_eq!(ended["result"]["status"], "ACTIVE");
    assert_eq!(ended["result"]["account"], "ada@sandbox.example");
    assert_eq!(
        again["error"],
        json!({
            "code": "invalid_input",
            "message": "this login has ended already",
            "hint": "run `naive connections connect gmail` to start again",
            "reason": "state_used",
        })
    );
    assert_eq!(row(&naive, "gmail")["status"], "ACTIVE");
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_outlives_the_command_that_made_it() {
    let naive = Naive::new();

    let begun = naive.run("connections connect gmail --no-wait").exits(0).json();
    let sandbox = detached(&naive);
    let link = begun["result"]["redirectUrl"].as_str().unwrap();
    let callback = decide(link, "allow");
    let ended = naive.fed("connections finish -", &callback).exits(0).json();
    crate::browser::signal(sandbox, "KILL");
    crate::support::until("the end of the sandbox", || {
        let state = std::fs::read_to_string(format!("/proc/{sandbox}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z")).then_some(())
    });

    assert_eq!(ended["result"]["status"], "ACTIVE");
}

/// Returns the process that serves the sandbox of this machine.
#[cfg(target_os = "linux")]
fn detached(naive: &Naive) -> u32 {
    let home = format!("NAIVE_HOME={}\0", naive.home().display());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = |id: &u32| {
        let read = |name: &str| std::fs::read(format!("/proc/{id}/{name}")).unwrap_or_default();
        let (environment, words) = (read("environ"), read("cmdline"));
        String::from_utf8_lossy(&environment).contains(&home)
            && String::from_utf8_lossy(&words).contains("sandbox\0serve")
    };
    ids.find(ours).unwrap_or_else(|| panic!("no sandbox was left"))
}

#[test]
fn what_is_connected_is_not_connected_again_unless_one_insists() {
    let naive = Naive::new();
    let first = naive.run("connections connect gmail").exits(0).json();

    let second = naive.run("connections connect gmail").exits(0);
    let naive = naive.env("BROWSER", "/bin/true");
    let login = Login::start(&naive, "connections connect gmail --reconnect");
    let waiting = row(&naive, "gmail");
    drop(visit(&decide(&login.link, "deny")));
    let denied = login.end().exits(1);
    let kept = row(&naive, "gmail");
    let login = Login::start(&naive, "connections connect gmail --reconnect");
    drop(visit(&decide_as(&login.link, "allow", "alan@sandbox.example")));
    let renewed = login.end().exits(0);

    assert_eq!(second.json()["result"], first["result"], "the reply has one shape");
    assert!(!second.err.contains("consents"), "{}", second.err);
    assert_eq!(waiting["status"], "ACTIVE");
    assert_eq!(denied.json()["error"]["reason"], "access_denied");
    assert_eq!(kept["status"], "ACTIVE");
    assert_eq!(kept["account"], "ada@sandbox.example");
    drop(naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(0));
    assert_eq!(renewed.json()["result"]["account"], "alan@sandbox.example");
    assert_eq!(
        renewed.json()["result"]["connectedAccountId"],
        first["result"]["connectedAccountId"]
    );
}

#[test]
fn two_accounts_of_one_app_want_a_choice() {
    let naive = Naive::new().env("BROWSER", "/bin/true");
    for (label, account) in [("home", "ada@sandbox.example"), ("work", "grace@sandbox.example")] {
        let login = Login::start(&naive, &format!("connections connect gmail --label {label}"));
        drop(visit(&decide_as(&login.link, "allow", account)));
        drop(login.end().exits(0));
    }
    let find = "connections execute gmail GMAIL_FETCH_EMAILS";

    let unsaid = naive.run(find).exits(1).json();
    let by_label = naive.run(&format!("{find} --account work")).exits(0);
    let by_name = naive.run(&format!("{find} --account ada@sandbox.example")).exits(0);
    let unknown = naive.run(&format!("{find} --account wrk")).exits(1).json();

    assert_eq!(unsaid["error"]["code"], "invalid_input");
    assert_eq!(unsaid["error"]["reason"], "account_ambiguous");
    assert_eq!(unsaid["error"]["hint"], "choose with `--account`: `work`, `home`");
    assert_eq!(unsaid["error"]["details"].as_array().unwrap().len(), 2);
    assert_eq!(by_label.json()["success"], true);
    assert_eq!(by_name.json()["success"], true);
    assert_eq!(unknown["error"]["code"], "not_found");
    assert_eq!(unknown["error"]["hint"], "did you mean `work`?");
}

#[test]
fn a_soft_disconnect_keeps_the_credential_and_refuses_calls() {
    let naive = Naive::new();
    let connected = naive.run("connections connect gmail").exits(0).json();
    let id = connected["result"]["connectedAccountId"].clone();

    let ended = naive.run("connections disconnect gmail").exits(0).json();
    let call = naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(4).json();

    assert_eq!(
        ended["result"],
        json!({"toolkit": "gmail", "connectedAccountId": id, "status": "INACTIVE", "purged": false, "revokedUpstream": false})
    );
    assert_eq!(call["error"]["code"], "not_configured");
    assert_eq!(call["error"]["message"], "the connection of `default` to `gmail` is inactive");
    assert_eq!(call["error"]["hint"], "run `naive connections connect gmail`");
    assert_eq!(
        naive.run("connections connected").exits(0).json()["result"]["connections"],
        json!([])
    );
}

#[test]
fn a_purge_is_asked_for_and_ends_the_token_at_the_app() {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));
    let store = naive.home().join("sandbox/naive.db");
    let backup = std::fs::read(&store).unwrap();

    let unsure = naive.run("connections disconnect gmail --purge").exits(2).json();
    let purged = naive.run("connections disconnect gmail --purge --yes").exits(0).json();
    let again = naive.run("connections disconnect gmail --purge --yes").exits(1).json();
    let call = naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(4).json();
    // Whoever kept a copy of the credential finds it dead at the app.
    std::fs::write(&store, backup).unwrap();
    let kept = naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(4).json();

    assert_eq!(unsure["error"]["hint"], "add `--yes`");
    assert_eq!(purged["result"]["status"], "REVOKED");
    assert_eq!(purged["result"]["purged"], true);
    assert_eq!(purged["result"]["revokedUpstream"], true);
    assert_eq!(again["error"]["code"], "not_found");
    assert_eq!(call["error"]["message"], "the connection of `default` to `gmail` is revoked");
    assert_eq!(kept["error"]["code"], "unauthorized");
    assert_eq!(kept["error"]["reason"], "connection_expired");
    assert_eq!(row(&naive, "gmail")["status"], "EXPIRED");
}

#[test]
fn a_suspended_user_connects_nothing() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("users update alice --status suspended").exits(0));

    let connect = naive.run("connections connect gmail --user alice").exits(1).json();
    let execute =
        naive.run("connections execute hackernews HACKERNEWS_TOP_STORIES --user alice").exits(1);

    assert_eq!(connect["error"]["code"], "forbidden");
    assert_eq!(execute.json()["error"]["code"], "forbidden");
    assert_eq!(naive.run("connections connected --user alice").exits(0).json()["success"], true);
}
