//! Work on what is large, that several threads share.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

/// How many are too few to have others help with them.
const FEW: usize = 100;

/// Gives each thread that the machine runs at once its share of a list, and returns what each made of it, in order.
pub(super) fn in_shares<T: Sync, R: Send>(all: &[T], make: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    if all.len() <= FEW {
        return vec![make(all)];
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = all.len().div_ceil(threads).max(FEW);
    let make = &make;
    thread::scope(|scope| {
        let shares: Vec<_> =
            all.chunks(share).map(|share| scope.spawn(move || make(share))).collect();
        let done = shares.into_iter().map(ScopedJoinHandle::join);
        done.map(|done| done.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Frees what is in millions of pieces, and does not wait until each of them is.
pub(crate) fn free(value: impl Send + 'static) {
    // Where there is no thread to be had, it is freed here and now.
    drop(thread::Builder::new().spawn(move || drop(value)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_stays_in_order() {
        for count in [0, 1, 99, 100, 101, 1_000, 12_345] {
            let all: Vec<usize> = (0..count).collect();

            let made = in_shares(&all, |share| share.iter().map(|one| one * 2).collect::<Vec<_>>());

            let twice: Vec<usize> = (0..count).map(|one| one * 2).collect();
            assert_eq!(made.concat(), twice);
        }
    }
}
