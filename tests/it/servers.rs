//! MCP servers as toolkits: added, connected, listed, called, and what becomes of tools that change.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Naive, Received, Run, Upstream};
use crate::toolkits::{KEYED, add, local};

/// A server that speaks the revision before last, as most do, and answers in JSON.
struct Server {
    upstream: Upstream,
    tools: Arc<Mutex<Value>>,
}

/// A tool as a server describes it; one that reads says so.
fn tool(name: &str, field: &str, reads: bool) -> Value {
    json!({
        "name": name,
        "description": "Does \u{202e}it",
        "inputSchema": {
            "type": "object",
            "properties": { field: { "type": "string" } },
            "required": [field],
        },
        "annotations": { "readOnlyHint": reads },
    })
}

impl Server {
    /// Begins with a tool that reads and one that writes; `result` is what each call comes to.
    fn new(result: Value) -> Self {
        Self::guarded(result, |_| true)
    }

    /// Does the same for those who may.
    fn guarded(result: Value, may: impl Fn(&Received) -> bool + Send + Sync + 'static) -> Self {
        let tools = json!([tool("find_item", "id", true), tool("add-item", "name", false)]);
        let tools = Arc::new(Mutex::new(tools));
        let offered = Arc::clone(&tools);
        let upstream = Upstream::new(move |request| {
            if !may(request) {
                return (401, String::new());
            }
            let asked: Value = serde_json::from_str(&request.body).unwrap_or_default();
            let result = match asked["method"].as_str() {
                Some("initialize") => json!({
                    "protocolVersion": "2025-06-18",
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "stub", "version": "1" },
                }),
                Some("tools/list") => json!({ "tools": *offered.lock().unwrap() }),
                Some("tools/call") => result.clone(),
                Some("notifications/initialized") => return (202, String::new()),
                _ => return (400, String::new()),
            };
            let reply = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result });
            (200, reply.to_string())
        });
        Self { upstream, tools }
    }

    fn address(&self) -> String {
        format!("{}/mcp", self.upstream.url)
    }

    /// Returns the calls of tools that came: which, and with what.
    fn calls(&self) -> Vec<(Value, Value)> {
        let bodies = self.upstream.received().into_iter();
        let bodies = bodies.filter_map(|one| serde_json::from_str::<Value>(&one.body).ok());
        let calls = bodies.filter(|body| body["method"] == "tools/call");
        calls
            .map(|body| (body["params"]["name"].clone(), body["params"]["arguments"].clone()))
            .collect()
    }
}

/// A machine that has added the server as `acme`.
fn added(server: &Server) -> Naive {
    let naive = local();
    let line = format!("toolkits add --mcp {} --slug acme", server.address());
    drop(naive.run(&line).exits(0));
    naive
}

fn said(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }] })
}

fn call(naive: &Naive, tool: &str, input: &str) -> Run {
    naive.with("--json connections execute acme", &[tool, "--args", input])
}

#[test]
fn the_tools_of_a_server_are_the_toolkits() {
    let server = Server::new(said("three of them"));
    let naive = added(&server);

    let tools = naive.run("--json connections tools acme").exits(0).json();
    let found = naive.with("--json tools search --toolkit acme", &["find item"]).exits(0).json();
    let done = call(&naive, "ACME_FIND_ITEM", "{\"id\":\"7\"}").exits(0).json();
    let misfit = call(&naive, "ACME_FIND_ITEM", "{}").exits(1).json();

    let slugs: Vec<_> = tools["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| (tool["slug"].as_str().unwrap(), tool["effect"].as_str().unwrap()))
        .collect();
    assert_eq!(slugs, [("ACME_FIND_ITEM", "read"), ("ACME_ADD_ITEM", "write")]);
    assert!(!tools.to_string().contains('\u{202e}'));
    assert_eq!(found["result"]["tools"][0]["tool"], "ACME_FIND_ITEM");
    assert_eq!(done["result"]["data"], "three of them");
    assert_eq!(misfit["error"]["code"], "invalid_input");
    assert_eq!(server.calls(), [(json!("find_item"), json!({ "id": "7" }))]);
}

#[test]
fn what_a_server_says_no_with_is_told_as_its_words() {
    let refusal =
        json!({ "isError": true, "content": [{ "type": "text", "text": "no such item" }] });
    let server = Server::new(refusal);
    let naive = added(&server);

    let run = call(&naive, "ACME_FIND_ITEM", "{\"id\":\"7\"}").exits(1).json();

    assert_eq!(run["result"]["successful"], false);
    assert!(run["result"]["error"].as_str().unwrap().starts_with("no such item"), "{run}");
}

#[test]
fn a_tool_that_is_not_what_it_was_is_refused_until_it_is_taken() {
    let server = Server::new(said("done"));
    let naive = added(&server);
    let new = json!([
        tool("find_item", "id", true),
        tool("add-item", "secret", false),
        tool("more", "x", true)
    ]);
    *server.tools.lock().unwrap() = new;

    let refused = call(&naive, "ACME_ADD_ITEM", "{\"name\":\"a\"}").exits(1).json();
    let same = call(&naive, "ACME_FIND_ITEM", "{\"id\":\"7\"}").exits(0).json();
    let new = call(&naive, "ACME_MORE", "{\"x\":\"y\"}").exits(1).json();
    let diff = naive.run("--json toolkits diff acme").exits(0).json();
    let taken = naive.run("--json toolkits diff acme --accept").exits(0).json();
    drop(call(&naive, "ACME_ADD_ITEM", "{\"secret\":\"a\"}").exits(0));
    drop(call(&naive, "ACME_MORE", "{\"x\":\"y\"}").exits(0));

    assert_eq!(refused["error"]["reason"], "tool_changed");
    assert_eq!(same["result"]["data"], "done");
    assert_eq!(new["error"]["reason"], "tool_unknown");
    assert_eq!(diff["result"]["added"], json!(["ACME_MORE"]));
    assert_eq!(diff["result"]["changed"], json!([{ "tool": "ACME_ADD_ITEM", "keys": ["input"] }]));
    assert_eq!(diff["result"]["accepted"], false);
    assert_eq!(taken["result"]["accepted"], true);
    let again = naive.run("--json toolkits diff acme").exits(0).json();
    assert_eq!(again["result"]["unchanged"], 3);
}

#[test]
fn a_header_for_everybody_reaches_the_server_and_no_file() {
    let knows =
        |request: &Received| request.headers.get("x-key").is_some_and(|key| key == "CANARY-1234");
    let server = Server::guarded(said("in"), knows);
    let naive = local();
    let line = format!("toolkits add --mcp {} --slug acme --header X-Key=-", server.address());

    drop(naive.fed(&line, "CANARY-1234\n").exits(0));
    let done = call(&naive, "ACME_FIND_ITEM", "{\"id\":\"7\"}").exits(0).json();
    let shown = naive
        .with(
            "--json connections execute acme ACME_FIND_ITEM --dry-run --args",
            &["{\"id\":\"7\"}"],
        )
        .exits(0);
    let wrong = naive.run(&line.replace("=-", "=CANARY-1234")).exits(2);

    assert_eq!(done["result"]["data"], "in");
    assert!(!shown.out.contains("CANARY"), "{}", shown.out);
    assert_eq!(shown.json()["result"]["request"]["body"]["params"]["name"], "find_item");
    assert!(!(wrong.out + &wrong.err).contains("CANARY"));
    for file in walk(naive.home()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(6).any(|six| six == b"CANARY"), "{}", file.display());
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn what_is_no_server_is_not_added() {
    let page = Upstream::new(|_| (200, "<html>hello</html>".to_owned()));
    let naive = local();
    let table = [
        (format!("--mcp {}/mcp --slug acme", page.url), 1, "provider_error"),
        ("--mcp http://127.0.0.1:1/mcp --slug acme".to_owned(), 1, "provider_error"),
        ("--mcp http://mcp.example.com/mcp --slug acme".to_owned(), 1, "invalid_input"),
        ("--mcp-command /nowhere/at-all".to_owned(), 1, "invalid_input"),
        ("--slug acme".to_owned(), 2, "invalid_input"),
        ("--mcp http://127.0.0.1:1/ --mcp-command x".to_owned(), 2, "invalid_input"),
    ];
    for (flags, exit, code) in table {
        let run = naive.run(&format!("--json toolkits add {flags}"));

        assert_eq!(run.json()["error"]["code"], code, "{flags}: {}", run.out);
        assert_eq!(run.status, exit, "{flags}");
    }
    drop(naive.run("toolkits get acme").exits(1));
}

#[test]
fn the_sandbox_reaches_no_server_and_an_agent_starts_no_program() {
    let server = Server::new(said("x"));
    let line = format!("--json toolkits add --mcp {} --slug acme", server.address());
    let key = local();
    let made = key.run("--json keys create --name ci --role workspace").exits(0).json();
    let secret = made["result"]["api_key"].as_str().unwrap().to_owned();

    let sandbox = Naive::new().run(&line).exits(4).json();
    let mut command = key.command("--json toolkits add --mcp-command /bin/true".split(' '));
    let program = crate::support::ended(command.env("NAIVE_API_KEY", secret).output().unwrap());

    assert_eq!(sandbox["error"]["code"], "feature_not_configured");
    assert_eq!(program.exits(1).json()["error"]["reason"], "operator_only");
    assert_eq!(server.upstream.received().len(), 0);
}

#[test]
fn a_toolkit_says_which_ways_lead_to_it_and_why_one_is_taken() {
    let naive = local();

    let two = naive.run("--json toolkits get linear").exits(0).json();
    drop(naive.run("toolkits configure linear --client-id x").exits(0));
    let own = naive.run("--json toolkits get linear").exits(0).json();
    drop(naive.run("toolkits configure linear --prefer mcp").exits(0));
    let chosen = naive.run("--json toolkits get linear").exits(0).json();
    let none = naive.run("--json connections tools linear --provider composio").exits(1).json();

    let ways = |reply: &Value| -> Vec<(String, bool)> {
        let ways = reply["result"]["ways"].as_array().unwrap().iter();
        ways.map(|way| (way["provider"].as_str().unwrap().to_owned(), way["isDefault"] == true))
            .collect()
    };
    let pair = |direct: bool| vec![("direct".to_owned(), direct), ("mcp".to_owned(), !direct)];
    assert_eq!(ways(&two), pair(false));
    assert_eq!(two["result"]["ways"][0]["availability"], "not_configured");
    assert_eq!(two["result"]["baseUrl"], "https://mcp.linear.app/mcp");
    assert_eq!(ways(&own), pair(true));
    assert_eq!(ways(&chosen), pair(false));
    assert_eq!(chosen["result"]["ways"][1]["why"], "the operator prefers it");
    assert_eq!(none["error"]["reason"], "provider_unknown");
}

#[test]
fn a_kit_rules_the_tools_of_a_server_as_any_others() {
    let server = Server::new(said("done"));
    let naive = added(&server);
    let kit = "account-kits create --name careful --tool acme.disable=ACME_FIND_ITEM --approval-tool effect:write";
    drop(naive.run(kit).exits(0));
    drop(naive.run("users create --external-id alice --kit careful").exits(0));
    let made = naive.run("--json keys create --name bot --role agent").exits(0).json();
    let key = made["result"]["api_key"].as_str().unwrap().to_owned();
    let agent = |tool: &str, input: &str| {
        let line = "--json connections execute acme --user alice".split(' ');
        let mut command = naive.command(line.chain([tool, "--args", input]));
        crate::support::ended(command.env("NAIVE_API_KEY", &key).output().unwrap())
    };

    let blocked = agent("ACME_FIND_ITEM", "{\"id\":\"7\"}").exits(1).json();
    let held = agent("ACME_ADD_ITEM", "{\"name\":\"a\"}").exits(8).json();
    let id = held["result"]["approval_id"].as_str().unwrap();
    let before = server.calls().len();
    drop(naive.run(&format!("approvals approve {id} --yes")).exits(0));

    assert_eq!(blocked["error"]["reason"], "tool_not_allowed");
    assert_eq!(before, 0);
    assert_eq!(server.calls(), [(json!("add-item"), json!({ "name": "a" }))]);
}

#[test]
fn a_credential_is_not_shown_to_whoever_is_at_the_end_of_another_way() {
    let server = Server::guarded(said("in"), |_| false);
    let naive = local().env("NAIVE_CREDENTIAL_API_KEY", "key").env("NAIVE_CREDENTIAL_SHOP", "s");
    let keyed = KEYED.replace("https://{shop}.example.com", &server.upstream.url);
    drop(add(&naive, "acme.toml", &keyed).exits(0));
    drop(naive.run("connections connect acme").exits(0));
    let line = format!("toolkits add --mcp {} --slug acme", server.address());
    drop(naive.run(&line).exits(0));

    let other = naive.run("--json connections connect acme --provider mcp").exits(1).json();
    let refused = naive.run("--json connections connect acme --provider mcp --label two").exits(4);

    assert_eq!(other["error"]["reason"], "other_provider");
    assert_eq!(refused.json()["error"]["reason"], "credential_refused");
    let diff = naive.run("--json toolkits diff acme").exits(1).json();
    assert!(diff["error"]["hint"].as_str().unwrap().contains("diff acme DOCUMENT"), "{diff}");
}

#[test]
fn a_program_that_speaks_mcp_is_a_server_and_ends_with_the_command() {
    let naive = local();
    let inner = naive.home().join("inner");
    let program = env!("CARGO_BIN_EXE_naive");
    let line = format!(
        "toolkits add --slug self --env NAIVE_HOME=- --env NAIVE_KEYRING=- --mcp-command {program} --profile sandbox mcp start"
    );

    drop(naive.fed(&line, &format!("{}\noff\n", inner.display())).exits(0));
    let tools = naive.run("--json connections tools self --brief").exits(0).json();
    let users = naive.run("--json connections execute self SELF_USERS_LIST").exits(0).json();

    assert!(tools.to_string().contains("SELF_TOOLS_SEARCH"), "{tools}");
    assert_eq!(users["result"]["data"]["users"][0]["is_default"], true, "{users}");
    assert!(inner.join("sandbox/naive.db").exists());
}
