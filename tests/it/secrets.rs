//! The canary scan: no secret is written down or said, in any form, by any command.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::app::{App, KEY, OAUTH};
use crate::browser::{Login, parameter, redirect_uri, visit};
use crate::support::{Naive, Received, Run, Upstream, ended};

/// Secrets of the test; each holds what URL encoding, base64 and JSON would change.
const API_KEY: &str = "sk_test_CANARY/api+key=1";
const CLIENT_SECRET: &str = "CANARY/client+secret=2";
const ACCESS: &str = "CANARY/access+token=3";
const REFRESH: &str = "CANARY/refresh+token=4";
const CODE: &str = "CANARYcode5";
const RAW: [&str; 5] = [API_KEY, CLIENT_SECRET, ACCESS, REFRESH, CODE];

/// What was said so far, and how it is searched.
#[derive(Debug, Default)]
struct Scan {
    said: Vec<(String, Run)>,
    secrets: Vec<String>,
}

impl Scan {
    fn new(secrets: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { said: Vec::new(), secrets: secrets.into_iter().map(Into::into).collect() }
    }

    /// Runs a line and remembers what it said. How it ends is another test's matter.
    fn run(&mut self, naive: &Naive, line: &str) {
        let run = naive.run(line);
        self.said.push((line.to_owned(), run));
    }

    fn fed(&mut self, naive: &Naive, line: &str, stdin: &str) {
        let run = naive.fed(line, stdin);
        self.said.push((line.to_owned(), run));
    }

    /// Fails if a secret is found in what was said or in any file of the home.
    fn assert_clean(&self, home: &Path) {
        for secret in &self.secrets {
            for form in forms(secret) {
                for (line, run) in &self.said {
                    assert!(!line.contains(&form), "argv: {line}");
                    assert!(
                        !run.out.contains(&form),
                        "stdout of `{line}` has `{form}`: {}",
                        run.out
                    );
                    assert!(
                        !run.err.contains(&form),
                        "stderr of `{line}` has `{form}`: {}",
                        run.err
                    );
                }
                for path in files(home) {
                    let bytes = fs::read(&path).unwrap();
                    let found = bytes.windows(form.len()).any(|part| part == form.as_bytes());
                    assert!(!found, "`{form}` is in {}", path.display());
                }
            }
        }
    }
}

/// Returns a secret in every form in which it might lie around.
fn forms(secret: &str) -> Vec<String> {
    let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let mut forms = vec![
        secret.to_owned(),
        secret.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D"),
        secret.replace('/', "\\/"),
        hex.to_uppercase(),
        hex,
    ];
    // Inside a longer text base64 depends on where the secret begins.
    for shift in 0..3_usize {
        let padded = [&vec![b' '; shift], secret.as_bytes()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            let (from, to) = ((shift * 8).div_ceil(6), text.len() - 2);
            forms.push(text[from..to].to_owned());
        }
    }
    forms
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Answers with everything that came in, as a careless app might.
fn echo(request: &Received) -> String {
    let headers: Vec<_> = request.headers.values().cloned().collect();
    json!({"error": {"message": format!("you sent {} {} {}", request.path, request.body, headers.join(" "))}, "sent": headers})
        .to_string()
}

#[test]
fn no_key_is_said_or_written_down() {
    let secrets = [API_KEY];
    let mut scan = Scan::new(secrets);
    let app = App::on(Naive::new(), KEY, |request| match request.path.as_str() {
        "/things" if request.method == "POST" => Some((500, echo(request))),
        "/things" => Some((200, echo(request))),
        _ => None,
    });
    let naive = &app.naive;

    scan.fed(naive, "connections connect acme --credential api_key=-", API_KEY);
    assert_eq!(scan.said[0].1.status, 0, "{:?}", scan.said);
    for line in [
        "connections execute acme ACME_READ",
        "connections execute acme ACME_WRITE --verbose",
        "connections execute acme ACME_WRITE --dry-run --verbose",
        "--output table connections execute acme ACME_WRITE --verbose",
        "connections connected",
        "connections list",
        "whoami --verbose",
        "doctor --verbose",
        "vault status",
        "toolkits get acme",
        "config show",
        "connections disconnect acme --purge --yes --verbose",
    ] {
        scan.run(naive, line);
    }
    let argument =
        naive.with("connections connect acme --credential", &["api_key=rejected-CANARY"]);

    assert!(!argument.out.contains("CANARY") && !argument.err.contains("CANARY"), "{argument:?}");
    assert!(app.calls("GET", "/things")[0].headers["x-key"].contains("CANARY"));
    scan.assert_clean(naive.home());
}

#[test]
fn no_key_of_the_environment_is_said_or_written_down() {
    let mut scan = Scan::new([API_KEY]);
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", API_KEY);

    for line in [
        "connections connect stripe --verbose",
        "connections execute stripe STRIPE_LIST_CUSTOMERS --verbose",
        "connections execute stripe STRIPE_CREATE_CUSTOMER --dry-run",
        "connections get ca_none --verbose",
        "doctor",
        "sandbox status",
        "config show",
    ] {
        scan.run(&naive, line);
    }

    assert_eq!(scan.said[0].1.status, 0);
    scan.assert_clean(naive.home());
}

#[test]
fn no_token_code_or_client_secret_is_said_or_written_down() {
    // given: an app that repeats whatever it was sent, and a token that it refuses after a while
    let tokens = json!({"access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 0});
    let app = App::on(Naive::new().env("BROWSER", "/bin/true"), OAUTH, move |request| {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/token") if request.body.contains("code=wrong") => Some((400, echo(request))),
            ("POST", "/token") => Some((200, tokens.to_string())),
            ("POST", "/things") => Some((422, echo(request))),
            ("GET", "/things") => Some((200, echo(request))),
            ("POST", "/revoke") => Some((400, echo(request))),
            _ => None,
        }
    });
    let naive = &app.naive;
    let mut scan = Scan::new(RAW);
    scan.fed(naive, "toolkits configure acme --client-id naive --client-secret -", CLIENT_SECRET);
    assert_eq!(scan.said[0].1.status, 0, "{:?}", scan.said);

    // when: a login that fails, one that succeeds, and every command that touches its tokens
    for code in ["wrong", CODE] {
        let login = Login::start(naive, "connections connect acme --verbose");
        let state = parameter(&login.link, "state").unwrap().to_owned();
        let callback = format!(
            "{}?code={code}&state={state}&iss={}",
            redirect_uri(&login.link),
            app.upstream.url
        );
        let page = visit(&callback);
        let run = login.end();
        assert_eq!(run.status == 0, code == CODE, "{run:?}");
        scan.said.push(("page".into(), Run { out: page.head, err: page.body, status: 0 }));
        // The link itself holds the state, which is the one thing that must be shown.
        scan.said.push(("connect".into(), run));
    }
    for line in [
        "connections execute acme ACME_READ --verbose",
        "connections execute acme ACME_WRITE --verbose",
        "connections execute acme ACME_WRITE --dry-run",
        "--output jsonl connections execute acme ACME_WRITE",
        "connections connected --verbose",
        "toolkits get acme",
        "toolkits list",
        "doctor",
        "whoami",
        "vault status",
        "vault rotate",
        "connections disconnect acme --purge --yes --verbose",
    ] {
        scan.run(naive, line);
    }

    let exchange = &app.calls("POST", "/token")[0].headers["authorization"];
    let pair = exchange.strip_prefix("Basic ").unwrap();
    assert!(String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap().contains("CANARY"));
    scan.secrets.push(pair.to_owned());
    scan.assert_clean(naive.home());
}

#[test]
fn a_token_in_a_path_is_masked_in_every_form_in_which_the_app_repeats_it() {
    let app = Upstream::new(|request| {
        let said = [request.path.clone(), forms(API_KEY).join(" ")].join(" ");
        (
            if request.method == "GET" { 200 } else { 400 },
            json!({ "description": said }).to_string(),
        )
    });
    let naive =
        Naive::new().env("NAIVE_PROFILE", "local").env("NAIVE_CREDENTIAL_BOT_TOKEN", API_KEY);
    let manifest = format!(
        "slug = \"bot\"\nname = \"Bot\"\ndescription = \"A bot\"\nbase_url = \"{}/bot{{bot_token}}\"\n\
         [auth]\ntype = \"api_key\"\nfields = [{{ key = \"bot_token\", label = \"Token\" }}]\n\
         [[tools]]\nslug = \"BOT_LOOK\"\nname = \"Look\"\ndescription = \"Look\"\nrequest = \"GET /look\"\neffect = \"read\"\n\
         [[tools]]\nslug = \"BOT_SAY\"\nname = \"Say\"\ndescription = \"Say\"\nrequest = \"POST /say\"\neffect = \"write\"\n",
        app.url
    );
    fs::write(naive.home().join("bot.toml"), manifest).unwrap();
    let mut scan = Scan::new(vec![API_KEY.to_owned()]);

    for line in [
        "toolkits add bot.toml",
        "connections connect bot",
        "connections execute bot BOT_LOOK --verbose",
        "connections execute bot BOT_SAY --verbose",
        "connections execute bot BOT_SAY --dry-run",
        "connections execute bot BOT_LOOK --output-file said.json",
    ] {
        scan.run(&naive, line);
    }

    assert!(app.received()[0].path.contains("/bot"), "{:?}", app.received()[0]);
    scan.assert_clean(naive.home());
}

#[test]
fn no_secret_of_a_device_login_a_registration_or_a_hand_over_is_said_or_written_down() {
    // given: an app that registers clients with a secret, gives out codes and repeats what it was sent
    let naive = Naive::new();
    let auth = OAUTH.replace("client_id = \"naive\"\n", "");
    let app = App::on(naive, &auth, move |request| {
        let host = format!("http://{}", request.headers["host"]);
        let told = match request.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                let mut told = crate::app::metadata(&host);
                told["device_authorization_endpoint"] = format!("{host}/device").into();
                told["registration_endpoint"] = format!("{host}/register").into();
                told
            }
            "/register" => json!({
                "client_id": "c", "client_secret": CLIENT_SECRET,
                "registration_access_token": API_KEY,
                "token_endpoint_auth_method": "client_secret_post",
            }),
            "/device" => json!({
                "device_code": CODE, "user_code": "A-B", "expires_in": 60, "interval": 1,
                "verification_uri": "https://acme.example/device",
            }),
            "/token" => json!({
                "access_token": ACCESS, "refresh_token": REFRESH, "expires_in": 3600,
                "id_token": "e30.e30.CANARY",
            }),
            "/things" => return Some((422, echo(request))),
            _ => return None,
        };
        Some((200, told.to_string()))
    });
    let there = Naive::new().env("NAIVE_PROFILE", "local");
    let manifest = fs::read(app.naive.home().join("acme.toml")).unwrap();
    fs::write(there.home().join("acme.toml"), manifest).unwrap();
    drop(there.run("toolkits add acme.toml").exits(0));
    drop(there.run("toolkits configure acme --client-id c").exits(0));
    let key = there.run("vault public-key").exits(0).json()["result"]["public_key"].clone();
    let mut scan = Scan::new(RAW);

    // when: the login, the way to the other machine, and its faults
    scan.run(&app.naive, "connections connect acme --verbose");
    assert_eq!(scan.said[0].1.status, 0, "{:?}", scan.said);
    let id = scan.said[0].1.json()["result"]["connectedAccountId"].as_str().unwrap().to_owned();
    let export = format!("connections export {id} --to {} --verbose", key.as_str().unwrap());
    for line in ["toolkits get acme --verbose", "connections execute acme ACME_READ", &export] {
        scan.run(&app.naive, line);
    }
    let block = scan.said.last().unwrap().1.out.clone();
    for bad in [&block[..block.len() / 2], &block.replace('A', "B"), &block] {
        scan.fed(&there, "connections import --verbose", bad);
    }
    assert_eq!(scan.said.last().unwrap().1.status, 0, "{:?}", scan.said.last());
    scan.run(&there, "connections execute acme ACME_WRITE --verbose");
    scan.run(&there, "connections get ca_none --verbose");

    assert!(app.calls("POST", "/token")[0].body.contains("CANARY%2Fclient"));
    let said = app.calls("POST", "/things").len();
    assert_eq!(said, 1, "the tokens work over there");
    scan.assert_clean(app.naive.home());
    scan.assert_clean(there.home());
}

#[test]
fn the_key_of_the_vault_is_shown_by_its_export_alone() {
    let naive = Naive::new().env("NAIVE_CREDENTIAL_API_KEY", API_KEY);
    drop(naive.run("connections connect stripe").exits(0));
    let file = naive.home().join("sandbox/encryption.key");
    let key = fs::read_to_string(&file).unwrap();
    let mut scan = Scan::new([key.trim()]);

    for line in ["vault status --verbose", "doctor --verbose", "whoami --verbose", "config show"] {
        scan.run(&naive, line);
    }
    let export = naive.run("vault export-key").exits(0);

    assert!(export.out.contains(key.trim()));
    assert!(!export.err.contains(key.trim()));
    fs::remove_file(file).unwrap();
    scan.assert_clean(naive.home());
}

#[cfg(unix)]
#[test]
fn what_is_stored_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let naive = Naive::new();
    drop(naive.run("connections connect gmail").exits(0));

    let profile = naive.home().join("sandbox");
    for path in files(&profile) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.contains(".lock") || name == "store.id" {
            continue;
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}: {mode:o}");
    }
    assert_eq!(fs::metadata(&profile).unwrap().permissions().mode() & 0o777, 0o700);
}

#[cfg(target_os = "linux")]
#[test]
fn no_secret_stands_in_the_arguments_of_a_process() {
    // given: an app that looks at the process table while it is asked
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let app = App::on(Naive::new(), KEY, move |request| {
        if request.path == "/things" {
            let processes = fs::read_dir("/proc").unwrap().flatten();
            let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
            kept.lock()
                .unwrap()
                .extend(lines.map(|line| String::from_utf8_lossy(&line).into_owned()));
        }
        None
    });

    let mut command = app.naive.command(["connections", "connect", "acme"]);
    command.env("NAIVE_CREDENTIAL_API_KEY", API_KEY);
    drop(ended(command.output().unwrap()).exits(0));
    drop(app.execute("ACME_READ").exits(0));

    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|line| line.contains("ACME_READ")));
    assert!(!seen.iter().any(|line| line.contains(API_KEY)));
}
