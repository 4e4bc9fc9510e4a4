//! Suggestions for arguments and variables.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use spanway_protocol::schema::Completion;
use spanway_server::{Args, CompletionRequest, Prompt, PromptError, Resource, Server, State};

use crate::support::{MODERN, caller, callers};

#[derive(Deserialize, JsonSchema)]
struct Two {
    genre: String,
    author: String,
    year: String,
}

async fn prompt(Args(two): Args<Two>) -> String {
    format!("{} {} {}", two.genre, two.author, two.year)
}

async fn genres(
    request: CompletionRequest,
    State(all): State<&'static [&'static str]>,
) -> Vec<String> {
    all.iter()
        .filter(|genre| genre.starts_with(&request.value))
        .map(|genre| (*genre).to_owned())
        .collect()
}

async fn authors(request: CompletionRequest) -> Result<Vec<String>, PromptError> {
    assert_eq!(request.argument, "author");
    let genre = request.chosen.get("genre").map_or("any", String::as_str);
    Ok((0..250).map(|n| format!("{genre}{n}")).collect())
}

fn server() -> Server {
    const GENRES: &[&str] = &["crime", "classics", "poetry"];
    Server::builder("s", "1")
        .with_state(GENRES)
        .prompt(
            Prompt::new("two", prompt)
                .complete("genre", genres)
                .complete("author", authors),
        )
        .resource(
            Resource::template("book://{genre}/{id}", "book", async || "")
                .complete("genre", genres)
                .complete("id", async || {
                    Completion::new(vec!["1".to_owned()])
                        .with_total(9)
                        .with_more(true)
                }),
        )
        .resource(Resource::text("book://all", "all", ""))
        .build()
        .unwrap()
}

fn prompt_ref(argument: &str, value: &str) -> Value {
    json!({ "ref": { "type": "ref/prompt", "name": "two" }, "argument": { "name": argument, "value": value } })
}

fn resource_ref(uri: &str, argument: &str) -> Value {
    json!({ "ref": { "type": "ref/resource", "uri": uri }, "argument": { "name": argument, "value": "c" } })
}

#[test]
fn t_all_51_values_are_suggested_for_prompts_and_templates() {
    let server = server();
    for (version, caller) in callers(&server) {
        let complete =
            |params: Value| caller.result("completion/complete", params)["completion"].clone();
        let genres = json!({ "values": ["crime", "classics"], "total": 2, "hasMore": false });
        assert_eq!(complete(prompt_ref("genre", "c")), genres, "{version}");
        assert_eq!(
            complete(resource_ref("book://{genre}/{id}", "genre")),
            genres,
            "{version}"
        );
        let own = json!({ "values": ["1"], "total": 9, "hasMore": true });
        assert_eq!(
            complete(resource_ref("book://{genre}/{id}", "id")),
            own,
            "{version}"
        );
    }
}

#[test]
fn t_all_51_no_more_than_a_hundred_values() {
    let server = server();
    for (version, caller) in callers(&server) {
        let mut params = prompt_ref("author", "");
        params["context"] = json!({ "arguments": { "genre": "crime" } });
        let completion = caller.result("completion/complete", params)["completion"].clone();
        assert_eq!(
            completion["values"].as_array().unwrap().len(),
            100,
            "{version}"
        );
        assert_eq!(
            completion["values"][99], "crime99",
            "the best come first, the context is known"
        );
        assert_eq!(
            (&completion["total"], &completion["hasMore"]),
            (&json!(250), &json!(true))
        );
    }
}

#[test]
fn arguments_without_a_completer_have_no_suggestions() {
    let server = server();
    let caller = caller(&server, MODERN);
    for params in [
        prompt_ref("year", "19"),
        resource_ref("book://all", "anything"),
    ] {
        assert_eq!(
            caller.result("completion/complete", params)["completion"]["values"],
            json!([])
        );
    }
}

#[test]
fn t_all_51_what_does_not_exist_cannot_be_completed() {
    let server = server();
    for (version, caller) in callers(&server) {
        let mut unknown = prompt_ref("genre", "");
        unknown["ref"]["name"] = json!("nothing");
        let mut typeless = prompt_ref("genre", "");
        typeless["ref"]["type"] = json!("ref/tool");
        for params in [
            unknown,
            typeless,
            prompt_ref("nothing", ""),
            resource_ref("book://{genre}/{id}", "nothing"),
            resource_ref("nothing://{x}", "x"),
            json!({ "ref": { "type": "ref/prompt", "name": "two" } }),
            json!({ "ref": ["ref/prompt", "two"], "argument": { "name": "genre", "value": "" } }),
            json!({ "ref": { "type": "ref/prompt", "name": "two" }, "argument": ["genre", ""] }),
            json!({}),
        ] {
            assert_eq!(
                caller.error("completion/complete", params.clone())["code"],
                -32602,
                "{version} {params}"
            );
        }
    }
}
