//! The code that reaches apps: given a tool, its input and an opened credential, it calls out.

pub(crate) mod composio;
pub(crate) mod direct;
pub(crate) mod mcp;

use serde_json::Value;

use crate::api::toolkits::Provider;
use crate::api::tools::FileAnswer;
use crate::catalog::manifest::{Manifest, Tool};
use crate::http::Response;

/// Returns what an answer of success says, and the file that it is or holds.
pub(crate) fn told(
    toolkit: &Manifest,
    tool: &Tool,
    answer: &Response,
) -> (Value, Option<FileAnswer>) {
    match toolkit.provider {
        Provider::Direct if tool.download => (Value::Null, Some(direct::file(answer))),
        Provider::Mcp => mcp::shown(answer),
        Provider::Direct => (direct::decoded(answer), None),
        Provider::Composio => (composio::shown(answer), None),
    }
}
