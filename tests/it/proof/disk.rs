//! Approvals under a tracer: killed at every system call, on a disk that fails, and when the power goes.
//!
//! By hand, because it wants `strace`: `cargo test --release --test it proof::disk -- --ignored`.

use std::process::{Command, Stdio};

use super::scene::{Class, Scene, report};
use crate::support::{Run, ended};

/// The system calls by which an approval touches files and the network.
const CALLS: [&str; 12] = [
    "openat",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "fcntl",
    "connect",
    "sendto",
    "recvfrom",
    "rename",
    "unlink",
    "ftruncate",
];

/// Runs a line as the operator under the tracer; `None` where the tracer never came to what it should do.
fn traced(scene: &Scene, inject: &str, line: &str) -> Option<Run> {
    let log = scene.naive.home().join("trace");
    let plain = scene.naive.command(line.split_whitespace());
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&log).arg("-e").arg(format!("inject={inject}"));
    command.arg(plain.get_program()).args(plain.get_args()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(scene.naive.home());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = ended(command.output().unwrap());
    let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    let met = text.contains("(INJECTED)") || text.contains("+++ killed by SIGKILL +++");
    met.then_some(run)
}

/// Brings an approval to its end, and holds it to the ledger.
fn mended(scene: &Scene, id: &str) -> String {
    let told = scene.approval(id)["status"].as_str().unwrap().to_owned();
    match told.as_str() {
        "pending" => drop(scene.naive.run(&format!("approvals approve {id} --yes"))),
        "approved" | "sending" => drop(scene.naive.run(&format!("approvals reconcile {id}"))),
        _ => {}
    }
    let approval = scene.approval(id);
    scene.assert_honest(&approval);
    approval["status"].as_str().unwrap().to_owned()
}

fn at_every_call(class: Class) {
    let scene = Scene::new(class, 0);
    let mut points = 0;
    let mut unknown = 0;
    for call in CALLS {
        for number in 1.. {
            let id = scene.asked(&format!("{call} {number}"));
            let inject = format!("{call}:signal=KILL:when={number}");
            let run = traced(&scene, &inject, &format!("approvals approve {id} --yes"));
            let told = mended(&scene, &id);
            unknown += usize::from(told == "unknown");
            assert!(
                told == "executed" || (class == Class::C && told == "unknown"),
                "{inject}: {told}"
            );
            if run.is_none() {
                break;
            }
            points += 1;
        }
    }
    assert!(points > 50, "{points} points are not the whole path");
    report(&format!("{class:?}: {points} points, {unknown} unknown"));
}

#[test]
#[ignore = "wants strace"]
fn class_a_is_killed_at_every_system_call() {
    at_every_call(Class::A);
}

#[test]
#[ignore = "wants strace"]
fn class_c_is_killed_at_every_system_call() {
    at_every_call(Class::C);
}

#[test]
#[ignore = "wants strace"]
fn a_disk_that_fails_sends_nothing_without_a_claim() {
    let scene = Scene::new(Class::A, 0);
    let mut points = 0;
    for fault in ["fsync,fdatasync:error=EIO:when=", "pwrite64,write:error=ENOSPC:when="] {
        for number in 1.. {
            let id = scene.asked(&format!("{fault}{number}"));
            // A disk that is full stays full.
            let more = if fault.contains("ENOSPC") { "+" } else { "" };
            let inject = format!("{fault}{number}{more}");
            let run = traced(&scene, &inject, &format!("approvals approve {id} --yes"));
            let approval = scene.approval(&id);
            let told = approval["status"].as_str().unwrap();
            assert!(scene.effects(&approval) == 0 || matches!(told, "sending" | "executed"));
            assert_eq!(mended(&scene, &id), "executed", "{inject}");
            if run.is_none() {
                break;
            }
            points += 1;
        }
    }
    report(&format!("{points} faults"));
}
