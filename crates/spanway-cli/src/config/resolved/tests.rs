//! What reaches the server of what was set.

use schemars::JsonSchema;
use serde::Deserialize;
use spanway::{Asked, Question, Tool};

use super::*;

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    sure: bool,
}

impl Question for Confirm {
    const KEY: &'static str = "confirm";
    const MESSAGE: &'static str = "Are you sure?";
}

fn asking() -> Server {
    let ask = async |Asked(confirm): Asked<Confirm>| {
        confirm.accepted().is_ok_and(|it| it.sure).to_string()
    };
    let tool = Tool::new("ask", ask);
    Server::builder("asking", "1").tool(tool).build().unwrap()
}

fn prepared(settings: &Settings) -> Server {
    let server = asking();
    ServerConfig::resolve(settings).unwrap().prepare(&server);
    server
}

#[test]
fn t_mrtr_05_keys_of_the_operator_reach_the_server() {
    assert!(prepared(&Settings::default()).wants_state_keys());
    let settings = Settings {
        state_key: vec!["AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=".to_owned()],
        ..Settings::default()
    };
    assert!(!prepared(&settings).wants_state_keys());
    let silent = Server::builder("silent", "1").dynamic().build().unwrap();
    assert!(!silent.wants_state_keys(), "nobody is warned in vain");
}
