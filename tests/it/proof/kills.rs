//! `kill -9` at whatever moment of an approval, while the upstream loses messages.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::scene::{Class, Scene, report};
use crate::crash::{killed_after, scattered};
use crate::support::until;
use crate::together::rounds;

/// Returns how long an approval takes when nobody disturbs it, in the middle of five, and the five.
fn median(scene: &Scene) -> (Duration, Vec<String>) {
    let mut ids = Vec::new();
    let mut spans: Vec<_> = (0..5)
        .map(|number| {
            let id = scene.asked(&format!("whole {number}"));
            let began = Instant::now();
            // Its outcome is the upstream's matter.
            drop(scene.naive.run(&format!("approvals approve {id} --yes")));
            ids.push(id);
            began.elapsed()
        })
        .collect();
    spans.sort();
    (spans[2], ids)
}

/// Kills an approval at one of many moments, and then what would mend it, too.
fn disturbed(scene: &Scene, number: usize, whole: Duration) -> (String, &'static str) {
    let id = scene.asked(&format!("card {number}"));
    let span = whole.as_micros() * 11 / 10;
    // Two of three moments lie in the middle, where the claim, the request and the result are.
    let (from, to) = if number.is_multiple_of(3) { (0, span) } else { (span * 2 / 5, span) };
    let moment = from + scattered(number, to - from);
    let child = scene.begins(&format!("approvals approve {id} --yes"));
    killed_after(child, Duration::from_micros(u64::try_from(moment).unwrap()));
    let told = scene.approval(&id)["status"].as_str().unwrap().to_owned();
    let phase = match told.as_str() {
        "pending" => "before the claim",
        "approved" | "sending" => "between claim and result",
        _ => "after the result",
    };
    if number.is_multiple_of(3) {
        let child = scene.begins(&format!("approvals reconcile {id}"));
        let moment = scattered(number + 77, span);
        killed_after(child, Duration::from_micros(u64::try_from(moment).unwrap()));
    }
    (id, phase)
}

/// Goes on until an approval has ended, or a person has to look.
fn settled(scene: &Scene, id: &str) {
    until("the end of an approval", || {
        let told = scene.approval(id)["status"].as_str().unwrap().to_owned();
        match told.as_str() {
            "pending" => drop(scene.naive.run(&format!("approvals approve {id} --yes"))),
            "approved" | "sending" => drop(scene.naive.run(&format!("approvals reconcile {id}"))),
            _ => return Some(()),
        }
        None
    });
}

fn killed(class: Class, few: usize) {
    let scene = Scene::new(class, 1);
    let (whole, mut ids) = median(&scene);
    let mut phases = BTreeMap::<_, usize>::new();
    let mut ends = BTreeMap::<_, usize>::new();
    let count = rounds(few);

    for number in 0..count {
        let (id, phase) = disturbed(&scene, number, whole);
        *phases.entry(phase).or_default() += 1;
        ids.push(id);
    }
    for id in &ids {
        settled(&scene, id);
    }

    for id in &ids {
        let approval = scene.approval(id);
        scene.assert_honest(&approval);
        let told = approval["status"].as_str().unwrap().to_owned();
        // What an upstream without keys lost twice over is for a person to look at.
        assert!(class != Class::A || told == "executed", "{class:?}: {approval}");
        if told == "unknown" {
            let found = if scene.effects(&approval) == 1 { "executed" } else { "not-executed" };
            let line = format!("approvals resolve {id} --{found} --reason ledger");
            drop(scene.naive.run(&line).exits(0));
        }
        *ends.entry(told).or_default() += 1;
    }
    let open = scene.naive.run("approvals list --status sending").exits(0).json();
    assert_eq!(open["result"]["approvals"], serde_json::json!([]));
    drop(scene.naive.run("logs verify").exits(0));
    report(&format!("{class:?}: {count} kills, {phases:?}, ends {ends:?}, median {whole:?}"));
}

#[test]
fn class_a_runs_once_whatever_is_killed() {
    killed(Class::A, 15);
}

#[test]
fn class_b_runs_once_whatever_is_killed() {
    killed(Class::B, 10);
}

#[test]
fn class_c_runs_once_or_is_told_as_unknown_whatever_is_killed() {
    killed(Class::C, 15);
}
