//! The sensitive actions, as an executor's client meets them.

use serde_json::{Value, json};

use super::{Reply, World};

/// Somebody who asks for actions.
struct Asker<'a> {
    world: &'a World,
    user: &'a str,
}

impl Asker<'_> {
    async fn asks(&self, action: &str, key: &str, input: Value) -> Reply {
        let lines = [
            "Content-Type: application/json".to_owned(),
            format!("Idempotency-Key: {key}"),
            format!("X-Naive-User: {}", self.user),
        ];
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let path = format!("/actions/{action}");
        self.world.send("POST", &path, &lines, &input.to_string()).await
    }

    async fn looks_up(&self, key: &str) -> Reply {
        let user = format!("X-Naive-User: {}", self.user);
        self.world.send("GET", &format!("/actions/keys/{key}"), &[&user], "").await
    }
}

#[tokio::test]
async fn an_action_is_done_once_a_key() {
    let world = World::new().await;
    let ann = Asker { world: &world, user: "ann" };
    let input = json!({ "name": "Ads" });

    let first = ann.asks("cards.create", "k", input.clone()).await;
    let again = ann.asks("cards.create", "k", input).await;
    let other = ann.asks("cards.create", "k", json!({ "name": "Other" })).await;
    let found = ann.looks_up("k").await;
    let missing = ann.looks_up("other").await;
    let foreign = Asker { world: &world, user: "bob" }.looks_up("k").await;

    assert_eq!((first.status, again.status, &again.body), (200, 200, &first.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((other.status, &other.json()["error"]["code"]), (422, &json!("key_reused")));
    assert_eq!((found.status, found.json()), (200, first.json()));
    assert_eq!((missing.status, foreign.status), (404, 404));
    assert_eq!(super::super::contents(&world.database()).unwrap().cards, 1);
}

#[tokio::test]
async fn what_was_refused_stays_refused_under_its_key_and_is_not_found() {
    let world = World::new().await;
    let ann = Asker { world: &world, user: "ann" };

    let first = ann.asks("domains.purchase", "k", json!({ "domain": "example.com" })).await;
    let again = ann.asks("domains.purchase", "k", json!({ "domain": "example.com" })).await;

    assert_eq!((first.status, &first.json()["error"]["code"]), (422, &json!("domain_taken")));
    assert_eq!((again.status, &again.body), (422, &first.body));
    assert_eq!(ann.looks_up("k").await.status, 404);
}

#[tokio::test]
async fn a_card_holds_what_it_is_topped_up_with() {
    let world = World::new().await;
    let ann = Asker { world: &world, user: "ann" };
    let card = ann.asks("cards.create", "1", json!({ "name": "Ads", "currency": "EUR" })).await;
    let id = card.json()["card_id"].clone();
    let top_up = |key: &'static str, input: Value| ann.asks("cards.topup", key, input);

    let once = top_up("2", json!({ "cardId": id, "amountCents": 500 })).await.json();
    let twice = top_up("3", json!({ "cardId": id, "amountCents": 700 })).await.json();
    let dollars = top_up("4", json!({ "cardId": id, "amountCents": 1, "currency": "usd" })).await;
    let unknown = top_up("5", json!({ "cardId": "card_0", "amountCents": 1 })).await;
    let holder = json!({ "name": "Ads", "cardholderId": "ch_0" });
    let nobodys = ann.asks("cards.create", "6", holder).await;

    assert_eq!((&once["balance_cents"], &twice["balance_cents"]), (&json!(500), &json!(1_200)));
    assert_eq!(twice["currency"], "eur");
    assert_eq!((dollars.status, unknown.status, nobodys.status), (422, 404, 404));
}

#[tokio::test]
async fn a_domain_is_sold_once_and_a_company_filed_once() {
    let world = World::new().await;
    let (ann, bob) = (Asker { world: &world, user: "ann" }, Asker { world: &world, user: "bob" });
    let domain = json!({ "domain": "Acme.com", "years": 2 });

    let sold = ann.asks("domains.purchase", "1", domain.clone()).await.json();
    let taken = bob.asks("domains.purchase", "1", domain).await;
    let draft = ann.asks("formation.create", "2", json!({ "companyName": "Acme" })).await.json();
    let id = json!({ "formationId": draft["formation_id"] });
    let filed = ann.asks("formation.submit", "3", id.clone()).await.json();
    let refused = ann.asks("formation.submit", "4", id.clone()).await;
    let foreign = bob.asks("formation.submit", "4", id).await;

    assert_eq!((&sold["domain"], &sold["price_cents"]), (&json!("acme.com"), &json!(2_598)));
    assert_eq!((taken.status, refused.status, foreign.status), (422, 422, 404));
    assert_eq!((&draft["status"], &filed["status"]), (&json!("draft"), &json!("submitted")));
    assert!(filed["order_number"].as_str().unwrap().starts_with("F-"));
}

#[tokio::test]
async fn a_request_says_who_it_is_for_and_under_which_key() {
    let world = World::new().await;
    let body = "{\"name\": \"Ads\"}";
    let kind = "Content-Type: application/json";
    let send =
        |lines: &'static [&'static str]| world.send("POST", "/actions/cards.create", lines, body);

    let nobody = send(&["Content-Type: application/json", "Idempotency-Key: k"]).await;
    let keyless = send(&["Content-Type: application/json", "X-Naive-User: ann"]).await;
    let form = send(&["Idempotency-Key: k", "X-Naive-User: ann"]).await;
    let path = "/actions/cards.destroy";
    let known = ["Idempotency-Key: k", "X-Naive-User: ann", kind];
    let unknown = world.send("POST", path, &known, body).await;

    assert_eq!((nobody.status, keyless.status, form.status), (400, 400, 400));
    assert_eq!(unknown.status, 404);
}
