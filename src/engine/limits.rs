//! How much one answer holds, whoever asks, and where the next one goes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::api::error::{Code, Error, Result};

/// How much one page of a list holds at most.
const MOST: u32 = 200;

/// Returns how much a page holds: what was asked for as far as that is possible, else what is usual.
pub(super) fn page_size(asked: Option<u32>, usual: u32) -> u32 {
    asked.unwrap_or(usual).clamp(1, MOST)
}

/// Returns a page of a list, and the cursor of the next: that is the name of the last one, so that the list may grow
/// meanwhile.
///
/// Fails with `InvalidInput` if the cursor names nothing that is there.
pub(super) fn paged<T>(
    mut all: Vec<T>,
    name: impl Fn(&T) -> String,
    (size, cursor): (u32, Option<&str>),
) -> Result<(Vec<T>, Option<String>)> {
    if let Some(cursor) = cursor {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
        let last = all.iter().position(|one| name(one).as_bytes() == bytes);
        let last = last.ok_or_else(|| {
            Error::new(Code::InvalidInput, "the cursor is not one of ours")
                .hint("use `nextCursor` of the answer before, as it is")
        })?;
        all.drain(..=last);
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = all.len() > size;
    all.truncate(size);
    let next = all.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(name(last)));
    Ok((all, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::approvals::ListApprovals;

    #[test]
    fn no_page_is_larger_than_the_command_line_allows() {
        let op: ListApprovals = serde_json::from_str(r#"{"limit": 4294967295}"#).unwrap();

        assert_eq!(page_size(op.limit, 50), 200);
        assert_eq!(page_size(Some(0), 50), 1);
        assert_eq!(page_size(Some(7), 50), 7);
        assert_eq!(page_size(None, 50), 50);
    }

    #[test]
    fn pages_hold_everything_once_though_the_list_grows() {
        let name = |word: &&str| (*word).to_owned();
        let (first, next) = paged(vec!["a", "c", "d"], name, (2, None)).unwrap();

        let (second, end) = paged(vec!["a", "b", "c", "d"], name, (2, next.as_deref())).unwrap();

        assert_eq!((first, second, end), (vec!["a", "c"], vec!["d"], None));
        assert!(paged(vec!["a"], name, (2, Some("%"))).is_err());
    }
}
