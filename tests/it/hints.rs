//! What is suggested works as it is pasted, and what would be in vain is refused.

use serde_json::Value;

use crate::app::{App, KEY, OAUTH};
use crate::browser::{parameter, redirect_uri};
use crate::support::{Naive, Run};

fn hint(run: &Run) -> String {
    run.json()["error"]["hint"].as_str().unwrap().to_owned()
}

/// Returns the command that a hint has in backticks.
fn command(hint: &str) -> String {
    hint.split('`').nth(1).and_then(|text| text.strip_prefix("naive ")).unwrap().to_owned()
}

/// An app with a key that it does not take.
fn refusing() -> App {
    let identity = format!("{KEY}[identity]\nrequest = \"GET /me\"\naccount = \"/name\"\n");
    App::new(&identity, |request| {
        let good = request.headers.get("x-key").is_some_and(|key| key == "good");
        (request.path == "/me" && !good).then(|| (401, "{}".to_owned()))
    })
}

#[test]
fn a_profile_of_the_command_line_was_forgotten_by_what_was_suggested() {
    let naive = Naive::new();

    let failed = naive.run("--profile local connections connect gmail --user alice").exits(1);
    let unconfigured = naive.run("--profile local connections connect gmail").exits(4);
    let next = naive.run("--profile sandbox connections connect gmail").exits(0).json();
    let plain = Naive::new().env("NAIVE_PROFILE", "local");
    let plain = plain.run("connections connect gmail").exits(4);

    assert!(hint(&failed).contains("`naive --profile local users create alice`"), "{failed:?}");
    let configure = "`naive --profile local toolkits configure gmail";
    assert!(hint(&unconfigured).contains(configure), "{unconfigured:?}");
    let next = next["next_steps"][0]["command"].as_str().unwrap();
    assert_eq!(next, "naive --profile sandbox connections tools gmail");
    assert!(hint(&plain).contains("`naive toolkits configure gmail"), "{plain:?}");
}

#[test]
fn the_hints_after_a_refused_key_led_nowhere() {
    let app = refusing();
    let connect = "connections connect acme --user default --credential api_key=-";
    let refused = app.naive.fed(connect, "bad\n").exits(4);

    let again = command(&hint(&refused));
    let fed = app.naive.fed(&again, "good\n").exits(0);
    let bare = again.trim_end_matches(" api_key=-");
    let missing = app.naive.run(bare).exits(2);

    assert!(again.ends_with(" api_key=-"), "{again}");
    assert_eq!(fed.json()["result"]["status"], "ACTIVE");
    assert_eq!(
        hint(&missing),
        format!("give it on stdin with `naive {again}`, or in `NAIVE_CREDENTIAL_API_KEY`")
    );
}

#[test]
fn a_credential_that_the_app_does_not_take_is_called_unknown() {
    let app = App::new(KEY, |_| None);
    let oauth = Naive::new();
    let begun = app.naive.run("connections connect acme --no-wait").exits(0);

    let unknown = app.naive.fed("connections connect acme --credential nope=-", "x\n").exits(2);
    let later = app.naive.fed("connections credentials acme nope=-", "x\n").exits(2);
    let none = oauth.fed("connections connect slack --credential x=-", "x\n").exits(2);

    assert_eq!(begun.json()["result"]["status"], "INITIATED");
    for run in [unknown, later] {
        assert_eq!(run.json()["error"]["message"], "`acme` has no credential field `nope`");
        assert_eq!(hint(&run), "it takes `api_key`");
    }
    assert_eq!(none.json()["error"]["message"], "`slack` takes no credential");
}

#[test]
fn start_again_was_a_usage_error_when_pasted() {
    let app = App::new(OAUTH, |_| None);
    drop(app.naive.run("users create alice").exits(0));
    let connect = "connections connect acme --user alice --label work";
    let begin = || app.naive.run(&format!("{connect} --no-wait")).exits(0).json();
    let link = |begun: &Value| begun["result"]["redirectUrl"].as_str().unwrap().to_owned();
    let denied = |link: &str| {
        let (to, state) = (redirect_uri(link), parameter(link, "state").unwrap());
        format!("{to}?error=access_denied&state={state}&iss={}", app.upstream.url)
    };
    let finish = |callback: &str| app.naive.with("connections finish", &[callback]).exits(1);

    let first = link(&begin());
    let refused = finish(&denied(&first));
    let used = finish(&denied(&first));
    let (stale, _) = (link(&begin()), begin());
    let unknown = finish(&denied(&stale));
    let wrong = link(&begin());
    let wrong = finish(&denied(&wrong).replace(&app.upstream.url, "https://else.example"));

    for run in [&refused, &used, &wrong] {
        assert_eq!(hint(run), format!("run `naive {connect}` to start again"));
    }
    assert_eq!(wrong.json()["error"]["reason"], "issuer_mismatch");
    assert_eq!(unknown.json()["error"]["reason"], "state_unknown");
    assert!(!hint(&unknown).contains('`'), "{unknown:?}");
}

#[test]
fn a_poll_of_a_login_without_a_code_suggested_one_that_is_refused() {
    let oauth = App::new(OAUTH, |_| None);
    let key = App::new(KEY, |_| None);
    for (app, advice) in [(oauth, "wait"), (key, "credentials")] {
        drop(app.naive.run("users create alice").exits(0));
        let connect = "connections connect acme --no-wait --user alice";
        let begun = app.naive.run(connect).exits(0).json();
        let id = begun["result"]["connectedAccountId"].as_str().unwrap();

        let run = app.naive.run(&format!("connections poll {id} --user alice")).exits(1);

        let wanted = format!("run `naive connections {advice} {id} --user alice");
        assert!(hint(&run).starts_with(&wanted), "{run:?}");
    }
}

#[test]
fn codes_and_scopes_are_refused_where_nobody_logs_in_with_oauth() {
    let naive = Naive::new();
    let connect = "connections connect stripe --credential api_key=-";

    let device = naive.fed(&format!("{connect} --device"), "sk_test_x\n").exits(1).json();
    let scopes = naive.fed(&format!("{connect} --scopes bogus"), "sk_test_x\n").exits(1);
    let field = naive.run("connections connect gmail --field x=y").exits(1);

    assert_eq!(device["error"]["reason"], "no_device_login");
    assert_eq!(hint(&scopes), "leave `--scopes` out");
    assert_eq!(hint(&field), "leave `--field` out: the address of `gmail` has no such parts");
}

#[test]
fn the_id_of_a_connection_was_to_be_found_nowhere() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    drop(naive.run("connections connect stripe --no-wait --user alice").exits(0));

    let none = naive.run("connections get gmail --user alice").exits(1);
    let seen = command(&hint(&none));
    let all = naive.run(&seen).exits(0).json();
    let table = naive.run(&format!("{seen} --output table")).exits(0);
    let by_app = naive.run("connections get stripe --user alice").exits(0).json();

    assert_eq!(seen, "connections connected --all --user alice");
    assert_eq!(all["result"]["connections"][0]["id"], by_app["result"]["id"]);
    assert!(table.out.contains(by_app["result"]["id"].as_str().unwrap()), "{}", table.out);
    assert!(!table.out.contains("LABEL") && !table.out.contains("NOTE"), "{}", table.out);
}

#[test]
fn an_app_with_several_accounts_names_none_of_them() {
    let naive = Naive::new();
    for label in ["work", "home"] {
        drop(naive.run(&format!("connections connect gmail --label {label}")).exits(0));
    }

    let run = naive.run("connections get gmail").exits(1);
    drop(naive.run("connections wait gmail").exits(9));
    let list = naive.run("connections list --search gmail --output table").exits(0);
    drop(naive.run("connections default gmail --account home").exits(0));
    let chosen = naive.run("connections get gmail").exits(0).json();

    assert_eq!(run.json()["error"]["reason"], "account_ambiguous");
    assert!(hint(&run).contains("(work)") && hint(&run).contains("(home)"), "{run:?}");
    assert!(list.out.contains("2 accounts"), "{}", list.out);
    assert_eq!(chosen["result"]["label"], "home");
}

#[test]
fn a_list_says_why_a_login_failed() {
    let app = refusing();
    drop(app.naive.fed("connections connect acme --credential api_key=-", "bad\n").exits(4));

    let list = app.naive.run("connections list --search acme").exits(0).json();

    let row = &list["result"]["toolkits"][0];
    assert_eq!(row["connection"]["status"], "FAILED");
    assert_eq!(row["connection"]["reason"], "`acme` refuses the credential");
    assert_eq!(row["accounts"], 0);
}

#[test]
fn a_wait_for_a_key_says_how_to_enter_it() {
    let app = App::new(KEY, |_| None);
    let begun = app.naive.run("connections connect acme --no-wait").exits(0).json();
    let id = begun["result"]["connectedAccountId"].as_str().unwrap();

    let run = app.naive.run("connections wait acme --timeout 10ms").exits(1);

    assert_eq!(command(&hint(&run)), format!("connections credentials {id} api_key=-"));
}

#[test]
fn a_timeout_without_a_wait_and_a_browser_that_is_not_there_are_named() {
    let naive = Naive::new().env("BROWSER", "/nonexistent/x");

    let both = naive.run("connections connect gmail --no-wait --timeout 5s").exits(2);
    let browser = naive.run("connections connect gmail").exits(0);

    assert!(both.out.contains("--timeout"), "{both:?}");
    assert!(browser.err.contains("`/nonexistent/x` of `$BROWSER` cannot be run"), "{browser:?}");
}

#[test]
fn failures_that_could_never_happen_are_refused_or_remarked_on() {
    let naive = Naive::new();

    let bare = naive.run("sandbox fail").exits(2);
    let typo = naive.run("sandbox fail cut --toolkit gmial").exits(0).json();
    let local = naive.run("--profile local sandbox fail cut").exits(0).json();
    for line in ["wrong-iss --toolkit stripe", "cut --at token --toolkit hackernews"] {
        let refused = naive.run(&format!("sandbox fail {line}")).exits(1).json();
        assert_eq!(refused["error"]["code"], "invalid_input", "{line}");
    }

    assert!(hint(&bare).contains("`expired-token`, `revoked`"), "{bare:?}");
    assert!(typo["hints"][0].as_str().unwrap().ends_with("did you mean `gmail`?"), "{typo}");
    let remark = local["hints"][0].as_str().unwrap();
    assert!(remark.starts_with("The `local` profile uses the real apps"), "{remark}");
}
