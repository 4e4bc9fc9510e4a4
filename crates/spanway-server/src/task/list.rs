//! `tasks/list` of 2025-11-25: the tasks of who asks, in the order in which they were made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use spanway_protocol::schema::{CacheHint, ListResult, Projected, View};
use spanway_protocol::{Answer, ProtocolVersion, Rejection, Reply, Timestamp};
use spanway_store::{TaskEntry, TaskId};

use super::engine::{Kept, Tasks, unavailable};
use super::owner::Owner;

/// Tasks on one page.
const PAGE: usize = 50;

/// Begins every cursor of this list, and of no other.
const MARK: u8 = b'K';

impl Tasks {
    /// One page, the first without a cursor (T-LTASK-10).
    pub(super) async fn list(
        &self,
        owner: &Owner,
        cursor: Option<&str>,
        version: ProtocolVersion,
    ) -> Result<Reply, Rejection> {
        let after = cursor
            .map(|text| decode(text).ok_or(BAD_CURSOR))
            .transpose()?;
        let listed = self
            .store()
            .list(owner.name().into(), after, PAGE + 1, self.now());
        let mut entries = listed.await.map_err(|error| unavailable(&error))?;
        let more = entries.len() > PAGE;
        entries.truncate(PAGE);
        let next = entries.last().filter(|_| more).map(encode);
        let mut items = Vec::with_capacity(entries.len());
        for entry in entries {
            let kept = Kept::read(entry).map_err(|error| unavailable(&error))?;
            match self.look_after(kept).await {
                Ok(kept) => items.push(kept.record.task(&kept.entry)),
                // It expired meanwhile.
                Err(Rejection::TaskNotFound) => {}
                Err(why) => return Err(why),
            }
        }
        let view = View {
            version,
            server_info: self.inner.info.raw_implementation(),
        };
        let page = ListResult::new(items, next, CacheHint::default());
        let written = Projected(&page, view).to_json();
        Ok(Answer::Prepared(written.map_err(|_| Rejection::Internal)?).into())
    }
}

const BAD_CURSOR: Rejection = Rejection::InvalidParams {
    detail: std::borrow::Cow::Borrowed(
        "cursor is not one that this list gave; start again without one",
    ),
};

/// A place behind this task, whether or not it stays there (D3.12).
fn encode(entry: &TaskEntry) -> String {
    let mut bytes = vec![MARK];
    bytes.extend(entry.created.as_millis().to_be_bytes());
    bytes.extend(entry.id.as_str().bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<(Timestamp, TaskId)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (&mark, rest) = bytes.split_first()?;
    let (millis, id) = rest.split_at_checked(8)?;
    let millis = u64::from_be_bytes(millis.try_into().ok()?);
    let id = TaskId::parse(std::str::from_utf8(id).ok()?)?;
    (mark == MARK).then_some((Timestamp::from_millis(millis), id))
}
