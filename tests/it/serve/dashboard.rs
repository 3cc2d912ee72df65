//! `naive dashboard`: how it is opened, and one visit from the link to the goodbye.

use std::io::{BufRead as _, BufReader};

use serde_json::{Value, json};

use super::{Served, key};
use crate::browser::{Page, decide, request, signal, split, visit};
use crate::support::{Naive, until};

/// Opens a page, or sends a form, with a cookie.
fn sent(line: &str, server: &str, cookie: &str, body: &str) -> Page {
    let (method, path) = line.split_once(' ').unwrap();
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let headers = format!("Cookie: {cookie}\r\nOrigin: {server}\r\n{kind}");
    request(method, &format!("{server}{path}"), &headers, body)
}

/// Returns what stands between two marks, the first time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split_once(end).unwrap().0
}

fn link(naive: &Naive) -> String {
    let run = naive.run("dashboard --no-browser --json").exits(0);
    assert_eq!(run.json()["result"]["serving"], false);
    run.json()["result"]["url"].as_str().unwrap().to_owned()
}

#[test]
fn the_dashboard_of_a_running_server_is_opened_and_used() {
    let naive = Naive::new();
    naive.run("users create --external-id alice").exits(0);
    let bot = key(&naive, "--name bot --role agent");
    let served = Served::start(&naive, &[]);
    let asked = json!({"toolkit": "gmail"}).to_string();
    let connect = "POST /v1/users/alice/connections/connect";
    let (status, held) = served.call(&bot, connect, &asked);
    let id = held["approval_id"].as_str().unwrap();

    // when: the link is opened, the inbox looked at, and the one that waits denied
    let link = link(&naive);
    let entered = visit(&link);
    let again = visit(&link);
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let inbox = sent("GET /dashboard", &served.url, &cookie, "");
    let token = between(&inbox.body, "name=\"csrf\" value=\"", "\"");
    let deny = format!("POST /dashboard/approvals/{id}/deny");
    let body = format!("csrf={token}&reason=not+now");
    let denied = sent(&deny, &served.url, &cookie, &body);
    let twice = sent(&deny, &served.url, &cookie, &body);
    let out = sent("POST /dashboard/sign-out", &served.url, &cookie, &format!("csrf={token}"));
    let after = sent("GET /dashboard", &served.url, &cookie, "");

    assert_eq!(status, 202);
    assert_eq!(split(&link).0, split(&served.url).0);
    assert_eq!((entered.status, again.status, inbox.status), (200, 410, 200));
    assert!(inbox.body.contains("Connect gmail for &quot;alice&quot;"), "{}", inbox.body);
    assert_eq!((denied.status, twice.status), (303, 400));
    assert!(twice.body.contains("is denied already"), "{}", twice.body);
    assert_eq!((out.status, after.status), (200, 401));
    let told = naive.run(&format!("approvals get {id} --json")).exits(0).json();
    assert_eq!(told["result"]["reason"], "not now");
    assert_eq!(served.end("TERM"), 0);
}

#[test]
fn a_login_that_an_approval_began_comes_back_to_the_approval() {
    let naive = Naive::new();
    naive.run("users create --external-id alice").exits(0);
    let bot = key(&naive, "--name bot --role agent");
    let served = Served::start(&naive, &[]);
    let connect = "POST /v1/users/alice/connections/connect";
    let (_, held) = served.call(&bot, connect, &json!({"toolkit": "gmail"}).to_string());
    let place = format!("/dashboard/approvals/{}", held["approval_id"].as_str().unwrap());
    let entered = visit(&link(&naive));
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let asked = sent(&format!("GET {place}"), &served.url, &cookie, "");
    let token = between(&asked.body, "name=\"csrf\" value=\"", "\"");

    // when: it is approved, and the app is signed in to
    let line = format!("POST {place}/approve");
    let approved = sent(&line, &served.url, &cookie, &format!("csrf={token}"));
    let page = sent(&format!("GET {place}"), &served.url, &cookie, "");
    let app = between(&page.body, "<a class=\"button primary\" href=\"", "\"");
    let back = visit(&decide(&app.replace("&amp;", "&"), "allow"));
    let (here, path) = (back.location(), split(&back.location()).1.to_owned());
    let shown = sent(&format!("GET {path}"), &served.url, &cookie, "");

    assert_eq!((approved.status, back.status), (303, 302));
    assert_eq!(here, format!("{}{place}?status=ACTIVE&toolkit=gmail", served.url));
    assert!(shown.body.contains("The app is connected."), "{}", shown.body);
}

#[test]
fn without_a_server_it_serves_until_it_is_told_to_end() {
    let naive = Naive::new().env("BROWSER", "true");
    let line = ["dashboard", "--addr", "127.0.0.1:0", "--output", "jsonl"];
    let mut child = naive.command(line).spawn().unwrap();
    let mut told = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut told).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();

    let url = told["result"]["url"].as_str().unwrap();
    let entered = visit(url);
    let other = link(&naive);
    signal(child.id(), "INT");
    let status = child.wait().unwrap();

    assert_eq!(
        (&told["result"]["serving"], &told["result"]["opened"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(entered.status, 200);
    assert_eq!(split(&other).0, split(url).0);
    assert!(status.success(), "{status}");
    let left = naive.home().join("sandbox").join("serving");
    until("the sign is taken down", || (!left.exists()).then_some(()));
}

#[test]
fn a_caller_with_a_key_is_refused() {
    let naive = Naive::new();
    let key = key(&naive, "--name ci --role workspace");
    let naive = naive.env("NAIVE_API_KEY", key);

    let run = naive.run("dashboard --no-browser --json").exits(1);

    assert_eq!(run.json()["error"]["code"], "forbidden");
    let there =
        naive.env("NAIVE_API_KEY", "nv_sk_x").run("--profile cloud dashboard --json").exits(4);
    assert_eq!(there.json()["error"]["code"], "unauthorized");
}

#[test]
fn a_person_cancels_an_order_and_closes_a_position() {
    let naive = Naive::new();
    naive.run("trading connect --env paper --accept-disclosure").exits(0);
    naive.run("trading order --symbol BTC/USD --side buy --notional 100").exits(0);
    let resting = "trading order --symbol BTC/USD --side buy --qty 1 --type limit --limit-price 20";
    naive.run(resting).exits(0);
    let served = Served::start(&naive, &[]);
    let entered = visit(&link(&naive));
    let cookie = entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let trading = || sent("GET /dashboard/trading", &served.url, &cookie, "").body;
    let page = trading();
    let field = |part: &str, name: &str| {
        between(part, &format!("name=\"{name}\" value=\""), "\"").to_owned()
    };
    let token = field(&page, "csrf");
    let does = |deed: &str, fields: &str| {
        let line = format!("POST /dashboard/trading/{deed}");
        sent(&line, &served.url, &cookie, &format!("csrf={token}&env=paper&{fields}"))
    };
    let closing = page.split_once("/dashboard/trading/close").unwrap().1;
    let cancelling = page.split_once("/dashboard/trading/cancel").unwrap().1;
    let close = format!("symbol=BTCUSD&percentage=100&key={}", field(closing, "key"));
    let cancel = format!("order={}", field(cancelling, "order"));

    let odd = does("close", "symbol=BTCUSD&percentage=101&key=k2");
    let cancelled = does("cancel", &cancel);
    let closed = does("close", &close);
    let twice = does("close", &close);
    let keyless = does("close", "symbol=BTCUSD&percentage=100");

    let statuses = [&odd, &cancelled, &closed, &twice, &keyless].map(|page| page.status);
    assert_eq!(statuses, [400, 303, 303, 303, 400], "{}", closed.body);
    assert!(closed.location().ends_with("&env=paper#orders"), "{}", closed.location());
    assert!(keyless.body.contains("no key of its own") && keyless.body.contains("<h1>Trading"));
    let orders = naive.run("--json trading orders --status all").exits(0).json();
    let orders = orders["result"]["orders"].as_array().unwrap().clone();
    let told: Vec<_> = orders.iter().map(|one| (&one["side"], &one["status"])).collect();
    let (sell, buy) = (json!("sell"), json!("buy"));
    let (filled, over) = (json!("filled"), json!("canceled"));
    assert_eq!(told, [(&sell, &filled), (&buy, &over), (&buy, &filled)]);
    let after = trading();
    assert!(after.contains("The account holds nothing."), "{after}");
    assert!(after.contains("<svg role=\"img\"") && !after.contains("trading/cancel"), "{after}");
}
