//! What is compared with what.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::{Line, Sampler, Side, found};
use crate::mirror::Mirror;
use crate::trade::Exchange;
use crate::upstream::{KEY, Upstreams};
use crate::{Result, desk, finding, trade};

/// The user for whom everything runs.
const ME: &str = "(SELECT id FROM users WHERE is_default = 1)";
/// What `connected` and `list` read of a connection.
const COLUMNS: &str = "id, user_id, toolkit, status, label, account, scopes, fields, created_at,
    last_status_at, last_used_at, reason";

/// Describes this machine, this build and this run.
pub(crate) fn about(sampler: &Sampler) -> String {
    let build = if cfg!(target_feature = "crt-static") { "static" } else { "default" };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let told = |program: &str| {
        let told = Command::new(program).arg("--version").output().ok();
        let told = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned());
        let words: Option<Vec<_>> =
            told.as_deref().map(|told| told.split_whitespace().take(2).collect());
        words.map_or_else(
            || format!("no {program}"),
            |words| format!("{program}: {}", words.join(" ")),
        )
    };
    let pairs = sampler.pairs();
    format!("{build} build, {cores} cores, {pairs} pairs; {}; {}", told("sqlite3"), told("curl"))
}

/// Returns every line of the table, ready to run.
pub(crate) fn lines(sampler: &Sampler, exchange: &Exchange) -> Result<Vec<Line>> {
    let upstreams = Upstreams::start()?;
    let mirrors = [1, 1_000, 1_000_000]
        .map(|size| Mirror::new(size, &upstreams))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let mut lines = vec![Line {
        what: "--version".to_owned(),
        naive: mirrors[0].naive("--version"),
        name: "an empty Rust program",
        beside: Some(Side::new([empty_program()?])),
        aim: "",
    }];
    lines.extend(mirrors.iter().map(connected));
    lines.push(grown("connected", &mirrors, "<= 1.1x"));
    lines.extend(mirrors.iter().map(list));
    lines.push(grown("list", &mirrors, ""));
    lines.extend(mirrors.iter().map(|mirror| plain(mirror, &upstreams, true)));
    lines.push(plain(&mirrors[1], &upstreams, false));
    for keyed in [true, false] {
        lines.extend(encrypted(&mirrors[1], &upstreams, keyed));
    }
    lines.extend(finding::lines(&mirrors[0])?);
    lines.extend(desk::lines(sampler)?);
    lines.extend(trade::lines(&upstreams, exchange)?);
    check(&lines)?;
    Ok(lines)
}

/// Holds both sides of every line to what they should answer.
fn check(lines: &[Line]) -> Result<()> {
    for line in lines {
        let ours = line.naive.answer()?;
        let theirs = line.beside.as_ref().map(Side::answer).transpose()?;
        let mark = match line.what.split(' ').next() {
            Some("connected" | "list") => "ca_",
            Some("execute") => "dhouston",
            Some("trading") => "\"",
            _ => continue,
        };
        if !ours.contains(mark) || theirs.is_some_and(|theirs| !theirs.contains(mark)) {
            return Err(format!("a side of `{}` does not do its work", line.what).into());
        }
    }
    Ok(())
}

fn connected(mirror: &Mirror) -> Line {
    let query = format!(
        "SELECT {COLUMNS} FROM connections WHERE user_id = {ME} AND status IN ('ACTIVE', 'EXPIRED')
         ORDER BY last_status_at DESC, toolkit"
    );
    let aim = if cfg!(target_feature = "crt-static") { "<= 0.9x, 8 MB" } else { "<= 1.3x, 8 MB" };
    Line {
        what: format!("connected, {} in the mirror", mirror.size),
        naive: mirror.naive("connections connected"),
        name: "sqlite3, the same read",
        beside: sqlite(mirror, &query),
        aim,
    }
}

fn list(mirror: &Mirror) -> Line {
    let query = format!(
        "SELECT {COLUMNS} FROM connections WHERE user_id = {ME}
         ORDER BY status <> 'ACTIVE', last_status_at DESC, id"
    );
    Line {
        what: format!("list, {} in the mirror", mirror.size),
        naive: mirror.naive("connections list"),
        name: "sqlite3, the same read",
        beside: sqlite(mirror, &query),
        aim: "8 MB",
    }
}

/// Compares the largest mirror with the one before it.
fn grown(command: &str, mirrors: &[Mirror], aim: &'static str) -> Line {
    Line {
        what: format!("{command}, {} in the mirror", mirrors[2].size),
        naive: mirrors[2].naive(&format!("connections {command}")),
        name: "naive, 1000 in the mirror",
        beside: Some(mirrors[1].naive(&format!("connections {command}"))),
        aim,
    }
}

fn plain(mirror: &Mirror, upstreams: &Upstreams, keyed: bool) -> Line {
    let toolkit = if keyed { "benchkey" } else { "benchopen" };
    Line {
        what: format!("execute http{}, {}", login(keyed), mirror.size),
        naive: execute(mirror, toolkit),
        name: "curl",
        beside: curl(&upstreams.http, keyed, None),
        aim: "<= 0.6x, 13 MB",
    }
}

fn encrypted(mirror: &Mirror, upstreams: &Upstreams, keyed: bool) -> Vec<Line> {
    let toolkit = if keyed { "benchkeys" } else { "benchopens" };
    let line = |name, roots: Option<&PathBuf>, aim| Line {
        what: format!("execute https{}, {}", login(keyed), mirror.size),
        naive: execute(mirror, toolkit).env("SSL_CERT_FILE", &upstreams.root),
        name,
        beside: roots.and_then(|roots| curl(&upstreams.https, keyed, Some(roots))),
        aim,
    };
    vec![
        line("curl, the system's roots", upstreams.all_roots.as_ref(), "<= 0.25x, 13 MB"),
        line("curl, one root", Some(&upstreams.root), ""),
    ]
}

fn login(keyed: bool) -> &'static str {
    if keyed { ", sealed key" } else { ", no login" }
}

fn execute(mirror: &Mirror, toolkit: &str) -> Side {
    let tool = format!("{}_GET_ITEM", toolkit.to_uppercase());
    mirror.naive(&format!("connections execute {toolkit} {tool} --args {{\"id\":8863}}"))
}

fn curl(base: &str, keyed: bool, roots: Option<&Path>) -> Option<Side> {
    let program = found("curl")?;
    let mut words = vec![program.into_os_string(), "-q".into(), "-sS".into()];
    words.extend(["-H".into(), "accept: application/json".into()]);
    if keyed {
        words.extend(["-H".into(), format!("authorization: Bearer {KEY}").into()]);
    }
    if let Some(roots) = roots {
        words.extend(["--cacert".into(), roots.into()]);
    }
    words.push(format!("{base}/item/8863.json").into());
    Some(Side::new(words))
}

fn sqlite(mirror: &Mirror, query: &str) -> Option<Side> {
    let program = found("sqlite3")?;
    let words = [program.into_os_string(), mirror.database().into_os_string(), query.into()];
    Some(Side::new(words).env("HOME", &mirror.home))
}

/// Compiles `fn main() {}` as this build was compiled, and returns the program.
fn empty_program() -> Result<PathBuf> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("process");
    std::fs::create_dir_all(&dir)?;
    let (source, program) = (dir.join("empty.rs"), dir.join("empty"));
    std::fs::write(&source, "fn main() {}\n")?;
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "-O", "-C", "strip=symbols", "-o"]).arg(&program).arg(&source);
    if cfg!(target_feature = "crt-static") {
        rustc.args(["-C", "target-feature=+crt-static"]);
    }
    if rustc.status()?.success() {
        Ok(program)
    } else {
        Err("rustc cannot compile `fn main() {}`".into())
    }
}
