//! Who a peer speaks for, and how its messages get there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::{
    self, ClientNotification, ClientRequest, ErrorData, ProgressNotificationParam, ServerConfig,
    ServerNotification, ServerResult,
};
use rmcp::service::{NotificationContext, RequestContext, Service};
use rmcp::{ErrorData as RmcpError, RoleServer};
use spanway_protocol::schema::{LogMessage, LoggingLevel, ProgressToken, ServerCapabilities};
use spanway_server::{Change, ChangeHub, Context};
use tokio::sync::oneshot;

use crate::request;

/// The call a peer speaks for.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) context: Context,
    /// What progress of this call carries.
    pub(crate) progress_token: Option<ProgressToken>,
}

/// Between a peer and the call it speaks for.
#[derive(Default, Debug)]
pub(super) struct Link(Mutex<Option<Speaker>>);

impl Link {
    pub(super) fn attach(&self, speaker: Speaker) {
        *self.lock() = Some(speaker);
    }

    pub(super) fn detach(&self) {
        *self.lock() = None;
    }

    pub(super) fn speaker(&self) -> Option<Speaker> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Speaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where changes go that a handler tells of, whoever it tells. Nothing is told that is not offered.
#[derive(Clone, Debug)]
pub(crate) struct Announcer {
    hub: ChangeHub,
    offered: Arc<ServerCapabilities>,
}

impl Announcer {
    pub(crate) fn new(hub: ChangeHub, offered: ServerCapabilities) -> Self {
        Self {
            hub,
            offered: Arc::new(offered),
        }
    }

    /// Passes a notification on to the client of the call, or to everybody if it tells of a change.
    pub(super) fn pass_on(&self, speaker: Option<&Speaker>, notification: ServerNotification) {
        let offered = &self.offered;
        let resources = offered.resources.unwrap_or_default();
        let told = |list: Option<spanway_protocol::schema::ListCapability>| {
            list.is_some_and(|list| list.list_changed)
        };
        match notification {
            ServerNotification::ProgressNotification(own) => {
                if let Some(speaker) = speaker {
                    speaker.progress(own.params);
                }
            }
            ServerNotification::LoggingMessageNotification(own) if offered.logging => {
                if let Some(speaker) = speaker {
                    speaker.log(own.params);
                }
            }
            ServerNotification::ToolListChangedNotification(_) if told(offered.tools) => {
                self.hub.publish(Change::Tools);
            }
            ServerNotification::PromptListChangedNotification(_) if told(offered.prompts) => {
                self.hub.publish(Change::Prompts);
            }
            ServerNotification::ResourceListChangedNotification(_) if resources.list_changed => {
                self.hub.publish(Change::Resources);
            }
            ServerNotification::ResourceUpdatedNotification(own) if resources.subscribe => {
                self.hub.publish(Change::Resource(own.params.uri.into()));
            }
            _ => tracing::debug!("a notification is not passed on: it was not offered"),
        }
    }
}

impl Speaker {
    /// Progress of another call, told late, is not this one's.
    fn progress(&self, own: ProgressNotificationParam) {
        if self.progress_token.as_ref() == Some(&request::token(&own.progress_token)) {
            self.context
                .progress(own.progress, own.total, own.message.unwrap_or_default());
        }
    }

    #[expect(deprecated, reason = "logging is deprecated, and still in use")]
    fn log(&self, own: model::LoggingMessageNotificationParam) {
        use model::LoggingLevel as Own;
        let level = match own.level {
            Own::Debug => LoggingLevel::Debug,
            Own::Info => LoggingLevel::Info,
            Own::Notice => LoggingLevel::Notice,
            Own::Warning => LoggingLevel::Warning,
            Own::Error => LoggingLevel::Error,
            Own::Critical => LoggingLevel::Critical,
            Own::Alert => LoggingLevel::Alert,
            Own::Emergency => LoggingLevel::Emergency,
        };
        let mut message = LogMessage::new(level, own.data);
        message.logger = own.logger;
        self.context.log_message(message);
    }
}

/// The service at a peer's own end. It serves nothing: calls go to handlers without passing here. It is where
/// the contexts of notifications come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mint;

/// Where a notification and its context are to be left.
#[derive(Clone)]
pub(super) struct Minted(Arc<Mutex<Option<Way>>>);

type Way = oneshot::Sender<(ClientNotification, NotificationContext<RoleServer>)>;

impl Minted {
    pub(super) fn new(way: Way) -> Self {
        Self(Arc::new(Mutex::new(Some(way))))
    }

    fn take(&self) -> Option<Way> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Service<RoleServer> for Mint {
    async fn handle_request(
        &self,
        request: ClientRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<ServerResult, RmcpError> {
        Err(ErrorData::internal_error(
            format!("{} is not served here", request.method()),
            None,
        ))
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        mut context: NotificationContext<RoleServer>,
    ) -> Result<(), RmcpError> {
        let minted = context.extensions.remove::<Minted>();
        if let Some(way) = minted.and_then(|minted| minted.take()) {
            // Nobody waits any more if the session ended meanwhile.
            let _ = way.send((notification, context));
        }
        Ok(())
    }

    fn get_info(&self) -> ServerConfig {
        ServerConfig::default()
    }
}
