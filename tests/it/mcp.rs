//! `naive mcp`: a client at the other end of a pipe, and a person at the command line.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::browser::{decide, visit};
use crate::serve::{Served, key};
use crate::support::{Naive, ended};

/// A client with its server. The server is killed when this goes.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    asked: u64,
}

impl Client {
    /// Starts a session with further words, and greets it.
    fn start(naive: &Naive, words: &[&str], env: &[(&str, &str)]) -> Self {
        let line = ["mcp", "start"].iter().chain(words);
        let mut command = naive.command(line);
        command.envs(env.iter().copied()).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut client = Self { child, stdin, stdout, asked: 0 };
        let greeting = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        });
        let greeted = client.ask("initialize", &greeting);
        assert_eq!(greeted["result"]["serverInfo"]["name"], "naive", "{greeted}");
        client.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        client
    }

    fn write(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.write(&message.to_string());
        loop {
            let mut line = String::new();
            assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "the server hung up");
            let answer: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(answer["jsonrpc"], "2.0", "nothing else is on stdout: {line}");
            if answer["id"] == id {
                return answer;
            }
        }
    }

    /// Runs a tool, and returns whether it failed and what it told.
    fn call(&mut self, name: &str, arguments: &Value) -> (bool, Value) {
        let answer = self.ask("tools/call", &json!({"name": name, "arguments": arguments}));
        let result = &answer["result"];
        (result["isError"] == true, result["structuredContent"].clone())
    }

    fn tools(&mut self) -> Vec<String> {
        let answer = self.ask("tools/list", &json!({}));
        let tools = answer["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Hangs up, and returns how the server ended.
    fn hang_up(mut self) -> i32 {
        drop(self.stdin.take());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn an_agent_connects_an_app_once_a_person_allows_it_and_uses_it() {
    let naive = Naive::new();
    let mut agent = Client::start(&naive, &["--user", "alice"], &[]);

    // when: the agent asks, and a person approves and logs in
    let (failed, held) = agent.call("connections_connect", &json!({"toolkit": "gmail"}));
    assert!(!failed && held["status"] == "pending_approval", "{held}");
    let id = held["approval_id"].as_str().unwrap();
    let (_, waiting) = agent.call("approvals_get", &json!({"approval": id}));
    let (refused, error) = agent.call("approvals_approve", &json!({"approval": id}));
    drop(naive.run(&format!("approvals approve {id} --yes")).exits(0));
    let (_, approved) = agent.call("approvals_get", &json!({"approval": id}));

    assert_eq!(waiting["status"], "pending");
    assert!(refused);
    assert_eq!(error["error"]["reason"], "may_not_resolve", "{error}");
    assert_eq!(approved["status"], "executed", "{approved}");

    // when: it looks for a tool and runs it
    let (_, found) = agent.call("tools_search", &json!({"query": "send email"}));
    let tool = found["tools"][0]["tool"].as_str().unwrap().to_owned();
    let (_, described) = agent.call("tools_describe", &json!({"tool": tool}));
    let mail = json!({"to": "a@b.example", "subject": "Hi", "body": "Hello"});
    let run = json!({"tool": tool, "arguments": mail});
    let answer = agent.ask("tools/call", &json!({"name": "tools_call", "arguments": run}));
    let (soft, refused) = agent.call("tools_call", &json!({"tool": tool, "arguments": {"to": 5}}));

    assert_eq!(tool, "GMAIL_SEND_EMAIL");
    assert_eq!(described["input_schema"]["type"], "object", "{described}");
    let result = &answer["result"];
    assert_eq!(result["structuredContent"]["successful"], true, "{answer}");
    let marked = result["content"][0]["text"].as_str().unwrap();
    assert!(marked.starts_with("Data from an app"), "{marked}");
    assert!(soft, "{refused}");
    assert_eq!(agent.hang_up(), 0);
}

#[test]
fn a_login_that_a_session_begins_ends_in_the_session() {
    let naive = Naive::new();
    let mut agent = Client::start(&naive, &[], &[]);

    // `default` is not gated: the link comes at once.
    let (failed, begun) = agent.call("connections_connect", &json!({"toolkit": "gmail"}));
    assert!(!failed, "{begun}");
    let link = begun["redirectUrl"].as_str().unwrap();
    let page = visit(&decide(link, "allow"));
    let (_, connected) = agent.call("connections_connected", &json!({}));

    assert!(page.body.contains("Gmail is connected"), "{page:?}");
    assert_eq!(connected["connections"][0]["status"], "ACTIVE", "{connected}");
}

#[test]
fn a_session_for_one_user_names_nobody_else() {
    let naive = Naive::new();
    drop(naive.run("users create bob").exits(0));
    let mut agent = Client::start(&naive, &["--user", "alice"], &[]);

    let (failed, error) = agent.call("connections_connected", &json!({"user": "bob"}));
    let (also, _) = agent.call("users_create", &json!({"external_id": "carol"}));
    let tools = agent.tools();

    assert!(failed && also);
    assert_eq!(error["error"]["reason"], "key_subject_mismatch");
    assert!(!tools.contains(&"approvals_approve".to_owned()));
    assert!(tools.contains(&"tools_call".to_owned()));
}

#[test]
fn a_key_decides_what_a_session_may() {
    let naive = Naive::new();
    let operator = key(&naive, "--name app --role workspace");
    let mut session = Client::start(&naive, &[], &[("NAIVE_API_KEY", &operator)]);

    let tools = session.tools();
    let (failed, made) = session.call("users_create", &json!({"external_id": "carol"}));

    assert!(tools.contains(&"approvals_approve".to_owned()));
    assert!(!failed, "{made}");
    let unknown = naive.command(["mcp", "start"]).env("NAIVE_API_KEY", "nv_sk_local_x").output();
    let unknown = ended(unknown.unwrap());
    assert_eq!((unknown.status, unknown.out.as_str()), (4, ""), "{}", unknown.err);
}

#[test]
fn a_session_reaches_a_store_of_another_os_user_through_its_server() {
    let naive = Naive::new();
    drop(naive.run("users create alice").exits(0));
    let agent = key(&naive, "--name bot --role agent");
    let served = Served::start(&naive, &["--rate-limit", "0"]);
    let elsewhere = Naive::new();
    let env = [("NAIVE_API_KEY", agent.as_str()), ("NAIVE_BASE_URL", served.url.as_str())];
    let mut session = Client::start(&elsewhere, &["--user", "alice"], &env);

    let tools = session.tools();
    let (_, held) = session.call("connections_connect", &json!({"toolkit": "gmail"}));
    let (failed, other) = session.call("connections_connected", &json!({"user": "default-2"}));

    assert!(!tools.contains(&"users_create".to_owned()));
    assert_eq!(held["status"], "pending_approval", "{held}");
    let id = held["approval_id"].as_str().unwrap();
    let there = naive.run(&format!("approvals get {id}")).exits(0).json();
    assert_eq!(there["result"]["user"], "alice");
    assert!(failed);
    assert_eq!(other["error"]["reason"], "key_subject_mismatch");
}

#[test]
fn what_is_no_message_breaks_nothing() {
    let naive = Naive::new();
    let mut agent = Client::start(&naive, &[], &[]);
    let large = "x".repeat(3 << 20);

    for bad in ["{", "[]", "5", "", "{\"jsonrpc\": \"2.0\"}"] {
        agent.write(bad);
        assert!(!agent.call("whoami", &json!({})).0, "{bad}");
    }
    let unknown = agent.ask("tools/call", &json!({"name": "no_such", "arguments": {}}));
    let (failed, _) = agent.call("connections_connect", &json!({"toolkit": large}));
    let nothing = agent.ask("no/such", &json!({}));

    assert_eq!(unknown["error"]["code"], -32602);
    assert!(failed);
    assert_eq!(nothing["error"]["code"], -32601);
    assert!(!agent.call("whoami", &json!({})).0);
    assert_eq!(agent.hang_up(), 0);
}

#[test]
fn a_long_answer_is_cut_and_read_on() {
    let naive = Naive::new();
    let mut agent = Client::start(&naive, &[], &[]);
    let tools = json!({"name": "connections_tools", "arguments": {"toolkit": "stripe"}});

    let mut answer = agent.ask("tools/call", &tools);
    let mut whole = String::new();
    let mut pieces = 1;
    loop {
        assert_eq!(answer["result"].get("structuredContent"), None);
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        let Some((piece, rest)) = text.rsplit_once("\n[Cut at byte ") else {
            whole.push_str(text.rsplit_once("\n[The end").unwrap().0);
            break;
        };
        whole.push_str(piece);
        let (_, asked) = rest.split_once("Read on with result_read ").unwrap();
        let asked: Value =
            serde_json::Deserializer::from_str(asked).into_iter().next().unwrap().unwrap();
        answer = agent.ask("tools/call", &json!({"name": "result_read", "arguments": asked}));
        pieces += 1;
    }

    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(whole["toolkit"], "stripe");
    assert!(pieces > 2);
}

#[test]
fn a_clients_configuration_gets_one_entry_and_keeps_the_rest() {
    let naive = Naive::new();
    let file = |name: &str| naive.home().join(name);
    fs::write(
        file(".claude.json"),
        r#"{"theme": "dark", "mcpServers": {"other": {"command": "x"}}}"#,
    )
    .unwrap();
    fs::create_dir_all(file(".codex")).unwrap();
    fs::write(file(".codex/config.toml"), "# mine\nmodel = \"m\"\n").unwrap();

    let unasked = naive.run("mcp install claude").exits(2);
    let claude = naive.run("mcp install claude --user alice --yes").exits(0);
    let again = naive.run("mcp install claude --user alice --yes").exits(0).json();
    drop(naive.run("mcp install codex --yes").exits(0));
    drop(naive.run("mcp install cursor --yes").exits(0));
    drop(naive.run("mcp install vscode --yes").exits(0));

    assert!(unasked.err.contains("mcp"), "{}", unasked.err);
    assert!(claude.err.contains("+ {"), "the change is shown: {}", claude.err);
    assert_eq!(again["result"]["changed"], false);
    let read = |name: &str| fs::read_to_string(file(name)).unwrap();
    let written: Value = serde_json::from_str(&read(".claude.json")).unwrap();
    assert_eq!(
        (&written["theme"], &written["mcpServers"]["other"]["command"]),
        (&json!("dark"), &json!("x"))
    );
    let args = written["mcpServers"]["naive"]["args"].as_array().unwrap();
    assert_eq!(args[args.len() - 4..], ["mcp", "start", "--user", "alice"]);
    let codex = read(".codex/config.toml");
    assert!(codex.starts_with("# mine\n") && codex.contains("[mcp_servers.naive]"), "{codex}");
    let cursor: Value = serde_json::from_str(&read(".cursor/mcp.json")).unwrap();
    assert!(cursor["mcpServers"]["naive"]["command"].is_string());

    // when: a file is none
    fs::write(file(".cursor/mcp.json"), "{ // a comment\n}").unwrap();
    let broken = naive.run("mcp install cursor --yes").exits(1);
    assert_eq!(broken.json()["error"]["code"], "invalid_input");
    assert_eq!(read(".cursor/mcp.json"), "{ // a comment\n}");
}
