//! What the check must find in messages of tasks.

use super::*;

#[test]
fn what_is_said_of_tasks_is_held_against_the_form_of_the_revision() {
    if !at_hand() {
        return;
    }
    let core = json!({
        "taskId": "t", "status": "working", "createdAt": "", "lastUpdatedAt": "", "ttl": 1,
    });
    let nested = json!({ "task": core });
    good(V::V2025_11_25, "tools/call", &result(&nested));
    good(V::V2025_11_25, "tasks/get", &result(&core));
    bad(V::V2025_06_18, "tools/call", &result(&nested), "task");
    bad(V::V2025_11_25, "tasks/result", &result(&core), "content");
    let flat = |kind: &str, more: Value| {
        let mut task = json!({
            "resultType": kind, "taskId": "t", "status": "working",
            "createdAt": "", "lastUpdatedAt": "", "ttlMs": 1,
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            task[key] = value.clone();
        }
        result(&task)
    };
    good(V::LATEST, "tools/call", &flat("task", json!({})));
    bad(
        V::LATEST,
        "tools/call",
        &flat("task", json!({ "ttl": 1 })),
        "ttl",
    );
    good(V::LATEST, "tasks/get", &flat("complete", json!({})));
    bad(V::LATEST, "tasks/get", &flat("task", json!({})), "complete");
    let ended = |inner: Value| {
        flat(
            "complete",
            json!({ "status": "completed", "result": inner }),
        )
    };
    let inner = json!({ "resultType": "complete", "content": [] });
    good(V::LATEST, "tasks/get", &ended(inner));
    bad(V::LATEST, "tasks/get", &ended(json!({})), "CallToolResult");
    bad(
        V::LATEST,
        "tasks/cancel",
        &flat("complete", json!({})),
        "is empty",
    );
    bad(
        V::LATEST,
        "tasks/list",
        &flat("complete", json!({})),
        "has no method",
    );
}
