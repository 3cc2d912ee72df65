//! What is decided about the workspace as a whole.

use serde_json::json;

use crate::support::Naive;

#[test]
fn the_workspace_is_shown_and_changed_a_setting_at_a_time() {
    let naive = Naive::new();

    let fresh = naive.run("workspace get").exits(0).json()["result"].clone();
    let separate = naive.run("workspace update --separate-resolver true").exits(0).json();
    let off = naive.run("workspace update --connections false").exits(0).json();

    assert_eq!([&fresh["connections"], &fresh["separate_resolver"]], [true, false]);
    let expected = |connections| json!({ "id": fresh["id"], "connections": connections, "separate_resolver": true, "allowed_origins": [] });
    assert_eq!(separate["result"], expected(true));
    assert_eq!(off["result"], expected(false));
    assert_eq!(naive.run("workspace get").exits(0).json()["result"], expected(false));
}

#[test]
fn an_update_of_nothing_is_refused() {
    let run = Naive::new().run("workspace update").exits(2);

    let expected = json!({
        "code": "invalid_input",
        "message": "there is nothing to change",
        "hint": "give `--connections`, `--separate-resolver` or `--allowed-origins`",
    });
    assert_eq!(run.json()["error"], expected);
}

#[test]
fn where_connections_are_off_nobody_connects_or_runs_and_everybody_may_look_and_leave() {
    let naive = Naive::new();
    naive.run("connections connect hackernews").exits(0);
    naive.run("workspace update --connections false").exits(0);

    let lines = [
        "connections connect gmail",
        "connections execute hackernews HACKERNEWS_TOP_STORIES",
        "connections refresh hackernews",
    ];
    for line in lines {
        let run = naive.run(line).exits(4);

        let error = run.json()["error"].clone();
        assert_eq!(error["code"], "feature_not_configured", "{line}");
        assert_eq!(error["reason"], "connections_off", "{line}");
    }
    naive.run("connections connected").exits(0);
    naive.run("connections disconnect hackernews").exits(0);
    naive.run("workspace update --connections true").exits(0);
    naive.run("connections connect hackernews").exits(0);
}
