//! Several accounts of one app, and which is meant.

use serde_json::{Value, json};

use crate::browser::{Login, visit};
use crate::support::Naive;

/// Gmail with the accounts `work` and `home`.
fn two() -> Naive {
    let naive = Naive::new();
    for label in ["work", "home"] {
        drop(naive.run(&format!("connections connect gmail --label {label}")).exits(0));
    }
    naive
}

fn defaults(naive: &Naive) -> Vec<Value> {
    let rows = naive.run("connections connected").exits(0).json();
    let rows = rows["result"]["connections"].as_array().unwrap().clone();
    rows.into_iter()
        .filter(|row| row["isDefault"] == true)
        .map(|row| row["label"].clone())
        .collect()
}

#[test]
fn the_default_account_is_meant_where_nobody_says() {
    let naive = two();
    let find = "connections execute gmail GMAIL_FETCH_EMAILS";
    let refused = naive.run(find).exits(1).json();
    assert_eq!(refused["error"]["reason"], "account_ambiguous");

    let chosen = naive.run("connections default gmail --account work").exits(0).json();

    assert_eq!(chosen["result"]["connection"]["label"], "work");
    drop(naive.run(find).exits(0));
    drop(naive.run(&format!("{find} --account home")).exits(0));
    assert_eq!(defaults(&naive), ["work"]);
    drop(naive.run("connections default gmail --account home").exits(0));
    assert_eq!(defaults(&naive), ["home"]);
    drop(naive.run("connections default gmail --clear").exits(0));
    assert_eq!(naive.run(find).exits(1).json()["error"]["reason"], "account_ambiguous");
}

#[test]
fn a_default_that_is_disconnected_is_not_replaced_by_another_in_silence() {
    let naive = two();
    drop(naive.run("connections default gmail --account work").exits(0));
    drop(naive.run("connections disconnect gmail --account work").exits(0));

    let run = naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(4).json();

    assert_eq!(run["error"]["reason"], "not_connected");
    assert_eq!(
        run["error"]["hint"],
        "run `naive connections connect gmail --label work`, or choose another with `--account`: `home`; `naive connections default gmail --account home` makes that one the default"
    );
    drop(naive.run("connections connect gmail --label work").exits(0));
    drop(naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(0));
}

#[test]
fn a_default_that_is_disconnected_does_not_stand_in_the_way_of_the_others() {
    let naive = two();
    drop(naive.run("connections connect gmail --label third").exits(0));
    drop(naive.run("connections default gmail --account work").exits(0));
    drop(naive.run("connections disconnect gmail").exits(0));

    let several = naive.run("connections disconnect gmail").exits(1).json();
    drop(naive.run("connections disconnect gmail --account third").exits(0));
    let home = naive.run("connections disconnect gmail").exits(0).json();
    let none = naive.run("connections disconnect gmail").exits(1).json();

    assert_eq!(several["error"]["reason"], "account_ambiguous");
    assert_eq!(home["result"]["label"], "home");
    assert_eq!(home["next_steps"][0]["command"], "naive connections connect gmail --label home");
    assert_eq!(none["error"]["reason"], "not_connected");
}

#[test]
fn a_name_that_two_accounts_have_chooses_neither() {
    let naive = Naive::new();
    let first = naive.run("connections connect gmail").exits(0).json();
    drop(naive.run("connections connect gmail --label home").exits(0));
    let id = first["result"]["connectedAccountId"].as_str().unwrap();
    let whose = first["result"]["account"].as_str().unwrap();

    let unsaid = naive.run("connections execute gmail GMAIL_FETCH_EMAILS").exits(1).json();
    let both = naive.run(&format!("connections disconnect gmail --account {whose}"));
    let both = both.exits(1).json();

    let hint = format!("choose with `--account`: `home`, `{id}`");
    assert_eq!(unsaid["error"]["hint"], hint.as_str());
    assert_eq!(both["error"]["reason"], "account_ambiguous");
    assert_eq!(both["error"]["hint"], hint.as_str());
    assert_eq!(
        naive.run("connections connected").exits(0).json()["result"]["connections"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // Of two with a name, one that is over is not meant.
    drop(naive.run(&format!("connections disconnect gmail --account {id}")).exits(0));
    let line = format!("connections execute gmail GMAIL_FETCH_EMAILS --account {whose}");
    drop(naive.run(&line).exits(0));
}

#[test]
fn a_command_that_is_suggested_names_the_account_it_is_about() {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail --label=-x --user ann").exits(0));
    let away = naive.run("connections disconnect gmail --user ann").exits(0).json();
    let line = "connections execute gmail GMAIL_FETCH_EMAILS --user ann";
    let call = naive.run(&format!("{line} --account=-x")).exits(4).json();

    let command = "naive connections connect gmail --user ann --label='-x'";
    assert_eq!(away["next_steps"][0]["command"], command);
    assert_eq!(call["error"]["hint"], format!("run `{command}`"));
    drop(naive.run("connections connect gmail --user ann --label=-x").exits(0));
    drop(naive.run(line).exits(0));
}

#[test]
fn an_expired_login_is_mended_without_the_address_being_said_again() {
    let auth = format!(
        "fields = [{{ key = \"shop\", label = \"Shop\", secret = false }}]\n{}",
        crate::app::OAUTH
    );
    let spent = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let refused = std::sync::Arc::clone(&spent);
    let naive = Naive::new().env("BROWSER", "/bin/true");
    let app = crate::app::App::on(naive, &auth, move |request| {
        let refused = refused.load(std::sync::atomic::Ordering::Relaxed);
        let refused = refused && request.body.contains("grant_type=refresh_token");
        let stale = request.path == "/things"
            && request.headers["authorization"] == "Bearer access-0-of-the-test";
        (refused || stale).then(|| {
            (if refused { 400 } else { 401 }, json!({"error": "invalid_grant"}).to_string())
        })
    });
    let missing = app.naive.run("connections connect acme").exits(1).json();
    let login = Login::start(&app.naive, "connections connect acme --field shop=good");
    drop(visit(&app.callback(&login.link)));
    drop(login.end().exits(0));
    spent.store(true, std::sync::atomic::Ordering::Relaxed);

    let expired = app.execute("ACME_READ").exits(4).json();
    let login = Login::start(&app.naive, "connections connect acme");
    drop(visit(&app.callback(&login.link)));
    drop(login.end().exits(0));

    assert_eq!(missing["error"]["details"][0]["message"], "is missing");
    let hint = "run `naive connections connect acme` to log in again";
    assert_eq!(expired["error"]["hint"], hint);
    drop(app.execute("ACME_READ").exits(0));
}

#[test]
fn a_default_wants_an_account_that_there_is() {
    let naive = two();

    let unknown = naive.run("connections default gmail --account wrk").exits(1).json();
    let neither = naive.run("connections default gmail").exits(2).json();
    let both = naive.run("connections default gmail --account work --clear").exits(2).json();

    assert_eq!(unknown["error"]["hint"], "did you mean `work`?");
    assert_eq!(neither["error"]["code"], "invalid_input");
    assert_eq!(both["error"]["code"], "invalid_input");
    assert_eq!(defaults(&naive), [Value::Null; 0]);
}

#[test]
fn a_key_that_the_app_still_takes_is_active_and_one_it_does_not_is_expired() {
    let good = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let taken = std::sync::Arc::clone(&good);
    let auth =
        format!("{}[identity]\nrequest = \"GET /me\"\naccount = \"/name\"\n", crate::app::KEY);
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "key-of-the-test");
    let app = crate::app::App::on(naive, &auth, move |_| {
        let good = taken.load(std::sync::atomic::Ordering::Relaxed);
        (!good).then(|| (401, "{}".to_owned()))
    });
    let id = app.naive.run("connections connect acme").exits(0).json();
    let id = id["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    let refresh = format!("connections refresh {id}");

    drop(app.naive.run(&refresh).exits(0));
    good.store(false, std::sync::atomic::Ordering::Relaxed);
    let refused = app.naive.run(&refresh).exits(4).json();
    let row = app.naive.run(&format!("connections get {id}")).exits(0).json();
    good.store(true, std::sync::atomic::Ordering::Relaxed);
    let again = app.naive.run(&refresh).exits(0).json();

    assert_eq!(refused["error"]["reason"], "connection_expired");
    assert_eq!(row["result"]["status"], "EXPIRED");
    assert_eq!(again["result"]["status"], json!("ACTIVE"));
}
