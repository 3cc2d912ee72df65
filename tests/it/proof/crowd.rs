//! Many who decide at once: one of them does.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::scene::{Class, Scene};
use crate::crash::scattered;
use crate::support::{Run, ended, until};
use crate::together::rounds;

/// Waits for all of them at once.
fn all(children: Vec<Child>) -> Vec<Run> {
    let waiting: Vec<_> = children
        .into_iter()
        .map(|child| thread::spawn(move || ended(child.wait_with_output().unwrap())))
        .collect();
    waiting.into_iter().map(|one| one.join().unwrap()).collect()
}

#[test]
fn of_many_approvers_one_runs_it_and_the_others_see_what_happened() {
    let scene = Scene::new(Class::C, 0);
    for round in 0..rounds(6) {
        let id = scene.asked(&format!("round {round}"));
        let crowd = [2, 4, 8, 16][round % 4];

        let line = format!("approvals approve {id} --yes");
        let runs = all((0..crowd).map(|_| scene.begins(&line)).collect());

        let won = runs.iter().filter(|run| run.status == 0).count();
        assert_eq!(won, 1, "{runs:?}");
        for run in runs.iter().filter(|run| run.status != 0) {
            let error = run.json()["error"].clone();
            assert_eq!(error["code"], "invalid_input", "{run:?}");
        }
        let approval = scene.approval(&id);
        assert_eq!(
            (approval["status"].as_str().unwrap(), scene.effects(&approval)),
            ("executed", 1)
        );
    }
}

#[test]
fn of_approve_deny_cancel_and_reconcile_one_decides() {
    let scene = Scene::new(Class::C, 0);
    for round in 0..rounds(6) {
        let id = scene.asked(&format!("round {round}"));
        let start = |number: usize| match (number + round) % 4 {
            0 => scene.begins(&format!("approvals approve {id} --yes")),
            1 => scene.begins(&format!("approvals deny {id} --reason no")),
            2 => scene.agent_begins(&["approvals", "cancel", &id]),
            _ => scene.begins("approvals reconcile --all"),
        };

        let runs = all((0..4).map(start).collect());

        let decided = (0..4).filter(|number| (number + round) % 4 != 3);
        let won = decided.filter(|&number| runs[number].status == 0).count();
        assert_eq!(won, 1, "{runs:?}");
        let approval = scene.approval(&id);
        scene.assert_honest(&approval);
        assert_ne!(approval["status"], "pending");
    }
}

#[test]
fn whoever_decides_while_it_lapses_one_of_them_does() {
    let scene = Scene::new(Class::C, 0);
    drop(scene.naive.run("account-kits update Default --ttl 1s").exits(0));
    for round in 0..rounds(3) {
        let began = Instant::now();
        let id = scene.asked(&format!("round {round}"));
        // The moment is what is tested: around its end, so that some come before it and some after.
        let moment = 930 + u64::try_from(scattered(round, 80)).unwrap();
        while began.elapsed() < Duration::from_millis(moment) {
            thread::yield_now();
        }
        let start = |number: usize| match (number + round) % 4 {
            0 => scene.begins(&format!("approvals approve {id} --yes")),
            1 => scene.begins(&format!("approvals deny {id} --reason no")),
            2 => scene.agent_begins(&["approvals", "cancel", &id]),
            _ => scene.begins("approvals reconcile --all"),
        };

        let runs = all((0..4).map(start).collect());

        let decided = (0..4).filter(|number| (number + round) % 4 != 3);
        let won = decided.filter(|&number| runs[number].status == 0).count();
        let approval = until("its end", || {
            let approval = scene.approval(&id);
            (approval["status"] != "pending").then_some(approval)
        });
        scene.assert_honest(&approval);
        assert_eq!(won, usize::from(approval["status"] != "expired"), "{runs:?}");
    }
}
