//! Tasks on the stores that outlive a process. Each process is a runtime of its own; its end takes along what
//! ran there, and says nothing to anybody.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spanway::protocol::Limits;
use spanway::store::Stores;
use spanway::{Context, Server, State, StreamableHttp, TaskSupport, Tool, ToolError};
use spanway_testkit::{Client, RedisServer, RequestBuilder, Session};
use tokio::runtime::Runtime;

const TTL: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_secs(30);

/// What the handlers of all processes did.
#[derive(Clone, Default)]
struct Seen {
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Never ends by itself.
async fn work(State(seen): State<Seen>) -> String {
    let _counted = Counted(seen.dropped);
    pending().await
}

/// Ends if it is begun again.
async fn again(State(seen): State<Seen>) -> String {
    if seen.begun.fetch_add(1, Ordering::SeqCst) == 0 {
        pending::<()>().await;
    }
    "done again".to_owned()
}

async fn greet(cx: Context) -> Result<String, ToolError> {
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    let filled = cx.elicit_form("who", "Who?", schema).await?.accepted()?;
    Ok(format!("Hello, {}!", filled["name"]))
}

/// A server as one process sees it.
struct Process {
    runtime: Runtime,
    client: Client,
}

impl Process {
    fn start(seen: &Seen, stores: impl Future<Output = Stores>) -> Self {
        let server = Server::builder("tasks", "1.0.0")
            .with_state(seen.clone())
            .tool(Tool::new("work", work).tasks(TaskSupport::Optional))
            .tool(
                Tool::new("again", again)
                    .idempotent()
                    .tasks(TaskSupport::Optional),
            )
            .tool(Tool::new("greet", greet).tasks(TaskSupport::Required))
            .build();
        let server = server.expect("a server");
        let runtime = Runtime::new().expect("a runtime");
        let endpoint = runtime.block_on(async {
            let stores = stores.await;
            StreamableHttp::builder(server).stores(stores).build()
        });
        Self {
            runtime,
            client: Client::new(endpoint),
        }
    }

    fn on_redis(seen: &Seen, redis: &RedisServer) -> Self {
        let (url, limits) = (redis.url(), Limits::default());
        Self::start(seen, async {
            let stores = spanway::store_redis::connect(&url, TTL, &limits).await;
            stores.expect("a Redis")
        })
    }

    fn in_folder(seen: &Seen, folder: &Path) -> Self {
        Self::start(seen, async {
            // What ended may take a moment to let go of the folder.
            let by = Instant::now() + SOON;
            loop {
                match spanway::store_file::open(folder, TTL, &Limits::default()) {
                    Ok(stores) => return stores,
                    Err(error) => assert!(Instant::now() < by, "{error}"),
                }
                pause().await;
            }
        })
    }

    /// Ends it without a word.
    fn kill(self) {
        drop(self.client);
        self.runtime.shutdown_timeout(SOON);
    }

    fn request(&self, method: &str, params: Value) -> RequestBuilder {
        let extensions = json!({ "io.modelcontextprotocol/tasks": {} });
        let capabilities = json!({ "extensions": extensions, "elicitation": {} });
        let request = self.client.modern(method, params);
        request.meta("io.modelcontextprotocol/clientCapabilities", capabilities)
    }

    fn ask(&self, method: &str, params: Value) -> Value {
        let request = self.request(method, params);
        self.runtime.block_on(request.send()).result()
    }

    fn begin(&self, tool: &str) -> String {
        let created = self.ask("tools/call", json!({ "name": tool, "arguments": {} }));
        assert_eq!(created["resultType"], "task", "{created}");
        created["taskId"].as_str().expect("an id").to_owned()
    }

    fn until(&self, id: &str, status: &str) -> Value {
        let by = Instant::now() + SOON;
        loop {
            let task = self.ask("tasks/get", json!({ "taskId": id }));
            if task["status"] == status {
                return task;
            }
            assert!(Instant::now() < by, "not {status}: {task}");
            self.runtime.block_on(pause());
        }
    }

    fn answer(&self, id: &str, name: &str) {
        let answers = json!({ "who": yes(name) });
        let params = json!({ "taskId": id, "inputResponses": answers });
        self.ask("tasks/update", params);
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

fn yes(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

fn text(task: &Value) -> &Value {
    &task["result"]["content"][0]["text"]
}

/// What was begun in the first process, as the second one finds it.
fn begin_three(first: &Process, seen: &Seen) -> [String; 3] {
    let ids = ["work", "again", "greet"].map(|tool| first.begin(tool));
    first.until(&ids[2], "input_required");
    let by = Instant::now() + SOON;
    while seen.begun.load(Ordering::SeqCst) == 0 {
        assert!(Instant::now() < by, "it does not begin");
        std::thread::yield_now();
    }
    ids
}

fn find_three(second: &Process, [work, again, greet]: &[String; 3], seen: &Seen) {
    let failed = second.until(work, "failed");
    assert_eq!(failed["error"]["code"], -32603);
    assert_eq!(failed["statusMessage"], failed["error"]["message"]);
    assert_eq!(text(&second.until(again, "completed")), "done again");
    assert_eq!(seen.begun.load(Ordering::SeqCst), 2);
    second.until(greet, "input_required");
    second.answer(greet, "Ada");
    let greeted = second.until(greet, "completed");
    assert_eq!(text(&greeted), "Hello, \"Ada\"!");
}

#[test]
fn tasks_in_a_folder_outlive_their_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let seen = Seen::default();
    let first = Process::in_folder(&seen, folder.path());
    let ids = begin_three(&first, &seen);
    first.kill();
    let second = Process::in_folder(&seen, folder.path());
    find_three(&second, &ids, &seen);
}

#[test]
fn tasks_on_redis_outlive_their_process() {
    let redis = RedisServer::start();
    let seen = Seen::default();
    let first = Process::on_redis(&seen, &redis);
    let second = Process::on_redis(&seen, &redis);
    let ids = begin_three(&first, &seen);
    first.kill();
    find_three(&second, &ids, &seen);
}

#[test]
fn any_process_on_one_redis_answers_for_a_task() {
    let redis = RedisServer::start();
    let seen = Seen::default();
    let [a, b] = [(); 2].map(|()| Process::on_redis(&seen, &redis));
    let greeting = a.begin("greet");
    b.until(&greeting, "input_required");
    b.answer(&greeting, "Ada");
    assert_eq!(text(&b.until(&greeting, "completed")), "Hello, \"Ada\"!");
    let working = a.begin("work");
    b.ask("tasks/cancel", json!({ "taskId": working }));
    a.until(&working, "cancelled");
    let by = Instant::now() + SOON;
    while seen.dropped.load(Ordering::SeqCst) == 0 {
        assert!(Instant::now() < by, "it goes on");
        std::thread::yield_now();
    }
}

#[test]
fn t_ltask_09_a_task_of_one_process_asks_where_its_result_is_waited_for_on_another() {
    let redis = RedisServer::start();
    let seen = Seen::default();
    let [a, b] = [(); 2].map(|()| Process::on_redis(&seen, &redis));
    let (id, session) = a.runtime.block_on(async {
        let initialize = a.client.initialize("2025-11-25").edit(|message| {
            message["params"]["capabilities"] = json!({ "elicitation": {} });
        });
        let session = Session::of(a.client.clone(), &initialize.send().await);
        session.notify("notifications/initialized", json!({})).await;
        let params = json!({ "name": "greet", "arguments": {}, "task": {} });
        let created = session.request("tools/call", params).send().await.result();
        (created["task"]["taskId"].clone(), session)
    });
    let session = session.used_by(b.client.clone());
    b.runtime.block_on(async {
        let waiting = session.request("tasks/result", json!({ "taskId": id }));
        let mut stream = waiting.open().await;
        let question = stream.message().await;
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("Ada") });
        assert_eq!(session.post(answer).send().await.status, 202);
        let response = stream.message().await;
        assert_eq!(text(&response), "Hello, \"Ada\"!", "{response}");
    });
}
