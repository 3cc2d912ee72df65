//! What a server said to a call, as an answer that the engine judges like any other app's.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use rmcp::model::{ErrorCode, ErrorData};
use serde_json::{Value, json};

use crate::http::Response;

/// Error of servers that a link in a browser must be followed first (MCP 2025-11-25, URL elicitation).
const ADDRESS_WANTED: ErrorCode = ErrorCode(-32042);
/// Errors of clients and gateways: the connection was lost, or took too long.
const LOST: [ErrorCode; 2] = [ErrorCode(-32000), ErrorCode(-32001)];

/// Returns the result of a call.
pub(super) fn result(result: &Value) -> Response {
    response(200, result)
}

/// Returns an error of the protocol as `{"error": {code, message, data}}`, with the HTTP status that says the same.
///
/// Only a status of 500 and above leaves open whether anything was done.
pub(super) fn error(error: &ErrorData) -> Response {
    let status = match error.code {
        ErrorCode::METHOD_NOT_FOUND | ErrorCode::RESOURCE_NOT_FOUND => 404,
        ErrorCode::PARSE_ERROR
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::INVALID_PARAMS
        | ErrorCode::HEADER_MISMATCH
        | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
        | ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
        | ADDRESS_WANTED => 400,
        ErrorCode::INTERNAL_ERROR => 500,
        code if LOST.contains(&code) => 500,
        _ => 422,
    };
    response(status, &json!({ "error": error }))
}

fn response(status: u16, body: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
    Response { status, headers, body: body.to_string().into_bytes() }
}
