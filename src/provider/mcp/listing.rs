//! The list of a server's tools, page by page to its end, and no further than anybody needs.

use std::collections::HashSet;

use rmcp::model::{
    ClientRequest, ErrorCode, ListToolsRequest, PaginatedRequestParams, ServerResult,
};
use serde_json::Value;

use super::ledger::Trouble;
use super::wire::NO_MCP;
use super::{Offered, Session, Unheard};
use crate::api::error::{Code, Error};

/// How many tools a server may offer: more than any app of the catalog has.
const TOOLS: usize = 2_000;
/// How many pages its list may have.
const PAGES: usize = 200;
/// How large it may be in all, in bytes.
const SIZE: usize = 16 * 1024 * 1024;

/// Some of the tools, and where the next are.
struct Page {
    tools: Vec<Value>,
    next: Option<String>,
}

impl Session {
    /// Returns every tool that the server offers, in its order.
    ///
    /// Fails with the server's own answer where it says no, and with `ProviderError` if the list has no end, more
    /// than 2,000 tools or more than 16 MiB, or takes longer than a call may.
    pub(crate) async fn tools(&self) -> Result<Vec<Offered>, Trouble> {
        let listed = tokio::time::timeout(self.times.quiet, self.pages()).await;
        let listed = listed.map_err(|_| Trouble::from(self.peer.silent(self.times.quiet)));
        listed.and_then(|listed| listed).map_err(Trouble::before)
    }

    async fn pages(&self) -> Result<Vec<Offered>, Trouble> {
        let (mut offered, mut size, mut cursor) = (Vec::new(), 0, None);
        let mut seen = HashSet::new();
        for _ in 0..PAGES {
            let Page { tools, next } = self.page(cursor).await?;
            size += tools.iter().map(|tool| tool.to_string().len()).sum::<usize>();
            offered.extend(tools.iter().map(Offered::read));
            if offered.len() > TOOLS {
                return Err(self.endless(&format!("offers more than {TOOLS} tools")));
            }
            if size > SIZE {
                let most = SIZE >> 20;
                return Err(self.endless(&format!("describes its tools in more than {most} MiB")));
            }
            match next {
                None => return Ok(offered),
                Some(next) if !seen.insert(next.clone()) => {
                    return Err(self.endless("lists its tools in circles"));
                }
                Some(next) => cursor = Some(next),
            }
        }
        Err(self.endless(&format!("lists its tools on more than {PAGES} pages")))
    }

    async fn page(&self, cursor: Option<String>) -> Result<Page, Trouble> {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let request = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(params));
        let listed = match self.ask(request, self.times.first).await {
            Ok(ServerResult::ListToolsResult(listed)) => serde_json::to_value(listed).ok(),
            // One tool that is none does not spoil the list.
            Ok(ServerResult::CustomResult(listed)) => Some(listed.0),
            Ok(_) => None,
            // A server without tools does not know the question.
            Err(Unheard::Said(error)) if error.code == ErrorCode::METHOD_NOT_FOUND => {
                return Ok(Page { tools: Vec::new(), next: None });
            }
            Err(unheard) => return Err(unheard.into()),
        };
        let listed = listed.unwrap_or_default();
        let next = listed["nextCursor"].as_str().map(str::to_owned);
        let Some(tools) = listed["tools"].as_array() else {
            let promised =
                self.running.peer_info().is_none_or(|about| about.capabilities.tools.is_some());
            // A server that has promised none may answer what it likes.
            if !promised {
                return Ok(Page { tools: Vec::new(), next: None });
            }
            return Err(self.peer.garbled(crate::http::Fate::Unknown).into());
        };
        Ok(Page { tools: tools.clone(), next })
    }

    fn endless(&self, what: &str) -> Trouble {
        let text = format!("`{}` {what}", self.peer.name());
        Trouble::unsent(Error::new(Code::ProviderError, text).reason(NO_MCP))
    }
}
