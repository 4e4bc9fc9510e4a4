//! The tasks of one of the two, in both forms, and what others may try with their ids.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use serde_json::{Value, json};
use spanway_protocol::NAME;

use super::party::{call, modern_request};
use crate::fixture::STEPS;
use crate::peer::Peer;

const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// The ids of two tasks that run.
pub(super) struct Tasks {
    /// Of 2025-11-25.
    pub(super) core: String,
    /// Of the extension of 2026-07-28.
    pub(super) extension: String,
}

impl Tasks {
    /// Begins both.
    pub(super) async fn begin(peer: &Peer, id: u64, arguments: &Value) -> anyhow::Result<Self> {
        let mut core = call(id, STEPS, arguments.clone());
        core["params"]["task"] = json!({ "ttl": 60_000 });
        let core = result(peer, peer.post(&core)).await?;
        let params = json!({ "name": STEPS, "arguments": arguments });
        let mut extension = modern(peer, "tools/call", params);
        let name = HeaderValue::from_static(STEPS);
        extension.headers_mut().insert(NAME, name);
        let extension = result(peer, extension).await?;
        Ok(Self {
            core: id_of(&core["task"])?,
            extension: id_of(&extension)?,
        })
    }

    /// They are as their owner left them.
    pub(super) async fn see_through(&self, peer: &Peer) -> anyhow::Result<()> {
        let core = result(peer, of_core(peer, "tasks/get", &self.core)).await?;
        let extension = modern(peer, "tasks/get", json!({ "taskId": self.extension }));
        let extension = result(peer, extension).await?;
        for task in [core, extension] {
            let status = task["status"].as_str().unwrap_or_default();
            ensure!(
                ["working", "completed"].contains(&status),
                "its task is not as it was: {task}"
            );
        }
        Ok(())
    }

    /// Everything that can be tried with them, and with the id of none.
    pub(super) fn attempts(
        &self,
        by: &Peer,
        nobody: &str,
    ) -> Vec<(String, [Request<Full<Bytes>>; 2])> {
        let core = ["tasks/get", "tasks/result", "tasks/cancel"].map(|method| {
            let tried = [&*self.core, nobody].map(|id| of_core(by, method, id));
            (format!("task, {method}"), tried)
        });
        let extension = ["tasks/get", "tasks/update", "tasks/cancel"].map(|method| {
            let tried = [&*self.extension, nobody].map(|id| {
                let mut params = json!({ "taskId": id });
                if method == "tasks/update" {
                    params["inputResponses"] = json!({ "word": { "action": "decline" } });
                }
                modern(by, method, params)
            });
            (format!("task of the extension, {method}"), tried)
        });
        core.into_iter().chain(extension).collect()
    }
}

fn of_core(peer: &Peer, method: &str, id: &str) -> Request<Full<Bytes>> {
    peer.post(&json!({ "jsonrpc": "2.0", "id": 8, "method": method, "params": { "taskId": id } }))
}

fn modern(peer: &Peer, method: &'static str, params: Value) -> Request<Full<Bytes>> {
    let capabilities = json!({ "extensions": { EXTENSION: {} } });
    modern_request(peer, method, params, &capabilities)
}

async fn result(peer: &Peer, request: Request<Full<Bytes>>) -> anyhow::Result<Value> {
    let answer = peer.send(request).await;
    let mut answer = answer.ok().context("no answer to a client of tasks")?;
    let body = answer.rest().await.ok().context("half an answer")?;
    let mut message: Value = serde_json::from_slice(&body)?;
    ensure!(message["result"].is_object(), "no result: {message}");
    Ok(message["result"].take())
}

fn id_of(task: &Value) -> anyhow::Result<String> {
    let id = task["taskId"].as_str();
    Ok(id.with_context(|| format!("no task: {task}"))?.to_owned())
}
