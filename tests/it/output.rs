//! What comes out: one envelope for programs, tables and sentences for people.

use std::fs;
use std::io;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Naive, Run, Upstream, ended};

/// What every command in the sandbox says first.
const SANDBOX: &str = "Sandbox: the apps are simulated here; --profile local uses the real ones.\n";

/// Characters that paint, hide or turn around what stands in a terminal.
const ACTING: &str = "red\u{1b}[31m bell\u{7} back\u{8} bidi\u{202e}txt zero\u{200b}width line\r\u{85}\u{2028}end \u{9b}2J";

/// A machine that is connected to an app at `app`.
fn connected_to(app: &Upstream) -> Naive {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let manifest = format!(
        "slug = \"acme\"\nname = \"Acme\"\ndescription = \"A shop\"\nbase_url = \"{}\"\n\
         [auth]\ntype = \"none\"\n\
         [[tools]]\nslug = \"ACME_LIST_ITEMS\"\nname = \"List\"\ndescription = \"List items\"\n\
         request = \"GET /items\"\neffect = \"read\"\n",
        app.url
    );
    fs::write(naive.home().join("acme.toml"), manifest).unwrap();
    naive.run("toolkits add acme.toml").exits(0);
    naive.run("connections connect acme").exits(0);
    naive
}

/// Tells whether a text could do anything to a terminal but move on a line.
fn acts(text: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().any(|c| c != '\n' && hidden(c))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_reply_is_one_envelope_in_a_fixed_order() {
    let naive = Naive::new();

    let run = naive.run("toolkits list --limit 1").exits(0);
    let connected = naive.run("connections connected").exits(0);

    let envelope = run.json();
    assert_eq!(keys(&envelope), ["success", "action", "sandbox", "result", "hints"]);
    assert_eq!(envelope["success"], true);
    assert_eq!(envelope["action"], "toolkits.list");
    assert_eq!(envelope["sandbox"], true);
    assert_eq!(keys(&connected.json()), ["success", "action", "sandbox", "result", "next_steps"]);
    assert_eq!(keys(&connected.json()["next_steps"][0]), ["command", "description"]);
    assert_eq!(run.err, SANDBOX);
}

#[test]
fn outside_the_sandbox_nothing_is_called_one() {
    let naive = Naive::new();

    let run = naive.run("--profile local connections connected").exits(0);

    assert_eq!(keys(&run.json()), ["success", "action", "result", "next_steps"]);
    assert_eq!(run.err, "");
}

#[test]
fn an_error_is_one_envelope_too() {
    let naive = Naive::new();

    let run = naive.run("connections execute gmail GMAIL_SEND_EMIAL").exits(1);

    let envelope = run.json();
    assert_eq!(keys(&envelope), ["success", "action", "sandbox", "error"]);
    assert_eq!(envelope["success"], false);
    assert_eq!(envelope["action"], "connections.execute");
    assert_eq!(envelope["error"]["code"], "not_found");
    assert_eq!(run.err, SANDBOX);
}

#[test]
fn a_refused_call_has_both_a_result_and_an_error() {
    let app = Upstream::new(|_| (422, "{\"message\": \"no such shelf\"}".to_owned()));
    let naive = connected_to(&app);

    let run = naive.run("connections execute acme ACME_LIST_ITEMS").exits(1);

    let envelope = run.json();
    assert_eq!(keys(&envelope)[..4], ["success", "action", "result", "error"]);
    assert_eq!(envelope["success"], false);
    assert_eq!(envelope["result"]["successful"], false);
    assert_eq!(envelope["result"]["data"], json!({ "message": "no such shelf" }));
}

#[test]
fn jsonl_is_one_line_for_replies_and_errors() {
    let naive = Naive::new();

    let reply = naive.run("--output jsonl toolkits list").exits(0);
    let error = naive.run("--output jsonl toolkits get nope").exits(1);

    for run in [&reply, &error] {
        assert_eq!(run.out.matches('\n').count(), 1, "{}", run.out);
        assert!(run.out.ends_with('\n'));
    }
    assert_eq!(reply.json(), naive.run("toolkits list").exits(0).json());
}

#[test]
fn jsonl_is_one_line_for_usage_errors_too() {
    let naive = Naive::new();

    let unknown = naive.run("--output jsonl frobnicate").exits(2);
    let filter = naive.run("--output jsonl --jq .[ whoami").exits(2);
    let set = Naive::new().env("NAIVE_OUTPUT", "jsonl").run("frobnicate").exits(2);

    for run in [unknown, filter, set] {
        assert_eq!(run.json()["error"]["code"], "invalid_input");
        assert_eq!(run.out.matches('\n').count(), 1, "{}", run.out);
    }
}

#[test]
fn the_form_follows_flag_then_environment_then_config_then_terminal() {
    let naive = Naive::new();
    let line = "toolkits get hackernews";

    let piped = naive.run(line).exits(0);
    fs::write(naive.home().join("config.toml"), "output = \"table\"\n").unwrap();
    let filed = naive.run(line).exits(0);
    let naive = naive.env("NAIVE_OUTPUT", "jsonl");
    let set = naive.run(line).exits(0);
    let flagged = naive.run(&format!("{line} --output table")).exits(0);
    let json = naive.run(&format!("{line} --json")).exits(0);

    assert!(piped.out.starts_with("{\n"), "{}", piped.out);
    assert!(filed.out.starts_with("toolkit  "), "{}", filed.out);
    assert!(set.out.starts_with("{\"success\":true,"), "{}", set.out);
    assert_eq!(flagged.out, filed.out);
    assert_eq!(json.out, piped.out);
}

#[test]
fn a_table_in_a_pipe_is_plain_and_whole() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");

    let run = naive.run("toolkits list --search hackernews --output table").exits(0);

    let expected = "\
SLUG        NAME         TOOLS  STATE      WHAT IT IS
hackernews  Hacker News  10     available  Stories, comments, jobs, polls and users of Hacker News
";
    assert_eq!(run.out, expected);
    assert_eq!(run.err, "");
}

#[test]
fn for_people_errors_and_next_steps_go_to_stderr() {
    let naive = Naive::new().env("NAIVE_PROFILE", "local").env("NAIVE_OUTPUT", "table");

    let error = naive.run("toolkits get gmial").exits(1);
    let reply = naive.run("connections connected").exits(0);

    assert_eq!(error.out, "");
    assert_eq!(error.err, "error: there is no toolkit `gmial`\nhint: did you mean `gmail`?\n");
    assert_eq!(reply.out, "Nothing is connected.\n");
    assert_eq!(reply.err, "\n  naive connections list  # see what can be\n");
}

#[test]
fn a_filter_gives_strings_raw_and_a_line_for_each_output() {
    let naive = Naive::new();

    let one = naive.run("toolkits get gmail --jq .result.name").exits(0);
    let several = naive.run("toolkits list --limit 2 --jq .result.toolkits[].slug").exits(0);
    let none = naive.run("toolkits list --jq empty").exits(0);
    let number =
        naive.with("toolkits list --limit 2 --jq", &[".result.toolkits | length"]).exits(0);
    let missing = naive.run("toolkits list --jq .result.nope").exits(0);

    assert_eq!(one.out, "Gmail\n");
    assert_eq!(several.out, "airtable\nanthropic\n");
    assert_eq!(none.out, "");
    assert_eq!(number.out, "2\n");
    assert_eq!(missing.out, "null\n");
}

#[test]
fn a_filter_turns_a_table_into_json() {
    let naive = Naive::new();

    let run = naive.run("toolkits get gmail --output table --jq .success").exits(0);

    assert_eq!(run.out, "true\n");
}

#[test]
fn an_error_is_shown_whole_although_there_is_a_filter() {
    let naive = Naive::new();

    let run = naive.run("toolkits get nope --jq .result.slug").exits(1);

    assert_eq!(run.json()["error"]["code"], "not_found");
}

#[test]
fn a_filter_that_is_none_stops_the_command_before_anything_is_done() {
    let naive = Naive::new();

    let run = naive.run("users create alice --jq .[").exits(2);

    let expected = json!({
        "success": false,
        "action": "users.create",
        "error": {
            "code": "invalid_input",
            "message": "`.[` is no jq expression",
            "hint": "try `--jq .result`; the whole envelope is `--jq .`",
        },
    });
    assert_eq!(run.json(), expected);
    assert_eq!(run.err, "");
    assert_eq!(fs::read_dir(naive.home()).unwrap().count(), 0);
}

#[test]
fn a_filter_that_does_not_fit_says_that_the_call_was_done() {
    let naive = Naive::new();

    let run = naive.run("users create alice --jq .success.x").exits(1);

    let error = run.json()["error"].clone();
    assert_eq!(error["code"], "invalid_input");
    assert_eq!(error["hint"], "the call itself was done; see the whole reply with `--jq .`");
    naive.run("users get alice").exits(0);
}

#[test]
fn a_reader_that_has_gone_away_is_success() {
    let naive = Naive::new();

    for line in ["toolkits list", "toolkits list --output table", "--help", "completions bash"] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut command = naive.command(line.split_whitespace());

        let run = ended(command.stdout(writer).output().unwrap()).exits(0);

        assert!(!run.err.contains("error"), "{line}: {}", run.err);
    }
}

#[test]
fn a_reader_of_the_notes_that_has_gone_away_is_success_too() {
    let naive = Naive::new();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut command = naive.command(["toolkits", "list"]);

    let run = ended(command.stderr(writer).output().unwrap()).exits(0);

    assert_eq!(run.json()["success"], true);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_in_one_plain_sentence() {
    let naive = Naive::new();

    for line in ["toolkits list", "toolkits list --output table", "completions bash", "--help"] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = naive.command(line.split_whitespace());

        let output = command.stdout(Stdio::from(full)).output().unwrap();

        let run: Run = ended(output).exits(1);
        let told = "the output cannot be written: the disk is full";
        assert!(run.err.contains(told), "{line}: {}", run.err);
    }
}

#[test]
fn what_an_app_sends_is_shown_and_not_obeyed() {
    let body = json!({ "title": ACTING, "items": [{ ACTING: "x" }] }).to_string();
    let app = Upstream::new(move |_| (200, body.clone()));
    let naive = connected_to(&app);

    let run = naive.run("connections execute acme ACME_LIST_ITEMS --output table").exits(0);

    assert!(!acts(&run.out) && !acts(&run.err), "{:?}", run.out);
    assert!(run.out.contains("bidi\\u{202e}txt zero\\u{200b}width"), "{}", run.out);
}

#[test]
fn the_reason_an_app_gives_is_shown_and_not_obeyed() {
    let body =
        json!({ "message": ACTING, "error": ACTING, "error_description": ACTING }).to_string();
    let app = Upstream::new(move |_| (403, body.clone()));
    let naive = connected_to(&app);

    let run =
        naive.run("connections execute acme ACME_LIST_ITEMS --output table --verbose").exits(1);

    assert!(!acts(&run.out) && !acts(&run.err), "{:?} {:?}", run.out, run.err);
}

#[test]
fn what_a_program_reads_is_what_the_app_sent() {
    let body = json!({ "title": ACTING }).to_string();
    let app = Upstream::new(move |_| (200, body.clone()));
    let naive = connected_to(&app);

    let run = naive.run("connections execute acme ACME_LIST_ITEMS").exits(0);

    assert_eq!(run.json()["result"]["data"]["title"], ACTING);
}

#[test]
fn what_stands_on_the_command_line_is_shown_and_not_obeyed() {
    let naive = Naive::new().env("NAIVE_OUTPUT", "table");

    for line in [
        "toolkits get",
        "users get",
        "toolkits list --search",
        "toolkits list --jq",
        "toolkits add",
    ] {
        let run = naive.with(line, &["x\u{1b}[31m\u{202e}y"]);

        assert!(!acts(&run.out) && !acts(&run.err), "{line}: {:?} {:?}", run.out, run.err);
    }
}
