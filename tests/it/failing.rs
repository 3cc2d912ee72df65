//! `naive sandbox fail`: failures that one command plans and the next one meets.

use serde_json::json;

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
