//! What the forms do.

use serde_json::json;

use super::{between, cast};

#[tokio::test]
async fn a_connect_is_approved_and_its_login_has_a_link() {
    let cast = cast().await;
    let id = cast.held_connect().await;
    let place = format!("/approvals/{id}");

    let waiting = cast.get("").await;
    let approved = cast.post(&format!("{place}/approve"), &[]).await;
    let page = cast.get(&place).await;
    let history = cast.get("/history?status=executed").await;
    let empty = cast.get("/history?status=denied").await;

    assert!(waiting.text.contains("data-waiting=\"1\""), "{}", waiting.text);
    assert_eq!(
        (approved.status, approved.header("location")),
        (303, &*format!("/dashboard{place}"))
    );
    let link = between(&page.text, "<a class=\"button primary\" href=\"", "\"");
    assert!(link.starts_with("http://127.0.0.1:9/gmail/oauth/authorize?"), "{link}");
    assert!(link.contains("127.0.0.1%3A3101%2Foauth%2Fcallback"), "{link}");
    assert!(!page.text.contains(">Approve<"));
    assert!(history.text.contains(&place) && history.text.contains("the operator"));
    assert!(!empty.text.contains(&place));
    assert_eq!(cast.approval(&id).await["resolved_by"]["actor_id"], "operator");
}

#[tokio::test]
async fn a_denial_carries_its_reason() {
    let cast = cast().await;
    let id = cast.held_connect().await;
    let place = format!("/approvals/{id}");

    let denied = cast.post(&format!("{place}/deny"), &[("reason", " not <now> ")]).await;
    let page = cast.get(&place).await.text;
    let history = cast.get("/history").await.text;

    assert_eq!(denied.status, 303);
    assert!(page.contains("denied, decided by the operator") && page.contains("not &lt;now&gt;"));
    assert!(history.contains("<q>not &lt;now&gt;</q>"), "{history}");
    assert_eq!(cast.approval(&id).await["reason"], "not <now>");
}

#[tokio::test]
async fn what_was_decided_meanwhile_is_said() {
    let cast = cast().await;
    let id = cast.held_connect().await;
    cast.done("approvals.deny", json!({"approval": id, "reason": "first"})).await;
    let place = format!("/approvals/{id}");

    let late = cast.post(&format!("{place}/approve"), &[]).await;
    let unknown = [("found", "executed"), ("reason", "looked")];
    let resolved = cast.post(&format!("{place}/resolve"), &unknown).await;
    let vague = cast.post(&format!("{place}/resolve"), &[("found", "perhaps")]).await;

    for (page, words) in [
        (&late, "is denied already"),
        (&resolved, "not unknown"),
        (&vague, "not said what you found"),
    ] {
        assert_eq!(page.status, 400);
        assert!(page.text.contains(words) && page.text.contains("role=\"alert\""), "{}", page.text);
        assert!(page.text.contains("decided by the operator") && page.text.contains("first"));
    }
    assert_eq!(cast.approval(&id).await["status"], "denied");
}

#[tokio::test]
async fn the_inbox_by_itself_is_what_the_page_shows() {
    let cast = cast().await;
    let id = cast.held_connect().await;

    let fragment = cast.get("/inbox").await.text;
    let live = cast.get("/live");

    assert!(fragment.starts_with("<div id=\"inbox\" data-waiting=\"1\""), "{fragment}");
    assert!(fragment.contains(&format!("data-state=\"{id}:pending \"")), "{fragment}");
    let page = cast.get("").await.text;
    assert!(page.contains("<div class=\"notice\" id=\"fresh\" hidden"), "{page}");
    // A stream goes on for as long as the session does: here only that it is one.
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), live).await.is_err());
}

#[tokio::test]
async fn a_key_is_shown_once_and_taken_back() {
    let cast = cast().await;
    let fields = [("name", "cron"), ("role", "agent"), ("user", "alice"), ("ttl", "30d")];

    let made = cast.post("/keys", &fields).await;
    let key = between(&made.text, "readonly value=\"", "\"").to_owned();
    let list = cast.get("/keys").await.text;
    let id = between(&list, "/dashboard/keys/", "/revoke").to_owned();
    let works = cast.served.send(&key, "GET /v1/auth/me", &json!(null)).await;
    let revoked = cast.post(&format!("/keys/{id}/revoke"), &[]).await;
    let after = cast.served.send(&key, "GET /v1/auth/me", &json!(null)).await;
    let odd = [("name", ""), ("role", "agent")];
    let nameless = cast.post("/keys", &odd).await;
    let king = cast.post("/keys", &[("name", "x"), ("role", "king")]).await;

    assert!(made.status == 200 && key.starts_with("nv_ag_local_"), "{}", made.text);
    assert!(list.contains("cron") && !list.contains(&key));
    assert_eq!((works.status, works.body["user"].as_str()), (200, Some("alice")));
    assert_eq!((revoked.status, after.status), (303, 401));
    assert_eq!((nameless.status, king.status), (400, 400));
}

#[tokio::test]
async fn an_app_is_connected_and_disconnected() {
    let cast = cast().await;

    // when: one that asks for nothing, one that sends its user to the app
    let news = [("user", "alice"), ("toolkit", "hackernews")];
    let news = cast.post("/connections/connect", &news).await;
    let list = cast.get("/connections?user=alice").await.text;
    let id = between(&list, "href=\"/dashboard/connections/", "?").to_owned();
    let one = format!("/connections/{id}");
    let shown = cast.get(&format!("{one}?user=alice")).await;
    let ended = cast.post(&format!("{one}/disconnect"), &[("user", "alice")]).await;
    let after = cast.get(&format!("{one}?user=alice")).await.text;
    let gmail = [("user", "alice"), ("toolkit", "gmail")];
    let login = cast.post("/connections/connect", &gmail).await;
    let other = [("user", "alice"), ("toolkit", "hackernews"), ("label", "second")];
    let labelled = cast.post("/connections/connect", &other).await;
    let both = cast.get("/connections?user=alice").await.text;

    assert_eq!(news.status, 303);
    assert!(news.header("location").contains("toolkit=hackernews"));
    assert!(shown.status == 200 && shown.text.contains("Disconnect"));
    assert_eq!(ended.status, 303);
    assert!(after.contains("inactive") && after.contains("Delete the credential"), "{after}");
    let link = between(&login.text, "<a class=\"button primary\" href=\"", "\"");
    assert!(link.starts_with("http://127.0.0.1:9/gmail/oauth/authorize?"), "{link}");
    assert_eq!((login.status, labelled.status), (200, 303));
    assert!(both.contains("(<bdi>second</bdi>)"), "{both}");
}

#[tokio::test]
async fn the_parts_of_an_apps_address_are_asked_for_before_its_login() {
    let cast = cast().await;
    let part = json!({"key": "shop", "label": "Name of <your> shop", "secret": false});
    let auth = json!({
        "type": "oauth2", "fields": [part], "client_id": "x",
        "authorize_url": "https://acme.example/authorize", "token_url": "https://acme.example/token",
    });
    let manifest = json!({
        "slug": "acme", "name": "Acme", "description": "A shop",
        "base_url": "https://{shop}.acme.example", "auth": auth,
        "tools": [{
            "slug": "ACME_READ", "name": "Read", "description": "Read things",
            "request": "GET /things", "effect": "read", "input": {"type": "object"},
        }],
    });
    cast.done("toolkits.add", json!({ "manifest": manifest })).await;
    let acme = [("user", "alice"), ("toolkit", "acme"), ("label", "second")];

    let asked = cast.post("/connections/connect", &acme).await;
    let odd = [acme[0], acme[1], ("address.town", "\"x\"")];
    let odd = cast.post("/connections/connect", &odd).await;
    let given = [acme[0], acme[1], acme[2], ("address.shop", " good ")];
    let begun = cast.post("/connections/connect", &given).await;

    assert_eq!(asked.status, 200);
    for part in [
        "Name of &lt;your&gt; shop",
        "name=\"address.shop\" required",
        "name=\"label\" value=\"second\"",
    ] {
        assert!(asked.text.contains(part), "{part} is not in {}", asked.text);
    }
    assert!(!asked.text.contains("role=\"alert\""), "{}", asked.text);
    assert!(odd.status == 400 && odd.text.contains("missing or unknown"), "{}", odd.text);
    assert!(odd.text.contains("name=\"address.shop\" required"), "{}", odd.text);
    let link = between(&begun.text, "<a class=\"button primary\" href=\"", "\"");
    assert!(link.starts_with("http://127.0.0.1:9/acme/oauth/authorize?"), "{link}");
}

#[tokio::test]
async fn a_credential_is_asked_for_and_never_shown_again() {
    let cast = cast().await;
    let stripe = [("user", "alice"), ("toolkit", "stripe")];

    let begun = cast.post("/connections/connect", &stripe).await;
    let asked = begun.header("location").strip_prefix("/dashboard").unwrap();
    let asked = cast.get(asked).await.text;
    let form = between(&asked, "action=\"/dashboard/connections/ca_", "\"").to_owned();
    let place = format!("/connections/ca_{form}");
    let secret = [("user", "alice"), ("credential.api_key", "sk_secret")];
    let refused = cast.post(&place, &secret).await;
    let nothing = cast.post(&place, &[("user", "alice")]).await;

    assert!(asked.contains("type=\"password\" name=\"credential.api_key\""), "{asked}");
    assert!(refused.status >= 400 && !refused.text.contains("sk_secret"), "{}", refused.text);
    assert!(refused.text.contains("role=\"alert\""));
    assert_eq!(nothing.status, 400);
}

#[tokio::test]
async fn a_toolkit_is_switched_off_and_on() {
    let cast = cast().await;

    let off = cast.post("/toolkits/slack/disable", &[]).await;
    let without = cast.get("/toolkits?search=slack").await.text;
    let on = cast.post("/toolkits/slack/enable", &[]).await;
    let with = cast.get("/toolkits?search=slack").await.text;

    assert_eq!((off.status, on.status), (303, 303));
    assert!(without.contains("switched off") && without.contains("Switch on"));
    assert!(with.contains("available") && with.contains("Switch off"));
}

#[tokio::test]
async fn orders_are_stopped_and_let_go_again() {
    let cast = cast().await;
    let mine = [("user", "alice"), ("reason", "look <first>")];
    let all = [("user", "alice"), ("whose", "all")];

    let stopped = cast.post("/trading/halt", &mine).await;
    let page = cast.get("/trading?user=alice").await.text;
    let other = cast.get("/trading").await.text;
    let resumed = cast.post("/trading/resume", &[mine[0]]).await;
    let again = cast.post("/trading/resume", &[mine[0]]).await;
    let everybody = cast.post("/trading/halt", &all).await;
    let everywhere = cast.get("/trading").await.text;

    let statuses = [stopped.status, resumed.status, everybody.status, again.status];
    assert_eq!(statuses, [303, 303, 303, 400]);
    for part in ["The orders of <bdi>alice</bdi> are stopped", "look &lt;first&gt;", "Resume…"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(other.contains("Stop…") && !other.contains("are stopped since"), "{other}");
    assert!(again.text.contains("are not stopped") && again.text.contains("<h1>Trading"));
    assert!(everywhere.contains("All orders are stopped since"), "{everywhere}");
}

#[tokio::test]
async fn a_kit_is_told_which_apps_it_allows_and_who_is_under_it() {
    let cast = cast().await;
    let made = cast.done("account_kits.create", json!({"name": "Careful"})).await;
    let id = made["id"].as_str().unwrap();
    let (apps, kit) = (format!("/kits/{id}/apps"), format!("/kits/{id}"));
    let read = cast.get(&kit).await.text;
    let read_at = between(&read, "name=\"read_at\" value=\"", "\"");
    let only = |apps| [("read_at", read_at), ("mode", "allowlist"), ("toolkits", apps)];

    let odd = cast.post(&apps, &only("gmail, no_such_app")).await;
    let none = cast.post(&apps, &[("read_at", read_at)]).await;
    let saved = cast.post(&apps, &only("gmail slack,")).await;
    let late = cast.post(&apps, &only("stripe")).await;
    let joined = cast.post(&format!("{kit}/assign"), &[("user", "alice")]).await;
    let page = cast.get(&kit).await.text;

    assert_eq!((odd.status, none.status, late.status), (400, 400, 409), "{}", late.text);
    assert!(odd.text.contains("value=\"gmail, no_such_app\""), "{}", odd.text);
    assert!(none.text.contains("not said which apps"), "{}", none.text);
    assert_eq!((saved.status, joined.status), (303, 303));
    assert!(page.contains("only gmail, slack") && page.contains("alice"), "{page}");
    let told = cast.done("account_kits.get", json!({ "kit": id })).await;
    assert_eq!(told["connections_config"]["toolkits"], json!(["gmail", "slack"]), "{told}");
}

#[tokio::test]
async fn a_brokerage_account_is_linked_after_its_disclosure() {
    let cast = cast().await;
    let disclosure = cast.served.site.engine.disclosure().unwrap();
    let (env, user) = (("env", "paper"), ("user", "alice"));

    let consent = cast.get("/trading/authorize?user=alice").await.text;
    let unread = cast.post("/trading/authorize", &[env, user]).await;
    let accepted = cast.post("/trading/authorize", &[env, user, ("accept", "yes")]).await;
    let live = [("env", "live"), user, ("accept", "yes")];
    let live = cast.post("/trading/authorize", &live).await;

    assert!(consent.contains(&disclosure) && consent.contains("Authorize naive"));
    assert_eq!(unread.status, 403);
    assert!(unread.text.contains("disclosure was not accepted"), "{}", unread.text);
    assert_eq!(accepted.status, 200);
    let link = between(&accepted.text, "<a class=\"button primary\" href=\"", "\"");
    assert!(link.starts_with("http://127.0.0.1:9/"), "{link}");
    assert!(link.contains("%2Fv1%2Ftrading%2Foauth%2Fcallback"), "{link}");
    assert!(live.status >= 400 && live.text.contains("role=\"alert\""));
}
