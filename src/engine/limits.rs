//! How much one answer holds, whoever asks.

/// How much one page of a list holds at most.
const MOST: u32 = 200;

/// Returns how much a page holds: what was asked for as far as that is possible, else what is usual.
pub(super) fn page_size(asked: Option<u32>, usual: u32) -> u32 {
    asked.unwrap_or(usual).clamp(1, MOST)
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
}
