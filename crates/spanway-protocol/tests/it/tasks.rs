//! Tasks in both forms, from the same values.

use serde_json::{Value, json};
use spanway_protocol::jsonrpc::ErrorObject;
use spanway_protocol::modern::{ListenFilter, Subscription};
use spanway_protocol::schema::{
    CacheHint, CreateTaskResult, DetailedTask, ListResult, Project, Question, ServerCapabilities,
    Task, TaskDetail, TaskMode, TaskStatus, ToolDefinition,
};
use spanway_protocol::{Limits, Method, ProtocolVersion, RawJson, Timestamp};

use crate::official::Definition;
use crate::samples::{self, write};

use ProtocolVersion as V;

const CORE: V = V::V2025_11_25;
const EXTENSION: V = V::V2026_07_28;

fn task(status: TaskStatus) -> Task {
    let mut task = Task::new("id", Timestamp::from_millis(0), 60_000, 1000);
    task.status = status;
    task.updated = Timestamp::from_millis(1500);
    task.message = Some("half way".to_owned());
    task
}

/// A task in every status, with what goes with it.
fn all() -> Vec<DetailedTask> {
    let form = json!({ "mode": "form", "message": "Who?", "requestedSchema": { "type": "object", "properties": {} } });
    let Value::Object(form) = form else {
        panic!("an object")
    };
    let result =
        json!({ "resultType": "complete", "content": [{ "type": "text", "text": "done" }] });
    let result = RawJson::from_serialize(&result).unwrap();
    let detailed = |status, detail| DetailedTask::new(task(status), detail);
    vec![
        detailed(TaskStatus::Working, TaskDetail::None),
        detailed(
            TaskStatus::InputRequired,
            TaskDetail::Input(vec![Question::new("who", Method::Elicit, form)]),
        ),
        detailed(TaskStatus::Completed, TaskDetail::Result(result)),
        detailed(
            TaskStatus::Failed,
            TaskDetail::Error(ErrorObject::new(-32603, "lost")),
        ),
        detailed(TaskStatus::Cancelled, TaskDetail::None),
    ]
}

fn check<T: Project>(definition: Option<Definition>, value: &T) {
    if let Some(definition) = definition {
        definition.check(value);
    }
}

#[test]
fn t_ltask_04_a_new_task_is_nested_in_the_core_form() {
    let created = CreateTaskResult::new(task(TaskStatus::Working));
    let expected = json!({ "task": {
        "taskId": "id", "status": "working", "statusMessage": "half way",
        "createdAt": "1970-01-01T00:00:00.000Z", "lastUpdatedAt": "1970-01-01T00:00:01.500Z",
        "ttl": 60_000, "pollInterval": 1000,
    } });
    assert_eq!(write(CORE, &created), expected);
    check(Definition::find(CORE, "CreateTaskResult"), &created);
}

#[test]
fn t_task_04_a_new_task_is_flat_in_the_extension() {
    let created = CreateTaskResult::new(task(TaskStatus::Working));
    let mut written = write(EXTENSION, &created);
    let meta = written.as_object_mut().unwrap().remove("_meta");
    assert!(meta.is_some());
    let expected = json!({
        "taskId": "id", "status": "working", "statusMessage": "half way",
        "createdAt": "1970-01-01T00:00:00.000Z", "lastUpdatedAt": "1970-01-01T00:00:01.500Z",
        "ttlMs": 60_000, "pollIntervalMs": 1000, "resultType": "task",
    });
    assert_eq!(written, expected);
    check(Definition::of_tasks("CreateTaskResult"), &created);
}

#[test]
fn t_ltask_07_the_core_form_tells_the_task_alone() {
    for detailed in all() {
        let written = write(CORE, &detailed);
        for absent in [
            "result",
            "error",
            "inputRequests",
            "ttlMs",
            "pollIntervalMs",
            "resultType",
            "_meta",
        ] {
            assert!(written.get(absent).is_none(), "{absent}: {written}");
        }
        assert_eq!(written["ttl"], 60_000);
        check(Definition::find(CORE, "GetTaskResult"), &detailed);
        check(Definition::find(CORE, "CancelTaskResult"), &detailed);
    }
}

#[test]
fn t_task_06_the_extension_tells_what_goes_with_the_status() {
    for detailed in all() {
        let written = write(EXTENSION, &detailed);
        let status = written["status"].as_str().unwrap();
        let goes_with = match status {
            "input_required" => Some("inputRequests"),
            "completed" => Some("result"),
            "failed" => Some("error"),
            _ => None,
        };
        for key in ["inputRequests", "result", "error"] {
            assert_eq!(
                written.get(key).is_some(),
                goes_with == Some(key),
                "{written}"
            );
        }
        // Trap 17.
        assert_eq!(written["resultType"], "complete");
        check(Definition::of_tasks("GetTaskResult"), &detailed);
    }
}

#[test]
fn t_ltask_10_a_page_of_tasks() {
    let tasks = all().into_iter().map(|detailed| detailed.task).collect();
    let page = ListResult::new(tasks, Some("next".to_owned()), CacheHint::default());
    assert_eq!(write(CORE, &page)["tasks"].as_array().unwrap().len(), 5);
    check(Definition::find(CORE, "ListTasksResult"), &page);
}

#[test]
fn t_ltask_01_and_t_task_01_are_offered_each_in_its_revision() {
    let offered = ServerCapabilities::default().with_tasks();
    for version in V::ALL {
        let written = write(version, &offered);
        let core = written.get("tasks");
        let extension = written.pointer("/extensions/io.modelcontextprotocol~1tasks");
        let listed = json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } });
        assert_eq!(core, (version == CORE).then_some(&listed), "{version}");
        assert_eq!(
            extension,
            (version == EXTENSION).then_some(&json!({})),
            "{version}"
        );
    }
    let none = write(EXTENSION, &offered.without_tasks());
    assert_eq!(none, json!({}));
    let beside = write(EXTENSION, &samples::capabilities());
    assert_eq!(beside["extensions"].as_object().unwrap().len(), 2);
}

#[test]
fn t_ltask_02_tools_say_so_in_2025_11_25_alone() {
    let tool = |mode| ToolDefinition::new("t", json!({ "type": "object" })).with_tasks(mode);
    for version in V::ALL {
        for (mode, word) in [
            (TaskMode::Optional, "optional"),
            (TaskMode::Required, "required"),
        ] {
            let written = write(version, &tool(mode));
            let expected = json!({ "taskSupport": word });
            assert_eq!(
                written.get("execution"),
                (version == CORE).then_some(&expected)
            );
            check(Definition::find(version, "Tool"), &tool(mode));
        }
    }
}

#[test]
fn t_task_12_a_notification_is_the_whole_task_and_names_its_subscription() {
    let subscription = Subscription::new(7.into());
    for detailed in all() {
        let bytes = subscription.task_changed(&detailed).unwrap();
        let mut message: Value = serde_json::from_slice(&bytes).unwrap();
        if let Some(definition) = Definition::of_tasks("TaskStatusNotification") {
            definition.check_json(&message);
        }
        assert_eq!(message["method"], "notifications/tasks");
        let mut params = message["params"].take();
        let meta = params.as_object_mut().unwrap().remove("_meta").unwrap();
        assert_eq!(meta, json!({ "io.modelcontextprotocol/subscriptionId": 7 }));
        // Otherwise it is what tasks/get answers.
        let mut got = write(EXTENSION, &detailed);
        got.as_object_mut()
            .unwrap()
            .retain(|key, _| !["_meta", "resultType"].contains(&key.as_str()));
        assert_eq!(params, got);
    }
}

#[test]
fn t_sub_01_tasks_to_listen_to_are_read_bounded_and_honoured_where_there_are_any() {
    let read = |ids: &[&str], limits: &Limits| {
        let params = json!({ "notifications": { "taskIds": ids } });
        ListenFilter::read(&RawJson::from_serialize(&params).unwrap(), limits)
    };
    let mut limits = Limits::default();
    let asked = read(&["a", "b", "a"], &limits).unwrap();
    assert_eq!(asked.tasks.len(), 2);
    let offered = ServerCapabilities::default();
    assert!(asked.clone().honoured_by(&offered).tasks.is_empty());
    let honoured = asked.honoured_by(&offered.with_tasks());
    assert_eq!(
        serde_json::to_value(&honoured).unwrap(),
        json!({ "taskIds": ["a", "b"] })
    );
    limits.subscriptions_max = 1;
    assert!(read(&["a", "b"], &limits).is_err());
}
