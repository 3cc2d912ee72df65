//! The power goes at every moment after a request has left: the disk then holds what was synced, and of
//! the rest any part. What was sent must be known.
//!
//! By hand, because it wants `strace`: `cargo test --release --test it proof::power -- --ignored`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::scene::{Class, Scene, report};
use crate::crash::scattered;
use crate::support::Naive;

/// What a program did to a file, or that it spoke to somebody.
#[derive(Debug, Clone)]
enum Step {
    Write { path: String, offset: usize, bytes: Vec<u8> },
    Cut { path: String, length: usize },
    Sync { path: String },
    Remove { path: String },
    Send,
}

/// A file as the disk may hold it: what is certain, and what was done since.
#[derive(Debug, Clone, Default)]
struct Disk {
    synced: BTreeMap<String, Vec<u8>>,
    since: Vec<Step>,
}

impl Disk {
    /// Takes the files of a directory for certain.
    fn of(dir: &Path) -> Self {
        let files = ["naive.db", "naive.db-wal"].map(|name| dir.join(name));
        let synced = files
            .iter()
            .filter_map(|path| Some((path.display().to_string(), fs::read(path).ok()?)));
        Self { synced: synced.collect(), since: Vec::new() }
    }

    /// Follows a step; a sync makes certain what was done to its file.
    fn follow(&mut self, step: &Step) {
        let Step::Sync { path } = step else { return self.since.push(step.clone()) };
        let (mine, others): (Vec<_>, Vec<_>) =
            self.since.drain(..).partition(|step| step.path() == Some(path));
        for step in mine {
            apply(&mut self.synced, &step);
        }
        self.since = others;
    }

    /// Returns what the disk may hold after a power cut: of what is not certain, any part.
    fn image(&self, seed: usize) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.synced.clone();
        for (number, step) in self.since.iter().enumerate() {
            if scattered(seed * 1_009 + number, 2) == 1 {
                apply(&mut files, step);
            }
        }
        files
    }
}

impl Step {
    fn path(&self) -> Option<&String> {
        match self {
            Self::Write { path, .. }
            | Self::Cut { path, .. }
            | Self::Sync { path }
            | Self::Remove { path } => Some(path),
            Self::Send => None,
        }
    }
}

fn apply(files: &mut BTreeMap<String, Vec<u8>>, step: &Step) {
    match step {
        Step::Write { path, offset, bytes } => {
            let file = files.entry(path.clone()).or_default();
            file.resize(file.len().max(offset + bytes.len()), 0);
            file[*offset..offset + bytes.len()].copy_from_slice(bytes);
        }
        Step::Cut { path, length } => files.entry(path.clone()).or_default().resize(*length, 0),
        Step::Remove { path } => drop(files.remove(path)),
        Step::Sync { .. } | Step::Send => {}
    }
}

/// Reads what a tracer wrote: `pwrite64(7</home/naive.db-wal>, "\x00…", 24, 4152) = 24`.
fn steps(log: &str) -> Vec<Step> {
    let line = |line: &str| {
        let line = line.split_once(' ').map_or(line, |(_, rest)| rest.trim_start());
        let (call, rest) = line.split_once('(')?;
        let quoted: Vec<_> = rest.split('"').collect();
        let path = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        let path = path.and_then(|(path, _)| String::from_utf8(bytes(path)).ok());
        let last = rest.rsplit_once(')')?.0.rsplit(", ").next()?.to_owned();
        match call {
            "pwrite64" => Some(Step::Write {
                path: path?,
                offset: last.parse().ok()?,
                bytes: bytes(quoted.get(1)?),
            }),
            "ftruncate" => Some(Step::Cut { path: path?, length: last.parse().ok()? }),
            "fsync" | "fdatasync" => Some(Step::Sync { path: path? }),
            "unlink" => Some(Step::Remove { path: String::from_utf8(bytes(quoted.get(1)?)).ok()? }),
            "sendto" | "sendmsg" => Some(Step::Send),
            "write" | "writev" if path.as_ref()?.starts_with("socket:") => Some(Step::Send),
            _ => None,
        }
    };
    log.lines().filter_map(line).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|pair| u8::from_str_radix(&pair[..2], 16).unwrap()).collect()
}

/// Approves under the tracer, and returns what it did and the home as it was before.
fn recorded(scene: &Scene, id: &str) -> (Disk, Vec<Step>) {
    let dir = scene.naive.home().join("local");
    let before = Disk::of(&dir);
    let log = scene.naive.home().join("trace");
    let line = format!("approvals approve {id} --yes");
    let plain = scene.naive.command(line.split_whitespace());
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y", "-xx", "-s", "4000000", "-o"]).arg(&log);
    command.args([
        "-e",
        "trace=pwrite64,ftruncate,fsync,fdatasync,unlink,sendto,sendmsg,write,writev",
    ]);
    command.arg(plain.get_program()).args(plain.get_args()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(command.current_dir(scene.naive.home()).output().unwrap().status.success());
    (before, steps(&fs::read_to_string(&log).unwrap()))
}

/// Returns how an approval stands on a machine whose disk holds these files; `unreadable` where they no
/// longer are a store.
fn told(files: &BTreeMap<String, Vec<u8>>, old: &Path, id: &str) -> String {
    let naive = Naive::new().env("NAIVE_PROFILE", "local");
    let new = naive.home().join("local");
    fs::create_dir_all(&new).unwrap();
    for beside in ["encryption.key", "store.id"] {
        fs::copy(old.join(beside), new.join(beside)).unwrap();
    }
    for (path, bytes) in files {
        fs::write(new.join(PathBuf::from(path).file_name().unwrap()), bytes).unwrap();
    }
    let run = naive.run(&format!("approvals get {id}"));
    let told = run.json()["result"]["status"].as_str().map(str::to_owned);
    told.unwrap_or_else(|| "unreadable".to_owned())
}

/// Cuts the power at each step after the first send, and counts the images that forgot it.
fn forgotten(syncs_count: impl Fn(&str) -> bool) -> (usize, usize) {
    let scene = Scene::new(Class::A, 0);
    let id = scene.asked("power");
    let (mut disk, steps) = recorded(&scene, &id);
    let (mut sent, mut images, mut lost) = (false, 0, 0);
    for (number, step) in steps.iter().enumerate() {
        sent |= matches!(step, Step::Send);
        match step {
            Step::Sync { path } if !syncs_count(path) => {}
            step => disk.follow(step),
        }
        for seed in (0..20).filter(|_| sent) {
            let image = disk.image(number * 31 + seed);
            let status = told(&image, &scene.naive.home().join("local"), &id);
            images += 1;
            lost += usize::from(matches!(status.as_str(), "pending" | "approved" | "unreadable"));
        }
    }
    assert!(images > 0, "nothing was sent");
    (lost, images)
}

#[test]
#[ignore = "wants strace"]
fn a_power_cut_cannot_forget_what_was_sent() {
    let (lost, images) = forgotten(|_| true);

    report(&format!("{lost} of {images} images forgot the claim"));
    assert_eq!(lost, 0);
}

/// As with `synchronous=NORMAL`, which syncs the log of changes only at checkpoints.
#[test]
#[ignore = "wants strace"]
fn the_simulation_notices_a_store_that_does_not_sync_its_claims() {
    let (lost, images) = forgotten(|path| !path.ends_with("-wal"));

    report(&format!("{lost} of {images} images forgot the claim"));
    assert!(lost > 0);
}
