//! Command lines that cannot be read, and those that only ask for help.

use serde_json::json;

use crate::support::Naive;

#[test]
fn a_command_or_flag_nobody_knows_is_a_usage_error() {
    let naive = Naive::new();

    let cases = [
        ("frobnicate", "unrecognized subcommand `frobnicate`"),
        ("connections frobnicate", "unrecognized subcommand `frobnicate`"),
        ("whoami --nope", "unexpected argument `--nope` found"),
        ("whoami nope", "unexpected argument `nope` found"),
        (
            "--json --output table whoami",
            "the argument `--json` cannot be used with `--output <OUTPUT>`",
        ),
    ];
    for (line, message) in cases {
        let run = naive.run(line).exits(2);

        let expected = json!({
            "success": false,
            "action": "usage",
            "error": {
                "code": "invalid_input",
                "message": message,
                "hint": "run the command with `--help` to see what it takes",
            },
        });
        assert_eq!(run.json(), expected, "{line}");
        assert_eq!(run.err, "", "{line}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let naive = Naive::new();

    let cases = [
        ("toolkits get", "<TOOLKIT>"),
        ("connections execute gmail", "<TOOL>"),
        ("connections connect", "<TOOLKIT>"),
        ("use", "<USER"),
        ("completions", "<SHELL>"),
    ];
    for (line, name) in cases {
        let run = naive.run(line).exits(2);

        let message = run.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(name), "{line}: {message}");
    }
}

#[test]
fn a_word_that_is_none_of_the_known_ones_gets_them_listed() {
    let naive = Naive::new();

    let cases = [
        ("--profile moon whoami", "local"),
        ("--output xml whoami", "jsonl"),
        ("completions tcsh", "zsh"),
    ];
    for (line, known) in cases {
        let run = naive.run(line).exits(2);

        let error = run.json()["error"].to_string();
        assert!(error.contains(known), "{line}: {error}");
    }
}

#[test]
fn a_slip_in_a_command_or_flag_gets_the_nearest_one() {
    let naive = Naive::new();

    let cases = [("conections list", "connections"), ("whoami --profil local", "--profile")];
    for (line, meant) in cases {
        let run = naive.run(line).exits(2);

        let error = run.json()["error"].to_string();
        assert!(error.contains(meant), "{line}: {error}");
    }
}

#[test]
fn nothing_is_made_by_a_command_line_that_cannot_be_read() {
    let naive = Naive::new();

    for line in ["", "connections connect", "users create --nope", "--jq .[ users list"] {
        naive.run(line).exits(2);
    }

    assert_eq!(std::fs::read_dir(naive.home()).unwrap().count(), 0);
}

#[test]
fn help_goes_to_stdout() {
    let naive = Naive::new();

    for line in ["--help", "-h", "help", "connections --help", "help connections connect"] {
        let run = naive.run(line).exits(0);

        assert!(run.out.contains("Usage: naive"), "{line}: {}", run.out);
        assert_eq!(run.err, "", "{line}");
    }
}

#[test]
fn the_version_is_one_line() {
    let naive = Naive::new();

    for line in ["--version", "-V"] {
        let run = naive.run(line).exits(0);

        assert_eq!(run.out, format!("naive {}\n", env!("CARGO_PKG_VERSION")));
        assert_eq!(run.err, "");
    }
}

#[test]
fn a_command_without_its_subcommand_shows_its_help_on_stderr() {
    let naive = Naive::new();

    for line in ["", "connections", "toolkits", "users", "vault", "sandbox", "config"] {
        let run = naive.run(line).exits(2);

        assert!(run.err.contains("Usage: naive"), "{line}: {}", run.err);
    }
}

#[test]
fn asked_for_json_a_command_without_its_subcommand_answers_with_an_envelope() {
    let naive = Naive::new();

    for line in ["--json", "--json connections", "toolkits --json"] {
        let run = naive.run(line).exits(2);

        assert_eq!(run.json()["error"]["code"], "invalid_input", "{line}");
    }
}

#[test]
fn every_shell_gets_its_script() {
    let naive = Naive::new();

    let cases = [
        ("bash", "complete -o nospace"),
        ("elvish", "edit:completion:arg-completer[naive]"),
        ("fish", "complete --keep-order --exclusive --command naive"),
        ("powershell", "Register-ArgumentCompleter"),
        ("zsh", "#compdef naive"),
    ];
    for (shell, mark) in cases {
        let run = naive.run(&format!("completions {shell}")).exits(0);

        assert!(run.out.contains(mark), "{shell}: {}", run.out);
        assert_eq!(run.err, "");
    }
}

#[test]
fn a_script_does_not_name_the_machine_it_was_made_on() {
    let naive = Naive::new();

    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = naive.run(&format!("completions {shell}")).exits(0);

        assert!(!run.out.contains(env!("CARGO_MANIFEST_DIR")), "{shell}");
        assert!(!run.out.contains("/target/"), "{shell}");
    }
}

#[test]
fn a_missing_input_without_a_terminal_is_told_at_once_with_its_flag() {
    let naive = Naive::new();

    let credential = naive.run("connections connect stripe").exits(2).json();
    let purge = naive.run("connections disconnect gmail --purge").exits(2).json();

    let expected = json!({
        "code": "invalid_input",
        "message": "the credential `api_key` is missing and there is no terminal to ask at",
        "hint": "give it on stdin with `--credential api_key=-`, or in `NAIVE_CREDENTIAL_API_KEY`",
    });
    assert_eq!(credential["error"], expected);
    assert_eq!(purge["error"]["hint"], "add `--yes`");
}
