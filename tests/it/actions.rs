//! Sensitive actions and whoever performs them: an endpoint of the operator's, or the sandbox.

use serde_json::{Value, json};

use crate::browser::visit;
use crate::support::{Naive, Run, Upstream, answering};

const SECRET: &str = "Bearer sk_canary_0123456789";
const CARD: &str = "{\"name\":\"Ads\",\"spendingLimitCents\":50000}";

/// A machine where an endpoint performs `cards.create`.
fn performed(url: &str, flags: &str) -> Naive {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    drop(naive.run("users create alice@x.example").exits(0));
    let line = format!(
        "--json actions configure cards.create --url {url}/cards --header Authorization=- {flags}"
    );
    drop(naive.fed(&line, &format!("{SECRET}\n")).exits(0));
    naive
}

fn issue(naive: &Naive) -> Run {
    naive.with("--json actions run cards.create --user alice@x.example --args", &[CARD])
}

/// What the caller saw, and which keys the endpoint was sent.
fn outcome(endpoint: &Upstream, flags: &str) -> (Value, i32, Vec<String>) {
    let run = issue(&performed(&endpoint.url, flags));
    let sent = endpoint.received();
    let keys = sent.iter().filter(|one| one.method != "GET");
    let keys = keys.map(|one| one.headers["idempotency-key"].clone()).collect();
    (run.json(), run.status, keys)
}

#[test]
fn an_endpoint_performs_an_action_and_nobody_sees_its_headers() {
    let endpoint = Upstream::new(|request| {
        let echo = request.headers["authorization"].clone();
        (
            200,
            json!({ "card_id": "card_1", "checkout_url": "https://x.example/", "echo": echo })
                .to_string(),
        )
    });
    let naive = performed(&endpoint.url, "--method put");

    let run = issue(&naive).exits(0);
    let list = naive.run("--json actions list").exits(0);

    assert_eq!(
        run.json()["result"],
        json!({ "card_id": "card_1", "checkout_url": "https://x.example/", "echo": "********" })
    );
    let sent = &endpoint.received()[0];
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("PUT", "/cards"));
    assert_eq!(sent.body, CARD);
    assert_eq!(sent.headers["authorization"], SECRET);
    assert_eq!(sent.headers["x-naive-action"], "cards.create");
    assert_eq!(sent.headers["x-naive-user"].len(), 36);
    assert_eq!(sent.headers["x-naive-external-user"], "alice%40x.example");
    assert_eq!(sent.headers["idempotency-key"].len(), 36);
    let action = &list.json()["result"]["actions"][0];
    assert_eq!(action["performed_by"], "endpoint");
    assert_eq!(action["executor"]["headers"], json!(["Authorization"]));
    let mut written = [list.out, list.err, run.out, run.err].concat().into_bytes();
    for file in std::fs::read_dir(naive.home().join("local")).unwrap() {
        written.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(!String::from_utf8_lossy(&written).contains("sk_canary"));
}

#[test]
fn each_answer_of_an_endpoint_has_one_meaning() {
    // Status and body; code or `done`, exit status, and how often an endpoint of class C was asked.
    let table: [(u16, &'static str, &str, i32); 15] = [
        (200, "{\"card_id\": \"c\"}", "done", 0),
        (204, "", "done", 0),
        (201, "[1]", "done", 0),
        (200, "{\"card_id\": ", "outcome_unknown", 7),
        (400, "{}", "invalid_input", 1),
        (422, "{\"error\": {\"message\": \"no\"}}", "invalid_input", 1),
        (403, "{}", "forbidden", 1),
        (404, "{}", "not_found", 1),
        (401, "{}", "not_configured", 4),
        (409, "{}", "outcome_unknown", 7),
        (429, "{}", "outcome_unknown", 7),
        (408, "{}", "outcome_unknown", 7),
        (503, "{}", "outcome_unknown", 7),
        (0, "", "outcome_unknown", 7),
        (0, "HTTP/1.1 302 X\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", "provider_error", 1),
    ];
    let naive = performed("http://127.0.0.1:9", "");

    for (status, body, code, exit) in table {
        let endpoint = Upstream::new(move |_| (status, body.to_owned()));
        let line = format!("--json actions configure cards.create --url {}", endpoint.url);
        drop(naive.run(&line).exits(0));

        let run = issue(&naive).exits(exit);

        let reply = run.json();
        let found = reply["error"]["code"].as_str().unwrap_or("done");
        assert_eq!(found, code, "{status} {body}");
        assert_eq!(endpoint.received().len(), 1, "{status} {body}");
    }
}

#[test]
fn what_mends_a_credential_keeps_all_else_that_was_registered() {
    let endpoint = Upstream::new(|_| (401, "{}".to_owned()));
    let lookup = format!("{}/keys/{{key}}", endpoint.url);
    let flags = format!("--method PUT --replay B --lookup {lookup} --settle 5s --reads-own-writes");
    let naive = performed(&endpoint.url, &flags);

    let error = issue(&naive).exits(4).json()["error"].clone();

    let expected = format!(
        "run `naive actions configure cards.create --url {}/cards --method PUT --replay B \
         --lookup '{lookup}' --settle 5000ms --reads-own-writes --header Authorization=-` \
         with one that is good, and ask for it again",
        endpoint.url
    );
    assert_eq!(error["hint"], expected);
}

#[test]
fn an_endpoint_that_honours_the_key_gets_the_same_one_again() {
    let late = answering(&[(0, ""), (503, "{}"), (200, "{\"card_id\":\"c\"}")], (404, ""));
    let never = answering(&[(503, "{\"message\":\"down\"}")], (404, ""));
    let busy = answering(&[(429, "{}")], (404, ""));
    let refused = answering(&[(503, "{}"), (422, "{\"message\":\"taken\"}")], (404, ""));

    let (reply, status, keys) = outcome(&late, "--replay A");
    assert_eq!((&reply["result"]["card_id"], status), (&json!("c"), 0));
    assert_eq!((keys.len(), &keys[0], &keys[0]), (3, &keys[1], &keys[2]));

    let (reply, status, keys) = outcome(&never, "--replay A");
    let error = &reply["error"];
    assert_eq!((&error["code"], status), (&json!("outcome_unknown"), 7));
    assert!(error["message"].as_str().unwrap().ends_with("failed: down (503)"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains(&keys[0]), "{error}");
    assert_eq!((keys.len(), &keys[0], &keys[0]), (3, &keys[1], &keys[2]));

    let (reply, status, keys) = outcome(&busy, "--replay A");
    assert_eq!((&reply["error"]["code"], status, keys.len()), (&json!("rate_limited"), 1, 1));

    // It may be taken because the first request took it.
    let (reply, status, _) = outcome(&refused, "--replay A");
    assert_eq!((&reply["error"]["code"], status), (&json!("outcome_unknown"), 7));
}

#[test]
fn an_endpoint_that_can_be_asked_is_asked_once_its_answer_is_lost() {
    let flags =
        |endpoint: &Upstream| format!("--replay B --lookup {}/keys/{{key}}?x=1", endpoint.url);
    let found = answering(&[(503, "{}")], (200, "{\"card_id\":\"found\"}"));
    let missing = answering(&[(503, "{}")], (404, "{}"));

    let (reply, status, keys) = outcome(&found, &flags(&found));
    assert_eq!((&reply["result"]["card_id"], status, keys.len()), (&json!("found"), 0, 1));
    let asked = &found.received()[1];
    assert_eq!(asked.path, format!("/keys/{}?x=1", keys[0]));
    assert_eq!(asked.headers["authorization"], SECRET);

    let (reply, status, keys) = outcome(&missing, &flags(&missing));
    assert_eq!((&reply["error"]["code"], status, keys.len()), (&json!("outcome_unknown"), 7, 1));
}

#[test]
fn an_action_that_never_left_has_not_happened() {
    // Nobody listens on the port of a listener that is gone.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let naive = performed(&format!("http://{gone}"), "");

    let run = issue(&naive).exits(1);

    assert_eq!(run.json()["error"]["reason"], "connection_refused");
}

#[test]
fn nobody_is_asked_for_what_nobody_performs() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");

    let unknown = naive.run("--json actions run cards.crate").exits(1);
    let free = naive.with("--json actions run cards.create --args", &[CARD]).exits(4);
    let mistyped = naive.with(
        "--json actions run cards.create --args",
        &["{\"nmae\":\"Ads\",\"spendingLimitCents\":-1,\"user\":\"bob\"}"],
    );

    let error = &unknown.json()["error"];
    assert_eq!((&error["code"], &error["reason"]), (&json!("not_found"), &json!("action_unknown")));
    let error = &free.json()["error"];
    assert_eq!(error["code"], "feature_not_configured");
    assert!(error["hint"].as_str().unwrap().contains("naive actions configure cards.create --url"));
    let error = &mistyped.exits(1).json()["error"];
    let mut places: Vec<_> =
        error["details"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    places.sort_by_key(Value::to_string);
    assert_eq!(places, ["/name", "/nmae", "/spendingLimitCents", "/user"]);
}

#[test]
fn an_endpoint_that_could_not_be_called_is_not_registered() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let wrong = [
        ("cards.crate --url https://x.example", "not_found"),
        ("cards.create --url http://x.example", "invalid_input"),
        ("cards.create --url https://u:p@x.example", "invalid_input"),
        ("cards.create --url https://x.example --method GET", "invalid_input"),
        ("cards.create --url https://x.example --replay B", "invalid_input"),
        ("cards.create --url https://x.example --lookup https://x.example/{key}", "invalid_input"),
        (
            "cards.create --url https://x.example --replay B --lookup https://x.example",
            "invalid_input",
        ),
        (
            "cards.create --url https://x.example --replay B --lookup https://{key}.example",
            "invalid_input",
        ),
        (
            "cards.create --url https://x.example --replay B --lookup http://x.example/{key}",
            "invalid_input",
        ),
        ("cards.create --url https://x.example --settle 5s", "invalid_input"),
        ("cards.create --url https://x.example --header Idempotency-Key=-", "invalid_input"),
        ("cards.create --url https://x.example --header a:b=-", "invalid_input"),
    ];
    for (line, code) in wrong {
        let run = naive.fed(&format!("--json actions configure {line}"), "value\n").exits(1);
        assert_eq!(run.json()["error"]["code"], code, "{line}");
    }
    for usage in ["cards.create", "cards.create --url https://x.example --header X=sk_canary"] {
        let run = naive.run(&format!("--json actions configure {usage}")).exits(2);
        assert!(![run.out, run.err].concat().contains("sk_canary"));
    }

    let list = naive.run("--json actions list").exits(0).json();
    let performers = list["result"]["actions"].as_array().unwrap().iter();
    assert!(performers.clone().all(|one| one["performed_by"].is_null()));
    assert_eq!(performers.count(), 7);
}

#[test]
fn an_endpoint_that_is_removed_takes_its_headers_along() {
    let naive = performed("http://127.0.0.1:9", "");

    let removed = naive.run("--json actions configure cards.create --remove").exits(0);

    assert_eq!(removed.json()["result"]["performed_by"], Value::Null);
    drop(issue(&naive).exits(4));
    drop(naive.run("--json actions configure cards.create --url http://127.0.0.1:9").exits(0));
    let list = naive.run("--json actions list").exits(0).json();
    assert_eq!(list["result"]["actions"][0]["executor"]["headers"], json!([]));
}

#[test]
fn the_sandbox_performs_every_action() {
    let naive = Naive::new();
    let run = |action: &str, input: Value| {
        let line = format!("--json actions run {action} --user alice --args");
        naive.with(&line, &[&input.to_string()])
    };
    let done = |action: &str, input: Value| run(action, input).exits(0).json()["result"].clone();

    let card = done("cards.create", json!({ "name": "Ads", "spendingLimitCents": 50000 }));
    let holder = done("cards.cardholder.create", json!({ "name": "Ann" }));
    let id = &card["card_id"];
    let topped = done("cards.topup", json!({ "cardId": id, "amountCents": 300 }));
    let domain = done("domains.purchase", json!({ "domain": "acme.test" }));
    let verification = done("verification.start", json!({}));
    let draft = done("formation.create", json!({ "companyName": "Acme" }));
    let filing = json!({ "formationId": draft["formation_id"] });
    let filed = done("formation.submit", filing.clone());
    let again = run("formation.submit", filing).exits(1);
    let taken = run("domains.purchase", json!({ "domain": "acme.test" })).exits(1);
    let wrong = run("domains.purchase", json!({ "domain": "acme", "years": 11 })).exits(1);

    assert!(id.as_str().unwrap().starts_with("card_"));
    let link = card["checkout_url"].as_str().unwrap();
    assert!(visit(link).body.contains("A card of the sandbox"), "{link}");
    assert!(holder["cardholder_id"].as_str().unwrap().starts_with("ch_"));
    assert_eq!(topped["balance_cents"], 300);
    assert_eq!((&domain["domain"], &domain["status"]), (&json!("acme.test"), &json!("active")));
    assert_eq!(verification["status"], "pending");
    assert_eq!(filed["status"], "submitted");
    assert_eq!(again.json()["error"]["code"], "invalid_input");
    assert!(taken.json()["error"]["message"].as_str().unwrap().contains("is taken"));
    assert_eq!(wrong.json()["error"]["details"].as_array().unwrap().len(), 2);
    let contents = naive.run("--json sandbox status").exits(0).json();
    let count = |kind: &str| contents["result"]["contents"][kind].clone();
    assert_eq!(
        (count("cards"), count("domains"), count("formations")),
        (1.into(), 1.into(), 1.into())
    );
    drop(naive.run("sandbox reset").exits(0));
    let contents = naive.run("--json sandbox status").exits(0).json();
    assert_eq!(contents["result"]["contents"]["cards"], 0);
}

#[test]
fn an_answer_that_the_sandbox_loses_is_asked_for_again_and_nothing_is_done_twice() {
    let naive = Naive::new();
    drop(naive.run("sandbox fail lost-answer --toolkit actions").exits(0));

    let run = naive
        .with("--json actions run domains.purchase --args", &["{\"domain\":\"acme.test\"}"])
        .exits(0);

    assert_eq!(run.json()["result"]["domain"], "acme.test");
    let status = naive.run("--json sandbox status").exits(0).json();
    assert_eq!(status["result"]["contents"]["domains"], 1);
    assert_eq!(status["result"]["failures"], json!([]));
    let own = naive.run("--json actions configure cards.create --url https://x.example").exits(1);
    assert_eq!(own.json()["error"]["code"], "invalid_input");
}
