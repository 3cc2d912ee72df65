//! Stripe as a shop meets it.

use super::{Reply, World, encoded};

const KEY: &str = "Authorization: Bearer sk_test_0123456789abcdef";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

impl World {
    async fn stripe(&self, method: &str, path: &str, pairs: &[(&str, &str)]) -> Reply {
        self.send(method, &format!("/stripe/v1/{path}"), &[KEY, FORM], &encoded(pairs)).await
    }

    async fn made(&self, path: &str, pairs: &[(&str, &str)]) -> String {
        let reply = self.stripe("POST", path, pairs).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_customer_is_made_changed_found_and_deleted() {
    let world = World::new().await;

    let pairs = [("email", "a@x.example"), ("name", "A"), ("metadata[tier]", "gold")];
    let id = world.made("customers", &pairs).await;
    world.made("customers", &[("email", "b@x.example")]).await;
    let path = format!("customers/{id}");
    let change = [("name", "B"), ("metadata[tier]", ""), ("metadata[seat]", "4")];
    let changed = world.stripe("POST", &path, &change).await.json();

    assert!(id.starts_with("cus_"));
    assert_eq!((&changed["name"], &changed["email"]), (&"B".into(), &"a@x.example".into()));
    assert_eq!(changed["metadata"].to_string(), "{\"seat\":\"4\"}");
    let found = world.stripe("GET", "customers?email=a%40x.example", &[]).await.json();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!((&found["object"], &found["url"]), (&"list".into(), &"/v1/customers".into()));
    let deleted = world.stripe("DELETE", &path, &[]).await.json();
    assert_eq!(deleted["deleted"], true);
    assert_eq!(world.stripe("GET", &path, &[]).await.json()["deleted"], true);
    assert_eq!(world.stripe("POST", &path, &change).await.status, 404);
}

#[tokio::test]
async fn lists_are_paged() {
    let world = World::new().await;
    let first = world.made("customers", &[("name", "1")]).await;
    let second = world.made("customers", &[("name", "2")]).await;

    let page = world.stripe("GET", "customers?limit=1", &[]).await.json();
    let rest = world.stripe("GET", &format!("customers?starting_after={second}"), &[]).await.json();

    assert_eq!((&page["data"][0]["id"], &page["has_more"]), (&second.into(), &true.into()));
    assert_eq!((&rest["data"][0]["id"], &rest["has_more"]), (&first.into(), &false.into()));
    let odd = world.stripe("GET", "customers?limit=0", &[]).await;
    assert_eq!((odd.status, &odd.json()["error"]["param"]), (400, &"limit".into()));
}

#[tokio::test]
async fn what_is_wrong_is_said_as_stripe_says_it() {
    let world = World::new().await;

    for (method, path, pairs, status, code, param) in [
        ("POST", "payment_intents", vec![("amount", "5")], 400, "parameter_missing", "currency"),
        (
            "POST",
            "payment_intents",
            vec![("amount", "x"), ("currency", "usd")],
            400,
            "parameter_invalid_integer",
            "amount",
        ),
        ("POST", "customers", vec![("nmae", "x")], 400, "parameter_unknown", "nmae"),
        ("POST", "products", vec![("name", "")], 400, "parameter_invalid_empty", "name"),
        ("POST", "invoices", vec![("customer", "cus_x")], 400, "resource_missing", "customer"),
        ("GET", "customers/cus_x", vec![], 404, "resource_missing", "id"),
        ("GET", "invoices/in_x", vec![], 404, "resource_missing", "id"),
    ] {
        let reply = world.stripe(method, path, &pairs).await;
        let error = &reply.json()["error"];
        assert_eq!(reply.status, status, "{path}");
        assert_eq!((&error["code"], &error["param"]), (&code.into(), &param.into()), "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    let missing = world.stripe("POST", "payment_intents", &[("amount", "5")]).await.json();
    assert_eq!(missing["error"]["message"], "Missing required param: currency.");
    assert_eq!(world.stripe("GET", "unicorns", &[]).await.status, 404);
}

#[tokio::test]
async fn a_key_is_needed_and_never_echoed() {
    let world = World::new().await;
    let live = "sk_live_0123456789abcdefgh";

    let none = world.get("/stripe/v1/balance").await;
    let bearer = format!("Authorization: Bearer {live}");
    let wrong = world.send("GET", "/stripe/v1/balance", &[&bearer], "").await;
    // `sk_test_0123456789abcdef:`
    let basic = "Authorization: Basic c2tfdGVzdF8wMTIzNDU2Nzg5YWJjZGVmOg==";
    let right = world.send("GET", "/stripe/v1/account", &[basic], "").await;

    assert_eq!((none.status, wrong.status, right.status), (401, 401, 200));
    assert!(!wrong.body.contains(live) && wrong.body.contains("sk_live_**************efgh"));
    assert_eq!(right.json()["id"], world.stripe("GET", "account", &[]).await.json()["id"]);
    let other = "Authorization: Bearer sk_test_other";
    world.made("customers", &[]).await;
    let foreign = world.send("GET", "/stripe/v1/customers", &[other], "").await;
    assert_eq!(foreign.json()["data"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn an_idempotency_key_does_it_once() {
    let world = World::new().await;
    let send = async |body: &str| {
        let headers = [KEY, FORM, "Idempotency-Key: order-7"];
        world.send("POST", "/stripe/v1/customers", &headers, body).await
    };

    let first = send("name=A").await;
    let again = send("name=A").await;
    let other = send("name=B").await;

    assert_eq!(first.body, again.body);
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((other.status, &other.json()["error"]["type"]), (400, &"idempotency_error".into()));
    let all = world.stripe("GET", "customers", &[]).await.json();
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_payment_is_confirmed_refunded_and_counted() {
    let world = World::new().await;
    let intent = world.made("payment_intents", &[("amount", "2000"), ("currency", "EUR")]).await;
    let path = format!("payment_intents/{intent}");

    let early = world.stripe("POST", &format!("{path}/confirm"), &[]).await;
    let declined = [("payment_method", "pm_card_chargeDeclined")];
    let declined = world.stripe("POST", &format!("{path}/confirm"), &declined).await;
    let visa = [("payment_method", "pm_card_visa")];
    let paid = world.stripe("POST", &format!("{path}/confirm"), &visa).await.json();
    let part = [("payment_intent", intent.as_str()), ("amount", "500")];
    let refund = world.stripe("POST", "refunds", &part).await.json();
    let beyond =
        world.stripe("POST", "refunds", &[("payment_intent", &intent), ("amount", "1501")]).await;
    let balance = world.stripe("GET", "balance", &[]).await.json();
    let cancel = world.stripe("POST", &format!("{path}/cancel"), &[]).await;

    assert_eq!(early.json()["error"]["code"], "payment_intent_unexpected_state");
    assert_eq!(
        (declined.status, &declined.json()["error"]["code"]),
        (402, &"card_declined".into())
    );
    assert_eq!((&paid["status"], &paid["amount_received"]), (&"succeeded".into(), &2000.into()));
    assert_eq!((&refund["amount"], &refund["currency"]), (&500.into(), &"eur".into()));
    assert_eq!(refund["charge"], paid["latest_charge"]);
    assert_eq!(beyond.status, 400);
    assert_eq!(balance["pending"][1]["amount"], 1500);
    assert_eq!(cancel.status, 400);
    let charges =
        world.stripe("GET", &format!("charges?payment_intent={intent}"), &[]).await.json();
    assert_eq!(charges["data"][0]["amount_refunded"], 500);
}

#[tokio::test]
async fn an_authorized_payment_is_captured_or_cancelled() {
    let world = World::new().await;
    let pairs = [
        ("amount", "900"),
        ("currency", "usd"),
        ("capture_method", "manual"),
        ("payment_method", "pm_card_visa"),
        ("confirm", "true"),
    ];
    let held = world.made("payment_intents", &pairs).await;
    let other = world.made("payment_intents", &pairs).await;

    let amount = [("amount_to_capture", "600")];
    let taken =
        world.stripe("POST", &format!("payment_intents/{held}/capture"), &amount).await.json();
    let let_go = world.stripe("POST", &format!("payment_intents/{other}/cancel"), &[]).await.json();

    assert_eq!((&taken["status"], &taken["amount_received"]), (&"succeeded".into(), &600.into()));
    assert_eq!(let_go["status"], "canceled");
    let balance = world.stripe("GET", "balance", &[]).await.json();
    assert_eq!(balance["pending"][0]["amount"], 600);
}

#[tokio::test]
async fn a_price_a_link_and_an_invoice_are_made() {
    let world = World::new().await;
    let product = world.made("products", &[("name", "Tea")]).await;
    let pairs = [("currency", "usd"), ("unit_amount", "450"), ("product", &product)];
    let price = world.made("prices", &pairs).await;
    let customer = world.made("customers", &[("email", "a@x.example")]).await;

    let items = [("line_items[0][price]", price.as_str()), ("line_items[0][quantity]", "2")];
    let link = world.stripe("POST", "payment_links", &items).await.json();
    let monthly = [("recurring[interval]", "month"), ("product_data[name]", "Club")];
    let monthly =
        world.stripe("POST", "prices", &[&pairs[..2], &monthly[..]].concat()).await.json();
    let terms = [("collection_method", "send_invoice"), ("days_until_due", "14")];
    let invoice = [&[("customer", customer.as_str())][..], &terms[..]].concat();
    let invoice = world.stripe("POST", "invoices", &invoice).await.json();
    let bad = [("line_items[0][price]", "price_x"), ("line_items[0][quantity]", "2")];
    let bad = world.stripe("POST", "payment_links", &bad).await.json();

    assert!(link["url"].as_str().unwrap().starts_with("https://buy.stripe.com/test_"));
    assert_eq!(
        (&monthly["type"], &monthly["recurring"]["interval"]),
        (&"recurring".into(), &"month".into())
    );
    assert_eq!(
        (&invoice["status"], &invoice["customer_email"]),
        (&"draft".into(), &"a@x.example".into())
    );
    let due = invoice["due_date"].as_i64().unwrap() - invoice["created"].as_i64().unwrap();
    assert_eq!(due, 14 * 86_400);
    assert_eq!(bad["error"]["param"], "line_items[0][price]");
}
