//! The callback listener against everything that is not the one callback it waits for.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::{App, OAUTH};
use crate::browser::{
    Login, Page, answer, asked, decide, parameter, raw, redirect_uri, request, split, visit,
};
use crate::support::Naive;

const CONNECT: &str = "connections connect gmail";

/// A login that waits, and the callback that ends it.
fn waiting() -> (Naive, Login, String) {
    let naive = Naive::new().env("BROWSER", "/bin/true");
    let login = Login::start(&naive, CONNECT);
    let good = decide(&login.link, "allow");
    (naive, login, good)
}

/// Ends the login with its good callback.
fn assert_still_open(mut login: Login, good: &str) -> Page {
    assert!(login.waits());
    let page = visit(good);
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(login.end().exits(0).json()["result"]["status"], "ACTIVE");
    page
}

fn assert_generic(page: &Page) {
    assert_eq!(page.status, 400, "{page:?}");
    assert!(page.body.contains("<h1>Nothing here</h1>"), "{}", page.body);
}

#[test]
fn a_state_that_is_not_the_right_one_changes_nothing() {
    // given: a login that ended before, and one that waits
    let (naive, login, old) = waiting();
    drop(assert_still_open(login, &old));
    let login = Login::start(&naive, &format!("{CONNECT} --reconnect"));
    let good = decide(&login.link, "allow");
    let state = parameter(&good, "state").unwrap();
    let with = |other: &str| good.replace(&format!("state={state}"), other);

    let forged = [
        with("state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        with("x=1"),
        with("state="),
        with(&format!("state={state}&state={state}")),
        with(&format!("state={}", &state[1..])),
        with(&format!("state={}", &state[..state.len() - 1])),
        with(&format!("state={state}%00")),
        with(&format!("state[]={state}")),
        good.replace("code=", "kode="),
        format!("{good}&error=access_denied"),
        redirect_uri(&login.link),
    ];
    for one in &forged {
        assert_generic(&visit(one));
    }
    let port = split(&good).0;
    let replayed = visit(&old.replace(split(&old).0, port));

    assert_eq!(replayed.status, 200);
    assert!(replayed.body.contains("<h1>Already done</h1>"), "{}", replayed.body);
    drop(assert_still_open(login, &good));
}

#[test]
fn a_thousand_forged_callbacks_do_not_hide_the_right_one() {
    let (naive, login, good) = waiting();
    let address = redirect_uri(&login.link);
    let size =
        |naive: &Naive| std::fs::metadata(naive.home().join("sandbox/naive.db")).unwrap().len();
    let empty = Naive::new();
    empty.run("users list").exits(0);

    for number in 0..1000 {
        assert_generic(&visit(&format!("{address}?code=x&state=forged{number}")));
    }
    let began = Instant::now();
    drop(assert_still_open(login, &good));
    let took = began.elapsed();

    // 100 ms on a quiet machine; the suite runs on busy ones.
    assert!(took < Duration::from_secs(2), "{took:?}");
    // Whoever can reach the port cannot fill the log either.
    let grown = size(&naive).saturating_sub(size(&empty));
    assert!(grown < 50_000, "{grown}");
}

#[test]
fn a_second_tab_does_not_send_the_code_again() {
    // given: a token endpoint that answers when it is let
    let (release, held) = mpsc::channel::<()>();
    let (begun, exchanging) = mpsc::channel();
    let (held, begun) = (Mutex::new(held), Mutex::new(begun));
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, move |request| {
        if request.path == "/token" {
            begun.lock().unwrap().send(()).unwrap();
            // The test lets go by sending or by ending.
            let _ended = held.lock().unwrap().recv();
        }
        None
    });
    let login = Login::start(&app.naive, "connections connect acme");
    let callback = app.callback(&login.link);

    let (host, first) = (split(&callback).0.to_owned(), callback.clone());
    let first = thread::spawn(move || visit(&first));
    exchanging.recv().unwrap();
    let second = asked(&callback);
    for _ in 0..3 {
        assert_eq!(request("GET", &format!("http://{host}/favicon.ico"), "", "").status, 404);
    }
    release.send(()).unwrap();
    let (first, second) = (first.join().unwrap(), answer(second));
    let run = login.end().exits(0);

    assert!(first.status == 200 && first.body.contains("Acme is connected"), "{first:?}");
    // It is hung up on if it is read only after the login has ended.
    let told = second.status == 200 && second.body.contains("<h1>Already done</h1>");
    assert!(told || second.status == 0, "{second:?}");
    assert_eq!(run.json()["result"]["status"], "ACTIVE");
    assert_eq!(app.calls("POST", "/token").len(), 1);
}

#[test]
fn only_a_get_of_the_callback_path_is_a_callback() {
    let (_naive, login, good) = waiting();
    let (host, path) = split(&good);
    let query = path.split_once('?').unwrap().1;

    for method in ["HEAD", "POST", "PUT", "OPTIONS", "DELETE"] {
        assert_eq!(request(method, &good, "", "").status, 405, "{method}");
    }
    for other in [
        "/",
        "/favicon.ico",
        "/oauth/callback/",
        "//oauth/callback",
        "/OAUTH/callback",
        "/oauth/../oauth/callback",
    ] {
        let page = request("GET", &format!("http://{host}{other}?{query}"), "", "");
        assert_eq!(page.status, 404, "{other}");
    }

    drop(assert_still_open(login, &good));
}

#[test]
fn a_request_for_another_host_is_refused() {
    let (_naive, login, good) = waiting();
    let (host, path) = split(&good);
    let port = host.split_once(':').unwrap().1;

    let hosts = [
        "Host: evil.example\r\n".to_owned(),
        format!("Host: evil.example:{port}\r\n"),
        format!("Host: localhost:{port}\r\n"),
        "Host: 127.0.0.1:1\r\n".to_owned(),
        "Host: 127.0.0.1\r\n".to_owned(),
        String::new(),
        format!("Host: {host}\r\nHost: evil.example\r\n"),
        format!("Host: {host}\r\nHost: {host}\r\n"),
    ];
    for headers in &hosts {
        let text = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        let page = raw(host, text.as_bytes());
        assert!([400, 403].contains(&page.status), "{headers}: {page:?}");
    }
    for absolute in [good.clone(), format!("http://evil.example{path}")] {
        let text = format!("GET {absolute} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let page = raw(host, text.as_bytes());
        assert!([400, 403, 404].contains(&page.status), "{absolute}: {page:?}");
    }

    drop(assert_still_open(login, &good));
}

#[test]
fn a_page_that_fetches_the_callback_is_no_navigation() {
    let (_naive, login, good) = waiting();

    // What browsers send for an image, a script, a `fetch`, a frame.
    for (mode, kind) in
        [("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe")]
    {
        let headers = format!("Sec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: {kind}\r\n");
        assert_generic(&request("GET", &good, &headers, ""));
    }

    drop(assert_still_open(login, &good));
}

#[test]
fn clients_that_stall_or_talk_nonsense_do_not_keep_the_callback_out() {
    let (_naive, login, good) = waiting();
    let (host, path) = split(&good);
    let said = [
        "",
        "G",
        "GET /oauth/callback?state=x HTTP/1.1\r\nHost: ",
        "POST /oauth/callback HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}",
        "\0\u{7f}\r\n\r\n",
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /oauth/callback?state=x&code=x HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    let greedy = format!("GET {path} HTTP/1.1\r\nX: {}", "x".repeat(8 << 20));
    let mut open = Vec::new();
    let mut slowest = Duration::ZERO;

    // A browser opens a handful of idle connections by itself, all at once.
    for burst in [5, 8, 20, 40, 100] {
        for number in 0..burst {
            let mut stream = TcpStream::connect(host).unwrap();
            // The listener may hang up in the middle, which is its right.
            drop(stream.write_all(said[number % said.len()].as_bytes()));
            open.push(stream);
        }
        let mut stream = TcpStream::connect(host).unwrap();
        drop(stream.write_all(greedy.as_bytes()));
        open.push(stream);
        let began = Instant::now();
        assert_generic(&visit(&format!("http://{host}/oauth/callback?state=x&code=x")));
        slowest = slowest.max(began.elapsed());
    }
    let page = assert_still_open(login, &good);

    // One second on a quiet machine; the suite runs on busy ones.
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(page.body.contains("Gmail is connected"), "{}", page.body);
}

#[test]
fn the_last_page_keeps_its_secrets() {
    let (_naive, login, good) = waiting();

    let page = assert_still_open(login, &good);

    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    for secret in ["code", "state"] {
        assert!(!page.body.contains(parameter(&good, secret).unwrap()), "{}", page.body);
    }
    assert!(!page.body.contains("http:") && !page.body.contains("https:"), "{}", page.body);
    assert!(page.body.contains("history.replaceState("), "{}", page.body);
}

#[test]
fn words_of_the_provider_cannot_become_markup() {
    let (_naive, login, _) = waiting();
    let issuer = split(&login.link).0;
    let forged = format!(
        "{}?error=x&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E%1B%5B2J&state={}&iss=http%3A%2F%2F{issuer}%2Fgmail",
        redirect_uri(&login.link),
        parameter(&login.link, "state").unwrap(),
    );

    let page = visit(&forged);
    let run = login.end().exits(1);

    assert!(page.body.contains("&lt;script&gt;alert(1)"), "{}", page.body);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    assert!(!run.out.contains("\\u001b") && !run.err.contains('\u{1b}'), "{run:?}");
}

#[test]
fn a_taken_port_is_named_and_the_next_of_several_is_used() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let naive = Naive::new().env("BROWSER", "/bin/true");

    let refused = naive.run(&format!("{CONNECT} --port {port}")).exits(1).json();
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = second.local_addr().unwrap().port();
    let both = naive.run(&format!("{CONNECT} --port {port} --port {other}")).exits(1).json();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let login = Login::start(&naive, &format!("{CONNECT} --port {port},{other},{free}"));

    assert_eq!(refused["error"]["code"], "invalid_input");
    assert_eq!(refused["error"]["message"], format!("port {port} is taken on 127.0.0.1"));
    let message = format!("ports {port}, {other} are all taken on 127.0.0.1");
    assert_eq!(both["error"]["message"], message);
    // Just what an app has on its list that compares the whole address.
    let exact = format!("http://127.0.0.1:{free}/oauth/callback");
    assert_eq!(redirect_uri(&login.link), exact);
    let good = decide(&login.link, "allow");
    drop(assert_still_open(login, &good));
}

#[test]
fn the_port_is_closed_once_the_login_has_ended() {
    let (_naive, login, good) = waiting();

    drop(assert_still_open(login, &good));

    assert!(TcpStream::connect(split(&good).0).is_err());
}
