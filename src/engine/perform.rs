//! What each action runs. The compiler holds each to its declared reply.

use std::marker::PhantomData;

use super::{Engine, Scope};
use crate::api::action::{Action, Operation};
use crate::api::error::Result;
use crate::api::reply::Reply;
use crate::api::requests::Acknowledged;
use crate::api::webhooks::{EventType, EventTypes};

/// Declares the table: an action, and what answers it. What waits for anyone is in a box of its own, so that the rest
/// does not carry about the room that it would take.
macro_rules! performs {
    ($engine:ident, $scope:ident: $($operation:ident($op:pat) => $run:expr,)*) => {
        impl Engine {
            /// Runs the function of an action.
            pub(super) async fn perform(&self, $scope: &Scope<'_>, action: Action) -> Result<Reply> {
                let $engine = self;
                match action {
                    $(Action::$operation(op) => {
                        let operation = of(&op);
                        let $op = op;
                        answer(operation, $run)
                    })*
                }
            }
        }
    };
}

performs! { engine, scope:
    CreateUser(op) => engine.create_user(&op),
    ListUsers(_) => engine.list_users(scope),
    GetUser(op) => engine.user_for(&scope.call.caller, &op.user),
    UpdateUser(op) => engine.update_user(op),
    DeleteUser(op) => engine.delete_user(&op),
    ListToolkits(op) => Box::pin(engine.list_toolkits(&op)).await,
    GetToolkit(op) => Box::pin(engine.get_toolkit(&op)).await,
    AddToolkit(op) => Box::pin(engine.add_toolkit(scope, op)).await,
    RemoveToolkit(op) => engine.remove_toolkit(&op),
    ConfigureToolkit(op) => Box::pin(engine.configure_toolkit(op)).await,
    RefreshToolkit(op) => Box::pin(engine.refresh_toolkit(scope, &op)).await,
    EnableToolkit(op) => engine.switch_toolkit(&op.toolkit, true),
    DisableToolkit(op) => engine.switch_toolkit(&op.toolkit, false),
    ListConnections(op) => Box::pin(engine.list_connections(scope, &op)).await,
    Connected(op) => engine.connected(scope, &op),
    Connect(op) => Box::pin(engine.connect(scope, &op)).await,
    Finish(op) => Box::pin(engine.finish(scope, op)).await,
    Poll(op) => Box::pin(engine.poll(scope, &op)).await,
    Credentials(op) => Box::pin(engine.credentials(scope, op)).await,
    ExportConnection(op) => engine.export_connection(scope, &op),
    ImportConnection(op) => engine.import_connection(scope, &op),
    ListTools(op) => Box::pin(engine.list_tools(scope, &op)).await,
    SearchTools(op) => engine.search_tools(scope, &op),
    GetTool(op) => engine.get_tool(scope, &op),
    Execute(op) => Box::pin(engine.execute(scope, &op)).await,
    Proxy(op) => Box::pin(engine.proxy(scope, &op)).await,
    GetConnection(op) => engine.get_connection(scope, &op.connection),
    RefreshConnection(op) => Box::pin(engine.refresh_connection(scope, &op)).await,
    DefaultAccount(op) => engine.choose_default(scope, op),
    Disconnect(op) => Box::pin(engine.disconnect(scope, &op)).await,
    GetWorkspace(_) => engine.store.workspace(),
    UpdateWorkspace(op) => engine.update_workspace(&op),
    WhoAmI(_) => engine.whoami(&scope.call.caller),
    CreateKey(op) => engine.create_key(&op),
    ListKeys(_) => engine.list_keys(),
    RevokeKey(op) => engine.revoke_key(&op),
    CreateSession(op) => engine.create_session(scope, &op),
    ListSessions(_) => engine.list_sessions(scope),
    RevokeSession(op) => engine.revoke_session(scope, &op),
    CreateWebhook(op) => engine.create_webhook(&op),
    ListWebhooks(op) => engine.list_webhooks(&op),
    ListEventTypes(_) => Ok(EventTypes { event_types: EventType::ALL.to_vec() }),
    TestWebhook(op) => Box::pin(engine.test_webhook(&op)).await,
    DeleteWebhook(op) => engine.delete_webhook(&op),
    CreateKit(op) => engine.create_kit(op),
    ListKits(_) => engine.list_kits(&scope.call.caller),
    GetKit(op) => engine.get_kit(&scope.call.caller, &op.kit),
    UpdateKit(op) => engine.update_kit(op),
    DeleteKit(op) => engine.delete_kit(&op.kit),
    AssignKit(op) => engine.assign_kit(&op),
    Explain(op) => engine.explain(scope, &op),
    ListActions(_) => engine.list_actions(),
    ConfigureAction(op) => engine.configure_action(op),
    CreateCard(op) => Box::pin(engine.run_action(scope, op.into())).await,
    CreateCardholder(op) => Box::pin(engine.run_action(scope, op.into())).await,
    TopUpCard(op) => Box::pin(engine.run_action(scope, op.into())).await,
    PurchaseDomain(op) => Box::pin(engine.run_action(scope, op.into())).await,
    StartVerification(op) => Box::pin(engine.run_action(scope, op.into())).await,
    CreateFormation(op) => Box::pin(engine.run_action(scope, op.into())).await,
    SubmitFormation(op) => Box::pin(engine.run_action(scope, op.into())).await,
    ConfigureBroker(op) => engine.configure_broker(op),
    ConnectBroker(op) => Box::pin(engine.connect_broker(scope, op)).await,
    ListBrokers(_) => engine.list_brokers(scope),
    DisconnectBroker(op) => engine.disconnect_broker(scope, &op),
    GetAccount(op) => Box::pin(engine.account(scope, &op)).await,
    GetHistory(op) => Box::pin(engine.history(scope, &op)).await,
    ListAssets(op) => Box::pin(engine.list_assets(scope, &op)).await,
    ListPositions(op) => Box::pin(engine.list_positions(scope, &op)).await,
    GetPosition(op) => Box::pin(engine.get_position(scope, &op)).await,
    ListOrders(op) => Box::pin(engine.list_orders(scope, &op)).await,
    GetOrder(op) => Box::pin(engine.get_order(scope, &op)).await,
    GetQuotes(op) => Box::pin(engine.get_quotes(scope, &op)).await,
    CreateOrder(op) => Box::pin(engine.create_order(scope, &op)).await,
    CancelOrder(op) => Box::pin(engine.cancel_order(scope, &op)).await,
    ClosePosition(op) => Box::pin(engine.close_position(scope, &op)).await,
    GetLimits(op) => engine.get_limits(scope, &op),
    Halt(op) => engine.halt(scope, op),
    Resume(op) => engine.resume(scope, &op),
    ReconcileOrders(op) => Box::pin(engine.reconcile_orders(scope, &op)).await,
    ListApprovals(op) => engine.list_approvals(scope, &op),
    GetApproval(op) => engine.get_approval(scope, &op),
    Approve(op) => Box::pin(engine.approve(scope, &op)).await,
    Deny(op) => engine.deny(scope, op),
    Cancel(op) => engine.cancel(scope, &op),
    ResolveApproval(op) => engine.resolve_approval(scope, op),
    Reconcile(op) => Box::pin(engine.reconcile(scope, &op)).await,
    RequestApproval(_) => Ok(Acknowledged { approved: true }),
    QueryLog(op) => engine.query_log(scope, &op),
    VerifyLog(_) => engine.verify_log(scope),
}

/// Names the operation of an input, once that is used up.
fn of<O: Operation>(_: &O) -> PhantomData<O> {
    PhantomData
}

/// Returns the reply of an operation as that of any.
fn answer<O: Operation>(_: PhantomData<O>, reply: Result<O::Reply>) -> Result<Reply> {
    Ok(Reply::Whole(Box::new(reply?)))
}
