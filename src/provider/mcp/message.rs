//! Messages of the protocol as they stand in bodies and events, read with care.

use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorData, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use serde_json::Value;

/// Returns the id of a message that wants an answer.
pub(super) fn wanted(message: &ClientJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Request(request) => Some(&request.id),
        JsonRpcMessage::Response(_)
        | JsonRpcMessage::Notification(_)
        | JsonRpcMessage::Error(_) => None,
    }
}

/// Tells whether a message asks what the server is, in the way that older ones do not know.
pub(super) fn discovers(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, JsonRpcMessage::Request(one) if matches!(one.request, ClientRequest::DiscoverRequest(_)))
}

/// Tells whether a message calls a tool.
pub(super) fn calls(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, JsonRpcMessage::Request(one) if matches!(one.request, ClientRequest::CallToolRequest(_)))
}

/// Reads a message.
pub(super) fn read(text: &[u8]) -> Option<ServerJsonRpcMessage> {
    serde_json::from_slice(&plain(text)).ok()
}

/// Returns a message without the word that its result is complete, where the result is one of tools.
///
/// A result that the library cannot read is given to us as it is, but where that word stands in it: then it is
/// taken for an acknowledgement, and what it holds is lost.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    const WORD: &[u8] = b"resultType";
    if !text.windows(WORD.len()).any(|part| part == WORD) {
        return text.to_vec();
    }
    let Ok(mut message) = serde_json::from_slice::<Value>(text) else { return text.to_vec() };
    if let Some(result) = message.get_mut("result").and_then(Value::as_object_mut)
        && (result.contains_key("tools") || result.contains_key("content"))
        && result.get("resultType").is_some_and(|kind| kind == "complete")
    {
        result.remove("resultType");
    }
    serde_json::to_vec(&message).unwrap_or_else(|_| text.to_vec())
}

/// Reads the answer to a request out of a body; `None` if it is none, or one to another request.
pub(super) fn answer(text: &[u8], id: &RequestId) -> Option<ServerJsonRpcMessage> {
    match read(text)? {
        // Who cannot read the request does not know its id; it is the one that was asked here.
        JsonRpcMessage::Error(error) if error.id.is_none() => {
            Some(refusal(error.error, id.clone()))
        }
        JsonRpcMessage::Error(error) => error
            .id
            .as_ref()
            .is_some_and(|one| same(id, one))
            .then(|| refusal(error.error, id.clone())),
        JsonRpcMessage::Response(response) if same(id, &response.id) => {
            Some(JsonRpcMessage::Response(response))
        }
        JsonRpcMessage::Response(_)
        | JsonRpcMessage::Request(_)
        | JsonRpcMessage::Notification(_) => None,
    }
}

/// Reads the error of the protocol out of a body that came with a status of failure.
pub(super) fn error(text: &[u8]) -> Option<ErrorData> {
    match read(text)? {
        JsonRpcMessage::Error(error) => Some(error.error),
        JsonRpcMessage::Response(_)
        | JsonRpcMessage::Request(_)
        | JsonRpcMessage::Notification(_) => None,
    }
}

/// Makes the answer that says no to a request.
pub(super) fn refusal(error: ErrorData, id: RequestId) -> ServerJsonRpcMessage {
    ServerJsonRpcMessage::error(error, Some(id))
}

/// Tells whether an answer's id is a request's; some servers write numbers as texts.
fn same(asked: &RequestId, answered: &RequestId) -> bool {
    asked == answered || asked.to_string() == answered.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_belongs_to_the_request_that_was_asked() {
        let id = RequestId::Number(7);
        let heard = |text: &str| answer(text.as_bytes(), &id).is_some();

        assert!(heard(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#));
        assert!(heard(r#"{"jsonrpc":"2.0","id":"7","result":{}}"#));
        assert!(heard(r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"no"}}"#));
        assert!(heard(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}"#));
        assert!(!heard(r#"{"jsonrpc":"2.0","id":8,"result":{}}"#));
        assert!(!heard(r#"{"jsonrpc":"2.0","id":8,"error":{"code":-32600,"message":"no"}}"#));
        assert!(!heard(r#"{"id":7,"result":{}}"#));
        assert!(!heard("[]"));
    }

    #[test]
    fn a_result_that_is_not_known_whole_is_not_lost() {
        let text = br#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"hologram"}]}}"#;

        let kept = String::from_utf8(plain(text)).unwrap();

        assert!(kept.contains("hologram") && !kept.contains("resultType"), "{kept}");
    }
}
