//! `naive sandbox fail`: failures that one command plans and the next one meets.

use serde_json::{Value, json};

use crate::support::Naive;

#[test]
fn failures_are_planned_listed_and_cleared() {
    let naive = Naive::new();

    let first = naive.run("--json sandbox fail rate-limit --times 2 --toolkit gmail").exits(0);
    let second = naive.run("--json sandbox fail consent-denied").exits(0);
    let listed = naive.run("--json sandbox fail --list").exits(0);
    let status = naive.run("--json sandbox status").exits(0);
    let cleared = naive.run("--json sandbox fail --clear").exits(0);

    let limit = json!({ "what": "rate-limit", "at": "api", "toolkit": "gmail", "times": 2 });
    let denied = json!({ "what": "consent-denied", "at": "consent", "toolkit": null, "times": 1 });
    assert_eq!(
        first.json(),
        json!({
            "success": true,
            "action": "sandbox.fail",
            "sandbox": true,
            "result": { "failures": [limit] },
            "next_steps": [
                { "command": "naive sandbox fail --clear", "description": "forget them" },
            ],
        })
    );
    for run in [second, listed, status] {
        assert_eq!(run.json()["result"]["failures"], json!([limit, denied]));
    }
    assert_eq!(cleared.json()["result"], json!({ "failures": [] }));
}

#[test]
fn people_see_what_is_to_come() {
    let naive = Naive::new();

    let none = naive.run("--output table sandbox fail --list").exits(0);
    let planned =
        naive.run("--output table sandbox fail server-error --at token --toolkit mine").exits(0);

    assert_eq!(none.out, "No failures are to come.\n");
    let lines: Vec<Vec<_>> =
        planned.out.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = ["server-error", "token", "mine", "1"];
    assert_eq!(lines, [["FAILURE", "AT", "TOOLKIT", "TIMES"], row]);
    assert!(planned.err.contains("No shipped toolkit is called `mine`"), "{}", planned.err);
}

#[test]
fn what_cannot_fail_is_refused_with_what_can() {
    let naive = Naive::new();

    let nothing = naive.run("sandbox fail").exits(2);
    let unknown = naive.run("sandbox fail rate-limits").exits(2);
    let never = naive.run("sandbox fail cut --times 0").exits(2);
    let both = naive.run("sandbox fail cut --list").exits(2);
    let elsewhere = naive.run("--json sandbox fail wrong-iss --at token").exits(1);

    for run in [&nothing, &unknown, &never, &both] {
        assert!(!format!("{}{}", run.out, run.err).is_empty());
    }
    assert!(format!("{}{}", unknown.out, unknown.err).contains("lost-answer"));
    assert_eq!(elsewhere.json()["error"]["code"], "invalid_input");
    assert_eq!(naive.run("--json sandbox fail --list").json()["result"]["failures"], json!([]));
}

#[test]
fn the_next_command_meets_the_failure_and_another_one_does_not() {
    let naive = Naive::new();
    let execute = "--json connections execute hackernews HACKERNEWS_GET_ITEM --user default";
    let call = || naive.with(execute, &["--args", r#"{"id":9101}"#]);
    naive.run("connections connect hackernews --user default").exits(0);
    naive.run("sandbox fail server-error --times 20 --toolkit hackernews").exits(0);

    let failed = call().exits(1);
    naive.run("sandbox fail --clear").exits(0);
    let done = call().exits(0);

    assert_eq!(failed.json()["error"]["code"], "provider_error");
    assert_eq!(done.json()["result"]["successful"], true);
}

/// Connects gmail, plans a failure, and runs a tool of it.
fn after(fail: &str, tool: &str) -> (i32, Value, String) {
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));
    drop(naive.run(&format!("sandbox fail {fail} --toolkit gmail")).exits(0));
    let run = naive.run(&format!("connections execute gmail {tool}"));
    let rows = naive.run("connections connected").exits(0).json();
    let status = rows["result"]["connections"][0]["status"].as_str().unwrap().to_owned();
    (run.status, run.json()["error"].clone(), status)
}

#[test]
fn each_failure_of_an_app_has_its_own_error_and_leaves_the_right_state() {
    let (look, send) = (
        "GMAIL_FETCH_EMAILS",
        "GMAIL_SEND_EMAIL --args {\"to\":\"a@b.co\",\"subject\":\"x\",\"body\":\"\"}",
    );
    let table = [
        ("expired-token", look, 0, "", "", "ACTIVE"),
        ("revoked", look, 4, "unauthorized", "connection_expired", "EXPIRED"),
        ("rate-limit", look, 0, "", "", "ACTIVE"),
        ("rate-limit", send, 1, "rate_limited", "", "ACTIVE"),
        ("server-error", look, 0, "", "", "ACTIVE"),
        ("server-error --times 3", look, 1, "provider_error", "", "ACTIVE"),
        ("server-error", send, 7, "outcome_unknown", "", "ACTIVE"),
        ("cut --times 3", look, 1, "provider_error", "", "ACTIVE"),
        ("cut", send, 7, "outcome_unknown", "", "ACTIVE"),
        ("bad-json --times 3", look, 1, "provider_error", "answer_broken", "ACTIVE"),
        ("bad-json", send, 7, "outcome_unknown", "", "ACTIVE"),
        ("lost-answer", look, 0, "", "", "ACTIVE"),
        ("lost-answer", send, 7, "outcome_unknown", "", "ACTIVE"),
        ("server-error --at token", look, 0, "", "", "ACTIVE"),
    ];
    for (fail, tool, exit, code, reason, state) in table {
        let (status, error, row) = after(fail, tool);

        let said = (status, error["code"].as_str(), error["reason"].as_str(), row.as_str());
        let word = |word: &'static str| Some(word).filter(|word| !word.is_empty());
        assert_eq!(said, (exit, word(code), word(reason), state), "{fail} {tool}: {error}");
    }
}

#[test]
fn a_login_that_goes_wrong_says_how_and_fails() {
    let table = [
        ("wrong-iss", "provider_error", "issuer_mismatch"),
        ("consent-denied", "forbidden", "access_denied"),
        ("server-error --at token", "provider_error", ""),
        ("bad-json --at token", "provider_error", ""),
        ("cut --at token", "provider_error", ""),
    ];
    for (fail, code, reason) in table {
        let naive = Naive::new();
        drop(naive.run(&format!("sandbox fail {fail}")).exits(0));

        let run = naive.run("connections connect gmail").exits(1).json();

        assert_eq!(run["error"]["code"], code, "{fail}: {run}");
        let said = run["error"]["reason"].as_str().unwrap_or_default();
        assert_eq!(said, reason, "{fail}");
        let rows = naive.run("connections list --search gmail").exits(0).json();
        assert_eq!(rows["result"]["toolkits"][0]["connection"]["status"], "FAILED", "{fail}");
        drop(naive.run("connections connect gmail").exits(0));
    }
}

#[test]
fn a_lost_answer_costs_nothing_where_the_app_knows_our_key() {
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", "sk_test_of_the_test");
    drop(naive.run("connections connect stripe").exits(0));
    drop(naive.run("sandbox fail lost-answer --times 2 --toolkit stripe").exits(0));

    let create = "connections execute stripe STRIPE_CREATE_CUSTOMER --args";
    let run = naive.with(create, &["{\"name\": \"Once\"}"]).exits(0).json();
    let all = naive.run("connections execute stripe STRIPE_LIST_CUSTOMERS").exits(0).json();

    assert_eq!(run["result"]["data"]["name"], "Once");
    assert_eq!(all["result"]["data"]["data"].as_array().unwrap().len(), 1);
}
