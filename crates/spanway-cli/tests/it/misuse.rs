//! Whatever is wrong with a command line, its files or its surroundings is one line, and never a panic.

use std::net::TcpListener;

use crate::program::{call, run, spanway};

#[track_caller]
fn misused(args: &[&str]) -> String {
    run(&mut spanway(args.iter().copied())).failed(2)
}

#[test]
fn unknown_flags_and_commands_are_named() {
    let line = misused(&["serve", "--lisen", "127.0.0.1:0"]);
    assert_eq!(
        line.trim(),
        "error: unexpected argument '--lisen' found (a similar argument exists: '--listen')"
    );
    assert!(misused(&["server"]).contains("'server'"));
    assert!(misused(&["call"]).contains("<URL>"));
}

#[test]
fn values_are_checked_and_the_flag_is_named() {
    for (flag, value, wanted) in [
        ("--listen", "nowhere", "127.0.0.1:8000"),
        ("--max-body", "4 parsecs", "4mb"),
        ("--keep-alive", "soon", "15s"),
        ("--session-ttl", "0s", "15s"),
        ("--call-timeout", "-1", "15s"),
        ("--drain-deadline", "1y", "15s"),
        ("--answer-timeout", "soon", "15s"),
        ("--path", "mcp", "/mcp"),
        ("--path", "/livez", "taken"),
        ("--response", "xml", "auto, json or sse"),
        ("--log-format", "xml", "text or json"),
        ("--store", "http://localhost", "redis://HOST"),
        ("--store", "file:", "file:DIR"),
        ("--upstream", "ftp://example.com", "http"),
        ("--max-sessions", "many", "many"),
        ("--search", "yes", "auto, on or off"),
        ("--reload", "often", "15s"),
        ("--clash", "fight", "refuse, first or rename"),
        ("--server-variable", "eu", "NAME=VALUE"),
        ("--operation-timeout", "op:a", "FILTER=TIME"),
        ("--operation-timeout", "op:a=soon", "15s"),
        ("--operation-timeout", "a=1s", "tag:"),
        ("--retries", "-1", "-1"),
    ] {
        let line = misused(&["serve", &format!("{flag}={value}")]);
        assert!(line.contains(flag) && line.contains(wanted), "{line}");
    }
}

#[test]
fn filters_say_what_they_may_be() {
    let line = run(&mut spanway(["tools", "--include", "colour:red"])).failed(2);
    assert!(
        line.contains("--include") && line.contains("tag:"),
        "{line}"
    );
}

#[test]
fn the_url_of_a_store_is_not_repeated() {
    for (url, code) in [
        ("redis:ann:hunter2@localhost", 2),
        ("redis://ann:hunter2@localhost/nowhere", 1),
        ("redis://ann:hunter2@127.0.0.1:9", 1),
    ] {
        let mut serve = spanway(["serve", "--listen", "127.0.0.1:0", "--store", url]);
        let line = run(&mut serve).failed(code);
        assert!(
            line.contains("--store") && !line.contains("hunter2"),
            "{line}"
        );
    }
    let help = run(spanway(["serve", "--help"]).env("SPANWAY_STORE", "redis://:hunter2@localhost"));
    assert!(!help.ok().contains("hunter2"));
}

#[test]
fn a_header_that_is_none_is_not_repeated() {
    for header in [
        "Authorization Bearer hunter2",
        "bad name: hunter2",
        "X-Key: hunter2\u{7f}",
    ] {
        let line = misused(&["serve", "--header", header]);
        assert!(
            line.contains("--header") && !line.contains("hunter2"),
            "{line}"
        );
        let line = misused(&["call", "http://127.0.0.1:1/mcp", "--header", header]);
        assert!(!line.contains("hunter2"), "{line}");
    }
}

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

#[test]
fn a_key_that_is_none_is_not_repeated_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spanway.toml");
    let config = path.to_str().unwrap();
    let is_silent = |line: &str, number: usize| {
        let wanted = format!("key number {number} is not 32 bytes in base64");
        assert!(
            line.contains("--state-key") && line.contains(&wanted) && line.contains("openssl"),
            "{line}"
        );
        assert!(
            !line.contains("hunter2") && !line.contains("AQID"),
            "{line}"
        );
    };
    is_silent(&misused(&["serve", "--state-key", "hunter2"]), 1);
    is_silent(
        &misused(&["serve", "--state-key", KEY, "--state-key", "hunter2"]),
        2,
    );
    let mut by_environment = spanway(["serve"]);
    by_environment.env("SPANWAY_STATE_KEYS", format!("{KEY}, hunter2"));
    is_silent(&run(&mut by_environment).failed(2), 2);
    std::fs::write(&path, "state-key = \"hunter2\"").unwrap();
    is_silent(&misused(&["serve", "--config", config]), 1);
    for text in [
        "state-key = [[\"hunter2\"]]",
        "header = { a = \"hunter2\" }",
    ] {
        std::fs::write(&path, text).unwrap();
        let line = misused(&["serve", "--config", config]);
        assert!(
            line.contains("line 1") && !line.contains("hunter2"),
            "{line}"
        );
    }
}

#[test]
fn a_credential_is_not_repeated() {
    for credential in ["hunter2", "key=hunter2", "key=env:", "key=value:hunter2"] {
        let line = misused(&["serve", "--credential", credential]);
        assert!(
            line.contains("--credential") && !line.contains("hunter2"),
            "{line}"
        );
    }
    let line = run(&mut spanway(["serve", "--credential", "key=none"])).failed(1);
    assert!(line.contains("no security scheme \"key\""), "{line}");
}

#[test]
fn tokens_for_this_server_are_not_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "me: 12345678\n").unwrap();
    let tokens = tokens.to_str().unwrap();
    let flags = ["serve", "--auth-tokens", tokens, "--forward-header"];
    let line = misused(&[&flags[..], &["authorization"]].concat());
    assert!(line.contains("--forward-header Authorization"), "{line}");
    let line = run(&mut spanway(["serve", "--forward-header", "Host"])).failed(1);
    assert!(line.contains("\"Host\" cannot be passed on"), "{line}");
}

#[test]
fn t_all_11_and_t_all_12_off_loopback_it_wants_credentials_or_to_be_told() {
    let line = misused(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(
        line.contains("--auth-tokens") && line.contains("--insecure-no-auth"),
        "{line}"
    );
}

#[test]
fn files_that_are_not_there_are_named() {
    let missing = |args: &[&str], code| {
        let line = run(&mut spanway(args.iter().copied())).failed(code);
        assert!(line.contains("no/such"), "{line}");
    };
    missing(&["serve", "no/such.yaml"], 1);
    missing(&["tools", "no/such.yaml"], 1);
    missing(&["serve", "--config", "no/such.toml"], 2);
    missing(&["serve", "--auth-tokens", "no/such.txt"], 2);
}

#[test]
fn a_document_that_is_none_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.yaml");
    let shown = path.to_str().unwrap();
    for (text, wanted) in [
        ("openapi: 3.1.0\npaths: [unclosed\n", "odd.yaml:"),
        ("just words", "OpenAPI"),
        ("swagger: \"1.2\"\n", "1.2"),
    ] {
        std::fs::write(&path, text).unwrap();
        let line = run(&mut spanway(["serve", shown, "--listen", "127.0.0.1:0"])).failed(1);
        assert!(line.contains(wanted), "{line}");
    }
}

#[test]
fn a_file_of_settings_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spanway.toml");
    for (text, at, wanted) in [
        (
            "path = \"/a\"\n\nlisen = \"127.0.0.1:0\"\n",
            "spanway.toml line 3",
            "lisen",
        ),
        (
            "path = \"/a\"\nallow-host = 3\n",
            "spanway.toml line 2",
            "sequence",
        ),
        ("path = \n", "spanway.toml line 1", "error: "),
    ] {
        std::fs::write(&path, text).unwrap();
        let line = misused(&["serve", "--config", path.to_str().unwrap()]);
        assert!(line.contains(at) && line.contains(wanted), "{line}");
    }
}

#[test]
fn a_port_in_use_is_said_to_be() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = run(&mut spanway(["serve", "--listen", &address])).failed(1);
    assert!(line.contains("in use") && line.contains(&address), "{line}");
}

#[test]
fn calls_are_checked_before_they_are_made() {
    let url = "http://127.0.0.1:1/mcp";
    assert!(call("nowhere", &["tool"]).failed(2).contains("http"));
    assert!(call(url, &["tool", "{"]).failed(2).contains("not JSON"));
    assert!(call(url, &["tool", "[]"]).failed(2).contains("object"));
    assert!(
        call(url, &["tool", "--protocol", "2030-01-01"])
            .failed(2)
            .contains("2026-07-28")
    );
    assert!(
        call(url, &["tool", "--timeout", "soon"])
            .failed(2)
            .contains("--timeout")
    );
}

#[test]
fn a_server_that_is_not_there_cannot_be_reached() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let line = call(&format!("http://user:hunter2@{free}/mcp"), &["tool"]).failed(1);
    assert!(
        line.contains("cannot be reached") && !line.contains("hunter2"),
        "{line}"
    );
}

#[test]
fn help_and_version_go_to_stdout() {
    assert!(run(&mut spanway(["--help"])).ok().contains("serve"));
    assert!(
        run(&mut spanway(["serve", "--help"]))
            .ok()
            .contains("SPANWAY_LISTEN")
    );
    assert!(
        run(&mut spanway(["--version"]))
            .ok()
            .starts_with("spanway ")
    );
}

#[test]
fn k3_17_what_is_said_of_issuers_has_to_be_whole() {
    let issuer = ["serve", "--oidc-issuer", "https://id.example"];
    let line = misused(&issuer);
    assert!(line.contains("--resource-url"), "{line}");
    let line = misused(&["serve", "--resource-url", "https://mcp.example/mcp"]);
    assert!(line.contains("--oidc-issuer"), "{line}");
    let line = misused(&[&issuer[..], &["--resource-url", "mcp.example"]].concat());
    assert!(line.contains("--resource-url \"mcp.example\""), "{line}");
    let whole = ["--resource-url", "https://mcp.example/mcp"];
    let plain = ["serve", "--oidc-issuer", "http://id.example"];
    let line = misused(&[&plain[..], &whole].concat());
    assert!(line.contains("https"), "{line}");
    let forward = ["--forward-header", "Authorization"];
    let line = misused(&[&issuer[..], &whole, &forward].concat());
    assert!(line.contains("--oidc-issuer"), "{line}");
}
