//! Whose a task is: two principals try everything of each other.

use serde_json::{Value, json};
use spanway_server::Principal;
use spanway_testkit::{Answer, Client, RequestBuilder, Session};

use super::{Bench, Taker, id_of, yes};

fn by(name: &str) -> impl Fn(RequestBuilder) -> RequestBuilder {
    let principal = Principal::new(name);
    move |request| request.extension(principal.clone())
}

async fn session_of(client: &Client, name: &str) -> Session {
    let opened = by(name)(client.initialize("2025-11-25")).send().await;
    Session::of(client.clone(), &opened)
}

#[tokio::test(start_paused = true)]
async fn t_task_13_and_d3_10_tasks_of_another_principal_are_as_unknown_as_any() {
    let bench = Bench::new();
    let endpoint = bench.endpoint().build();
    let taker = || Taker::of(Client::new(endpoint.clone()));
    let (ann, bob, nobody) = (taker().named("ann"), taker().named("bob"), taker());
    let parked = ann.begin("greet", json!({})).await;
    ann.until(&parked, "input_required").await;
    let unknown = "AAAAAAAAAAAAAAAAAAAAAA";
    for other in [&bob, &nobody] {
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let ask = async |id: &str| -> Value {
                let params = json!({ "taskId": id, "inputResponses": { "who": yes("Eve") } });
                // What a client says of itself proves nothing.
                let request = other
                    .request(method, params)
                    .header("x-mcp-client-id", "ann");
                request.send().await.response()
            };
            assert_eq!(ask(&parked).await, ask(unknown).await, "{method}");
        }
    }
    assert_eq!(
        ann.until(&parked, "input_required").await["taskId"],
        parked.as_str()
    );
    // What nobody owns is whoever's who has its name, but for those with a name of their own.
    let free = nobody.begin("work", json!({})).await;
    assert_eq!(
        taker().until(&free, "completed").await["taskId"],
        free.as_str()
    );
    let answer = ann
        .request("tasks/get", json!({ "taskId": free }))
        .send()
        .await;
    assert_eq!(answer.code(), -32602);
}

#[tokio::test(start_paused = true)]
async fn t_ltask_13_a_principal_finds_its_tasks_from_every_session_and_others_from_none() {
    let bench = Bench::new();
    let client = bench.client();
    let (ann, bob) = (by("ann"), by("bob"));
    let (one, two) = (
        session_of(&client, "ann").await,
        session_of(&client, "ann").await,
    );
    let other = session_of(&client, "bob").await;
    let call = super::as_task(&one, "work", json!({ "ms": 60_000, "as": "w" }), json!({}));
    let id = id_of(&ann(call).send().await.result()["task"]);
    let ask = |session: &Session, method: &str| session.request(method, json!({ "taskId": id }));
    let got: Answer = ann(ask(&two, "tasks/get")).send().await;
    assert_eq!(got.result()["status"], "working");
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let answer = bob(ask(&other, method)).send().await;
        assert_eq!(answer.code(), -32602, "{method}");
        assert_eq!(
            answer.error_text(),
            "task not found: it has expired or never existed"
        );
    }
    let list = |session: &Session| session.request("tasks/list", json!({}));
    let listed = ann(list(&two)).send().await.result();
    assert_eq!(listed["tasks"][0]["taskId"], id.as_str());
    assert_eq!(bob(list(&other)).send().await.result()["tasks"], json!([]));
    // It outlives the session it was made in.
    assert_eq!(ann(one.delete()).send().await.status, 200);
    let cancelled = ann(ask(&two, "tasks/cancel")).send().await.result();
    assert_eq!(cancelled["status"], "cancelled");
    bench.journal.wait_for("w dropped").await;
}
