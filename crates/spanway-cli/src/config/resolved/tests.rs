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

#[test]
fn rates_are_read_as_people_write_them() {
    for (text, calls, seconds) in [("60/m", 60, 60), ("5 / s", 5, 1), ("100/10m", 100, 600)] {
        let limit = RateLimit::new(calls, Duration::from_secs(seconds));
        assert_eq!(rate(Some(text)).unwrap(), Some(limit), "{text}");
    }
    assert_eq!(rate(None).unwrap(), None);
    for text in ["", "60", "0/m", "-1/m", "60/", "m/60", "60/parsec"] {
        let error = rate(Some(text)).unwrap_err().to_string();
        assert!(error.contains("--rate-limit"), "{error}");
    }
}
