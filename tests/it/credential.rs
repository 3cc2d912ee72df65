//! Keys instead of a browser: where they may come from, and what happens to a wrong one.

use serde_json::{Value, json};

use crate::app::{App, KEY};
use crate::browser::Leashed;
use crate::support::{Naive, Run};

const CONNECT: &str = "connections connect stripe";

/// Returns the row of a user's connection to Stripe.
fn row(naive: &Naive) -> Value {
    let list = naive.run("connections list --search stripe").exits(0).json();
    list["result"]["toolkits"][0]["connection"].clone()
}

fn assert_active(naive: &Naive, run: Run) {
    let run = run.exits(0);
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(row(naive)["status"], "ACTIVE");
    assert!(!run.out.contains("sk_test_") && !run.err.contains("sk_test_"), "{run:?}");
}

#[test]
fn a_key_comes_from_the_environment() {
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "sk_test_of_this_test");

    let run = naive.run(CONNECT);

    assert_active(&naive, run);
}

#[test]
fn a_key_comes_from_stdin() {
    let naive = Naive::new();

    let run = naive.fed(&format!("{CONNECT} --credential api_key=-"), "sk_test_of_this_test\n");

    assert_active(&naive, run);
}

#[test]
fn a_key_may_be_entered_later() {
    let naive = Naive::new();
    let _sandbox = Leashed::sandbox(&naive);

    let begun = naive.run(&format!("{CONNECT} --no-wait")).exits(0).json();
    let id = begun["result"]["connectedAccountId"].as_str().unwrap();
    let run =
        naive.fed(&format!("connections credentials {id} api_key=-"), "sk_test_of_this_test\n");

    assert_eq!(begun["result"]["status"], "INITIATED");
    assert_eq!(begun["result"]["credentialFields"][0]["key"], "api_key");
    let next = begun["next_steps"][0]["command"].as_str().unwrap();
    assert!(next.contains(&format!("naive connections credentials {id}")), "{next}");
    assert_active(&naive, run);
}

#[test]
fn a_login_that_waits_for_a_key_starts_no_sandbox_beside_it() {
    let naive = Naive::new();

    let begun = naive.run(&format!("{CONNECT} --no-wait")).exits(0).json();

    assert_eq!(begun["result"]["status"], "INITIATED");
    assert!(!naive.home().join("sandbox/sandbox.url").exists());
    let open = naive.run("connections connect hackernews --no-wait").exits(0).json();
    assert_eq!(open["result"]["status"], "ACTIVE");
    assert!(!naive.home().join("sandbox/sandbox.url").exists());
}

#[test]
fn a_key_for_a_connection_that_was_disconnected_does_not_bring_it_back() {
    let app = App::keyed(|_| None);
    let ended = app.naive.run("connections disconnect acme").exits(0).json();
    let id = ended["result"]["connectedAccountId"].as_str().unwrap();

    let run = app.naive.run(&format!("connections credentials {id}")).exits(1).json();

    assert_eq!(
        run["error"],
        json!({
            "code": "forbidden",
            "message": "the connection was disconnected",
            "hint": "run `naive connections connect acme` to connect it again",
            "reason": "not_connected",
        })
    );
    drop(app.naive.run("connections connect acme").exits(0));
}

#[test]
fn a_key_for_a_connection_that_is_active_is_not_used_and_that_is_said() {
    let app = App::keyed(|_| None);

    let line = "connections connect acme --credential api_key=-";
    let run = app.naive.fed(line, "another-key\n").exits(0);
    drop(app.execute("ACME_READ").exits(0));

    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert!(run.err.contains("the credential was not used: add `--reconnect`"), "{}", run.err);
    assert_eq!(app.calls("GET", "/things")[0].headers["x-key"], "key-of-the-test");
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let naive = Naive::new();

    for given in ["--credential api_key=sk_test_seen", "--credential sk_test_seen"] {
        let run = naive.run(&format!("{CONNECT} {given}")).exits(2);

        assert_eq!(run.json()["error"]["code"], "invalid_input");
        assert!(!run.out.contains("sk_test_seen") && !run.err.contains("sk_test_seen"), "{run:?}");
        assert_eq!(row(&naive), Value::Null);
    }
}

#[test]
fn without_a_terminal_a_missing_key_is_asked_for_by_its_flag() {
    let naive = Naive::new();

    let run = naive.run(CONNECT).exits(2);
    let empty = naive.fed(&format!("{CONNECT} --credential api_key=-"), "").exits(2);

    assert_eq!(
        run.json()["error"],
        json!({
            "code": "invalid_input",
            "message": "the credential `api_key` is missing and there is no terminal to ask at",
            "hint": "give it on stdin with `--credential api_key=-`, or in `NAIVE_CREDENTIAL_API_KEY`",
        })
    );
    assert_eq!(empty.json()["error"]["message"], "stdin has no line for the credential `api_key`");
    assert_eq!(row(&naive), Value::Null);
}

#[test]
fn a_wrong_key_fails_the_login_and_the_hint_mends_it() {
    let naive = Naive::new().env("NAIVE_ACTIVE_USER_ID", "default");
    drop(naive.run("users create alice").exits(0));

    let line = format!("{CONNECT} --user alice --credential api_key=-");
    let wrong = naive.fed(&line, "not-a-key-of-stripe\n").exits(4).json();
    let list = naive.run("connections list --search stripe --user alice").exits(0).json();
    let hint = wrong["error"]["hint"].as_str().unwrap().to_owned();
    let command = hint.split('`').nth(1).unwrap().strip_prefix("naive ").unwrap();
    let mended = naive.fed(command, "sk_test_of_this_test\n").exits(0).json();

    assert_eq!(wrong["error"]["code"], "unauthorized");
    assert_eq!(wrong["error"]["reason"], "credential_refused");
    assert_eq!(list["result"]["toolkits"][0]["connection"]["status"], "FAILED");
    assert_eq!(mended["result"]["status"], "ACTIVE");
}

#[test]
fn a_key_that_fails_leaves_the_connection_that_worked() {
    let naive = Naive::new();
    let line = format!("{CONNECT} --credential api_key=-");
    drop(naive.fed(&line, "sk_test_of_this_test\n").exits(0));

    drop(naive.fed(&format!("{line} --reconnect"), "not-a-key-of-stripe\n").exits(4));

    assert_eq!(row(&naive)["status"], "ACTIVE");
    drop(naive.run("connections execute stripe STRIPE_LIST_CUSTOMERS").exits(0));
}

#[test]
fn a_new_address_that_fails_leaves_the_address_that_worked() {
    // given: an app whose address has a part of its own
    let auth = KEY
        .replace("fields = [", "fields = [{ key = \"shop\", label = \"Shop\", secret = false }, ")
        + "[identity]\nrequest = \"GET /me/{shop}\"\naccount = \"/name\"\n";
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
    let app = App::on(naive, &auth.replace("GET /me/{shop}", "GET /me"), |request| {
        request.path.starts_with("/bad").then(|| (401, "{}".to_owned()))
    });
    let manifest = std::fs::read_to_string(app.naive.home().join("acme.toml")).unwrap();
    let moved = manifest.replacen(&app.upstream.url, &format!("{}/{{shop}}", app.upstream.url), 1);
    std::fs::write(app.naive.home().join("acme.toml"), moved).unwrap();
    drop(app.naive.run("toolkits remove acme").exits(0));
    drop(app.naive.run("toolkits add acme.toml").exits(0));
    drop(app.naive.run("connections connect acme --field shop=good").exits(0));

    drop(app.naive.run("connections connect acme --field shop=bad --reconnect").exits(4));
    drop(app.execute("ACME_READ"));

    assert_eq!(app.calls("GET", "/good/things").len(), 1);
    assert_eq!(app.calls("GET", "/bad/things").len(), 0);
}

#[test]
fn a_purge_says_what_the_app_was_not_told() {
    let app = App::keyed(|_| None);

    let purged = app.naive.run("connections disconnect acme --purge --yes").exits(0).json();

    assert_eq!(purged["result"]["purged"], true);
    assert_eq!(purged["result"]["revokedUpstream"], false);
    assert_eq!(
        purged["hints"],
        json!([
            "The app was not told, or did not confirm: revoke the access in its own settings too."
        ])
    );
}
